/* SPDX-License-Identifier: MIT */
#include "groupies/columns.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_USUAL    80
#define COLUMNS_SMALLEST 20 /* narrower is no width that anybody reads in */

unsigned columns_of(FILE *out)
{
	struct winsize window = {0};

	if (!isatty(fileno(out)))
		return COLUMNS_UNBOUND;
	if (ioctl(fileno(out), TIOCGWINSZ, &window) < 0 || window.ws_col < COLUMNS_SMALLEST)
		return COLUMNS_USUAL;
	return window.ws_col;
}

/* The columns of LENGTH bytes: of a letter in UTF-8, the bytes behind its first take none. */
static unsigned width_of(const char *text, size_t length)
{
	unsigned width = 0;

	for (; length > 0; length--, text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void columns_print(FILE *out, unsigned columns, unsigned used, unsigned indent, const char *text)
{
	while (*text && columns != COLUMNS_UNBOUND) {
		unsigned blanks = (unsigned)strspn(text, " ");
		size_t length = strcspn(text + blanks, " ");
		unsigned width = width_of(text + blanks, length);

		if (used > 0 && used + blanks + width > columns) {
			/* A word that would not fit behind INDENT begins further to the left. */
			used = indent + width <= columns ? indent
			       : width < columns         ? columns - width
							 : 0;
			(void)fprintf(out, "\n%*s", (int)used, "");
		} else {
			(void)fprintf(out, "%*s", (int)blanks, "");
			used += blanks;
		}
		(void)fprintf(out, "%.*s", (int)length, text + blanks);
		used += width;
		text += blanks + length;
	}
	(void)fprintf(out, "%s\n", text);
}
