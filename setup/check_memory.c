/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: what holds the memory of a full playground. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/size.h"
#include "groupies/stamp.h"

#include "audit.h"
#include "groups.h"
#include "processes.h"

#define FULL_PERCENT   90
#define HOLDERS_SHOWN  3
#define SHM_SCAN_DEPTH 8

static int by_size(const void *a, const void *b)
{
	uint64_t left = ((const struct process *)a)->resident_bytes;
	uint64_t right = ((const struct process *)b)->resident_bytes;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* Adds the bytes in files of UID below the directory open at FD, within its mount. */
static int bytes_of(int fd, dev_t device, uid_t uid, unsigned depth, uint64_t *sum,
		    struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (directory_list(fd, &entries, err) < 0)
		return -err->code;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		struct stat st = {0};
		cleanup_fd int child = -1;

		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return error_errno(err, "%s", entry->d_name);
		/* Meanwhile gone: st is of no device. */
		if (st.st_dev != device)
			continue;
		if (st.st_uid == uid && S_ISREG(st.st_mode))
			*sum += (uint64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode) || depth == 0)
			continue;
		child = directory_open(fd, entry->d_name, err);
		if (child < 0 && (err->code == ENOENT || err->code == ENOTDIR))
			continue;
		if (child < 0 || bytes_of(child, device, uid, depth - 1, sum, err) < 0)
			return error_context(err, "%s", entry->d_name);
	}
	return more;
}

/* Files in a filesystem that is memory stay when their owner has logged out. */
static void find_files(struct audit *audit, const struct user *user)
{
	char runtime[64];
	const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp", "/run/lock", runtime};
	size_t index;

	(void)snprintf(runtime, sizeof(runtime), "/run/user/%u", (unsigned)user->uid);
	for (index = 0; index < sizeof(places) / sizeof(*places); index++) {
		struct error trouble = ERROR_NONE;
		cleanup_fd int fd = directory_open(AT_FDCWD, places[index], &trouble);
		struct statfs fs;
		struct stat st;
		uint64_t bytes = 0;
		char text[32];

		if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0))
			(void)error_errno(&trouble, "cannot be looked at");
		else if (fd >= 0 && fs.f_type == TMPFS_MAGIC)
			(void)bytes_of(fd, st.st_dev, user->uid, SHM_SCAN_DEPTH, &bytes, &trouble);
		/* A link in its place is looked at where it leads to. */
		if (trouble.code && trouble.code != ENOENT && trouble.code != ENOTDIR)
			audit_find(audit, "%s: %s", places[index], trouble.text);
		if (bytes)
			audit_find(audit, "%s: %s in files of %s in %s", audit->config->name,
				   size_print(bytes, text, sizeof(text)), user->name,
				   places[index]);
	}
}

/* The columns of /proc/sysvipc/shm are named in its first line; rss is the 15th. */
static void find_segments(struct audit *audit, const struct user *user)
{
	cleanup_file FILE *file = fopen("/proc/sysvipc/shm", "re");
	char line[512], text[32];
	uint64_t sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned uid;
		uint64_t rss;

		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %u %*s %*s %*s %*s %*s %*s %" SCNu64,
			   &uid, &rss) == 2 &&
		    uid == user->uid)
			sum += rss;
	}
	if (sum)
		audit_find(audit, "%s: %s in System V shared memory of %s (ipcs -m)",
			   audit->config->name, size_print(sum, text, sizeof(text)), user->name);
}

/* What fills STAMP's groups: of everybody in the playground, or of UID in its own part. */
static int find_holders(struct audit *audit, const struct stamp *stamp, uid_t uid,
			struct error *err)
{
	cleanup_free struct process *list = NULL;
	cleanup_users struct users users = {0};
	size_t count, index;
	char text[32];

	if (processes_inside(stamp, &list, &count, err) < 0 ||
	    config_users(audit->config, &users, NULL, err) < 0)
		return -err->code;
	if (count)
		qsort(list, count, sizeof(*list), by_size);
	for (index = 0; index < count && index < HOLDERS_SHOWN; index++)
		audit_find(audit, "%s: %s in %s (%d) of uid %u", audit->config->name,
			   size_print(list[index].resident_bytes, text, sizeof(text)),
			   list[index].command, (int)list[index].pid, (unsigned)list[index].uid);
	for (index = 0; index < users.count; index++) {
		if (uid != NO_UID && users.list[index].uid != uid)
			continue;
		find_files(audit, &users.list[index]);
		find_segments(audit, &users.list[index]);
	}
	return 0;
}

/* Is what LIMITS allow to STAMP's groups used up? WHOSE is the playground, or a member's part. */
static int check_room(struct audit *audit, const struct limits *limits, const struct stamp *stamp,
		      uid_t uid, const char *whose, struct error *err)
{
	const struct limit_value *limit = &limits->values[LIMIT_MEMORY_MAX];
	char held_text[32], limit_text[32];
	uint64_t held;

	if (!limit->set || limit->number == SIZE_INFINITY)
		return 0;
	if (groups_memory_held(stamp, &held, err) < 0)
		return -err->code;
	if (held < limit->number / 100 * FULL_PERCENT)
		return 0;
	audit_find(audit, "%s is full: %s of %s are held, so the next login may not fit", whose,
		   size_print(held, held_text, sizeof(held_text)),
		   size_print(limit->number, limit_text, sizeof(limit_text)));
	return find_holders(audit, stamp, uid, err);
}

/* Members with limits of their own: whoever has used up its own is shut out, and nobody else. */
static int check_parts(struct audit *audit, struct error *err)
{
	const struct config *config = audit->config;
	cleanup_free uid_t *parts = NULL;
	size_t count = 0, index;

	if (groups_parts(&audit->host, config->name, &parts, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		char name[STAMP_NAME_SIZE], whose[STAMP_NAME_SIZE + 32];
		struct stamp stamp;
		struct error ignored;

		stamp_name(config->name, true, parts[index], name);
		if (stamp_read(name, &stamp, &ignored) < 0)
			continue;
		(void)snprintf(whose, sizeof(whose), "uid %u's part of %s", (unsigned)parts[index],
			       config->name);
		if (check_room(audit, &config->each, &stamp, parts[index], whose, err) < 0)
			return -err->code;
	}
	return 0;
}

int check_memory(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->applied.count; index++) {
		const struct config *config = &audit->applied.list[index];
		struct stamp stamp;

		audit->config = config;
		int found = groups_find(&audit->host, config->name, &stamp, err);

		if (found < 0)
			return found;
		if (found == 0)
			continue;
		if (check_room(audit, &config->shared, &stamp, NO_UID, config->name, err) < 0 ||
		    (config->own_limits && check_parts(audit, err) < 0))
			return -err->code;
	}
	return 0;
}
