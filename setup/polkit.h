/* SPDX-License-Identifier: MIT */
/*
 * What polkit's rules (polkit(8)) let a user do unasked. It answers for a process, so one of the
 * user's has to exist while it is asked.
 */
#ifndef GROUPIES_SETUP_POLKIT_H
#define GROUPIES_SETUP_POLKIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"

#include "members.h"

/* True when this host has polkit and a bus to ask it by; without, nobody is granted anything. */
bool polkit_is_here(void);

/*
 * Starts a process that is USER's by its credentials and does nothing. It stands outside of every
 * playground, so it is one that the user can neither trace nor read: what the user can do is stop
 * or end it. polkit_subject_end() ends it.
 */
int polkit_subject_begin(const struct user *user, pid_t *ret_subject, struct error *err);
void polkit_subject_end(pid_t subject);

/* May SUBJECT do ACTION without anybody's password? 1 or 0; 0 also for an action unknown here. */
int polkit_grants(pid_t subject, const char *action, struct error *err);

#endif
