/* SPDX-License-Identifier: MIT */
#include "groupies/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What steers or is not seen, by code point: control characters, and Unicode's of no width. */
static const struct range {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
	{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	{0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

/* The code point of the LENGTH bytes at AT; 0 when they are no UTF-8, or a longer way than need be. */
static uint32_t code_point(const unsigned char *at, size_t length)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t code = length == 1 ? *at : *at & (0x7fU >> length);
	size_t index;

	for (index = 1; index < length; index++) {
		if ((at[index] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[index] & 0x3f);
	}
	return code < least[length - 1] || code > 0x10ffff ? 0 : code;
}

/* How many bytes the character at AT has, when it may be shown; else 0. */
static size_t character_length(const unsigned char *at)
{
	size_t length = *at < 0x80   ? 1
			: *at < 0xc0 ? 0
			: *at < 0xe0 ? 2
			: *at < 0xf0 ? 3
				     : 4,
	       index;
	uint32_t code = length && *at < 0xf8 ? code_point(at, length) : 0;

	for (index = 0; index < sizeof(hidden) / sizeof(*hidden); index++) {
		if (code >= hidden[index].first && code <= hidden[index].last)
			return 0;
	}
	return length;
}

static char *make(char *text, bool lines)
{
	char *at = text;

	while (*at) {
		size_t length = character_length((const unsigned char *)at);

		if (length == 0 && !(lines && (*at == '\n' || *at == '\t')))
			*at = '?';
		at += length ? length : 1;
	}
	return text;
}

char *printable_make(char *text)
{
	return make(text, false);
}

char *printable_make_lines(char *text)
{
	return make(text, true);
}

char *printable_copy(char *to, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	memcpy(to, text, length);
	to[length] = '\0';
	return printable_make(to);
}
