/* SPDX-License-Identifier: MIT */
/*
 * Containers in an engine: made, started, looked at, removed. Ours carry a label, so that they are
 * known whatever became of the program that made them.
 */
#ifndef HOG_DOCKER_CONTAINER_H
#define HOG_DOCKER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "docker_engine.h"
#include "docker_reply.h"
#include "docker_stream.h"
#include "groupies/error.h"

struct container_plan {
	const char *name;
	const char *image;
	const char *run;            /* the mark of who makes it: nobody else has the same */
	const char *parent;         /* the group to be in; "": the engine's own */
	const char *const *command; /* ends with NULL */
	uint64_t memory_bytes;
	uint64_t swap_bytes;
	bool is_hog; /* our image: it needs no privilege at all */
};

/* True for what an engine takes as a container's name or id. */
bool container_name_is_valid(const char *name);

/* Makes it, and does not start it. Signals wait: what was begun is finished or known by its mark. */
int container_create(struct engine *engine, const struct container_plan *plan, char ret_id[ID_SIZE],
		     struct error *err);
int container_start(struct engine *engine, const char *name, struct error *err);

/* ENOENT: there is no such container. */
int container_inspect(struct engine *engine, const char *name, struct reply_container *ret,
		      struct error *err);

/* What it has written, its beginning cut off where it is long. */
int container_output(struct engine *engine, const struct reply_container *container,
		     struct frames *ret_frames, struct error *err);

int container_stats(struct engine *engine, const char *id, struct reply_stats *ret,
		    struct error *err);

/* How many oom events the engine has seen since SINCE for ID. */
int container_oom_events(struct engine *engine, const char *id, time_t since, struct error *err);

/* Removes it, running or not. One that is not there is no failure. */
int container_remove(struct engine *engine, const char *id, struct error *err);

/*
 * Removes what a call to make NAME may have made without an answer. A name is no proof: the container
 * of that name MUST carry RUN, or it is somebody else's and stays.
 */
int container_remove_marked(struct engine *engine, const char *name, const char *run,
			    struct error *err);

/* The running ones, or with OURS all that carry our label. The caller frees *ret_rows. */
int container_list(struct engine *engine, bool ours, struct reply_row **ret_rows,
		   struct error *err);

#endif
