/* SPDX-License-Identifier: MIT */
/* --fetch-hog: another hog, downloaded, checked and installed where it goes before the bundled. */
#ifndef GROUPIES_SETUP_FETCH_H
#define GROUPIES_SETUP_FETCH_H

#include "steps.h"

#define FETCHED_HOG "/usr/local/bin/hog"

bool fetch_wanted(const struct work *work, const struct account *account);
int fetch_done(struct work *work, struct account *account, struct error *err);
int fetch_apply(struct work *work, struct account *account, struct error *err);
int fetch_undo(struct work *work, struct account *account, struct error *err);

#endif
