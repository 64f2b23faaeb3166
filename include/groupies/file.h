/* SPDX-License-Identifier: MIT */
/*
 * Files that we believe, files that we replace, and the kernel's files.
 * DIRFD comes before a name; names are followed through no symbolic link.
 */
#ifndef GROUPIES_FILE_H
#define GROUPIES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "groupies/directory.h"
#include "groupies/error.h"

/*
 * Is there something called NAME, of whatever kind, a link included? Returns 1, or 0 when there is
 * none (ENOENT, and a name on the way that is no directory).
 */
int file_stands(int dirfd, const char *name, struct error *err);

/*
 * Opens NAME for reading when it can be trusted: a regular file that root owns and that nobody else
 * can write. What is checked is the descriptor that is returned. The caller closes it.
 * EPERM: not trusted, the sentence says why. ENOENT: no such file.
 */
int file_open_trusted(int dirfd, const char *name, struct error *err);

/*
 * Reads all of FD into BUFFER and ends it with NUL. Returns the length.
 * EFBIG: it holds SIZE bytes or more. EBADMSG: it holds a NUL.
 */
ssize_t file_read_all(int fd, char *buffer, size_t size, struct error *err);

/* file_open_trusted and file_read_all in one. */
ssize_t file_read_trusted(int dirfd, const char *name, char *buffer, size_t size,
			  struct error *err);

/*
 * Puts LENGTH bytes of CONTENT at NAME, all or nothing: a temporary file beside it, fsync, rename,
 * fsync of the directory. Owner is the caller, MODE is exact. A failure leaves the old file.
 */
int file_replace(int dirfd, const char *name, const char *content, size_t length, mode_t mode,
		 struct error *err);

/* Writes TEXT to a file of the kernel with one write(2): cgroupfs and proc take a value whole. */
int kernel_write(int dirfd, const char *name, const char *text, struct error *err);

/* Reads a file of the kernel into BUFFER, without the newline at its end. Returns the length. */
ssize_t kernel_read(int dirfd, const char *name, char *buffer, size_t size, struct error *err);

/* The next line of *CURSOR, ended in place; NULL when there is none. Empty lines count. */
char *line_next(char **cursor);

/* The value of LINE when it reads KEY=value, else NULL. */
const char *line_value(const char *line, const char *key);

/* Copies TEXT when it fits with its NUL. */
bool text_copy(char *to, size_t size, const char *text);

/* FNV-1a of TEXT. Different texts may have the same: whoever finds by it compares the text as well. */
uint64_t text_hash(const char *text);

#endif
