/* SPDX-License-Identifier: MIT */
#include "polkit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "groupies/cleanup.h"

#include "program.h"

#define BUS_SOCKET     "/run/dbus/system_bus_socket"
#define START_MS       10000
#define ANSWER_SECONDS 30 /* polkitd may have to be started first */

bool polkit_is_here(void)
{
	return program_exists("pkcheck") && access(BUS_SOCKET, F_OK) == 0;
}

/* Becomes USER, says so through READY and waits to be killed. */
static void stand_in(const struct user *user, pid_t parent, int ready) __attribute__((noreturn));

static void stand_in(const struct user *user, pid_t parent, int ready)
{
	/*
	 * The saved uid stays root's: so another run of ours, which looks for what a member runs
	 * outside, knows it for no process of the member's; the member may end it, and no more.
	 * A change of credentials resets the last two, so they come after it.
	 */
	if (initgroups(user->name, user->gid) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	if (write(ready, "", 1) == 1)
		for (;;)
			(void)pause();
	_exit(1);
}

/* The user may have stopped it at its first step, so nobody waits for ever. */
static bool is_ready(int ready)
{
	struct pollfd pipe = {.fd = ready, .events = POLLIN};
	char byte;

	return poll(&pipe, 1, START_MS) == 1 && read(ready, &byte, 1) == 1;
}

int polkit_subject_begin(const struct user *user, pid_t *ret_subject, struct error *err)
{
	cleanup_fd int ready = -1;
	pid_t parent = getpid(), subject;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	ready = ends[0];
	subject = fork();
	if (subject == 0)
		stand_in(user, parent, ends[1]);
	(void)close(ends[1]);
	if (subject < 0)
		return error_errno(err, "fork");
	if (!is_ready(ready)) {
		polkit_subject_end(subject);
		return error_set(err, EPERM, "a process of %s does not start", user->name);
	}
	*ret_subject = subject;
	return 0;
}

void polkit_subject_end(pid_t subject)
{
	(void)kill(subject, SIGKILL);
	while (waitpid(subject, NULL, 0) < 0 && errno == EINTR)
		;
}

int polkit_grants(pid_t subject, const char *action, struct error *err)
{
	char process[16];
	const char *const arguments[] = {"pkcheck",   "--action-id", action,
					 "--process", process,       NULL};
	struct program pkcheck = {.arguments = arguments, .seconds = ANSWER_SECONDS};
	struct program_answer answer = {.exit_status = -1};
	struct error inner;

	/* It lives until it is waited for, so the number alone says who it is. */
	(void)snprintf(process, sizeof(process), "%d", (int)subject);
	if (program_run(&pkcheck, &answer, &inner) == 0)
		return 1;
	/* pkcheck(1): 2 and 3 want a password; 1 is a plain no, and also whatever went wrong. */
	if (answer.exit_status == 2 || answer.exit_status == 3 ||
	    strstr(answer.output, "Not authorized") || strstr(answer.output, "is not registered"))
		return 0;
	return error_set(err, inner.code, "%s: %s", action, inner.text);
}
