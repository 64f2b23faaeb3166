/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/size.h"

#define VALUE_SIZE 4096
#define STAT_SIZE  16384

/* ---- where ----------------------------------------------------------------------------------- */

/* NAME and NAME/UID where we own the tree; slices, nested by their dash, where systemd does. */
static void group_name(const struct host *host, const char *name, uid_t uid, char text[128])
{
	bool slices = host->manager == HOST_SYSTEMD;

	if (uid == NO_UID)
		(void)snprintf(text, 128, "%s%s", name, slices ? ".slice" : "");
	else if (slices)
		(void)snprintf(text, 128, "%s.slice/%s-%u.slice", name, name, (unsigned)uid);
	else
		(void)snprintf(text, 128, "%s/%u", name, (unsigned)uid);
}

void group_directory(const struct host *host, const struct hierarchy *hierarchy, const char *name,
		     uid_t uid, char directory[GROUP_DIRECTORY_SIZE])
{
	char group[128];

	group_name(host, name, uid, group);
	(void)snprintf(directory, GROUP_DIRECTORY_SIZE, "%s/%s", hierarchy->mount, group);
}

/* Takes HIERARCHY's directory of NAME into STAMP, when there is one. */
static int group_take(const struct host *host, const struct hierarchy *hierarchy, const char *name,
		      struct stamp *stamp, struct error *err)
{
	struct stamp_group group = {.role = host->manager == HOST_SYSTEMD ? STAMP_MANAGED
									  : STAMP_WRITE};
	char directory[GROUP_DIRECTORY_SIZE], below[128];
	struct stat st;

	group_directory(host, hierarchy, name, NO_UID, directory);
	group_name(host, name, NO_UID, below);
	if (lstat(directory, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", directory);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (stamp->group_count == STAMP_GROUPS_MAX)
		return error_set(err, E2BIG, "%s: one hierarchy more than fit", directory);
	if (!text_copy(group.directory, sizeof(group.directory), directory) ||
	    snprintf(group.path, sizeof(group.path), "%s/%s",
		     strcmp(hierarchy->root, "/") == 0 ? "" : hierarchy->root,
		     below) >= (int)sizeof(group.path))
		return error_set(err, ENAMETOOLONG, "%s: path too long", directory);
	if (!hierarchy->unified)
		(void)snprintf(group.controller, sizeof(group.controller), "%.*s",
			       (int)strcspn(hierarchy->controllers, ","), hierarchy->controllers);
	group.device = st.st_dev;
	group.inode = st.st_ino;
	stamp->groups[stamp->group_count++] = group;
	return 0;
}

int groups_find(const struct host *host, const char *name, struct stamp *ret_stamp,
		struct error *err)
{
	struct stamp stamp;
	struct error ignored;
	size_t index;

	/* A stamp that cannot be believed is none: the directories themselves are looked for then. */
	if (stamp_read(name, &stamp, &ignored) == 0 && stamp_check(&stamp, &ignored) == 0) {
		*ret_stamp = stamp;
		return (int)stamp.group_count;
	}
	stamp = (struct stamp){.manager = host->manager};
	for (index = 0; index < host->count; index++) {
		if (group_take(host, &host->hierarchies[index], name, &stamp, err) < 0)
			return -err->code;
	}
	*ret_stamp = stamp;
	return (int)stamp.group_count;
}

struct uids {
	uid_t *list;
	size_t count;
};

static int uids_add(struct uids *uids, const char *text, struct error *err)
{
	uid_t *grown;
	uint64_t uid;
	size_t index;
	struct error ignored;

	if (number_parse(text, 0, UINT32_MAX - 1, &uid, &ignored) < 0)
		return 0;
	for (index = 0; index < uids->count; index++) {
		if (uids->list[index] == uid)
			return 0;
	}
	grown = reallocarray(uids->list, uids->count + 1, sizeof(*grown));
	if (!grown)
		return error_errno(err, "parts");
	uids->list = grown;
	grown[uids->count++] = (uid_t)uid;
	return 0;
}

/* A part is called UID on cgroupfs, NAME-UID.slice on systemd, and its stamp NAME.UID. */
static int uids_add_from(const char *directory, const char *prefix, const char *suffix,
			 struct uids *uids, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	char text[64];
	int more = directory_find(AT_FDCWD, directory, &entries, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		size_t length = strlen(entry->d_name);

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    length < strlen(prefix) + strlen(suffix) || length >= sizeof(text) ||
		    strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%.*s",
			       (int)(length - strlen(prefix) - strlen(suffix)),
			       entry->d_name + strlen(prefix));
		if (uids_add(uids, text, err) < 0)
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", directory) : 0;
}

int groups_parts(const struct host *host, const char *name, uid_t **ret_uids, size_t *ret_count,
		 struct error *err)
{
	bool slices = host->manager == HOST_SYSTEMD;
	char directory[GROUP_DIRECTORY_SIZE], prefix[64];
	struct uids uids = {0};
	size_t index;
	int ret;

	(void)snprintf(prefix, sizeof(prefix), "%s.", name);
	ret = uids_add_from(GROUPIES_RUN_DIR, prefix, "", &uids, err);
	(void)snprintf(prefix, sizeof(prefix), "%s%s", slices ? name : "", slices ? "-" : "");
	for (index = 0; ret == 0 && index < host->count; index++) {
		group_directory(host, &host->hierarchies[index], name, NO_UID, directory);
		ret = uids_add_from(directory, prefix, slices ? ".slice" : "", &uids, err);
	}
	if (ret < 0) {
		free(uids.list);
		return ret;
	}
	*ret_uids = uids.list;
	*ret_count = uids.count;
	return 0;
}

/* ---- what the limits say --------------------------------------------------------------------- */

static void setting_look(const struct host *host, const struct config *config, uid_t uid,
			 const struct setting *setting, setting_visitor *visit, void *data)
{
	char directory[GROUP_DIRECTORY_SIZE], seen[VALUE_SIZE];
	struct error ignored;
	cleanup_fd int fd = -1;
	bool same;

	group_directory(host, setting->hierarchy, config->name, uid, directory);
	fd = directory_open(AT_FDCWD, directory, &ignored);
	if (fd < 0 || kernel_read(fd, setting->file, seen, sizeof(seen), &ignored) < 0) {
		visit(setting, directory, NULL, false, data);
		return;
	}
	same = setting->matches(setting->value, seen) &&
	       !(setting->bounded && limit_text_is_unlimited(setting->file, seen));
	visit(setting, directory, seen, same, data);
}

int groups_settings(const struct host *host, const struct config *config, uid_t uid,
		    setting_visitor *visit, void *data, struct error *err)
{
	struct setting settings[SETTINGS_MAX];
	int index, count = limits_render(uid == NO_UID ? &config->shared : &config->each, host,
					 settings, err);

	for (index = 0; index < count; index++)
		setting_look(host, config, uid, &settings[index], visit, data);
	return count < 0 ? count : 0;
}

static void count_differences(const struct setting *setting, const char *directory,
			      const char *seen, bool same, void *data)
{
	unsigned *differences = data;

	(void)setting;
	(void)directory;
	(void)seen;
	*differences += !same;
}

bool groups_in_force(const struct host *host, const struct config *config, uid_t uid)
{
	unsigned differences = 0;
	struct error ignored;

	if (groups_settings(host, config, NO_UID, count_differences, &differences, &ignored) < 0)
		return false;
	if (uid != NO_UID &&
	    groups_settings(host, config, uid, count_differences, &differences, &ignored) < 0)
		return false;
	return differences == 0;
}

/* ---- what they count ------------------------------------------------------------------------- */

/* The number behind KEY in a text of "KEY NUMBER" lines; 0 when it is not there. */
static uint64_t text_number(const char *text, const char *key)
{
	size_t length = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	}
	return 0;
}

/*
 * Opens the directory in which STAMP's processes are charged: of a member's stamp, that is the
 * member's own part and not the playground around it. ENOENT: nothing counts memory.
 */
static int memory_open(const struct stamp *stamp, struct error *err)
{
	cleanup_fd int deepest = -1;
	size_t depth = 0;
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		const char *directory = stamp->groups[index].directory;
		struct error trouble = ERROR_NONE;
		cleanup_fd int fd = directory_open(AT_FDCWD, directory, &trouble);
		int counts = fd < 0 ? fd : file_stands(fd, "memory.current", &trouble);

		if (counts == 0)
			counts = file_stands(fd, "memory.usage_in_bytes", &trouble);
		if (counts < 0 && !errno_means_gone(trouble.code)) {
			*err = trouble;
			return error_context(err, "%s", directory);
		}
		if (counts <= 0 || strlen(directory) <= depth)
			continue;
		if (deepest >= 0)
			(void)close(deepest);
		deepest = steal_fd(&fd);
		depth = strlen(directory);
	}
	return deepest < 0 ? error_set(err, ENOENT, "no group of it counts memory")
			   : steal_fd(&deepest);
}

static int memory_used(int group, uint64_t *ret_bytes, struct error *err)
{
	struct error trouble = ERROR_NONE;
	char text[64];

	if (kernel_read(group, "memory.current", text, sizeof(text), &trouble) < 0 &&
	    (trouble.code != ENOENT ||
	     kernel_read(group, "memory.usage_in_bytes", text, sizeof(text), &trouble) < 0)) {
		*err = trouble;
		return -err->code;
	}
	*ret_bytes = strtoull(text, NULL, 10);
	return 0;
}

/* Takes files' pages off *USED. */
static int memory_less_files(int group, uint64_t *used, struct error *err)
{
	char text[STAT_SIZE];
	uint64_t reclaimable;

	if (kernel_read(group, "memory.stat", text, sizeof(text), err) < 0)
		return -err->code;
	/* The lists of v1 count the group itself; with total_, what is below as well. */
	reclaimable =
		strstr(text, "total_inactive_file ")
			? text_number(text, "total_inactive_file") +
				  text_number(text, "total_active_file")
			: text_number(text, "inactive_file") + text_number(text, "active_file");
	*used = *used > reclaimable ? *used - reclaimable : 0;
	return 0;
}

/* 0 bytes are charged where nothing counts them, or the group has just gone. */
static int memory_of(const struct stamp *stamp, bool held, uint64_t *ret_bytes, struct error *err)
{
	struct error trouble = ERROR_NONE;
	cleanup_fd int group = memory_open(stamp, &trouble);
	uint64_t used = 0;

	if (group >= 0 && memory_used(group, &used, &trouble) == 0 && held)
		(void)memory_less_files(group, &used, &trouble);
	if (trouble.code && !errno_means_gone(trouble.code)) {
		*err = trouble;
		return -err->code;
	}
	*ret_bytes = used;
	return 0;
}

int groups_memory(const struct stamp *stamp, uint64_t *ret_bytes, struct error *err)
{
	return memory_of(stamp, false, ret_bytes, err);
}

int groups_memory_held(const struct stamp *stamp, uint64_t *ret_bytes, struct error *err)
{
	return memory_of(stamp, true, ret_bytes, err);
}
struct counter {
	const char *file, *key;
	uint64_t sum;
};

/* Adds what the group NAME below FD counts, and those below it. One that has gone counts nothing. */
static int count_below(int fd, const char *name, struct counter *counter, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	struct error trouble = ERROR_NONE;
	char text[STAT_SIZE];
	int more = directory_find(fd, name, &entries, err);

	if (more <= 0)
		return more;
	if (kernel_read(dirfd(entries), counter->file, text, sizeof(text), &trouble) >= 0)
		counter->sum += text_number(text, counter->key);
	if (trouble.code && !errno_means_gone(trouble.code)) {
		*err = trouble;
		return error_context(err, "%s", name);
	}
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (entry->d_type == DT_DIR &&
		    count_below(dirfd(entries), entry->d_name, counter, err) < 0)
			return error_context(err, "%s", name);
	}
	return more < 0 ? error_context(err, "%s", name) : 0;
}

int groups_count(const struct stamp *stamp, const char *file, const char *key, uint64_t *ret_count,
		 struct error *err)
{
	struct counter counter = {file, key, 0};
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		if (count_below(AT_FDCWD, stamp->groups[index].directory, &counter, err) < 0)
			return -err->code;
	}
	*ret_count = counter.sum;
	return 0;
}

/* ---- who may write them ---------------------------------------------------------------------- */

/* systemd hands the group of a user manager to its user; the limits around it stay root's. */
static bool is_delegated(const struct host *host, const char *name)
{
	const char *end = strrchr(name, '.');

	return host->manager == HOST_SYSTEMD && strncmp(name, "user@", 5) == 0 && end &&
	       strcmp(end, ".service") == 0;
}

/* Hands the file at PATH to VISIT when it is loose. Returns 1 for a directory. */
static int file_look(const char *path, const char *name, loose_visitor *visit, void *data,
		     struct error *err)
{
	mode_t wrong = strcmp(name, "cgroup.event_control") == 0 ? 0 : S_IWGRP | S_IWOTH;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	if (st.st_uid != 0 || (st.st_mode & wrong))
		visit(path, st.st_uid, st.st_mode & 07777, data);
	return S_ISDIR(st.st_mode);
}

static int directory_loose_files(const struct host *host, const char *directory,
				 loose_visitor *visit, void *data, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, directory, &entries, err);

	if (more > 0 && file_look(directory, "", visit, data, err) < 0)
		return -err->code;
	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		char path[PATH_MAX];
		int looked;

		if (is_delegated(host, entry->d_name))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >=
		    (int)sizeof(path))
			return error_set(err, ENAMETOOLONG, "%s: path too long", directory);
		looked = file_look(path, entry->d_name, visit, data, err);
		if (looked < 0 ||
		    (looked > 0 && directory_loose_files(host, path, visit, data, err) < 0))
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", directory) : 0;
}

int groups_loose_files(const struct host *host, const char *name, loose_visitor *visit, void *data,
		       struct error *err)
{
	char directory[GROUP_DIRECTORY_SIZE];
	size_t index;

	for (index = 0; index < host->count; index++) {
		group_directory(host, &host->hierarchies[index], name, NO_UID, directory);
		if (directory_loose_files(host, directory, visit, data, err) < 0)
			return -err->code;
	}
	return 0;
}

static void count_loose(const char *path, uid_t owner, mode_t mode, void *data)
{
	unsigned *loose = data;

	(void)path;
	(void)owner;
	(void)mode;
	(*loose)++;
}

int groups_are_loose(const struct host *host, const char *name, struct error *err)
{
	unsigned loose = 0;

	return groups_loose_files(host, name, count_loose, &loose, err) < 0 ? -err->code
									    : loose > 0;
}
