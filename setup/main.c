/* SPDX-License-Identifier: MIT */
/* groupies-setup(8): makes playgrounds, enrols members, shows that it holds, takes it all back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/columns.h"
#include "groupies/file.h"
#include "groupies/printable.h"
#include "groupies/stack.h"

#include "options.h"

#define INDENT 4

const struct command command_table[] = {
	{"provision", NULL, "make the playground, its user and the login's way in (the default)",
	 command_provision, IN_PROVISION},
	{"apply", "[NAME]", "make true what /etc/groupies says", command_apply, IN_APPLY},
	{"list", "[NAME]", "show playgrounds, limits, members and what they use", command_list,
	 IN_LIST},
	{"check", NULL, "look for whatever would let a member out", command_check, IN_CHECK},
	{"run", "[NAME] -- CMD", "run a command inside a playground", command_run, IN_RUN},
	{"prove", "[NAME]", "show the limits by experiment", command_prove, IN_PROVE},
	{"remove", "[NAME]", "take back everything that provision did", command_remove, IN_REMOVE},
	{"unwire", NULL, "take the module out of PAM, and leave all else", command_unwire,
	 IN_UNWIRE},
	{NULL, NULL, NULL, NULL, 0},
};

const struct command *command_find(const char *name)
{
	const struct command *command;

	for (command = command_table; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

int complain(int code, const char *format, ...)
{
	static const char program[] = "groupies-setup: ";
	char text[sizeof(program) + 1024];
	va_list args;

	(void)text_copy(text, sizeof(text), program);
	va_start(args, format);
	(void)vsnprintf(text + strlen(program), sizeof(text) - strlen(program), format, args);
	va_end(args);
	(void)fflush(stdout);
	columns_print(stderr, columns_of(stderr), 0, INDENT, printable_make(text));
	return code;
}

/*
 * Whatever we open must not become somebody's standard output: where there is none, what is said
 * there fails. A reader that left, or a file that may not grow, is no reason to stop half-way.
 * Returns the umask that the caller had.
 */
static mode_t start_clean(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= 2 && fcntl(fd, F_SETFD, 0) == 0);
	if (fd > 2)
		(void)close(fd);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	return umask(022);
}

/* What was said to nobody was not done as asked. Returns CODE, or 1 instead of 0. */
static int end(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return complain(code ? code : 1, "cannot write to standard output");
}

int main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct options options;
	struct report *report;
	mode_t before = start_clean();
	struct error err;
	int code;

	if (stack_widen(&err) < 0)
		return complain(1, "%s", err.text);
	switch (options_read(argc, argv, &options, &command)) {
	case OPTIONS_BAD:
		options_clear(&options);
		return 2;
	case OPTIONS_ANSWERED:
		options_clear(&options);
		return end(0);
	case OPTIONS_RUN:
		break;
	}
	options.umask = before;
	if (geteuid() != 0)
		return complain(1, "%s: only root can do this: run it with sudo", command->name);
	report = report_open(options.json, options.dry_run);
	if (!report)
		return complain(1, "out of memory");
	code = command->run(&options, report);
	report_close(report);
	options_clear(&options);
	return end(code);
}
