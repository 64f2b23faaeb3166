/* SPDX-License-Identifier: MIT */
/*
 * What groupies-setup says while it works: each step with its result as it happens, as a line for
 * people or, with --json, as one array of objects at the end. Results go to stdout.
 */
#ifndef GROUPIES_SETUP_REPORT_H
#define GROUPIES_SETUP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groupies/size.h"

enum report_result {
	REPORT_DONE,      /* changed just now */
	REPORT_UNCHANGED, /* was so already */
	REPORT_WOULD,     /* --dry-run: would be changed */
	REPORT_WARNING,   /* needs attention, nothing failed */
	REPORT_FAILED,
	REPORT_INFO, /* a finding or a hint, nothing was to be done */
};

struct report;

/* The caller closes it; report_close prints the JSON when there is some. */
struct report *report_open(bool json, bool dry_run);
void report_close(struct report *report);

/* One that says nothing: for asking a question whose answer is the return value alone. */
struct report *report_open_silent(void);

/* One step: SUBJECT is a short word ("user", "registry"), the sentence says what and why. */
void report_step(struct report *report, enum report_result result, const char *subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * A failure that the caller complains about on stderr: with --json it is an object among the
 * others as well, for people it is not said twice.
 */
void report_failure(struct report *report, const char *subject, const char *text);

/*
 * Add "KEY": VALUE to the object of the step that was reported last (JSON only). A key has one type,
 * and groupies-setup(8) documents it: what is added here is added there. A text that is NULL is null.
 * A number may also be SIZE_INFINITY or REPORT_UNKNOWN, which are "infinity" and null; with NAME, it
 * is the member of that name of the object that KEY is.
 */
#define REPORT_UNKNOWN (SIZE_INFINITY - 1)
void report_detail(struct report *report, const char *key, const char *value);
void report_words(struct report *report, const char *key, char *const *words, size_t word_count);
void report_number(struct report *report, const char *key, uint64_t value);
void report_number_of(struct report *report, const char *key, const char *name, uint64_t value);
void report_claim(struct report *report, const char *key, bool holds);

bool report_is_dry_run(const struct report *report);

/* How many steps changed something (or would), and how many warned or failed. */
unsigned report_changes(const struct report *report);
unsigned report_complaints(const struct report *report);

#endif
