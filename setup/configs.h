/* SPDX-License-Identifier: MIT */
/*
 * All configs of this host: those that the administrator wrote, and the copies of them that `apply`
 * accepted last.
 */
#ifndef GROUPIES_SETUP_CONFIGS_H
#define GROUPIES_SETUP_CONFIGS_H

#include <stdbool.h>
#include <stddef.h>

#include "groupies/config.h"
#include "groupies/error.h"

/* The NAMEs of every NAME.conf in a directory, in order; whether they are valid is not asked. */
struct config_names {
	char **list;
	size_t count;
};

struct configs {
	struct config *list;
	size_t count;
	struct config_names names; /* those that configs_read_each has found, read or not */
	bool is_unlisted;          /* it could not tell what stands there */
};

void configs_clear(struct configs *configs);
void config_names_clear(struct config_names *names);

#define cleanup_configs      __attribute__((cleanup(configs_clear)))
#define cleanup_config_names __attribute__((cleanup(config_names_clear)))

/*
 * Lists DIRECTORY, which must be root's alone (EPERM). One that is not there holds no config.
 * Hidden files are left out, as a shell's *.conf does.
 */
int config_names_read(const char *directory, struct config_names *ret_names, struct error *err);

/* Reads every config of DIRECTORY. The first that is not right is the error. */
int configs_read(const char *directory, struct configs *ret_configs, struct error *err);

/*
 * Reads what can be read of DIRECTORY, and calls TROUBLE with a sentence for each of the rest. The
 * caller clears ret_configs.
 */
typedef void config_trouble(const char *text, void *data);
void configs_read_each(const char *directory, config_trouble *trouble, void *data,
		       struct configs *ret_configs);

/* Reads NAME.conf of DIRECTORY. ENOENT: there is none. The caller clears ret_config. */
int configs_read_one(const char *directory, const char *name, struct config *ret_config,
		     struct error *err);

/* The config called NAME, or NULL. */
const struct config *configs_find(const struct configs *configs, const char *name);

/* After configs_read_each: false when there is no config called NAME, for sure. */
bool configs_may_have(const struct configs *configs, const char *name);

/* The number of the first line of NAME's config that names MEMBER; 0 when none does. */
unsigned config_line_of(const char *name, const char *member);

/* Returns 0 when nothing is called like it on any host, else EINVAL: `system`, `docker`, ... */
int playground_name_check(const char *name, struct error *err);

#endif
