/* SPDX-License-Identifier: MIT */
/*
 * The verdict: what ended the meal, from what the eater told, how it ended and what the kernel
 * counted meanwhile. No I/O in verdict_reach: the same evidence gives the same sentence.
 */
#ifndef HOG_VERDICT_H
#define HOG_VERDICT_H

#include <stdint.h>

#include "eat.h"
#include "hog_chain.h"
#include "hog_order.h"

enum outcome {
	OUTCOME_DONE,      /* nothing to say */
	OUTCOME_SURVIVED,  /* more than the limit: it went to swap, or was page cache */
	OUTCOME_UNLIMITED, /* more than the limit, and nothing explains it */
	OUTCOME_THROTTLED,
	OUTCOME_REFUSED, /* a fork failed */
	OUTCOME_KILLED,  /* for memory */
	OUTCOME_ENDED,   /* by a signal */
	OUTCOME_FAILED,  /* gave up */
};

struct evidence {
	const struct order *order;
	const struct chains *chains;
	const struct told *told;
	const struct sample *before;
	const struct sample *alive; /* when it is certain that the eater still lived */
	const struct sample *after;
	uint64_t ram_bytes;
	uint64_t user_tasks; /* RLIMIT_NPROC; SIZE_INFINITY: none */
	uint64_t cpu_us;     /* RLIMIT_CPU, where SIGKILL comes; SIZE_INFINITY: none */
	int status;          /* of the eater, as wait(2) gives it */
	int signal;          /* that the supervisor got; 0: none */
};

struct verdict {
	enum outcome outcome;
	int exit_code;
	const char *by;  /* "memory", "tasks", "cpu" or "host": whose limit; else NULL */
	char group[256]; /* which group's; "" where none is known */
	char path[CGROUP_PATH_SIZE];
	uint64_t limit; /* of that group */
	uint64_t period_us;
	uint64_t hits;
	uint64_t kills;
	char sentence[768]; /* "": nothing to say */
};

void verdict_reach(const struct evidence *evidence, struct verdict *ret_verdict);

/*
 * Writes VERDICT and the figures into JSON: one object, one line. Path, group and sentence have
 * room with every byte of them escaped.
 */
#define VERDICT_JSON_SIZE 16384
void verdict_print_json(const struct evidence *evidence, const struct verdict *verdict,
			char json[VERDICT_JSON_SIZE]);

#endif
