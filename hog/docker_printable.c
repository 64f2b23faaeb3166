/* SPDX-License-Identifier: MIT */
#include "docker_printable.h"

#include <stdbool.h>

/* How many bytes follow the first one of a letter, in UTF-8 (RFC 3629). */
static size_t followers(unsigned char first)
{
	return first >= 0xf0 && first <= 0xf4   ? 3
	       : first >= 0xe0 && first <= 0xef ? 2
	       : first >= 0xc2 && first <= 0xdf ? 1
						: 0;
}

/*
 * Does BYTE, of 0x80 to 0x9f, go on with the letter that TO ends in? Not where that is a longer way
 * to write a shorter letter: a terminal that does not mind would read a control character.
 */
static bool continues_letter(const unsigned char *to, size_t length, unsigned char byte)
{
	size_t back = 0;
	unsigned char first;

	while (back < length && back < 3 && (to[length - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == length)
		return false;
	first = to[length - 1 - back];
	if (back == 0 && (first == 0xe0 || (first == 0xf0 && byte < 0x90)))
		return false;
	return back < followers(first);
}

void printable_put(char *to, size_t length, char byte)
{
	unsigned char code = (unsigned char)byte;
	bool high = code >= 0x80 && code <= 0x9f;

	to[length] = byte;
	if (code < ' ' || code == 0x7f ||
	    (high && !continues_letter((const unsigned char *)to, length, code)))
		to[length] = '?';
	else if (high && to[length - 1] == '\xc2')
		to[length] = to[length - 1] = '?';
}

char *printable_copy(char *to, size_t size, const char *text)
{
	size_t at;

	for (at = 0; at + 1 < size && text[at]; at++)
		printable_put(to, at, text[at]);
	to[at] = '\0';
	return to;
}
