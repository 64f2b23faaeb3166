/* SPDX-License-Identifier: MIT */
/* Lines and frames: however the bytes are cut, what comes out is the same. */
#include "docker_stream.h"

#include "input.h"

struct heard {
	size_t lines;
	size_t bytes;
	uint64_t sum;
};

static int hear(char *line, size_t length, void *data, struct error *err)
{
	struct heard *heard = data;
	size_t at;

	(void)err;
	CLAIM(line[length] == '\0' && length > 0);
	heard->lines++;
	heard->bytes += length;
	for (at = 0; at < length; at++)
		heard->sum = heard->sum * 31 + (unsigned char)line[at];
	return 0;
}

/* PIECE bytes at a time; 0: all at once. */
static struct heard lines_hear(const char *text, size_t size, size_t piece)
{
	static struct lines lines;
	struct heard heard = {0};
	struct error err = ERROR_NONE;
	size_t at, part;

	lines = (struct lines){.take = hear, .data = &heard};
	for (at = 0; at < size; at += part) {
		part = piece && piece < size - at ? piece : size - at;
		if (lines_feed(&lines, text + at, part, &err) < 0)
			return heard;
	}
	(void)lines_end(&lines, &err);
	return heard;
}

static void frames_hear(const char *text, size_t size, size_t piece, struct frames *frames)
{
	size_t at, part;

	memset(frames, 0, sizeof(*frames));
	for (at = 0; at < size; at += part) {
		part = piece && piece < size - at ? piece : size - at;
		frames_feed(frames, text + at, part);
	}
	CLAIM(frames->length < sizeof(frames->text) && frames->text[frames->length] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] % 7 : 1;
	static struct frames whole, cut;
	char *text = input_text(data, size);
	struct heard all = lines_hear(text, size, 0), some = lines_hear(text, size, piece);

	CLAIM(all.lines == some.lines && all.bytes == some.bytes && all.sum == some.sum);
	frames_hear(text, size, 0, &whole);
	frames_hear(text, size, piece, &cut);
	CLAIM(whole.length == cut.length && memcmp(whole.text, cut.text, whole.length) == 0);
	free(text);
	return 0;
}
