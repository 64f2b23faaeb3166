/* SPDX-License-Identifier: MIT */
/*
 * Where "this host" is a container that has no systemd: what can be foreseen to stand in a
 * playground's way there, and the way past the one that is peculiar to v2, where the top of a
 * container's tree holds the container's processes and so cannot hand controllers down.
 */
#ifndef GROUPIES_CONTAINER_H
#define GROUPIES_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/host.h"

/* Below the top of the container's tree: what was adopted. No playground can be called so. */
#define CONTAINER_LEAF "init.leaf"

/*
 * Can groups be made below the mount of HIERARCHY? Looks, changes nothing. EROFS, EACCES: no, and
 * why, with what to do.
 */
int container_writable(const struct hierarchy *hierarchy, struct error *err);

/* Does the top of HIERARCHY, not the host's own, hold processes itself? Returns 1 or 0. */
int container_crowded(const struct hierarchy *hierarchy, struct error *err);

/*
 * Moves every process that the top of the container's tree holds, its first one too, into
 * CONTAINER_LEAF, so that the top can hand controllers down. Returns how many; 0: nothing was in the
 * way. EPERM: the tree is not of a container of our own.
 */
int container_adopt(const struct host *host, struct error *err);

/* The way back, when nothing but CONTAINER_LEAF is left below the top. Returns how many. */
int container_release(const struct host *host, struct error *err);

/*
 * True where the host's own tree is mounted into a container: a playground stands beside the group
 * of the container's first process, whose limits do not hold for it.
 */
bool container_is_passed_by(const struct host *host);

#endif
