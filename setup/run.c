/* SPDX-License-Identifier: MIT */
/* `groupies-setup run [NAME] -- CMD`: root enters a playground, and becomes CMD in it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/host.h"
#include "groupies/playground.h"

#include "commands.h"

#define EXIT_NOT_FOUND  127 /* as the shell, env(1) and nohup(1) have it */
#define EXIT_NOT_TO_RUN 126

/* Brings this very process into the playground: with limits for each member, into the part of 0. */
static int enter(const char *name, struct error *err)
{
	cleanup_config struct config config = {0};
	struct part part;
	struct stamp stamp;
	struct host host;

	if (host_read(&host, err) < 0)
		return -err->code;
	if (playground_read_applied(name, &config, err) < 0) {
		if (err->code == ENOENT)
			return error_set(err, ENOENT,
					 "there is no playground '%s': groupies-setup list shows "
					 "what there is",
					 name);
		return -err->code;
	}
	part = (struct part){
		.host = &host, .config = &config, .is_member = config.own_limits, .uid = 0};
	if (playground_realize(&host, &config, 0, REALIZE_TRUST_STAMP, &stamp, err) < 0 ||
	    backend_of(&host)->place(&part, &stamp, getpid(), err) < 0)
		return -err->code;
	/* What was written is believed only when /proc/self/cgroup shows it. */
	return playground_verify(&stamp, 0, err);
}

int command_run(const struct options *options, struct report *report)
{
	const char *name = options->playground ? options->playground : DEFAULT_PLAYGROUND;
	struct error err;
	int code;

	(void)report;
	if (options->word_count == 0)
		return complain(2, "run: which command? groupies-setup run [NAME] -- CMD");
	if (enter(name, &err) < 0)
		return complain(1, "run: %s", err.text);
	/* We ignore it for ourselves; a command that never hears of a closed pipe writes on and on.
	 */
	(void)signal(SIGPIPE, SIG_DFL);
	(void)umask(options->umask);
	(void)fflush(stdout);
	(void)execvp(options->words[0], options->words);
	code = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_TO_RUN;
	return complain(code, "run: %s: %s", options->words[0], strerror(errno));
}
