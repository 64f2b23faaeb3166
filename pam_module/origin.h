/* SPDX-License-Identifier: MIT */
/*
 * Where this process was before its first session moved it. A daemon that calls PAM in its own
 * process opens and closes sessions for many users; when the last is closed it goes back.
 */
#ifndef GROUPIES_ORIGIN_H
#define GROUPIES_ORIGIN_H

#include "groupies/error.h"
#include "groupies/stamp.h"

/* Counts a session; the first one keeps CGROUP_TEXT's groups of STAMP's hierarchies. */
void origin_keep(const struct stamp *stamp, const char *cgroup_text);

/* Counts a session less; the last one moves this process back. Failures are told, and harmless. */
int origin_return(struct error *err);

/* Moves this process back into CGROUP_TEXT's groups, from a session that failed on the way in. */
int origin_undo(const struct stamp *stamp, const char *cgroup_text, struct error *err);

#endif
