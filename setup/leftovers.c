/* SPDX-License-Identifier: MIT */
/*
 * Limits that the kernel still holds although no config asks for them: a key that was taken out of
 * a config would otherwise limit on, unseen, until the next boot.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#include "groups.h"

/* What each file says when nobody limits: as the kernel begins with it. */
static const struct {
	const char *file;
	const char *unlimited; /* NULL: what the parent has; "": a line for each device */
} defaults[] = {
	{"memory.limit_in_bytes", "-1"},
	{"memory.memsw.limit_in_bytes", "-1"},
	{"memory.kmem.tcp.limit_in_bytes", "-1"},
	{"memory.max", "max"},
	{"memory.high", "max"},
	{"memory.swap.max", "max"},
	{"pids.max", "max"},
	{"cpu.cfs_quota_us", "-1"},
	{"cpu.max", "max 100000"},
	{"cpu.shares", "1024"},
	{"cpu.weight", "100"},
	{"cpuset.cpus", NULL},
	{"blkio.bfq.weight", "100"},
	{"io.weight", "default 100"},
	{"blkio.throttle.read_bps_device", ""},
	{"blkio.throttle.write_bps_device", ""},
	{"io.max", ""},
};

static const char *const *default_of(const char *file)
{
	size_t index;

	for (index = 0; index < sizeof(defaults) / sizeof(*defaults); index++) {
		if (strcmp(defaults[index].file, file) == 0)
			return &defaults[index].unlimited;
	}
	return NULL;
}

/* One group, and the file of one limit that its config does not set. */
struct leftover {
	const struct hierarchy *hierarchy;
	char directory[GROUP_DIRECTORY_SIZE];
	const char *file;
	const char *unlimited;
};

typedef int leftover_visitor(const struct leftover *leftover, const char *seen, void *data,
			     struct error *err);

static bool is_unlimited(const struct leftover *leftover, const char *seen, const char *above)
{
	if (!leftover->unlimited)
		return strcmp(seen, above) == 0 || *seen == '\0';
	if (limit_text_is_unlimited(leftover->file, seen))
		return true;
	if (strncmp(seen, "default ", 8) == 0 && strncmp(leftover->unlimited, "default ", 8) != 0)
		seen += 8;
	return strcmp(seen, leftover->unlimited) == 0;
}

/* What the group above has: a set of CPUs is lifted to it, v1 takes no empty one with processes. */
static void value_above(const struct leftover *leftover, char *text, size_t size)
{
	char directory[GROUP_DIRECTORY_SIZE];
	char *slash;
	struct error ignored;
	cleanup_fd int fd = -1;

	*text = '\0';
	(void)text_copy(directory, sizeof(directory), leftover->directory);
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	fd = directory_open(AT_FDCWD, directory, &ignored);
	if (leftover->hierarchy->unified || fd < 0 ||
	    kernel_read(fd, leftover->file, text, size, &ignored) < 0)
		*text = '\0';
}

static int lift(const struct leftover *leftover, const char *seen, void *data, struct error *err)
{
	cleanup_fd int fd = directory_open(AT_FDCWD, leftover->directory, err);
	char text[256];

	(void)data;
	if (fd < 0)
		return err->code == ENOENT ? 0 : fd;
	if (!leftover->unlimited) {
		value_above(leftover, text, sizeof(text));
		if (!*text)
			(void)text_copy(text, sizeof(text), "\n");
	} else if (*leftover->unlimited) {
		(void)text_copy(text, sizeof(text), leftover->unlimited);
	} else {
		/* The first device; what is left shows in the next round. */
		(void)snprintf(text, sizeof(text), "%.*s %s", (int)strcspn(seen, " \n"), seen,
			       leftover->hierarchy->unified ? "rbps=max wbps=max" : "0");
	}
	if (kernel_write(fd, leftover->file, text, err) < 0)
		return error_context(err, "%s: cannot lift a limit that is asked for no longer",
				     leftover->directory);
	return 0;
}

static int count(const struct leftover *leftover, const char *seen, void *data, struct error *err)
{
	unsigned *found = data;

	(void)leftover;
	(void)seen;
	(void)err;
	(*found)++;
	return 0;
}

static int file_look(const struct host *host, const struct config *config, uid_t uid,
		     const struct hierarchy *hierarchy, const char *file, leftover_visitor *visit,
		     void *data, struct error *err)
{
	struct leftover leftover = {.hierarchy = hierarchy, .file = file};
	const char *const *unlimited = default_of(file);
	struct error trouble = ERROR_NONE;
	char seen[4096], above[256];
	cleanup_fd int fd = -1;

	if (!unlimited)
		return 0;
	leftover.unlimited = *unlimited;
	group_directory(host, hierarchy, config->name, uid, leftover.directory);
	fd = directory_open(AT_FDCWD, leftover.directory, &trouble);
	if (fd >= 0)
		(void)kernel_read(fd, file, seen, sizeof(seen), &trouble);
	if (trouble.code && errno_means_gone(trouble.code))
		return 0;
	if (trouble.code) {
		*err = trouble;
		return error_context(err, "%s", leftover.directory);
	}
	value_above(&leftover, above, sizeof(above));
	return is_unlimited(&leftover, seen, above) ? 0 : visit(&leftover, seen, data, err);
}

static int limit_look(const struct host *host, const struct config *config, uid_t uid,
		      const struct limit *limit, leftover_visitor *visit, void *data,
		      struct error *err)
{
	const struct hierarchy *hierarchy = host_hierarchy(host, limit->controller_v2);
	const char *file;

	if (!hierarchy)
		return 0;
	file = hierarchy->unified ? limit->file_v2 : limit->file_v1;
	if (file && file_look(host, config, uid, hierarchy, file, visit, data, err) < 0)
		return -err->code;
	/* On v1 the memory of sockets is limited beside MemoryMax. */
	if (hierarchy->unified || limit_id(limit) != LIMIT_MEMORY_MAX)
		return 0;
	return file_look(host, config, uid, hierarchy, "memory.kmem.tcp.limit_in_bytes", visit,
			 data, err);
}

static int group_look(const struct host *host, const struct config *config, uid_t uid,
		      leftover_visitor *visit, void *data, struct error *err)
{
	const struct limits none = {0};
	const struct limits *asked = uid == NO_UID        ? &config->shared
				     : config->own_limits ? &config->each
							  : &none;
	size_t index;

	/* Backwards: on v1 memory and swap together must be lifted before memory alone. */
	for (index = LIMIT_COUNT; index-- > 0;) {
		bool reads = index == LIMIT_IO_READ_BANDWIDTH_MAX;
		bool writes = index == LIMIT_IO_WRITE_BANDWIDTH_MAX;

		if (asked->values[index].set)
			continue;
		/* v2 keeps both directions in one file: what is asked for stays out of reach. */
		if ((reads && asked->values[LIMIT_IO_WRITE_BANDWIDTH_MAX].set) ||
		    (writes && asked->values[LIMIT_IO_READ_BANDWIDTH_MAX].set)) {
			const struct hierarchy *io = host_hierarchy(host, "io");

			if (io && io->unified)
				continue;
		}
		if (limit_look(host, config, uid, &limit_table[index], visit, data, err) < 0)
			return -err->code;
	}
	return 0;
}

static int groups_look(const struct host *host, const struct config *config,
		       leftover_visitor *visit, void *data, struct error *err)
{
	cleanup_free uid_t *parts = NULL;
	size_t count_of_parts, index;

	if (host->manager == HOST_SYSTEMD)
		return 0;
	if (groups_parts(host, config->name, &parts, &count_of_parts, err) < 0 ||
	    group_look(host, config, NO_UID, visit, data, err) < 0)
		return -err->code;
	for (index = 0; index < count_of_parts; index++) {
		if (group_look(host, config, parts[index], visit, data, err) < 0)
			return -err->code;
	}
	return 0;
}

static bool is_needed(const struct host *host, const struct hierarchy *hierarchy,
		      const struct config *config)
{
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		bool asked = config->shared.values[index].set ||
			     (config->own_limits && config->each.values[index].set);

		if (asked && host_hierarchy(host, limit_table[index].controller_v2) == hierarchy)
			return true;
	}
	return false;
}

/* Takes directories away that no limit needs; one that holds somebody stays, and limits nothing. */
static int directories_remove(const struct host *host, const struct config *config,
			      struct error *err)
{
	cleanup_free uid_t *parts = NULL;
	size_t count_of_parts = 0, index, part;
	char directory[GROUP_DIRECTORY_SIZE];

	if (groups_parts(host, config->name, &parts, &count_of_parts, err) < 0)
		return -err->code;
	for (index = 0; index < host->count; index++) {
		const struct hierarchy *hierarchy = &host->hierarchies[index];
		bool needed = is_needed(host, hierarchy, config);

		for (part = 0; part < count_of_parts; part++) {
			group_directory(host, hierarchy, config->name, parts[part], directory);
			if (!needed || !config->own_limits)
				(void)rmdir(directory);
		}
		group_directory(host, hierarchy, config->name, NO_UID, directory);
		if (!needed)
			(void)rmdir(directory);
	}
	return 0;
}

int groups_have_leftovers(const struct host *host, const struct config *config, struct error *err)
{
	unsigned found = 0;

	return groups_look(host, config, count, &found, err) < 0 ? -err->code : found > 0;
}

int groups_clear_leftovers(const struct host *host, const struct config *config, struct error *err)
{
	int round, left = 1;

	if (host->manager == HOST_SYSTEMD)
		return 0;
	for (round = 0; round < 64 && left > 0; round++) {
		left = groups_have_leftovers(host, config, err);
		if (left < 0 || (left && groups_look(host, config, lift, NULL, err) < 0))
			return -err->code;
	}
	return directories_remove(host, config, err);
}
