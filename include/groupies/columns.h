/* SPDX-License-Identifier: MIT */
/* Sentences in the width of whoever reads them: broken between words, never inside of one. */
#ifndef GROUPIES_COLUMNS_H
#define GROUPIES_COLUMNS_H

#include <stdio.h>

#define COLUMNS_UNBOUND 0

/*
 * How many columns a line on OUT may have: the terminal's width, 80 where it does not tell.
 * COLUMNS_UNBOUND where OUT is no terminal: what a program reads stays in one line.
 */
unsigned columns_of(FILE *out);

/*
 * Writes TEXT and a newline to OUT, in lines of at most COLUMNS. USED columns of the first are taken already; each
 * further one begins with INDENT blanks, or fewer where its first word would not fit. A word that is
 * wider than a line stays whole.
 */
void columns_print(FILE *out, unsigned columns, unsigned used, unsigned indent, const char *text);

#endif
