/* SPDX-License-Identifier: MIT */
/*
 * A container's group on this host, found by asking the kernel: pid, /proc/PID/cgroup, mountinfo.
 * Nobody's naming is guessed. What the kernel counts has one word on v1 and v2, and a file.
 */
#ifndef HOG_DOCKER_GROUP_H
#define HOG_DOCKER_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "groupies/error.h"

#define GROUP_DIRECTORY_SIZE 1536
#define GROUP_LEVELS         16 /* of a deeper tree the lower end */

enum group_place { PLACE_MEMORY, PLACE_PIDS, PLACE_CPU, PLACE_IO, PLACE_COUNT };

enum word {
	WORD_LIMIT,
	WORD_SWAP_LIMIT,
	WORD_USAGE,
	WORD_PEAK,
	WORD_ANON,
	WORD_CACHE,
	WORD_INACTIVE,
	WORD_SWAP,
	WORD_HITS,
	WORD_KILLS,
	WORD_TASKS,
	WORD_TASKS_LIMIT,
	WORD_CPU,
	WORD_READ,
	WORD_WRITTEN,
	WORD_COUNT
};

/* Every word at one moment. Limits: SIZE_INFINITY is none. */
struct figures {
	uint64_t of[WORD_COUNT];
	bool has[WORD_COUNT]; /* the kernel has such a file here, and it could be read */
};

/* A group from the container's own up to the root: whose limit may fire. */
struct level {
	char path[GROUP_DIRECTORY_SIZE]; /* as the mount shows it; "/" is the top */
	uint64_t limit_bytes;
	uint64_t hits;
	uint64_t peak_bytes; /* since it was made; 0: cannot be known */
};

struct levels {
	size_t count;
	struct level of[GROUP_LEVELS];
};

struct group {
	bool unified;
	char directory[PLACE_COUNT][GROUP_DIRECTORY_SIZE]; /* "": no such controller */
	int fd[PLACE_COUNT];
	size_t mount_length; /* how much of the memory directory is the mount */
	int level_count;
	int level_fd[GROUP_LEVELS]; /* of memory; the first is the container's own */
	uint64_t pid;
};

/*
 * Finds the group of process PID of the container ID. Returns 1, or 0 when that process is not on
 * this host, or is gone. The caller closes the group, also after 0 or a failure.
 */
int container_group_find(struct group *group, uint64_t pid, const char *id, struct error *err);

/*
 * Opens the group PATH ("/playground") where memory is counted, and those above it, for
 * group_levels(). Returns 1, or 0 when it is not there. The caller closes the group.
 */
int group_open(struct group *group, const char *path, struct error *err);
void group_close(struct group *group);
void group_clear(struct group *group); /* as if nothing had been found */

#define cleanup_group __attribute__((cleanup(group_close)))

/* Reads every figure. Returns 1, or 0 when the group is gone; *FIGURES is as it was then. */
int group_sample(const struct group *group, struct figures *figures);

/* What can be read of the levels; the container's own keeps what it had once it is gone. */
void group_levels(const struct group *group, struct levels *levels);

/* Where the controllers of the container PID are: a line each. Lists the files of memory. */
int group_list_files(const struct group *group, FILE *out, struct error *err);

/* The text of memory.stat. */
int group_stat_text(const struct group *group, char *text, size_t size, struct error *err);

/* The word, its unit, and the kernel's file with the key in it. */
extern const struct word_name {
	const char *word;
	enum { UNIT_BYTES, UNIT_NUMBER, UNIT_US } unit;
	const char *source_v1;
	const char *source_v2;
} word_names[WORD_COUNT];

/* The value as the kernel's own file has it ("157286400", "max"). Returns TEXT. */
const char *group_limit_text(const struct group *group, char *text, size_t size);

/* Processes of this host killed for memory since it started. */
uint64_t host_kills(void);

/* Bytes of swap this host has. */
uint64_t host_swap_bytes(void);

#endif
