/* SPDX-License-Identifier: MIT */
/* The commands of groupies-setup: a row each in main.c's table. Each returns the exit code. */
#ifndef GROUPIES_SETUP_COMMANDS_H
#define GROUPIES_SETUP_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "report.h"

/* The command line, read once by options.c; a command looks at what concerns it. */
struct options {
	const char *command;
	char **words; /* what follows the command: names, or the command line of `run` */
	size_t word_count;
	mode_t umask; /* the caller's, which `run` gives back to its command */

	const char **users; /* --user, repeatable */
	size_t user_count;
	const char *group;
	const char *playground; /* --playground; NULL: the default one */
	const char *memory, *swap, *tasks, *cpu, *cpus;
	const char *user_manager;
	const char *fetch_hog, *sha256;
	bool adopt, adopt_container, force, dry_run, json, terminate, sweep, password_stdin, locked,
		home_default, delete_home;
};

int command_provision(const struct options *options, struct report *report);
int command_apply(const struct options *options, struct report *report);
int command_list(const struct options *options, struct report *report);
int command_check(const struct options *options, struct report *report);
int command_run(const struct options *options, struct report *report);
int command_prove(const struct options *options, struct report *report);
int command_remove(const struct options *options, struct report *report);
int command_unwire(const struct options *options, struct report *report);

#define DEFAULT_PLAYGROUND "playground"
#define DEFAULT_USER       "dockerstudent"
#define DEFAULT_MEMORY     "10M"

/* "groupies-setup: WHAT" on stderr. Returns CODE. */
int complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
