/* SPDX-License-Identifier: MIT */
#include "docker_verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "groupies/size.h"

#define KILLED_CODE        137                     /* 128 and SIGKILL */
#define CHARGED_IN_ADVANCE ((uint64_t)1024 * 1024) /* by processors, at most about so much */

static const char *const ending_names[] = {
	[ENDING_FITS] = "fits",     [ENDING_SWAPPED] = "swapped",
	[ENDING_KILLED] = "killed", [ENDING_UNLIMITED] = "unlimited",
	[ENDING_ENDED] = "ended",   [ENDING_UNSETTLED] = "unsettled",
};

bool testimony_has_eaten(const struct testimony *testimony)
{
	return testimony->says_so ||
	       testimony->last.of[WORD_USAGE] + testimony->last.of[WORD_SWAP] >=
		       testimony->size_bytes - testimony->size_bytes / 10;
}

const char *ending_name(enum ending ending)
{
	return ending_names[ending];
}

static void say(struct judgement *judgement, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct judgement *judgement, const char *format, ...)
{
	size_t length = strlen(judgement->sentence);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(judgement->sentence + length, sizeof(judgement->sentence) - length, format,
			args);
	va_end(args);
}

struct words {
	char text[32];
};

static struct words size_words(uint64_t bytes)
{
	struct words words = {""};

	(void)size_print(bytes, words.text, sizeof(words.text));
	return words;
}

/* A limit of the kernel's is whole pages. */
static bool limit_matches(uint64_t asked, uint64_t has)
{
	return has <= asked && asked - has < 65536;
}

/* Compares what was asked for with what the kernel has: a line for each difference. */
static void compare(const struct testimony *testimony, struct judgement *judgement)
{
	const struct {
		enum word word;
		uint64_t asked;
	} rows[] = {{WORD_LIMIT, testimony->memory_bytes},
		    {WORD_SWAP_LIMIT, testimony->swap_bytes}};
	size_t index;

	for (index = 0; index < 2 && testimony->has_figures; index++) {
		const struct word_name *name = &word_names[rows[index].word];
		uint64_t has = testimony->last.of[rows[index].word];
		char number[32] = "unlimited";

		if (!testimony->last.has[rows[index].word] || limit_matches(rows[index].asked, has))
			continue;
		/* Where the host has no swap, none is used, limited or not. */
		if (rows[index].word == WORD_SWAP_LIMIT && testimony->host_swap_bytes == 0)
			continue;
		if (has != SIZE_INFINITY)
			(void)snprintf(number, sizeof(number), "%" PRIu64, has);
		(void)snprintf(judgement->mismatches[index], sizeof(judgement->mismatches[index]),
			       "%s: asked %" PRIu64 ", the kernel has %s in %s%s", name->word,
			       rows[index].asked, number,
			       testimony->unified ? name->source_v2 : name->source_v1,
			       rows[index].word == WORD_SWAP_LIMIT && !testimony->engine_limits_swap
				       ? " (this engine does no swap accounting)"
				       : "");
	}
}

/* REACHED may have been all that a limit of LIMIT bytes lets through. */
static bool is_at(uint64_t reached, uint64_t limit)
{
	return limit <= CHARGED_IN_ADVANCE || reached >= limit - CHARGED_IN_ADVANCE;
}

static bool has_killed(const struct testimony *testimony)
{
	return testimony->last.has[WORD_KILLS] && testimony->last.of[WORD_KILLS] > 0;
}

/*
 * Something was killed, and not by the container's own limit: that was never reached. A peak counts
 * if it was read behind the kill, with what had gone to swap, since v1 limits both together. Else
 * all that is known is how much hog was to eat.
 */
static bool own_is_innocent(const struct testimony *testimony)
{
	const struct figures *last = &testimony->last;
	uint64_t limit = testimony->after.of[0].limit_bytes;

	if (has_killed(testimony) && last->has[WORD_PEAK])
		return !is_at(last->of[WORD_PEAK] + last->of[WORD_SWAP], limit);
	return !testimony->running && testimony->is_hog && !is_at(testimony->size_bytes, limit);
}

/* Its peak is of all its life: it can show that the limit never fired, and no more. */
static bool level_is_innocent(const struct level *level)
{
	return level->limit_bytes == SIZE_INFINITY ||
	       (level->peak_bytes > 0 && !is_at(level->peak_bytes, level->limit_bytes));
}

/*
 * Chooses whose limit it was, or would be: the lowest, of those above best one that was hit. Those
 * that are higher than the container's own count where its own cannot have been it; a limit of
 * SIZE_INFINITY is then nobody's.
 */
static void choose_level(const struct testimony *testimony, struct judgement *judgement)
{
	const struct levels *after = &testimony->after;
	bool innocent = after->count > 0 && own_is_innocent(testimony), best_rose = false;
	size_t index, best = 0;

	judgement->limit_bytes = testimony->memory_bytes;
	for (index = 1; index < after->count; index++) {
		const struct level *level = &after->of[index];
		bool rose = index < testimony->before.count &&
			    level->hits > testimony->before.of[index].hits;

		if ((innocent ? level_is_innocent(level)
			      : level->limit_bytes >= after->of[0].limit_bytes) ||
		    (best_rose && !rose))
			continue;
		if ((rose && !best_rose) || best == 0 ||
		    level->limit_bytes < after->of[best].limit_bytes) {
			best = index;
			best_rose = rose;
		}
	}
	judgement->is_above = best > 0;
	if (innocent && best == 0) {
		judgement->limit_bytes = SIZE_INFINITY;
	} else if (after->count > 0) {
		judgement->limit_bytes = after->of[best].limit_bytes;
		(void)snprintf(judgement->group, sizeof(judgement->group), "%s",
			       after->of[best].path);
	}
}

/* " its own limit of 150 MiB", or whose above it. */
static void say_whose(const struct judgement *from, struct judgement *judgement,
		      const struct testimony *testimony)
{
	if (!from->is_above)
		say(judgement, "its own limit of %s", size_words(from->limit_bytes).text);
	else
		say(judgement,
		    "the limit of %s, %s, which is above the container; its own %s never "
		    "came into play",
		    from->group, size_words(from->limit_bytes).text,
		    size_words(testimony->memory_bytes).text);
}

/* The limit holds that killed; where it was none that is known, nothing is proved. */
static void say_whose_kill(const struct testimony *testimony, struct judgement *judgement)
{
	struct words own = size_words(testimony->memory_bytes);

	if (testimony->after.count == 0 && testimony->size_bytes <= testimony->memory_bytes) {
		judgement->limit_bytes = SIZE_INFINITY;
		say(judgement,
		    "killed by the whole host, or by a limit above the container, whose group was "
		    "gone before it was seen; its own %s would have been enough",
		    own.text);
	} else if (judgement->limit_bytes == SIZE_INFINITY) {
		say(judgement,
		    "killed by the whole host, or by a limit above the container that cannot be "
		    "seen; its own %s never came into play",
		    own.text);
	} else {
		say(judgement, "killed by ");
		say_whose(judgement, judgement, testimony);
	}
	judgement->held = judgement->limit_bytes != SIZE_INFINITY;
}

/* The four witnesses of a kill, and who of them does not agree. */
static void say_witnesses(const struct testimony *testimony, struct judgement *judgement)
{
	const struct word_name *kills = &word_names[WORD_KILLS];
	uint64_t counted = testimony->last.has[WORD_KILLS] ? testimony->last.of[WORD_KILLS] : 0;

	say(judgement, " (exit %" PRIu64 ", OOMKilled %s, ", testimony->exit_code,
	    testimony->oom_killed ? "true" : "false");
	if (testimony->oom_events >= 0)
		say(judgement, "oom events %d, ", testimony->oom_events);
	if (counted > 0)
		say(judgement, "kills %" PRIu64 " in %s)", counted,
		    testimony->unified ? kills->source_v2 : kills->source_v1);
	else
		say(judgement, "kills +%" PRIu64 " in /proc/vmstat oom_kill)",
		    testimony->host_kills);
	if (!testimony->oom_killed)
		say(judgement, "; the engine's OOMKilled disagrees with the kernel");
}

/*
 * Has the kernel counted a kill of this container? The host's count is of everybody: it is believed
 * where the group was gone too soon, and something else speaks for it.
 */
static bool kill_is_counted(const struct testimony *testimony, const struct judgement *judgement)
{
	const struct figures *last = &testimony->last;

	if (has_killed(testimony))
		return true;
	return testimony->host_kills > 0 &&
	       (testimony->oom_killed || testimony->oom_events > 0 ||
		(last->has[WORD_PEAK] && is_at(last->of[WORD_PEAK], judgement->limit_bytes)));
}

static void judge_end(const struct testimony *testimony, struct judgement *judgement)
{
	uint64_t peak = testimony->last.has[WORD_PEAK] ? testimony->last.of[WORD_PEAK]
						       : testimony->last.of[WORD_USAGE];

	/* 137 alone proves nothing: anybody may have sent SIGKILL. */
	if (testimony->exit_code == KILLED_CODE && kill_is_counted(testimony, judgement)) {
		judgement->ending = ENDING_KILLED;
		say_whose_kill(testimony, judgement);
		say(judgement, ": %s", peak ? "reached " : "was to eat ");
		if (peak)
			say(judgement, "%s of ", size_words(peak).text);
		say(judgement, "%s", size_words(testimony->size_bytes).text);
		say_witnesses(testimony, judgement);
		return;
	}
	judgement->ending = ENDING_ENDED;
	if (testimony->exit_code == KILLED_CODE)
		say(judgement,
		    "killed, but not for memory: somebody sent SIGKILL (exit 137, OOMKilled %s, "
		    "the kernel has counted no kill)",
		    testimony->oom_killed ? "true" : "false");
	else
		say(judgement,
		    "ended by itself with exit %" PRIu64
		    " before a limit could show: look at what it says",
		    testimony->exit_code);
}

/* Its first process lives, and others have died in it: a limit has fired all the same. */
static void judge_kills(const struct testimony *testimony, struct judgement *judgement)
{
	const struct word_name *name = &word_names[WORD_KILLS];
	uint64_t kills = testimony->last.of[WORD_KILLS];

	judgement->ending = ENDING_KILLED;
	say(judgement, "lives on, but %" PRIu64 " of its processes %s ", kills,
	    kills == 1 ? "was" : "were");
	say_whose_kill(testimony, judgement);
	if (testimony->last.has[WORD_PEAK])
		say(judgement, ": reached %s of %s", size_words(testimony->last.of[WORD_PEAK]).text,
		    size_words(testimony->size_bytes).text);
	say(judgement, " (kills %" PRIu64 " in %s)", kills,
	    testimony->unified ? name->source_v2 : name->source_v1);
}

/* An image that does not say how far it came may just have stopped. */
static void say_that_it_just_lives(const struct testimony *testimony, struct judgement *judgement)
{
	judgement->ending = ENDING_UNSETTLED;
	say(judgement,
	    "lives at %s of %s, within the limit of %s: nothing is proved: look at what it says, "
	    "or ask it for more",
	    size_words(testimony->last.of[WORD_USAGE]).text, size_words(testimony->size_bytes).text,
	    size_words(judgement->limit_bytes).text);
}

/* An engine elsewhere, on v2, tells nothing of swap. Where none was asked for, none may be in use. */
static void judge_without_swap(const struct testimony *testimony, struct judgement *judgement)
{
	struct words size = size_words(testimony->size_bytes);
	struct words limit = size_words(judgement->limit_bytes);

	if (testimony->swap_bytes > 0) {
		judgement->ending = ENDING_UNSETTLED;
		say(judgement,
		    "lives at %s of %s under a limit of %s: whether the rest is on swap cannot be "
		    "seen from here, so nothing is proved",
		    size_words(testimony->last.of[WORD_USAGE]).text, size.text, limit.text);
		return;
	}
	judgement->ending = ENDING_UNLIMITED;
	say(judgement,
	    "the limit did not hold: %s live under a limit of %s; whether any of it is on swap "
	    "cannot be seen from here",
	    size.text, limit.text);
}

/* It lives and has eaten more than its memory: where is the rest? */
static void judge_survival(const struct testimony *testimony, struct judgement *judgement)
{
	uint64_t swap = testimony->last.of[WORD_SWAP];

	if (swap > 0) {
		judgement->ending = ENDING_SWAPPED;
		judgement->held = testimony->swap_bytes > 0;
		say(judgement,
		    "lives at %s of memory with %s more on swap: memory is limited, the container "
		    "is not stopped",
		    size_words(testimony->last.of[WORD_USAGE]).text, size_words(swap).text);
		if (!judgement->held)
			say(judgement, "; no swap was asked for");
		return;
	}
	if (!testimony->says_so && testimony->last.of[WORD_USAGE] <= judgement->limit_bytes) {
		say_that_it_just_lives(testimony, judgement);
		return;
	}
	if (!testimony->last.has[WORD_SWAP]) {
		judge_without_swap(testimony, judgement);
		return;
	}
	judgement->ending = ENDING_UNLIMITED;
	say(judgement, "the limit did not hold: %s live under a limit of %s, none of it on swap",
	    size_words(testimony->size_bytes).text, size_words(judgement->limit_bytes).text);
}

static void judge_life(const struct testimony *testimony, struct judgement *judgement)
{
	if (has_killed(testimony)) {
		judge_kills(testimony, judgement);
	} else if (!testimony->is_settled) {
		judgement->ending = ENDING_UNSETTLED;
		say(judgement, "is still eating after all the time it had: nothing is proved");
	} else if (testimony->size_bytes > judgement->limit_bytes) {
		judge_survival(testimony, judgement);
	} else if (!testimony_has_eaten(testimony)) {
		say_that_it_just_lives(testimony, judgement);
	} else {
		judgement->ending = ENDING_FITS;
		judgement->held = true;
		say(judgement, "lives: %s fit into ", size_words(testimony->size_bytes).text);
		say_whose(judgement, judgement, testimony);
		say(judgement, " (usage %s, no kill)",
		    size_words(testimony->last.of[WORD_USAGE]).text);
	}
}

void judgement_reach(const struct testimony *testimony, struct judgement *ret)
{
	memset(ret, 0, sizeof(*ret));
	choose_level(testimony, ret);
	compare(testimony, ret);
	if (testimony->running)
		judge_life(testimony, ret);
	else
		judge_end(testimony, ret);
	if (*ret->mismatches[0] || *ret->mismatches[1])
		ret->held = false;
}
