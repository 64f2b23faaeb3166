/* SPDX-License-Identifier: MIT */
#include "origin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"

/* The directories of the groups that a process was in, one a hierarchy. */
struct groups {
	unsigned count;
	char directories[STAMP_GROUPS_MAX][CGROUP_PATH_SIZE];
};

/* One process, one origin: that is what the kernel moves. */
static struct {
	pthread_mutex_t lock;
	pid_t pid; /* who was moved; a forked child has an origin of its own */
	unsigned sessions;
	struct groups groups;
} origin = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The directory of the group that a process was in, from how the stamp's own group is mounted. */
static bool directory_of(const struct stamp_group *group, const char *path, char *directory)
{
	size_t whole = strlen(group->directory), below = strlen(group->path);
	size_t mount = whole;

	/* PATH ends in what DIRECTORY ends in; what is left of the directory is the mount. */
	while (below > 0 && mount > 0 && group->path[below - 1] == group->directory[mount - 1]) {
		below--;
		mount--;
	}
	/* In a container the mount shows less than the path says: PATH has the same head. */
	if (strncmp(path, group->path, below) != 0)
		return false;
	return snprintf(directory, CGROUP_PATH_SIZE, "%.*s%s", (int)mount, group->directory,
			path + below) < CGROUP_PATH_SIZE;
}

static void groups_find(const struct stamp *stamp, const char *cgroup_text, struct groups *groups)
{
	unsigned index;

	groups->count = 0;
	for (index = 0; index < stamp->group_count; index++) {
		const struct stamp_group *group = &stamp->groups[index];
		char path[CGROUP_PATH_SIZE];
		struct error ignored;

		if (group->role == STAMP_WRITE &&
		    cgroup_find(cgroup_text, group->controller, path, sizeof(path), &ignored) ==
			    1 &&
		    directory_of(group, path, groups->directories[groups->count]))
			groups->count++;
	}
}

static int groups_enter(const struct groups *groups, struct error *err)
{
	char text[16];
	unsigned index;
	int answer = 0;

	if (getpid() <= 1)
		return error_set(err, EPERM, "pid %d is never moved", (int)getpid());
	(void)snprintf(text, sizeof(text), "%d", (int)getpid());
	for (index = 0; index < groups->count; index++) {
		cleanup_fd int fd = open(groups->directories[index],
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			answer = error_errno(err, "%s", groups->directories[index]);
		else if (kernel_write(fd, "cgroup.procs", text, err) < 0)
			answer = error_context(err, "%s", groups->directories[index]);
	}
	return answer;
}

void origin_keep(const struct stamp *stamp, const char *cgroup_text)
{
	(void)pthread_mutex_lock(&origin.lock);
	if (origin.pid != getpid()) {
		origin.pid = getpid();
		origin.sessions = 0;
	}
	if (origin.sessions++ == 0)
		groups_find(stamp, cgroup_text, &origin.groups);
	(void)pthread_mutex_unlock(&origin.lock);
}

int origin_return(struct error *err)
{
	int answer = 0;

	(void)pthread_mutex_lock(&origin.lock);
	if (origin.pid == getpid() && origin.sessions > 0 && --origin.sessions == 0)
		answer = groups_enter(&origin.groups, err);
	(void)pthread_mutex_unlock(&origin.lock);
	return answer;
}

int origin_undo(const struct stamp *stamp, const char *cgroup_text, struct error *err)
{
	struct groups groups;

	groups_find(stamp, cgroup_text, &groups);
	return groups_enter(&groups, err);
}
