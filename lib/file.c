/* SPDX-License-Identifier: MIT */
#include "groupies/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"

int file_stands(int dirfd, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : error_errno(err, "%s", name);
}

/*
 * A file that we believe MUST be a regular file, MUST belong to root and MUST NOT be writable by
 * group or others. O_NONBLOCK keeps a FIFO from holding the login; it has no effect on the rest.
 */
int file_open_trusted(int dirfd, const char *name, struct error *err)
{
	cleanup_fd int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return error_set(err, EPERM, "%s: is a symbolic link, not a file", name);
	if (fd < 0)
		return error_errno(err, "%s", name);
	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EPERM, "%s: is not a regular file", name);
	if (st.st_uid != 0)
		return error_set(err, EPERM, "%s: belongs to uid %u, not to root: chown root it",
				 name, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, EPERM, "%s: others than root can write it: chmod go-w it",
				 name);
	return steal_fd(&fd);
}

ssize_t file_read_all(int fd, char *buffer, size_t size, struct error *err)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(fd, buffer + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "read");
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (length == size)
		return error_set(err, EFBIG, "holds %zu bytes or more", size);
	if (memchr(buffer, '\0', length))
		return error_set(err, EBADMSG, "holds a NUL byte");
	buffer[length] = '\0';
	return (ssize_t)length;
}

ssize_t file_read_trusted(int dirfd, const char *name, char *buffer, size_t size, struct error *err)
{
	cleanup_fd int fd = file_open_trusted(dirfd, name, err);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = file_read_all(fd, buffer, size, err);
	return length < 0 ? error_context(err, "%s", name) : length;
}

static int write_all(int fd, const char *content, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, content, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		content += put;
		length -= (size_t)put;
	}
	return 0;
}

int file_replace(int dirfd, const char *name, const char *content, size_t length, mode_t mode,
		 struct error *err)
{
	char temporary[300];
	cleanup_fd int fd = -1;

	/* One name for each target: a run that was killed leaves it, the next one starts it anew.
	 */
	if (snprintf(temporary, sizeof(temporary), ".%s.groupies-new", name) >=
	    (int)sizeof(temporary))
		return error_set(err, ENAMETOOLONG, "%s: name too long", name);
	(void)unlinkat(dirfd, temporary, 0);
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s: cannot write a new one", name);
	if (write_all(fd, content, length) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
	    renameat(dirfd, temporary, dirfd, name) < 0) {
		(void)error_errno(err, "%s: cannot write it", name);
		(void)unlinkat(dirfd, temporary, 0);
		return -err->code;
	}
	if (fsync(dirfd) < 0 && errno != EINVAL && errno != EBADF)
		return error_errno(err, "%s: cannot make it durable", name);
	return 0;
}

int kernel_write(int dirfd, const char *name, const char *text, struct error *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t put;

	if (fd < 0)
		return error_errno(err, "%s", name);
	put = write(fd, text, length);
	if (put < 0)
		return error_errno(err, "%s: cannot write '%s'", name, text);
	if ((size_t)put != length)
		return error_set(err, EIO, "%s: only part of '%s' was taken", name, text);
	return 0;
}

ssize_t kernel_read(int dirfd, const char *name, char *buffer, size_t size, struct error *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return error_errno(err, "%s", name);
	length = file_read_all(fd, buffer, size, err);
	if (length < 0)
		return error_context(err, "%s", name);
	if (length > 0 && buffer[length - 1] == '\n')
		buffer[--length] = '\0';
	return length;
}

char *line_next(char **cursor)
{
	char *line = *cursor;
	char *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end) {
		*end = '\0';
		*cursor = end + 1;
	} else {
		*cursor = line + strlen(line);
	}
	return line;
}

const char *line_value(const char *line, const char *key)
{
	size_t length = strlen(key);

	return strncmp(line, key, length) == 0 && line[length] == '=' ? line + length + 1 : NULL;
}

bool text_copy(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return false;
	memcpy(to, text, length + 1);
	return true;
}

uint64_t text_hash(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}
