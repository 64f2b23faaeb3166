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

/* What an eater has besides what it tells: itself, and a huge page that it was about to write. */
#define UNTOLD_BYTES      ((uint64_t)1024 * 1024)
#define UNTOLD_HUGE_BYTES ((uint64_t)3 * 1024 * 1024)
#define TASK_BYTES        ((uint64_t)128 * 1024)

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

/*
 * The limits that ended it: those of its end, since somebody may have set them meanwhile; those of
 * before where they have been taken away.
 */
static void limits_at_end(const struct evidence *evidence, enum resource resource,
			  struct sample *ret_sample)
{
	size_t group;

	*ret_sample = *evidence->after;
	for (group = 0; group < evidence->chains->of[resource].count; group++) {
		uint64_t *figures = ret_sample->figure[resource][group];
		const uint64_t *before = evidence->before->figure[resource][group];

		if (figures[FIGURE_LIMIT] == SIZE_INFINITY) {
			figures[FIGURE_LIMIT] = before[FIGURE_LIMIT];
			figures[FIGURE_PERIOD] = before[FIGURE_PERIOD];
		}
	}
}

/* Lays the blame on GROUP: its name, its limit (that of LIMITS) and its counters. */
static void blame(const struct evidence *evidence, struct verdict *verdict, enum resource resource,
		  size_t group, const struct sample *limits)
{
	static const char *const names[RESOURCE_COUNT] = {
		[RESOURCE_MEMORY] = "memory", [RESOURCE_TASKS] = "tasks", [RESOURCE_CPU] = "cpu"};
	const struct chain *chain = &evidence->chains->of[resource];
	const uint64_t *figures = limits->figure[resource][group];

	verdict->by = names[resource];
	(void)chain_name(chain, group, verdict->group, sizeof(verdict->group));
	(void)chain_path(chain, group, verdict->path, sizeof(verdict->path));
	verdict->limit = figures[FIGURE_LIMIT];
	verdict->period_us = figures[FIGURE_PERIOD];
	verdict->hits =
		sample_rise(evidence->before, evidence->after, resource, group, FIGURE_HITS);
}

/* Of the groups where FIGURE rose since then the one with the lowest limit, or -1. */
static int group_that_rose(const struct evidence *evidence, const struct sample *since,
			   enum resource resource, enum figure figure)
{
	const struct chain *chain = &evidence->chains->of[resource];
	struct sample rose;
	size_t group;

	limits_at_end(evidence, resource, &rose);
	for (group = 0; group < chain->count; group++) {
		if (sample_rise(since, evidence->after, resource, group, figure) == 0)
			rose.figure[resource][group][FIGURE_LIMIT] = SIZE_INFINITY;
	}
	return chain_tightest(chain, resource, &rose);
}

/*
 * Whether GROUP can have been full when the eater was killed: with what is left in it and what went
 * with the eater, page tables and an unfinished helping included.
 */
static bool group_was_full(const struct evidence *evidence, size_t group)
{
	const uint64_t *after = evidence->after->figure[RESOURCE_MEMORY][group];
	uint64_t eaten = atomic_load(&evidence->told->eaten_bytes);
	uint64_t tasks = atomic_load(&evidence->told->tasks);
	uint64_t untold = evidence->order->thp ? UNTOLD_HUGE_BYTES : UNTOLD_BYTES;

	return after[FIGURE_USED] + eaten + eaten / 128 + tasks * TASK_BYTES + untold >=
	       after[FIGURE_LIMIT];
}

/* What speaks for a group. */
enum {
	SIGN_ROSE = 1,   /* its limit was run into since then; on v1 page cache does that, too */
	SIGN_FILLED = 2, /* it has been full, within what a processor charges in advance */
	SIGN_FULL = 4,   /* it can have been full just now */
};

static unsigned group_signs(const struct evidence *evidence, const struct sample *since,
			    size_t group)
{
	const uint64_t *after = evidence->after->figure[RESOURCE_MEMORY][group];
	uint64_t rise = sample_rise(since, evidence->after, RESOURCE_MEMORY, group, FIGURE_OOMS);

	return (rise ? SIGN_ROSE : 0) | (group_was_full(evidence, group) ? SIGN_FULL : 0) |
	       (after[FIGURE_PEAK] + CHARGED_IN_ADVANCE >= after[FIGURE_LIMIT] ? SIGN_FILLED : 0);
}

/*
 * Of the groups that have all SIGNS the one with the least room left, or -1; *COUNT: how many have.
 * What was killed went from all of them alike: the one that was full has the least.
 */
static int group_with_signs(const struct evidence *evidence, const struct sample *since,
			    unsigned signs, size_t *count)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	struct sample limits;
	size_t group;

	limits_at_end(evidence, RESOURCE_MEMORY, &limits);
	*count = 0;
	for (group = 0; group < chain->count; group++) {
		uint64_t *limit = &limits.figure[RESOURCE_MEMORY][group][FIGURE_LIMIT];
		uint64_t used = evidence->after->figure[RESOURCE_MEMORY][group][FIGURE_USED];

		if ((group_signs(evidence, since, group) & signs) != signs)
			*limit = SIZE_INFINITY;
		if (*limit == SIZE_INFINITY)
			continue;
		*limit = *limit > used ? *limit - used : 0;
		(*count)++;
	}
	return chain_tightest(chain, RESOURCE_MEMORY, &limits);
}

/*
 * Whose memory limit killed, or -1; *DOUBT where it is no more than likely. v2 counts it. Of v1 the
 * best signs that there are: Linux 6.18 (seen) does not even count the hits of memory+swap, and
 * where both limits are the same, those are all hits there are. In a container whose limit stands on
 * two levels (crun's) the kernel counts at the upper one, which cannot be seen: the one that can be
 * was as good as full.
 */
static int group_that_killed(const struct evidence *evidence, const struct sample *since,
			     bool *doubt)
{
	static const struct {
		unsigned signs;
		bool doubt;
	} steps[] = {{SIGN_ROSE | SIGN_FULL, false},
		     {SIGN_FILLED | SIGN_FULL, false},
		     {SIGN_ROSE, true},
		     {SIGN_FILLED, true},
		     {SIGN_FULL, true}};
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	size_t last = sizeof(steps) / sizeof(*steps) - 1, index = 0, count;
	int group = -1;

	if (chain->unified) {
		group = group_that_rose(evidence, since, RESOURCE_MEMORY, FIGURE_OOMS);
		index = last;
	}
	for (; index < last + !chain->is_whole && group < 0; index++) {
		group = group_with_signs(evidence, since, steps[index].signs, &count);
		if (group >= 0 && (steps[index].doubt || count > 1))
			*doubt = true;
	}
	return group;
}

/* ", hits +12", or nothing where the kernel has counted none. */
static void sentence_add_hits(struct verdict *verdict)
{
	if (verdict->hits > 0)
		sentence_add(verdict, ", hits +%" PRIu64, verdict->hits);
	sentence_add(verdict, ")");
}

/* Somebody was killed: as far as is certain not before SINCE, AT that much. */
struct death {
	const struct sample *since;
	uint64_t count; /* how many died */
	const char *at; /* " at 9.6 MiB of 100 MiB", or nothing */
};

/*
 * How many the kernel has killed for memory: of our own group, and only where it does not count
 * those, of the whole host, *DOUBT then. SIZE_INFINITY: it counts neither.
 */
static uint64_t kills_counted(const struct evidence *evidence, const struct sample *since,
			      bool *doubt)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	const struct sample *after = evidence->after;

	*doubt = !chain->readable ||
		 after->figure[RESOURCE_MEMORY][0][FIGURE_KILLS] == SIZE_INFINITY;
	if (!*doubt)
		return sample_rise(since, after, RESOURCE_MEMORY, 0, FIGURE_KILLS);
	if (after->host_kills == SIZE_INFINITY)
		return SIZE_INFINITY;
	return after->host_kills > since->host_kills ? after->host_kills - since->host_kills : 0;
}

/* Killed, and the kernel has counted it as a kill for memory: whose limit was it? */
static void judge_memory_kill(const struct evidence *evidence, struct verdict *verdict,
			      const struct death *death, bool doubt)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	int group = group_that_killed(evidence, death->since, &doubt);
	struct sample limits;
	char limit[32], own[256];

	limits_at_end(evidence, RESOURCE_MEMORY, &limits);
	verdict->outcome = OUTCOME_KILLED;
	sentence_add(verdict, "killed%s",
		     doubt || verdict->kills < death->count ? ", most likely" : "");
	if (group < 0) {
		verdict->by = "host";
		sentence_add(verdict,
			     " by the whole host%s%s (no memory limit that can be "
			     "seen here was hit, RAM %s, kills +%" PRIu64 ")",
			     chain->is_whole ? "" : ", or by a limit above this container,",
			     death->at, size_print(evidence->ram_bytes, limit, sizeof(limit)),
			     verdict->kills);
		return;
	}
	blame(evidence, verdict, RESOURCE_MEMORY, (size_t)group, &limits);
	sentence_add(verdict, " by the memory limit of %s%s (limit %s, kills +%" PRIu64,
		     verdict->group, death->at, size_print(verdict->limit, limit, sizeof(limit)),
		     verdict->kills);
	if (group > 0)
		sentence_add(verdict, ", ancestor of %s", chain_name(chain, 0, own, sizeof(own)));
	sentence_add(verdict, ")");
}

/* SIGKILL comes from the kernel for memory, or from anybody who may send it. */
static void judge_kill(const struct evidence *evidence, struct verdict *verdict,
		       const struct death *death)
{
	const struct chain *chain = &evidence->chains->of[RESOURCE_MEMORY];
	char own[256];
	bool doubt;
	uint64_t kills = kills_counted(evidence, death->since, &doubt);

	if (kills == 0) {
		verdict->outcome = OUTCOME_ENDED;
		sentence_add(verdict,
			     "killed by somebody's SIGKILL%s, not for memory (no kill counted "
			     "in %s)",
			     death->at,
			     doubt ? "this host" : chain_name(chain, 0, own, sizeof(own)));
	} else if (chain->readable && kills != SIZE_INFINITY) {
		verdict->kills = kills;
		judge_memory_kill(evidence, verdict, death, doubt);
	} else {
		verdict->outcome = OUTCOME_KILLED;
		sentence_add(verdict,
			     "killed%s, most likely for memory: whose limit it was cannot "
			     "be seen, no %s is readable here (mount /proc and "
			     "/sys/fs/cgroup)",
			     death->at, chain->readable ? "count of kills" : "cgroup");
	}
}

static void judge_signal(const struct evidence *evidence, struct verdict *verdict)
{
	int number = evidence->signal ? evidence->signal : WTERMSIG(evidence->status);
	char words[WORDS_SIZE], at[WORDS_SIZE + 4];
	struct death death = {.since = evidence->alive, .count = 1, .at = at};

	verdict->exit_code = 128 + number;
	if (number == SIGKILL) {
		(void)snprintf(at, sizeof(at), " at %s", progress_words(evidence, words));
		judge_kill(evidence, verdict, &death);
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
		blame(evidence, verdict, RESOURCE_TASKS, (size_t)group, full);
		verdict->hits = refusals;
		sentence_add(verdict,
			     "refused by the tasks limit of %s at %s (limit %" PRIu64
			     ", refusals +%" PRIu64 ")",
			     verdict->group, progress_words(evidence, words), verdict->limit,
			     refusals);
	} else if (evidence->told->tasks_refused == EAGAIN &&
		   evidence->user_tasks != SIZE_INFINITY) {
		sentence_add(verdict,
			     "refused by this user's limit of processes%s at %s (limit %" PRIu64
			     ": raise it with ulimit -u)",
			     chain->is_whole ? "" : ", or by a limit that cannot be seen here,",
			     progress_words(evidence, words), evidence->user_tasks);
	} else if (evidence->told->tasks_refused == EAGAIN && !chain->is_whole) {
		sentence_add(verdict, "refused by a limit that cannot be seen here at %s",
			     progress_words(evidence, words));
	} else {
		verdict->by = "host";
		sentence_add(verdict, "refused by the whole host at %s: %s",
			     progress_words(evidence, words),
			     strerror(evidence->told->tasks_refused));
	}
}

/* Of what the eater has started, some were ended by a signal. */
static void judge_loss(const struct evidence *evidence, struct verdict *verdict,
		       const struct loss *loss, uint64_t of, const char *what)
{
	struct death death = {.since = evidence->before, .count = loss->count, .at = ""};

	verdict->outcome = OUTCOME_ENDED;
	verdict->exit_code = 128 + loss->signal;
	sentence_add(verdict, "%" PRIu64 " of %" PRIu64 " %s were ", loss->count, of, what);
	/*
	 * The kernel sends SIGKILL where the soft limit is the hard one, as ulimit -t sets them.
	 * It counts whole ticks then, and tells exact times afterwards: on a busy host they differ.
	 */
	if (loss->signal == SIGKILL && loss->busy_us >= evidence->cpu_us / 2)
		sentence_add(verdict,
			     "killed, most likely by their limit of cpu time (%" PRIu64
			     " s: raise it with ulimit -t)",
			     evidence->cpu_us / 1000000);
	else if (loss->signal == SIGKILL)
		judge_kill(evidence, verdict, &death);
	else
		sentence_add(verdict, "ended by signal %d", loss->signal);
}

static void judge_throttle(const struct evidence *evidence, struct verdict *verdict, size_t group)
{
	struct sample limits;
	char words[WORDS_SIZE];

	limits_at_end(evidence, RESOURCE_CPU, &limits);
	verdict->outcome = OUTCOME_THROTTLED;
	blame(evidence, verdict, RESOURCE_CPU, group, &limits);
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
	blame(evidence, verdict, RESOURCE_MEMORY, group, evidence->before);
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
	int cpu = group_that_rose(evidence, evidence->before, RESOURCE_CPU, FIGURE_HITS);
	int memory = chain_tightest(&evidence->chains->of[RESOURCE_MEMORY], RESOURCE_MEMORY,
				    evidence->before);
	const struct told *told = evidence->told;

	if (told->tasks_lost.count)
		judge_loss(evidence, verdict, &told->tasks_lost, evidence->order->tasks, "tasks");
	else if (told->burners_lost.count)
		judge_loss(evidence, verdict, &told->burners_lost, evidence->order->cpus,
			   "processes that kept a cpu busy");
	else if (told->tasks_refused)
		judge_refusal(evidence, verdict);
	else if (evidence->order->cpus && cpu >= 0)
		judge_throttle(evidence, verdict, (size_t)cpu);
	else if (memory >= 0 && told->is_full &&
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
