/* SPDX-License-Identifier: MIT */
#include "hog_chain.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/printable.h"
#include "groupies/size.h"

/* The largest file that we look into is /proc/vmstat. */
#define TEXT_SIZE 16384

#define LOCAL_EVENTS "memory.events.local"

static const char *const controllers[RESOURCE_COUNT] = {
	[RESOURCE_MEMORY] = "memory", [RESOURCE_TASKS] = "pids", [RESOURCE_CPU] = "cpu"};

/*
 * Where the kernel keeps each figure (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
 * Rows of one figure add up: where memory and memory+swap have the same limit, v1 counts its hits
 * in memsw. memory.events counts what is below a group too, memory.events.local (Linux 5.2) does
 * not, and memory.events stands in for it on older kernels.
 */
static const struct source {
	unsigned char resource; /* of enum resource: hog-static has to stay small */
	unsigned char figure;
	bool unified;
	bool second; /* the second number of the line */
	const char *file;
	const char *key; /* of a line "KEY NUMBER"; NULL: the file is the number */
} sources[] = {
	{RESOURCE_MEMORY, FIGURE_LIMIT, false, false, "memory.limit_in_bytes", NULL},
	{RESOURCE_MEMORY, FIGURE_USED, false, false, "memory.usage_in_bytes", NULL},
	{RESOURCE_MEMORY, FIGURE_PEAK, false, false, "memory.max_usage_in_bytes", NULL},
	{RESOURCE_MEMORY, FIGURE_HITS, false, false, "memory.failcnt", NULL},
	{RESOURCE_MEMORY, FIGURE_HITS, false, false, "memory.memsw.failcnt", NULL},
	{RESOURCE_MEMORY, FIGURE_OOMS, false, false, "memory.failcnt", NULL},
	{RESOURCE_MEMORY, FIGURE_OOMS, false, false, "memory.memsw.failcnt", NULL},
	{RESOURCE_MEMORY, FIGURE_KILLS, false, false, "memory.oom_control", "oom_kill"},
	{RESOURCE_MEMORY, FIGURE_SWAP, false, false, "memory.stat", "swap"},
	{RESOURCE_TASKS, FIGURE_LIMIT, false, false, "pids.max", NULL},
	{RESOURCE_TASKS, FIGURE_USED, false, false, "pids.current", NULL},
	{RESOURCE_TASKS, FIGURE_HITS, false, false, "pids.events", "max"},
	{RESOURCE_CPU, FIGURE_LIMIT, false, false, "cpu.cfs_quota_us", NULL},
	{RESOURCE_CPU, FIGURE_PERIOD, false, false, "cpu.cfs_period_us", NULL},
	{RESOURCE_CPU, FIGURE_HITS, false, false, "cpu.stat", "nr_throttled"},
	{RESOURCE_MEMORY, FIGURE_LIMIT, true, false, "memory.max", NULL},
	{RESOURCE_MEMORY, FIGURE_USED, true, false, "memory.current", NULL},
	{RESOURCE_MEMORY, FIGURE_HITS, true, false, LOCAL_EVENTS, "max"},
	{RESOURCE_MEMORY, FIGURE_OOMS, true, false, LOCAL_EVENTS, "oom"},
	{RESOURCE_MEMORY, FIGURE_KILLS, true, false, LOCAL_EVENTS, "oom_kill"},
	{RESOURCE_MEMORY, FIGURE_SWAP, true, false, "memory.swap.current", NULL},
	{RESOURCE_TASKS, FIGURE_LIMIT, true, false, "pids.max", NULL},
	{RESOURCE_TASKS, FIGURE_USED, true, false, "pids.current", NULL},
	{RESOURCE_TASKS, FIGURE_HITS, true, false, "pids.events", "max"},
	{RESOURCE_CPU, FIGURE_LIMIT, true, false, "cpu.max", NULL},
	{RESOURCE_CPU, FIGURE_PERIOD, true, true, "cpu.max", NULL},
	{RESOURCE_CPU, FIGURE_HITS, true, false, "cpu.stat", "nr_throttled"},
};

/* What stands behind KEY in a text of lines "KEY NUMBER", or NULL. */
static const char *key_find(const char *text, const char *key)
{
	size_t length = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && strspn(line + length, ": \t") > 0)
			return line + length + strspn(line + length, ": \t");
	}
	return NULL;
}

/* The number that TEXT begins with. v1 writes "no limit" as -1 or as a number beyond all RAM. */
static uint64_t number_read(const char *text)
{
	uint64_t number = 0;

	if (*text == '-' || strncmp(text, "max", 3) == 0)
		return SIZE_INFINITY;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number > INT64_MAX / 2 ? SIZE_INFINITY : number;
}

/* Adds what FILE says to *FIGURE; leaves it alone where there is no such file or line. */
static void file_add(int group, const struct source *source, const char *file, uint64_t *figure)
{
	char text[TEXT_SIZE];
	struct error ignored;
	const char *at = text;

	if (kernel_read(group, file, text, sizeof(text), &ignored) < 0) {
		if (strcmp(file, LOCAL_EVENTS) == 0)
			file_add(group, source, "memory.events", figure);
		return;
	}
	if (source->key)
		at = key_find(text, source->key);
	if (at && source->second)
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	if (!at)
		return;
	*figure = (*figure == SIZE_INFINITY ? 0 : *figure) + number_read(at);
}

static void group_sample(int group, enum resource resource, bool unified,
			 uint64_t figures[FIGURE_COUNT])
{
	size_t index;

	for (index = 0; index < sizeof(sources) / sizeof(*sources); index++) {
		const struct source *source = &sources[index];

		if (source->resource == resource && source->unified == unified)
			file_add(group, source, source->file, &figures[source->figure]);
	}
}

/* Opens the directory of one group of the chain, or returns -1. */
static int group_open(const struct chain *chain, size_t group)
{
	char directory[sizeof(chain->directory)];
	size_t length = chain->mount_length + chain->path_length[group];
	struct error ignored;
	int fd;

	memcpy(directory, chain->directory, length);
	directory[length] = '\0';
	fd = directory_open(AT_FDCWD, directory, &ignored);
	return fd < 0 ? -1 : fd;
}

/* As proc_number; NONE: it is not there. */
static uint64_t proc_find(const char *file, const char *key, uint64_t none)
{
	char text[TEXT_SIZE];
	struct error ignored;
	const char *at = text;

	if (kernel_read(AT_FDCWD, file, text, sizeof(text), &ignored) < 0)
		return none;
	if (key)
		at = key_find(text, key);
	return at ? number_read(at) : none;
}

uint64_t proc_number(const char *file, const char *key)
{
	return proc_find(file, key, 0);
}

void chains_sample(const struct chains *chains, struct sample *ret_sample)
{
	int resource;
	size_t group;

	memset(ret_sample, 0, sizeof(*ret_sample));
	ret_sample->host_kills = proc_find("/proc/vmstat", "oom_kill", SIZE_INFINITY);
	ret_sample->swap_bytes = proc_number("/proc/self/status", "VmSwap") * 1024;
	for (resource = 0; resource < RESOURCE_COUNT; resource++) {
		const struct chain *chain = &chains->of[resource];

		for (group = 0; group < chain->count; group++) {
			uint64_t *figures = ret_sample->figure[resource][group];
			cleanup_fd int fd = group_open(chain, group);

			figures[FIGURE_LIMIT] = figures[FIGURE_KILLS] = SIZE_INFINITY;
			if (fd >= 0)
				group_sample(fd, (enum resource)resource, chain->unified, figures);
		}
	}
}

/* Walks from PATH up to the top: "/a/b", "/a", "". */
static void chain_walk(struct chain *chain)
{
	size_t length = strlen(chain->path);

	while (chain->count < CHAIN_LENGTH) {
		chain->path_length[chain->count++] = length;
		if (length == 0)
			return;
		while (chain->path[--length] != '/')
			;
	}
}

/* The host's own root has no cgroup.type on v2, and is alone to have release_agent on v1. */
static bool chain_top_is_root(const struct chain *chain)
{
	cleanup_fd int top = group_open(chain, chain->count - 1);
	const char *file = chain->unified ? "cgroup.type" : "release_agent";

	return chain->path_length[chain->count - 1] == 0 && top >= 0 &&
	       (faccessat(top, file, F_OK, 0) == 0) != chain->unified;
}

/*
 * A mount may show a part of the hierarchy only (its root, in a container): the path of the process
 * is cut at it. What lies outside of the mount cannot be read.
 */
static void chain_find(const struct hierarchy *hierarchy, const char *cgroup_text,
		       const char *controller, struct chain *chain)
{
	bool all = strcmp(hierarchy->root, "/") == 0;
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	cleanup_fd int own = -1;

	if (cgroup_find(cgroup_text, hierarchy->unified ? "" : controller, path, sizeof(path),
			&ignored) != 1 ||
	    (!all && !cgroup_is_inside(path, hierarchy->root)))
		return;
	strcpy(chain->path, path + (all ? 0 : strlen(hierarchy->root)));
	if (strcmp(chain->path, "/") == 0)
		chain->path[0] = '\0';
	chain->unified = hierarchy->unified;
	chain->mount_length = strlen(hierarchy->mount);
	(void)snprintf(chain->directory, sizeof(chain->directory), "%s%s", hierarchy->mount,
		       chain->path);
	chain_walk(chain);
	own = group_open(chain, 0);
	if (own < 0) {
		chain->count = 0;
		return;
	}
	chain->readable = true;
	chain->is_whole = chain_top_is_root(chain);
	chain->own_is_top = chain->count == 1;
}

void chains_find(struct chains *ret_chains)
{
	char text[CGROUP_TEXT_SIZE];
	struct error ignored;
	struct host host;
	int resource;

	memset(ret_chains, 0, sizeof(*ret_chains));
	if (host_look(&host, &ignored) < 0 || cgroup_read(0, text, sizeof(text), &ignored) < 0)
		return;
	for (resource = 0; resource < RESOURCE_COUNT; resource++) {
		const struct hierarchy *hierarchy = host_hierarchy(&host, controllers[resource]);

		if (hierarchy)
			chain_find(hierarchy, text, controllers[resource],
				   &ret_chains->of[resource]);
	}
}

/* True when the limit of group A is lower than that of B; of cpu, for the time in its period. */
static bool limit_is_lower(const uint64_t *a, const uint64_t *b)
{
	if (a[FIGURE_LIMIT] == SIZE_INFINITY || b[FIGURE_LIMIT] == SIZE_INFINITY)
		return a[FIGURE_LIMIT] < b[FIGURE_LIMIT];
	if (a[FIGURE_PERIOD] && b[FIGURE_PERIOD])
		return a[FIGURE_LIMIT] * b[FIGURE_PERIOD] < b[FIGURE_LIMIT] * a[FIGURE_PERIOD];
	return a[FIGURE_LIMIT] < b[FIGURE_LIMIT];
}

int chain_tightest(const struct chain *chain, enum resource resource, const struct sample *sample)
{
	int tightest = -1;
	size_t group;

	for (group = 0; group < chain->count; group++) {
		const uint64_t *figures = sample->figure[resource][group];

		if (figures[FIGURE_LIMIT] != SIZE_INFINITY &&
		    (tightest < 0 || limit_is_lower(figures, sample->figure[resource][tightest])))
			tightest = (int)group;
	}
	return tightest;
}

uint64_t chains_limit(const struct chains *chains, enum resource resource,
		      const struct sample *sample)
{
	int tightest = chain_tightest(&chains->of[resource], resource, sample);

	return tightest < 0 ? SIZE_INFINITY : sample->figure[resource][tightest][FIGURE_LIMIT];
}

uint64_t sample_rise(const struct sample *before, const struct sample *after,
		     enum resource resource, size_t group, enum figure figure)
{
	uint64_t old = before->figure[resource][group][figure];
	uint64_t new = after->figure[resource][group][figure];

	return new == SIZE_INFINITY || new < old ? 0 : new - old;
}

const char *chain_path(const struct chain *chain, size_t group, char *path, size_t size)
{
	(void)snprintf(path, size, "%.*s", (int)chain->path_length[group], chain->path);
	if (*path == '\0')
		(void)snprintf(path, size, "/");
	return printable_make(path);
}

const char *chain_name(const struct chain *chain, size_t group, char *name, size_t size)
{
	static const char slice[] = ".slice";
	char path[CGROUP_PATH_SIZE];
	const char *last = strrchr(chain_path(chain, group, path, sizeof(path)), '/') + 1;
	size_t length = strlen(last);

	if (length > strlen(slice) && strcmp(last + length - strlen(slice), slice) == 0)
		length -= strlen(slice);
	if (length == 0)
		(void)snprintf(name, size, chain->is_whole ? "this host" : "this container");
	else
		(void)snprintf(name, size, "%.*s", (int)length, last);
	return printable_make(name);
}
