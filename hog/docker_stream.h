/* SPDX-License-Identifier: MIT */
/*
 * What an engine sends in pieces, put together again however it was cut: lines (of JSON, one a
 * message), and the frames in which the output of a container comes. No I/O here.
 */
#ifndef HOG_DOCKER_STREAM_H
#define HOG_DOCKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

#define LINE_LARGEST ((size_t)64 * 1024)

/* Called with each line, without its newline, ended with NUL. < 0 stops the stream. */
typedef int line_taker(char *line, size_t length, void *data, struct error *err);

struct lines {
	line_taker *take;
	void *data;
	size_t length;
	char line[LINE_LARGEST];
};

/* Takes LENGTH bytes. EMSGSIZE: a line does not fit; else what the taker answered. */
int lines_feed(struct lines *lines, const char *bytes, size_t length, struct error *err);

/* The stream has ended: the rest is a line as well. */
int lines_end(struct lines *lines, struct error *err);

/*
 * Frames (Engine API, "attach to a container"): a byte that tells stdout from stderr, three zeros,
 * the length in big-endian order, and that many bytes. What they carry is collected, from its
 * beginning, as far as it fits, with '?' for zeros.
 */
struct frames {
	unsigned char header[8];
	size_t header_length;
	uint32_t left; /* of the frame that is open */
	bool raw;      /* a container with a terminal sends no frames: everything is output */
	size_t length;
	char text[16384];
};

/* Takes LENGTH bytes. Nothing here can fail: what does not begin like a frame is raw output. */
void frames_feed(struct frames *frames, const char *bytes, size_t length);

/* The output has ended. Returns its text, made printable but for its newlines and tabs. */
const char *frames_end(struct frames *frames);

#endif
