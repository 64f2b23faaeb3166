/* SPDX-License-Identifier: MIT */
/*
 * The chain of groups from this process up to the top of what is mounted, one chain for each
 * resource, and what the kernel counts in every group of it. Nothing here fails: what cannot be
 * read (no /proc, no cgroups, a container that shows less) is not readable, and that is all.
 */
#ifndef HOG_CHAIN_H
#define HOG_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/cgroup.h"

#define CHAIN_LENGTH 32 /* of a longer chain, its lower end */

enum resource { RESOURCE_MEMORY, RESOURCE_TASKS, RESOURCE_CPU, RESOURCE_COUNT };

enum figure {
	FIGURE_LIMIT,  /* bytes, tasks, or microseconds of cpu in a period; SIZE_INFINITY: none */
	FIGURE_PERIOD, /* of cpu, in microseconds */
	FIGURE_USED,
	FIGURE_PEAK,
	FIGURE_HITS,  /* how often somebody ran into the limit */
	FIGURE_OOMS,  /* how often nothing could be reclaimed then; v1 counts hits only */
	FIGURE_KILLS, /* processes of this very group killed for memory */
	FIGURE_SWAP,  /* bytes */
	FIGURE_COUNT
};

struct chain {
	bool readable;
	bool is_whole;   /* its top is the host's root, not a container's */
	bool unified;    /* cgroup2 */
	bool own_is_top; /* nothing above our own group is visible */
	size_t count;
	char path[CGROUP_PATH_SIZE];            /* our own group, seen from the mount */
	char directory[CGROUP_PATH_SIZE + 256]; /* and where that is */
	size_t path_length[CHAIN_LENGTH];       /* how much of both is the path of each group */
	size_t mount_length;
};

struct chains {
	struct chain of[RESOURCE_COUNT];
};

/* Every figure at one moment; 0 (a limit and kills: SIZE_INFINITY) where the kernel has none. */
struct sample {
	uint64_t figure[RESOURCE_COUNT][CHAIN_LENGTH][FIGURE_COUNT];
	uint64_t host_kills; /* of all processes of this host; SIZE_INFINITY: not counted */
	uint64_t swap_bytes; /* of the process that took the sample */
};

void chains_find(struct chains *ret_chains);
void chains_sample(const struct chains *chains, struct sample *ret_sample);

/* A number of /proc: FILE itself, or its line KEY when there is one. 0: it is not there. */
uint64_t proc_number(const char *file, const char *key);

/* The group with the lowest limit, or -1 where there is none. */
int chain_tightest(const struct chain *chain, enum resource resource, const struct sample *sample);

/* The lowest limit of memory or tasks in force; SIZE_INFINITY: none. */
uint64_t chains_limit(const struct chains *chains, enum resource resource,
		      const struct sample *sample);

/* By how much a figure rose. */
uint64_t sample_rise(const struct sample *before, const struct sample *after,
		     enum resource resource, size_t group, enum figure figure);

/* The last word of a group's path without `.slice`, printable whatever somebody called it. */
const char *chain_name(const struct chain *chain, size_t group, char *name, size_t size);

/* The group's path as the mount shows it. */
const char *chain_path(const struct chain *chain, size_t group, char *path, size_t size);

#endif
