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
 *   groupies-place groups UID GID USER            is it in an enrolled group? Behind the 'y' go the
 *                                                 gids of these; in none, it is forgotten
 *   groupies-place remember UID GID USER          it is a member by the enrolled group GID
 *
 * `prepare` and `enter` are for systemd hosts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/config.h"
#include "groupies/file.h"
#include "groupies/known.h"
#include "groupies/playground.h"
#include "groupies/size.h"
#include "groupies/users.h"

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

/* ---- what is known of a member by a group ----------------------------------------------------- */

/* Only what is enrolled, or cannot be told from it, is worth an answer. */
static int groups_answer(const gid_t *gids, size_t count, char *answer, size_t size,
			 struct error *err)
{
	size_t index, length = 0;

	for (index = 0; index < count; index++) {
		struct registry_entry entry;
		struct error ignored;

		if (registry_find_group(gids[index], &entry, &ignored) == 0)
			continue;
		length += (size_t)snprintf(answer + length, size - length, " %u",
					   (unsigned)gids[index]);
		if (length >= size)
			return error_set(err, E2BIG, "is in too many enrolled groups");
	}
	return length > 0;
}

static int command_groups(const struct user *user, char *answer, size_t size, struct error *err)
{
	cleanup_free gid_t *gids = NULL;
	size_t count = 0;
	int found;

	if (user_gids(user, &gids, &count, err) < 0)
		return -err->code;
	found = groups_answer(gids, count, answer, size, err);
	return found == 0 ? known_forget(user->uid, err) : found;
}

static int command_remember(const struct user *user, char *answer, size_t size, struct error *err)
{
	struct registry_entry group;
	int found = registry_find_group(user->gid, &group, err);

	(void)answer;
	(void)size;
	return found == 1 ? known_remember(user->uid, user->name, &group, err)
			  : (found == REGISTRY_UNKNOWN ? -err->code : found);
}

/* The module has looked the user up already, and its database may not answer twice. */
static int user_read(char **words, struct user *user, struct error *err)
{
	uint64_t uid, gid;

	if (number_parse(words[0], 1, UINT32_MAX - 1, &uid, err) < 0 ||
	    number_parse(words[1], 0, UINT32_MAX - 1, &gid, err) < 0)
		return -err->code;
	if (!text_copy(user->name, sizeof(user->name), words[2]))
		return error_set(err, ENAMETOOLONG, "the name of uid %s is too long", words[0]);
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct user *user, char *answer, size_t size, struct error *err);
} questions[] = {
	{"groups", command_groups},
	{"remember", command_remember},
};

/* 1: it was one of these, and is done. 0: it is another command. */
static int question_serve(int argc, char **argv, char *answer, size_t size, struct error *err)
{
	struct user user = {0};
	size_t index;

	for (index = 0; index < sizeof(questions) / sizeof(*questions); index++) {
		if (argc != 5 || strcmp(argv[1], questions[index].name) != 0)
			continue;
		return user_read(argv + 2, &user, err) < 0 ||
				       questions[index].run(&user, answer, size, err) < 0
			       ? -err->code
			       : 1;
	}
	return 0;
}

/* ---- placing --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int arguments;
	int (*run)(struct request *request, struct error *err);
} commands[] = {
	{"realize", 3, command_realize},
	{"prepare", 4, command_prepare},
	{"enter", 3, command_enter},
};

static int request_serve(int argc, char **argv, char *answer, size_t size, struct error *err)
{
	struct request request = {0};
	size_t index;
	int ret;

	if (geteuid() != 0)
		return error_set(err, EPERM, "only root may place");
	ret = question_serve(argc, argv, answer, size, err);
	if (ret != 0)
		return ret;
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
	if (request_serve(argc, argv, answer + 1, sizeof(answer) - 1, &err) < 0)
		(void)snprintf(answer, sizeof(answer), "n%s", err.text);
	return write(ANSWER_FD, answer, strlen(answer)) < 0 || answer[0] != 'y';
}
