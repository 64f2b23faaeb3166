/* SPDX-License-Identifier: MIT */
/* What was asked for on the command line of groupies-docker. */
#ifndef HOG_DOCKER_REQUEST_H
#define HOG_DOCKER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

enum command_id {
	COMMAND_CHECK,
	COMMAND_LOAD,
	COMMAND_RUN,
	COMMAND_DEMO,
	COMMAND_STATS,
	COMMAND_WHERE,
	COMMAND_SHOW,
	COMMAND_CLEAN,
	COMMAND_COUNT
};

enum request_kind { REQUEST_COMMAND, REQUEST_HELP, REQUEST_VERSION };

struct request {
	enum command_id command;
	char **operands;
	size_t operand_count;
	const char *socket; /* NULL: the usual one */
	const char *image;  /* NULL: hog's own */
	const char *parent; /* a playground; NULL: the engine's own group */
	const char *name;   /* of the container; NULL: one is made up */
	uint64_t size_bytes;
	uint64_t memory_bytes;
	uint64_t swap_bytes;
	bool keep;
	bool once;
	bool json;
};

/*
 * Reads the command line. Returns what kind of request it is. Every failure is a mistake of whoever
 * typed it (exit 2).
 */
int request_parse(int argc, char **argv, struct request *ret_request, struct error *err);

extern const char request_help[];

#endif
