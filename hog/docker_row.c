/* SPDX-License-Identifier: MIT */
#include "docker_row.h"

#include <inttypes.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/printable.h"
#include "groupies/size.h"

#define LINE_SIZE 1024
#define BAR_WIDTH 10

struct cell {
	char text[64];
};

/* Four digits at most and the largest unit of BASE that leaves a number: as docker writes it. */
static struct cell units(uint64_t bytes, double base, const char *const *names, size_t count,
			 int digits)
{
	double number = (double)bytes;
	struct cell cell;
	size_t unit = 0;

	while (number >= base && unit + 1 < count) {
		number /= base;
		unit++;
	}
	(void)snprintf(cell.text, sizeof(cell.text), "%.*g%s", digits, number, names[unit]);
	return cell;
}

static struct cell memory_cell(uint64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

	return units(bytes, 1024, names, sizeof(names) / sizeof(*names), 4);
}

static struct cell traffic_cell(uint64_t bytes)
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB"};

	return units(bytes, 1000, names, sizeof(names) / sizeof(*names), 3);
}

static const char none[] = "-";

static struct cell no_cell(void)
{
	struct cell cell;

	strcpy(cell.text, none);
	return cell;
}

/* ---- the columns --------------------------------------------------------------------------------*/

uint64_t row_memory_bytes(const struct row *row)
{
	uint64_t usage = row->figures.of[WORD_USAGE], inactive = row->figures.of[WORD_INACTIVE];

	return inactive < usage ? usage - inactive : usage;
}

static double memory_percent(const struct row *row)
{
	return row->most_bytes ? 100.0 * (double)row_memory_bytes(row) / (double)row->most_bytes
			       : 0;
}

static struct cell id_cell(const struct row *row)
{
	struct cell cell;

	(void)snprintf(cell.text, sizeof(cell.text), "%.12s", row->id);
	return cell;
}

static struct cell name_cell(const struct row *row)
{
	struct cell cell;

	(void)snprintf(cell.text, sizeof(cell.text), "%.40s", row->name);
	return cell;
}

static struct cell cpu_cell(const struct row *row)
{
	struct cell cell = no_cell();

	if (row->cpu_percent >= 0)
		(void)snprintf(cell.text, sizeof(cell.text), "%.2f%%", row->cpu_percent);
	return cell;
}

static struct cell usage_cell(const struct row *row)
{
	struct cell cell;

	(void)snprintf(cell.text, sizeof(cell.text), "%.24s / %.24s",
		       memory_cell(row_memory_bytes(row)).text, memory_cell(row->most_bytes).text);
	return cell;
}

static struct cell percent_cell(const struct row *row)
{
	struct cell cell;

	(void)snprintf(cell.text, sizeof(cell.text), "%.2f%%", memory_percent(row));
	return cell;
}

static struct cell bar_cell(const struct row *row)
{
	size_t full = (size_t)(memory_percent(row) * BAR_WIDTH / 100.0 + 0.5), at;
	struct cell cell;

	for (at = 0; at < BAR_WIDTH; at++)
		cell.text[at] = at < full ? '#' : '-';
	cell.text[BAR_WIDTH] = '\0';
	return cell;
}

static struct cell word_cell(const struct row *row, enum word word)
{
	struct cell cell = no_cell();

	if (!row->figures.has[word])
		return cell;
	if (word_names[word].unit == UNIT_BYTES)
		return memory_cell(row->figures.of[word]);
	(void)snprintf(cell.text, sizeof(cell.text), "%" PRIu64, row->figures.of[word]);
	return cell;
}

static struct cell anon_cell(const struct row *row)
{
	return word_cell(row, WORD_ANON);
}

static struct cell cache_cell(const struct row *row)
{
	return word_cell(row, WORD_CACHE);
}

static struct cell swap_cell(const struct row *row)
{
	return word_cell(row, WORD_SWAP);
}

static struct cell peak_cell(const struct row *row)
{
	return word_cell(row, WORD_PEAK);
}

static struct cell kills_cell(const struct row *row)
{
	return word_cell(row, WORD_KILLS);
}

static struct cell tasks_cell(const struct row *row)
{
	return word_cell(row, WORD_TASKS);
}

static struct cell pair_cell(uint64_t first, uint64_t second)
{
	struct cell cell;

	(void)snprintf(cell.text, sizeof(cell.text), "%.24s / %.24s", traffic_cell(first).text,
		       traffic_cell(second).text);
	return cell;
}

static struct cell network_cell(const struct row *row)
{
	return pair_cell(row->received_bytes, row->sent_bytes);
}

static struct cell block_cell(const struct row *row)
{
	return pair_cell(row->figures.of[WORD_READ], row->figures.of[WORD_WRITTEN]);
}

static const struct column {
	const char *head;
	int width;
	struct cell (*print)(const struct row *row);
} columns_table[] = {
	{"CONTAINER ID", 12, id_cell}, {"NAME", 20, name_cell},
	{"CPU %", 7, cpu_cell},        {"MEM USAGE / LIMIT", 21, usage_cell},
	{"MEM %", 7, percent_cell},    {"BAR", BAR_WIDTH, bar_cell},
	{"ANON", 9, anon_cell},        {"CACHE", 9, cache_cell},
	{"SWAP", 9, swap_cell},        {"PEAK", 9, peak_cell},
	{"KILLS", 5, kills_cell},      {"NET I/O", 17, network_cell},
	{"BLOCK I/O", 17, block_cell}, {"PIDS", 0, tasks_cell},
};

#define COLUMN_COUNT (sizeof(columns_table) / sizeof(*columns_table))

/* Cut at COLUMNS: a wrapped line would shift the screen. */
static const char *line_cut(char *line, size_t columns)
{
	if (columns && columns < LINE_SIZE)
		line[columns] = '\0';
	return printable_make(line);
}

static void line_add(char *line, const char *text, int width)
{
	size_t length = strlen(line);

	(void)snprintf(line + length, LINE_SIZE - length, "%-*s%s", width, text, width ? "  " : "");
}

void row_print_head(FILE *out, size_t columns)
{
	char line[LINE_SIZE] = "";
	size_t index;

	for (index = 0; index < COLUMN_COUNT; index++)
		line_add(line, columns_table[index].head, columns_table[index].width);
	(void)fprintf(out, "%s\n", line_cut(line, columns));
}

void row_print(const struct row *row, FILE *out, size_t columns, bool colour)
{
	/* Green has room; red has more than nine tenths. */
	const char *paint = memory_percent(row) > 90 ? "\033[31m" : "\033[32m";
	char line[LINE_SIZE] = "";
	size_t index;

	for (index = 0; index < COLUMN_COUNT; index++)
		line_add(line, columns_table[index].print(row).text, columns_table[index].width);
	if (colour)
		(void)fputs(paint, out);
	(void)fputs(line_cut(line, columns), out);
	(void)fputs(colour ? "\033[0m\n" : "\n", out);
}

/* ---- where it comes from ------------------------------------------------------------------------*/

void row_take_stats(struct row *row, const struct reply_stats *stats)
{
	const struct {
		enum word word;
		uint64_t value;
	} taken[] = {
		{WORD_LIMIT, stats->limit_bytes},       {WORD_USAGE, stats->usage_bytes},
		{WORD_PEAK, stats->peak_bytes},         {WORD_ANON, stats->anon_bytes},
		{WORD_CACHE, stats->cache_bytes},       {WORD_INACTIVE, stats->inactive_bytes},
		{WORD_SWAP, stats->swap_bytes},         {WORD_TASKS, stats->tasks},
		{WORD_TASKS_LIMIT, stats->tasks_limit},
	};
	size_t index;

	memset(&row->figures, 0, sizeof(row->figures));
	for (index = 0; index < sizeof(taken) / sizeof(*taken); index++) {
		enum word word = taken[index].word;
		uint64_t value = taken[index].value;

		/* v2 has no peak and no swap in there. */
		if ((word == WORD_PEAK && value == 0) ||
		    (word == WORD_SWAP && value == SIZE_INFINITY))
			continue;
		row->figures.of[word] = value;
		row->figures.has[word] = true;
	}
}

void row_take_network(struct row *row, uint64_t pid)
{
	char path[64], line[512];
	cleanup_file FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/net/dev", pid);
	file = fopen(path, "re");
	row->received_bytes = row->sent_bytes = 0;
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');
		uint64_t received, sent;

		if (!colon || strncmp(line + strspn(line, " "), "lo:", 3) == 0 ||
		    sscanf(colon + 1, "%" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &received,
			   &sent) != 2)
			continue;
		row->received_bytes += received;
		row->sent_bytes += sent;
	}
}

/* ---- JSON ---------------------------------------------------------------------------------------*/

json_object *figure_json(const struct figures *figures, enum word word)
{
	if (!figures->has[word] || figures->of[word] == SIZE_INFINITY)
		return NULL;
	return json_object_new_uint64(figures->of[word]);
}

json_object *row_json(const struct row *row)
{
	static const struct {
		const char *key;
		enum word word;
	} keys[] = {
		{"usage_bytes", WORD_USAGE},
		{"limit_bytes", WORD_LIMIT},
		{"swap_limit_bytes", WORD_SWAP_LIMIT},
		{"peak_bytes", WORD_PEAK},
		{"anon_bytes", WORD_ANON},
		{"cache_bytes", WORD_CACHE},
		{"inactive_cache_bytes", WORD_INACTIVE},
		{"swap_bytes", WORD_SWAP},
		{"hits", WORD_HITS},
		{"kills", WORD_KILLS},
		{"tasks", WORD_TASKS},
		{"tasks_limit", WORD_TASKS_LIMIT},
		{"read_bytes", WORD_READ},
		{"written_bytes", WORD_WRITTEN},
	};
	json_object *object = json_object_new_object();
	size_t index;

	json_object_object_add(object, "id", json_object_new_string(row->id));
	json_object_object_add(object, "name", json_object_new_string(row->name));
	json_object_object_add(object, "memory_bytes",
			       json_object_new_uint64(row_memory_bytes(row)));
	for (index = 0; index < sizeof(keys) / sizeof(*keys); index++)
		json_object_object_add(object, keys[index].key,
				       figure_json(&row->figures, keys[index].word));
	json_object_object_add(object, "received_bytes",
			       json_object_new_uint64(row->received_bytes));
	json_object_object_add(object, "sent_bytes", json_object_new_uint64(row->sent_bytes));
	json_object_object_add(object, "cpu_percent",
			       row->cpu_percent < 0 ? NULL
						    : json_object_new_double(row->cpu_percent));
	return object;
}
