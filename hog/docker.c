/* SPDX-License-Identifier: MIT */
/*
 * groupies-docker: the limit of a container, shown through the engine's eyes and through the
 * kernel's, and judged. Everything that it makes in the engine it takes away again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "docker_commands.h"
#include "docker_interrupt.h"
#include "groupies/printable.h"
#include "groupies/stack.h"

#ifndef GROUPIES_VERSION
#define GROUPIES_VERSION "0.1"
#endif

enum { EXIT_USAGE = 2, EXIT_NO_ENGINE = 3, EXIT_NO_CONTAINER = 4, EXIT_SIGNAL = 128 };

/* What a failure means to whoever called; everything else is 1. */
static const struct {
	int code;
	int exit_code;
} exits[] = {
	{EINVAL, EXIT_USAGE},         {ERANGE, EXIT_USAGE},
	{EHOSTDOWN, EXIT_NO_ENGINE},  {ETIMEDOUT, EXIT_NO_ENGINE},
	{ECONNRESET, EXIT_NO_ENGINE}, {EPROTO, EXIT_NO_ENGINE},
	{EMSGSIZE, EXIT_NO_ENGINE},   {EPROTONOSUPPORT, EXIT_NO_ENGINE},
	{ENOENT, EXIT_NO_CONTAINER},
};

static int (*const commands[COMMAND_COUNT])(struct session *session, struct error *err) = {
	[COMMAND_CHECK] = command_check, [COMMAND_LOAD] = command_load,
	[COMMAND_RUN] = command_run,     [COMMAND_DEMO] = command_demo,
	[COMMAND_STATS] = command_stats, [COMMAND_WHERE] = command_where,
	[COMMAND_SHOW] = command_show,   [COMMAND_CLEAN] = command_clean,
};

/*
 * Says why on stderr, unless whoever reads knows: a signal. Returns the exit code; what fails behind
 * a signal, because of it or not, does not hide it.
 */
static int complain(struct error *err)
{
	int signal = interrupt_signal();
	size_t index;

	if (!signal || err->code != EINTR)
		(void)fprintf(stderr, "groupies-docker: %s\n", printable_make(err->text));
	if (signal)
		return EXIT_SIGNAL + signal;
	for (index = 0; index < sizeof(exits) / sizeof(*exits); index++) {
		if (exits[index].code == err->code)
			return exits[index].exit_code;
	}
	return EXIT_FAILURE;
}

/*
 * What libcurl opens must not become somebody's standard output: what is closed becomes /dev/null.
 * Without a stdout there is nothing to do: what is shown would be lost, and nobody would know.
 */
static int standard_check(struct error *err)
{
	bool has_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
	return has_stdout ? 0
			  : error_set(err, EBADF, "cannot write to stdout: %s", strerror(EBADF));
}

static int serve(const struct request *request, struct error *err)
{
	struct session session = {.request = request};
	char socket[sizeof(session.engine.socket)];
	int answer;

	if (engine_choose_socket(request->socket, socket, err) < 0)
		return -err->code;
	answer = engine_open(&session.engine, socket, err);
	if (answer >= 0)
		answer = commands[request->command](&session, err);
	engine_close(&session.engine);
	return answer;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct request request;
	int kind, answer;

	(void)signal(SIGXFSZ, SIG_IGN); /* what cannot be written is told */
	if (stack_widen(&err) < 0 || standard_check(&err) < 0)
		return complain(&err);
	kind = request_parse(argc, argv, &request, &err);
	if (kind < 0) {
		(void)complain(&err);
		return EXIT_USAGE;
	}
	if (kind != REQUEST_COMMAND) {
		(void)fputs(kind == REQUEST_HELP ? request_help
						 : "groupies-docker (groupies) " GROUPIES_VERSION
						   "\n",
			    stdout);
		return stdout_check(&err) < 0 ? complain(&err) : EXIT_SUCCESS;
	}
	interrupt_watch();
	answer = serve(&request, &err);
	return answer < 0 ? complain(&err) : answer;
}
