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
 * REGISTRY_UNKNOWN when the registry itself cannot be looked into: nobody can be told a member.
 */
#define REGISTRY_UNKNOWN 2
int registry_find(uid_t uid, const gid_t *gids, size_t gid_count, struct registry_entry *ret_entry,
		  struct error *err);

/* True when some group is a member: only then is the list of a user's groups worth asking for. */
bool registry_has_groups(void);

/* The text of an entry, and back. registry_entry_parse changes TEXT. EBADMSG: not an entry. */
int registry_entry_print(const struct registry_entry *entry, char *text, size_t size,
			 struct error *err);
int registry_entry_parse(char *text, struct registry_entry *ret_entry, struct error *err);

/* `[a-z][a-z0-9_]{0,30}`: a dash would nest in systemd, a dot or slash would leave the tree. */
bool playground_name_is_valid(const char *name);

#endif
