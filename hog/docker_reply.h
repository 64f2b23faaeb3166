/* SPDX-License-Identifier: MIT */
/*
 * What an engine answers, read out of its JSON. Strict where it matters: a member that is needed
 * and missing, of the wrong type, or too long is an error that names it; nothing is guessed. No I/O
 * here: the fuzzer feeds the same functions.
 *
 * EPROTO: the text is no JSON, or not what was asked for. Texts come out printable.
 */
#ifndef HOG_DOCKER_REPLY_H
#define HOG_DOCKER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

#define REPLY_LARGEST ((size_t)4 * 1024 * 1024)
#define ID_SIZE       65
#define NAME_SIZE     256

/* Of /version. */
struct reply_version {
	char engine[64];
	char api[16];
	char api_least[16];
	char platform[96];
};

/* Of /info. */
struct reply_info {
	char driver[32];        /* of cgroups: cgroupfs, systemd or none */
	char cgroup_version[8]; /* "1", "2"; "" from engines that do not say */
	char host[NAME_SIZE];
	uint64_t memory_bytes;
	bool limits_memory;
	bool limits_swap;
	bool is_rootless;
};

/* The label that our containers carry; its value is the mark of the run that made it. */
#define CONTAINER_LABEL "groupies.container"

/* Of /containers/ID/json. */
struct reply_container {
	char id[ID_SIZE];
	char name[NAME_SIZE];
	char image[NAME_SIZE];
	char run[32];    /* the mark of ours; "": it is not one of ours */
	char status[32]; /* created, running, exited... */
	char error[256];
	bool running;
	bool oom_killed;
	bool has_terminal;
	uint64_t pid;
	uint64_t exit_code;
	uint64_t memory_bytes; /* as the engine has kept it; 0: none */
	int64_t memory_swap;   /* memory and swap together; 0: not said, -1: none */
	char parent[NAME_SIZE];
};

/* A row of /containers/json. */
struct reply_row {
	char id[ID_SIZE];
	char name[NAME_SIZE];
};

/* Of /images/json. */
struct reply_image {
	char id[ID_SIZE];
	int64_t created; /* seconds since 1970; ours has 0 */
};

/*
 * Of /containers/ID/stats; SIZE_INFINITY: no limit. What an engine leaves out is 0, but for swap,
 * which is on v1 only: there 0 is a figure, and SIZE_INFINITY none.
 */
struct reply_stats {
	uint64_t usage_bytes;    /* with the page cache */
	uint64_t inactive_bytes; /* of it, what docker does not count */
	uint64_t limit_bytes;
	uint64_t peak_bytes;
	uint64_t anon_bytes;
	uint64_t cache_bytes;
	uint64_t swap_bytes;
	uint64_t tasks;
	uint64_t tasks_limit;
	uint64_t cpu_ns;
};

int reply_version_read(const char *text, size_t length, struct reply_version *ret,
		       struct error *err);
int reply_info_read(const char *text, size_t length, struct reply_info *ret, struct error *err);
int reply_container_read(const char *text, size_t length, struct reply_container *ret,
			 struct error *err);
int reply_stats_read(const char *text, size_t length, struct reply_stats *ret, struct error *err);

/* The containers of a list, in its order. The caller frees *ret_rows. Returns how many. */
int reply_rows_read(const char *text, size_t length, struct reply_row **ret_rows,
		    struct error *err);

/* The same of images. */
int reply_images_read(const char *text, size_t length, struct reply_image **ret_images,
		      struct error *err);

/* The id of what was made. */
int reply_id_read(const char *text, size_t length, char ret_id[ID_SIZE], struct error *err);

/* The text KEY of the object that TEXT is: `message` of a refusal. */
int reply_text_read(const char *text, size_t length, const char *key, char *ret_value, size_t size,
		    struct error *err);

/*
 * One message of a stream of progress (load, pull). Returns 0, or fails with the engine's own
 * sentence when the message is an error (EREMOTEIO).
 */
int reply_progress_read(const char *text, size_t length, struct error *err);

/* One event. Returns 1 when it tells of an oom, else 0. */
int reply_event_read(const char *text, size_t length, struct error *err);

#endif
