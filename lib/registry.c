/* SPDX-License-Identifier: MIT */
#include "groupies/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "groupies/cleanup.h"
#include "groupies/directory.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/size.h"

#define ENTRY_TEXT_SIZE  1024
#define ENTRY_FIRST_LINE "groupies-registry 1"
#define PATH_SIZE        128
#define ID_SIZE          16

bool playground_name_is_valid(const char *name)
{
	size_t length;

	if (name[0] < 'a' || name[0] > 'z')
		return false;
	for (length = 1; name[length]; length++) {
		char c = name[length];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return length < PLAYGROUND_NAME_SIZE;
}

int registry_entry_print(const struct registry_entry *entry, char *text, size_t size,
			 struct error *err)
{
	int length = snprintf(text, size, "%s\n%s=%u\nname=%s\nplayground=%s\nown-limits=%s\n",
			      ENTRY_FIRST_LINE, entry->is_group ? "gid" : "uid", entry->id,
			      entry->name, entry->playground, entry->own_limits ? "yes" : "no");

	if (length < 0 || (size_t)length >= size)
		return error_set(err, ENAMETOOLONG, "a registry entry does not fit");
	return length;
}

/* Returns which line of an entry it is, as a bit. */
static int entry_line(const char *line, struct registry_entry *entry, struct error *err)
{
	const char *value;
	uint64_t id = 0;

	if ((value = line_value(line, "uid")) || (value = line_value(line, "gid"))) {
		if (number_parse(value, 0, UINT32_MAX - 1, &id, err) < 0)
			return -err->code;
		entry->is_group = line[0] == 'g';
		entry->id = (unsigned)id;
		return 1;
	}
	if ((value = line_value(line, "name"))) {
		if (!*value || !text_copy(entry->name, sizeof(entry->name), value))
			return error_set(err, EBADMSG, "bad name");
		return 2;
	}
	if ((value = line_value(line, "playground"))) {
		if (!playground_name_is_valid(value))
			return error_set(err, EBADMSG, "'%.40s' is no playground's name", value);
		(void)text_copy(entry->playground, sizeof(entry->playground), value);
		return 4;
	}
	if ((value = line_value(line, "own-limits"))) {
		entry->own_limits = strcmp(value, "yes") == 0;
		if (!entry->own_limits && strcmp(value, "no") != 0)
			return error_set(err, EBADMSG, "own-limits is neither yes nor no");
		return 8;
	}
	return error_set(err, EBADMSG, "unknown line '%.40s'", line);
}

int registry_entry_parse(char *text, struct registry_entry *ret_entry, struct error *err)
{
	struct registry_entry entry = {0};
	char *cursor = text, *line = line_next(&cursor);
	int seen = 0;

	if (!line || strcmp(line, ENTRY_FIRST_LINE) != 0)
		return error_set(err, EBADMSG, "does not begin with '%s'", ENTRY_FIRST_LINE);
	while ((line = line_next(&cursor))) {
		int field = entry_line(line, &entry, err);

		if (field < 0) {
			err->code = EBADMSG;
			return -EBADMSG;
		}
		if (seen & field)
			return error_set(err, EBADMSG, "'%.40s' says something twice", line);
		seen |= field;
	}
	if (seen != 15)
		return error_set(err, EBADMSG, "a line is missing");
	*ret_entry = entry;
	return 0;
}

/* 1 when the list of DIRECTORY has NAME, 0 when it ends without it, negative when it does not end. */
static int list_has(const char *directory, const char *name, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int got = directory_find(AT_FDCWD, directory, &entries, err);

	if (got == 0)
		return error_set(err, ENOTDIR, "%s: is no directory", directory);
	while (got == 1 && (got = directory_next(entries, &entry, err)) == 1) {
		if (strcmp(entry->d_name, name) == 0)
			return 1;
	}
	return got;
}

/*
 * Asked without a descriptor: a caller who has used up its descriptors must not look like "not a
 * member".
 */
int registry_file_exists(const char *directory, const char *name, struct error *err)
{
	char path[PATH_SIZE];
	struct error trouble = ERROR_NONE;
	struct stat st;
	int listed;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (lstat(path, &st) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	(void)error_errno(&trouble, "%s", path);
	listed = list_has(directory, name, &(struct error){0});
	if (listed >= 0)
		return listed;
	*err = trouble;
	return REGISTRY_UNKNOWN;
}

int registry_entry_read(const char *path, struct registry_entry *ret_entry, struct error *err)
{
	char text[ENTRY_TEXT_SIZE];

	if (file_read_trusted(AT_FDCWD, path, text, sizeof(text), err) < 0)
		return -err->code;
	return registry_entry_parse(text, ret_entry, err) < 0 ? error_context(err, "%s", path) : 1;
}

static int entry_find(bool is_group, unsigned id, struct registry_entry *ret_entry,
		      struct error *err)
{
	const char *directory = is_group ? GROUPIES_REGISTRY_GID_DIR : GROUPIES_REGISTRY_UID_DIR;
	char path[PATH_SIZE], name[ID_SIZE];
	struct registry_entry entry;
	int exists;

	(void)snprintf(name, sizeof(name), "%u", id);
	exists = registry_file_exists(directory, name, err);
	if (exists != 1)
		return exists;
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (registry_entry_read(path, &entry, err) < 0)
		return -err->code;
	if (entry.is_group != is_group || entry.id != id)
		return error_set(err, EBADMSG, "%s: is the entry of another %s", path,
				 is_group ? "gid" : "uid");
	*ret_entry = entry;
	return 1;
}

int registry_find_group(gid_t gid, struct registry_entry *ret_entry, struct error *err)
{
	return entry_find(true, gid, ret_entry, err);
}

bool registry_may_have_groups(void)
{
	struct stat st;

	return lstat(GROUPIES_REGISTRY_GID_DIR, &st) == 0 || errno != ENOENT;
}

static int find_by_groups(const gid_t *gids, size_t gid_count, struct registry_entry *ret_entry,
			  struct error *err)
{
	struct registry_entry found = {0};
	bool have = false;
	size_t index;

	for (index = 0; index < gid_count; index++) {
		struct registry_entry entry;
		int exists = entry_find(true, gids[index], &entry, err);

		if (exists < 0 || exists == REGISTRY_UNKNOWN)
			return exists;
		if (exists == 0)
			continue;
		if (have && strcmp(found.playground, entry.playground) != 0)
			return error_set(err, EEXIST,
					 "groups '%s' and '%s' lead into different playgrounds "
					 "('%s', '%s'): "
					 "name the user itself in one config",
					 found.name, entry.name, found.playground,
					 entry.playground);
		found = entry;
		have = true;
	}
	if (have)
		*ret_entry = found;
	return have;
}

int registry_find(uid_t uid, const gid_t *gids, size_t gid_count, struct registry_entry *ret_entry,
		  struct error *err)
{
	int found = uid == 0 ? 0 : entry_find(false, uid, ret_entry, err);

	if (found != 0 || uid == 0)
		return found;
	return gid_count ? find_by_groups(gids, gid_count, ret_entry, err) : 0;
}
