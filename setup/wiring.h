/* SPDX-License-Identifier: MIT */
/*
 * How a login comes to our PAM module: through pam-auth-update and two profiles where the host has
 * that tool and lets it work, else through marked blocks in the files that services include.
 */
#ifndef GROUPIES_SETUP_WIRING_H
#define GROUPIES_SETUP_WIRING_H

#include "steps.h"

int wiring_done(struct work *work, struct account *account, struct error *err);
int wiring_apply(struct work *work, struct account *account, struct error *err);
int wiring_undo(struct work *work, struct account *account, struct error *err);

/* Refuses a host where there is nothing to wire, or nothing to wire it with. */
int wiring_check(struct error *err);

/* Does every file that services include for their sessions call the module? */
bool wiring_is_complete(void);

#endif
