/* SPDX-License-Identifier: MIT */
#include "docker_portrait.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/printable.h"
#include "groupies/size.h"

#define LINE_SIZE  8192
#define WORD_WIDTH 15
#define STAT_WIDTH 46

void portrait_line(FILE *out, const char *word, const char *value)
{
	char shown[LINE_SIZE];

	(void)fprintf(out, "  %-*s %s\n", WORD_WIDTH, word,
		      printable_copy(shown, sizeof(shown), value));
}

/* "157286400 (150 MiB)"; the kernel's own number is what can be looked up. */
static void value_print(uint64_t number, int unit, char *text, size_t size)
{
	char words[32];

	if (number == SIZE_INFINITY)
		(void)snprintf(text, size, "unlimited");
	else if (unit == UNIT_BYTES && number >= 1024)
		(void)snprintf(text, size, "%" PRIu64 " (%s)", number,
			       size_print(number, words, sizeof(words)));
	else
		(void)snprintf(text, size, "%" PRIu64 "%s", number, unit == UNIT_US ? " us" : "");
}

void portrait_words(FILE *out, const struct figures *figures, bool unified, const char *limit_text)
{
	char value[128], line[512];
	int word;

	for (word = 0; word < WORD_COUNT; word++) {
		const struct word_name *name = &word_names[word];

		if (!figures->has[word])
			continue;
		value_print(figures->of[word], (int)name->unit, value, sizeof(value));
		if (word == WORD_LIMIT && figures->of[word] == SIZE_INFINITY && *limit_text)
			(void)snprintf(value, sizeof(value), "%s (unlimited)", limit_text);
		(void)snprintf(line, sizeof(line), "%-28s %s", value,
			       unified ? name->source_v2 : name->source_v1);
		portrait_line(out, name->word, line);
	}
}

void portrait_levels(FILE *out, const struct levels *levels)
{
	char value[64], line[GROUP_DIRECTORY_SIZE + 64];
	size_t index;

	for (index = 1; index < levels->count; index++) {
		if (levels->of[index].limit_bytes == SIZE_INFINITY)
			continue;
		value_print(levels->of[index].limit_bytes, UNIT_BYTES, value, sizeof(value));
		(void)snprintf(line, sizeof(line), "%-28s %s", value, levels->of[index].path);
		portrait_line(out, "limit above", line);
	}
}

/* Calls TAKE with each "KEY NUMBER" of STAT. */
static void stat_visit(const char *stat, void (*take)(const char *key, const char *number, void *),
		       void *data)
{
	const char *line, *end;

	for (line = stat; *line; line = *end ? end + 1 : end) {
		char key[64], number[32];

		end = strchrnul(line, '\n');
		if (sscanf(line, "%63s %31[0-9]", key, number) == 2)
			take(key, number, data);
	}
}

struct columns {
	FILE *out;
	int column;
};

static void stat_column(const char *key, const char *number, void *data)
{
	struct columns *columns = data;
	char cell[128];

	if (strcmp(number, "0") == 0)
		return;
	(void)snprintf(cell, sizeof(cell), "%s %s", key, number);
	if (columns->column == 0)
		(void)fprintf(columns->out, "  %-*s", STAT_WIDTH, cell);
	else
		(void)fprintf(columns->out, "%s\n", cell);
	columns->column = !columns->column;
}

void portrait_stat(FILE *out, const char *stat)
{
	struct columns columns = {out, 0};

	stat_visit(stat, stat_column, &columns);
	if (columns.column)
		(void)fputc('\n', out);
}

static void stat_member(const char *key, const char *number, void *data)
{
	json_object_object_add(data, key, json_object_new_uint64(strtoull(number, NULL, 10)));
}

json_object *portrait_stat_json(const char *stat)
{
	json_object *object = json_object_new_object();

	stat_visit(stat, stat_member, object);
	return object;
}
