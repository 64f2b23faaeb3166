/* SPDX-License-Identifier: MIT */
/*
 * groupies-place: what a login needs done that is too heavy for sshd's own process. The PAM module
 * starts it, clean, with one pipe as descriptor 3; on it goes one byte, 'y' or 'n', and behind an
 * 'n' the sentence for the module's log line. It reads what `apply` derived, never a config.
 *
 *   groupies-place realize NAME UID PID           make the playground exist with its limits
 *   groupies-place prepare NAME UID PID SESSION   make logind's scope for SESSION start inside
 *   groupies-place enter NAME UID PID             bring the process PID into it
 *
 * The last two are for systemd hosts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/config.h"
#include "groupies/playground.h"
#include "groupies/size.h"

#define ANSWER_FD 3

struct request {
	struct host host;
	struct config config;
	uid_t uid;
	pid_t pid;
	unsigned session; /* the audit session, for prepare */
};

static int request_read(char **words, struct request *request, struct error *err)
{
	uint64_t uid, pid, session = 0;

	if (!playground_name_is_valid(words[0]))
		return error_set(err, EINVAL, "'%s' is no playground's name", words[0]);
	if (number_parse(words[1], 1, UINT32_MAX - 1, &uid, err) < 0 ||
	    number_parse(words[2], 2, 4194304, &pid, err) < 0 ||
	    (words[3] && number_parse(words[3], 1, UINT32_MAX - 1, &session, err) < 0))
		return -err->code;
	request->session = (unsigned)session;
	request->uid = (uid_t)uid;
	request->pid = (pid_t)pid;
	if (playground_read_applied(words[0], &request->config, err) < 0)
		return error_context(err, "playground '%s'", words[0]);
	if (host_read(&request->host, err) < 0)
		return -err->code;
	return backend_of(&request->host)->leave(&request->host, err);
}

static int realize(struct request *request, struct stamp *stamp, struct error *err)
{
	return playground_realize(&request->host, &request->config, request->uid,
				  REALIZE_TRUST_STAMP, stamp, err);
}

static int command_realize(struct request *request, struct error *err)
{
	struct stamp stamp;

	return realize(request, &stamp, err);
}

static struct part part_of(const struct request *request)
{
	return (struct part){.host = &request->host,
			     .config = &request->config,
			     .is_member = request->config.own_limits,
			     .uid = request->uid};
}

static int command_prepare(struct request *request, struct error *err)
{
	struct part part = part_of(request);
	struct stamp stamp;

	/* The slice first: a scope that starts in it must find its limits in force. */
	if (realize(request, &stamp, err) < 0)
		return -err->code;
	return backend_of(&request->host)->prepare(&part, request->pid, request->session, err);
}

static int command_enter(struct request *request, struct error *err)
{
	struct part part = part_of(request);
	struct stamp stamp;

	if (realize(request, &stamp, err) < 0)
		return -err->code;
	return backend_of(&request->host)->place(&part, &stamp, request->pid, err);
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(struct request *request, struct error *err);
} commands[] = {
	{"realize", 3, command_realize},
	{"prepare", 4, command_prepare},
	{"enter", 3, command_enter},
};

static int request_serve(int argc, char **argv, struct error *err)
{
	struct request request = {0};
	size_t index;

	if (geteuid() != 0)
		return error_set(err, EPERM, "only root may place");
	if (argc < 5)
		return error_set(err, EINVAL, "needs a command, a playground, a uid and a pid");
	if (request_read(argv + 2, &request, err) < 0)
		return -err->code;
	for (index = 0; index < sizeof(commands) / sizeof(*commands); index++) {
		if (strcmp(argv[1], commands[index].name) == 0 &&
		    argc == 2 + commands[index].arguments)
			return commands[index].run(&request, err);
	}
	return error_set(err, EINVAL, "unknown command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	char answer[sizeof(err.text) + 1] = "y";
	struct stat st;

	if (fstat(ANSWER_FD, &st) < 0 || !S_ISFIFO(st.st_mode)) {
		(void)fprintf(stderr, "groupies-place: is started by pam_groupies.so only\n");
		return 2;
	}
	if (request_serve(argc, argv, &err) < 0)
		(void)snprintf(answer, sizeof(answer), "n%s", err.text);
	return write(ANSWER_FD, answer, strlen(answer)) < 0 || answer[0] != 'y';
}
