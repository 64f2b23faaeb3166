/* SPDX-License-Identifier: MIT */
/*
 * What is known about members beside their entries, so that silence is not taken for absence:
 *
 *   registry/known/UID   by which enrolled group a login of UID was placed last: that group's entry,
 *                        with the user's name. getgrouplist(3) does not say that a directory is down.
 *   registry/name/HASH   a link whose text is the uid that is enrolled, or known, under a name.
 *                        getpwnam(3) may say "no such user" of one that could not be looked up.
 *
 * Neither makes anybody a member: they say when to ask again, and whom to refuse. A link is written
 * before what it leads to and removed before it.
 */
#ifndef GROUPIES_KNOWN_H
#define GROUPIES_KNOWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/registry.h"

/* What a login of UID has learned; 1, 0, REGISTRY_UNKNOWN or a failure, as registry_find. */
int known_find(uid_t uid, struct registry_entry *ret_known, struct error *err);

/* Is it written already that UID, called NAME, is a member by the entry GROUP? */
bool known_is(uid_t uid, const char *name, const struct registry_entry *group);

/* Writes that, and forgets it. To forget what is not known is none. */
int known_remember(uid_t uid, const char *name, const struct registry_entry *group,
		   struct error *err);
int known_forget(uid_t uid, struct error *err);

/* Forgets everybody who was a member by group GID. */
int known_forget_group(gid_t gid, struct error *err);

/* The uid that NAME is enrolled or known under; 1, 0, REGISTRY_UNKNOWN or a failure. */
int known_name_find(const char *name, uid_t *ret_uid, struct error *err);
int known_name_write(const char *name, uid_t uid, struct error *err);

/* Removes the link of NAME where it leads to UID. */
int known_name_remove(const char *name, uid_t uid, struct error *err);

/*
 * 1 when the registry has a member called NAME, whose uid is *ret_uid then, though it may not be
 * readable; 0 when it has none; REGISTRY_UNKNOWN. For names that the host does not know.
 */
int known_member_called(const char *name, uid_t *ret_uid, struct error *err);

/* Removes all of it, with its folders: without a playground nothing of ours is left. */
void known_clear(void);

#endif
