/* SPDX-License-Identifier: MIT */
/*
 * Who is a member: one file for each uid, and one for each gid of an `@group`. Membership is the
 * existence of the file, so a look-up costs the same with one entry and with 100,000.
 */
#ifndef GROUPIES_REGISTRY_H
#define GROUPIES_REGISTRY_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"

#define PLAYGROUND_NAME_SIZE 32
#define MEMBER_NAME_SIZE     256

struct registry_entry {
	bool is_group;                         /* of a gid, not of a uid */
	unsigned id;                           /* the uid or gid */
	char name[MEMBER_NAME_SIZE];           /* the user's or group's name when it was enrolled */
	char playground[PLAYGROUND_NAME_SIZE]; /* where it belongs */
	bool own_limits;                       /* the playground has a [Member] section */
};

/*
 * The entry of UID: its own, else the one of a group among its GIDS.
 * Returns 1 with the entry, 0 when there is none: not a member. A failure means "a member, but
 * refuse": unreadable, not trusted, corrupt, or two groups into different playgrounds (EEXIST).
 * REGISTRY_UNKNOWN when neither the entry nor the list of its folder can be looked at.
 */
#define REGISTRY_UNKNOWN 2
int registry_find(uid_t uid, const gid_t *gids, size_t gid_count, struct registry_entry *ret_entry,
		  struct error *err);

/* The entry of group GID, as registry_find. */
int registry_find_group(gid_t gid, struct registry_entry *ret_entry, struct error *err);

/*
 * False when no group is a member, for sure: only else is the list of a user's groups worth asking
 * for.
 */
bool registry_may_have_groups(void);

/*
 * Is the file NAME in DIRECTORY? 1, 0 or REGISTRY_UNKNOWN. Where it cannot be looked at, the list of
 * the folder tells: what it names is there, what it does not name is not.
 */
int registry_file_exists(const char *directory, const char *name, struct error *err);

/* Reads and parses the entry at PATH, whoever's it is. */
int registry_entry_read(const char *path, struct registry_entry *ret_entry, struct error *err);

/* The text of an entry, and back. registry_entry_parse changes TEXT. EBADMSG: not an entry. */
int registry_entry_print(const struct registry_entry *entry, char *text, size_t size,
			 struct error *err);
int registry_entry_parse(char *text, struct registry_entry *ret_entry, struct error *err);

/* `[a-z][a-z0-9_]{0,30}`: a dash would nest in systemd, a dot or slash would leave the tree. */
bool playground_name_is_valid(const char *name);

#endif
