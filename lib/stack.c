/* SPDX-License-Identifier: MIT */
#include "groupies/stack.h"

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>

#define STACK_LEAST ((rlim_t)1024 * 1024)

int stack_widen(struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur >= STACK_LEAST)
		return 0;
	limit.rlim_cur = STACK_LEAST;
	if (limit.rlim_max < STACK_LEAST)
		limit.rlim_max = STACK_LEAST;
	/* musl's setrlimit(3) is for threads, and large. */
	return prlimit(0, RLIMIT_STACK, &limit, NULL) == 0
		       ? 0
		       : error_set(err, ENOMEM, "the stack is too small: ulimit -s 1024");
}
