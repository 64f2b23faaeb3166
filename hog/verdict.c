/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "groupies/size.h"

/* Room for a size, a count or a share of cpu in words. */
#define WORDS_SIZE 96

/* MEMCG_CHARGE_BATCH of the kernel, 64 pages. */
#define CHARGED_IN_ADVANCE ((uint64_t)64 * 4096)

static void sentence_add(struct verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void sentence_add(struct verdict *verdict, const char *format, ...)
{
	size_t length = strlen(verdict->sentence);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(verdict->sentence + length, sizeof(verdict->sentence) - length, format,
			args);
	va_end(args);
}

/* How far it came: "9.6 MiB of 100 MiB", "14 of 100 tasks", "0 of 2 cpus". */
static const char *progress_words(const struct evidence *evidence, char words[WORDS_SIZE])
{
	const struct order *order = evidence->order;
	const struct told *told = evidence->told;
	uint64_t eaten = atomic_load(&told->eaten_bytes);
	char some[32], all[32];

	if (order->size_bytes && (eaten < order->size_bytes || !(order->tasks || order->cpus)))
		(void)snprintf(words, WORDS_SIZE, "%s of %s", size_print(eaten, some, sizeof(some)),
			       size_print(order->size_bytes, all, sizeof(all)));
	else if (order->tasks && (atomic_load(&told->tasks) < order->tasks || !order->cpus))
		(void)snprintf(words, WORDS_SIZE, "%" PRIu64 " of %" PRIu64 " tasks",
			       atomic_load(&told->tasks), order->tasks);
	else
		(void)snprintf(words, WORDS_SIZE, "%" PRIu64 " of %" PRIu64 " cpus",
			       atomic_load(&told->burners), order->cpus);
	return words;
}

/* Lays the blame on GROUP: its name, its limit and its counters. */
static void blame(const struct evidence *evidence, struct verdict *verdict, enum resource resource,
		  size_t group)
{
	static const char *const names[RESOURCE_COUNT] = {
		[RESOURCE_MEMORY] = "memory", [RESOURCE_TASKS] = "tasks", [RESOURCE_CPU] = "cpu"};
	const struct chain *chain = &evidence->chains->of[resource];
	const uint64_t *figures = evidence->before->figure[resource][group];

	verdict->by = names[resource];
	(void)chain_name(chain, group, verdict->group, sizeof(verdict->group));
	(void)chain_path(chain, group, verdict->path, sizeof(verdict->path));
	verdict->limit = figures[FIGURE_LIMIT];
	verdict->period_us = figures[FIGURE_PERIOD];
	verdict->hits =
		sample_rise(evidence->before, evidence->after, resource, group, FIGURE_HITS);
}

/* Of the groups where FIGURE rose the one with the lowest limit, or -1. */
static int group_that_rose(const struct evidence *evidence, enum resource resource,
			   enum figure figure)
{
	const struct chain *chain = &evidence->chains->of[resource];
	struct sample rose = *evidence->before;
	size_t group;

	for (group = 0; group < chain->count; group++) {
		if (sample_rise(evidence->before, evidence->after, resource, group, figure) == 0)
			rose.figure[resource][group][FIGURE_LIMIT] = SIZE_INFINITY;
	}
	return chain_tightest(chain, resource, &rose);
}

/*
 * Whose memory limit killed, or -1. Linux 6.18 (seen) does not count the hits of
 * memory+swap on v1, and where both limits are the same, those are all hits there are: then it is a
 * group that has been filled up to its limit, within what a processor charges in advance.
 */
static int group_that_killed(const struct evidence *evidence)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	int group = group_that_rose(evidence, RESOURCE_MEMORY, FIGURE_OOMS);
	struct sample filled = *evidence->before;
	size_t index;

	if (group >= 0 || chain->unified)
		return group;
	for (index = 0; index < chain->count; index++) {
		const uint64_t *after = evidence->after->figure[RESOURCE_MEMORY][index];

		if (after[FIGURE_PEAK] + CHARGED_IN_ADVANCE < after[FIGURE_LIMIT])
			filled.figure[RESOURCE_MEMORY][index][FIGURE_LIMIT] = SIZE_INFINITY;
	}
	return chain_tightest(chain, RESOURCE_MEMORY, &filled);
}

/* ", hits +12", or nothing where the kernel has counted none. */
static void sentence_add_hits(struct verdict *verdict)
{
	if (verdict->hits > 0)
		sentence_add(verdict, ", hits +%" PRIu64, verdict->hits);
	sentence_add(verdict, ")");
}

/* Killed, and the kernel has counted it as a kill for memory: whose limit was it? */
static void judge_memory_kill(const struct evidence *evidence, struct verdict *verdict)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	int group = group_that_killed(evidence);
	char words[WORDS_SIZE], limit[32], own[256];

	verdict->outcome = OUTCOME_KILLED;
	if (group < 0) {
		verdict->by = "host";
		sentence_add(verdict,
			     "killed by the whole host%s at %s (no memory limit that can be "
			     "seen here was hit, RAM %s, kills +%" PRIu64 ")",
			     chain->readable && chain->is_whole
				     ? ""
				     : ", or by a limit above this container,",
			     progress_words(evidence, words),
			     size_print(evidence->ram_bytes, limit, sizeof(limit)), verdict->kills);
		return;
	}
	blame(evidence, verdict, RESOURCE_MEMORY, (size_t)group);
	sentence_add(verdict, "killed by the memory limit of %s at %s (limit %s, kills +%" PRIu64,
		     verdict->group, progress_words(evidence, words),
		     size_print(verdict->limit, limit, sizeof(limit)), verdict->kills);
	if (group > 0)
		sentence_add(verdict, ", ancestor of %s", chain_name(chain, 0, own, sizeof(own)));
	sentence_add(verdict, ")");
}

/* SIGKILL comes from the kernel for memory, or from anybody who may send it. */
static void judge_kill(const struct evidence *evidence, struct verdict *verdict)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	char words[WORDS_SIZE], own[256];

	if (chain->readable)
		verdict->kills = sample_rise(evidence->before, evidence->after, RESOURCE_MEMORY, 0,
					     FIGURE_KILLS);
	if (verdict->kills == 0 && evidence->after->host_kills > evidence->before->host_kills)
		verdict->kills = evidence->after->host_kills - evidence->before->host_kills;
	if (verdict->kills > 0) {
		judge_memory_kill(evidence, verdict);
	} else if (!chain->readable) {
		verdict->outcome = OUTCOME_KILLED;
		sentence_add(verdict,
			     "killed at %s, most likely for memory: whose limit it was cannot "
			     "be seen, no cgroup is readable here (mount /proc and "
			     "/sys/fs/cgroup)",
			     progress_words(evidence, words));
	} else {
		verdict->outcome = OUTCOME_ENDED;
		sentence_add(verdict,
			     "killed by somebody's SIGKILL at %s, not for memory (no kill counted "
			     "in %s)",
			     progress_words(evidence, words),
			     chain_name(chain, 0, own, sizeof(own)));
	}
}

static void judge_signal(const struct evidence *evidence, struct verdict *verdict)
{
	int number = evidence->signal ? evidence->signal : WTERMSIG(evidence->status);
	char words[WORDS_SIZE];

	verdict->exit_code = 128 + number;
	if (number == SIGKILL) {
		judge_kill(evidence, verdict);
		return;
	}
	verdict->outcome = OUTCOME_ENDED;
	/* These are how one stops a program: whoever sent one knows. */
	if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT ||
	    number == SIGPIPE)
		return;
	sentence_add(verdict, "ended by signal %d at %s", number, progress_words(evidence, words));
}

/*
 * A fork failed. The group is the one that is full at that moment: v1 and kernels before 6.11 count
 * the refusal in the group of the process, not in the one whose limit it is.
 */
static void judge_refusal(const struct evidence *evidence, struct verdict *verdict)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_TASKS];
	const struct sample *full =
		evidence->told->is_full ? &evidence->told->full : evidence->after;
	struct sample at_limit = *full;
	uint64_t refusals = 0;
	char words[WORDS_SIZE];
	size_t index;
	int group;

	verdict->outcome = OUTCOME_REFUSED;
	verdict->exit_code = 1;
	for (index = 0; index < chain->count; index++) {
		uint64_t *figures = at_limit.figure[RESOURCE_TASKS][index];
		uint64_t rise = sample_rise(evidence->before, evidence->after, RESOURCE_TASKS,
					    index, FIGURE_HITS);

		if (figures[FIGURE_USED] < figures[FIGURE_LIMIT])
			figures[FIGURE_LIMIT] = SIZE_INFINITY;
		refusals = rise > refusals ? rise : refusals;
	}
	group = chain_tightest(chain, RESOURCE_TASKS, &at_limit);
	if (group < 0 && refusals > 0)
		group = chain_tightest(chain, RESOURCE_TASKS, full);
	if (group >= 0) {
		blame(evidence, verdict, RESOURCE_TASKS, (size_t)group);
		verdict->hits = refusals;
		sentence_add(verdict,
			     "refused by the tasks limit of %s at %s (limit %" PRIu64
			     ", refusals +%" PRIu64 ")",
			     verdict->group, progress_words(evidence, words), verdict->limit,
			     refusals);
	} else if (evidence->told->tasks_refused == EAGAIN &&
		   evidence->user_tasks != SIZE_INFINITY) {
		sentence_add(verdict,
			     "refused by this user's limit of processes at %s (limit %" PRIu64
			     ": raise it with ulimit -u)",
			     progress_words(evidence, words), evidence->user_tasks);
	} else {
		verdict->by = "host";
		sentence_add(verdict, "refused by the whole host at %s: %s",
			     progress_words(evidence, words),
			     strerror(evidence->told->tasks_refused));
	}
}

static void judge_lost_tasks(const struct evidence *evidence, struct verdict *verdict)
{
	char limit[32];
	int group = group_that_killed(evidence);

	verdict->outcome = OUTCOME_KILLED;
	verdict->exit_code = 137;
	verdict->kills =
		sample_rise(evidence->before, evidence->after, RESOURCE_MEMORY, 0, FIGURE_KILLS);
	sentence_add(verdict, "%" PRIu64 " of %" PRIu64 " tasks were killed",
		     evidence->told->tasks_killed, evidence->order->tasks);
	if (group < 0)
		return;
	blame(evidence, verdict, RESOURCE_MEMORY, (size_t)group);
	sentence_add(verdict, " by the memory limit of %s (limit %s, kills +%" PRIu64 ")",
		     verdict->group, size_print(verdict->limit, limit, sizeof(limit)),
		     verdict->kills);
}

static void judge_throttle(const struct evidence *evidence, struct verdict *verdict, size_t group)
{
	char words[WORDS_SIZE];

	verdict->outcome = OUTCOME_THROTTLED;
	blame(evidence, verdict, RESOURCE_CPU, group);
	sentence_add(verdict,
		     "throttled by the cpu limit of %s to %s (limit %" PRIu64
		     "%%, throttled +%" PRIu64 ")",
		     verdict->group,
		     cpu_print(evidence->told, evidence->order->cpus, words, sizeof(words)),
		     verdict->period_us ? verdict->limit * 100 / verdict->period_us : 0,
		     verdict->hits);
}

/* More than the limit was eaten and nobody died: where is it? */
static void judge_survival(const struct evidence *evidence, struct verdict *verdict, size_t group)
{
	const struct sample *full = &evidence->told->full;
	uint64_t swap = sample_rise(evidence->before, full, RESOURCE_MEMORY, group, FIGURE_SWAP);
	uint64_t limit_now = full->figure[RESOURCE_MEMORY][group][FIGURE_LIMIT];
	char all[32], limit[32], swapped[32];

	swap = full->swap_bytes > swap ? full->swap_bytes : swap;
	blame(evidence, verdict, RESOURCE_MEMORY, group);
	verdict->outcome = OUTCOME_SURVIVED;
	(void)size_print(evidence->order->size_bytes, all, sizeof(all));
	(void)size_print(verdict->limit, limit, sizeof(limit));
	if (evidence->order->kind == KIND_FILE) {
		sentence_add(verdict,
			     "survived the memory limit of %s: %s went through the page cache, "
			     "which the kernel takes back (limit %s",
			     verdict->group, all, limit);
		sentence_add_hits(verdict);
	} else if (swap > 0) {
		sentence_add(
			verdict, "survived the memory limit of %s: %s of %s went to swap (limit %s",
			verdict->group, size_print(swap, swapped, sizeof(swapped)), all, limit);
		sentence_add_hits(verdict);
	} else if (limit_now > verdict->limit) {
		sentence_add(verdict,
			     "survived the memory limit of %s: it was raised meanwhile, from %s "
			     "to %s",
			     verdict->group, limit,
			     size_print(limit_now, swapped, sizeof(swapped)));
	} else {
		verdict->outcome = OUTCOME_UNLIMITED;
		verdict->exit_code = 1;
		sentence_add(verdict,
			     "the memory limit of %s did not hold: %s eaten, none of it in swap "
			     "(limit %s",
			     verdict->group, all, limit);
		sentence_add_hits(verdict);
	}
}

/* The eater came to its end by itself. */
static void judge_end(const struct evidence *evidence, struct verdict *verdict)
{
	int cpu = group_that_rose(evidence, RESOURCE_CPU, FIGURE_HITS);
	int memory = chain_tightest(&evidence->chains->of[RESOURCE_MEMORY], RESOURCE_MEMORY,
				    evidence->before);

	if (evidence->told->tasks_killed)
		judge_lost_tasks(evidence, verdict);
	else if (evidence->told->tasks_refused)
		judge_refusal(evidence, verdict);
	else if (evidence->order->cpus && cpu >= 0)
		judge_throttle(evidence, verdict, (size_t)cpu);
	else if (memory >= 0 && evidence->told->is_full &&
		 evidence->order->size_bytes >
			 evidence->before->figure[RESOURCE_MEMORY][memory][FIGURE_LIMIT])
		judge_survival(evidence, verdict, (size_t)memory);
}

void verdict_reach(const struct evidence *evidence, struct verdict *ret_verdict)
{
	const struct told *told = evidence->told;

	memset(ret_verdict, 0, sizeof(*ret_verdict));
	if (evidence->signal || WIFSIGNALED(evidence->status)) {
		judge_signal(evidence, ret_verdict);
	} else if (told->err.code || WEXITSTATUS(evidence->status) != 0) {
		ret_verdict->outcome = OUTCOME_FAILED;
		ret_verdict->exit_code = 1;
		sentence_add(ret_verdict, "%s",
			     told->err.code ? told->err.text : "the eater gave up");
	} else {
		judge_end(evidence, ret_verdict);
	}
}
