/* SPDX-License-Identifier: MIT */
/*
 * The seam between a playground and the two ways to have one: cgroupfs, where we own the tree, and
 * systemd, where it does. Everything above asks a backend and knows neither.
 */
#ifndef GROUPIES_BACKEND_H
#define GROUPIES_BACKEND_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/error.h"
#include "groupies/host.h"
#include "groupies/stamp.h"

/* What is to be realized, placed or removed: a playground, or one member's part of it. */
struct part {
	const struct host *host;
	const struct config *config;
	bool is_member; /* the nested group of UID rather than the playground itself */
	uid_t uid;
	bool applying; /* by the administrator; else by a login, which changes as little as it can
			*/
};

enum { EXISTS_AS_SOMEBODYS = 1, EXISTS_AS_OURS };

struct backend {
	const char *name;

	/*
	 * Makes the group exist with every limit set and read back, and fills the stamp's groups.
	 * The caller holds the lock and writes the stamp. A group that is not root's alone is
	 * refused (EPERM); ADOPT makes it anew (EBUSY: somebody is inside).
	 */
	int (*realize)(const struct part *part, bool adopt, struct stamp *ret_stamp,
		       struct error *err);

	/* Brings PID into the realized group and makes sure that it is there. */
	int (*place)(const struct part *part, const struct stamp *stamp, pid_t pid,
		     struct error *err);

	/*
	 * Can the group be made here? Looks, changes nothing: what is in the way is named with what
	 * to do. ADOPT: processes at the top of a container's tree will be moved away first.
	 * NULL: nothing can be told ahead.
	 */
	int (*ready)(const struct host *host, const struct config *config, bool adopt,
		     struct error *err);

	/*
	 * Does something called like the playground stand in the host's tree already? 0: no. Where
	 * nothing says whose it is, it counts as somebody's.
	 */
	int (*exists)(const struct host *host, const char *name, struct error *err);

	/* Takes the group and everything below it away. EBUSY: a process is inside. */
	int (*remove)(const struct host *host, const char *name, struct error *err);

	/*
	 * Ahead of pam_systemd, in a login whose audit session is SESSION: arranges that the scope
	 * that logind is about to make stands in the playground. Nothing to do on cgroupfs.
	 */
	int (*prepare)(const struct part *part, pid_t pid, unsigned session, struct error *err);

	/*
	 * Ahead of everything that a login's helper does: takes the caller out of a group that
	 * somebody else than root owns, who could freeze it there with the lock in its hands, and
	 * everybody's logins with it. Nothing to do on cgroupfs, where we hand no group to users.
	 */
	int (*leave)(const struct host *host, struct error *err);
};

extern const struct backend backend_cgroupfs;
extern const struct backend backend_systemd;

/* The backend of HOST. */
const struct backend *backend_of(const struct host *host);

/* Is a process in the group open at GROUP, or in one below it? On v1 and v2. */
bool group_is_populated(int group);

#endif
