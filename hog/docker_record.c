/* SPDX-License-Identifier: MIT */
#include "docker_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define FOLDER      "groupies-docker"
#define RECORD_SIZE ((size_t)256 * 1024)

/* The folder that holds FOLDER: it is gone after a reboot, as the groups are. */
static const char *folder_above(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	return geteuid() == 0 ? "/run" : own && *own == '/' ? own : NULL;
}

/* Opens the folder, and makes it with MAKE. What somebody else put there is not believed. */
static int folder_open(bool make, struct error *err)
{
	const char *path = folder_above();
	cleanup_fd int above = -1, folder = -1;
	struct stat st;

	if (!path)
		return error_set(err, ENOENT, "XDG_RUNTIME_DIR: is not set");
	above = directory_open(AT_FDCWD, path, err);
	if (above < 0)
		return above;
	if (make && mkdirat(above, FOLDER, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "%s/" FOLDER, path);
	folder = directory_open(above, FOLDER, err);
	if (folder < 0)
		return folder;
	if (fstat(folder, &st) < 0)
		return error_errno(err, "%s/" FOLDER, path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return error_set(err, EPERM, "%s/" FOLDER ": is somebody else's", path);
	return steal_fd(&folder);
}

int record_write(const char *id, json_object *json, struct error *err)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	cleanup_fd int folder = folder_open(true, err);

	if (folder < 0)
		return folder;
	return file_replace(folder, id, text, strlen(text), 0600, err);
}

int record_read(const char *id, json_object **ret_json, struct error *err)
{
	struct error why = ERROR_NONE;
	cleanup_fd int folder = folder_open(false, &why);
	cleanup_free char *text = malloc(RECORD_SIZE);
	cleanup_fd int fd = -1;
	json_object *json;

	if (!text)
		return error_set(err, ENOMEM, "the record: out of memory");
	fd = folder < 0 ? -1 : openat(folder, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0 && fd < 0)
		(void)error_errno(&why, "the record");
	if (fd < 0 || file_read_all(fd, text, RECORD_SIZE, &why) < 0)
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.text);
	json = json_tokener_parse(text);
	if (!json_object_is_type(json, json_type_object)) {
		(void)json_object_put(json);
		return 0;
	}
	*ret_json = json;
	return 1;
}

int record_clean(struct error *err)
{
	struct error why = ERROR_NONE;
	cleanup_fd int folder = folder_open(false, &why);
	cleanup_dir DIR *directory = NULL;
	const struct dirent *entry;
	int count = 0, more;

	if (folder < 0)
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.text);
	if (directory_list(folder, &directory, err) < 0)
		return error_context(err, "the records");
	while ((more = directory_next(directory, &entry, err)) > 0) {
		if (*entry->d_name != '.' && unlinkat(folder, entry->d_name, 0) == 0)
			count++;
	}
	return more < 0 ? error_context(err, "the records") : count;
}
