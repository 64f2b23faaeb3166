/* SPDX-License-Identifier: MIT */
/* Tasks and cpu: processes that do nothing, and processes that do nothing else. */
#include "eat.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Long enough not to measure the clock, short enough to stop in time. */
#define BURN_ROUNDS 100000

/* Forks something that ends with us. Returns as fork(2). */
static pid_t task_start(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		die_with(parent);
	return pid;
}

void eat_tasks(const struct order *order, struct told *told)
{
	uint64_t count;

	for (count = 0; count < order->tasks; count++) {
		pid_t pid = task_start();

		if (pid == 0) {
			for (;;)
				(void)pause();
		}
		if (pid < 0) {
			told->tasks_refused = errno;
			return;
		}
		told->pids[count] = pid;
		atomic_store(&told->tasks, count + 1);
	}
}

static void loss_add(struct loss *loss, int status, uint64_t busy_us)
{
	if (!WIFSIGNALED(status))
		return;
	loss->count++;
	loss->busy_us = busy_us;
	loss->signal = WTERMSIG(status);
}

void tasks_end(struct told *told)
{
	uint64_t index, count = atomic_load(&told->tasks);
	int status;

	/* One that has been killed already is still ours to wait for: its pid is not reused. */
	for (index = 0; index < count; index++) {
		if (waitpid(told->pids[index], &status, WNOHANG) == 0) {
			(void)kill(told->pids[index], SIGKILL);
			(void)waitpid(told->pids[index], &status, 0);
		} else {
			loss_add(&told->tasks_lost, status, 0);
		}
	}
}

static void burn_until(uint64_t end_ns)
{
	volatile uint64_t state = 1;
	int round;

	while (clock_ns() < end_ns) {
		for (round = 0; round < BURN_ROUNDS; round++)
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	}
}

static uint64_t time_us(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

void eat_cpu(const struct order *order, const struct chains *chains, struct told *told)
{
	uint64_t begin_ns = clock_ns(), count;
	uint64_t end_ns = order->hold ? UINT64_MAX : begin_ns + order->wait_ms * 1000000;
	pid_t *burners = told->pids + order->tasks;

	for (count = 0; count < order->cpus && !told->tasks_refused; count++) {
		pid_t pid = task_start();

		if (pid == 0) {
			burn_until(end_ns);
			_exit(0);
		}
		if (pid < 0) {
			told->tasks_refused = errno;
			/* Now, while the burners that did start make up the limit. */
			chains_sample(chains, &told->full);
			break;
		}
		burners[count] = pid;
		atomic_store(&told->burners, count + 1);
	}
	for (count = 0; count < order->cpus && burners[count]; count++) {
		struct rusage usage;
		uint64_t busy_us;
		int status;

		if (wait4(burners[count], &status, 0, &usage) < 0)
			continue;
		busy_us = time_us(&usage.ru_utime) + time_us(&usage.ru_stime);
		told->busy_us += busy_us;
		loss_add(&told->burners_lost, status, busy_us);
	}
	told->burn_us = (clock_ns() - begin_ns) / 1000;
}

const char *cpu_print(const struct told *told, uint64_t cpus, char *text, size_t size)
{
	uint64_t hundredths = told->burn_us ? told->busy_us * 100 / told->burn_us : 0;

	(void)snprintf(text, size, "%" PRIu64 ".%02" PRIu64 " of %" PRIu64 " cpus",
		       hundredths / 100, hundredths % 100, cpus);
	return text;
}
