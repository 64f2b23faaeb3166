/* SPDX-License-Identifier: MIT */
#include "groupies/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/limits.h"
#include "groupies/paths.h"
#include "groupies/size.h"

#define STAMP_FIRST_LINE "groupies-stamp 1"
#define STAMP_LAST_LINE  "end" /* without it, a stamp cut off would be one with fewer limits */

static const char *const role_names[] = {
	[STAMP_LIMITS] = "limits",
	[STAMP_WRITE] = "write",
	[STAMP_MANAGED] = "managed",
};

static bool role_parse(const char *text, enum stamp_role *ret_role)
{
	size_t index;

	for (index = STAMP_LIMITS; index < sizeof(role_names) / sizeof(*role_names); index++) {
		if (strcmp(text, role_names[index]) == 0) {
			*ret_role = (enum stamp_role)index;
			return true;
		}
	}
	return false;
}

void stamp_name(const char *playground, bool own_limits, uid_t uid, char name[STAMP_NAME_SIZE])
{
	if (own_limits)
		(void)snprintf(name, STAMP_NAME_SIZE, "%.*s.%u", PLAYGROUND_STAMP_LENGTH,
			       playground, (unsigned)uid);
	else
		(void)snprintf(name, STAMP_NAME_SIZE, "%.*s", PLAYGROUND_STAMP_LENGTH, playground);
}

int stamp_print(const struct stamp *stamp, char *text, size_t size, struct error *err)
{
	cleanup_file FILE *out = fmemopen(text, size, "w");
	unsigned index, limit;
	long length;

	if (!out)
		return error_errno(err, "stamp");
	(void)fprintf(out, "%s\nmanager=%s\nboot=%s\n", STAMP_FIRST_LINE,
		      stamp->manager == HOST_SYSTEMD ? "systemd" : "cgroupfs", stamp->boot);
	for (index = 0; index < stamp->group_count; index++) {
		const struct stamp_group *group = &stamp->groups[index];

		(void)fprintf(out, "group=%s\npath=%s\ndirectory=%s\n", group->controller,
			      group->path, group->directory);
		(void)fprintf(out, "identity=%" PRIu64 " %" PRIu64 "\nrole=%s\n", group->device,
			      group->inode, role_names[group->role]);
		for (limit = 0; limit < group->limit_count; limit++)
			(void)fprintf(out, "limit=%s\n", group->limits[limit]);
	}
	(void)fprintf(out, "%s\n", STAMP_LAST_LINE);
	if (fflush(out) != 0 || (length = ftell(out)) < 0 || (size_t)length + 1 >= size)
		return error_set(err, ENOSPC, "stamp: does not fit");
	text[length] = '\0';
	return (int)length;
}

static bool identity_parse(const char *value, struct stamp_group *group)
{
	char copy[64], *blank;
	struct error ignored;

	if (!text_copy(copy, sizeof(copy), value) || !(blank = strchr(copy, ' ')))
		return false;
	*blank = '\0';
	return number_parse(copy, 0, UINT64_MAX, &group->device, &ignored) == 0 &&
	       number_parse(blank + 1, 0, UINT64_MAX, &group->inode, &ignored) == 0;
}

/* A line that belongs to the group that was begun last. */
static bool group_line(const char *line, struct stamp_group *group)
{
	const char *value;

	if ((value = line_value(line, "path")))
		return *value == '/' && text_copy(group->path, sizeof(group->path), value);
	if ((value = line_value(line, "directory")))
		return *value == '/' &&
		       text_copy(group->directory, sizeof(group->directory), value);
	if ((value = line_value(line, "identity")))
		return identity_parse(value, group);
	if ((value = line_value(line, "role")))
		return role_parse(value, &group->role);
	if ((value = line_value(line, "limit")))
		return *value && !strchr(value, '/') && group->limit_count < STAMP_LIMITS_MAX &&
		       text_copy(group->limits[group->limit_count++], sizeof(group->limits[0]),
				 value);
	return false;
}

static bool stamp_line(const char *line, struct stamp *stamp)
{
	const char *value;

	if ((value = line_value(line, "group"))) {
		if (stamp->group_count == STAMP_GROUPS_MAX)
			return false;
		return text_copy(stamp->groups[stamp->group_count++].controller,
				 sizeof(stamp->groups[0].controller), value);
	}
	if (stamp->group_count > 0)
		return group_line(line, &stamp->groups[stamp->group_count - 1]);
	if ((value = line_value(line, "manager"))) {
		stamp->manager = strcmp(value, "systemd") == 0 ? HOST_SYSTEMD : HOST_CGROUPFS;
		return stamp->manager == HOST_SYSTEMD || strcmp(value, "cgroupfs") == 0;
	}
	value = line_value(line, "boot");
	return value && text_copy(stamp->boot, sizeof(stamp->boot), value);
}

int stamp_parse(char *text, struct stamp *ret_stamp, struct error *err)
{
	struct stamp stamp = {0};
	char *cursor = text, *line = line_next(&cursor);
	bool enters = false;
	unsigned index;

	if (!line || strcmp(line, STAMP_FIRST_LINE) != 0)
		return error_set(err, EBADMSG, "does not begin with '%s'", STAMP_FIRST_LINE);
	while ((line = line_next(&cursor)) && strcmp(line, STAMP_LAST_LINE) != 0) {
		if (!stamp_line(line, &stamp))
			return error_set(err, EBADMSG, "bad line '%.60s'", line);
	}
	if (!line || *cursor)
		return error_set(err, EBADMSG, "does not end with '%s'", STAMP_LAST_LINE);
	for (index = 0; index < stamp.group_count; index++) {
		const struct stamp_group *group = &stamp.groups[index];

		if (!*group->path || !*group->directory || !group->inode || !group->role)
			return error_set(err, EBADMSG, "group %u is not complete", index);
		enters |= group->role != STAMP_LIMITS;
	}
	if (!enters || !*stamp.boot)
		return error_set(err, EBADMSG, "names no group to enter or no boot");
	*ret_stamp = stamp;
	return 0;
}

int stamp_read(const char *name, struct stamp *ret_stamp, struct error *err)
{
	char path[sizeof(GROUPIES_RUN_DIR) + 1 + STAMP_NAME_SIZE];
	char text[STAMP_TEXT_SIZE], boot[40];
	struct stamp stamp;

	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_RUN_DIR, name);
	if (file_read_trusted(AT_FDCWD, path, text, sizeof(text), err) < 0)
		return -err->code;
	if (stamp_parse(text, &stamp, err) < 0)
		return error_context(err, "%s", path);
	if (kernel_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot), err) < 0)
		return -err->code;
	if (strcmp(boot, stamp.boot) != 0)
		return error_set(err, ESTALE, "%s: is of another boot", path);
	*ret_stamp = stamp;
	return 0;
}

int stamp_write(const char *name, const struct stamp *stamp, struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_RUN_DIR, err);
	char text[STAMP_TEXT_SIZE];
	int length;

	if (directory < 0)
		return directory;
	length = stamp_print(stamp, text, sizeof(text), err);
	if (length < 0)
		return length;
	return file_replace(directory, name, text, (size_t)length, 0644, err);
}

int stamp_delete(const char *name, struct error *err)
{
	char path[sizeof(GROUPIES_RUN_DIR) + 1 + STAMP_NAME_SIZE];

	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_RUN_DIR, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return 0;
}

int stamp_open_group(const struct stamp_group *group, struct error *err)
{
	cleanup_fd int fd = open(group->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	unsigned index;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ESTALE, "%s: is gone", group->directory);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "%s", group->directory);
	if ((uint64_t)st.st_dev != group->device || (uint64_t)st.st_ino != group->inode)
		return error_set(err, ESTALE, "%s: is not the directory that was realized",
				 group->directory);
	for (index = 0; index < group->limit_count; index++) {
		const char *file = group->limits[index];
		char text[512];

		if (kernel_read(fd, file, text, sizeof(text), err) < 0)
			return error_context(err, "%s", group->directory);
		if (limit_text_is_unlimited(file, text))
			return error_set(err, ENODATA, "%s/%s: reads as unlimited",
					 group->directory, file);
	}
	return steal_fd(&fd);
}

/* On v2, who hands controllers down takes no process (cgroup-v2.rst, "No Internal Process"). */
static int check_door(const struct stamp_group *group, int fd, struct error *err)
{
	struct error trouble;
	char text[256];
	ssize_t length;

	if (group->role != STAMP_WRITE || *group->controller)
		return 0;
	length = kernel_read(fd, "cgroup.subtree_control", text, sizeof(text), &trouble);
	if (length == 0 || (length < 0 && errno_means_gone(trouble.code)))
		return 0;
	if (length < 0) {
		*err = trouble;
		return error_context(err, "%s", group->directory);
	}
	return error_set(err, EBUSY,
			 "%s: hands controllers down (%s), so no process may enter it: "
			 "groupies-setup apply opens it",
			 group->directory, text);
}

int stamp_check(const struct stamp *stamp, struct error *err)
{
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		cleanup_fd int fd = stamp_open_group(&stamp->groups[index], err);

		if (fd < 0)
			return fd;
		if (check_door(&stamp->groups[index], fd, err) < 0)
			return -err->code;
	}
	return 0;
}

static bool group_holds(const struct stamp_group *group, const char *cgroup_text)
{
	char path[CGROUP_PATH_SIZE];
	struct error ignored;

	return cgroup_find(cgroup_text, group->controller, path, sizeof(path), &ignored) == 1 &&
	       cgroup_is_inside(path, group->path);
}

bool stamp_holds(const struct stamp *stamp, const char *cgroup_text)
{
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		if (stamp->groups[index].role != STAMP_LIMITS &&
		    !group_holds(&stamp->groups[index], cgroup_text))
			return false;
	}
	return true;
}

bool stamp_holds_managed(const struct stamp *stamp, const char *cgroup_text)
{
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		if (stamp->groups[index].role == STAMP_MANAGED &&
		    !group_holds(&stamp->groups[index], cgroup_text))
			return false;
	}
	return true;
}

int stamp_enter(const struct stamp *stamp, pid_t pid, struct error *err)
{
	unsigned index;
	char text[16];

	/* cgroup.procs takes 0 for "the writer" and 1 for init without a word (cgroups(7)). */
	if (pid <= 1)
		return error_set(err, EPERM, "pid %d is never moved", (int)pid);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (index = 0; index < stamp->group_count; index++) {
		const struct stamp_group *group = &stamp->groups[index];
		cleanup_fd int fd = stamp_open_group(group, err);

		if (fd < 0)
			return fd;
		if (group->role == STAMP_WRITE && kernel_write(fd, "cgroup.procs", text, err) < 0)
			return error_context(err, "%s", group->directory);
	}
	return 0;
}

/* Any limit makes the kernel count; ours above keeps what is counted small, also when it changes. */
#define SOCKETS_FILE  "memory.kmem.tcp.limit_in_bytes"
#define SOCKETS_LIMIT "1099511627776"

static bool group_limits(const struct stamp_group *group, const char *file)
{
	unsigned index;

	for (index = 0; index < group->limit_count; index++) {
		if (strcmp(group->limits[index], file) == 0)
			return true;
	}
	return false;
}

/* Where the hierarchy is mounted in which a group of STAMP's limits memory, on v1. */
static bool memory_mount(const struct stamp *stamp, char mount[512])
{
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		const struct stamp_group *group = &stamp->groups[index];
		size_t whole = strlen(group->directory), path = strlen(group->path);

		if (group_limits(group, "memory.limit_in_bytes") && whole > path) {
			(void)snprintf(mount, 512, "%.*s", (int)(whole - path), group->directory);
			return true;
		}
	}
	return false;
}

int stamp_charge_sockets(const struct stamp *stamp, const char *cgroup_text, struct error *err)
{
	char path[CGROUP_PATH_SIZE], mount[512], seen[32], group[sizeof(mount) + sizeof(path)];
	cleanup_fd int fd = -1;
	struct error trouble;

	if (!memory_mount(stamp, mount))
		return 0;
	if (cgroup_find(cgroup_text, "memory", path, sizeof(path), err) != 1)
		return error_set(err, EXDEV, "this process is in no group of memory");
	(void)snprintf(group, sizeof(group), "%s%s", mount, path);
	fd = directory_open(AT_FDCWD, group, err);
	if (fd < 0)
		return fd;
	if (kernel_read(fd, SOCKETS_FILE, seen, sizeof(seen), &trouble) < 0) {
		/* A kernel without it charges no sockets on v1, and says so by that. */
		if (trouble.code == ENOENT)
			return 0;
		*err = trouble;
		return error_context(err, "%s", group);
	}
	if (limit_text_is_unlimited(SOCKETS_FILE, seen) &&
	    kernel_write(fd, SOCKETS_FILE, SOCKETS_LIMIT, err) < 0)
		return error_context(err, "%s", group);
	return 0;
}
