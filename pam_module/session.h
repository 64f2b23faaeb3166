/* SPDX-License-Identifier: MIT */
/* What this process is a session of, as the kernel's audit and systemd's cgroups tell it. */
#ifndef GROUPIES_SESSION_H
#define GROUPIES_SESSION_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"

/*
 * 1 when this process is a fresh login of UID: pam_loginuid has said so, and it is in no session
 * scope yet. ID is then the audit session, which logind will take as its own session's. 0 when it is
 * none, and a failure when that cannot be read.
 */
int session_is_own(uid_t uid, char id[16], struct error *err);

/* True when CGROUP_TEXT shows this process in session-ID.scope. */
bool session_has_scope(const char *cgroup_text, const char *id);

/* True when systemd itself started this process as a unit's (PAMName=: user@, run0, machinectl). */
bool session_is_main_process(pam_handle_t *pamh, const char *cgroup_text);

#endif
