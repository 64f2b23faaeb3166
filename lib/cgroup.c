/* SPDX-License-Identifier: MIT */
#include "groupies/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "groupies/file.h"
#include "groupies/host.h"

ssize_t cgroup_read(pid_t pid, char *text, size_t size, struct error *err)
{
	char path[64] = "/proc/self/cgroup";

	if (pid > 0)
		(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	return kernel_read(AT_FDCWD, path, text, size, err);
}

/* Copies the comma-separated controllers between two colons; a name= hierarchy counts as none. */
static bool line_has_controller(const char *list, size_t length, const char *controller)
{
	char copy[256];

	if (*controller == '\0')
		return length == 0;
	if (length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, list, length);
	copy[length] = '\0';
	return controllers_have(copy, controller);
}

int cgroup_find(const char *text, const char *controller, char *ret_path, size_t size,
		struct error *err)
{
	const char *line, *end;

	/* A line reads ID:CONTROLLERS:PATH; only the path may hold further colons. */
	for (line = text; *line; line = *end ? end + 1 : end) {
		const char *list, *path;
		size_t length;

		end = strchrnul(line, '\n');
		list = memchr(line, ':', (size_t)(end - line));
		if (!list)
			continue;
		list++;
		path = memchr(list, ':', (size_t)(end - list));
		if (!path || !line_has_controller(list, (size_t)(path - list), controller))
			continue;
		path++;
		length = (size_t)(end - path);
		if (length == 0 || *path != '/')
			return error_set(err, EBADMSG, "/proc/PID/cgroup holds no path for '%s'",
					 controller);
		if (length >= size)
			return error_set(err, ENAMETOOLONG,
					 "/proc/PID/cgroup holds a path of %zu bytes", length);
		memcpy(ret_path, path, length);
		ret_path[length] = '\0';
		return 1;
	}
	return 0;
}

bool cgroup_is_inside(const char *path, const char *group)
{
	size_t length = strlen(group);

	/* The kernel marks a removed group: its processes are in no group that anyone limits. */
	if (strncmp(path, group, length) != 0 || strstr(path, " (deleted)"))
		return false;
	return path[length] == '\0' || path[length] == '/';
}
