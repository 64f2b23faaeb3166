/* SPDX-License-Identifier: MIT */
/*
 * Users and groups as this host's name services know them: found, absent, or unknown.
 *
 * getpwnam(3) and its like say "absent" also where a service could not answer and a later one knew
 * nothing (`passwd: files systemd` with /etc/passwd unreadable), and getgrouplist(3) says nothing at
 * all. So where libc finds nothing, each service of nsswitch.conf(5) is asked by itself. Nothing else
 * in the programs looks users or groups up. Not for the module: it is loaded into others' processes.
 */
#ifndef GROUPIES_USERS_H
#define GROUPIES_USERS_H

#include <stddef.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/registry.h"

struct user {
	uid_t uid;
	gid_t gid; /* the login group */
	char name[MEMBER_NAME_SIZE];
};

#define USER_COMMENT_SIZE 256

/*
 * Each returns 1 when it was found, 0 when every service says that there is none, and a failure when
 * one of them did not answer; the sentence names the user or group and the service.
 */
int user_find(const char *name, struct user *ret_user, struct error *err);
int user_find_uid(uid_t uid, struct user *ret_user, struct error *err);
/* The same with its comment field, cut where it is longer. */
int user_find_comment(const char *name, struct user *ret_user, char ret_comment[USER_COMMENT_SIZE],
		      struct error *err);
int group_find(const char *name, gid_t *ret_gid, struct error *err);
int group_find_gid(gid_t gid, char ret_name[MEMBER_NAME_SIZE], struct error *err);

/*
 * The groups of USER, its login group among them. The caller frees *ret_gids. A failure when a
 * service did not answer: what is missing cannot be told.
 */
int user_gids(const struct user *user, gid_t **ret_gids, size_t *ret_count, struct error *err);

/*
 * Calls VISIT for the name of each user that group GID lists (whom it is the login group of is not
 * among them). Returns 1, or 0 when there is no such group. Stops at VISIT's first negative answer
 * and returns it.
 */
typedef int name_visitor(const char *name, void *data, struct error *err);
int group_each_name(gid_t gid, name_visitor *visit, void *data, struct error *err);

/* Calls VISIT for each user of this host that a service lists (a directory may list none). */
typedef int user_visitor(const struct user *user, void *data, struct error *err);
int users_each(user_visitor *visit, void *data, struct error *err);

#endif
