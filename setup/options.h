/* SPDX-License-Identifier: MIT */
/*
 * The command line of groupies-setup. One table says for each option what it is called, what it
 * takes, which commands know it and what its value must look like; --help is that table printed.
 */
#ifndef GROUPIES_SETUP_OPTIONS_H
#define GROUPIES_SETUP_OPTIONS_H

#include "commands.h"

/* One row of the table of commands. */
struct command {
	const char *name;
	const char *words; /* what follows it, for --help; NULL: nothing may */
	const char *help;
	int (*run)(const struct options *options, struct report *report);
	unsigned mask; /* its bit in the table of options */
};

enum {
	IN_PROVISION = 1 << 0,
	IN_APPLY = 1 << 1,
	IN_LIST = 1 << 2,
	IN_CHECK = 1 << 3,
	IN_RUN = 1 << 4,
	IN_PROVE = 1 << 5,
	IN_REMOVE = 1 << 6,
	IN_UNWIRE = 1 << 7,
	IN_ALL = (1 << 8) - 1,
};

extern const struct command command_table[];
const struct command *command_find(const char *name);

enum options_answer { OPTIONS_RUN, OPTIONS_ANSWERED, OPTIONS_BAD };

/*
 * Reads the command line and checks every value. OPTIONS_BAD: a bad one was complained about;
 * OPTIONS_ANSWERED: --help or --version has been printed.
 */
enum options_answer options_read(int argc, char **argv, struct options *ret_options,
				 const struct command **ret_command);
void options_clear(struct options *options);

#endif
