/* SPDX-License-Identifier: MIT */
/* What the kernel says of a limit, with the meaning and in the unit that a config gives it. */
#ifndef GROUPIES_SETUP_IN_FORCE_H
#define GROUPIES_SETUP_IN_FORCE_H

#include "groupies/limits.h"

/*
 * Reads SEEN, the text of SETTING's file in DIRECTORY: of v1's limit for memory and swap together
 * the swap, of shares the weight, of a quota the percentage of one CPU (rounded), of a bandwidth the
 * bytes a second of SETTING's device. SIZE_INFINITY, or REPORT_UNKNOWN: it says nothing of the kind,
 * or SEEN is NULL. Not for AllowedCPUs, which is no number.
 */
uint64_t in_force_read(const struct setting *setting, const char *directory, const char *seen);

#endif
