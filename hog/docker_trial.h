/* SPDX-License-Identifier: MIT */
/*
 * A trial: one container that eats under a limit, watched from beginning to end through the kernel
 * and the engine, and judged. It does not clean up: whoever ordered it knows its id, or its mark.
 */
#ifndef HOG_DOCKER_TRIAL_H
#define HOG_DOCKER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "docker_container.h"
#include "docker_engine.h"
#include "docker_group.h"
#include "docker_reply.h"
#include "docker_row.h"
#include "docker_verdict.h"

struct trial_order {
	const char *name;
	const char *image;
	const char *run;          /* the mark of what is made */
	const char *parent;       /* "": the engine's own choice */
	const char *parent_group; /* the same as the kernel calls it: "/playground" */
	bool is_hog;
	uint64_t size_bytes;
	uint64_t memory_bytes;
	uint64_t swap_bytes;
};

struct trial {
	char id[ID_SIZE]; /* "": the engine has not told of one */
	bool is_found;    /* the group was seen */
	char directory[GROUP_DIRECTORY_SIZE];
	char limit_text[64]; /* as the kernel stores it */
	char *files;         /* the listing */
	size_t files_length;
	char stat[16384]; /* the last memory.stat */
	struct row row;   /* the last one seen */
	struct testimony testimony;
	struct judgement judgement;
	char said[256]; /* the last line of its output */
};

/* The caller clears RET_TRIAL, also after a failure. */
int trial_run(struct engine *engine, const struct reply_info *info, const struct trial_order *order,
	      struct trial *ret_trial, struct error *err);
void trial_clear(struct trial *trial);

#define cleanup_trial __attribute__((cleanup(trial_clear)))

#endif
