/* SPDX-License-Identifier: MIT */
/* Subordinate uids (subuid(5)): what a user runs under them in a user namespace is the user's. */
#ifndef GROUPIES_SETUP_SUBUIDS_H
#define GROUPIES_SETUP_SUBUIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "groupies/error.h"

struct subuid_range {
	uid_t first, last;
};

struct subuids {
	struct subuid_range *list;
	size_t count;
};

void subuids_clear(struct subuids *subuids);

#define cleanup_subuids __attribute__((cleanup(subuids_clear)))

/*
 * The ranges that /etc/subuid gives to UID, by name or by number; no file: none. A line that is not
 * name:first:count, or that reaches uid 0, gives nothing. What another source of nsswitch.conf's
 * subid gives is not known here.
 */
int subuids_read(uid_t uid, struct subuids *ret_subuids, struct error *err);

/* Is UID among them? One that the user database knows is that user's own, and is not. */
bool subuids_hold(const struct subuids *subuids, uid_t uid);

#endif
