/* SPDX-License-Identifier: MIT */
#include "entries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/known.h"
#include "groupies/paths.h"
#include "groupies/size.h"

#define ENTRY_TEXT_SIZE  1024
#define ENTRY_NAME_SIZE  16
#define TEMPORARY_SUFFIX ".groupies-new" /* as file_replace names its temporary files */

void entries_clear(struct entries *entries)
{
	free(entries->list);
	*entries = (struct entries){0};
}

int entries_add(struct entries *entries, const struct registry_entry *entry, struct error *err)
{
	struct registry_entry *grown =
		reallocarray(entries->list, entries->count + 1, sizeof(*grown));

	if (!grown)
		return error_errno(err, "registry");
	entries->list = grown;
	grown[entries->count++] = *entry;
	return 0;
}

const struct registry_entry *entries_find(const struct entries *entries, bool is_group, unsigned id)
{
	size_t index;

	for (index = 0; index < entries->count; index++) {
		const struct registry_entry *entry = &entries->list[index];

		if (entry->is_group == is_group && entry->id == id)
			return entry;
	}
	return NULL;
}

const struct registry_entry *entries_find_member(const struct entries *entries, const char *member,
						 const char *playground)
{
	const struct registry_entry *found = NULL;
	bool is_group = *member == '@';
	size_t index;

	for (index = 0; index < entries->count; index++) {
		const struct registry_entry *entry = &entries->list[index];

		if (entry->is_group != is_group || strcmp(entry->name, member + is_group) != 0)
			continue;
		if (strcmp(entry->playground, playground) == 0)
			return entry;
		found = entry;
	}
	return found;
}

static const char *entry_directory(bool is_group)
{
	return is_group ? GROUPIES_REGISTRY_GID_DIR : GROUPIES_REGISTRY_UID_DIR;
}

static int entries_read_directory(bool is_group, struct entries *entries, struct error *err)
{
	cleanup_dir DIR *files = NULL;
	const struct dirent *file;
	int more = directory_find(AT_FDCWD, entry_directory(is_group), &files, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(files, &file, err)) > 0) {
		struct registry_entry entry = {.is_group = is_group}, read = {0};
		char text[ENTRY_TEXT_SIZE];
		struct error ignored;
		uint64_t id;

		if (number_parse(file->d_name, 0, UINT32_MAX - 1, &id, &ignored) < 0)
			continue;
		entry.id = (unsigned)id;
		if (file_read_trusted(dirfd(files), file->d_name, text, sizeof(text), &ignored) >=
			    0 &&
		    registry_entry_parse(text, &read, &ignored) >= 0 && read.is_group == is_group &&
		    read.id == entry.id)
			entry = read;
		if (entries_add(entries, &entry, err) < 0)
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", entry_directory(is_group)) : 0;
}

int entries_read(struct entries *ret_entries, struct error *err)
{
	cleanup_entries struct entries entries = {0};

	if (entries_read_directory(false, &entries, err) < 0 ||
	    entries_read_directory(true, &entries, err) < 0)
		return -err->code;
	*ret_entries = entries;
	entries = (struct entries){0};
	return 0;
}

bool entry_is_written(const struct registry_entry *entry)
{
	char path[128], wanted[ENTRY_TEXT_SIZE], seen[ENTRY_TEXT_SIZE];
	struct error ignored;
	struct stat st;
	uid_t named;

	(void)snprintf(path, sizeof(path), "%s/%u", entry_directory(entry->is_group), entry->id);
	if (!entry->is_group &&
	    (known_name_find(entry->name, &named, &ignored) != 1 || named != entry->id))
		return false;
	return registry_entry_print(entry, wanted, sizeof(wanted), &ignored) >= 0 &&
	       lstat(path, &st) == 0 && (st.st_mode & 07777) == 0644 &&
	       file_read_trusted(AT_FDCWD, path, seen, sizeof(seen), &ignored) >= 0 &&
	       strcmp(wanted, seen) == 0;
}

int directory_make(const char *path, struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	fd = directory_open(AT_FDCWD, path, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	if ((st.st_uid != 0 || st.st_gid != 0) && fchown(fd, 0, 0) < 0)
		return error_errno(err, "%s", path);
	if ((st.st_mode & 07777) != 0755 && fchmod(fd, 0755) < 0)
		return error_errno(err, "%s", path);
	return 0;
}

void directory_tidy(const char *path)
{
	cleanup_dir DIR *files = NULL;
	const struct dirent *file;
	struct error ignored;

	if (directory_find(AT_FDCWD, path, &files, &ignored) <= 0)
		return;
	while (directory_next(files, &file, &ignored) > 0) {
		size_t length = strlen(file->d_name);

		if (*file->d_name == '.' && length > strlen(TEMPORARY_SUFFIX) &&
		    strcmp(file->d_name + length - strlen(TEMPORARY_SUFFIX), TEMPORARY_SUFFIX) == 0)
			(void)unlinkat(dirfd(files), file->d_name, 0);
	}
}

/* Removes the link by which a member's entry is found by its name, of the name that it has now. */
static int name_forget(unsigned uid, const char *but, struct error *err)
{
	struct registry_entry entry;
	struct error ignored;

	if (registry_find(uid, NULL, 0, &entry, &ignored) != 1 || strcmp(entry.name, but) == 0)
		return 0;
	return known_name_remove(entry.name, uid, err);
}

int entry_write(const struct registry_entry *entry, struct error *err)
{
	const char *path = entry_directory(entry->is_group);
	char name[ENTRY_NAME_SIZE], text[ENTRY_TEXT_SIZE];
	cleanup_fd int directory = -1;
	int length = registry_entry_print(entry, text, sizeof(text), err);

	if (length < 0)
		return length;
	if (directory_make(GROUPIES_STATE_DIR, err) < 0 ||
	    directory_make(GROUPIES_STATE_DIR "/registry", err) < 0 ||
	    directory_make(path, err) < 0)
		return -err->code;
	if (!entry->is_group && (name_forget(entry->id, entry->name, err) < 0 ||
				 known_name_write(entry->name, entry->id, err) < 0))
		return -err->code;
	directory = directory_open(AT_FDCWD, path, err);
	if (directory < 0)
		return directory;
	(void)snprintf(name, sizeof(name), "%u", entry->id);
	if (file_replace(directory, name, text, (size_t)length, 0644, err) < 0)
		return error_context(err, "%s", path);
	return 0;
}

int entry_remove(bool is_group, unsigned id, struct error *err)
{
	char path[128];

	if (!is_group && name_forget(id, "", err) < 0)
		return -err->code;
	(void)snprintf(path, sizeof(path), "%s/%u", entry_directory(is_group), id);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return is_group ? known_forget_group(id, err) : 0;
}
