/* SPDX-License-Identifier: MIT */
/* Where a process is: the text of /proc/PID/cgroup (cgroups(7)), read without a library. */
#ifndef GROUPIES_CGROUP_H
#define GROUPIES_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "groupies/error.h"

#define CGROUP_TEXT_SIZE 16384
#define CGROUP_PATH_SIZE 1024

/* Reads /proc/PID/cgroup, or /proc/self/cgroup when PID is 0, into TEXT. Returns the length. */
ssize_t cgroup_read(pid_t pid, char *text, size_t size, struct error *err);

/*
 * Finds the group of the hierarchy that CONTROLLER lives on ("" is the unified one) in TEXT.
 * Returns 1 with its path, 0 when TEXT has no such hierarchy. ENAMETOOLONG: it does not fit.
 */
int cgroup_find(const char *text, const char *controller, char *ret_path, size_t size,
		struct error *err);

/* True when PATH is GROUP or below it: /playground/7 is inside /playground, /playground2 is not. */
bool cgroup_is_inside(const char *path, const char *group);

#endif
