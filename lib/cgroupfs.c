/* SPDX-License-Identifier: MIT */
/*
 * The backend for hosts whose cgroup tree nobody else owns. libcgroup creates and sets; what it
 * made is read back through descriptors of our own, and what moves a process is our own write:
 * cgroup_attach_task() answers "done" for a group without controllers and moves nothing. Removing
 * is rmdir(2), since libcgroup's way moves processes that are still inside out to the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/container.h"
#include "groupies/file.h"
#include "groupies/limits.h"

#define REMOVE_WAIT_MS 2000

/* One group in all of its hierarchies, and what is to be set there. */
struct group {
	char name[64]; /* below the root of each hierarchy: "lab" or "lab/1000" */
	const struct hierarchy *hierarchies[HOST_HIERARCHIES_MAX];
	size_t hierarchy_count;
	struct setting settings[SETTINGS_MAX];
	int setting_count;
};

/* ---- libcgroup, kept quiet ------------------------------------------------------------------- */

/* Without a logger, CGROUP_LOGLEVEL in the environment makes libcgroup print on stdout. */
static void swallow(void *data, int level, const char *format, va_list args)
{
	(void)data;
	(void)level;
	(void)format;
	(void)args;
}

static int library_error(int code, const char *what, struct error *err)
{
	int cause = code == ECGOTHER ? cgroup_get_last_errno() : 0;

	if (cause) {
		errno = cause;
		return error_errno(err, "%s", what);
	}
	/* "Other" is what it says where errno has been lost on its way. */
	return error_set(err, EIO, "%s: libcgroup: %s", what,
			 code == ECGOTHER ? "failed, and does not say why" : cgroup_strerror(code));
}

static int library_start(struct error *err)
{
	static bool started;
	int code;

	if (started)
		return 0;
	cgroup_set_logger(swallow, CGROUP_LOG_ERROR, NULL);
	code = cgroup_init();
	if (code)
		return library_error(code, "cgroups", err);
	started = true;
	return 0;
}

static void free_group(struct cgroup **group)
{
	if (*group)
		cgroup_free(group);
}

static int library_create(const struct group *group, struct error *err)
{
	__attribute__((cleanup(free_group))) struct cgroup *made = cgroup_new_cgroup(group->name);
	size_t index;
	int code;

	if (!made)
		return error_set(err, ENOMEM, "%s: out of memory", group->name);
	for (index = 0; index < group->hierarchy_count; index++) {
		const char *first = group->hierarchies[index]->controllers;
		char controller[32];
		int count;

		/* libcgroup looks on v2 only for controllers that our settings use. */
		for (count = 0; count < group->setting_count; count++) {
			if (group->settings[count].hierarchy == group->hierarchies[index])
				first = group->settings[count].controller;
		}
		(void)snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(first, ","),
			       first);
		if (!cgroup_add_controller(made, controller))
			return error_set(err, EIO, "%s: libcgroup knows no controller %s",
					 group->name, controller);
	}
	code = cgroup_create_cgroup(made, 1);
	return code ? library_error(code, group->name, err) : 0;
}

static int library_set(const struct group *group, const struct setting *setting, struct error *err)
{
	__attribute__((cleanup(free_group))) struct cgroup *changed =
		cgroup_new_cgroup(group->name);
	struct cgroup_controller *controller =
		changed ? cgroup_add_controller(changed, setting->controller) : NULL;
	char what[160];
	int code;

	if (!controller)
		return error_set(err, ENOMEM, "%s: out of memory", group->name);
	(void)snprintf(what, sizeof(what), "%s: cannot set %s to %.60s", group->name, setting->file,
		       setting->value);
	code = cgroup_add_value_string(controller, setting->file, setting->value);
	if (!code)
		code = cgroup_modify_cgroup(changed);
	return code ? library_error(code, what, err) : 0;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* NAME of GROUP below the mount of HIERARCHY; every component is opened without following links. */
static int group_open(const struct hierarchy *hierarchy, const char *name, struct error *err)
{
	char copy[64], *saved = NULL, *part;
	cleanup_fd int fd = directory_open(AT_FDCWD, hierarchy->mount, err);

	(void)text_copy(copy, sizeof(copy), name);
	for (part = strtok_r(copy, "/", &saved); part && fd >= 0;
	     part = strtok_r(NULL, "/", &saved)) {
		int next = directory_open(fd, part, err);

		close(fd);
		fd = next;
	}
	return fd < 0 ? error_context(err, "%s", hierarchy->mount) : steal_fd(&fd);
}

/*
 * The group MUST be root's alone, every file of it and of its children: who can write its limits
 * can raise them, who can write cgroup.procs of two groups can hop. The one exception is the
 * kernel's own: v1 makes cgroup.event_control writable for everybody.
 */
static int own_file(int dirfd, const char *name, struct error *err)
{
	struct stat st;
	mode_t wrong = S_IWGRP | S_IWOTH;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "%s", name);
	if (strcmp(name, "cgroup.event_control") == 0)
		wrong = 0;
	if (st.st_uid == 0 && !(st.st_mode & wrong))
		return 0;
	return error_set(err, EPERM,
			 "%s can be changed by others than root (uid %u, mode %03o): "
			 "take the group over with --adopt, or remove it",
			 name, (unsigned)st.st_uid, st.st_mode & 0777);
}

static int own_group(int fd, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (directory_list(fd, &entries, err) < 0)
		return -err->code;
	if (own_file(fd, ".", err) < 0)
		return error_context(err, "directory");
	while ((more = directory_next(entries, &entry, err)) > 0) {
		cleanup_fd int child = -1;

		if (own_file(fd, entry->d_name, err) < 0)
			return -err->code;
		if (entry->d_type != DT_DIR)
			continue;
		child = directory_open(fd, entry->d_name, err);
		if (child < 0 || own_group(child, err) < 0)
			return error_context(err, "%s", entry->d_name);
	}
	return more;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* rmdir of a group whose last process has just exited may still say EBUSY for a moment. */
static int group_rmdir(int parent, const char *name, struct error *err)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int tries;

	for (tries = 0; tries < REMOVE_WAIT_MS / 10; tries++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return error_errno(err, "%s", name);
}

static int group_remove(int parent, const char *name, struct error *err)
{
	cleanup_fd int fd = directory_open(parent, name, err);
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (fd < 0)
		return err->code == ENOENT ? 0 : fd;
	if (directory_list(fd, &entries, err) < 0)
		return error_context(err, "%s", name);
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (entry->d_type == DT_DIR && group_remove(fd, entry->d_name, err) < 0)
			return error_context(err, "%s", name);
	}
	return more < 0 ? error_context(err, "%s", name) : group_rmdir(parent, name, err);
}

/*
 * Takes a hand-made group over. Owners alone will not do: who has opened a file of the group for
 * writing writes it as long as the group stands. So one that is not root's is removed, to be made
 * anew.
 */
static int group_adopt(const struct group *group, struct error *err)
{
	size_t index;

	for (index = 0; index < group->hierarchy_count; index++) {
		const char *mount = group->hierarchies[index]->mount;
		struct error trouble = ERROR_NONE;
		cleanup_fd int fd = group_open(group->hierarchies[index], group->name, &trouble);
		cleanup_fd int parent = -1;

		if (fd < 0 ? trouble.code == ENOENT : own_group(fd, &trouble) == 0)
			continue;
		if (trouble.code != EPERM) {
			*err = trouble;
			return error_context(err, "%s", group->name);
		}
		parent = directory_open(AT_FDCWD, mount, err);
		if (parent < 0)
			return parent;
		if (group_remove(parent, group->name, err) == 0)
			continue;
		if (err->code == EBUSY)
			return error_set(
				err, EBUSY,
				"%s/%s: is not root's alone, and holds processes: end them, "
				"then take it over",
				mount, group->name);
		return error_context(err, "%s", mount);
	}
	return 0;
}

/* ---- realizing ------------------------------------------------------------------------------- */

static int crowded(const struct hierarchy *hierarchy, struct error *err)
{
	return error_set(
		err, EBUSY,
		"%s holds the container's processes itself, so it cannot hand controllers "
		"down: groupies-setup apply --adopt-container moves them into a group below "
		"it; do so wherever the container starts",
		hierarchy->mount);
}

/* v2 gives a child only the controllers that its parent hands down (cgroup-v2.rst). */
static int hand_down(const struct group *group, struct error *err)
{
	const char *slash = strchr(group->name, '/');
	char parent[64] = "", word[48];
	int index;

	if (slash)
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - group->name),
			       group->name);
	for (index = 0; index < group->setting_count; index++) {
		const struct setting *setting = &group->settings[index];
		cleanup_fd int fd = -1;

		if (!setting->hierarchy->unified)
			continue;
		fd = group_open(setting->hierarchy, parent, err);
		(void)snprintf(word, sizeof(word), "+%s", setting->controller);
		if (fd < 0)
			return fd;
		if (kernel_write(fd, "cgroup.subtree_control", word, err) == 0)
			continue;
		if (err->code == EBUSY && !*parent)
			return crowded(setting->hierarchy, err);
		if (err->code == EBUSY)
			return error_set(
				err, EBUSY,
				"%s holds processes itself, so its members cannot have limits of "
				"their own yet: log its members out, then apply again",
				parent);
		return error_context(err, "%s", setting->hierarchy->mount);
	}
	return 0;
}

/* Whoever else runs in groups of its own below (a container) is limited by what is handed down. */
static int check_guests(int group, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (directory_list(group, &entries, err) < 0)
		return -err->code;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		bool is_part = strspn(entry->d_name, "0123456789") == strlen(entry->d_name);
		struct error trouble = ERROR_NONE;
		cleanup_fd int child = -1;

		if (entry->d_type != DT_DIR || is_part)
			continue;
		child = directory_open(group, entry->d_name, &trouble);
		if (child < 0 ? trouble.code != ENOENT : group_is_populated(child))
			return error_set(
				err, EBUSY,
				"%s in it holds processes that are limited by it, and v2 lets "
				"no member into a group that holds such a group: end them, or "
				"give the playground a [Member] section",
				entry->d_name);
	}
	return more;
}

/*
 * A group with processes of its own must not hand controllers down (cgroup-v2.rst, "No Internal
 * Process Constraint"). It may have done so for members who had limits of their own, or for a
 * container that has ended: that is taken back, or nobody could enter.
 */
static int open_door(const struct group *group, const struct hierarchy *hierarchy,
		     struct error *err)
{
	cleanup_fd int fd = group_open(hierarchy, group->name, err);
	char text[256], word[48], *saved = NULL, *controller;

	if (fd < 0)
		return fd;
	if (kernel_read(fd, "cgroup.subtree_control", text, sizeof(text), err) < 0 ||
	    (*text && check_guests(fd, err) < 0))
		return error_context(err, "%s", group->name);
	for (controller = strtok_r(text, " \n", &saved); controller;
	     controller = strtok_r(NULL, " \n", &saved)) {
		(void)snprintf(word, sizeof(word), "-%s", controller);
		if (kernel_write(fd, "cgroup.subtree_control", word, err) == 0)
			continue;
		if (err->code == EBUSY)
			return error_set(
				err, EBUSY,
				"a group in %s hands %s down, and v2 lets no member into a group "
				"that does so itself: remove the groups in it, or give the "
				"playground a [Member] section",
				group->name, controller);
		return error_context(err, "%s", group->name);
	}
	return 0;
}

static int setting_check(const struct group *group, const struct setting *setting,
			 struct error *err)
{
	cleanup_fd int fd = group_open(setting->hierarchy, group->name, err);
	char seen[4096];

	if (fd < 0 || kernel_read(fd, setting->file, seen, sizeof(seen), err) < 0)
		return error_context(err, "%s", group->name);
	if (!setting->matches(setting->value, seen) &&
	    strcmp(setting->file, "cpu.cfs_period_us") != 0)
		return error_set(err, EIO, "%s: %s reads '%.60s' after '%.60s' was written",
				 group->name, setting->file, seen, setting->value);
	if (setting->bounded && limit_text_is_unlimited(setting->file, seen))
		return error_set(err, ENODATA, "%s: %s reads as unlimited", group->name,
				 setting->file);
	return 0;
}

/*
 * v1 refuses a memory limit above the one for memory and swap, and the other way round: which goes
 * first depends on the direction. So whatever was refused is tried once more after the rest.
 */
static int settings_apply(const struct group *group, struct error *err)
{
	bool again[SETTINGS_MAX] = {false};
	int index;

	for (index = 0; index < group->setting_count; index++)
		again[index] = library_set(group, &group->settings[index], err) < 0;
	for (index = 0; index < group->setting_count; index++) {
		if (again[index] && library_set(group, &group->settings[index], err) < 0) {
			if (err->code == EBUSY)
				return error_context(
					err, "in use and not to be reclaimed: end what uses "
					     "it, then apply again");
			return -err->code;
		}
	}
	for (index = 0; index < group->setting_count; index++) {
		if (setting_check(group, &group->settings[index], err) < 0)
			return -err->code;
	}
	return 0;
}

/* Writes down the very directories, so that a login can tell them from later ones. */
static int group_stamp(const struct group *group, bool enter, struct stamp *stamp,
		       struct error *err)
{
	size_t index;
	int count;

	for (index = 0; index < group->hierarchy_count; index++) {
		const struct hierarchy *hierarchy = group->hierarchies[index];
		struct stamp_group *to = &stamp->groups[stamp->group_count];
		cleanup_fd int fd = group_open(hierarchy, group->name, err);
		bool at_root = strcmp(hierarchy->root, "/") == 0;
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0)
			return fd < 0 ? fd : error_errno(err, "%s", group->name);
		if (stamp->group_count == STAMP_GROUPS_MAX)
			return error_set(err, E2BIG, "%s: too many hierarchies", group->name);
		*to = (struct stamp_group){.device = st.st_dev,
					   .inode = st.st_ino,
					   .role = enter ? STAMP_WRITE : STAMP_LIMITS};
		if (!hierarchy->unified)
			(void)snprintf(to->controller, sizeof(to->controller), "%.*s",
				       (int)strcspn(hierarchy->controllers, ","),
				       hierarchy->controllers);
		if (snprintf(to->path, sizeof(to->path), "%s/%s", at_root ? "" : hierarchy->root,
			     group->name) >= (int)sizeof(to->path) ||
		    snprintf(to->directory, sizeof(to->directory), "%s/%s", hierarchy->mount,
			     group->name) >= (int)sizeof(to->directory))
			return error_set(err, ENAMETOOLONG, "%s: path too long", group->name);
		for (count = 0; count < group->setting_count; count++) {
			const struct setting *setting = &group->settings[count];

			if (setting->hierarchy == hierarchy && setting->bounded &&
			    to->limit_count < STAMP_LIMITS_MAX)
				(void)text_copy(to->limits[to->limit_count++],
						sizeof(to->limits[0]), setting->file);
		}
		stamp->group_count++;
	}
	return 0;
}

static int group_realize(struct group *group, bool adopt, bool enter, struct stamp *stamp,
			 struct error *err)
{
	size_t index;

	if ((adopt && group_adopt(group, err) < 0) || hand_down(group, err) < 0 ||
	    library_create(group, err) < 0)
		return -err->code;
	for (index = 0; index < group->hierarchy_count; index++) {
		cleanup_fd int fd = group_open(group->hierarchies[index], group->name, err);

		if (fd < 0)
			return fd;
		if (own_group(fd, err) < 0)
			return error_context(err, "%s/%s", group->hierarchies[index]->mount,
					     group->name);
		if (enter && group->hierarchies[index]->unified &&
		    open_door(group, group->hierarchies[index], err) < 0)
			return -err->code;
	}
	if (settings_apply(group, err) < 0)
		return -err->code;
	return group_stamp(group, enter, stamp, err);
}

static void hierarchies_add(struct group *group, const struct setting *settings, int count)
{
	int index;
	size_t known;

	for (index = 0; index < count; index++) {
		for (known = 0; known < group->hierarchy_count; known++) {
			if (group->hierarchies[known] == settings[index].hierarchy)
				break;
		}
		if (known == group->hierarchy_count)
			group->hierarchies[group->hierarchy_count++] = settings[index].hierarchy;
	}
}

/* Which hierarchies it takes: of both levels, since a process is in both or in none. */
static int ready(const struct host *host, const struct config *config, bool adopt,
		 struct error *err)
{
	struct group shared = {0}, each = {0};
	size_t index;

	shared.setting_count = limits_render(&config->shared, host, shared.settings, err);
	if (shared.setting_count < 0)
		return shared.setting_count;
	each.setting_count = limits_render(&config->each, host, each.settings, err);
	if (each.setting_count < 0)
		return error_context(err, "[Member]");
	hierarchies_add(&shared, shared.settings, shared.setting_count);
	hierarchies_add(&shared, each.settings, each.setting_count);
	for (index = 0; index < shared.hierarchy_count; index++) {
		const struct hierarchy *hierarchy = shared.hierarchies[index];
		int is_crowded;

		if (container_writable(hierarchy, err) < 0)
			return -err->code;
		is_crowded = adopt ? 0 : container_crowded(hierarchy, err);
		if (is_crowded)
			return is_crowded < 0 ? is_crowded : crowded(hierarchy, err);
	}
	return 0;
}

static int realize(const struct part *part, bool adopt, struct stamp *ret_stamp, struct error *err)
{
	struct group shared = {0}, each = {0};
	const char *name = part->config->name;
	struct stamp stamp = {.manager = HOST_CGROUPFS};

	if (library_start(err) < 0)
		return -err->code;
	(void)text_copy(shared.name, sizeof(shared.name), name);
	(void)snprintf(each.name, sizeof(each.name), "%s/%u", name, (unsigned)part->uid);
	shared.setting_count =
		limits_render(&part->config->shared, part->host, shared.settings, err);
	if (shared.setting_count < 0)
		return shared.setting_count;
	each.setting_count = limits_render(&part->config->each, part->host, each.settings, err);
	if (each.setting_count < 0)
		return error_context(err, "[Member]");

	/* Both levels stand in every hierarchy that either needs: a process is in both or in none.
	 */
	hierarchies_add(&shared, shared.settings, shared.setting_count);
	hierarchies_add(&shared, each.settings, each.setting_count);
	hierarchies_add(&each, shared.settings, shared.setting_count);
	hierarchies_add(&each, each.settings, each.setting_count);
	if (group_realize(&shared, adopt, !part->is_member, &stamp, err) < 0)
		return -err->code;
	if (part->is_member && group_realize(&each, false, true, &stamp, err) < 0)
		return -err->code;
	*ret_stamp = stamp;
	return 0;
}

/* ---- placing, looking ------------------------------------------------------------------------ */

static int place(const struct part *part, const struct stamp *stamp, pid_t pid, struct error *err)
{
	char text[CGROUP_TEXT_SIZE];

	(void)part;
	if (stamp_enter(stamp, pid, err) < 0 || cgroup_read(pid, text, sizeof(text), err) < 0)
		return -err->code;
	if (!stamp_holds(stamp, text))
		return error_set(err, EIO, "process %d was written into the group but is not in it",
				 (int)pid);
	return 0;
}

static int exists(const struct host *host, const char *name, struct error *err)
{
	size_t index;

	(void)err;
	for (index = 0; index < host->count; index++) {
		struct error ignored;
		cleanup_fd int fd = group_open(&host->hierarchies[index], name, &ignored);

		if (fd >= 0)
			return EXISTS_AS_SOMEBODYS;
	}
	return 0;
}

static int remove_group(const struct host *host, const char *name, struct error *err)
{
	size_t index;

	for (index = 0; index < host->count; index++) {
		cleanup_fd int mount =
			directory_open(AT_FDCWD, host->hierarchies[index].mount, err);

		if (mount < 0)
			return mount;
		if (group_remove(mount, name, err) < 0)
			return error_context(err, "%s", host->hierarchies[index].mount);
	}
	return container_release(host, err) < 0 ? -err->code : 0;
}

static int prepare(const struct part *part, pid_t pid, unsigned session, struct error *err)
{
	(void)part;
	(void)pid;
	(void)session;
	(void)err;
	return 0;
}

static int leave(const struct host *host, struct error *err)
{
	(void)host;
	(void)err;
	return 0;
}

const struct backend backend_cgroupfs = {
	.name = "cgroupfs",
	.ready = ready,
	.realize = realize,
	.place = place,
	.exists = exists,
	.remove = remove_group,
	.prepare = prepare,
	.leave = leave,
};
