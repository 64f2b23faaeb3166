/* SPDX-License-Identifier: MIT */
/* --home-default: new users of this host get a home directory (CREATE_HOME of login.defs(5)). */
#ifndef GROUPIES_SETUP_HOME_DEFAULT_H
#define GROUPIES_SETUP_HOME_DEFAULT_H

#include "steps.h"

bool home_default_wanted(const struct work *work, const struct account *account);
int home_default_done(struct work *work, struct account *account, struct error *err);
int home_default_apply(struct work *work, struct account *account, struct error *err);
int home_default_undo(struct work *work, struct account *account, struct error *err);

#endif
