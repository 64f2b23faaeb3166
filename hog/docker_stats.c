/* SPDX-License-Identifier: MIT */
/*
 * stats: docker's columns and more, read from the kernel. A frame is one write; a pipe gets lines
 * without any escape code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "docker_commands.h"
#include "docker_container.h"
#include "docker_interrupt.h"
#include "docker_row.h"
#include "groupies/cleanup.h"
#include "groupies/host.h"

#define FRAME_MS  1000
#define SAMPLE_MS 10 /* between the two samples that --once takes for the CPU */

/* One container, followed from frame to frame. */
struct seat {
	struct row row;
	struct group group;
	bool is_found;
	bool is_fresh; /* in this frame */
	uint64_t pid;  /* where it is known already */
	uint64_t cpu_us;
	uint64_t cpu_at_us;
};

struct table {
	struct session *session;
	struct seat *seats;
	size_t count;
	bool is_terminal;
	bool colour;
};

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void table_clear(struct table *table)
{
	size_t index;

	for (index = 0; index < table->count; index++)
		group_close(&table->seats[index].group);
	free(table->seats);
	table->seats = NULL;
	table->count = 0;
}

#define cleanup_table __attribute__((cleanup(table_clear)))

/* ---- who runs --------------------------------------------------------------------------------------*/

static int seat_add(struct table *table, const char *id, const char *name, uint64_t pid,
		    struct error *err)
{
	struct seat *larger = realloc(table->seats, (table->count + 1) * sizeof(*larger)), *seat;

	if (!larger)
		return error_set(err, ENOMEM, "the table: out of memory");
	table->seats = larger;
	seat = &larger[table->count++];
	memset(seat, 0, sizeof(*seat));
	group_clear(&seat->group);
	(void)snprintf(seat->row.id, sizeof(seat->row.id), "%s", id);
	(void)snprintf(seat->row.name, sizeof(seat->row.name), "%s", name);
	seat->row.cpu_percent = -1;
	seat->pid = pid;
	return 0;
}

static int seat_take(struct table *table, const char *id, const char *name, uint64_t pid,
		     struct error *err)
{
	size_t index;

	for (index = 0; index < table->count; index++) {
		if (strcmp(table->seats[index].row.id, id) == 0) {
			table->seats[index].is_fresh = true;
			return 0;
		}
	}
	if (seat_add(table, id, name, pid, err) < 0)
		return -err->code;
	table->seats[table->count - 1].is_fresh = true;
	return 0;
}

/* Those named on the command line; one that is not there is a failure. */
static int take_named(struct table *table, struct error *err)
{
	const struct request *request = table->session->request;
	struct reply_container container;
	size_t index;

	for (index = 0; index < request->operand_count; index++) {
		if (container_inspect(&table->session->engine, request->operands[index], &container,
				      err) < 0)
			return -err->code;
		if (container.running &&
		    seat_take(table, container.id, container.name, container.pid, err) < 0)
			return -err->code;
	}
	return 0;
}

static int take_running(struct table *table, struct error *err)
{
	struct reply_row *rows = NULL;
	int count = container_list(&table->session->engine, false, &rows, err), index;
	cleanup_free void *owner = rows;

	(void)owner;
	for (index = 0; index < count; index++) {
		if (seat_take(table, rows[index].id, rows[index].name, 0, err) < 0)
			return -err->code;
	}
	return count < 0 ? -err->code : 0;
}

static void seats_forget(struct table *table)
{
	size_t index, kept = 0;

	for (index = 0; index < table->count; index++) {
		if (table->seats[index].is_fresh)
			table->seats[kept++] = table->seats[index];
		else
			group_close(&table->seats[index].group);
	}
	table->count = kept;
}

/* ---- how it is ---------------------------------------------------------------------------------------*/

static void seat_count_cpu(struct seat *seat)
{
	uint64_t now = now_us(), used = seat->row.figures.of[WORD_CPU];

	if (seat->cpu_at_us && now > seat->cpu_at_us && used >= seat->cpu_us)
		seat->row.cpu_percent =
			100.0 * (double)(used - seat->cpu_us) / (double)(now - seat->cpu_at_us);
	seat->cpu_us = used;
	seat->cpu_at_us = now;
}

/* Looks for the group, once: a pid does not change while a container runs. */
static int seat_find(struct table *table, struct seat *seat, struct error *err)
{
	struct reply_container container = {.pid = seat->pid};

	if (seat->is_found)
		return 0;
	if (seat->pid == 0 &&
	    container_inspect(&table->session->engine, seat->row.id, &container, err) < 0)
		return -err->code;
	if (container_group_find(&seat->group, container.pid, seat->row.id, err) < 0)
		return -err->code;
	seat->is_found = seat->group.pid != 0;
	return 0;
}

/* From the kernel, else from the engine. ENOENT: it has ended. */
static int seat_sample(struct table *table, struct seat *seat, struct error *err)
{
	uint64_t all = host_memory_bytes();
	struct reply_stats stats;

	if (seat_find(table, seat, err) < 0)
		return -err->code;
	if (seat->is_found) {
		if (group_sample(&seat->group, &seat->row.figures) == 0)
			return error_set(err, ENOENT, "%s: has ended", seat->row.name);
		row_take_network(&seat->row, seat->group.pid);
		seat_count_cpu(seat);
	} else {
		if (session_ask_info(table->session, err) < 0 ||
		    container_stats(&table->session->engine, seat->row.id, &stats, err) < 0)
			return -err->code;
		row_take_stats(&seat->row, &stats);
		all = table->session->info.memory_bytes;
	}
	seat->row.most_bytes =
		seat->row.figures.of[WORD_LIMIT] < all ? seat->row.figures.of[WORD_LIMIT] : all;
	return 0;
}

/* Who vanishes between two calls is not there: that is no failure. */
static int table_sample(struct table *table, struct error *err)
{
	size_t index;

	for (index = 0; index < table->count; index++) {
		struct error why = ERROR_NONE;

		if (seat_sample(table, &table->seats[index], &why) >= 0)
			continue;
		if (why.code != ENOENT)
			return error_set(err, why.code, "%s", why.text);
		table->seats[index].is_fresh = false;
	}
	seats_forget(table);
	return 0;
}

static int table_read(struct table *table, struct error *err)
{
	size_t index;
	int answer;

	for (index = 0; index < table->count; index++)
		table->seats[index].is_fresh = false;
	answer = table->session->request->operand_count ? take_named(table, err)
							: take_running(table, err);
	if (answer < 0)
		return answer;
	seats_forget(table);
	return table_sample(table, err);
}

/* ---- showing it ---------------------------------------------------------------------------------------*/

static size_t terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

static void table_print(const struct table *table, FILE *out, bool redraw)
{
	size_t columns = table->is_terminal ? terminal_columns() : 0, index;

	/* Home, and afterwards what is below is cleared: nothing flickers. */
	if (redraw)
		(void)fputs("\033[H\033[J", out);
	row_print_head(out, columns);
	for (index = 0; index < table->count; index++)
		row_print(&table->seats[index].row, out, columns, table->colour);
}

static void table_print_json(const struct table *table, FILE *out)
{
	json_object *list = json_object_new_array();
	size_t index;

	for (index = 0; index < table->count; index++)
		(void)json_object_array_add(list, row_json(&table->seats[index].row));
	json_print(list, out);
	(void)json_object_put(list);
}

/* One frame, one write. */
static int frame_show(const struct table *table, bool redraw, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0, written = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_errno(err, "the frame");
	if (table->session->request->json)
		table_print_json(table, out);
	else
		table_print(table, out, redraw);
	if (fclose(out) != 0)
		return error_errno(err, "the frame");
	while (written < length) {
		ssize_t put = write(STDOUT_FILENO, text + written, length - written);

		if (put < 0 && errno != EINTR)
			return error_errno(err, "cannot write to stdout");
		written += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int stats_once(struct table *table, struct error *err)
{
	/* The second sample gives the CPU; what needs no second one is in both. */
	if (table_read(table, err) < 0 || interrupt_sleep(table->count ? SAMPLE_MS : 0, err) < 0 ||
	    table_sample(table, err) < 0)
		return -err->code;
	return frame_show(table, false, err);
}

static int stats_live(struct table *table, struct error *err)
{
	bool redraw = table->is_terminal && !table->session->request->json;

	for (;;) {
		if (table_read(table, err) < 0 || frame_show(table, redraw, err) < 0)
			return -err->code;
		if (interrupt_sleep(FRAME_MS, err) < 0)
			return -err->code;
	}
}

int command_stats(struct session *session, struct error *err)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	cleanup_table struct table table = {.session = session};

	/* A terminal that knows no escape codes is a pipe to us. */
	table.is_terminal = isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
	table.colour = table.is_terminal && !(no_color && *no_color);
	return session->request->once ? stats_once(&table, err) : stats_live(&table, err);
}
