/* SPDX-License-Identifier: MIT */
/*
 * Applying: what the configs say becomes true on the host and in the registry. Everything is read
 * and checked before the first change; an error leaves everything as it was.
 */
#ifndef GROUPIES_SETUP_APPLY_H
#define GROUPIES_SETUP_APPLY_H

#include <stdbool.h>

#include "groupies/error.h"
#include "report.h"

struct apply_options {
	bool force;           /* enrol a member who is root's way in */
	bool adopt;           /* take hand-made groups over */
	bool adopt_container; /* groupies/container.h */
	bool sweep;           /* move running processes of members in (cgroupfs) */
	const char
		*only; /* complain about every config, but change only this playground; NULL: all */
};

/*
 * Applies every /etc/groupies/NAME.conf. Steps are reported; with a dry run nothing is changed.
 * A playground whose config is gone is taken back (registry first, then its group). Returns of how
 * many names the user database did not tell: who was enrolled by one of them stays so.
 */
int apply_configs(const struct apply_options *options, struct report *report, struct error *err);

/* Takes playground NAME out of the registry, the host and GROUPIES_APPLIED_DIR; its config stays.
 */
int apply_withdraw(const char *name, struct report *report, struct error *err);

#endif
