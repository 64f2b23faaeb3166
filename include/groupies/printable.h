/* SPDX-License-Identifier: MIT */
/*
 * Text that somebody else named, on its way to a terminal, a log or JSON: process names, paths,
 * groups, containers, what a program said. One rule for all of them.
 *
 * UTF-8 (RFC 3629) stays, but for what steers a terminal or cannot be seen: control characters, of
 * one byte and U+0080 to U+009F; marks that turn the direction of writing; characters of no width,
 * by which two names look alike; ends of lines and paragraphs. Each byte of these, and each that is
 * no UTF-8 (a bare 9b, a longer way to write a shorter character, a surrogate, one cut off), becomes
 * '?'. So no text becomes longer, and what comes out is UTF-8.
 */
#ifndef GROUPIES_PRINTABLE_H
#define GROUPIES_PRINTABLE_H

#include <stddef.h>

/* Makes TEXT printable where it stands. Returns it. */
char *printable_make(char *text);

/* The same with newlines and tabs left in: for what is more than one line. */
char *printable_make_lines(char *text);

/* Copies TEXT as far as it fits, made printable. Returns TO. */
char *printable_copy(char *to, size_t size, const char *text);

#endif
