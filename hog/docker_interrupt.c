/* SPDX-License-Identifier: MIT */
#include "docker_interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static volatile sig_atomic_t caught, count;

static void remember(int number)
{
	if (!caught)
		caught = number;
	if (count < SIG_ATOMIC_MAX)
		count++;
}

void interrupt_watch(void)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = remember}, old;
	size_t index;

	(void)sigfillset(&action.sa_mask);
	for (index = 0; index < sizeof(ending) / sizeof(*ending); index++) {
		/* What was ignored when we were started (nohup) stays ignored. */
		if (sigaction(ending[index], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(ending[index], &action, NULL);
	}
	(void)signal(SIGPIPE, SIG_IGN);
}

int interrupt_signal(void)
{
	return caught;
}

int interrupt_count(void)
{
	return count;
}

int interrupt_sleep(uint64_t ms, struct error *err)
{
	struct timespec rest = {.tv_sec = (time_t)(ms / 1000),
				.tv_nsec = (long)(ms % 1000) * 1000000};

	/* A signal between the question and the sleep costs one sleep, and those are short. */
	if (!caught)
		(void)nanosleep(&rest, NULL);
	return caught ? error_set(err, EINTR, "interrupted") : 0;
}
