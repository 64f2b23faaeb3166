/* SPDX-License-Identifier: MIT */
/*
 * A container's group as it is shown: the same words on v1 and v2, the kernel's own number, and the
 * kernel's file beside each.
 */
#ifndef HOG_DOCKER_PORTRAIT_H
#define HOG_DOCKER_PORTRAIT_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

#include "docker_group.h"

/* One line: "  WORD   VALUE". */
void portrait_line(FILE *out, const char *word, const char *value);

/* A line for each word that the kernel has here. LIMIT_TEXT: the limit as the kernel stores it. */
void portrait_words(FILE *out, const struct figures *figures, bool unified, const char *limit_text);

/* The limits above the container, the lowest first to fire; nothing where there are none. */
void portrait_levels(FILE *out, const struct levels *levels);

/* memory.stat, what is not zero, in columns. */
void portrait_stat(FILE *out, const char *stat);

json_object *portrait_stat_json(const char *stat);

#endif
