/* SPDX-License-Identifier: MIT */
/*
 * The control groups of a playground as the kernel shows them, whoever made them: where they are,
 * what their files say, who may write them, and limits that no config asks for any more.
 */
#ifndef GROUPIES_SETUP_GROUPS_H
#define GROUPIES_SETUP_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/error.h"
#include "groupies/host.h"
#include "groupies/limits.h"
#include "groupies/stamp.h"

#define GROUP_DIRECTORY_SIZE 512
#define NO_UID               ((uid_t)-1)

/* Where NAME's group is in HIERARCHY, or the part of UID in it, whether it exists or not. */
void group_directory(const struct host *host, const struct hierarchy *hierarchy, const char *name,
		     uid_t uid, char directory[GROUP_DIRECTORY_SIZE]);

/*
 * Finds the directories of NAME: those that were stamped, else every one that is called so.
 * Returns how many there are.
 */
int groups_find(const struct host *host, const char *name, struct stamp *ret_stamp,
		struct error *err);

/* The uids that have a part of their own in NAME. The caller frees the list. */
int groups_parts(const struct host *host, const char *name, uid_t **ret_uids, size_t *ret_count,
		 struct error *err);

/*
 * Calls VISIT for each value that CONFIG wants in its group (NO_UID) or in UID's part, with what
 * the kernel says: SEEN is NULL where there is no such file, SAME tells whether it is as asked.
 */
typedef void setting_visitor(const struct setting *setting, const char *directory, const char *seen,
			     bool same, void *data);
int groups_settings(const struct host *host, const struct config *config, uid_t uid,
		    setting_visitor *visit, void *data, struct error *err);

/* True when every value of CONFIG is in force in the group, and in the part of UID. */
bool groups_in_force(const struct host *host, const struct config *config, uid_t uid);

/* Bytes that are charged to the playground of STAMP; 0 where nothing counts them. */
int groups_memory(const struct stamp *stamp, uint64_t *ret_bytes, struct error *err);

/* The same without files' pages that the kernel takes back as soon as somebody needs them. */
int groups_memory_held(const struct stamp *stamp, uint64_t *ret_bytes, struct error *err);

/* Adds up KEY of FILE ("nr_throttled" of "cpu.stat") over the groups of STAMP and below. */
int groups_count(const struct stamp *stamp, const char *file, const char *key, uint64_t *ret_count,
		 struct error *err);

/*
 * Calls VISIT for each file of NAME's groups that others than root can change. The kernel's own
 * exception, v1's cgroup.event_control, is left out, and so is what systemd hands to users below.
 */
typedef void loose_visitor(const char *path, uid_t owner, mode_t mode, void *data);
int groups_loose_files(const struct host *host, const char *name, loose_visitor *visit, void *data,
		       struct error *err);

/* Is there such a file? 1 or 0. */
int groups_are_loose(const struct host *host, const char *name, struct error *err);

/*
 * Limits that the kernel still holds for NAME although CONFIG does not ask for them (any more).
 * groups_have_leftovers looks (1 or 0); groups_clear_leftovers lifts them and removes directories that
 * are needed no longer and hold nobody. On systemd hosts the unit file does this: nothing is found.
 */
int groups_have_leftovers(const struct host *host, const struct config *config, struct error *err);
int groups_clear_leftovers(const struct host *host, const struct config *config, struct error *err);

#endif
