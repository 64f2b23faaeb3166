/* SPDX-License-Identifier: MIT */
/*
 * groupies-place, started from inside sshd, login, cron or a setuid su.
 *
 * Whoever called su may have prepared limits, signals, descriptors, umask, environment and
 * terminal for it. The child MUST start clean of all that; it MUST NOT cost its host a signal, a
 * descriptor or a changed setting; and its answer is advice: the caller reads /proc/self/cgroup.
 */
#ifndef GROUPIES_HELPER_H
#define GROUPIES_HELPER_H

#include <sys/types.h>

#include "groupies/error.h"

#define HELPER_WAIT_MS     15000
#define HELPER_ANSWER_SIZE 400

/*
 * Runs `groupies-place ARGV[1]...` (ARGV ends with NULL) and waits at most HELPER_WAIT_MS.
 * The helper answers one byte ('y' or 'n') and, behind an 'n', the sentence for the log. What is
 * behind a 'y' goes to RET_ANSWER, of HELPER_ANSWER_SIZE bytes, unless that is NULL.
 * ETIMEDOUT: it was still running and has been killed. ECHILD: it ended without an answer.
 */
int helper_run(const char *const argv[], char *ret_answer, struct error *err);

#endif
