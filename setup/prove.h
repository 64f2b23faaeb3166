/* SPDX-License-Identifier: MIT */
/* Limits shown by experiment: a real process of the member, through the real PAM stack. */
#ifndef GROUPIES_SETUP_PROVE_H
#define GROUPIES_SETUP_PROVE_H

#include "groupies/config.h"
#include "groupies/error.h"
#include "report.h"

/*
 * Proves the limits of CONFIG with the first member that is a user, and prints the table of claim,
 * expected and seen. Returns 1 when every claim holds, 0 when one does not. EBUSY: someone else is
 * inside and UNLESS_BUSY was asked for: nothing was tried.
 */
int prove_limits(const struct config *config, bool unless_busy, struct report *report,
		 struct error *err);

#endif
