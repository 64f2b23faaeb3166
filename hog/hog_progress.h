/* SPDX-License-Identifier: MIT */
/*
 * What hog says while it eats: lines, each written at once (whoever reads has it before a kill),
 * and on a terminal a bar, one write a frame.
 */
#ifndef HOG_PROGRESS_H
#define HOG_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "groupies/error.h"

struct progress {
	bool quiet;    /* --json */
	bool terminal; /* a bar can be drawn */
	bool colour;
	uint64_t limit_bytes; /* SIZE_INFINITY: none */
	uint64_t next_ns;     /* when to draw again */
	bool *bar_is_open;    /* shared with the supervisor: the cursor stands behind a bar */
};

/* Looks at stdout and at the environment (NO_COLOR, TERM). */
void progress_begin(struct progress *progress, bool quiet, uint64_t limit_bytes, bool *bar_is_open);

/* Says one line; FORMAT ends with a newline. EPIPE, ENOSPC and the like. */
int progress_say(struct progress *progress, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Draws the bar, at most twenty times a second unless NOW. */
void progress_bar(struct progress *progress, uint64_t done_bytes, uint64_t all_bytes, bool now);

/* Wipes the bar, or leaves it on a line of its own. */
void progress_bar_wipe(struct progress *progress);
void progress_bar_leave(struct progress *progress);

/* Writes all of TEXT to stdout at once. */
int output_write(const char *text, struct error *err);

/* Nanoseconds of a clock that only goes forward. */
uint64_t clock_ns(void);

#endif
