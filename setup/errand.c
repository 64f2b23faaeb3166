/* SPDX-License-Identifier: MIT */
#include "errand.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define WATCH_MS 10
#define GRACE_MS 2000

extern char **environ;

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t time_us(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

/* ---- leaving nothing ------------------------------------------------------------------------- */

/* The parent of PID, or 0 when it is over. */
static pid_t parent_of(const char *pid, struct error *err)
{
	char path[64], text[1024];
	const char *after;
	struct error trouble;
	int parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (kernel_read(AT_FDCWD, path, text, sizeof(text), &trouble) < 0) {
		if (errno_means_gone(trouble.code))
			return 0;
		*err = trouble;
		return (pid_t)-err->code;
	}
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1)
		return 0;
	return (pid_t)parent;
}

/* Kills each child of ours. Returns how many there were. */
static int children_kill(struct error *err)
{
	cleanup_dir DIR *proc = NULL;
	const struct dirent *entry;
	int killed = 0, more = directory_find(AT_FDCWD, "/proc", &proc, err);

	if (more <= 0)
		return more < 0 ? more : error_set(err, ENOENT, "/proc: is not there");
	while ((more = directory_next(proc, &entry, err)) > 0) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), parent;

		if (!isdigit((unsigned char)entry->d_name[0]) || pid <= 1)
			continue;
		parent = parent_of(entry->d_name, err);
		if (parent < 0)
			return parent;
		if (parent != getpid())
			continue;
		/* A child of ours that nobody has waited for: the pid cannot be another's. */
		(void)kill(pid, SIGKILL);
		killed++;
	}
	return more < 0 ? error_context(err, "/proc") : killed;
}

/*
 * What the errand left running has become our child (we are its subreaper); its children become
 * ours as it dies, until there are none.
 */
static int children_end(struct error *err)
{
	int killed;

	while ((killed = children_kill(err)) > 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			return 0;
	}
	return killed < 0 ? error_context(err, "what was started may still run") : 0;
}

/* ---- going ----------------------------------------------------------------------------------- */

static const char *su_path(void)
{
	return access("/usr/bin/su", X_OK) == 0 ? "/usr/bin/su" : "/bin/su";
}

static _Noreturn void become_su(const char *user, const char *script, int output)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char *clean[] = {path, NULL};
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC), number;
	sigset_t none;

	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	if (chdir("/") < 0 || input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0)
		_exit(125);
	environ = clean;
	(void)execl(su_path(), "su", "-s", "/bin/sh", "-c", script, "-", user, (char *)NULL);
	_exit(127);
}

struct course {
	pid_t pid;
	int output;  /* what it says; -1 when it has closed it */
	int signals; /* what is said to us */
	bool is_interrupted;
	size_t length;
	struct errand errand;
};

static void output_take(struct course *course)
{
	char *to = course->errand.output + course->length;
	size_t room = sizeof(course->errand.output) - 1 - course->length;
	char rest[512];
	ssize_t got = read(course->output, room ? to : rest, room ? room : sizeof(rest));

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		(void)close(course->output);
		course->output = -1;
	} else if (got > 0 && room) {
		course->length += (size_t)got;
	}
}

/* Has su ended? Takes its status then. */
static bool is_over(struct course *course)
{
	struct rusage usage;
	int status;

	if (wait4(course->pid, &status, WNOHANG, &usage) != course->pid)
		return false;
	course->errand.exit_code =
		WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	course->errand.cpu_us = time_us(&usage.ru_utime) + time_us(&usage.ru_stime);
	return true;
}

/* Follows the errand to its end, or to the end of its time. */
static void follow(struct course *course, int wait_ms, void (*watch)(void *data), void *data)
{
	uint64_t begin_us = now_us(), end_us = begin_us + (uint64_t)wait_ms * 1000;
	bool told = false;

	while (!is_over(course)) {
		struct pollfd fds[] = {
			{.fd = course->output, .events = POLLIN},
			{.fd = course->is_interrupted ? -1 : course->signals, .events = POLLIN}};

		(void)poll(fds, 2, WATCH_MS);
		if (course->output >= 0 && fds[0].revents)
			output_take(course);
		course->is_interrupted |= fds[1].revents != 0;
		if (watch)
			watch(data);
		/* su ends its session properly when it is asked to. */
		if (!told && (course->is_interrupted || now_us() >= end_us)) {
			course->errand.is_late = !course->is_interrupted;
			(void)kill(course->pid, SIGTERM);
			end_us = now_us() + GRACE_MS * 1000;
			told = true;
		} else if (told && now_us() >= end_us) {
			(void)kill(course->pid, SIGKILL);
		}
	}
	course->errand.wall_us = now_us() - begin_us;
	while (course->output >= 0) {
		struct pollfd rest = {.fd = course->output, .events = POLLIN};

		/* Whoever it left running may hold the pipe open: only what is there is read. */
		if (poll(&rest, 1, 0) <= 0)
			break;
		output_take(course);
	}
}

static int start(struct course *course, const char *user, const char *script, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	(void)fflush(NULL);
	course->pid = fork();
	if (course->pid == 0)
		become_su(user, script, ends[1]);
	(void)close(ends[1]);
	if (course->pid < 0) {
		(void)close(ends[0]);
		return error_errno(err, "fork");
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	course->output = ends[0];
	return 0;
}

int errand_run(const char *user, const char *script, int wait_ms, void (*watch)(void *data),
	       void *data, struct errand *ret_errand, struct error *err)
{
	struct course course = {.output = -1, .signals = -1};
	cleanup_fd int signals = -1;
	sigset_t ours, before;
	struct signalfd_siginfo info;
	bool interrupted;
	int ret;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGHUP);
	signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return error_errno(err, "signalfd");
	course.signals = signals;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	ret = start(&course, user, script, err);
	if (ret == 0) {
		follow(&course, wait_ms, watch, data);
		ret = children_end(err);
	}
	if (course.output >= 0)
		(void)close(course.output);
	interrupted = read(signals, &info, sizeof(info)) > 0;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	if (ret < 0)
		return ret;
	if (interrupted)
		return error_set(err, EINTR, "interrupted: what was started has been ended");
	*ret_errand = course.errand;
	return 0;
}
