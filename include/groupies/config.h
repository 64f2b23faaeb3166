/* SPDX-License-Identifier: MIT */
/*
 * A playground as its config describes it: /etc/groupies/NAME.conf, groupies.conf(5).
 *
 * Strict: an unknown key or section, a bad value, a member twice, a NUL, an overlong line is an
 * error that names file, line and the word at fault, and nothing is taken from the file.
 */
#ifndef GROUPIES_CONFIG_H
#define GROUPIES_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "groupies/error.h"
#include "groupies/limits.h"
#include "groupies/registry.h"

#define CONFIG_SIZE_MAX (8 * 1024 * 1024) /* 200,000 names of 32 bytes, a line each */
#define CONFIG_LINE_MAX 190 /* libinih reads 200 bytes a line; more would be split in silence */

enum user_manager { USER_MANAGER_AUTO, USER_MANAGER_INSIDE, USER_MANAGER_MASKED };

struct config {
	char name[PLAYGROUND_NAME_SIZE];
	char **members; /* as written: a user's name, or @group */
	size_t member_count;
	struct limits shared; /* [Playground]: what the members may use together */
	struct limits each;   /* [Member]: what each of them may use */
	bool own_limits;      /* there is a [Member] section */
	enum user_manager user_manager;
};

/* Gives back what CONFIG holds. */
void config_clear(struct config *config);

/*
 * Reads LENGTH bytes of TEXT as the config of playground NAME; FILE is for messages.
 * The caller clears ret_config.
 */
int config_parse(const char *text, size_t length, const char *file, const char *name,
		 struct config *ret_config, struct error *err);

/* Reads NAME.conf below DIRFD, whose path is DIRECTORY; the file must be trusted (file.h). */
int config_read(int dirfd, const char *directory, const char *name, struct config *ret_config,
		struct error *err);

/* Does a Members= line of CONFIG have this very word, a user's name or a @group? */
bool config_has_member(const struct config *config, const char *member);

/* The refusal of what has CONFIG_SIZE_MAX bytes or more, for whoever writes a config or reads one. */
int config_too_large(const char *path, struct error *err);

/*
 * Writes CONFIG as the file that config_parse reads, a line for each member: it may be longer than
 * what was read. The caller frees *ret_text.
 */
int config_print(const struct config *config, char **ret_text, struct error *err);

/* Adds MEMBER. EEXIST: it is one already. EINVAL: no name. */
int config_add_member(struct config *config, const char *member, struct error *err);

#define cleanup_config __attribute__((cleanup(config_clear)))

const char *user_manager_name(enum user_manager user_manager);
bool user_manager_parse(const char *text, enum user_manager *ret_user_manager);

#endif
