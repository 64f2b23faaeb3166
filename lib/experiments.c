/* SPDX-License-Identifier: MIT */
#include "groupies/experiments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/lock.h"
#include "groupies/paths.h"

/*
 * The boot's id, and a line for each group: its device and inode, which no other group has had since
 * that boot.
 */
#define RECORD      ".experiments"
#define BOOT        "/proc/sys/kernel/random/boot_id"
#define RECORD_SIZE 65536
#define LINE_SIZE   80

struct record {
	char text[RECORD_SIZE];
	char *lines; /* into the text, behind the boot's id */
};

/* Reads what is written down since this boot: nothing, where there is no such file. */
static int record_read(struct record *ret_record, struct error *err)
{
	struct error inner = ERROR_NONE;
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_RUN_DIR, &inner);
	char boot[40];
	size_t length;

	if (directory >= 0)
		(void)file_read_trusted(directory, RECORD, ret_record->text,
					sizeof(ret_record->text), &inner);
	if (inner.code && inner.code != ENOENT) {
		*err = inner;
		return error_context(err, "%s/%s", GROUPIES_RUN_DIR, RECORD);
	}
	if (kernel_read(AT_FDCWD, BOOT, boot, sizeof(boot) - 1, err) < 0)
		return -err->code;
	length = strlen(strcat(boot, "\n"));
	if (inner.code || strncmp(ret_record->text, boot, length) != 0)
		strcpy(ret_record->text, boot);
	ret_record->lines = ret_record->text + length;
	return 0;
}

/* The line of the group that ST describes, or NULL; *ret_kills is what it says. */
static char *record_find(struct record *record, const struct stat *st, uint64_t *ret_kills)
{
	char *line = record->lines;

	while (*line) {
		uint64_t device, inode, kills;

		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &device, &inode, &kills) ==
			    3 &&
		    device == st->st_dev && inode == st->st_ino) {
			*ret_kills = kills;
			return line;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

int experiments_kills(int group, uint64_t *ret_kills, struct error *err)
{
	struct record record;
	uint64_t kills = 0;
	struct stat st;

	if (fstat(group, &st) < 0)
		return error_errno(err, "cgroup");
	if (record_read(&record, err) < 0)
		return -err->code;
	(void)record_find(&record, &st, &kills);
	*ret_kills = kills;
	return 0;
}

/* Puts the group's line behind all others; the oldest, of groups long gone, make room. */
static void record_put(struct record *record, const struct stat *st, uint64_t kills)
{
	uint64_t before = 0;
	char *line = record_find(record, st, &before), *end;

	if (line) {
		end = line + strcspn(line, "\n") + 1;
		memmove(line, end, strlen(end) + 1);
	}
	while (strlen(record->text) + LINE_SIZE > RECORD_SIZE) {
		end = record->lines + strcspn(record->lines, "\n") + 1;
		memmove(record->lines, end, strlen(end) + 1);
	}
	(void)snprintf(record->text + strlen(record->text), LINE_SIZE,
		       "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)st->st_dev,
		       (uint64_t)st->st_ino, before + kills);
}

int experiments_add(const struct stamp *stamp, uint64_t kills, struct error *err)
{
	cleanup_fd int lock = playground_lock(err);
	cleanup_fd int directory = -1;
	struct record record;
	unsigned index;

	if (lock < 0)
		return lock;
	directory = directory_open(AT_FDCWD, GROUPIES_RUN_DIR, err);
	if (directory < 0 || record_read(&record, err) < 0)
		return -err->code;
	for (index = 0; index < stamp->group_count; index++) {
		const char *path = stamp->groups[index].directory;
		struct stat st;

		if (stat(path, &st) < 0)
			return error_errno(err, "%s", path);
		record_put(&record, &st, kills);
	}
	return file_replace(directory, RECORD, record.text, strlen(record.text), 0600, err);
}
