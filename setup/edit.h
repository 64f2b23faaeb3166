/* SPDX-License-Identifier: MIT */
/* Editing files of the host: read whole, replaced whole, with the owner and mode they had. */
#ifndef GROUPIES_SETUP_EDIT_H
#define GROUPIES_SETUP_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/error.h"

#define EDIT_SIZE_MAX (CONFIG_SIZE_MAX + 4096) /* a config, and what is kept in front of one */

/* Reads PATH; the caller frees *ret_text, which ends with NUL. ENOENT, EFBIG. */
int edit_read(const char *path, char **ret_text, size_t *ret_length, struct error *err);

/*
 * Replaces PATH (what it leads to, where it is a link) by a temporary file, fsync and rename;
 * MODE, UID and GID are exact. The directory must exist.
 */
int edit_write(const char *path, const char *text, size_t length, mode_t mode, uid_t uid, gid_t gid,
	       struct error *err);

/* The same, with the mode and owner that PATH has. */
int edit_rewrite(const char *path, const char *text, struct error *err);

/* Removes PATH and whatever a killed edit_write left beside it; edit_tidy only the latter. */
int edit_unlink(const char *path, struct error *err);
void edit_tidy(const char *path);

/*
 * Text in, new text out (the caller frees it; NULL: out of memory).
 *
 * A block is our lines between two marker lines; LINE counts from 0, and what stands there moves
 * down. Taking every block out gives back the text that was there, to the byte: the markers and the
 * lines between them that hold OURS go, and what somebody else wrote there stays.
 */
char *edit_insert_block(const char *text, size_t line, const char *body);
char *edit_remove_blocks(const char *text, const char *ours);
bool edit_has_block(const char *text);
bool edit_is_marker(const char *line);

/* KEY=VALUE in [SECTION] of a config: replaced where it stands, else added below the section. */
char *edit_set_key(const char *text, const char *section, const char *key, const char *value);
char *edit_add_line(const char *text, const char *section, const char *line);

#endif
