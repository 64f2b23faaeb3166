/* SPDX-License-Identifier: MIT */
/*
 * The unit files of a playground (systemd.slice(5), systemd.unit(5)), without talking to systemd:
 *
 *   NAME.slice                               the playground and its limits
 *   NAME.slice.before-groupies               what --adopt has found there
 *   NAME-.slice.d/50-groupies.conf           the limits of each member's own slice NAME-UID.slice
 *   user@UID.service.d/50-groupies.conf      the member's user manager, inside
 *   user@UID.service -> /dev/null            or masked, where it could not live
 *   session-ID.scope.d/50-groupies.conf      a login, inside
 *
 * What holds across a boot is in /etc/systemd/system, the rest in /run/systemd/system.
 */
#ifndef GROUPIES_SYSTEMD_UNIT_H
#define GROUPIES_SYSTEMD_UNIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/error.h"

#define UNIT_DIR_ETC   "/etc/systemd/system"
#define UNIT_DIR_RUN   "/run/systemd/system"
#define UNIT_NAME_SIZE 128

/* "lab.slice", or "lab-1001.slice": systemd nests it by its name. */
void slice_name(const char *playground, bool is_member, uid_t uid, char name[UNIT_NAME_SIZE]);

/*
 * Writes the slice and the drop-in for the members' slices. *CHANGED becomes true if needed. With
 * ADOPT a slice that somebody else has written is kept, for unit_delete.
 */
int unit_write_slices(const struct config *config, bool adopt, bool *changed, struct error *err);

/* Is there a NAME.slice in UNIT_DIR_ETC, and does its first line say that we wrote it? */
bool unit_slice_stands(const char *playground);
bool unit_slice_is_ours(const char *playground);

/*
 * Puts the user manager of UID into its slice, or masks it, below DIRECTORY. A mask that somebody
 * else made stays, and stays theirs.
 */
int unit_write_user_manager(const char *directory, const struct config *config, uid_t uid,
			    bool *changed, struct error *err);

/* Where the user manager of a member has to be: masked below this, unless told otherwise. */
#define USER_MANAGER_BYTES_MIN ((uint64_t)64 * 1024 * 1024)
bool unit_user_manager_is_masked(const struct config *config);

/* Puts the scope of audit session SESSION into the slice; OWNER is the login's process. */
int unit_write_session(const struct config *config, uid_t uid, unsigned session, pid_t owner,
		       struct error *err);

/* Deletes the drop-ins of sessions whose scope is not among those IS_LOADED knows and whose login
 * process is gone: one that is still on its way in has no scope yet. */
void unit_sweep_sessions(bool (*is_loaded)(const char *scope, void *data), void *data);

/*
 * Deletes what unit_write_* made for PLAYGROUND; KEEP_USER says which uids' files stay (NULL:
 * none). With SLICES the slices go as well, but for one that somebody else has written; one that
 * was taken over is as it was then.
 */
int unit_delete(const char *playground, bool slices, bool (*keep_user)(uid_t uid, void *data),
		void *data, bool *changed, struct error *err);

#endif
