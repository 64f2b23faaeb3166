/* SPDX-License-Identifier: MIT */
#include "groupies/playground.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/experiments.h"
#include "groupies/file.h"
#include "groupies/lock.h"
#include "groupies/paths.h"

#define APPLIED_PATH_SIZE (sizeof(GROUPIES_APPLIED_DIR) + PLAYGROUND_NAME_SIZE + 8)

const struct backend *backend_of(const struct host *host)
{
	return host->manager == HOST_SYSTEMD ? &backend_systemd : &backend_cgroupfs;
}

int playground_ready(const struct host *host, const struct config *config, bool adopt,
		     struct error *err)
{
	const struct backend *backend = backend_of(host);

	return backend->ready ? backend->ready(host, config, adopt, err) : 0;
}

static const char *applied_path(const char *name, char path[APPLIED_PATH_SIZE])
{
	(void)snprintf(path, APPLIED_PATH_SIZE, "%s/%s.conf", GROUPIES_APPLIED_DIR, name);
	return path;
}

int playground_is_applied(const char *name, struct error *err)
{
	char path[APPLIED_PATH_SIZE];

	if (access(applied_path(name, path), F_OK) < 0)
		return error_errno(err, "%s", path);
	return 0;
}

int playground_forget_applied(const char *name, struct error *err)
{
	char path[APPLIED_PATH_SIZE];

	if (unlink(applied_path(name, path)) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return 0;
}

static int realize_locked(const struct part *part, bool adopt, struct stamp *ret_stamp,
			  struct error *err)
{
	char name[STAMP_NAME_SIZE];
	struct stamp stamp = {0};

	stamp_name(part->config->name, part->is_member, part->uid, name);
	/* Until every limit is set again, nobody trusts the group as it stands. */
	if (stamp_delete(name, err) < 0 ||
	    backend_of(part->host)->realize(part, adopt, &stamp, err) < 0)
		return -err->code;
	if (kernel_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", stamp.boot, sizeof(stamp.boot),
			err) < 0 ||
	    stamp_write(name, &stamp, err) < 0)
		return -err->code;
	*ret_stamp = stamp;
	return 0;
}

int playground_realize(const struct host *host, const struct config *config, uid_t uid,
		       enum realize_mode mode, struct stamp *ret_stamp, struct error *err)
{
	struct part part = {.host = host,
			    .config = config,
			    .is_member = config->own_limits && uid != (uid_t)-1,
			    .uid = uid,
			    .applying = mode != REALIZE_TRUST_STAMP};
	char name[STAMP_NAME_SIZE];
	cleanup_fd int lock = playground_lock(err);
	struct stamp stamp;

	if (lock < 0)
		return lock;
	stamp_name(config->name, part.is_member, uid, name);
	if (mode == REALIZE_TRUST_STAMP) {
		struct error ignored;

		/* Who waited for the lock may have waited for the playground's removal. */
		if (playground_is_applied(config->name, err) < 0)
			return -err->code;
		if (stamp_read(name, &stamp, &ignored) == 0 && stamp_check(&stamp, &ignored) == 0) {
			*ret_stamp = stamp;
			return 0;
		}
	}
	if (realize_locked(&part, mode == REALIZE_ADOPT, &stamp, err) < 0)
		return error_context(err, "playground '%s'", config->name);
	*ret_stamp = stamp;
	return 0;
}

int playground_read_applied(const char *name, struct config *ret_config, struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_APPLIED_DIR, err);

	if (directory < 0)
		return directory;
	return config_read(directory, GROUPIES_APPLIED_DIR, name, ret_config, err);
}

int playground_verify(const struct stamp *stamp, pid_t pid, struct error *err)
{
	char text[CGROUP_TEXT_SIZE];

	if (stamp_check(stamp, err) < 0 || cgroup_read(pid, text, sizeof(text), err) < 0)
		return -err->code;
	if (!stamp_holds(stamp, text))
		return error_set(err, EXDEV, "process %d is outside of %s", (int)pid,
				 stamp->groups[0].path);
	return 0;
}

/* Stamps of NAME are NAME itself and NAME.UID. */
int playground_forget(const char *name, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	size_t length = strlen(name);
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, GROUPIES_RUN_DIR, &entries, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (strncmp(entry->d_name, name, length) != 0 ||
		    (entry->d_name[length] != '\0' && entry->d_name[length] != '.'))
			continue;
		if (stamp_delete(entry->d_name, err) < 0)
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", GROUPIES_RUN_DIR) : 0;
}

int playground_remove(const struct host *host, const char *name, struct error *err)
{
	cleanup_fd int lock = playground_lock(err);

	if (lock < 0)
		return lock;
	if (playground_forget(name, err) < 0 || backend_of(host)->remove(host, name, err) < 0 ||
	    playground_forget_applied(name, err) < 0)
		return error_context(err, "playground '%s'", name);
	return 0;
}

/* ---- looking at what is inside --------------------------------------------------------------- */

typedef int group_visitor(int group, void *data, struct error *err);

/* Calls VISIT for the group open at FD and for each group below it. */
static int groups_walk(int fd, group_visitor *visit, void *data, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (directory_list(fd, &entries, err) < 0 || visit(fd, data, err) < 0)
		return -err->code;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		struct error trouble = ERROR_NONE;
		cleanup_fd int child = -1;

		if (entry->d_type != DT_DIR)
			continue;
		child = directory_open(fd, entry->d_name, &trouble);
		if (child >= 0)
			(void)groups_walk(child, visit, data, &trouble);
		if (trouble.code && !errno_means_gone(trouble.code)) {
			*err = trouble;
			return error_context(err, "%s", entry->d_name);
		}
	}
	return more;
}

/* A list of processes that is longer than TEXT is one of processes, too. */
static int visit_populated(int group, void *data, struct error *err)
{
	struct error trouble = ERROR_NONE;
	char text[64];

	(void)data;
	if (kernel_read(group, "cgroup.procs", text, sizeof(text), &trouble) > 0 ||
	    trouble.code == EFBIG)
		return error_set(err, EBUSY, "somebody is inside");
	if (trouble.code)
		*err = trouble;
	return -trouble.code;
}

/*
 * v2 says it for all that is below (cgroup-v2.rst, cgroup.events); v1 has to be gone through. What
 * cannot be looked at may hold somebody.
 */
bool group_is_populated(int group)
{
	struct error trouble = ERROR_NONE;
	char text[256];

	if (kernel_read(group, "cgroup.events", text, sizeof(text), &trouble) > 0)
		return strstr(text, "populated 0") == NULL;
	trouble = ERROR_NONE;
	return groups_walk(group, visit_populated, NULL, &trouble) < 0 &&
	       !errno_means_gone(trouble.code);
}

struct process_visit {
	int (*visit)(pid_t pid, void *data);
	void *data;
};

static int visit_processes(int group, void *data, struct error *err)
{
	const struct process_visit *processes = data;
	cleanup_fd int fd = openat(group, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_file FILE *list = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	if (!list)
		return error_errno(err, "cgroup.procs");
	(void)steal_fd(&fd);
	while (fscanf(list, "%d", &pid) == 1) {
		int answer = processes->visit((pid_t)pid, processes->data);

		if (answer < 0)
			return error_set(err, -answer, "process %d", pid);
	}
	return ferror(list) ? error_errno(err, "cgroup.procs") : 0;
}

int playground_processes(const struct stamp *stamp, int (*visit)(pid_t pid, void *data), void *data,
			 struct error *err)
{
	struct process_visit processes = {.visit = visit, .data = data};
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		cleanup_fd int fd = open(stamp->groups[index].directory,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct error trouble = ERROR_NONE;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return error_errno(err, "%s", stamp->groups[index].directory);
		if (groups_walk(fd, visit_processes, &processes, &trouble) < 0 &&
		    !errno_means_gone(trouble.code)) {
			*err = trouble;
			return error_context(err, "%s", stamp->groups[index].directory);
		}
	}
	return 0;
}

/* Adds the count that FILE of the group keeps, if it has that file. */
static bool kills_add(int group, const char *file, uint64_t *kills)
{
	char text[1024];
	struct error ignored;
	const char *at;

	if (kernel_read(group, file, text, sizeof(text), &ignored) < 0)
		return false;
	at = strstr(text, "oom_kill ");
	while (at && at != text && at[-1] != '\n')
		at = strstr(at + 1, "oom_kill ");
	if (at)
		*kills += strtoull(at + strlen("oom_kill "), NULL, 10);
	return true;
}

static int visit_kills(int group, void *data, struct error *err)
{
	(void)err;
	(void)kills_add(group, "memory.oom_control", data);
	return 0;
}

/* Adds what the group's memory hierarchy has counted, without what experiments were killed for. */
static int kills_add_group(int group, uint64_t *kills, struct error *err)
{
	uint64_t counted = 0, ours;

	/* v2's memory.events counts what is below as well, and what was; v1 only its own. */
	if (!kills_add(group, "memory.events", &counted) &&
	    groups_walk(group, visit_kills, &counted, err) < 0)
		return -err->code;
	if (counted > 0 && experiments_kills(group, &ours, err) < 0)
		return -err->code;
	*kills += counted > 0 && counted > ours ? counted - ours : 0;
	return 0;
}

int playground_kills(const struct stamp *stamp, uint64_t *ret_kills, struct error *err)
{
	uint64_t kills = 0;
	unsigned index;

	for (index = 0; index < stamp->group_count; index++) {
		const struct stamp_group *group = &stamp->groups[index];
		cleanup_fd int fd =
			open(group->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return error_errno(err, "%s", group->directory);
		if (kills_add_group(fd, &kills, err) < 0)
			return error_context(err, "%s", group->directory);
	}
	*ret_kills = kills;
	return 0;
}
