/* SPDX-License-Identifier: MIT */
/*
 * pam_groupies: every session of a member of a playground happens inside of it.
 *
 * What must hold:
 * - Who is not in the registry, and root always, MUST be left alone, whatever state groupies is in.
 * - A member whose placement fails or cannot be verified MUST be refused with PAM_PERM_DENIED:
 *   sudo goes on after PAM_SESSION_ERR.
 * - Nothing that the caller prepared is believed: not the environment, not the helper's answer.
 *   What decides is our own read of /proc/self/cgroup.
 * - The host of this module is sshd, login, su or cron: nothing of it is changed but its group and
 *   an inherited immunity from the OOM killer. Not a byte goes to stdout or stderr.
 *
 * Each function below ends in the safe answer for its case.
 */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/stamp.h"
#include "helper.h"
#include "member.h"
#include "origin.h"
#include "session.h"

#define SESSION_DATA  "groupies_session"  /* this session moved its process, and counts */
#define PREPARED_DATA "groupies_prepared" /* the audit session whose scope was to start inside */

struct arguments {
	bool before;        /* step=before: ahead of pam_systemd */
	bool allow_failure; /* onerr=allow: a trial period */
};

static struct arguments arguments_read(pam_handle_t *pamh, int argc, const char **argv)
{
	struct arguments arguments = {0};
	int index;

	for (index = 0; index < argc; index++) {
		if (strcmp(argv[index], "step=before") == 0)
			arguments.before = true;
		else if (strcmp(argv[index], "onerr=allow") == 0)
			arguments.allow_failure = true;
		else if (strcmp(argv[index], "step=after") != 0 &&
			 strcmp(argv[index], "onerr=deny") != 0)
			pam_syslog(pamh, LOG_ERR, "unknown argument '%s' is ignored", argv[index]);
	}
	return arguments;
}

/* ---- into the playground --------------------------------------------------------------------- */

/* SESSION is NULL for the commands that have none. */
static int place_run(const char *verb, const struct login *login, const char *session,
		     struct error *err)
{
	char uid[16], pid[16];
	const char *argv[] = {"groupies-place", verb, login->entry.playground, uid, pid,
			      session,          NULL};

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)login->uid);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return helper_run(argv, NULL, err);
}

/* The stamp when it is valid: then the group exists, as it was realized, and limits. */
static int stamp_of(const struct login *login, struct stamp *stamp, struct error *err)
{
	char name[STAMP_NAME_SIZE];

	stamp_name(login->entry.playground, login->entry.own_limits, login->uid, name);
	return stamp_read(name, stamp, err);
}

static int stamp_find(const struct login *login, struct stamp *stamp, struct error *err)
{
	return stamp_of(login, stamp, err) < 0 ? -err->code : stamp_check(stamp, err);
}

static int stamp_find_or_make(const struct login *login, struct stamp *stamp, struct error *err)
{
	if (stamp_find(login, stamp, err) == 0)
		return 0;
	if (place_run("realize", login, NULL, err) < 0)
		return -err->code;
	return stamp_find(login, stamp, err);
}

static int verify(const struct stamp *stamp, struct error *err)
{
	char text[CGROUP_TEXT_SIZE];

	if (cgroup_read(0, text, sizeof(text), err) < 0)
		return -err->code;
	if (!stamp_holds(stamp, text))
		return error_set(err, EXDEV, "this process is not in %s after it was placed",
				 stamp->groups[stamp->group_count - 1].path);
	return 0;
}

/*
 * sshd and others run with -1000, which the OOM killer never touches, and their children inherit
 * it. Writing as root also sets how low the member itself may go (proc(5)).
 */
static int immunity_reset(struct error *err)
{
	char text[16];

	if (kernel_read(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text), err) < 0)
		return -err->code;
	/* A positive value may still stand on a floor of -1000: it is written again. */
	return kernel_write(AT_FDCWD, "/proc/self/oom_score_adj", atoi(text) > 0 ? text : "0", err);
}

/*
 * On a systemd host, when this process is outside. It MUST NOT be taken out of a unit that it is
 * the main process of, nor out of the session scope that has just been made for this very login:
 * an empty session scope cannot be terminated any more. Then the login is refused instead.
 */
static int enter_slice(pam_handle_t *pamh, const struct login *login, const char *cgroup_text,
		       struct error *err)
{
	const void *prepared = NULL;

	if (session_is_main_process(pamh, cgroup_text))
		return error_set(err, EXDEV,
				 "systemd started this process outside of the playground");
	if (pam_get_data(pamh, PREPARED_DATA, &prepared) == PAM_SUCCESS && prepared &&
	    session_has_scope(cgroup_text, prepared))
		return error_set(err, EXDEV,
				 "logind made session-%s.scope outside of the playground",
				 (const char *)prepared);
	return place_run("enter", login, NULL, err);
}

/* Half way in is put back: a daemon that refuses its user goes on, and stays out. */
static int enter(pam_handle_t *pamh, const struct login *login, const struct stamp *stamp,
		 const char *cgroup_text, struct error *err)
{
	struct error ignored;

	if (!stamp_holds_managed(stamp, cgroup_text) &&
	    enter_slice(pamh, login, cgroup_text, err) < 0)
		return -err->code;
	if (stamp_enter(stamp, getpid(), err) == 0 && verify(stamp, err) == 0)
		return 0;
	(void)origin_undo(stamp, cgroup_text, &ignored);
	return -err->code;
}

/*
 * The short way, where we write every group ourselves: entering one checks it, so to check them all
 * beforehand would only cost as much again. Whatever is in the way, the long way sets it right or
 * says what it is.
 */
static bool enter_at_once(pam_handle_t *pamh, const struct login *login, struct stamp *stamp,
			  const char *cgroup_text)
{
	struct error ignored;

	if (stamp_of(login, stamp, &ignored) < 0 || stamp->manager == HOST_SYSTEMD)
		return false;
	return (stamp_holds(stamp, cgroup_text)
			? stamp_check(stamp, &ignored)
			: enter(pamh, login, stamp, cgroup_text, &ignored)) == 0;
}

/*
 * Returns 1 when the close has to bring this process back, 0 when nothing is to be undone. Who is
 * inside already counts too: of two sessions in one daemon, the first one's close takes nobody out.
 */
static int place(pam_handle_t *pamh, const struct login *login, struct error *err)
{
	char text[CGROUP_TEXT_SIZE];
	struct stamp stamp;

	if (getpid() <= 1)
		return error_set(err, EPERM, "this is process 1, which is never moved");
	if (immunity_reset(err) < 0 || cgroup_read(0, text, sizeof(text), err) < 0)
		return -err->code;
	if (!enter_at_once(pamh, login, &stamp, text)) {
		if (stamp_find_or_make(login, &stamp, err) < 0)
			return -err->code;
		if (!stamp_holds(&stamp, text) && enter(pamh, login, &stamp, text, err) < 0)
			return -err->code;
	}
	if (stamp.manager == HOST_SYSTEMD)
		return cgroup_read(0, text, sizeof(text), err) < 0 ||
				       stamp_charge_sockets(&stamp, text, err) < 0
			       ? -err->code
			       : 0;
	origin_keep(&stamp, text);
	return 1;
}

/* ---- what libpam calls ----------------------------------------------------------------------- */

static int refuse(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
		  const struct error *err)
{
	pam_syslog(pamh, LOG_ERR, "'%s' (uid %u) %s: %s: run 'groupies-setup check' as root",
		   login->user, (unsigned)login->uid,
		   arguments->allow_failure ? "is let in unlimited (onerr=allow)" : "is refused",
		   err->text);
	return arguments->allow_failure ? PAM_IGNORE : PAM_PERM_DENIED;
}

static void prepared_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/*
 * Ahead of pam_systemd: logind will name the scope after the audit session, so it can be told in
 * advance where that scope belongs. Only for a login of the member's own: su and sudo carry the
 * audit session of whoever called them. On cgroupfs everything happens in the step behind.
 */
static int open_before(pam_handle_t *pamh, const struct arguments *arguments)
{
	struct login login = {.quiet = true};
	struct error err = ERROR_NONE;
	char id[16];
	char *kept;
	int found;

	if (access("/run/systemd/system", F_OK) < 0 && errno_means_gone(errno))
		return PAM_IGNORE;
	found = member_find(pamh, &login, &err);
	if (found == 0)
		return PAM_IGNORE;
	if (found < 0)
		return refuse(pamh, arguments, &login, &err);
	found = session_is_own(login.uid, id, &err);
	if (found == 0)
		return PAM_IGNORE;
	if (found < 0 || place_run("prepare", &login, id, &err) < 0)
		return refuse(pamh, arguments, &login, &err);
	kept = strdup(id);
	if (kept && pam_set_data(pamh, PREPARED_DATA, kept, prepared_free) != PAM_SUCCESS)
		free(kept);
	return PAM_IGNORE;
}

static int open_after(pam_handle_t *pamh, const struct arguments *arguments)
{
	static char moved_mark;
	struct login login = {0};
	struct error err = ERROR_NONE;
	int found = member_find(pamh, &login, &err), moved;

	if (found == 0)
		return PAM_IGNORE;
	moved = found < 0 ? found : place(pamh, &login, &err);
	if (moved < 0)
		return refuse(pamh, arguments, &login, &err);
	if (moved == 1)
		(void)pam_set_data(pamh, SESSION_DATA, &moved_mark, NULL);
	return PAM_SUCCESS;
}

PAM_EXTERN int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments = arguments_read(pamh, argc, argv);

	(void)flags;
	return arguments.before ? open_before(pamh, &arguments) : open_after(pamh, &arguments);
}

PAM_EXTERN int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments = arguments_read(pamh, argc, argv);
	struct error err = ERROR_NONE;
	const void *moved = NULL;

	(void)flags;
	if (arguments.before || pam_get_data(pamh, SESSION_DATA, &moved) != PAM_SUCCESS || !moved)
		return PAM_IGNORE;
	(void)pam_set_data(pamh, SESSION_DATA, NULL, NULL);
	if (origin_return(&err) < 0)
		pam_syslog(pamh, LOG_WARNING, "this process stays in the playground: %s", err.text);
	return PAM_SUCCESS;
}
