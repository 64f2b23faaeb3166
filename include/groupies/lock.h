/* SPDX-License-Identifier: MIT */
/*
 * The lock under which playgrounds are realized, changed and taken back, and under which logins
 * write what systemd shall read. Whoever holds it holds everybody up: nobody waits for anything
 * slow with it but for a playground itself.
 */
#ifndef GROUPIES_LOCK_H
#define GROUPIES_LOCK_H

#include "groupies/error.h"

/* Takes the lock; closing what is returned gives it back. ETIMEDOUT: somebody keeps it. */
int playground_lock(struct error *err);

#endif
