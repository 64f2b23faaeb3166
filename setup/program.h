/* SPDX-License-Identifier: MIT */
/* Running the host's own programs: useradd, chpasswd, pam-auth-update and their like. */
#ifndef GROUPIES_SETUP_PROGRAM_H
#define GROUPIES_SETUP_PROGRAM_H

#include <stddef.h>

#include "groupies/error.h"

#define PROGRAM_OUTPUT_SIZE 4096

struct program {
	const char *const *arguments;   /* arguments[0]: a path, or a name for a fixed PATH */
	const char *const *environment; /* further variables, or NULL; the rest is clean */
	const char *input;              /* its standard input; NULL: /dev/null */
	size_t input_length;
	unsigned seconds; /* after that its process group is killed */
};

/* What it said on stdout and stderr (the first bytes of it), and how it ended. */
struct program_answer {
	char output[PROGRAM_OUTPUT_SIZE];
	int exit_status; /* -1: it did not exit by itself */
};

/*
 * Runs PROGRAM to its end. Any other exit status than 0 is an error whose sentence has the
 * program's last line; ret_answer (may be NULL) is filled then as well.
 * ENOENT: no such program. ETIMEDOUT: it took too long and was killed.
 */
int program_run(const struct program *program, struct program_answer *ret_answer,
		struct error *err);

/* True when the host has NAME. */
int program_exists(const char *name);

/*
 * Every program that is run from now on keeps FD open, so that a lock behind it is held until the
 * last of them has ended, even if we are killed.
 */
void program_keep_open(int fd);

#endif
