/* SPDX-License-Identifier: MIT */
/*
 * The limits: one table from the words of systemd.resource-control(5) to the kernel's files on v1
 * and on v2. Everything that parses, prints, sets, checks or documents a limit reads this table.
 */
#ifndef GROUPIES_LIMITS_H
#define GROUPIES_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"
#include "groupies/host.h"

enum limit_id {
	LIMIT_MEMORY_MAX,
	LIMIT_MEMORY_HIGH,
	LIMIT_MEMORY_SWAP_MAX,
	LIMIT_TASKS_MAX,
	LIMIT_CPU_QUOTA,
	LIMIT_CPU_WEIGHT,
	LIMIT_ALLOWED_CPUS,
	LIMIT_IO_WEIGHT,
	LIMIT_IO_READ_BANDWIDTH_MAX,
	LIMIT_IO_WRITE_BANDWIDTH_MAX,
	LIMIT_COUNT
};

/* One limit as it was asked for. NUMBER's unit is the row's: bytes, tasks, percent or weight. */
struct limit_value {
	bool set;
	uint64_t number; /* SIZE_INFINITY: "infinity" */
	char text[256];  /* AllowedCPUs as a list; bandwidths as "DEVICE BYTES", separated by
			    newlines */
};

struct limits {
	struct limit_value values[LIMIT_COUNT];
};

struct limit {
	const char *name;          /* as in systemd.resource-control(5), and as in a config */
	const char *controller_v1; /* the hierarchy on v1 */
	const char *controller_v2; /* the controller on v2 */
	const char *file_v1;       /* NULL: v1 cannot say this */
	const char *file_v2;
	const char *unit; /* for messages and manuals */
	int (*parse)(const struct limit *limit, const char *text, struct limit_value *value,
		     struct error *err);
	void (*print)(const struct limit_value *value, char *text, size_t size);
	int (*render)(const struct limit *limit, const struct limits *limits, bool unified,
		      char *text, size_t size, struct error *err);
	bool (*matches)(const char *asked,
			const char *seen); /* does the kernel's text say what we wrote? */
};

extern const struct limit limit_table[LIMIT_COUNT];

/* The row called NAME, or NULL. */
const struct limit *limit_find(const char *name);
enum limit_id limit_id(const struct limit *limit);

/* Reads TEXT as a value of LIMIT. Bandwidths add up, one device at a time. EINVAL, ERANGE. */
int limit_parse(const struct limit *limit, const char *text, struct limit_value *value,
		struct error *err);

/* Writes VALUE as a config would say it. Returns TEXT. */
const char *limit_print(const struct limit *limit, const struct limit_value *value, char *text,
			size_t size);

/* One value to write: what becomes of a limit on this host. */
struct setting {
	enum limit_id limit;
	const struct hierarchy *hierarchy; /* into the host it was rendered for */
	const char *controller;
	const char *file;
	char value[256];
	unsigned line; /* which of the lines of its limit's text this is */
	bool (*matches)(const char *asked, const char *seen);
	bool bounded; /* reading it back as unlimited would be a failure */
};

#define SETTINGS_MAX 24

/*
 * Turns LIMITS into what has to be written on HOST, in the table's order. Returns how many.
 * EOPNOTSUPP: this host cannot express a limit; the sentence names it.
 */
int limits_render(const struct limits *limits, const struct host *host,
		  struct setting settings[SETTINGS_MAX], struct error *err);

/* True when TEXT, read from the kernel's file of a limit, means "no limit" there. */
bool limit_text_is_unlimited(const char *file, const char *text);

bool limits_are_empty(const struct limits *limits);

#endif
