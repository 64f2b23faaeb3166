/* SPDX-License-Identifier: MIT */
/*
 * An error is one sentence and one errno value, on the caller's stack.
 *
 * The contract of every function that takes `struct error *err` last: it returns >= 0 when it
 * succeeded and -code when it failed; on success `err` is untouched, on failure every `ret_`
 * argument is. Reporting never allocates, so it cannot fail itself. errno is read once, where it
 * happened; each layer above may put its own context in front.
 */
#ifndef GROUPIES_ERROR_H
#define GROUPIES_ERROR_H

#include <stdbool.h>

struct error {
	int code;       /* a positive errno value */
	char text[512]; /* one sentence, widest context first, no newline */
};

#define ERROR_NONE ((struct error){0})

/* Sets err to CODE and the formatted sentence. Returns -code. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with errno as the code and its text behind the sentence ("FORMAT: No such file"). */
int error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "FORMAT: " in front of what err says already. Returns -err->code. */
int error_context(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * True for what getpwnam(3) and its like may leave in errno, or return, when there is simply no such
 * name; all else means that nobody can tell.
 */
bool errno_means_absent(int code);

/*
 * True for what a group's or a process's files in cgroupfs and proc say when it has ended meanwhile:
 * absence, and no failure.
 */
bool errno_means_gone(int code);

#endif
