/* SPDX-License-Identifier: MIT */
#include "groupies/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/directory.h"
#include "groupies/file.h"

/* What is moved may fork meanwhile: then it is looked again. */
#define MOVE_ROUNDS 100

int container_writable(const struct hierarchy *hierarchy, struct error *err)
{
	cleanup_fd int top = directory_open(AT_FDCWD, hierarchy->mount, err);

	if (top < 0)
		return top;
	if (faccessat(top, ".", W_OK, AT_EACCESS) == 0)
		return 0;
	if (errno == EROFS)
		return error_set(err, EROFS,
				 "%s is mounted read-only, as a container without privileges has "
				 "it: start the container with --privileged, or run groupies on "
				 "the host",
				 hierarchy->mount);
	if (errno == EACCES || errno == EPERM)
		return error_set(err, EACCES,
				 "%s belongs to another root than this container's: have the tree "
				 "delegated to the container, or run groupies on the host",
				 hierarchy->mount);
	return error_errno(err, "%s", hierarchy->mount);
}

/* The host's own top has no cgroup.type on v2, and is alone to have release_agent on v1. */
static bool top_is_the_hosts(const struct hierarchy *hierarchy, int top)
{
	const char *file = hierarchy->unified ? "cgroup.type" : "release_agent";

	return (faccessat(top, file, F_OK, 0) == 0) != hierarchy->unified;
}

/* Opens the top of a container's unified tree. Returns -1 where there is none, or a failure. */
static int top_open(const struct hierarchy *hierarchy, int *ret_top, struct error *err)
{
	cleanup_fd int top = -1;

	*ret_top = -1;
	if (!hierarchy->unified)
		return 0;
	top = directory_open(AT_FDCWD, hierarchy->mount, err);
	if (top < 0)
		return top;
	if (top_is_the_hosts(hierarchy, top))
		return 0;
	*ret_top = steal_fd(&top);
	return 1;
}

int container_crowded(const struct hierarchy *hierarchy, struct error *err)
{
	cleanup_fd int top = -1;
	char text[64];
	int found = top_open(hierarchy, &top, err);

	if (found <= 0)
		return found;
	if (kernel_read(top, "cgroup.procs", text, sizeof(text), err) < 0)
		return err->code == EFBIG ? 1 : -err->code;
	return *text != '\0';
}

/* Moves what FROM lists now into TO. Returns how many it listed. */
static int move_listed(int from, int to, struct error *err)
{
	cleanup_fd int fd = openat(from, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_file FILE *list = fd < 0 ? NULL : fdopen(fd, "r");
	int pid, count = 0;
	char text[16];

	if (!list)
		return error_errno(err, "cgroup.procs");
	(void)steal_fd(&fd);
	for (; fscanf(list, "%d", &pid) == 1; count++) {
		/* The kernel shows so whom our pid namespace does not have. */
		if (pid == 0)
			return error_set(err, EPERM,
					 "processes that cannot be seen from here are in it");
		(void)snprintf(text, sizeof(text), "%d", pid);
		if (kernel_write(to, "cgroup.procs", text, err) < 0 && err->code != ESRCH)
			return -err->code;
	}
	return count;
}

static int move_all(int from, int to, struct error *err)
{
	int moved = 0, round, count;

	for (round = 0; round < MOVE_ROUNDS; round++) {
		count = move_listed(from, to, err);
		if (count <= 0)
			return count < 0 ? count : moved;
		moved += count;
	}
	return error_set(err, EBUSY, "processes are started faster than they can be moved");
}

/* Whose first process is in another cgroup namespace than we are is no container of our own. */
static int check_own(const struct hierarchy *hierarchy, struct error *err)
{
	struct stat own, first;

	if (stat("/proc/self/ns/cgroup", &own) < 0 || stat("/proc/1/ns/cgroup", &first) < 0)
		return error_errno(err, "/proc/1/ns/cgroup");
	if (own.st_ino == first.st_ino && strcmp(hierarchy->root, "/") == 0)
		return 0;
	return error_set(err, EPERM,
			 "%s is not of a container with a cgroup namespace of its own: start the "
			 "container with --cgroupns=private",
			 hierarchy->mount);
}

static const struct hierarchy *unified_of(const struct host *host)
{
	const struct hierarchy *memory = host_hierarchy(host, "memory");

	return memory && memory->unified && host->manager == HOST_CGROUPFS ? memory : NULL;
}

int container_adopt(const struct host *host, struct error *err)
{
	const struct hierarchy *hierarchy = unified_of(host);
	cleanup_fd int top = -1, leaf = -1;
	int moved = hierarchy ? container_crowded(hierarchy, err) : 0;

	if (moved <= 0)
		return moved;
	if (check_own(hierarchy, err) < 0 || top_open(hierarchy, &top, err) < 0)
		return -err->code;
	if (mkdirat(top, CONTAINER_LEAF, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s/%s", hierarchy->mount, CONTAINER_LEAF);
	leaf = directory_open(top, CONTAINER_LEAF, err);
	moved = leaf < 0 ? leaf : move_all(top, leaf, err);
	return moved < 0 ? error_context(err, "%s", hierarchy->mount) : moved;
}

/* Is CONTAINER_LEAF the only group below TOP? */
static int leaf_is_alone(int top, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int found, alone = 0;

	if (directory_list(top, &entries, err) < 0)
		return -err->code;
	while ((found = directory_next(entries, &entry, err)) > 0) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, CONTAINER_LEAF) != 0)
			return 0;
		alone |= entry->d_type == DT_DIR;
	}
	return found < 0 ? found : alone;
}

/* A group that hands controllers down takes no process. */
static int controllers_withdraw(int top, struct error *err)
{
	char text[256], word[48], *saved = NULL, *controller;

	if (kernel_read(top, "cgroup.subtree_control", text, sizeof(text), err) < 0)
		return -err->code;
	for (controller = strtok_r(text, " \n", &saved); controller;
	     controller = strtok_r(NULL, " \n", &saved)) {
		(void)snprintf(word, sizeof(word), "-%s", controller);
		if (kernel_write(top, "cgroup.subtree_control", word, err) < 0)
			return -err->code;
	}
	return 0;
}

int container_release(const struct host *host, struct error *err)
{
	const struct hierarchy *hierarchy = unified_of(host);
	cleanup_fd int top = -1, leaf = -1;
	int moved = hierarchy ? top_open(hierarchy, &top, err) : 0;

	if (moved > 0)
		moved = leaf_is_alone(top, err);
	if (moved <= 0)
		return moved;
	leaf = directory_open(top, CONTAINER_LEAF, err);
	if (leaf < 0 || controllers_withdraw(top, err) < 0)
		return error_context(err, "%s", hierarchy->mount);
	moved = move_all(leaf, top, err);
	if (moved < 0)
		return error_context(err, "%s/%s", hierarchy->mount, CONTAINER_LEAF);
	(void)unlinkat(top, CONTAINER_LEAF, AT_REMOVEDIR);
	return moved;
}

/* Where the first process of what we see is, in the hierarchy of memory. */
static bool first_process_path(const struct hierarchy *hierarchy, char path[CGROUP_PATH_SIZE])
{
	char text[CGROUP_TEXT_SIZE];
	struct error ignored;

	return cgroup_read(1, text, sizeof(text), &ignored) >= 0 &&
	       cgroup_find(text, hierarchy->unified ? "" : "memory", path, CGROUP_PATH_SIZE,
			   &ignored) == 1;
}

bool container_is_passed_by(const struct host *host)
{
	const struct hierarchy *hierarchy = host_hierarchy(host, "memory");
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	cleanup_fd int top = -1;

	if (host->manager == HOST_SYSTEMD || !hierarchy)
		return false;
	if (strncmp(hierarchy->root, "/..", 3) == 0)
		return true;
	top = directory_open(AT_FDCWD, hierarchy->mount, &ignored);
	return top >= 0 && top_is_the_hosts(hierarchy, top) &&
	       first_process_path(hierarchy, path) && strcmp(path, "/") != 0;
}
