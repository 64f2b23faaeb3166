/* SPDX-License-Identifier: MIT */
/*
 * Text of others on its way to a terminal: control characters become '?', those of one byte and
 * U+0080 to U+009F, which some terminals obey as UTF-8 and others as bare bytes. Letters stay.
 */
#ifndef HOG_DOCKER_PRINTABLE_H
#define HOG_DOCKER_PRINTABLE_H

#include <stddef.h>

/* Puts BYTE behind the LENGTH bytes that were put into TO before: what it is depends on them. */
void printable_put(char *to, size_t length, char byte);

/* Copies TEXT as far as it fits. Returns TO. */
char *printable_copy(char *to, size_t size, const char *text);

#endif
