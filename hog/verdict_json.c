/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "groupies/size.h"

static const char *const outcome_names[] = {
	[OUTCOME_DONE] = "done",           [OUTCOME_SURVIVED] = "survived",
	[OUTCOME_UNLIMITED] = "unlimited", [OUTCOME_THROTTLED] = "throttled",
	[OUTCOME_REFUSED] = "refused",     [OUTCOME_KILLED] = "killed",
	[OUTCOME_ENDED] = "ended",         [OUTCOME_FAILED] = "failed",
};

static void add(char *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *json, const char *format, ...)
{
	size_t length = strlen(json);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(json + length, VERDICT_JSON_SIZE - length, format, args);
	va_end(args);
}

/* A member with a string; null when TEXT is NULL or empty. TEXT is printable: no control characters. */
static void add_text(char *json, const char *name, const char *text)
{
	add(json, ", \"%s\": ", name);
	if (!text || !*text) {
		add(json, "null");
		return;
	}
	add(json, "\"");
	for (; *text; text++)
		add(json, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	add(json, "\"");
}

/* A member with a whole number; null for SIZE_INFINITY. */
static void add_number(char *json, const char *name, uint64_t number)
{
	if (number == SIZE_INFINITY)
		add(json, ", \"%s\": null", name);
	else
		add(json, ", \"%s\": %" PRIu64, name, number);
}

static void add_seconds(char *json, const char *name, uint64_t us)
{
	add(json, ", \"%s\": %" PRIu64 ".%06" PRIu64, name, us / 1000000, us % 1000000);
}

void verdict_print_json(const struct evidence *evidence, const struct verdict *verdict,
			char json[VERDICT_JSON_SIZE])
{
	const struct order *order = evidence->order;
	const struct told *told = evidence->told;

	*json = '\0';
	add(json, "{\"outcome\": \"%s\", \"exit\": %d", outcome_names[verdict->outcome],
	    verdict->exit_code);
	add_text(json, "by", verdict->by);
	add_text(json, "group", verdict->group);
	add_text(json, "path", verdict->path);
	add_number(json, "limit", *verdict->group ? verdict->limit : SIZE_INFINITY);
	add_number(json, "period_us", verdict->period_us ? verdict->period_us : SIZE_INFINITY);
	add_number(json, "hits", verdict->hits);
	add_number(json, "kills", verdict->kills);
	add_text(json, "kind", order->size_bytes ? order_kind_name(order->kind) : NULL);
	add_number(json, "asked_bytes", order->size_bytes);
	add_number(json, "eaten_bytes", atomic_load(&told->eaten_bytes));
	add_number(json, "asked_tasks", order->tasks);
	add_number(json, "started_tasks", atomic_load(&told->tasks));
	add_number(json, "asked_cpus", order->cpus);
	add_seconds(json, "cpu_seconds", told->busy_us);
	add_seconds(json, "burn_seconds", told->burn_us);
	add_seconds(json, "write_seconds", told->write_ns / 1000);
	add_seconds(json, "read_seconds", told->read_ns / 1000);
	add_text(json, "sentence", verdict->sentence);
	add(json, "}\n");
}
