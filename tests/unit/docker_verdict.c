/* SPDX-License-Identifier: MIT */
#include "docker_verdict.h"

#include "groupies/size.h"

#include "unit.h"

#define MIB ((uint64_t)1024 * 1024)

/* 200 MiB under 150 MiB, killed, with every witness of one mind, on v1. */
static struct testimony killed(void)
{
	struct testimony testimony = {.size_bytes = 200 * MIB,
				      .memory_bytes = 150 * MIB,
				      .oom_killed = true,
				      .exit_code = 137,
				      .oom_events = 1,
				      .engine_limits_swap = true,
				      .has_figures = true,
				      .host_kills = 1};
	int word;

	for (word = 0; word < WORD_COUNT; word++)
		testimony.last.has[word] = true;
	testimony.last.of[WORD_LIMIT] = 150 * MIB;
	testimony.last.of[WORD_PEAK] = 150 * MIB;
	testimony.last.of[WORD_USAGE] = 150 * MIB;
	testimony.last.of[WORD_KILLS] = 1;
	testimony.after.count = 2;
	testimony.after.of[0] = (struct level){"/docker/x", 150 * MIB, 1, 0};
	testimony.after.of[1] = (struct level){"/docker", SIZE_INFINITY, 0, 0};
	testimony.before = testimony.after;
	return testimony;
}

/* SIZE lives. */
static struct testimony living(uint64_t size_bytes)
{
	struct testimony testimony = killed();

	testimony.size_bytes = size_bytes;
	testimony.running = true;
	testimony.is_settled = true;
	testimony.oom_killed = false;
	testimony.exit_code = 0;
	testimony.oom_events = 0;
	testimony.host_kills = 0;
	testimony.last.of[WORD_KILLS] = 0;
	return testimony;
}

static struct judgement judge(const struct testimony *testimony)
{
	struct judgement judgement;

	judgement_reach(testimony, &judgement);
	return judgement;
}

static void assert_says(const struct judgement *judgement, const char *words)
{
	if (!strstr(judgement->sentence, words))
		print_error("'%s' is not in '%s'\n", words, judgement->sentence);
	assert_non_null(strstr(judgement->sentence, words));
}

static void calls_a_kill_a_kill(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement = judge(&testimony);

	(void)state;
	assert_int_equal(judgement.ending, ENDING_KILLED);
	assert_true(judgement.held && !judgement.is_above);
	assert_string_equal(judgement.sentence,
			    "killed by its own limit of 150 MiB: reached 150 MiB of 200 MiB (exit "
			    "137, OOMKilled true, oom events 1, kills 1 in memory.oom_control "
			    "oom_kill)");
}

static void has_the_files_of_v2_on_v2(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.unified = true;
	judgement = judge(&testimony);
	assert_says(&judgement, "kills 1 in memory.events oom_kill)");
}

static void does_not_believe_137_alone(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_KILLS] = 0;
	testimony.host_kills = 0;
	testimony.oom_killed = false;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_ENDED);
	assert_false(judgement.held);
	assert_says(&judgement, "somebody sent SIGKILL");
}

static void takes_the_hosts_count_where_the_group_was_gone_too_soon(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_KILLS] = 0;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_KILLED);
	assert_says(&judgement, "kills +1 in /proc/vmstat oom_kill)");
}

static void does_not_blame_a_limit_that_was_enough(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.size_bytes = 100 * MIB;
	testimony.has_figures = false;
	memset(&testimony.last, 0, sizeof(testimony.last));
	testimony.after.count = testimony.before.count = 0;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_KILLED);
	assert_says(&judgement, "killed by the whole host, or by a limit above the container, ");
	assert_says(&judgement, "its own 150 MiB would have been enough: was to eat 100 MiB (");
	assert_true(judgement.limit_bytes == SIZE_INFINITY);
}

static void does_not_take_a_strangers_kill_for_its_own(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_KILLS] = 0;
	testimony.last.of[WORD_PEAK] = 100 * MIB;
	testimony.oom_killed = false;
	testimony.oom_events = 0;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_ENDED);
}

static void says_which_witness_disagrees(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.oom_killed = false;
	judgement = judge(&testimony);
	assert_true(judgement.held);
	assert_says(&judgement, "the engine's OOMKilled disagrees with the kernel");
}

static void names_the_limit_above_that_fired(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.before.count = testimony.after.count = 4;
	testimony.after.of[1] = (struct level){"/lab/a", 20 * MIB, 0, 0};
	testimony.after.of[2] = (struct level){"/lab", 10 * MIB, 0, 0};
	testimony.after.of[3] = (struct level){"/", SIZE_INFINITY, 0, 0};
	testimony.before = testimony.after;
	judgement = judge(&testimony);
	assert_string_equal(judgement.group, "/lab");
	/* What was hit counts for more than what is low. */
	testimony.after.of[1].hits = 3;
	judgement = judge(&testimony);
	assert_true(judgement.is_above && judgement.held);
	assert_string_equal(judgement.group, "/lab/a");
	assert_says(&judgement, "killed by the limit of /lab/a, 20 MiB, which is above the "
				"container; its own 150 MiB never came into play");
}

static void does_not_blame_a_higher_limit_above(void **state)
{
	struct testimony testimony = killed();
	struct judgement judgement;

	(void)state;
	testimony.after.of[1] = (struct level){"/docker", 400 * MIB, 9, 0};
	judgement = judge(&testimony);
	assert_false(judgement.is_above);
}

/* 140 MiB under 150 MiB, killed at 99 MiB: a neighbour had filled the 200 MiB above both. */
static struct testimony killed_from_above(void)
{
	struct testimony testimony = killed();

	testimony.size_bytes = 140 * MIB;
	testimony.last.of[WORD_PEAK] = testimony.last.of[WORD_USAGE] = 99 * MIB;
	testimony.before.count = testimony.after.count = 3;
	testimony.after.of[0] = (struct level){"/lab/x", 150 * MIB, 0, 99 * MIB};
	testimony.after.of[1] = (struct level){"/lab", 200 * MIB, 0, 200 * MIB};
	testimony.after.of[2] = (struct level){"/", SIZE_INFINITY, 0, 0};
	testimony.before = testimony.after;
	return testimony;
}

static void names_a_higher_limit_above_where_its_own_was_never_reached(void **state)
{
	struct testimony testimony = killed_from_above();
	struct judgement judgement = judge(&testimony);

	(void)state;
	assert_true(judgement.is_above && judgement.held);
	assert_string_equal(judgement.group, "/lab");
	assert_true(judgement.limit_bytes == 200 * MIB);
	assert_says(&judgement, "killed by the limit of /lab, 200 MiB, which is above the "
				"container; its own 150 MiB never came into play: reached 99 MiB "
				"of 140 MiB (");
}

static void prefers_the_higher_limit_that_was_hit(void **state)
{
	struct testimony testimony = killed_from_above();
	struct judgement judgement;

	(void)state;
	testimony.before.count = testimony.after.count = 4;
	testimony.after.of[2] = (struct level){"/", 300 * MIB, 0, 0};
	testimony.before.of[2] = testimony.after.of[2];
	testimony.after.of[2].hits = 1;
	judgement = judge(&testimony);
	assert_string_equal(judgement.group, "/");
}

static void blames_no_limit_above_that_was_never_full(void **state)
{
	struct testimony testimony = killed_from_above();
	struct judgement judgement;

	(void)state;
	testimony.after.of[1].peak_bytes = 120 * MIB;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_KILLED);
	assert_false(judgement.held);
	assert_true(judgement.limit_bytes == SIZE_INFINITY);
	assert_string_equal(judgement.group, "");
	assert_says(&judgement, "killed by the whole host, or by a limit above the container that "
				"cannot be seen; its own 150 MiB never came into play: reached "
				"99 MiB of 140 MiB (");
}

/* The last look may have been before the kill: then only what hog was to eat tells. */
static void believes_no_peak_from_before_the_kill(void **state)
{
	struct testimony testimony = killed_from_above();
	struct judgement another, hog;

	(void)state;
	testimony.last.of[WORD_KILLS] = 0;
	another = judge(&testimony);
	testimony.is_hog = true;
	hog = judge(&testimony);
	assert_false(another.is_above);
	assert_string_equal(hog.group, "/lab");
}

/* v1 limits memory and swap together: what went to swap counts. */
static void counts_what_is_on_swap_for_its_own_limit(void **state)
{
	struct testimony testimony = killed_from_above();
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_SWAP] = 60 * MIB;
	judgement = judge(&testimony);
	assert_false(judgement.is_above);
}

static void lets_live_what_fits(void **state)
{
	struct testimony testimony = living(100 * MIB);
	struct judgement judgement = judge(&testimony);

	(void)state;
	assert_int_equal(judgement.ending, ENDING_FITS);
	assert_true(judgement.held);
	assert_says(&judgement, "lives: 100 MiB fit into its own limit of 150 MiB");
}

/* The first process of an image lives on when the others were killed. */
static void counts_the_kills_in_what_lives(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement small, large;

	(void)state;
	testimony.last.of[WORD_KILLS] = 3;
	small = judge(&testimony);
	testimony.size_bytes = 200 * MIB;
	testimony.is_settled = false;
	large = judge(&testimony);
	assert_true(small.ending == ENDING_KILLED && small.held);
	assert_true(large.ending == ENDING_KILLED && large.held);
	assert_string_equal(small.sentence,
			    "lives on, but 3 of its processes were killed by its own limit of "
			    "150 MiB: reached 150 MiB of 40 MiB (kills 3 in memory.oom_control "
			    "oom_kill)");
	assert_string_equal(large.group, "/docker/x");
}

static void proves_nothing_by_an_image_that_does_nothing(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement idle, said, swapped;

	(void)state;
	testimony.last.of[WORD_USAGE] = 2 * MIB;
	idle = judge(&testimony);
	testimony.says_so = true;
	said = judge(&testimony);
	testimony.says_so = false;
	testimony.last.of[WORD_SWAP] = 38 * MIB;
	swapped = judge(&testimony);
	assert_int_equal(idle.ending, ENDING_UNSETTLED);
	assert_false(idle.held);
	assert_says(&idle,
		    "lives at 2 MiB of 40 MiB, within the limit of 150 MiB: nothing is proved");
	assert_int_equal(said.ending, ENDING_FITS);
	assert_int_equal(swapped.ending, ENDING_FITS);
}

/* The figures of an engine elsewhere, on v2, do not have it. */
static void says_that_swap_cannot_be_seen(void **state)
{
	struct testimony testimony = living(200 * MIB);
	struct judgement asked, none;

	(void)state;
	testimony.says_so = true;
	testimony.last.has[WORD_SWAP] = false;
	none = judge(&testimony);
	testimony.swap_bytes = testimony.last.of[WORD_SWAP_LIMIT] = 150 * MIB;
	asked = judge(&testimony);
	assert_int_equal(asked.ending, ENDING_UNSETTLED);
	assert_false(asked.held);
	assert_says(&asked, "lives at 150 MiB of 200 MiB under a limit of 150 MiB: whether the "
			    "rest is on swap cannot be seen from here, so nothing is proved");
	assert_int_equal(none.ending, ENDING_UNLIMITED);
	assert_says(&none, "the limit did not hold: 200 MiB live under a limit of 150 MiB; "
			   "whether any of it is on swap cannot be seen from here");
}

static void blames_no_limit_for_an_image_that_just_stopped(void **state)
{
	struct testimony testimony = living(200 * MIB);
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_USAGE] = 149 * MIB;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_UNSETTLED);
	assert_false(judgement.held);
	assert_says(&judgement,
		    "lives at 149 MiB of 200 MiB, within the limit of 150 MiB: nothing is proved");
	testimony.last.of[WORD_USAGE] = 200 * MIB;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_UNLIMITED);
}

static void says_when_a_limit_did_not_hold(void **state)
{
	struct testimony testimony = living(200 * MIB);
	struct judgement judgement;

	(void)state;
	testimony.says_so = true;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_UNLIMITED);
	assert_false(judgement.held);
	assert_says(&judgement, "the limit did not hold: 200 MiB live under a limit of 150 MiB");
}

static void allows_swap_only_where_it_was_asked_for(void **state)
{
	struct testimony testimony = living(200 * MIB);
	struct judgement without, with;

	(void)state;
	testimony.host_swap_bytes = 1024 * MIB;
	testimony.last.of[WORD_SWAP] = 50 * MIB;
	without = judge(&testimony);
	testimony.swap_bytes = testimony.last.of[WORD_SWAP_LIMIT] = 100 * MIB;
	with = judge(&testimony);
	assert_true(without.ending == ENDING_SWAPPED && !without.held);
	assert_true(with.ending == ENDING_SWAPPED && with.held);
	assert_says(&with, "lives at 150 MiB of memory with 50 MiB more on swap");
}

static void puts_a_mismatch_on_a_line_of_its_own(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement judgement;

	(void)state;
	testimony.last.of[WORD_LIMIT] = SIZE_INFINITY;
	judgement = judge(&testimony);
	assert_false(judgement.held);
	assert_string_equal(judgement.mismatches[0],
			    "limit: asked 157286400, the kernel has unlimited in "
			    "memory.limit_in_bytes");
}

static void misses_the_limit_of_swap_only_where_there_is_swap(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement with, without;

	(void)state;
	testimony.unified = true;
	testimony.engine_limits_swap = false;
	testimony.last.of[WORD_SWAP_LIMIT] = SIZE_INFINITY;
	without = judge(&testimony);
	testimony.host_swap_bytes = MIB;
	with = judge(&testimony);
	assert_true(without.held && !with.held);
	assert_string_equal(with.mismatches[1],
			    "swap limit: asked 0, the kernel has unlimited in memory.swap.max "
			    "(this engine does no swap accounting)");
}

static void takes_a_limit_rounded_to_pages_for_the_same(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement judgement;

	(void)state;
	testimony.memory_bytes = 150 * MIB + 4095;
	judgement = judge(&testimony);
	assert_true(judgement.held);
}

static void proves_nothing_by_what_is_not_settled(void **state)
{
	struct testimony testimony = living(40 * MIB);
	struct judgement judgement;

	(void)state;
	testimony.is_settled = false;
	judgement = judge(&testimony);
	assert_int_equal(judgement.ending, ENDING_UNSETTLED);
	assert_false(judgement.held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_a_kill_a_kill),
		cmocka_unit_test(has_the_files_of_v2_on_v2),
		cmocka_unit_test(does_not_believe_137_alone),
		cmocka_unit_test(takes_the_hosts_count_where_the_group_was_gone_too_soon),
		cmocka_unit_test(does_not_blame_a_limit_that_was_enough),
		cmocka_unit_test(does_not_take_a_strangers_kill_for_its_own),
		cmocka_unit_test(says_which_witness_disagrees),
		cmocka_unit_test(names_the_limit_above_that_fired),
		cmocka_unit_test(does_not_blame_a_higher_limit_above),
		cmocka_unit_test(names_a_higher_limit_above_where_its_own_was_never_reached),
		cmocka_unit_test(prefers_the_higher_limit_that_was_hit),
		cmocka_unit_test(blames_no_limit_above_that_was_never_full),
		cmocka_unit_test(believes_no_peak_from_before_the_kill),
		cmocka_unit_test(counts_what_is_on_swap_for_its_own_limit),
		cmocka_unit_test(lets_live_what_fits),
		cmocka_unit_test(counts_the_kills_in_what_lives),
		cmocka_unit_test(proves_nothing_by_an_image_that_does_nothing),
		cmocka_unit_test(says_that_swap_cannot_be_seen),
		cmocka_unit_test(blames_no_limit_for_an_image_that_just_stopped),
		cmocka_unit_test(says_when_a_limit_did_not_hold),
		cmocka_unit_test(allows_swap_only_where_it_was_asked_for),
		cmocka_unit_test(puts_a_mismatch_on_a_line_of_its_own),
		cmocka_unit_test(misses_the_limit_of_swap_only_where_there_is_swap),
		cmocka_unit_test(takes_a_limit_rounded_to_pages_for_the_same),
		cmocka_unit_test(proves_nothing_by_what_is_not_settled),
	};

	return cmocka_run_group_tests_name("docker_verdict", tests, NULL, NULL);
}
