/* SPDX-License-Identifier: MIT */
/* A directory for one test, gone with everything in it when the test is over. */
#ifndef GROUPIES_SCRATCH_H
#define GROUPIES_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "unit.h"

struct scratch {
	char path[64];
	int fd;
};

static inline int scratch_make(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return -1;
	(void)snprintf(scratch->path, sizeof(scratch->path), "/tmp/groupies-unit.XXXXXX");
	if (!mkdtemp(scratch->path))
		return -1;
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = scratch;
	return scratch->fd < 0 ? -1 : 0;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int scratch_remove(void **state)
{
	struct scratch *scratch = *state;

	(void)close(scratch->fd);
	(void)nftw(scratch->path, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(scratch);
	return 0;
}

/* Puts TEXT at NAME, as it is, with MODE. */
static inline void scratch_write(const struct scratch *scratch, const char *name, const char *text,
				 mode_t mode)
{
	int fd = openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

/* True when NAME holds exactly TEXT. */
static inline bool scratch_holds(const struct scratch *scratch, const char *name, const char *text)
{
	int fd = openat(scratch->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char seen[8192];
	ssize_t length = fd < 0 ? -1 : read(fd, seen, sizeof(seen));

	if (fd >= 0)
		(void)close(fd);
	return length == (ssize_t)strlen(text) && memcmp(seen, text, (size_t)length) == 0;
}

/* How many names the directory holds. */
static inline unsigned scratch_count(const struct scratch *scratch)
{
	int again = openat(scratch->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(entries);
	return count;
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

#endif
