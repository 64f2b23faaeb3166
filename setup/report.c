/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/columns.h"
#include "groupies/printable.h"

#include "commands.h"

#define SUBJECT_SIZE 11
#define TEXT_COLUMN  (2 + 9 + 2 + SUBJECT_SIZE + 2) /* where the sentence of a step begins */

struct report {
	bool silent;
	bool json;
	bool dry_run;
	bool colour;
	unsigned changes;
	unsigned complaints;
	struct json_object *steps; /* with --json: what report_close prints */
	struct json_object *last;
};

static const struct {
	const char *word;
	const char *colour;
} results[] = {
	[REPORT_DONE] = {"done", "\033[32m"},       [REPORT_UNCHANGED] = {"unchanged", "\033[2m"},
	[REPORT_WOULD] = {"would", "\033[36m"},     [REPORT_WARNING] = {"warning", "\033[33m"},
	[REPORT_FAILED] = {"failed", "\033[1;31m"}, [REPORT_INFO] = {"note", ""},
};

struct report *report_open(bool json, bool dry_run)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->json = json;
	report->dry_run = dry_run;
	report->colour = !json && isatty(STDOUT_FILENO) && (!no_colour || !*no_colour) && term &&
			 *term && strcmp(term, "dumb") != 0;
	report->steps = json ? json_object_new_array() : NULL;
	return report;
}

struct report *report_open_silent(void)
{
	struct report *report = report_open(false, true);

	if (report)
		report->silent = true;
	return report;
}

/* json-c escapes control characters, and lets pass what is no UTF-8. */
static void json_print(struct json_object *json)
{
	cleanup_free char *text = strdup(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			      JSON_C_TO_STRING_NOSLASHESCAPE));

	if (text)
		(void)puts(printable_make_lines(text));
	else
		(void)complain(1, "out of memory");
}

void report_close(struct report *report)
{
	if (report->steps) {
		json_print(report->steps);
		(void)json_object_put(report->steps);
	}
	(void)fflush(stdout);
	free(report);
}

static bool is_change(enum report_result result)
{
	return result == REPORT_DONE || result == REPORT_WOULD;
}

static struct json_object *step_for_programs(struct report *report, enum report_result result,
					     const char *subject, const char *text)
{
	struct json_object *step = json_object_new_object();

	(void)json_object_object_add(step, "result", json_object_new_string(results[result].word));
	(void)json_object_object_add(step, "changed", json_object_new_boolean(is_change(result)));
	(void)json_object_object_add(step, "subject", json_object_new_string(subject));
	(void)json_object_object_add(step, "text", json_object_new_string(text));
	(void)json_object_array_add(report->steps, step);
	return step;
}

static void step_for_people(const struct report *report, enum report_result result,
			    const char *subject, const char *text)
{
	const char *colour = report->colour ? results[result].colour : "";
	char shown[64];
	size_t length = strlen(printable_copy(shown, sizeof(shown), subject));

	(void)printf("  %s%-9s%s  %-*s  ", colour, results[result].word, *colour ? "\033[0m" : "",
		     SUBJECT_SIZE, shown);
	columns_print(stdout, columns_of(stdout),
		      TEXT_COLUMN + (length > SUBJECT_SIZE ? (unsigned)length - SUBJECT_SIZE : 0),
		      TEXT_COLUMN, text);
	(void)fflush(stdout);
}

static void count(struct report *report, enum report_result result)
{
	report->changes += is_change(result);
	report->complaints += result == REPORT_WARNING || result == REPORT_FAILED;
}

void report_step(struct report *report, enum report_result result, const char *subject,
		 const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)printable_make(text);
	count(report, result);
	if (report->json)
		report->last = step_for_programs(report, result, subject, text);
	else if (!report->silent)
		step_for_people(report, result, subject, text);
}

void report_failure(struct report *report, const char *subject, const char *text)
{
	count(report, REPORT_FAILED);
	if (report->json)
		(void)step_for_programs(report, REPORT_FAILED, subject, text);
}

void report_detail(struct report *report, const char *key, const char *value)
{
	if (report->last)
		(void)json_object_object_add(report->last, key,
					     value ? json_object_new_string(value) : NULL);
}

void report_words(struct report *report, const char *key, char *const *words, size_t word_count)
{
	struct json_object *array;
	size_t index;

	if (!report->last)
		return;
	array = json_object_new_array();
	for (index = 0; index < word_count; index++)
		(void)json_object_array_add(array, json_object_new_string(words[index]));
	(void)json_object_object_add(report->last, key, array);
}

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	(void)json_object_object_add(object, key,
				     value == REPORT_UNKNOWN  ? NULL
				     : value == SIZE_INFINITY ? json_object_new_string("infinity")
							      : json_object_new_uint64(value));
}

void report_number(struct report *report, const char *key, uint64_t value)
{
	if (report->last)
		add_number(report->last, key, value);
}

void report_number_of(struct report *report, const char *key, const char *name, uint64_t value)
{
	struct json_object *object;

	if (!report->last)
		return;
	if (!json_object_object_get_ex(report->last, key, &object)) {
		object = json_object_new_object();
		(void)json_object_object_add(report->last, key, object);
	}
	add_number(object, name, value);
}

void report_claim(struct report *report, const char *key, bool holds)
{
	if (report->last)
		(void)json_object_object_add(report->last, key, json_object_new_boolean(holds));
}

bool report_is_dry_run(const struct report *report)
{
	return report->dry_run;
}

unsigned report_changes(const struct report *report)
{
	return report->changes;
}

unsigned report_complaints(const struct report *report)
{
	return report->complaints;
}
