/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define BLOCK_MARK  "# groupies begin:"
#define BLOCK_BEGIN BLOCK_MARK " 'groupies-setup remove' takes this block out again\n"
#define BLOCK_NO_NL BLOCK_MARK " 'groupies-setup remove' takes this block and the newline above\n"
#define BLOCK_END   "# groupies end\n"

int edit_read(const char *path, char **ret_text, size_t *ret_length, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t length = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: is not a regular file", path);
	text = malloc(EDIT_SIZE_MAX);
	if (!text)
		return error_errno(err, "%s", path);
	while (length < EDIT_SIZE_MAX) {
		ssize_t got = read(fd, text + length, EDIT_SIZE_MAX - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "%s", path);
		if (got == 0) {
			text[length] = '\0';
			*ret_length = length;
			*ret_text = steal_pointer(&text);
			return 0;
		}
		length += (size_t)got;
	}
	return error_set(err, EFBIG, "%s: is larger than %d MiB", path,
			 EDIT_SIZE_MAX / 1024 / 1024);
}

/* A distribution may lead /etc/pam.d/system-auth elsewhere: what is edited is the file itself. */
static void resolve(const char *path, char resolved[PATH_MAX])
{
	if (!realpath(path, resolved))
		(void)text_copy(resolved, PATH_MAX, path);
}

static int open_parent(char *path, const char **ret_name, struct error *err)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	*ret_name = slash + 1;
	return directory_open(AT_FDCWD, *path ? path : "/", err);
}

static void temporary_name(const char *name, char temporary[NAME_MAX + 1])
{
	(void)snprintf(temporary, NAME_MAX + 1, ".%.200s.groupies-new", name);
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		text += put;
		length -= (size_t)put;
	}
	return true;
}

int edit_write(const char *path, const char *text, size_t length, mode_t mode, uid_t uid, gid_t gid,
	       struct error *err)
{
	char resolved[PATH_MAX], temporary[NAME_MAX + 1];
	const char *name;
	cleanup_fd int parent = -1, fd = -1;

	resolve(path, resolved);
	parent = open_parent(resolved, &name, err);
	if (parent < 0)
		return parent;
	temporary_name(name, temporary);
	(void)unlinkat(parent, temporary, 0);
	fd = openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s: cannot write a new one", path);
	if (!write_all(fd, text, length) || fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0 ||
	    fsync(fd) < 0 || renameat(parent, temporary, parent, name) < 0) {
		(void)error_errno(err, "%s: cannot write it", path);
		(void)unlinkat(parent, temporary, 0);
		return -err->code;
	}
	return fsync(parent) < 0 ? error_errno(err, "%s: cannot make it durable", path) : 0;
}

int edit_rewrite(const char *path, const char *text, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, "%s", path);
	return edit_write(path, text, strlen(text), st.st_mode & 07777, st.st_uid, st.st_gid, err);
}

int edit_unlink(const char *path, struct error *err)
{
	char copy[PATH_MAX], temporary[NAME_MAX + 1];
	const char *name;
	cleanup_fd int parent = -1;

	if (!text_copy(copy, sizeof(copy), path))
		return error_set(err, ENAMETOOLONG, "%s: path too long", path);
	parent = open_parent(copy, &name, err);
	if (parent < 0)
		return err->code == ENOENT ? 0 : parent;
	temporary_name(name, temporary);
	(void)unlinkat(parent, temporary, 0);
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return fsync(parent) < 0 ? error_errno(err, "%s: cannot make it durable", path) : 0;
}

void edit_tidy(const char *path)
{
	char resolved[PATH_MAX], temporary[NAME_MAX + 1];
	const char *name;
	struct error ignored;
	cleanup_fd int parent = -1;

	resolve(path, resolved);
	parent = open_parent(resolved, &name, &ignored);
	temporary_name(name, temporary);
	if (parent >= 0)
		(void)unlinkat(parent, temporary, 0);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* HEAD_LENGTH bytes of TEXT, the pieces (ended by NULL), and the rest of TEXT. */
static char *text_with(const char *text, size_t head_length, ...)
{
	char *made = NULL;
	size_t length;
	FILE *out = open_memstream(&made, &length);
	const char *piece;
	va_list pieces;

	if (!out)
		return NULL;
	(void)fwrite(text, 1, head_length, out);
	va_start(pieces, head_length);
	while ((piece = va_arg(pieces, const char *)))
		(void)fputs(piece, out);
	va_end(pieces);
	(void)fputs(text + head_length, out);
	if (fclose(out) != 0) {
		free(made);
		return NULL;
	}
	return made;
}

char *edit_insert_block(const char *text, size_t line, const char *body)
{
	const char *at = text;

	while (line-- > 0 && *at) {
		const char *newline = strchr(at, '\n');

		at = newline ? newline + 1 : at + strlen(at);
	}
	if (at != text && at[-1] != '\n')
		return text_with(text, (size_t)(at - text), "\n", BLOCK_NO_NL, body, BLOCK_END,
				 NULL);
	return text_with(text, (size_t)(at - text), BLOCK_BEGIN, body, BLOCK_END, (char *)NULL);
}

static bool starts_with(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

bool edit_has_block(const char *text)
{
	return strstr(text, BLOCK_MARK) != NULL;
}

bool edit_is_marker(const char *line)
{
	return starts_with(line, BLOCK_MARK) || starts_with(line, BLOCK_END);
}

static char *next_line(char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static void cut(char *from, const char *to)
{
	memmove(from, to, strlen(to) + 1);
}

/*
 * Cuts the lines that hold OURS, and the end of the block. Somebody may have taken that away, and
 * may have written something of his own in between, which stays.
 */
static void cut_body(char *line, const char *ours)
{
	bool is_end = false;

	while (!is_end && *line && !starts_with(line, BLOCK_MARK)) {
		char *next = next_line(line);

		is_end = starts_with(line, BLOCK_END);
		if (is_end || memmem(line, (size_t)(next - line), ours, strlen(ours)))
			cut(line, next);
		else
			line = next;
	}
}

char *edit_remove_blocks(const char *text, const char *ours)
{
	char *made = strdup(text), *begin;

	while (made && (begin = strstr(made, BLOCK_MARK))) {
		bool newline = starts_with(begin, BLOCK_NO_NL);

		cut(begin, next_line(begin));
		cut_body(begin, ours);
		/* Whatever somebody has written below stays on a line of its own. */
		if (newline && !*begin && begin > made && begin[-1] == '\n')
			begin[-1] = '\0';
	}
	return made;
}

/* The line behind "[SECTION]", or NULL. */
static const char *section_find(const char *text, const char *section)
{
	char header[64];
	const char *line = text;

	(void)snprintf(header, sizeof(header), "[%s]", section);
	while (*line) {
		const char *at = line + strspn(line, " \t");
		const char *newline = strchr(line, '\n');

		if (strncmp(at, header, strlen(header)) == 0)
			return newline ? newline + 1 : line + strlen(line);
		line = newline ? newline + 1 : line + strlen(line);
	}
	return NULL;
}

char *edit_add_line(const char *text, const char *section, const char *line)
{
	const char *at = section_find(text, section);
	const char *gap = at && at != text && at[-1] != '\n' ? "\n" : "";

	if (!at) {
		size_t length = strlen(text);

		gap = length && text[length - 1] != '\n' ? "\n" : "";
		return text_with(text, length, gap, length ? "\n" : "", "[", section, "]\n", line,
				 "\n", (char *)NULL);
	}
	return text_with(text, (size_t)(at - text), gap, line, "\n", (char *)NULL);
}

char *edit_set_key(const char *text, const char *section, const char *key, const char *value)
{
	const char *line = section_find(text, section);
	size_t length = strlen(key);
	char added[512];

	(void)snprintf(added, sizeof(added), "%s=%s", key, value);
	while (line && *line) {
		const char *at = line + strspn(line, " \t");
		const char *newline = strchr(line, '\n');
		const char *next = newline ? newline + 1 : line + strlen(line);

		if (*at == '[')
			break;
		if (strncmp(at, key, length) == 0 &&
		    at[length + strspn(at + length, " \t")] == '=') {
			cleanup_free char *without = text_with(text, strlen(text), (char *)NULL);
			size_t offset = (size_t)(line - text);

			if (!without)
				return NULL;
			memmove(without + offset, next, strlen(next) + 1);
			return text_with(without, offset, added, "\n", (char *)NULL);
		}
		line = next;
	}
	return edit_add_line(text, section, added);
}
