/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: how logins come in: the services that open sessions, sshd, the module and its helper. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/paths.h"

#include "audit.h"
#include "pam_stack.h"

/* What systemd and elogind start for themselves: their modules leave that where it is. */
static bool is_systemds_own(const char *service)
{
	return strcmp(service, "systemd-user") == 0 || strcmp(service, "elogind-user") == 0;
}

/* runuser's own stack opens sessions without us, and only root can use it. */
static bool is_roots_own(const char *service)
{
	return strcmp(service, "runuser") == 0 || strcmp(service, "runuser-l") == 0;
}

static void check_service(const char *service, void *data)
{
	struct audit *audit = data;
	struct pam_stack stack;

	if (!pam_stack_read(service, &stack) || !stack.opens_sessions)
		return;
	if (!stack.reaches && is_roots_own(service))
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s opens sessions outside: only root can use it", service);
	else if (!stack.reaches)
		audit_find(audit,
			   "%s opens sessions without pam_groupies.so: members who come in by it "
			   "are outside",
			   service);
	else if (stack.is_evaded)
		audit_find(audit, "%s may end or jump before it comes to pam_groupies.so", service);
	else if (stack.is_left && !is_systemds_own(service))
		audit_find(
			audit,
			"%s has no pam_groupies.so step=after behind pam_systemd.so, which moves "
			"a login out again: put one there",
			service);
	else if (stack.is_weak)
		audit_find(audit,
			   "%s lets a refusal of pam_groupies.so pass: its control must be "
			   "[success=ok ignore=ignore module_unknown=ignore default=die]",
			   service);
	else if (stack.allows)
		audit_find(audit,
			   "%s has onerr=allow, for a trial: members who cannot be placed get in",
			   service);
}

int check_services(struct audit *audit, struct error *err)
{
	return pam_services_visit(check_service, audit, err);
}

/*
 * A mailer that delivers to users runs what they name in ~/.forward behind a "|", and opens no
 * session for it. Whether it does is written in its own configuration, and each has another.
 */
int check_mailer(struct audit *audit, struct error *err)
{
	(void)err;
	if (access("/usr/sbin/sendmail", X_OK) == 0)
		report_step(
			audit->report, REPORT_INFO, audit->name,
			"there is a mailer: what it runs from a member's ~/.forward is outside; "
			"have it run none (postconf -e allow_mail_to_commands=alias, or exim's "
			"forbid_pipe)");
	return 0;
}

/* Is PATH what root installed? Says what is wrong otherwise. */
static void check_program(struct audit *audit, const char *path, const char *otherwise)
{
	struct stat st;

	if (stat(path, &st) < 0)
		audit_find(audit, "%s: %s: %s", path, strerror(errno), otherwise);
	else if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		audit_find(audit, "%s: others than root can change it (uid %u, mode %03o)", path,
			   (unsigned)st.st_uid, st.st_mode & 07777);
}

/* The module stands where this host's own modules stand: beside pam_unix.so. */
int check_module(struct audit *audit, struct error *err)
{
	char theirs[PATH_MAX], path[PATH_MAX + 32];
	int found = pam_module_find("pam_unix.so", theirs, err);

	if (found <= 0)
		return found;
	(void)snprintf(path, sizeof(path), "%.*s/pam_groupies.so",
		       (int)(strrchr(theirs, '/') - theirs), theirs);
	check_program(audit, path, "nobody is placed: the host is not protected");
	return 0;
}

int check_helper(struct audit *audit, struct error *err)
{
	(void)err;
	check_program(audit, GROUPIES_PLACE, "members are refused whenever it is needed");
	if (access(GROUPIES_PLACE, F_OK) == 0 && access(GROUPIES_PLACE, X_OK) < 0)
		audit_find(audit, "%s cannot be executed: members are refused", GROUPIES_PLACE);
	return 0;
}
