/* SPDX-License-Identifier: MIT */
/*
 * What a PAM service does when it opens a session: does it come to pam_groupies.so? (pam.conf(5))
 */
#ifndef GROUPIES_SETUP_PAM_STACK_H
#define GROUPIES_SETUP_PAM_STACK_H

#include <limits.h>
#include <stdbool.h>

#include "groupies/error.h"

struct pam_stack {
	bool opens_sessions; /* it has session lines of its own, however included */
	bool reaches;        /* one of them is pam_groupies.so */
	bool is_evaded;      /* but a line in front of each may end the stack or jump over it */
	bool is_weak;        /* but its control lets a refusal pass */
	bool allows;         /* but it is told onerr=allow */
	bool is_left;        /* but what comes last is pam_systemd, or our step before it */
};

/* Follows the session stack of SERVICE through every include. False: there is no such file. */
bool pam_stack_read(const char *service, struct pam_stack *ret_stack);

/*
 * Calls VISIT for each service that has a file, in /etc/pam.d or, where that has none of the name,
 * in /usr/lib/pam.d. Files that others include (common-*), backups and hidden files are left out.
 */
int pam_services_visit(void (*visit)(const char *service, void *data), void *data,
		       struct error *err);

/*
 * Finds the module FILE ("pam_unix.so") where this host's architecture or distribution keeps such.
 * Returns 1 with its path, or 0.
 */
int pam_module_find(const char *file, char ret_path[PATH_MAX], struct error *err);

#endif
