/* SPDX-License-Identifier: MIT */
#include "hog_progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "groupies/size.h"

#define FRAME_NS        50000000ULL
#define COLUMNS_LARGEST 200
#define SIZE_COLUMNS    10 /* "1023.9 MiB" */

uint64_t clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void progress_begin(struct progress *progress, bool quiet, uint64_t limit_bytes, bool *bar_is_open)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;

	*progress = (struct progress){.quiet = quiet,
				      .terminal = !quiet && isatty(STDOUT_FILENO),
				      .limit_bytes = limit_bytes,
				      .bar_is_open = bar_is_open};
	progress->colour = progress->terminal && !dumb && !(no_color && *no_color);
}

int output_write(const char *text, struct error *err)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t put = write(STDOUT_FILENO, text, length);

		if (put < 0 && errno != EINTR)
			return error_errno(err, "cannot write to stdout");
		text += put > 0 ? put : 0;
		length -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

int progress_say(struct progress *progress, struct error *err, const char *format, ...)
{
	char line[256];
	va_list args;

	if (progress->quiet)
		return 0;
	progress_bar_wipe(progress);
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return output_write(line, err);
}

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < COLUMNS_LARGEST ? size.ws_col : COLUMNS_LARGEST;
}

/* The words behind the bar. */
static void bar_label(const struct progress *progress, uint64_t done_bytes, uint64_t all_bytes,
		      char *label, size_t size)
{
	char done[32], all[32], limit[32];

	(void)snprintf(label, size, " %*s of %s", SIZE_COLUMNS,
		       size_print(done_bytes, done, sizeof(done)),
		       size_print(all_bytes, all, sizeof(all)));
	if (progress->limit_bytes != SIZE_INFINITY)
		(void)snprintf(label + strlen(label), size - strlen(label), ", limit %s",
			       size_print(progress->limit_bytes, limit, sizeof(limit)));
}

void progress_bar(struct progress *progress, uint64_t done_bytes, uint64_t all_bytes, bool now)
{
	/* Green has room; red has eaten more than nine tenths of the limit. */
	static const char green[] = "\033[32m", red[] = "\033[31m", plain[] = "\033[0m";
	bool near = done_bytes / 9 >= progress->limit_bytes / 10;
	char frame[COLUMNS_LARGEST * 2], label[128], cells[COLUMNS_LARGEST + 1];
	size_t columns, width, full;
	struct error ignored;
	uint64_t ns;

	if (!progress->terminal)
		return;
	ns = clock_ns();
	if (!now && ns < progress->next_ns)
		return;
	progress->next_ns = ns + FRAME_NS;
	bar_label(progress, done_bytes, all_bytes, label, sizeof(label));
	columns = terminal_columns() - 1;
	width = columns > strlen(label) + 12 ? columns - strlen(label) - 2 : 0;
	width = width > 50 ? 50 : width;
	full = all_bytes ? (size_t)((long double)done_bytes / (long double)all_bytes *
				    (long double)width)
			 : 0;
	full = full > width ? width : full;
	memset(cells, '#', full);
	memset(cells + full, '-', width - full);
	cells[width] = '\0';
	if (width)
		(void)snprintf(frame, sizeof(frame), "\r[%s%.*s%s%s]%s",
			       !progress->colour ? ""
			       : near            ? red
						 : green,
			       (int)full, cells, progress->colour ? plain : "", cells + full,
			       label);
	else
		(void)snprintf(frame, sizeof(frame), "\r%.*s", (int)columns, label + 1);
	*progress->bar_is_open = true;
	(void)output_write(frame, &ignored);
}

void progress_bar_wipe(struct progress *progress)
{
	char blank[COLUMNS_LARGEST + 3];
	struct error ignored;
	size_t columns = terminal_columns() - 1;

	if (!progress->terminal || !*progress->bar_is_open)
		return;
	blank[0] = '\r';
	memset(blank + 1, ' ', columns);
	blank[columns + 1] = '\r';
	blank[columns + 2] = '\0';
	(void)output_write(blank, &ignored);
	*progress->bar_is_open = false;
}

void progress_bar_leave(struct progress *progress)
{
	struct error ignored;

	if (progress->terminal && *progress->bar_is_open)
		(void)output_write("\n", &ignored);
	*progress->bar_is_open = false;
}
