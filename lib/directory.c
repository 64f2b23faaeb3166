/* SPDX-License-Identifier: MIT */
#include "groupies/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "groupies/cleanup.h"

int directory_open(int dirfd, const char *path, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? error_errno(err, "%s", path) : fd;
}

/* Takes FD over, also when it fails. */
static int list_from(int fd, const char *path, DIR **ret_entries, struct error *err)
{
	cleanup_fd int taken = fd;
	DIR *entries = fdopendir(taken);

	if (!entries)
		return error_errno(err, "%s", path);
	(void)steal_fd(&taken);
	*ret_entries = entries;
	return 1;
}

int directory_list(int fd, DIR **ret_entries, struct error *err)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return again < 0 ? error_errno(err, "cannot be listed")
			 : list_from(again, "cannot be listed", ret_entries, err);
}

int directory_find(int dirfd, const char *path, DIR **ret_entries, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	return fd < 0 ? error_errno(err, "%s", path) : list_from(fd, path, ret_entries, err);
}

int directory_next(DIR *entries, const struct dirent **ret_entry, struct error *err)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(entries);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (entry) {
		*ret_entry = entry;
		return 1;
	}
	return errno ? error_errno(err, "cannot be listed") : 0;
}
