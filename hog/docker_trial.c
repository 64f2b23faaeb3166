/* SPDX-License-Identifier: MIT */
#include "docker_trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "docker_interrupt.h"
#include "groupies/host.h"
#include "groupies/size.h"

#define STEPS       40 /* it eats slowly enough to be seen */
#define STEP_TIME   "25ms"
#define LOOK_MS     5    /* between two looks at the kernel: a dead group is there for so long */
#define ASK_MS      100  /* between two questions to the engine */
#define SETTLE_MS   2000 /* an image that does not say when it is full: no more for so long */
#define IDLE_MS     10000 /* the same before it has what it is told to eat: it may be slow to begin */
#define ENDING_MS   20000 /* something in it was killed: the rest most often ends as well */
#define TRIAL_MS    120000
#define EVENT_TRIES 10

struct watch {
	struct engine *engine;
	const struct trial_order *order;
	struct trial *trial;
	struct group group;
	struct group parent; /* where one was chosen */
	struct levels parent_before;
	struct reply_container state;
	time_t began;
	uint64_t begin_ms;
	uint64_t asked_ms;
	uint64_t grew_ms; /* when it was seen to grow last */
	uint64_t grown_bytes;
	uint64_t kills_before;
};

static void watch_end(struct watch *watch)
{
	group_close(&watch->group);
	group_close(&watch->parent);
}

#define cleanup_watch __attribute__((cleanup(watch_end)))

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void trial_clear(struct trial *trial)
{
	free(trial->files);
	trial->files = NULL;
}

static int trial_create(struct watch *watch, struct error *err)
{
	const struct trial_order *order = watch->order;
	char size[32], step[32];
	uint64_t step_bytes = order->size_bytes / STEPS;
	const char *const hog[] = {size, "--hold", "--step", step, "--every", STEP_TIME, NULL};
	const char *const other[] = {size, NULL};
	struct container_plan plan = {.name = order->name,
				      .image = order->image,
				      .run = order->run,
				      .parent = order->parent,
				      .command = order->is_hog ? hog : other,
				      .memory_bytes = order->memory_bytes,
				      .swap_bytes = order->swap_bytes,
				      .is_hog = order->is_hog};

	/* Whole MiB as other images write them, else bytes. */
	if (order->size_bytes % (1024 * 1024) == 0)
		(void)snprintf(size, sizeof(size), "%" PRIu64 "M", order->size_bytes >> 20);
	else
		(void)snprintf(size, sizeof(size), "%" PRIu64, order->size_bytes);
	(void)snprintf(step, sizeof(step), "%" PRIu64, step_bytes > 4096 ? step_bytes : 4096);
	return container_create(watch->engine, &plan, watch->trial->id, err);
}

/* Notes what can be seen of a living group only: where it is, its files, its limit. */
static int portray(struct watch *watch, struct error *err)
{
	struct trial *trial = watch->trial;
	struct error ignored;
	FILE *out;

	trial->is_found = true;
	(void)snprintf(trial->directory, sizeof(trial->directory), "%s",
		       watch->group.directory[PLACE_MEMORY]);
	(void)group_limit_text(&watch->group, trial->limit_text, sizeof(trial->limit_text));
	out = open_memstream(&trial->files, &trial->files_length);
	if (!out)
		return error_errno(err, "the listing");
	(void)group_list_files(&watch->group, out, &ignored);
	if (fclose(out) != 0)
		return error_errno(err, "the listing");
	return 0;
}

/*
 * Keeps the last figures. Once the eater is dead the group is empty and about to go: then only what
 * has been counted is news.
 */
static void figures_keep(struct testimony *testimony, const struct figures *figures)
{
	static const enum word counted[] = {WORD_PEAK, WORD_HITS, WORD_KILLS};
	size_t index;

	/* The group went while it was read. */
	if (testimony->last.has[WORD_KILLS] && !figures->has[WORD_KILLS])
		return;
	if (!testimony->has_figures || !figures->has[WORD_KILLS] || figures->of[WORD_KILLS] == 0) {
		testimony->last = *figures;
		testimony->has_figures = true;
		return;
	}
	/* A peak from before the kill explains nothing. */
	if (testimony->last.of[WORD_KILLS] == 0)
		testimony->last.has[WORD_PEAK] = figures->has[WORD_PEAK];
	for (index = 0; index < sizeof(counted) / sizeof(*counted); index++) {
		if (figures->has[counted[index]])
			testimony->last.of[counted[index]] = figures->of[counted[index]];
	}
}

/* Looks at the kernel. Returns 0 when the group is gone. */
static int look(struct watch *watch)
{
	struct testimony *testimony = &watch->trial->testimony;
	struct figures figures;
	struct error ignored;
	uint64_t usage;

	if (!watch->trial->is_found)
		return 1;
	group_levels(&watch->group, &testimony->after);
	if (group_sample(&watch->group, &figures) == 0)
		return 0;
	figures_keep(testimony, &figures);
	if (testimony->last.of[WORD_KILLS] == 0)
		(void)group_stat_text(&watch->group, watch->trial->stat, sizeof(watch->trial->stat),
				      &ignored);
	/* Other images do not say when they are full: what has not grown by 1 % is. */
	usage = figures.of[WORD_USAGE] + figures.of[WORD_SWAP];
	if (usage > watch->grown_bytes + watch->grown_bytes / 100) {
		watch->grown_bytes = usage;
		watch->grew_ms = now_ms();
	}
	return 1;
}

/* The last line of TEXT that is not empty. */
static void last_line_copy(char *to, size_t size, const char *text)
{
	size_t length = strlen(text), begin;

	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
		length--;
	for (begin = length; begin > 0 && text[begin - 1] != '\n'; begin--)
		;
	(void)snprintf(to, size, "%.*s", (int)(length - begin), text + begin);
}

static int ask_how_it_is(struct watch *watch, struct error *err)
{
	struct testimony *testimony = &watch->trial->testimony;

	if (container_inspect(watch->engine, watch->trial->id, &watch->state, err) < 0)
		return -err->code;
	testimony->running = watch->state.running;
	testimony->oom_killed = watch->state.oom_killed;
	testimony->exit_code = watch->state.exit_code;
	return 0;
}

/* Asks the engine how the container is, and what it says. */
static int ask(struct watch *watch, struct error *err)
{
	struct testimony *testimony = &watch->trial->testimony;
	struct frames frames;
	uint64_t quiet_ms;

	if (ask_how_it_is(watch, err) < 0 ||
	    container_output(watch->engine, &watch->state, &frames, err) < 0)
		return -err->code;
	last_line_copy(watch->trial->said, sizeof(watch->trial->said), frames.text);
	testimony->says_so =
		watch->order->is_hog && strstr(frames.text, "holding until a signal") != NULL;
	quiet_ms = testimony->last.of[WORD_KILLS] > 0 ? ENDING_MS
		   : testimony_has_eaten(testimony)   ? SETTLE_MS
						      : IDLE_MS;
	testimony->is_settled =
		watch->order->is_hog ? testimony->says_so : now_ms() - watch->grew_ms > quiet_ms;
	watch->asked_ms = now_ms();
	return 0;
}

/* From the start on: the group is found as soon as it is there. */
static int begin(struct watch *watch, struct error *err)
{
	struct testimony *testimony = &watch->trial->testimony;
	int found;

	if (*watch->order->parent_group &&
	    group_open(&watch->parent, watch->order->parent_group, err) < 0)
		return -err->code;
	group_levels(&watch->parent, &watch->parent_before);
	watch->began = time(NULL);
	watch->kills_before = host_kills();
	if (container_start(watch->engine, watch->trial->id, err) < 0 ||
	    container_inspect(watch->engine, watch->trial->id, &watch->state, err) < 0)
		return -err->code;
	watch->begin_ms = watch->grew_ms = now_ms();
	found = container_group_find(&watch->group, watch->state.pid, watch->trial->id, err);
	if (found < 0 || (found > 0 && portray(watch, err) < 0))
		return -err->code;
	testimony->unified = watch->group.unified;
	group_levels(&watch->group, &testimony->before);
	return 0;
}

static int watch_until_settled(struct watch *watch, struct error *err)
{
	const struct testimony *testimony = &watch->trial->testimony;

	while (now_ms() - watch->begin_ms < TRIAL_MS) {
		int alive = look(watch);

		if (!alive || now_ms() - watch->asked_ms >= ASK_MS) {
			if (ask(watch, err) < 0)
				return -err->code;
			if (!testimony->running || testimony->is_settled)
				break;
		}
		if (interrupt_sleep(LOOK_MS, err) < 0)
			return -err->code;
	}
	(void)look(watch);
	/* It may have ended while it was looked at: it lives if it does so behind the last look. */
	return testimony->running ? ask_how_it_is(watch, err) : 0;
}

/* An event may come a moment later than the end; not every engine has it. */
static int hear_events(struct watch *watch, struct error *err)
{
	struct testimony *testimony = &watch->trial->testimony;
	struct error ignored;
	int try;

	testimony->host_kills = host_kills() - watch->kills_before;
	for (try = 0; !testimony->running && try < EVENT_TRIES; try++) {
		testimony->oom_events = container_oom_events(watch->engine, watch->trial->id,
							     watch->began - 1, &ignored);
		if (testimony->oom_events != 0 || testimony->host_kills == 0)
			return 0;
		if (interrupt_sleep(50, err) < 0)
			return -err->code;
	}
	return 0;
}

/* The levels from the parent up, below which what was asked for stands in for the container. */
static void levels_below(const struct watch *watch, const struct levels *above, struct levels *ret)
{
	size_t index;

	ret->of[0] = (struct level){.limit_bytes = watch->order->memory_bytes};
	for (index = 0; index < above->count && index + 1 < GROUP_LEVELS; index++)
		ret->of[index + 1] = above->of[index];
	ret->count = index + 1;
}

/* A container may be killed before anybody has seen its group; the parent that was chosen stays. */
static void ask_the_parent(struct watch *watch)
{
	struct testimony *testimony = &watch->trial->testimony;
	struct levels now = {0};

	if (watch->trial->is_found || watch->parent_before.count == 0)
		return;
	group_levels(&watch->parent, &now);
	levels_below(watch, &watch->parent_before, &testimony->before);
	levels_below(watch, &now, &testimony->after);
}

/* The row that is shown: the last that was seen of the group, or what the engine counts. */
static void row_fill(struct watch *watch, const struct reply_info *info)
{
	struct trial *trial = watch->trial;
	struct row *row = &trial->row;
	struct reply_stats stats;
	struct error ignored;

	(void)snprintf(row->id, sizeof(row->id), "%s", trial->id);
	(void)snprintf(row->name, sizeof(row->name), "%s", watch->order->name);
	row->cpu_percent = -1;
	row->figures = trial->testimony.last;
	if (!trial->is_found && trial->testimony.running &&
	    container_stats(watch->engine, trial->id, &stats, &ignored) >= 0) {
		row_take_stats(row, &stats);
		trial->testimony.last = row->figures;
		trial->testimony.has_figures = true;
	}
	row->most_bytes = row->figures.of[WORD_LIMIT] < info->memory_bytes
				  ? row->figures.of[WORD_LIMIT]
				  : info->memory_bytes;
}

int trial_run(struct engine *engine, const struct reply_info *info, const struct trial_order *order,
	      struct trial *ret_trial, struct error *err)
{
	cleanup_watch struct watch watch = {.engine = engine, .order = order, .trial = ret_trial};
	struct testimony *testimony = &ret_trial->testimony;

	memset(ret_trial, 0, sizeof(*ret_trial));
	group_clear(&watch.group);
	group_clear(&watch.parent);
	testimony->size_bytes = order->size_bytes;
	testimony->is_hog = order->is_hog;
	testimony->memory_bytes = order->memory_bytes;
	testimony->swap_bytes = order->swap_bytes;
	testimony->engine_limits_swap = info->limits_swap;
	testimony->host_swap_bytes = host_swap_bytes();
	if (trial_create(&watch, err) < 0)
		return error_context(err, "%s", order->name);
	if (begin(&watch, err) < 0 || watch_until_settled(&watch, err) < 0 ||
	    hear_events(&watch, err) < 0) {
		/* It was there. */
		if (err->code == ENOENT)
			return error_set(err, EREMOTEIO,
					 "container %s: somebody else has removed it meanwhile",
					 order->name);
		return error_context(err, "%s", order->name);
	}
	ask_the_parent(&watch);
	row_fill(&watch, info);
	judgement_reach(testimony, &ret_trial->judgement);
	return 0;
}
