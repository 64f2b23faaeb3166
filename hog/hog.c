/* SPDX-License-Identifier: MIT */
/*
 * hog: eats memory, tasks or cpu, to show a limit holding. Two processes: the eater, which offers
 * itself to the OOM killer, and its supervisor, which stays small, survives, and says what
 * happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eat.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/printable.h"
#include "groupies/size.h"
#include "groupies/stack.h"
#include "hog_chain.h"
#include "hog_order.h"
#include "hog_progress.h"
#include "verdict.h"

#ifndef GROUPIES_VERSION
#define GROUPIES_VERSION "0.1"
#endif

enum { EXIT_USAGE = 2 };

#define LINE_WIDTH 80

static const char version[] = "hog (groupies) " GROUPIES_VERSION "\n";

/* Ends lines of LINE_WIDTH between words, where a terminal would end them within one. */
static void lines_break(char *sentence)
{
	char *begin = sentence - strlen("hog: "), *blank = NULL, *at;

	for (at = sentence; *at; at++) {
		if (at - begin >= LINE_WIDTH && blank) {
			*blank = '\n';
			begin = blank + 1;
			blank = NULL;
		}
		if (*at == ' ')
			blank = at;
	}
}

/* Says one sentence on stderr. Returns EXIT_CODE. */
static int complain(char *sentence, int exit_code)
{
	(void)printable_make(sentence);
	if (isatty(STDERR_FILENO))
		lines_break(sentence);
	(void)dprintf(STDERR_FILENO, "hog: %s\n", sentence);
	return exit_code;
}

/*
 * Without a limit below what the host has, a large order takes the host down, not the hog. Page
 * cache is taken back by the kernel, so --kind file is no danger.
 */
static int order_fits_host(const struct order *order, uint64_t memory_limit, uint64_t tasks_limit,
			   struct error *err)
{
	uint64_t room = proc_number("/proc/meminfo", "MemAvailable") * 1024;
	uint64_t tasks = proc_number("/proc/sys/kernel/pid_max", NULL);
	uint64_t threads = proc_number("/proc/sys/kernel/threads-max", NULL);
	char asked[32], has[32];

	room = room ? room : host_memory_bytes();
	tasks = threads && threads < tasks ? threads : tasks;
	if (order->force)
		return 0;
	if (order->kind != KIND_FILE && order->size_bytes > room && memory_limit > room)
		return error_set(err, ENOMEM,
				 "%s: the whole host has only %s available, and no memory "
				 "limit below that is in force: ask for less, or add "
				 "--force",
				 size_print(order->size_bytes, asked, sizeof(asked)),
				 size_print(room, has, sizeof(has)));
	if (tasks && order->tasks > tasks / 2 && tasks_limit > tasks / 2)
		return error_set(err, EAGAIN,
				 "--tasks: %" PRIu64 " is more than half of what the whole "
				 "host can run (%" PRIu64 "), and no tasks limit below that "
				 "is in force: ask for less, or add --force",
				 order->tasks, tasks);
	return 0;
}

/* The signals that end hog: not those that whoever started it wants ignored (nohup, `hog &`). */
static void signals_choose(sigset_t *set)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action;
	size_t index;

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	for (index = 0; index < sizeof(ending) / sizeof(*ending); index++) {
		if (sigaction(ending[index], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			(void)sigaddset(set, ending[index]);
	}
}

/* Everybody in here would rather lose the eater than anything else. Raising needs no privilege. */
static void offer_to_oom_killer(void)
{
	struct error ignored;

	(void)kernel_write(AT_FDCWD, "/proc/self/oom_score_adj", "1000", &ignored);
}

/* True while PID has memory, and no signal waits for it: nobody has killed it yet. */
static bool eater_lives(pid_t pid)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "/proc/%d/status", (int)pid);
	return proc_number(file, "VmSize") && !proc_number(file, "SigPnd");
}

/*
 * What others were killed for while the eater lives is not what ends it. The kernel counts a kill
 * before it kills: so *ALIVE is what was counted one round ago, if the eater still lives now.
 */
static void look_again(pid_t pid, const struct chains *chains, struct sample *alive,
		       struct sample *last)
{
	if (!eater_lives(pid))
		return;
	*alive = *last;
	chains_sample(chains, last);
}

/*
 * Waits for the eater PID. Returns the signal that ended it all before, or 0; *STATUS as wait(2).
 * *ALIVE, which comes in as a sample of before, is brought up to date every second.
 * Waits for every child, because a container's first process inherits strangers.
 */
static int supervise(pid_t pid, const sigset_t *set, const struct chains *chains,
		     struct sample *alive, int *status)
{
	static const struct timespec round = {.tv_sec = 1};
	struct sample last = *alive;
	bool eating = true;
	int signal = 0;

	while (eating) {
		int number = sigtimedwait(set, NULL, &round), other;
		bool idle = number < 0 && errno == EAGAIN;
		pid_t gone;

		if (number > 0 && number != SIGCHLD && !signal) {
			signal = number;
			(void)kill(pid, SIGKILL);
		}
		while ((gone = waitpid(-1, &other, WNOHANG)) > 0) {
			if (gone != pid)
				continue;
			*status = other;
			eating = false;
		}
		if (eating && idle)
			look_again(pid, chains, alive, &last);
	}
	return signal;
}

/* The tasks of a dead eater come to us and die with it: nothing outlives hog. */
static void tasks_wait(const struct order *order, const struct told *told)
{
	uint64_t index;

	for (index = 0; index < order->tasks + order->cpus; index++) {
		if (told->pids[index] > 0)
			(void)waitpid(told->pids[index], NULL, 0);
	}
}

/*
 * The limit of processes of the user who runs this; SIZE_INFINITY: none. It does not bind the root
 * of the host, nor who may pass it by (kernel/fork.c); the root of a user namespace it does.
 */
static uint64_t user_tasks_limit(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};
	bool outside = proc_number("/proc/self/uid_map", "         0          0") == UINT32_MAX;
	struct rlimit limit;

	(void)syscall(SYS_capget, &header, caps);
	if (outside &&
	    (getuid() == 0 || caps[0].effective & (1U << CAP_SYS_ADMIN | 1U << CAP_SYS_RESOURCE)))
		return SIZE_INFINITY;
	return getrlimit(RLIMIT_NPROC, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY
		       ? SIZE_INFINITY
		       : limit.rlim_cur;
}

static uint64_t cpu_time_limit_us(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CPU, &limit) < 0 || limit.rlim_max == RLIM_INFINITY
		       ? SIZE_INFINITY
		       : limit.rlim_max * 1000000;
}

/* Says the verdict: one sentence, or with --json one object. Returns hog's exit code. */
static int announce(const struct evidence *evidence)
{
	struct error err = ERROR_NONE;
	struct verdict verdict;
	char json[VERDICT_JSON_SIZE];

	verdict_reach(evidence, &verdict);
	(void)printable_make(verdict.sentence);
	if (evidence->order->json) {
		verdict_print_json(evidence, &verdict, json);
		if (output_write(json, &err) < 0)
			return complain(err.text, EXIT_FAILURE);
		return verdict.exit_code;
	}
	return *verdict.sentence ? complain(verdict.sentence, verdict.exit_code)
				 : verdict.exit_code;
}

/* Runs the order under supervision. Returns hog's exit code. */
static int serve(const struct order *order, const struct chains *chains,
		 const struct sample *before)
{
	size_t size = sizeof(struct told) + (order->tasks + order->cpus) * sizeof(pid_t);
	struct told *told =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct error err = ERROR_NONE;
	struct progress progress;
	struct sample alive = *before, after;
	sigset_t set, old;
	pid_t parent = getpid(), pid;
	struct evidence evidence = {.order = order,
				    .chains = chains,
				    .told = told,
				    .before = before,
				    .alive = &alive,
				    .after = &after,
				    .ram_bytes = host_memory_bytes(),
				    .user_tasks = user_tasks_limit(),
				    .cpu_us = cpu_time_limit_us()};

	if (told == MAP_FAILED) {
		(void)error_errno(&err, "cannot share memory with the eater");
		return complain(err.text, EXIT_FAILURE);
	}
	progress_begin(&progress, order->json, chains_limit(chains, RESOURCE_MEMORY, before),
		       &told->bar_is_open);
	signals_choose(&set);
	(void)signal(SIGCHLD,
		     SIG_DFL); /* ignored by our parent, it would leave nothing to wait for */
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		die_with(parent);
		offer_to_oom_killer();
		_exit(eat(order, chains, &progress, told) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	if (pid < 0)
		told->tasks_refused = errno;
	else
		evidence.signal = supervise(pid, &set, chains, &alive, &evidence.status);
	tasks_wait(order, told);
	chains_sample(chains, &after);
	if (told->bar_is_open && !evidence.signal)
		progress_bar(&progress, atomic_load(&told->eaten_bytes), order->size_bytes, true);
	progress_bar_leave(&progress);
	return announce(&evidence);
}

int main(int argc, char **argv)
{
	static struct chains chains;
	static struct sample before;
	struct error err = ERROR_NONE;
	struct order order;
	uint64_t memory_limit, tasks_limit;
	int request;

	if (stack_widen(&err) < 0)
		return complain(err.text, EXIT_FAILURE);
	(void)signal(SIGXFSZ, SIG_IGN); /* what cannot be written is told */
	chains_find(&chains);
	chains_sample(&chains, &before);
	memory_limit = chains_limit(&chains, RESOURCE_MEMORY, &before);
	tasks_limit = chains_limit(&chains, RESOURCE_TASKS, &before);
	request = order_parse(argc, argv,
			      memory_limit == SIZE_INFINITY ? host_memory_bytes() : memory_limit,
			      &order, &err);
	if (request < 0)
		return complain(err.text, EXIT_USAGE);
	if (request == ORDER_HELP || request == ORDER_VERSION) {
		request = output_write(request == ORDER_HELP ? order_help : version, &err);
		return request < 0 ? complain(err.text, EXIT_FAILURE) : EXIT_SUCCESS;
	}
	if (order_fits_host(&order, memory_limit, tasks_limit, &err) < 0)
		return complain(err.text, EXIT_FAILURE);
	return serve(&order, &chains, &before);
}
