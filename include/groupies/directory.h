/* SPDX-License-Identifier: MIT */
/*
 * Directories and their lists. An entry, the end and "it cannot be read" are three answers;
 * readdir(3) gives the last two as one, so nobody else in the tree calls it (`make lint` looks).
 */
#ifndef GROUPIES_DIRECTORY_H
#define GROUPIES_DIRECTORY_H

#include <dirent.h>

#include "groupies/error.h"

/* Opens the directory PATH below DIRFD (or AT_FDCWD) for *at calls. */
int directory_open(int dirfd, const char *path, struct error *err);

/*
 * Lists the directory open at FD from its beginning; FD stays the caller's, for *at calls meanwhile.
 * The caller closes *ret_entries.
 */
int directory_list(int fd, DIR **ret_entries, struct error *err);

/*
 * Lists the directory PATH below DIRFD, which may be a symbolic link. Returns 1 with *ret_entries,
 * which the caller closes, or 0 when there is none (ENOENT, and a name on the way that is no
 * directory).
 */
int directory_find(int dirfd, const char *path, DIR **ret_entries, struct error *err);

/*
 * The next entry, "." and ".." left out. Returns 1 with *ret_entry, which holds until the next call,
 * or 0 at the end. The sentence names no directory: the caller's context does.
 */
int directory_next(DIR *entries, const struct dirent **ret_entry, struct error *err);

#endif
