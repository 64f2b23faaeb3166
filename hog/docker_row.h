/* SPDX-License-Identifier: MIT */
/*
 * A row of figures: docker's columns, with docker's own way to write them, and what docker does not
 * show. Figures come from the kernel, or from the engine where the group is not on this host.
 */
#ifndef HOG_DOCKER_ROW_H
#define HOG_DOCKER_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "docker_group.h"
#include "docker_reply.h"

struct row {
	char id[ID_SIZE];
	char name[NAME_SIZE];
	struct figures figures;
	uint64_t received_bytes; /* by its network */
	uint64_t sent_bytes;
	double cpu_percent;  /* of one cpu; < 0: not known */
	uint64_t most_bytes; /* of memory: the limit, or what the host has */
};

/* Takes the figures of a container whose group cannot be seen. */
void row_take_stats(struct row *row, const struct reply_stats *stats);

/* What is of PID's network, without its loopback. */
void row_take_network(struct row *row, uint64_t pid);

/* What docker calls memory in use: without the page cache that nobody has asked for lately. */
uint64_t row_memory_bytes(const struct row *row);

/* Lines of at most COLUMNS columns (0: as long as they are). */
void row_print_head(FILE *out, size_t columns);
void row_print(const struct row *row, FILE *out, size_t columns, bool colour);

json_object *row_json(const struct row *row);

/* One number of FIGURES for JSON: null for what is unlimited or not there. */
json_object *figure_json(const struct figures *figures, enum word word);

#endif
