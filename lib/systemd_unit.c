/* SPDX-License-Identifier: MIT */
#include "systemd_unit.h"

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
#include "groupies/size.h"

#define DROP_IN   "50-groupies.conf"
#define FILE_SIZE 16384

#define SLICE_MARK "# groupies playground="
#define KEPT       ".before-groupies"

void slice_name(const char *playground, bool is_member, uid_t uid, char name[UNIT_NAME_SIZE])
{
	if (is_member)
		(void)snprintf(name, UNIT_NAME_SIZE, "%s-%u.slice", playground, (unsigned)uid);
	else
		(void)snprintf(name, UNIT_NAME_SIZE, "%s.slice", playground);
}

/* ---- files ----------------------------------------------------------------------------------- */

static int folder_open(const char *path, bool make, struct error *err)
{
	if (make && mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	return directory_open(AT_FDCWD, path, err);
}

/* Replaces NAME only when it reads differently: a login after a boot finds all as it should be. */
static int file_settle(const char *folder, const char *name, const char *text, bool *changed,
		       struct error *err)
{
	cleanup_fd int directory = folder_open(folder, true, err);
	char old[FILE_SIZE];
	struct error ignored;

	if (directory < 0)
		return directory;
	if (file_read_trusted(directory, name, old, sizeof(old), &ignored) >= 0 &&
	    strcmp(old, text) == 0)
		return 0;
	if (file_replace(directory, name, text, strlen(text), 0644, err) < 0)
		return error_context(err, "%s", folder);
	*changed = true;
	return 0;
}

/* Deletes NAME in FOLDER and FOLDER itself when it is a drop-in folder and empty now. */
static int file_discard(const char *folder, const char *name, bool *changed, struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, folder, err);

	if (directory < 0)
		return err->code == ENOENT ? 0 : directory;
	if (unlinkat(directory, name, 0) == 0)
		*changed = true;
	else if (errno != ENOENT)
		return error_errno(err, "%s/%s", folder, name);
	if (rmdir(folder) < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
		return error_errno(err, "%s", folder);
	return 0;
}

/* ---- slices ---------------------------------------------------------------------------------- */

static void print_limits(FILE *out, const struct limits *limits)
{
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		const struct limit *limit = &limit_table[index];
		char text[512], *saved = NULL, *line;

		if (!limits->values[index].set)
			continue;
		limit_print(limit, &limits->values[index], text, sizeof(text));
		for (line = strtok_r(text, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
			(void)fprintf(out, "%s=%s\n", limit->name, line);
	}
}

/* Accounting is on for both, so that their groups exist and `systemctl status` shows figures. */
static int slice_text(const struct config *config, const struct limits *limits, bool is_drop_in,
		      char text[FILE_SIZE], struct error *err)
{
	cleanup_file FILE *out = fmemopen(text, FILE_SIZE, "w");

	if (!out)
		return error_errno(err, "%s", config->name);
	(void)fprintf(out,
		      SLICE_MARK
		      "%s\n"
		      "# Made by groupies-setup; change /etc/groupies/%s.conf and apply instead.\n",
		      config->name, config->name);
	if (!is_drop_in)
		(void)fprintf(
			out,
			"[Unit]\nDescription=Playground %s\nDocumentation=man:groupies-setup(8)\n",
			config->name);
	(void)fprintf(out, "[Slice]\nMemoryAccounting=yes\nTasksAccounting=yes\n");
	print_limits(out, limits);
	if (fflush(out) != 0 || ftell(out) + 1 >= FILE_SIZE)
		return error_set(err, ENOSPC, "%s: its slice does not fit", config->name);
	return 0;
}

static void slice_paths(const char *playground, char path[256], char kept[256])
{
	(void)snprintf(path, 256, "%s/%s.slice", UNIT_DIR_ETC, playground);
	(void)snprintf(kept, 256, "%s/%s.slice%s", UNIT_DIR_ETC, playground, KEPT);
}

/* What was there before us is kept once: a text that came later is somebody's edit of ours. */
static int slice_keep(const char *playground, struct error *err)
{
	char path[256], kept[256];

	if (!unit_slice_stands(playground) || unit_slice_is_ours(playground))
		return 0;
	slice_paths(playground, path, kept);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, kept, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return error_errno(err, "%s", kept);
	return 0;
}

static int slice_give_back(const char *playground, bool *changed, struct error *err)
{
	char path[256], kept[256];

	slice_paths(playground, path, kept);
	if (unit_slice_is_ours(playground)) {
		if (unlink(path) < 0 && errno != ENOENT)
			return error_errno(err, "%s", path);
		*changed = true;
	}
	if (renameat2(AT_FDCWD, kept, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		*changed = true;
	else if (errno != ENOENT && errno != EEXIST)
		return error_errno(err, "%s", path);
	return 0;
}

int unit_write_slices(const struct config *config, bool adopt, bool *changed, struct error *err)
{
	char name[UNIT_NAME_SIZE], text[FILE_SIZE], folder[256];

	slice_name(config->name, false, 0, name);
	if (slice_text(config, &config->shared, false, text, err) < 0 ||
	    (adopt && slice_keep(config->name, err) < 0) ||
	    file_settle(UNIT_DIR_ETC, name, text, changed, err) < 0)
		return -err->code;
	(void)snprintf(folder, sizeof(folder), "%s/%s-.slice.d", UNIT_DIR_ETC, config->name);
	if (!config->own_limits)
		return file_discard(folder, DROP_IN, changed, err);
	if (slice_text(config, &config->each, true, text, err) < 0)
		return -err->code;
	return file_settle(folder, DROP_IN, text, changed, err);
}

bool unit_slice_stands(const char *playground)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s.slice", UNIT_DIR_ETC, playground);
	return lstat(path, &st) == 0;
}

bool unit_slice_is_ours(const char *playground)
{
	cleanup_fd int directory = open(UNIT_DIR_ETC, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[UNIT_NAME_SIZE], text[FILE_SIZE], mark[UNIT_NAME_SIZE];
	struct error ignored;

	slice_name(playground, false, 0, name);
	(void)snprintf(mark, sizeof(mark), SLICE_MARK "%s\n", playground);
	return directory >= 0 &&
	       file_read_trusted(directory, name, text, sizeof(text), &ignored) >= 0 &&
	       strncmp(text, mark, strlen(mark)) == 0;
}

/* ---- user managers --------------------------------------------------------------------------- */

static uint64_t memory_of(const struct limits *limits)
{
	const struct limit_value *memory = &limits->values[LIMIT_MEMORY_MAX];

	return memory->set ? memory->number : SIZE_INFINITY;
}

bool unit_user_manager_is_masked(const struct config *config)
{
	if (config->user_manager != USER_MANAGER_AUTO)
		return config->user_manager == USER_MANAGER_MASKED;
	return memory_of(&config->shared) < USER_MANAGER_BYTES_MIN ||
	       (config->own_limits && memory_of(&config->each) < USER_MANAGER_BYTES_MIN);
}

static void user_manager_paths(const char *directory, uid_t uid, char folder[256], char mask[256])
{
	(void)snprintf(folder, 256, "%s/user@%u.service.d", directory, (unsigned)uid);
	(void)snprintf(mask, 256, "%s/user@%u.service", directory, (unsigned)uid);
}

/* The first line of a drop-in of ours: whose it is, and whether the mask beside it is ours. */
struct mark {
	char playground[PLAYGROUND_NAME_SIZE];
	bool masked;
};

static bool mark_read(const char *folder, struct mark *ret_mark)
{
	cleanup_fd int directory = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char text[FILE_SIZE], word[16] = "";
	struct error ignored;

	*ret_mark = (struct mark){0};
	if (directory < 0 ||
	    file_read_trusted(directory, DROP_IN, text, sizeof(text), &ignored) < 0)
		return false;
	if (sscanf(text, "# groupies playground=%31s masked=%15s", ret_mark->playground, word) < 1)
		return false;
	ret_mark->masked = strcmp(word, "yes") == 0;
	return true;
}

/* An administrator may have put a unit of his own there since. */
static bool is_mask(const char *path)
{
	static const char null[] = "/dev/null";
	char target[sizeof(null)];

	return readlink(path, target, sizeof(target)) == (ssize_t)strlen(null) &&
	       memcmp(target, null, strlen(null)) == 0;
}

static int mask_make(const char *mask, bool was_ours, bool *changed, bool *ret_ours,
		     struct error *err)
{
	if (symlink("/dev/null", mask) == 0) {
		*changed = true;
		*ret_ours = true;
		return 0;
	}
	if (errno != EEXIST)
		return error_errno(err, "%s", mask);
	*ret_ours = was_ours && is_mask(mask);
	return 0;
}

static int mask_remove(const char *mask, bool *changed, struct error *err)
{
	if (!is_mask(mask))
		return 0;
	if (unlink(mask) == 0)
		*changed = true;
	else if (errno != ENOENT)
		return error_errno(err, "%s", mask);
	return 0;
}

int unit_write_user_manager(const char *directory, const struct config *config, uid_t uid,
			    bool *changed, struct error *err)
{
	char folder[256], mask[256], slice[UNIT_NAME_SIZE], text[512];
	bool wanted = unit_user_manager_is_masked(config), ours = false;
	struct mark mark;

	user_manager_paths(directory, uid, folder, mask);
	(void)mark_read(folder, &mark);
	if (wanted && mask_make(mask, mark.masked, changed, &ours, err) < 0)
		return -err->code;
	if (!wanted && mark.masked && mask_remove(mask, changed, err) < 0)
		return -err->code;
	slice_name(config->name, config->own_limits, uid, slice);
	(void)snprintf(text, sizeof(text),
		       "# groupies playground=%s masked=%s\n[Service]\nSlice=%s\n", config->name,
		       ours ? "yes" : "no", slice);
	return file_settle(folder, DROP_IN, text, changed, err);
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* When PID began, in clock ticks since the boot: with it, a pid names one process (proc(5)). */
static uint64_t start_time_of(pid_t pid)
{
	char path[64], text[1024];
	struct error ignored;
	const char *at;
	int field;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (kernel_read(AT_FDCWD, path, text, sizeof(text), &ignored) < 0)
		return 0;
	/* The name in brackets is the 2nd field and may hold anything; the time is the 22nd. */
	at = strrchr(text, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

int unit_write_session(const struct config *config, uid_t uid, unsigned session, pid_t owner,
		       struct error *err)
{
	char folder[256], slice[UNIT_NAME_SIZE], text[512];
	bool changed = false;

	slice_name(config->name, config->own_limits, uid, slice);
	(void)snprintf(folder, sizeof(folder), "%s/session-%u.scope.d", UNIT_DIR_RUN, session);
	(void)snprintf(text, sizeof(text),
		       "# groupies playground=%s owner=%d %" PRIu64 "\n[Scope]\nSlice=%s\n",
		       config->name, (int)owner, start_time_of(owner), slice);
	return file_settle(folder, DROP_IN, text, &changed, err);
}

static bool owner_is_alive(const char *folder)
{
	cleanup_fd int directory = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char text[FILE_SIZE], name[PLAYGROUND_NAME_SIZE];
	struct error ignored;
	uint64_t started;
	int pid;

	if (directory < 0 ||
	    file_read_trusted(directory, DROP_IN, text, sizeof(text), &ignored) < 0 ||
	    sscanf(text, "# groupies playground=%31s owner=%d %" SCNu64, name, &pid, &started) != 3)
		return false;
	return start_time_of((pid_t)pid) == started;
}

void unit_sweep_sessions(bool (*is_loaded)(const char *scope, void *data), void *data)
{
	cleanup_dir DIR *units = NULL;
	const struct dirent *entry;
	struct error ignored;

	/* A tidying: what it cannot see is left to the next one. */
	if (directory_find(AT_FDCWD, UNIT_DIR_RUN, &units, &ignored) <= 0)
		return;
	while (directory_next(units, &entry, &ignored) > 0) {
		char scope[UNIT_NAME_SIZE], folder[512], file[600];
		bool changed = false;
		unsigned session;

		if (sscanf(entry->d_name, "session-%u.scope.d", &session) != 1)
			continue;
		(void)snprintf(scope, sizeof(scope), "session-%u.scope", session);
		(void)snprintf(folder, sizeof(folder), "%s/%s.d", UNIT_DIR_RUN, scope);
		(void)snprintf(file, sizeof(file), "%s/%s", folder, DROP_IN);
		if (access(file, F_OK) < 0 || is_loaded(scope, data) || owner_is_alive(folder))
			continue;
		(void)file_discard(folder, DROP_IN, &changed, &ignored);
	}
}

/* ---- taking back ----------------------------------------------------------------------------- */

struct deletion {
	const char *playground;
	bool (*keep_user)(uid_t uid, void *data);
	void *data;
	bool *changed;
};

static int delete_user_manager(const struct deletion *deletion, const char *directory, unsigned uid,
			       struct error *err)
{
	char folder[256], mask[256];
	struct mark mark;

	user_manager_paths(directory, uid, folder, mask);
	if (!mark_read(folder, &mark) || strcmp(mark.playground, deletion->playground) != 0 ||
	    (deletion->keep_user && deletion->keep_user(uid, deletion->data)))
		return 0;
	if (mark.masked && mask_remove(mask, deletion->changed, err) < 0)
		return -err->code;
	return file_discard(folder, DROP_IN, deletion->changed, err);
}

static int delete_user_managers(const struct deletion *deletion, const char *directory,
				struct error *err)
{
	cleanup_dir DIR *units = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, directory, &units, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(units, &entry, err)) > 0) {
		unsigned uid;
		int end = 0;

		if (sscanf(entry->d_name, "user@%u.service.d%n", &uid, &end) != 1 || end == 0 ||
		    entry->d_name[end])
			continue;
		if (delete_user_manager(deletion, directory, uid, err) < 0)
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", directory) : 0;
}

int unit_delete(const char *playground, bool slices, bool (*keep_user)(uid_t uid, void *data),
		void *data, bool *changed, struct error *err)
{
	struct deletion deletion = {playground, keep_user, data, changed};
	char path[256];

	if (delete_user_managers(&deletion, UNIT_DIR_ETC, err) < 0 ||
	    delete_user_managers(&deletion, UNIT_DIR_RUN, err) < 0)
		return -err->code;
	if (!slices)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s-.slice.d", UNIT_DIR_ETC, playground);
	if (file_discard(path, DROP_IN, changed, err) < 0)
		return -err->code;
	return slice_give_back(playground, changed, err);
}
