/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: what the kernel says: the limits in force, and who may write groups. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "groupies/cleanup.h"
#include "groupies/directory.h"
#include "groupies/stamp.h"

#include "audit.h"
#include "groups.h"

#define CGROUP_DEPTH 16

static bool is_member(const struct audit *audit, uid_t uid)
{
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		if (audit->members.list[index].uid == uid)
			return true;
	}
	return false;
}

static void check_setting(const struct setting *setting, const char *directory, const char *seen,
			  bool same, void *data)
{
	struct audit *audit = data;

	if (same)
		return;
	if (!seen)
		audit_find(audit, "%s/%s is not there: %s does not limit: groupies-setup apply",
			   directory, setting->file, limit_table[setting->limit].name);
	else
		audit_find(
			audit,
			"%s: %s/%s says '%.80s' where '%.80s' was asked for: groupies-setup apply",
			limit_table[setting->limit].name, directory, setting->file, seen,
			setting->value);
}

static void check_group(struct audit *audit, const struct config *config)
{
	cleanup_free uid_t *parts = NULL;
	size_t count = 0, index;
	struct stamp stamp;
	struct error trouble;
	int found;

	found = groups_find(&audit->host, config->name, &stamp, &trouble);
	if (found < 0) {
		audit_find(audit, "%s: %s", config->name, trouble.text);
		return;
	}
	if (found == 0) {
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s is not there: its next login makes it again", config->name);
		return;
	}
	/* Anything else that is wrong with it is mended by the next login. */
	if (!config->own_limits && stamp_check(&stamp, &trouble) < 0 && trouble.code == EBUSY)
		audit_find(audit, "%s", trouble.text);
	if (groups_settings(&audit->host, config, NO_UID, check_setting, audit, &trouble) < 0)
		audit_find(audit, "%s: %s", config->name, trouble.text);
	if (groups_parts(&audit->host, config->name, &parts, &count, &trouble) < 0) {
		audit_find(audit, "%s: %s", config->name, trouble.text);
		return;
	}
	for (index = 0; config->own_limits && index < count; index++)
		(void)groups_settings(&audit->host, config, parts[index], check_setting, audit,
				      &trouble);
	found = groups_have_leftovers(&audit->host, config, &trouble);
	if (found < 0)
		audit_find(audit, "%s: %s", config->name, trouble.text);
	else if (found)
		audit_find(audit,
			   "%s has limits in force that no config asks for: groupies-setup apply",
			   config->name);
}

int check_limits(struct audit *audit, struct error *err)
{
	size_t index;

	(void)err;
	for (index = 0; index < audit->applied.count; index++)
		check_group(audit, &audit->applied.list[index]);
	return 0;
}

static void find_loose(const char *path, uid_t owner, mode_t mode, void *data)
{
	audit_find(
		data,
		"%s can be changed by others than root (uid %u, mode %03o): groupies-setup apply "
		"--adopt",
		path, (unsigned)owner, mode);
}

/* A member who can write two of these can hop between them. PATH is a group's directory. */
static void check_doors(struct audit *audit, const char *path, bool is_root, bool is_ours)
{
	static const char *const doors[] = {"cgroup.procs", "tasks", "cgroup.threads",
					    "cgroup.subtree_control", "release_agent"};
	size_t index;

	for (index = 0; index < sizeof(doors) / sizeof(*doors); index++) {
		char file[PATH_MAX];
		struct stat st;
		bool loose;

		if (snprintf(file, sizeof(file), "%s/%s", path, doors[index]) >=
			    (int)sizeof(file) ||
		    lstat(file, &st) < 0)
			continue;
		loose = (st.st_mode & S_IWOTH) ||
			(is_root && ((st.st_mode & S_IWGRP) || st.st_uid != 0));
		if (loose || (!is_ours && is_member(audit, st.st_uid)))
			audit_find(audit,
				   "%s can be written by others than root (uid %u, mode %03o): a "
				   "way out for members: chown root and chmod go-w it",
				   file, (unsigned)st.st_uid, st.st_mode & 07777);
	}
}

/* Our groups are looked at file by file; what systemd delegates inside of them leads nowhere. */
static bool is_ours(const struct audit *audit, const struct hierarchy *hierarchy, const char *path)
{
	char directory[GROUP_DIRECTORY_SIZE];
	size_t index;

	for (index = 0; index < audit->applied.count; index++) {
		size_t length;

		group_directory(&audit->host, hierarchy, audit->applied.list[index].name, NO_UID,
				directory);
		length = strlen(directory);
		if (strncmp(path, directory, length) == 0 &&
		    (path[length] == '\0' || path[length] == '/'))
			return true;
	}
	return false;
}

static void walk_tree(struct audit *audit, const struct hierarchy *hierarchy, const char *path,
		      unsigned depth)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	struct error trouble;
	int more = 0;

	check_doors(audit, path, depth == 0, is_ours(audit, hierarchy, path));
	if (depth < CGROUP_DEPTH)
		more = directory_find(AT_FDCWD, path, &entries, &trouble);
	if (more < 0)
		audit_find(audit, "%s", trouble.text);
	if (more <= 0)
		return;
	while ((more = directory_next(entries, &entry, &trouble)) > 0) {
		char child[PATH_MAX];

		if (entry->d_type == DT_DIR && snprintf(child, sizeof(child), "%s/%s", path,
							entry->d_name) < (int)sizeof(child))
			walk_tree(audit, hierarchy, child, depth + 1);
	}
	if (more < 0)
		audit_find(audit, "%s: %s", path, trouble.text);
}

/*
 * v1 lets everybody register events with any group (cgroup.event_control is made writable for all,
 * kernel/cgroup/cgroup-v1.c and mm/memcontrol.c), and charges them to nobody. No finding: it is so
 * on every such host, and the files of other groups are not ours to change.
 */
static void tell_event_control(struct audit *audit)
{
	const struct hierarchy *memory = host_hierarchy(&audit->host, "memory");
	char file[PATH_MAX];
	struct stat st;

	if (!memory || memory->unified)
		return;
	(void)snprintf(file, sizeof(file), "%s/cgroup.event_control", memory->mount);
	if (stat(file, &st) == 0 && (st.st_mode & S_IWOTH))
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s can be written by everybody, as v1 makes it: members can hold "
			    "kernel memory there that is charged to nobody; v2 has no such file",
			    file);
}

int check_files(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->applied.count; index++) {
		if (groups_loose_files(&audit->host, audit->applied.list[index].name, find_loose,
				       audit, err) < 0)
			return -err->code;
	}
	for (index = 0; index < audit->host.count; index++)
		walk_tree(audit, &audit->host.hierarchies[index],
			  audit->host.hierarchies[index].mount, 0);
	tell_event_control(audit);
	return 0;
}
