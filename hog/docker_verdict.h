/* SPDX-License-Identifier: MIT */
/*
 * The verdict on one container: what was asked, what the engine says, what the kernel has counted,
 * and what follows. No I/O in here: the same evidence gives the same sentence.
 */
#ifndef HOG_DOCKER_VERDICT_H
#define HOG_DOCKER_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "docker_group.h"
#include "groupies/error.h"

enum ending {
	ENDING_FITS,      /* lives, and that is right */
	ENDING_SWAPPED,   /* lives beyond its memory: the rest is on swap */
	ENDING_KILLED,    /* by a memory limit: its own, or one above */
	ENDING_UNLIMITED, /* lives beyond its limit, and nothing explains it */
	ENDING_ENDED,     /* ended, but not by a limit */
	ENDING_UNSETTLED, /* still eating when the time was up */
};

struct testimony {
	uint64_t size_bytes; /* to be eaten */
	uint64_t memory_bytes;
	uint64_t swap_bytes;
	bool is_hog;     /* which eats that and no more */
	bool is_settled; /* it has eaten all that it could */
	bool says_so;    /* hog itself has told of it; another image cannot */
	/* The engine's. */
	bool running;
	bool oom_killed;
	uint64_t exit_code;
	int oom_events; /* -1: cannot be known */
	bool engine_limits_swap;
	/* The kernel's. */
	bool has_figures; /* LAST is something */
	bool unified;
	struct figures last;
	struct levels before;
	struct levels after;
	uint64_t host_kills; /* since before */
	uint64_t host_swap_bytes;
};

struct judgement {
	enum ending ending;
	bool held;                        /* what was asked for was enforced */
	bool is_above;                    /* it was an ancestor's limit */
	uint64_t limit_bytes;             /* which fired, or would */
	char group[GROUP_DIRECTORY_SIZE]; /* whose that is */
	char sentence[2048];
	char mismatches[2][256]; /* asked and had, a line each; "" */
};

/* It has what it is told to eat, by its own word or all but a tenth: some count in thousands. */
bool testimony_has_eaten(const struct testimony *testimony);

void judgement_reach(const struct testimony *testimony, struct judgement *ret);

/* "fits", "swapped", "killed", "unlimited", "ended", "unsettled". */
const char *ending_name(enum ending ending);

#endif
