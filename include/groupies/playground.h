/* SPDX-License-Identifier: MIT */
/*
 * A playground: a named control group with limits. Realizing it takes a root-only lock, sets every
 * limit, reads each back and last writes the stamp; a login trusts nothing that has none.
 */
#ifndef GROUPIES_PLAYGROUND_H
#define GROUPIES_PLAYGROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/error.h"
#include "groupies/host.h"
#include "groupies/registry.h"
#include "groupies/stamp.h"

enum realize_mode {
	REALIZE_TRUST_STAMP, /* a login: do nothing where a valid stamp is found under the lock */
	REALIZE_AGAIN,       /* apply: set every limit again */
	REALIZE_ADOPT,       /* the same, and take a hand-made group over */
};

/*
 * Can it be made on this host, as far as that can be foreseen? Changes nothing. ADOPT: what stands
 * at the top of a container's tree will be moved away first (groupies/container.h).
 */
int playground_ready(const struct host *host, const struct config *config, bool adopt,
		     struct error *err);

/*
 * Realizes CONFIG's playground, and the part of UID as well when the config has limits for each
 * member and UID is not (uid_t)-1. ret_stamp is where that member, or every member, goes.
 */
int playground_realize(const struct host *host, const struct config *config, uid_t uid,
		       enum realize_mode mode, struct stamp *ret_stamp, struct error *err);

/*
 * The config as `apply` accepted it last: what a login realizes. The caller clears it.
 * ENOENT: there is none, so nothing to realize any more.
 */
int playground_read_applied(const char *name, struct config *ret_config, struct error *err);

/* Is there such a config? ENOENT: none, or none any more. */
int playground_is_applied(const char *name, struct error *err);

/* Removes it, if there is one. */
int playground_forget_applied(const char *name, struct error *err);

/* Is every group of the stamp there and limited, and PID in it (0: the caller)? */
int playground_verify(const struct stamp *stamp, pid_t pid, struct error *err);

/*
 * Removes the groups of NAME, its stamps and, last, the config that was applied: no login makes it
 * again. EBUSY: somebody is inside, and the config is still there.
 */
int playground_remove(const struct host *host, const char *name, struct error *err);

/* Removes every stamp of NAME: whoever comes next realizes it again. */
int playground_forget(const char *name, struct error *err);

/*
 * Calls VISIT for each process that is in the playground of STAMP (in any of its groups).
 * Stops at the first negative answer and returns it.
 */
int playground_processes(const struct stamp *stamp, int (*visit)(pid_t pid, void *data), void *data,
			 struct error *err);

/*
 * How often the kernel has killed in STAMP's groups for memory, without the experiments of `prove`
 * (experiments.h); 0 where it is not told.
 */
int playground_kills(const struct stamp *stamp, uint64_t *ret_kills, struct error *err);

#endif
