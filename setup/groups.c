/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
static void group_take(const struct host *host, const struct hierarchy *hierarchy, const char *name,
		       struct stamp *stamp)
{
	struct stamp_group group = {.role = host->manager == HOST_SYSTEMD ? STAMP_MANAGED
									  : STAMP_WRITE};
	char directory[GROUP_DIRECTORY_SIZE], below[128];
	struct stat st;

	group_directory(host, hierarchy, name, NO_UID, directory);
	group_name(host, name, NO_UID, below);
	if (lstat(directory, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    stamp->group_count == STAMP_GROUPS_MAX)
		return;
	if (!text_copy(group.directory, sizeof(group.directory), directory) ||
	    snprintf(group.path, sizeof(group.path), "%s/%s",
		     strcmp(hierarchy->root, "/") == 0 ? "" : hierarchy->root,
		     below) >= (int)sizeof(group.path))
		return;
	if (!hierarchy->unified)
		(void)snprintf(group.controller, sizeof(group.controller), "%.*s",
			       (int)strcspn(hierarchy->controllers, ","), hierarchy->controllers);
	group.device = st.st_dev;
	group.inode = st.st_ino;
	stamp->groups[stamp->group_count++] = group;
}

unsigned groups_find(const struct host *host, const char *name, struct stamp *ret_stamp)
{
	struct stamp stamp = {.manager = host->manager};
	struct error ignored;
	size_t index;

	if (stamp_read(name, ret_stamp, &ignored) == 0 && stamp_check(ret_stamp, &ignored) == 0)
		return ret_stamp->group_count;
	for (index = 0; index < host->count; index++)
		group_take(host, &host->hierarchies[index], name, &stamp);
	*ret_stamp = stamp;
	return stamp.group_count;
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
	cleanup_dir DIR *entries = opendir(directory);
	struct dirent *entry;
	char text[64];

	while (entries && (entry = readdir(entries))) {
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
	return 0;
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
 * member's own part and not the playground around it. Negative where nothing counts memory.
 */
static int memory_open(const struct stamp *stamp)
{
	cleanup_fd int deepest = -1;
	size_t depth = 0;
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		const char *directory = stamp->groups[index].directory;
		struct error ignored;
		cleanup_fd int fd = directory_open(AT_FDCWD, directory, &ignored);

		if (fd < 0 || strlen(directory) <= depth ||
		    (faccessat(fd, "memory.current", F_OK, 0) < 0 &&
		     faccessat(fd, "memory.usage_in_bytes", F_OK, 0) < 0))
			continue;
		if (deepest >= 0)
			(void)close(deepest);
		deepest = steal_fd(&fd);
		depth = strlen(directory);
	}
	return steal_fd(&deepest);
}

static uint64_t memory_used(int group)
{
	struct error ignored;
	char text[64];

	if (group >= 0 &&
	    (kernel_read(group, "memory.current", text, sizeof(text), &ignored) >= 0 ||
	     kernel_read(group, "memory.usage_in_bytes", text, sizeof(text), &ignored) >= 0))
		return strtoull(text, NULL, 10);
	return 0;
}

uint64_t groups_memory(const struct stamp *stamp)
{
	cleanup_fd int group = memory_open(stamp);

	return memory_used(group);
}

uint64_t groups_memory_held(const struct stamp *stamp)
{
	cleanup_fd int group = memory_open(stamp);
	uint64_t used = memory_used(group), reclaimable;
	char text[STAT_SIZE];
	struct error ignored;

	if (group < 0 || kernel_read(group, "memory.stat", text, sizeof(text), &ignored) < 0)
		return used;
	/* The lists of v1 count the group itself; with total_, what is below as well. */
	reclaimable =
		strstr(text, "total_inactive_file ")
			? text_number(text, "total_inactive_file") +
				  text_number(text, "total_active_file")
			: text_number(text, "inactive_file") + text_number(text, "active_file");
	return used > reclaimable ? used - reclaimable : 0;
}

static uint64_t count_below(int group, const char *file, const char *key)
{
	cleanup_dir DIR *entries = directory_relist(group);
	struct dirent *entry;
	char text[STAT_SIZE];
	struct error ignored;
	uint64_t sum = 0;

	if (!entries)
		return 0;
	if (kernel_read(group, file, text, sizeof(text), &ignored) >= 0)
		sum += text_number(text, key);
	while ((entry = readdir(entries))) {
		cleanup_fd int child = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = directory_open(group, entry->d_name, &ignored);
		if (child >= 0)
			sum += count_below(child, file, key);
	}
	return sum;
}

uint64_t groups_count(const struct stamp *stamp, const char *file, const char *key)
{
	uint64_t sum = 0;
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		struct error ignored;
		cleanup_fd int fd =
			directory_open(AT_FDCWD, stamp->groups[index].directory, &ignored);

		if (fd >= 0)
			sum += count_below(fd, file, key);
	}
	return sum;
}

/* ---- who may write them ---------------------------------------------------------------------- */

/* BELOW: whether the groups below DIRECTORY are looked at as well. */
/* systemd hands the group of a user manager to its user; the limits around it stay root's. */
static bool is_delegated(const struct host *host, const char *name)
{
	const char *end = strrchr(name, '.');

	return host->manager == HOST_SYSTEMD && strncmp(name, "user@", 5) == 0 && end &&
	       strcmp(end, ".service") == 0;
}

static void directory_loose_files(const struct host *host, const char *directory,
				  loose_visitor *visit, void *data)
{
	cleanup_dir DIR *entries = opendir(directory);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		char path[2 * GROUP_DIRECTORY_SIZE];
		mode_t wrong = S_IWGRP | S_IWOTH;
		struct stat st;

		if (strcmp(entry->d_name, "..") == 0 || is_delegated(host, entry->d_name) ||
		    fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s/%s", GROUP_DIRECTORY_SIZE, directory,
			       entry->d_name);
		if (strcmp(entry->d_name, "cgroup.event_control") == 0)
			wrong = 0;
		if (st.st_uid != 0 || (st.st_mode & wrong))
			visit(path, st.st_uid, st.st_mode & 07777, data);
		if (S_ISDIR(st.st_mode) && strcmp(entry->d_name, ".") != 0)
			directory_loose_files(host, path, visit, data);
	}
}

void groups_loose_files(const struct host *host, const char *name, loose_visitor *visit, void *data)
{
	char directory[GROUP_DIRECTORY_SIZE];
	size_t index;

	for (index = 0; index < host->count; index++) {
		group_directory(host, &host->hierarchies[index], name, NO_UID, directory);
		directory_loose_files(host, directory, visit, data);
	}
}

static void count_loose(const char *path, uid_t owner, mode_t mode, void *data)
{
	unsigned *loose = data;

	(void)path;
	(void)owner;
	(void)mode;
	(*loose)++;
}

bool groups_are_loose(const struct host *host, const char *name)
{
	unsigned loose = 0;

	groups_loose_files(host, name, count_loose, &loose);
	return loose > 0;
}
