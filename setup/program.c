/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define ENVIRONMENT_MAX 16

static const char *const directories[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

static const char *const clean_environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "LC_ALL=C", "HOME=/", "SHELL=/bin/sh",
	"DEBIAN_FRONTEND=noninteractive",
};

static int kept_open = -1;

void program_keep_open(int fd)
{
	kept_open = fd;
}

static bool find(const char *name, char path[PATH_MAX])
{
	size_t index;

	if (*name == '/')
		return text_copy(path, PATH_MAX, name) && access(path, X_OK) == 0;
	for (index = 0; index < sizeof(directories) / sizeof(*directories); index++) {
		(void)snprintf(path, PATH_MAX, "%s/%s", directories[index], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

int program_exists(const char *name)
{
	char path[PATH_MAX];

	return find(name, path);
}

/* The input lies in memory that belongs to nobody's file system: it may be a password. */
static int open_input(const struct program *program, struct error *err)
{
	cleanup_fd int fd = -1;

	if (!program->input) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? error_errno(err, "/dev/null") : steal_fd(&fd);
	}
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0 ||
	    write(fd, program->input, program->input_length) != (ssize_t)program->input_length ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, "cannot hand over its input");
	return steal_fd(&fd);
}

/* In the child, between fork and exec: nothing that allocates. */
static void become(const char *path, const struct program *program, const char **environment,
		   int input, int output)
{
	sigset_t none;
	int signal_number;

	for (signal_number = 1; signal_number < NSIG; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
	    chdir("/") < 0)
		_exit(127);
	if (kept_open >= 0 && (dup2(kept_open, 3) < 0 || fcntl(3, F_SETFD, 0) < 0))
		_exit(127);
	(void)close_range(kept_open >= 0 ? 4 : 3, ~0U, 0);
	(void)execve(path, (char *const *)(uintptr_t)program->arguments,
		     (char *const *)(uintptr_t)environment);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What fits is kept, the rest is read and dropped. False at the end. */
static bool take_output(int fd, char *output, size_t size, size_t *length)
{
	char dropped[512];
	bool fits = *length + 1 < size;
	ssize_t got = fits ? read(fd, output + *length, size - 1 - *length)
			   : read(fd, dropped, sizeof(dropped));

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	*length += fits ? (size_t)got : 0;
	output[*length] = '\0';
	return true;
}

/*
 * Follows the program to its end. What it leaves running may keep its output open: what counts is
 * that it has ended itself. False when the time is up.
 */
static bool follow(int pidfd, int fd, int64_t deadline_ms, char *output, size_t size)
{
	struct pollfd ready[2] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	size_t length = 0;

	output[0] = '\0';
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		int64_t left_ms = deadline_ms - now_ms();

		if (left_ms <= 0)
			return false;
		if (poll(ready, 2, (int)left_ms) <= 0)
			continue;
		if (ready[0].revents && !take_output(fd, output, size, &length))
			ready[0].fd = -1;
		if (!ready[1].revents)
			continue;
		while (ready[0].fd >= 0 && take_output(fd, output, size, &length))
			;
		return true;
	}
}

/* The last line that says something. */
static const char *last_line(char *output)
{
	size_t length = strlen(output);
	char *newline;

	while (length > 0 && (output[length - 1] == '\n' || output[length - 1] == '\r'))
		output[--length] = '\0';
	newline = strrchr(output, '\n');
	return newline ? newline + 1 : output;
}

static int judge(const char *name, int status, struct program_answer *answer, struct error *err)
{
	char copy[PROGRAM_OUTPUT_SIZE];
	const char *line, *shown;
	size_t length = strlen(name);

	(void)text_copy(copy, sizeof(copy), answer->output);
	line = last_line(copy);
	/* "useradd: useradd: cannot lock" says it once too often. */
	shown = strncmp(line, name, length) == 0 && line[length] == ':' ? line + length + 2 : line;
	if (WIFSIGNALED(status))
		return error_set(err, EIO, "%s: was killed by signal %d", name, WTERMSIG(status));
	answer->exit_status = WEXITSTATUS(status);
	if (answer->exit_status == 0)
		return 0;
	if (answer->exit_status == 127 && !*line)
		return error_set(err, EIO, "%s: could not be started", name);
	return error_set(err, EIO, "%s: %.200s%sexit status %d", name, shown, *shown ? ": " : "",
			 answer->exit_status);
}

int program_run(const struct program *program, struct program_answer *ret_answer, struct error *err)
{
	const char *name = program->arguments[0];
	const char *environment[ENVIRONMENT_MAX] = {NULL};
	size_t count = sizeof(clean_environment) / sizeof(*clean_environment), index;
	struct program_answer answer = {.exit_status = -1};
	char path[PATH_MAX];
	int ends[2], status = 0;
	bool in_time;
	int64_t deadline_ms = now_ms() + (int64_t)program->seconds * 1000;
	cleanup_fd int input = -1, output = -1, pidfd = -1;
	pid_t pid;

	if (!find(name, path))
		return error_set(err, ENOENT, "%s: this host has no such program", name);
	memcpy(environment, clean_environment, sizeof(clean_environment));
	for (index = 0;
	     program->environment && program->environment[index] && count + 1 < ENVIRONMENT_MAX;
	     index++)
		environment[count++] = program->environment[index];
	input = open_input(program, err);
	if (input < 0)
		return error_context(err, "%s", name);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "%s: pipe", name);
	output = ends[0];
	pid = fork();
	if (pid < 0) {
		(void)error_errno(err, "%s: fork", name);
		(void)close(ends[1]);
		return -err->code;
	}
	if (pid == 0)
		become(path, program, environment, input, ends[1]);
	(void)setpgid(pid, pid);
	(void)close(ends[1]);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	in_time = pidfd >= 0 &&
		  follow(pidfd, output, deadline_ms, answer.output, sizeof(answer.output));
	if (!in_time)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time) {
		return error_set(err, ETIMEDOUT, "%s: was stopped after %u seconds", name,
				 program->seconds);
	}
	status = judge(name, status, &answer, err);
	if (ret_answer)
		*ret_answer = answer;
	return status;
}
