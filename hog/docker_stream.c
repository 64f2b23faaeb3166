/* SPDX-License-Identifier: MIT */
#include "docker_stream.h"

#include <errno.h>
#include <string.h>

#include "groupies/printable.h"

static int lines_finish(struct lines *lines, struct error *err)
{
	size_t length = lines->length;

	if (length > 0 && lines->line[length - 1] == '\r')
		length--;
	lines->line[length] = '\0';
	lines->length = 0;
	return length == 0 ? 0 : lines->take(lines->line, length, lines->data, err);
}

int lines_feed(struct lines *lines, const char *bytes, size_t length, struct error *err)
{
	const char *end = bytes + length;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t part = (size_t)((newline ? newline : end) - bytes);

		if (part >= sizeof(lines->line) - lines->length)
			return error_set(err, EMSGSIZE, "the engine sends a line of over %zu bytes",
					 sizeof(lines->line) - 1);
		memcpy(lines->line + lines->length, bytes, part);
		lines->length += part;
		bytes += part;
		if (!newline)
			break;
		bytes++;
		if (lines_finish(lines, err) < 0)
			return -err->code;
	}
	return 0;
}

int lines_end(struct lines *lines, struct error *err)
{
	return lines_finish(lines, err);
}

static void frames_keep(struct frames *frames, const char *bytes, size_t length)
{
	for (; length > 0 && frames->length < sizeof(frames->text) - 1; bytes++, length--) {
		if (*bytes == '\r')
			continue;
		frames->text[frames->length++] = *bytes ? *bytes : '?';
	}
	frames->text[frames->length] = '\0';
}

/* Takes one byte of a header. */
static void header_feed(struct frames *frames, char byte)
{
	const unsigned char *header = frames->header;
	size_t at = frames->header_length;

	frames->header[at] = (unsigned char)byte;
	frames->header_length++;
	if ((at == 0 && header[0] > 2) || (at >= 1 && at <= 3 && header[at] != 0)) {
		frames->raw = true;
		frames_keep(frames, (const char *)header, frames->header_length);
		frames->header_length = 0;
	} else if (frames->header_length == sizeof(frames->header)) {
		frames->left = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 |
			       (uint32_t)header[6] << 8 | header[7];
		frames->header_length = 0;
	}
}

void frames_feed(struct frames *frames, const char *bytes, size_t length)
{
	while (length > 0) {
		size_t part = frames->raw ? length : frames->left;

		part = part < length ? part : length;
		if (part == 0) {
			header_feed(frames, *bytes);
			part = 1;
		} else {
			frames_keep(frames, bytes, part);
			frames->left -= frames->raw ? 0 : (uint32_t)part;
		}
		bytes += part;
		length -= part;
	}
}

const char *frames_end(struct frames *frames)
{
	return printable_make_lines(frames->text);
}
