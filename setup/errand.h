/* SPDX-License-Identifier: MIT */
/*
 * An errand: a script that a user runs, as it would after logging in: through su and its whole PAM
 * stack, with nothing of our environment, bounded in time, and with nothing of it left afterwards.
 */
#ifndef GROUPIES_SETUP_ERRAND_H
#define GROUPIES_SETUP_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

struct errand {
	char output[8192]; /* what it said on either stream, as much as fits */
	int exit_code;     /* 128 + N when signal N ended it, as a shell says it */
	bool is_late;      /* it was ended because its time was over */
	uint64_t wall_us;
	uint64_t cpu_us; /* of it and of all that it waited for */
};

/*
 * Runs SCRIPT as USER. WATCH, when it is not NULL, is called every few milliseconds meanwhile.
 * EINTR: SIGINT, SIGTERM or SIGHUP came; what was started is gone then, too.
 */
int errand_run(const char *user, const char *script, int wait_ms, void (*watch)(void *data),
	       void *data, struct errand *ret_errand, struct error *err);

#endif
