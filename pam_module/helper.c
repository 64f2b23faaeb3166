/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/paths.h"

#define ANSWER_FD    3 /* where groupies-place finds the pipe */
#define EXIT_NO_EXEC 127

/* ---- the child: between clone and exec, only system calls ------------------------------------ */

/* A limit that may not be raised stays at its ceiling. */
static void limit_reset(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit wanted = {.rlim_cur = soft, .rlim_max = hard}, now;

	if (setrlimit((__rlimit_resource_t)resource, &wanted) == 0 ||
	    getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return;
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	(void)setrlimit((__rlimit_resource_t)resource, &now);
}

static void limits_reset(void)
{
	static const struct {
		int resource;
		rlim_t soft, hard;
	} defaults[] = {
		{RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_STACK, 8 * 1024 * 1024, RLIM_INFINITY},
		{RLIMIT_NOFILE, 1024, 524288},
		{RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY},
		{RLIMIT_CORE, 0, RLIM_INFINITY},
	};
	size_t index;

	for (index = 0; index < sizeof(defaults) / sizeof(*defaults); index++)
		limit_reset(defaults[index].resource, defaults[index].soft, defaults[index].hard);
}

/* Who is to enforce waits for no processor that the caller has filled, and for no idle moment. */
static void scheduling_reset(void)
{
	struct sched_param none = {0};
	unsigned long everywhere[128];

	memset(everywhere, 0xff, sizeof(everywhere));
	(void)syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none);
	(void)syscall(SYS_sched_setaffinity, 0, sizeof(everywhere), everywhere);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);
}

static void handlers_reset(void)
{
	struct sigaction ordinary = {.sa_handler = SIG_DFL};
	int number;

	for (number = 1; number < NSIG; number++)
		(void)sigaction(number, &ordinary, NULL);
}

static void signals_unblock(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * libc's set*id() make every thread of the process follow, through a list that is the host's and
 * not true in this child; the system calls do what is meant.
 */
static bool ids_reset(void)
{
#ifdef SYS_setresuid32
	return syscall(SYS_setgroups32, 0, NULL) == 0 && syscall(SYS_setresgid32, 0, 0, 0) == 0 &&
	       syscall(SYS_setresuid32, 0, 0, 0) == 0;
#else
	return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, 0, 0, 0) == 0 &&
	       syscall(SYS_setresuid, 0, 0, 0) == 0;
#endif
}

static void close_from(int first)
{
	long most, fd;

	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	most = sysconf(_SC_OPEN_MAX);
	for (fd = first; fd < (most > 0 ? most : 65536); fd++)
		(void)close((int)fd);
}

static bool descriptors_reset(int answer)
{
	int null, kept;

	/* The host may have 0 to 2 closed: keep the pipe out of their way before filling them. */
	kept = fcntl(answer, F_DUPFD, ANSWER_FD + 1);
	if (kept < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    dup2(kept, ANSWER_FD) < 0)
		return false;
	close_from(ANSWER_FD + 1);
	return true;
}

__attribute__((noreturn)) static void program(const char *const argv[], int answer)
{
	static const char *const empty[] = {NULL};
	char *const *arguments, *const *environment;

	signals_unblock();
	limits_reset();
	(void)umask(022);
	if (!ids_reset())
		_exit(EXIT_NO_EXEC);
	/* Not before: as long as it is the caller's by its real uid, the caller may set it back. */
	scheduling_reset();
	if (chdir("/") == 0 && descriptors_reset(answer)) {
		/* execve() takes the strings as they are and changes none (POSIX, exec). */
		memcpy(&arguments, &argv, sizeof(arguments));
		memcpy(&environment, &(const char *const *){empty}, sizeof(environment));
		(void)execve(GROUPIES_PLACE, arguments, environment);
	}
	_exit(EXIT_NO_EXEC);
}

/* fork() would run what the host has registered for it; where clone3 is missing, it must do. */
static pid_t start(unsigned exit_signal)
{
	struct clone_args how = {.exit_signal = exit_signal};
	long pid = syscall(SYS_clone3, &how, sizeof(how));

	return pid < 0 && (errno == ENOSYS || errno == EPERM) ? fork() : (pid_t)pid;
}

/*
 * The host MUST NOT be sent a SIGCHLD for a child that it does not know. clone can make one that
 * ends in silence, but an exec makes the kernel announce its end again. So this child executes
 * nothing: it stands between the host and the program, ends after it, and at SIGTERM with it.
 */
__attribute__((noreturn)) static void child(const char *const argv[], int answer)
{
	int status = EXIT_NO_EXEC << 8, number;
	sigset_t ends;
	pid_t pid;

	/* A new session: the terminal's signals are for the login, not for what enforces it. */
	(void)setsid();
	handlers_reset();
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGCHLD);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &ends, NULL);
	pid = start(SIGCHLD);
	if (pid == 0)
		program(argv, answer);
	close_from(0);
	if (pid > 0) {
		(void)sigwait(&ends, &number);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, __WALL);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* ---- the parent ------------------------------------------------------------------------------ */

static long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the helper has closed its end. Returns the length, or -1 when time is up. */
static ssize_t answer_read(int fd, char *answer, size_t size)
{
	const long deadline = now_ms() + HELPER_WAIT_MS;
	size_t length = 0;

	while (length < size) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		long left = deadline - now_ms();
		ssize_t got;

		if (left <= 0)
			return -1;
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		got = read(fd, answer + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

static int answer_judge(const char *answer, ssize_t length, int status, struct error *err)
{
	if (length < 0)
		return error_set(err, ETIMEDOUT, "%s gave no answer within %d s and was killed",
				 GROUPIES_PLACE, HELPER_WAIT_MS / 1000);
	if (length > 0 && answer[0] == 'y')
		return 0;
	if (length > 1)
		return error_set(err, EIO, "%.*s", (int)(length - 1), answer + 1);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_EXEC)
		return error_set(err, ECHILD, "%s cannot be started: install groupies again",
				 GROUPIES_PLACE);
	return error_set(err, ECHILD, "%s ended without an answer (exit status %d)", GROUPIES_PLACE,
			 WEXITSTATUS(status));
}

int helper_run(const char *const argv[], char *ret_answer, struct error *err)
{
	cleanup_fd int from = -1, to = -1;
	char answer[HELPER_ANSWER_SIZE];
	int ends[2], status = 0;
	sigset_t all, before;
	ssize_t length;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "no pipe for %s", GROUPIES_PLACE);
	from = ends[0];
	to = ends[1];

	/* No handler of the host may run in the child before it has reset them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = start(0);
	if (pid == 0)
		child(argv, to);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return error_errno(err, "cannot start %s", GROUPIES_PLACE);

	(void)close(steal_fd(&to));
	length = answer_read(from, answer, sizeof(answer));
	/*
	 * Answered, hung up, still talking or hanging: it is not needed any more, and waiting for
	 * it must end. To one that has ended this does nothing, it is only collected.
	 */
	(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (answer_judge(answer, length, status, err) < 0)
		return -err->code;
	if (ret_answer)
		(void)snprintf(ret_answer, HELPER_ANSWER_SIZE, "%.*s", (int)(length - 1),
			       answer + 1);
	return 0;
}
