/* SPDX-License-Identifier: MIT */
#include "groupies/known.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/directory.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/size.h"

#define ENTRY_TEXT_SIZE 1024
#define PATH_SIZE       128
#define HASH_SIZE       17
#define ID_SIZE         16

static int folder_open(const char *path, struct error *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	return directory_open(AT_FDCWD, path, err);
}

/* ---- by name --------------------------------------------------------------------------------- */

/* A name may hold any byte and be as long as a file's name may be, so it cannot be one. */
static const char *name_hash(const char *name, char hash[HASH_SIZE])
{
	(void)snprintf(hash, HASH_SIZE, "%016" PRIx64, text_hash(name));
	return hash;
}

static const char *name_path(const char *name, char path[PATH_SIZE])
{
	char hash[HASH_SIZE];

	(void)snprintf(path, PATH_SIZE, "%s/%s", GROUPIES_KNOWN_NAME_DIR, name_hash(name, hash));
	return path;
}

int known_name_find(const char *name, uid_t *ret_uid, struct error *err)
{
	char path[PATH_SIZE], text[ID_SIZE], hash[HASH_SIZE];
	ssize_t length = readlink(name_path(name, path), text, sizeof(text) - 1);
	struct error trouble;
	uint64_t uid;
	int exists;

	if (length < 0 && errno == ENOENT)
		return 0;
	if (length >= 0) {
		text[length] = '\0';
		if (number_parse(text, 1, UINT32_MAX - 1, &uid, err) < 0)
			return error_context(err, "%s", path);
		*ret_uid = (uid_t)uid;
		return 1;
	}
	(void)error_errno(&trouble, "%s", path);
	exists = registry_file_exists(GROUPIES_KNOWN_NAME_DIR, name_hash(name, hash), err);
	if (exists == 0)
		return 0;
	*err = trouble;
	return exists == 1 ? -err->code : exists;
}

int known_name_write(const char *name, uid_t uid, struct error *err)
{
	char hash[HASH_SIZE], text[ID_SIZE];
	cleanup_fd int folder = folder_open(GROUPIES_KNOWN_NAME_DIR, err);
	uid_t seen;

	if (folder < 0)
		return folder;
	if (known_name_find(name, &seen, err) == 1 && seen == uid)
		return 0;
	(void)snprintf(text, sizeof(text), "%u", (unsigned)uid);
	if (unlinkat(folder, name_hash(name, hash), 0) < 0 && errno != ENOENT)
		return error_errno(err, "%s/%s", GROUPIES_KNOWN_NAME_DIR, hash);
	if (symlinkat(text, folder, hash) < 0 && errno != EEXIST)
		return error_errno(err, "%s/%s", GROUPIES_KNOWN_NAME_DIR, hash);
	return 0;
}

int known_name_remove(const char *name, uid_t uid, struct error *err)
{
	char path[PATH_SIZE];
	uid_t seen;
	int found = known_name_find(name, &seen, err);

	if (found == 0 || (found == 1 && seen != uid))
		return 0;
	if (unlink(name_path(name, path)) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return 0;
}

int known_member_called(const char *name, uid_t *ret_uid, struct error *err)
{
	struct registry_entry entry;
	int found = known_name_find(name, ret_uid, err);

	if (found == 0 || found == REGISTRY_UNKNOWN)
		return found;
	if (found < 0)
		return 1;
	found = registry_find(*ret_uid, NULL, 0, &entry, err);
	if (found != 0 && (found != 1 || strcmp(entry.name, name) == 0))
		return 1;
	found = known_find(*ret_uid, &entry, err);
	if (found == 1 && strcmp(entry.name, name) == 0)
		found = registry_find_group(entry.id, &entry, err);
	else if (found == 1)
		found = 0;
	return found != 0;
}

/* ---- what logins have learned ---------------------------------------------------------------- */

static const char *known_path(uid_t uid, char path[PATH_SIZE])
{
	(void)snprintf(path, PATH_SIZE, "%s/%u", GROUPIES_KNOWN_DIR, (unsigned)uid);
	return path;
}

int known_find(uid_t uid, struct registry_entry *ret_known, struct error *err)
{
	char path[PATH_SIZE], name[ID_SIZE];
	struct registry_entry known;
	int exists;

	(void)snprintf(name, sizeof(name), "%u", (unsigned)uid);
	exists = registry_file_exists(GROUPIES_KNOWN_DIR, name, err);
	if (exists != 1)
		return exists;
	if (registry_entry_read(known_path(uid, path), &known, err) < 0)
		return -err->code;
	if (!known.is_group)
		return error_set(err, EBADMSG, "%s: names no group", path);
	*ret_known = known;
	return 1;
}

bool known_is(uid_t uid, const char *name, const struct registry_entry *group)
{
	struct registry_entry known;
	struct error ignored;
	uid_t seen;

	return known_find(uid, &known, &ignored) == 1 && strcmp(known.name, name) == 0 &&
	       strcmp(known.playground, group->playground) == 0 &&
	       known_name_find(name, &seen, &ignored) == 1 && seen == uid;
}

int known_remember(uid_t uid, const char *name, const struct registry_entry *group,
		   struct error *err)
{
	struct registry_entry known = *group;
	char text[ENTRY_TEXT_SIZE], file[ID_SIZE];
	cleanup_fd int folder = -1;
	int length;

	if (!text_copy(known.name, sizeof(known.name), name))
		return error_set(err, ENAMETOOLONG, "the name of uid %u does not fit",
				 (unsigned)uid);
	length = registry_entry_print(&known, text, sizeof(text), err);
	if (length < 0 || known_name_write(name, uid, err) < 0)
		return -err->code;
	folder = folder_open(GROUPIES_KNOWN_DIR, err);
	if (folder < 0)
		return folder;
	(void)snprintf(file, sizeof(file), "%u", (unsigned)uid);
	if (file_replace(folder, file, text, (size_t)length, 0644, err) < 0)
		return error_context(err, "%s", GROUPIES_KNOWN_DIR);
	return 0;
}

int known_forget(uid_t uid, struct error *err)
{
	struct registry_entry known, own;
	struct error ignored;
	char path[PATH_SIZE];

	/* A link may by now be that of the user's own entry. */
	if (known_find(uid, &known, &ignored) == 1 &&
	    registry_find(uid, NULL, 0, &own, &ignored) == 0 &&
	    known_name_remove(known.name, uid, err) < 0)
		return -err->code;
	if (unlink(known_path(uid, path)) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return 0;
}

int known_forget_group(gid_t gid, struct error *err)
{
	cleanup_dir DIR *files = NULL;
	const struct dirent *file;
	int got = directory_find(AT_FDCWD, GROUPIES_KNOWN_DIR, &files, err);

	while (got == 1 && (got = directory_next(files, &file, err)) == 1) {
		struct registry_entry known;
		struct error ignored;
		uint64_t uid;

		if (number_parse(file->d_name, 1, UINT32_MAX - 1, &uid, &ignored) < 0 ||
		    known_find((uid_t)uid, &known, &ignored) != 1 || known.id != gid)
			continue;
		if (known_forget((uid_t)uid, err) < 0)
			return -err->code;
	}
	return got < 0 ? error_context(err, "%s", GROUPIES_KNOWN_DIR) : 0;
}

static void folder_clear(const char *path)
{
	cleanup_dir DIR *files = NULL;
	const struct dirent *file;
	struct error ignored;

	if (directory_find(AT_FDCWD, path, &files, &ignored) != 1)
		return;
	while (directory_next(files, &file, &ignored) == 1)
		(void)unlinkat(dirfd(files), file->d_name, 0);
	(void)rmdir(path);
}

void known_clear(void)
{
	folder_clear(GROUPIES_KNOWN_DIR);
	folder_clear(GROUPIES_KNOWN_NAME_DIR);
}
