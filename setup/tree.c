/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

/* The home is its user's: whatever is opened there may be a FIFO or a link by now. */
static int open_entry(int dirfd, const char *name, int flags)
{
	return openat(dirfd, name,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
}

static bool same_content(int home, int skeleton, const char *name)
{
	cleanup_fd int ours = open_entry(home, name, 0), theirs = open_entry(skeleton, name, 0);
	struct stat a, b;
	char x[8192], y[8192];

	if (ours < 0 || theirs < 0 || fstat(ours, &a) < 0 || fstat(theirs, &b) < 0 ||
	    !S_ISREG(a.st_mode) || !S_ISREG(b.st_mode) || a.st_size != b.st_size)
		return false;
	for (;;) {
		ssize_t got = read(ours, x, sizeof(x)), other = read(theirs, y, sizeof(y));

		if (got < 0 || got != other || memcmp(x, y, (size_t)got) != 0)
			return false;
		if (got == 0)
			return true;
	}
}

static bool same_target(int home, int skeleton, const char *name)
{
	char x[PATH_MAX], y[PATH_MAX];
	ssize_t a = readlinkat(home, name, x, sizeof(x)),
		b = readlinkat(skeleton, name, y, sizeof(y));

	return a >= 0 && a == b && memcmp(x, y, (size_t)a) == 0;
}

static int compare(int home, int skeleton, char *path, size_t size, struct error *err);

/* 1 when NAME, whose path is PATH, is more than the skeleton has. */
static int compare_entry(int home, int skeleton, const char *name, char *path, size_t size,
			 struct error *err)
{
	struct stat ours, theirs;

	if (fstatat(home, name, &ours, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	if (fstatat(skeleton, name, &theirs, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (ours.st_mode & S_IFMT) != (theirs.st_mode & S_IFMT))
		return 1;
	if (S_ISDIR(ours.st_mode)) {
		cleanup_fd int a = open_entry(home, name, O_DIRECTORY);
		cleanup_fd int b = open_entry(skeleton, name, O_DIRECTORY);

		return a < 0 || b < 0 ? 1 : compare(a, b, path, size, err);
	}
	if (S_ISLNK(ours.st_mode))
		return !same_target(home, skeleton, name);
	return !same_content(home, skeleton, name);
}

static int compare(int home, int skeleton, char *path, size_t size, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	size_t length = strlen(path);
	const struct dirent *entry;
	int next;

	if (directory_list(home, &entries, err) < 0)
		return error_context(err, "%s", path);
	while ((next = directory_next(entries, &entry, err)) > 0) {
		int more;

		if ((size_t)snprintf(path + length, size - length, "/%s", entry->d_name) >=
		    size - length)
			return 1;
		more = compare_entry(home, skeleton, entry->d_name, path, size, err);
		if (more)
			return more;
		path[length] = '\0';
	}
	return next < 0 ? error_context(err, "%s", path) : 0;
}

int tree_holds_more(const char *home, const char *skeleton, char *ret_path, size_t size,
		    struct error *err)
{
	cleanup_fd int a = open_entry(AT_FDCWD, home, O_DIRECTORY);
	cleanup_fd int b = open(skeleton, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];
	int more;

	if (a < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", home);
	/* Without a skeleton nothing is found below -1: whatever the home holds is more. */
	if (!text_copy(path, sizeof(path), home))
		return error_set(err, ENAMETOOLONG, "%s: path too long", home);
	more = compare(a, b, path, sizeof(path), err);
	if (more > 0)
		(void)snprintf(ret_path, size, "%s", path);
	return more;
}

int tree_remove(int parent, const char *name, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(err, "%s", name);
	fd = directory_open(parent, name, err);
	if (fd < 0)
		return fd;
	if (directory_list(fd, &entries, err) < 0)
		return error_context(err, "%s", name);
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (tree_remove(dirfd(entries), entry->d_name, err) < 0)
			return error_context(err, "%s", name);
	}
	if (more < 0)
		return error_context(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(err, "%s", name);
	return 0;
}
