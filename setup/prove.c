/* SPDX-License-Identifier: MIT */
/*
 * Proving is doing: a process of the member asks for more than the limit, and what the kernel does
 * then is what is believed. Each claim has its control: what is allowed must work, or a host on
 * which nothing works would prove everything.
 */
#include "prove.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groupies/size.h"

#include "commands.h"
#include "configs.h"
#include "errand.h"
#include "groups.h"
#include "members.h"
#include "processes.h"

#define ERRAND_MS     120000
#define CPU_SECONDS   2
#define CPU_TRIES     3
#define TASKS_BEYOND  8
#define TASKS_LARGEST 2048
#define TASK_BYTES    ((uint64_t)256 * 1024) /* what an idle process costs, generously */
#define LOGIN_BYTES   ((uint64_t)8 << 20)
#define OVER_LARGEST  ((uint64_t)512 << 20) /* no proof takes more beyond the limit than this */
#define FIRST_TO_DIE  "echo 1000 >/proc/self/oom_score_adj && "

struct proof {
	const struct config *config;
	struct report *report;
	struct host host;
	struct user member;
	struct stamp stamp;   /* where the member's processes go, and what is above */
	struct stamp entered; /* only where they go */
	bool is_busy;         /* somebody is inside: nothing that would starve them is tried */
	bool failed;
	bool tried[LIMIT_COUNT];
	uint64_t peak_bytes;
};

/* ---- the table ------------------------------------------------------------------------------- */

static void claim(struct proof *proof, bool holds, const char *what, const char *expected,
		  const char *seen)
{
	report_step(proof->report, holds ? REPORT_INFO : REPORT_FAILED, "prove",
		    "%-38s expected: %-32s seen: %s", what, expected, seen);
	report_detail(proof->report, "claim", what);
	report_detail(proof->report, "expected", expected);
	report_detail(proof->report, "seen", seen);
	report_claim(proof->report, "holds", holds);
	proof->failed |= !holds;
}

/* The limit that this member meets first: its own, or the one that all share. */
static const struct limit_value *limit_of(const struct proof *proof, enum limit_id id)
{
	const struct limit_value *shared = &proof->config->shared.values[id];
	const struct limit_value *each = &proof->config->each.values[id];

	if (!proof->config->own_limits || !each->set)
		return shared;
	if (!shared->set || *each->text || each->number <= shared->number)
		return each;
	return shared;
}

static const char *limit_text(const struct proof *proof, enum limit_id id, char *text, size_t size)
{
	const struct limit_value *value = limit_of(proof, id);
	bool own = value == &proof->config->each.values[id];
	char number[280];

	(void)snprintf(text, size, "%s%s=%s", own ? "Member." : "", limit_table[id].name,
		       limit_print(&limit_table[id], value, number, sizeof(number)));
	return text;
}

static bool is_bounded(const struct limit_value *value)
{
	return value->set && value->number != SIZE_INFINITY;
}

/* ---- the login ------------------------------------------------------------------------------- */

/* The last line that was said, for a claim that went wrong. */
static const char *last_line(const struct errand *errand, char *text, size_t size)
{
	size_t length = strlen(errand->output);
	const char *line;

	while (length > 0 && errand->output[length - 1] == '\n')
		length--;
	for (line = errand->output + length; line > errand->output && line[-1] != '\n'; line--)
		continue;
	(void)snprintf(text, size, "%.*s", (int)(errand->output + length - line), line);
	return text;
}

/*
 * systemd removes a login's scope with its counters as soon as the login ends, and v1 (memory) and
 * older kernels (pids) count an event only where it happened. There, hog's supervisor has read the
 * counter from inside, and its sentence is the evidence.
 */
static bool hog_saw(const struct proof *proof, const struct errand *errand, const char *sentence)
{
	return proof->host.manager == HOST_SYSTEMD && strstr(errand->output, sentence);
}

/* Without a login that is inside, no experiment says anything about the playground. */
static int prove_login(struct proof *proof, struct error *err)
{
	char what[320], seen[CGROUP_PATH_SIZE] = "", line[256], path[CGROUP_PATH_SIZE] = "?";
	struct errand errand;
	bool inside;
	struct error ignored;

	(void)snprintf(what, sizeof(what), "a login of %s is inside", proof->member.name);
	if (errand_run(proof->member.name, "cat /proc/self/cgroup", ERRAND_MS, NULL, NULL, &errand,
		       err) < 0)
		return -err->code;
	inside = errand.exit_code == 0 && stamp_holds(&proof->stamp, errand.output);
	if (errand.exit_code != 0)
		(void)snprintf(seen, sizeof(seen), "no login (exit %d): %s", errand.exit_code,
			       last_line(&errand, line, sizeof(line)));
	else if (cgroup_find(errand.output, proof->stamp.groups[0].controller, path, sizeof(path),
			     &ignored) >= 0)
		(void)snprintf(seen, sizeof(seen), "%s", path);
	claim(proof, inside, what, proof->entered.groups[0].path, seen);
	return inside;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int hog_run(struct proof *proof, uint64_t bytes, void (*watch)(void *data),
		   struct errand *ret_errand, struct error *err)
{
	char script[256];

	/* Should the limit not hold, the host's own killer takes this one before anybody else. */
	(void)snprintf(script, sizeof(script), FIRST_TO_DIE "exec %s %" PRIu64 " 0", GROUPIES_HOG,
		       bytes);
	return errand_run(proof->member.name, script, ERRAND_MS, watch, proof, ret_errand, err);
}

static void watch_memory(void *data)
{
	struct proof *proof = data;
	struct error ignored;
	uint64_t now;

	/* A sample among many. */
	if (groups_memory(&proof->entered, &now, &ignored) == 0 && now > proof->peak_bytes)
		proof->peak_bytes = now;
}

static int prove_memory_within(struct proof *proof, uint64_t limit, struct error *err)
{
	uint64_t held, bytes;
	char what[160], name[128], size[32], seen[320], line[256];
	struct errand errand;

	if (groups_memory_held(&proof->entered, &held, err) < 0)
		return -err->code;
	bytes = held < limit ? (limit - held) / 2 : 0;
	if (bytes > OVER_LARGEST)
		bytes = OVER_LARGEST;
	(void)snprintf(what, sizeof(what), "%s: %s",
		       limit_text(proof, LIMIT_MEMORY_MAX, name, sizeof(name)),
		       size_print(bytes, size, sizeof(size)));
	if (hog_run(proof, bytes, NULL, &errand, err) < 0)
		return -err->code;
	if (errand.exit_code == 0)
		(void)snprintf(seen, sizeof(seen), "lives");
	else
		(void)snprintf(seen, sizeof(seen), "exit %d: %s", errand.exit_code,
			       last_line(&errand, line, sizeof(line)));
	claim(proof, errand.exit_code == 0, what, "lives", seen);
	return 0;
}

/* Swap that the playground may use beside its memory. */
static uint64_t swap_allowed(const struct proof *proof)
{
	const struct limit_value *swap = limit_of(proof, LIMIT_MEMORY_SWAP_MAX);
	struct sysinfo info;
	uint64_t host = sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalswap * info.mem_unit;

	return is_bounded(swap) && swap->number < host ? swap->number : host;
}

static int prove_memory_beyond(struct proof *proof, uint64_t limit, struct error *err)
{
	const struct limit_value *swap = limit_of(proof, LIMIT_MEMORY_SWAP_MAX);
	bool swaps = !is_bounded(swap) && swap_allowed(proof) > 0;
	uint64_t over = limit < OVER_LARGEST ? limit : OVER_LARGEST, before, after;
	uint64_t bytes = limit + over + (swaps ? 0 : swap_allowed(proof));
	char what[160], name[128], size[32], seen[320], line[256];
	struct errand errand;
	bool holds;

	(void)snprintf(what, sizeof(what), "%s: %s",
		       limit_text(proof, LIMIT_MEMORY_MAX, name, sizeof(name)),
		       size_print(bytes, size, sizeof(size)));
	proof->peak_bytes = 0;
	if (playground_kills(&proof->entered, &before, err) < 0 ||
	    hog_run(proof, bytes, watch_memory, &errand, err) < 0 ||
	    playground_kills(&proof->entered, &after, err) < 0)
		return -err->code;
	if (after == before && hog_saw(proof, &errand, "hog: killed by the memory limit of "))
		after++;
	if (after > before)
		(void)snprintf(seen, sizeof(seen), "exit %d, kills +%" PRIu64, errand.exit_code,
			       after - before);
	else
		(void)snprintf(seen, sizeof(seen), "exit %d, no kill, at most %s in RAM: %s",
			       errand.exit_code, size_print(proof->peak_bytes, size, sizeof(size)),
			       last_line(&errand, line, sizeof(line)));
	holds = errand.exit_code == 137 && after > before;
	/* Where swap is not limited, memory is all the same: what is over goes out of RAM. */
	if (swaps && !holds)
		holds = errand.exit_code == 0 && proof->peak_bytes > 0 &&
			proof->peak_bytes <= limit;
	claim(proof, holds, what,
	      swaps ? "killed, or the rest swapped out" : "killed, counted as a kill here", seen);
	proof->tried[LIMIT_MEMORY_SWAP_MAX] =
		is_bounded(swap) && swap_allowed(proof) == swap->number && swap->number > 0;
	return 0;
}

static uint64_t available_bytes(void)
{
	char text[8192];
	const char *at;
	struct error ignored;

	if (kernel_read(AT_FDCWD, "/proc/meminfo", text, sizeof(text), &ignored) < 0)
		return 0;
	at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;
}

static int prove_memory(struct proof *proof, struct error *err)
{
	const struct limit_value *memory = limit_of(proof, LIMIT_MEMORY_MAX);
	uint64_t limit = memory->number;

	/* A limit near all of RAM is not exceeded without harm to everybody else. */
	if (!is_bounded(memory) ||
	    limit + (limit < OVER_LARGEST ? limit : OVER_LARGEST) > available_bytes())
		return 0;
	proof->tried[LIMIT_MEMORY_MAX] = true;
	if (prove_memory_within(proof, limit, err) < 0)
		return -err->code;
	return prove_memory_beyond(proof, limit, err);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static int prove_tasks(struct proof *proof, struct error *err)
{
	const struct limit_value *tasks = limit_of(proof, LIMIT_TASKS_MAX);
	const struct limit_value *memory = limit_of(proof, LIMIT_MEMORY_MAX);
	char script[256], what[160], name[128], seen[320], line[256];
	uint64_t before, after;
	struct errand errand;

	if (!is_bounded(tasks) || proof->is_busy || tasks->number > TASKS_LARGEST ||
	    (is_bounded(memory) && memory->number < tasks->number * TASK_BYTES + LOGIN_BYTES))
		return 0;
	(void)snprintf(what, sizeof(what), "%s: %" PRIu64 " tasks",
		       limit_text(proof, LIMIT_TASKS_MAX, name, sizeof(name)),
		       tasks->number + TASKS_BEYOND);
	(void)snprintf(script, sizeof(script), FIRST_TO_DIE "exec %s --tasks %" PRIu64 " 0",
		       GROUPIES_HOG, tasks->number + TASKS_BEYOND);
	if (groups_count(&proof->stamp, "pids.events", "max", &before, err) < 0 ||
	    errand_run(proof->member.name, script, ERRAND_MS, NULL, NULL, &errand, err) < 0 ||
	    groups_count(&proof->stamp, "pids.events", "max", &after, err) < 0)
		return -err->code;
	if (after == before && hog_saw(proof, &errand, "hog: refused by the tasks limit of "))
		after++;
	if (after > before)
		(void)snprintf(seen, sizeof(seen), "exit %d, a fork refused (%s)", errand.exit_code,
			       "pids.events");
	else
		(void)snprintf(seen, sizeof(seen), "exit %d, no fork refused: %s", errand.exit_code,
			       last_line(&errand, line, sizeof(line)));
	claim(proof, errand.exit_code != 0 && after > before, what, "a fork is refused", seen);
	proof->tried[LIMIT_TASKS_MAX] = true;
	return 0;
}

/* ---- cpu ------------------------------------------------------------------------------------- */

static bool list_has(const char *list, long cpu)
{
	while (*list) {
		char *end;
		long low = strtol(list, &end, 10), high = low;

		if (*end == '-')
			high = strtol(end + 1, &end, 10);
		if (cpu >= low && cpu <= high)
			return true;
		list = *end == ',' ? end + 1 : end + strlen(end);
	}
	return false;
}

/* CPUs that this member can use at all. */
static long cpus_usable(const struct proof *proof)
{
	const struct limit_value *cpus = limit_of(proof, LIMIT_ALLOWED_CPUS);
	long online = sysconf(_SC_NPROCESSORS_ONLN), cpu, count = 0;

	for (cpu = 0; cpu < online; cpu++)
		count += !cpus->set || list_has(cpus->text, cpu);
	return count;
}

/* What one try of the quota showed. */
struct burn {
	uint64_t throttled;
	uint64_t percent; /* of one CPU */
	int exit_code;
};

static int burn(struct proof *proof, uint64_t burners, struct burn *ret_burn, struct error *err)
{
	char script[256];
	uint64_t before, after;
	struct errand errand;

	(void)snprintf(script, sizeof(script), "exec %s --cpu %" PRIu64 " %d", GROUPIES_HOG,
		       burners, CPU_SECONDS);
	if (groups_count(&proof->stamp, "cpu.stat", "nr_throttled", &before, err) < 0 ||
	    errand_run(proof->member.name, script, ERRAND_MS, NULL, NULL, &errand, err) < 0 ||
	    groups_count(&proof->stamp, "cpu.stat", "nr_throttled", &after, err) < 0)
		return -err->code;
	*ret_burn = (struct burn){
		.throttled = after - before,
		.percent = errand.wall_us ? errand.cpu_us * 100 / errand.wall_us : 0,
		.exit_code = errand.exit_code,
	};
	return 0;
}

static int prove_quota(struct proof *proof, struct error *err)
{
	const struct limit_value *quota = limit_of(proof, LIMIT_CPU_QUOTA);
	char what[160], name[128], expected[96], seen[320];
	uint64_t burners, most;
	struct burn burnt = {0};
	unsigned tries;

	if (!is_bounded(quota) || proof->is_busy ||
	    quota->number >= (uint64_t)cpus_usable(proof) * 100)
		return 0;
	burners = quota->number / 100 + 1;
	/* Logging in costs a little before the quota applies, and a period may end half used. */
	most = quota->number + quota->number / 5 + 10;
	for (tries = 0; tries < CPU_TRIES && burnt.throttled == 0 && burnt.percent <= most;
	     tries++) {
		if (burn(proof, burners, &burnt, err) < 0)
			return -err->code;
		/* On a host too busy to give it its share, nothing is shown either way. */
		if (burnt.exit_code != 0)
			break;
	}
	if (burnt.exit_code == 0 && burnt.throttled == 0 && burnt.percent <= most)
		return 0;
	(void)snprintf(what, sizeof(what), "%s: %" PRIu64 " busy for %d s",
		       limit_text(proof, LIMIT_CPU_QUOTA, name, sizeof(name)), burners,
		       CPU_SECONDS);
	(void)snprintf(expected, sizeof(expected), "throttled, about %" PRIu64 "%%", quota->number);
	(void)snprintf(seen, sizeof(seen), "exit %d, throttled %" PRIu64 " times, %" PRIu64 "%%",
		       burnt.exit_code, burnt.throttled, burnt.percent);
	claim(proof, burnt.throttled > 0 && burnt.percent <= most, what, expected, seen);
	proof->tried[LIMIT_CPU_QUOTA] = true;
	return 0;
}

static int prove_cpus(struct proof *proof, struct error *err)
{
	const struct limit_value *cpus = limit_of(proof, LIMIT_ALLOWED_CPUS);
	long online = sysconf(_SC_NPROCESSORS_ONLN), outside = 0;
	char script[512], what[160], name[128], seen[160];
	struct errand errand;
	bool escaped, allowed;

	while (cpus->set && outside < online && list_has(cpus->text, outside))
		outside++;
	if (!cpus->set || outside == online)
		return 0;
	(void)snprintf(what, sizeof(what), "%s: CPU %ld",
		       limit_text(proof, LIMIT_ALLOWED_CPUS, name, sizeof(name)), outside);
	(void)snprintf(script, sizeof(script),
		       "taskset -c %ld true && echo escaped; taskset -c %s true && echo allowed",
		       outside, cpus->text);
	if (errand_run(proof->member.name, script, ERRAND_MS, NULL, NULL, &errand, err) < 0)
		return -err->code;
	escaped = strstr(errand.output, "escaped");
	allowed = strstr(errand.output, "allowed");
	(void)snprintf(seen, sizeof(seen), "%s, its own CPUs %s", escaped ? "taken" : "refused",
		       allowed ? "work" : "refused as well");
	claim(proof, !escaped && allowed, what, "refused, its own CPUs work", seen);
	proof->tried[LIMIT_ALLOWED_CPUS] = true;
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void tell_untried(const struct proof *proof)
{
	char names[512] = "";
	unsigned count = 0;
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		size_t used = strlen(names);

		if (proof->tried[index] || !limit_of(proof, (enum limit_id)index)->set)
			continue;
		(void)snprintf(names + used, sizeof(names) - used, "%s%s", count ? ", " : "",
			       limit_table[index].name);
		count++;
	}
	if (count)
		report_step(proof->report, REPORT_INFO, "prove",
			    "%u limit%s not tried by experiment on this host: %s", count,
			    count == 1 ? " was" : "s were", names);
}

/* Somebody whose logins go there: one of an `@group` may have an entry of its own elsewhere. */
static int member_choose(struct proof *proof, struct error *err)
{
	cleanup_users struct users users = {0};
	size_t index;

	if (config_users(proof->config, &users, NULL, err) < 0)
		return -err->code;
	for (index = 0; index < users.count; index++) {
		struct registry_entry entry;
		struct error ignored;

		proof->member = users.list[index];
		if (user_entry(&proof->member, &entry, &ignored) == 1 &&
		    strcmp(entry.playground, proof->config->name) == 0)
			return 0;
	}
	return error_set(err, ENOENT,
			 "playground '%s' has no member that exists and belongs to no other: "
			 "nobody to prove it with",
			 proof->config->name);
}

/* Finds whom to prove it with, and where that member's processes go. */
static int proof_begin(struct proof *proof, struct error *err)
{
	unsigned group;

	if (host_read(&proof->host, err) < 0 || member_choose(proof, err) < 0)
		return -err->code;
	if (access(GROUPIES_HOG, X_OK) < 0)
		return error_errno(err, "%s, which the experiments need", GROUPIES_HOG);
	if (playground_realize(&proof->host, proof->config, proof->member.uid, REALIZE_TRUST_STAMP,
			       &proof->stamp, err) < 0)
		return -err->code;
	proof->entered = proof->stamp;
	proof->entered.group_count = 0;
	for (group = 0; group < proof->stamp.group_count; group++) {
		if (proof->stamp.groups[group].role != STAMP_LIMITS)
			proof->entered.groups[proof->entered.group_count++] =
				proof->stamp.groups[group];
	}
	return 0;
}

/* Says who is inside already. */
static int look_busy(struct proof *proof, bool unless_busy, struct error *err)
{
	cleanup_free struct process *inside = NULL;
	struct stamp stamp;
	char text[256];
	size_t count = 0;
	int is_there = groups_find(&proof->host, proof->config->name, &stamp, err);

	if (is_there < 0)
		return is_there;
	if (is_there && processes_inside(&stamp, &inside, &count, err) < 0)
		return -err->code;
	proof->is_busy = count > 0;
	if (proof->is_busy && unless_busy)
		return error_set(err, EBUSY, "somebody is inside '%s': %s: nothing was tried",
				 proof->config->name,
				 processes_print(inside, count, text, sizeof(text)));
	return 0;
}

int prove_limits(const struct config *config, bool unless_busy, struct report *report,
		 struct error *err)
{
	static int (*const experiments[])(struct proof * proof, struct error * err) = {
		prove_memory, prove_tasks, prove_quota, prove_cpus};
	struct proof proof = {.config = config, .report = report};
	size_t index;
	int inside;

	if (report_is_dry_run(report)) {
		report_step(report, REPORT_WOULD, "prove", "the limits of '%s' by experiment",
			    config->name);
		return 1;
	}
	if (proof_begin(&proof, err) < 0 || look_busy(&proof, unless_busy, err) < 0)
		return -err->code;
	inside = prove_login(&proof, err);
	if (inside <= 0)
		return inside;
	for (index = 0; index < sizeof(experiments) / sizeof(*experiments); index++) {
		if (experiments[index](&proof, err) < 0)
			return -err->code;
	}
	tell_untried(&proof);
	return !proof.failed;
}

static int prove_one(const char *name, struct report *report)
{
	cleanup_config struct config config = {0};
	struct error err;
	int holds = playground_read_applied(name, &config, &err);

	if (holds == 0)
		holds = prove_limits(&config, false, report, &err);
	else if (err.code == ENOENT)
		(void)error_set(&err, ENOENT, "there is no playground '%s'", name);
	if (holds < 0) {
		report_failure(report, "prove", err.text);
		return complain(1, "prove: %s", err.text);
	}
	if (holds == 0) {
		(void)error_set(&err, EPERM, "playground '%s' does not hold what it promises",
				name);
		report_failure(report, "prove", err.text);
		return complain(1, "prove: %s", err.text);
	}
	return 0;
}

int command_prove(const struct options *options, struct report *report)
{
	cleanup_config_names struct config_names names = {0};
	struct error err;
	size_t index;
	int code = 0;

	if (options->playground)
		return prove_one(options->playground, report);
	if (config_names_read(GROUPIES_APPLIED_DIR, &names, &err) < 0)
		return complain(1, "prove: %s", err.text);
	if (names.count == 0)
		return complain(1, "prove: there is no playground: groupies-setup makes one");
	for (index = 0; index < names.count; index++)
		code |= prove_one(names.list[index], report);
	return code;
}
