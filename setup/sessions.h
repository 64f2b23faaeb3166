/* SPDX-License-Identifier: MIT */
/*
 * What members run already: the module sees logins only, so whatever began before it was asked is
 * outside of the playground. It is refused before anything changes, ended, or told of.
 */
#ifndef GROUPIES_SETUP_SESSIONS_H
#define GROUPIES_SETUP_SESSIONS_H

#include "steps.h"

/* Refuses what is to become a member while it runs anything outside, unless that is dealt with. */
int sessions_check(const struct work *work, struct error *err);

/* --terminate: ends all that members run. */
bool sessions_wanted(const struct work *work, const struct account *account);
int sessions_done(struct work *work, struct account *account, struct error *err);
int sessions_apply(struct work *work, struct account *account, struct error *err);

/* Who got in before the module was asked: with --terminate ended, else told of. */
int strays_done(struct work *work, struct account *account, struct error *err);
int strays_apply(struct work *work, struct account *account, struct error *err);

#endif
