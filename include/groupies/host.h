/* SPDX-License-Identifier: MIT */
/*
 * What kind of host this is: where each controller is mounted (from /proc/self/mountinfo and
 * statfs, never from a fixed path) and who owns the tree.
 */
#ifndef GROUPIES_HOST_H
#define GROUPIES_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

#define HOST_HIERARCHIES_MAX 16

enum host_layout { HOST_V1, HOST_HYBRID, HOST_V2 }; /* what the memory controller lives on */
enum host_manager { HOST_CGROUPFS, HOST_SYSTEMD };  /* who owns the tree */

struct hierarchy {
	bool unified;          /* cgroup2; at most one of them is usable */
	char controllers[128]; /* comma-separated, the kernel's names */
	char mount[256];       /* where it is mounted */
	char root[256];        /* what of it is mounted there; "/" but in a container */
};

struct host {
	enum host_layout layout;
	enum host_manager manager;
	struct hierarchy hierarchies[HOST_HIERARCHIES_MAX];
	size_t count;
};

/*
 * Looks at this host. ENODEV: no memory controller is mounted anywhere, and what to do about it, as
 * far as the kernel says why.
 */
int host_read(struct host *ret_host, struct error *err);

/* The same without the why. */
int host_look(struct host *ret_host, struct error *err);

/*
 * Finds the cgroup mounts in the text of a mountinfo (proc(5)); changes TEXT. The controllers of
 * the unified hierarchy are not in it: host_read asks the mount for them.
 */
int host_parse_mounts(char *text, struct host *ret_host, struct error *err);

/* The hierarchy that CONTROLLER lives on ("io" also finds v1's blkio), or NULL. */
const struct hierarchy *host_hierarchy(const struct host *host, const char *controller);

/* "v1", "hybrid" or "v2"; "cgroupfs" or "systemd". */
const char *host_layout_name(const struct host *host);
const char *host_manager_name(const struct host *host);

/* True when the comma-separated LIST has NAME. */
bool controllers_have(const char *list, const char *name);

/* Bytes of RAM of this host. */
uint64_t host_memory_bytes(void);

#endif
