/* SPDX-License-Identifier: MIT */
/* What somebody else named: as each program shows it, it is UTF-8 and steers no terminal. */
#include "groupies/printable.h"

#include <stdarg.h>
#include <stdio.h>

#include "commands.h"
#include "docker_stream.h"
#include "hog_chain.h"
#include "input.h"

int complain(int code, const char *format, ...)
{
	(void)format;
	return code;
}

/* The second byte of a character of two or more, by its first (Unicode, table 3-7). */
static int second_is_right(unsigned char first, unsigned char second)
{
	return second >= (first == 0xe0   ? 0xa0
			  : first == 0xf0 ? 0x90
					  : 0x80) &&
	       second <= (first == 0xed   ? 0x9f
			  : first == 0xf4 ? 0x8f
					  : 0xbf);
}

static void claim_printable(const char *text, const char *allowed)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3, index;

		CLAIM((*at >= ' ' && *at != 0x7f) || strchr(allowed, *at));
		CLAIM(*at < 0x80 || (*at >= 0xc2 && *at <= 0xf4 && second_is_right(*at, at[1])));
		for (index = 2; index <= more; index++)
			CLAIM((at[index] & 0xc0) == 0x80);
		CLAIM(*at != 0xc2 || at[1] >= 0xa0);
		CLAIM(*at != 0xe2 || at[1] != 0x80 || at[2] < 0x8b || at[2] == 0x90 ||
		      (at[2] > 0x90 && at[2] < 0xa8) || at[2] > 0xae);
		CLAIM(*at != 0xe2 || at[1] != 0x81 || at[2] < 0xa0 || at[2] > 0xaf);
		at += more + 1;
	}
}

static void setup_says(const char *text, bool json)
{
	FILE *terminal = stdout;
	char *said = NULL;
	size_t length = 0;
	struct report *report;

	stdout = open_memstream(&said, &length);
	report = report_open(json, false);
	report_step(report, REPORT_INFO, text, "%s", text);
	report_failure(report, "a failure", text);
	report_detail(report, text, text);
	report_close(report);
	(void)fclose(stdout);
	stdout = terminal;
	claim_printable(said, "\n");
	free(said);
}

static void docker_says(const char *text)
{
	static struct frames frames;

	memset(&frames, 0, sizeof(frames));
	frames.raw = true;
	frames_feed(&frames, text, strlen(text));
	claim_printable(frames_end(&frames), "\n\t");
}

static void hog_says(const char *text)
{
	static struct chain chain;
	char name[64], path[CGROUP_PATH_SIZE];

	chain.path_length[0] = (size_t)snprintf(chain.path, sizeof(chain.path), "/%s", text);
	if (chain.path_length[0] >= sizeof(chain.path))
		return;
	claim_printable(chain_name(&chain, 0, name, sizeof(name)), "");
	claim_printable(chain_path(&chain, 0, path, sizeof(path)), "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), copy[64], *again;

	setup_says(text, false);
	setup_says(text, true);
	docker_says(text);
	hog_says(text);
	claim_printable(printable_copy(copy, sizeof(copy), text), "");
	CLAIM(strlen(printable_make(text)) == strnlen((const char *)data, size));
	again = strdup(text);
	CLAIM(again && strcmp(printable_make(again), text) == 0);
	claim_printable(text, "");
	free(again);
	free(text);
	return 0;
}
