/* SPDX-License-Identifier: MIT */
/* What was ordered on the command line: how much of what, how fast, for how long. */
#ifndef HOG_ORDER_H
#define HOG_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

enum order_kind { KIND_ANON, KIND_FILE, KIND_SHM, KIND_COUNT };

struct order {
	uint64_t size_bytes; /* 0: no memory */
	uint64_t step_bytes; /* 0: all of it at once */
	uint64_t every_ms;   /* between two steps */
	uint64_t wait_ms;    /* how long to keep what was eaten */
	uint64_t tasks;
	uint64_t cpus;
	enum order_kind kind;
	bool hold; /* until a signal; wait_ms counts for nothing */
	bool thp;
	bool lock;
	bool fill;
	bool json;
	bool force;
};

enum order_request { ORDER_EAT, ORDER_HELP, ORDER_VERSION };

/*
 * Reads the command line. PERCENT_OF is what `50%` is half of, in bytes. Returns what to do.
 * Every failure is a mistake of whoever typed it (exit 2).
 */
int order_parse(int argc, char **argv, uint64_t percent_of, struct order *ret_order,
		struct error *err);

/* "anon", "file" or "shm". */
const char *order_kind_name(enum order_kind kind);

/* Writes MS as seconds without needless zeros: "1", "0.5". Returns TEXT. */
const char *seconds_print(uint64_t ms, char *text, size_t size);

extern const char order_help[];

#endif
