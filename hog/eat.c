/* SPDX-License-Identifier: MIT */
#include "eat.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

void die_with(int parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have ended before the kernel was asked to watch it. */
	if (getppid() != parent)
		_exit(1);
}

void sleep_ms(uint64_t ms)
{
	struct timespec rest = {.tv_sec = (time_t)(ms / 1000),
				.tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* Keeps everything as long as was ordered. */
static int digest(const struct order *order, struct progress *progress, struct error *err)
{
	char seconds[32];

	if (order->hold) {
		if (progress_say(progress, err, "holding until a signal comes...\n") < 0)
			return -err->code;
		for (;;)
			(void)pause();
	}
	if (progress_say(progress, err, "sleeping for %s seconds...\n",
			 seconds_print(order->wait_ms, seconds, sizeof(seconds))) < 0)
		return -err->code;
	sleep_ms(order->wait_ms);
	return 0;
}

static int burn(const struct order *order, const struct chains *chains, struct progress *progress,
		struct told *told, struct error *err)
{
	char seconds[32], used[64];
	int said =
		order->hold
			? progress_say(progress, err,
				       "burning %" PRIu64 " cpus until a signal comes...\n",
				       order->cpus)
			: progress_say(progress, err,
				       "burning %" PRIu64 " cpus for %s seconds...\n", order->cpus,
				       seconds_print(order->wait_ms, seconds, sizeof(seconds)));

	if (said < 0)
		return said;
	eat_cpu(order, chains, told);
	return progress_say(progress, err, "used %s\n",
			    cpu_print(told, order->cpus, used, sizeof(used)));
}

static int courses(const struct order *order, const struct chains *chains,
		   struct progress *progress, struct told *told, struct error *err)
{
	if (order->size_bytes && eat_memory(order, progress, told, err) < 0)
		return -err->code;
	if (order->tasks) {
		if (progress_say(progress, err, "starting %" PRIu64 " tasks...\n", order->tasks) <
		    0)
			return -err->code;
		eat_tasks(order, told);
		if (progress_say(progress, err, "started %" PRIu64 " tasks\n",
				 atomic_load(&told->tasks)) < 0)
			return -err->code;
	}
	chains_sample(chains, &told->full);
	told->is_full = true;
	if (order->cpus)
		return burn(order, chains, progress, told, err);
	return digest(order, progress, err);
}

int eat(const struct order *order, const struct chains *chains, struct progress *progress,
	struct told *told)
{
	struct error err = ERROR_NONE;

	if (courses(order, chains, progress, told, &err) < 0)
		told->err = err;
	tasks_end(told);
	return told->err.code ? -1 : 0;
}
