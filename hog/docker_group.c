/* SPDX-License-Identifier: MIT */
#include "docker_group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/printable.h"
#include "groupies/size.h"

#define TEXT_SIZE 16384

/* The controllers that have what we read; v2 has them all in one directory. */
static const struct {
	const char *v1;
	const char *v2;
} controllers[PLACE_COUNT] = {
	[PLACE_MEMORY] = {"memory", "memory"},
	[PLACE_PIDS] = {"pids", "pids"},
	[PLACE_CPU] = {"cpuacct", "cpu"},
	[PLACE_IO] = {"blkio", "io"},
};

enum shape {
	SHAPE_NUMBER, /* the file is the number */
	SHAPE_KEY,    /* a line "KEY NUMBER" */
	SHAPE_DEVICES /* per device: "8:0 KEY NUMBER" or "8:0 KEY=NUMBER", added up */
};

/* Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst. */
static const struct source {
	enum word word;
	bool unified;
	enum group_place place;
	enum shape shape;
	const char *file;
	const char *key;
	uint64_t divisor;
} sources[] = {
	{WORD_LIMIT, false, PLACE_MEMORY, SHAPE_NUMBER, "memory.limit_in_bytes", NULL, 1},
	{WORD_SWAP_LIMIT, false, PLACE_MEMORY, SHAPE_NUMBER, "memory.memsw.limit_in_bytes", NULL,
	 1},
	{WORD_USAGE, false, PLACE_MEMORY, SHAPE_NUMBER, "memory.usage_in_bytes", NULL, 1},
	{WORD_ANON, false, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "total_rss", 1},
	{WORD_CACHE, false, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "total_cache", 1},
	{WORD_INACTIVE, false, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "total_inactive_file", 1},
	{WORD_SWAP, false, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "total_swap", 1},
	{WORD_HITS, false, PLACE_MEMORY, SHAPE_NUMBER, "memory.failcnt", NULL, 1},
	{WORD_KILLS, false, PLACE_MEMORY, SHAPE_KEY, "memory.oom_control", "oom_kill", 1},
	{WORD_TASKS, false, PLACE_PIDS, SHAPE_NUMBER, "pids.current", NULL, 1},
	{WORD_TASKS_LIMIT, false, PLACE_PIDS, SHAPE_NUMBER, "pids.max", NULL, 1},
	{WORD_CPU, false, PLACE_CPU, SHAPE_NUMBER, "cpuacct.usage", NULL, 1000},
	{WORD_READ, false, PLACE_IO, SHAPE_DEVICES, "blkio.throttle.io_service_bytes_recursive",
	 "Read", 1},
	{WORD_WRITTEN, false, PLACE_IO, SHAPE_DEVICES, "blkio.throttle.io_service_bytes_recursive",
	 "Write", 1},
	{WORD_LIMIT, true, PLACE_MEMORY, SHAPE_NUMBER, "memory.max", NULL, 1},
	{WORD_SWAP_LIMIT, true, PLACE_MEMORY, SHAPE_NUMBER, "memory.swap.max", NULL, 1},
	{WORD_USAGE, true, PLACE_MEMORY, SHAPE_NUMBER, "memory.current", NULL, 1},
	{WORD_ANON, true, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "anon", 1},
	{WORD_CACHE, true, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "file", 1},
	{WORD_INACTIVE, true, PLACE_MEMORY, SHAPE_KEY, "memory.stat", "inactive_file", 1},
	{WORD_SWAP, true, PLACE_MEMORY, SHAPE_NUMBER, "memory.swap.current", NULL, 1},
	{WORD_HITS, true, PLACE_MEMORY, SHAPE_KEY, "memory.events", "max", 1},
	{WORD_KILLS, true, PLACE_MEMORY, SHAPE_KEY, "memory.events", "oom_kill", 1},
	{WORD_TASKS, true, PLACE_PIDS, SHAPE_NUMBER, "pids.current", NULL, 1},
	{WORD_TASKS_LIMIT, true, PLACE_PIDS, SHAPE_NUMBER, "pids.max", NULL, 1},
	{WORD_CPU, true, PLACE_CPU, SHAPE_KEY, "cpu.stat", "usage_usec", 1},
	{WORD_READ, true, PLACE_IO, SHAPE_DEVICES, "io.stat", "rbytes", 1},
	{WORD_WRITTEN, true, PLACE_IO, SHAPE_DEVICES, "io.stat", "wbytes", 1},
	/* Behind the kills: the peak beside a kill is all that was reached before it. */
	{WORD_PEAK, false, PLACE_MEMORY, SHAPE_NUMBER, "memory.max_usage_in_bytes", NULL, 1},
	{WORD_PEAK, true, PLACE_MEMORY, SHAPE_NUMBER, "memory.peak", NULL, 1},
};

const struct word_name word_names[WORD_COUNT] = {
	[WORD_LIMIT] = {"limit", UNIT_BYTES, "memory.limit_in_bytes", "memory.max"},
	[WORD_SWAP_LIMIT] = {"swap limit", UNIT_BYTES,
			     "memory.memsw.limit_in_bytes - memory.limit_in_bytes",
			     "memory.swap.max"},
	[WORD_USAGE] = {"usage", UNIT_BYTES, "memory.usage_in_bytes", "memory.current"},
	[WORD_PEAK] = {"peak", UNIT_BYTES, "memory.max_usage_in_bytes", "memory.peak"},
	[WORD_ANON] = {"anon", UNIT_BYTES, "memory.stat total_rss", "memory.stat anon"},
	[WORD_CACHE] = {"cache", UNIT_BYTES, "memory.stat total_cache", "memory.stat file"},
	[WORD_INACTIVE] = {"inactive cache", UNIT_BYTES, "memory.stat total_inactive_file",
			   "memory.stat inactive_file"},
	[WORD_SWAP] = {"swap", UNIT_BYTES, "memory.stat total_swap", "memory.swap.current"},
	[WORD_HITS] = {"hits", UNIT_NUMBER, "memory.failcnt", "memory.events max"},
	[WORD_KILLS] = {"kills", UNIT_NUMBER, "memory.oom_control oom_kill",
			"memory.events oom_kill"},
	[WORD_TASKS] = {"tasks", UNIT_NUMBER, "pids.current", "pids.current"},
	[WORD_TASKS_LIMIT] = {"tasks limit", UNIT_NUMBER, "pids.max", "pids.max"},
	[WORD_CPU] = {"cpu time", UNIT_US, "cpuacct.usage", "cpu.stat usage_usec"},
	[WORD_READ] = {"read", UNIT_BYTES, "blkio.throttle.io_service_bytes_recursive Read",
		       "io.stat rbytes"},
	[WORD_WRITTEN] = {"written", UNIT_BYTES, "blkio.throttle.io_service_bytes_recursive Write",
			  "io.stat wbytes"},
};

/* ---- reading the kernel's files ---------------------------------------------------------------*/

/* v1 writes "no limit" as -1 or as a number beyond all RAM, v2 as max. */
static uint64_t number_read(const char *text)
{
	char *end;
	uint64_t number;

	if (*text == '-' || strncmp(text, "max", 3) == 0)
		return SIZE_INFINITY;
	number = strtoull(text, &end, 10);
	return number > INT64_MAX / 2 ? SIZE_INFINITY : number;
}

/* The number behind KEY at the beginning of a line; false: no such line. */
static bool key_read(const char *text, const char *key, uint64_t *ret_number)
{
	size_t length = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			*ret_number = number_read(line + length + 1);
			return true;
		}
	}
	return false;
}

static uint64_t devices_read(const char *text, const char *key)
{
	size_t length = strlen(key);
	uint64_t sum = 0;
	const char *at;

	for (at = text; (at = strstr(at, key)); at += length) {
		if (at > text && at[-1] == ' ' && (at[length] == ' ' || at[length] == '='))
			sum += number_read(at + length + 1);
	}
	return sum;
}

static bool source_read(const struct source *source, const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (source->shape == SHAPE_KEY && !key_read(text, source->key, &number))
		return false;
	if (source->shape == SHAPE_NUMBER)
		number = number_read(text);
	if (source->shape == SHAPE_DEVICES)
		number = devices_read(text, source->key);
	*ret_number = number == SIZE_INFINITY ? number : number / source->divisor;
	return true;
}

int group_sample(const struct group *group, struct figures *figures)
{
	struct figures sample = {0};
	char text[TEXT_SIZE] = "";
	const char *last = "";
	struct error ignored;
	size_t index;

	for (index = 0; index < sizeof(sources) / sizeof(*sources); index++) {
		const struct source *source = &sources[index];

		if (source->unified != group->unified || group->fd[source->place] < 0)
			continue;
		/* Rows of one file stand together or near: it is read once for each run of them. */
		if (strcmp(last, source->file) != 0 &&
		    kernel_read(group->fd[source->place], source->file, text, sizeof(text),
				&ignored) < 0)
			continue;
		last = source->file;
		sample.has[source->word] = source_read(source, text, &sample.of[source->word]);
	}
	if (!sample.has[WORD_USAGE])
		return 0;
	/* v1 limits memory and swap together. */
	if (!group->unified && sample.of[WORD_SWAP_LIMIT] != SIZE_INFINITY)
		sample.of[WORD_SWAP_LIMIT] -= sample.of[WORD_LIMIT];
	*figures = sample;
	return 1;
}

static uint64_t file_number(int dirfd, const char *file, const char *key, uint64_t otherwise)
{
	char text[TEXT_SIZE];
	uint64_t number = otherwise;
	struct error ignored;

	if (kernel_read(dirfd, file, text, sizeof(text), &ignored) < 0)
		return otherwise;
	if (!key)
		return number_read(text);
	(void)key_read(text, key, &number);
	return number;
}

uint64_t host_kills(void)
{
	return file_number(AT_FDCWD, "/proc/vmstat", "oom_kill", 0);
}

uint64_t host_swap_bytes(void)
{
	char text[TEXT_SIZE];
	struct error ignored;
	const char *line;

	if (kernel_read(AT_FDCWD, "/proc/meminfo", text, sizeof(text), &ignored) < 0)
		return 0;
	line = strstr(text, "SwapTotal:");
	return line ? strtoull(line + strlen("SwapTotal:"), NULL, 10) * 1024 : 0;
}

const char *group_limit_text(const struct group *group, char *text, size_t size)
{
	struct error ignored;

	if (kernel_read(group->fd[PLACE_MEMORY],
			group->unified ? "memory.max" : "memory.limit_in_bytes", text, size,
			&ignored) < 0)
		text[0] = '\0';
	return text;
}

int group_stat_text(const struct group *group, char *text, size_t size, struct error *err)
{
	return kernel_read(group->fd[PLACE_MEMORY], "memory.stat", text, size, err) < 0 ? -err->code
											: 0;
}

/* ---- finding it ---------------------------------------------------------------------------------*/

void group_clear(struct group *group)
{
	int index;

	memset(group, 0, sizeof(*group));
	for (index = 0; index < PLACE_COUNT; index++)
		group->fd[index] = -1;
}

void group_close(struct group *group)
{
	int index;

	for (index = 0; index < PLACE_COUNT; index++)
		cleanup_close(&group->fd[index]);
	for (index = 0; index < group->level_count; index++)
		cleanup_close(&group->level_fd[index]);
	group_clear(group);
}

/* Cuts PATH behind the part that has ID in it: a runtime may nest groups of its own below. */
static bool path_cut_at_id(char *path, const char *id)
{
	char *at = strstr(path, id);

	if (!at || !*id)
		return false;
	at += strcspn(at, "/");
	*at = '\0';
	return true;
}

/* The directory of the group PATH in HIERARCHY. False: that is not what is mounted here. */
static bool directory_print(const struct hierarchy *hierarchy, const char *path, char *directory)
{
	const char *below = path;

	if (strcmp(hierarchy->root, "/") != 0) {
		if (!cgroup_is_inside(path, hierarchy->root))
			return false;
		below += strlen(hierarchy->root);
	}
	return snprintf(directory, GROUP_DIRECTORY_SIZE, "%s%s", hierarchy->mount,
			strcmp(below, "/") == 0 ? "" : below) < GROUP_DIRECTORY_SIZE;
}

/* Opens every directory from the container's own up to the mount. */
static void levels_open(struct group *group)
{
	char directory[GROUP_DIRECTORY_SIZE];
	struct error ignored;

	strcpy(directory, group->directory[PLACE_MEMORY]);
	while (group->level_count < GROUP_LEVELS) {
		int fd = directory_open(AT_FDCWD, directory, &ignored);

		group->level_fd[group->level_count++] = fd < 0 ? -1 : fd;
		if (strlen(directory) <= group->mount_length)
			break;
		*strrchr(directory, '/') = '\0';
	}
}

static int place_find(struct group *group, const struct host *host, enum group_place place,
		      const char *cgroups, const char *id, struct error *err)
{
	const char *name = controllers[place].v1;
	const struct hierarchy *hierarchy = host_hierarchy(host, name);
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	int found, fd;

	/* v2 calls two of them otherwise. */
	if (!hierarchy)
		hierarchy = host_hierarchy(host, controllers[place].v2);
	if (!hierarchy || hierarchy->unified != group->unified)
		return 0;
	found = cgroup_find(cgroups, hierarchy->unified ? "" : name, path, sizeof(path), err);
	if (found <= 0)
		return found;
	if (!path_cut_at_id(path, id) ||
	    !directory_print(hierarchy, path, group->directory[place])) {
		group->directory[place][0] = '\0';
		return 0;
	}
	fd = directory_open(AT_FDCWD, group->directory[place], &ignored);
	group->fd[place] = fd < 0 ? -1 : fd;
	if (place == PLACE_MEMORY)
		group->mount_length = strlen(hierarchy->mount);
	return fd >= 0;
}

int container_group_find(struct group *group, uint64_t pid, const char *id, struct error *err)
{
	char text[CGROUP_TEXT_SIZE];
	struct error ignored;
	struct host host;
	int place, found;

	group_clear(group);
	if (pid == 0 || host_read(&host, err) < 0)
		return pid == 0 ? 0 : -err->code;
	/* Gone, or hidden from us, or of another host: there is nothing to see. */
	if (cgroup_read((pid_t)pid, text, sizeof(text), &ignored) < 0)
		return 0;
	group->unified = host_hierarchy(&host, "memory")->unified;
	for (place = 0; place < PLACE_COUNT; place++) {
		found = place_find(group, &host, (enum group_place)place, text, id, err);
		if (found < 0 || (place == PLACE_MEMORY && found == 0))
			return found;
	}
	group->pid = pid;
	levels_open(group);
	return 1;
}

void group_levels(const struct group *group, struct levels *levels)
{
	const char *directory = group->directory[PLACE_MEMORY];
	size_t length = strlen(directory), index;

	for (index = 0; index < (size_t)group->level_count; index++) {
		struct level *level = &levels->of[index];
		int fd = group->level_fd[index];
		uint64_t hits;

		(void)snprintf(level->path, sizeof(level->path), "%.*s",
			       (int)(length - group->mount_length),
			       directory + group->mount_length);
		if (!*level->path)
			strcpy(level->path, "/");
		while (length > group->mount_length && directory[--length] != '/')
			;
		/* A group that is gone cannot be read, and keeps what it had. */
		hits = group->unified ? file_number(fd, "memory.events.local", "max", SIZE_INFINITY)
				      : file_number(fd, "memory.failcnt", NULL, SIZE_INFINITY);
		if (hits == SIZE_INFINITY && index < levels->count)
			continue;
		level->hits = hits == SIZE_INFINITY ? 0 : hits;
		level->peak_bytes = file_number(
			fd, group->unified ? "memory.peak" : "memory.max_usage_in_bytes", NULL, 0);
		level->limit_bytes =
			file_number(fd, group->unified ? "memory.max" : "memory.limit_in_bytes",
				    NULL, SIZE_INFINITY);
	}
	levels->count = (size_t)group->level_count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Writes NAMES in columns, as ls does. */
static void names_print(char **names, size_t count, FILE *out)
{
	size_t width = 0, columns, rows, row, at;

	for (at = 0; at < count; at++)
		width = strlen(names[at]) > width ? strlen(names[at]) : width;
	columns = 96 / (width + 2) > 0 ? 96 / (width + 2) : 1;
	rows = (count + columns - 1) / columns;
	for (row = 0; row < rows; row++) {
		(void)fputs("  ", out);
		for (at = row; at < count; at += rows) {
			bool last = at + rows >= count;

			(void)fprintf(out, "%-*s%s", last ? 0 : (int)width + 2, names[at],
				      last ? "\n" : "");
		}
	}
}

int group_list_files(const struct group *group, FILE *out, struct error *err)
{
	cleanup_fd int fd = directory_open(AT_FDCWD, group->directory[PLACE_MEMORY], err);
	cleanup_dir DIR *directory = NULL;
	char *names[512];
	size_t count = 0, index;
	const struct dirent *entry;
	int more = 0;

	if (fd < 0 || directory_list(fd, &directory, err) < 0)
		return -err->code;
	while (count < sizeof(names) / sizeof(*names) &&
	       (more = directory_next(directory, &entry, err)) > 0) {
		names[count] = strdup(entry->d_name);
		if (names[count])
			(void)printable_make(names[count++]);
	}
	qsort(names, count, sizeof(*names), by_name);
	names_print(names, count, out);
	for (index = 0; index < count; index++)
		free(names[index]);
	return more < 0 ? error_context(err, "%s", group->directory[PLACE_MEMORY]) : 0;
}

int group_open(struct group *group, const char *path, struct error *err)
{
	const struct hierarchy *memory;
	struct error ignored;
	struct host host;
	int fd;

	group_clear(group);
	if (host_read(&host, err) < 0)
		return -err->code;
	memory = host_hierarchy(&host, "memory");
	group->unified = memory->unified;
	group->mount_length = strlen(memory->mount);
	if (!directory_print(memory, path, group->directory[PLACE_MEMORY]))
		return 0;
	fd = directory_open(AT_FDCWD, group->directory[PLACE_MEMORY], &ignored);
	if (fd < 0)
		return 0;
	group->fd[PLACE_MEMORY] = fd;
	levels_open(group);
	return 1;
}
