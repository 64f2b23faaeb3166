/* SPDX-License-Identifier: MIT */
#include "configs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"

#define SUFFIX ".conf"

void configs_clear(struct configs *configs)
{
	size_t index;

	for (index = 0; index < configs->count; index++)
		config_clear(&configs->list[index]);
	free(configs->list);
	config_names_clear(&configs->names);
	*configs = (struct configs){0};
}

void config_names_clear(struct config_names *names)
{
	size_t index;

	for (index = 0; index < names->count; index++)
		free(names->list[index]);
	free(names->list);
	*names = (struct config_names){0};
}

static int directory_open_trusted(const char *directory, struct error *err)
{
	cleanup_fd int fd = directory_open(AT_FDCWD, directory, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", directory);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return error_set(
			err, EPERM,
			"%s: others than root can write it (uid %u, mode %03o): chown root "
			"and chmod go-w it",
			directory, (unsigned)st.st_uid, st.st_mode & 0777);
	return steal_fd(&fd);
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(struct config_names *names, const char *file, struct error *err)
{
	size_t length = strlen(file);
	char **grown;

	if (*file == '.' || length < strlen(SUFFIX) ||
	    strcmp(file + length - strlen(SUFFIX), SUFFIX) != 0)
		return 0;
	grown = realloc(names->list, (names->count + 1) * sizeof(*grown));
	if (!grown)
		return error_errno(err, "%s", file);
	names->list = grown;
	grown[names->count] = strndup(file, length - strlen(SUFFIX));
	if (!grown[names->count])
		return error_errno(err, "%s", file);
	names->count++;
	return 0;
}

int config_names_read(const char *directory, struct config_names *ret_names, struct error *err)
{
	cleanup_config_names struct config_names names = {0};
	struct error trouble;
	cleanup_fd int fd = directory_open_trusted(directory, &trouble);
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (fd < 0 && trouble.code == ENOENT) {
		*ret_names = names;
		return 0;
	}
	if (fd < 0) {
		*err = trouble;
		return fd;
	}
	if (directory_list(fd, &entries, err) < 0)
		return error_context(err, "%s", directory);
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (names_add(&names, entry->d_name, err) < 0)
			return -err->code;
	}
	if (more < 0)
		return error_context(err, "%s", directory);
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), name_compare);
	*ret_names = names;
	names = (struct config_names){0};
	return 0;
}

int configs_read_one(const char *directory, const char *name, struct config *ret_config,
		     struct error *err)
{
	cleanup_fd int fd = directory_open_trusted(directory, err);

	if (fd < 0)
		return fd;
	return config_read(fd, directory, name, ret_config, err);
}

int configs_read(const char *directory, struct configs *ret_configs, struct error *err)
{
	cleanup_config_names struct config_names names = {0};
	cleanup_configs struct configs configs = {0};
	size_t index;

	if (config_names_read(directory, &names, err) < 0)
		return -err->code;
	configs.list = calloc(names.count + 1, sizeof(*configs.list));
	if (!configs.list)
		return error_errno(err, "%s", directory);
	for (index = 0; index < names.count; index++) {
		struct config *config = &configs.list[index];

		if (configs_read_one(directory, names.list[index], config, err) < 0)
			return -err->code;
		configs.count++;
	}
	*ret_configs = configs;
	configs = (struct configs){0};
	return 0;
}

void configs_read_each(const char *directory, config_trouble *trouble, void *data,
		       struct configs *ret_configs)
{
	struct configs configs = {0};
	struct error err;
	size_t index;

	configs.is_unlisted = config_names_read(directory, &configs.names, &err) < 0;
	if (configs.is_unlisted)
		trouble(err.text, data);
	configs.list = calloc(configs.names.count + 1, sizeof(*configs.list));
	for (index = 0; index < configs.names.count; index++) {
		if (!configs.list)
			trouble("out of memory", data);
		else if (configs_read_one(directory, configs.names.list[index],
					  &configs.list[configs.count], &err) < 0)
			trouble(err.text, data);
		else
			configs.count++;
	}
	*ret_configs = configs;
}

bool configs_may_have(const struct configs *configs, const char *name)
{
	size_t index;

	for (index = 0; index < configs->names.count; index++) {
		if (strcmp(configs->names.list[index], name) == 0)
			return true;
	}
	return configs->is_unlisted;
}

const struct config *configs_find(const struct configs *configs, const char *name)
{
	size_t index;

	for (index = 0; index < configs->count; index++) {
		if (strcmp(configs->list[index].name, name) == 0)
			return &configs->list[index];
	}
	return NULL;
}

/* Does LINE, of a config that was accepted, name MEMBER? */
static bool line_names(char *line, const char *member)
{
	char *saved = NULL, *word, *value = strpbrk(line, "=:");

	line += strspn(line, " \t");
	if (!value || strncmp(line, "Members", strlen("Members")) != 0)
		return false;
	for (word = strtok_r(value + 1, " \t\n", &saved); word;
	     word = strtok_r(NULL, " \t\n", &saved)) {
		if (strcmp(word, member) == 0)
			return true;
	}
	return false;
}

unsigned config_line_of(const char *name, const char *member)
{
	char path[sizeof(GROUPIES_CONFIG_DIR) + PLAYGROUND_NAME_SIZE + sizeof(SUFFIX)];
	char line[CONFIG_LINE_MAX + 3];
	struct error ignored;
	cleanup_fd int fd = -1;
	cleanup_file FILE *file = NULL;
	unsigned number;

	(void)snprintf(path, sizeof(path), "%s/%s%s", GROUPIES_CONFIG_DIR, name, SUFFIX);
	fd = file_open_trusted(AT_FDCWD, path, &ignored);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file)
		return 0;
	(void)steal_fd(&fd);
	for (number = 1; fgets(line, sizeof(line), file); number++) {
		if (line_names(line, member))
			return number;
	}
	return 0;
}

int playground_name_check(const char *name, struct error *err)
{
	/* Slices and directories that others own on some host kind: never ours on any. */
	static const char *const taken[] = {"docker",  "init",   "kubepods", "libpod", "lxc",
					    "machine", "podman", "system",   "user"};
	size_t index;

	if (!playground_name_is_valid(name))
		return error_set(
			err, EINVAL,
			"'%s' is no playground's name: a small letter, then up to %d small "
			"letters, digits and _",
			name, PLAYGROUND_NAME_SIZE - 2);
	for (index = 0; index < sizeof(taken) / sizeof(*taken); index++) {
		if (strcmp(name, taken[index]) == 0)
			return error_set(err, EINVAL,
					 "'%s' belongs to the system itself: choose another name",
					 name);
	}
	return 0;
}
