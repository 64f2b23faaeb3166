/* SPDX-License-Identifier: MIT */
/* What every unit test says: cmocka, and the claim that something was refused in so many words. */
#ifndef GROUPIES_UNIT_H
#define GROUPIES_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "groupies/error.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* The call answered -CODE, err agrees, and its sentence holds WORDS. */
static inline void claim_refused(long answer, const struct error *err, int code, const char *words,
				 const char *file, int line)
{
	if (answer == -code && err->code == code && strstr(err->text, words))
		return;
	print_error("wanted %d with '%s', got %ld: code %d, '%s'\n", -code, words, answer,
		    err->code, err->text);
	_fail(file, line);
}

#define assert_refused(answer, err, code, words)                                                   \
	claim_refused((long)(answer), err, code, words, __FILE__, __LINE__)

/* The call worked; if not, its sentence is shown. */
static inline void claim_done(long answer, const struct error *err, const char *file, int line)
{
	if (answer >= 0)
		return;
	print_error("refused with %ld: '%s'\n", answer, err->text);
	_fail(file, line);
}

#define assert_done(answer, err) claim_done((long)(answer), err, __FILE__, __LINE__)

#define skip_because(reason)                                                                       \
	do {                                                                                       \
		print_message("skipped: %s\n", reason);                                            \
		skip();                                                                            \
	} while (0)

#endif
