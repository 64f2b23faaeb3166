/* SPDX-License-Identifier: MIT */
/*
 * What experiments of `prove` have left in the kernel's counters, which only ever rise: written down
 * since the boot, so that it is told apart from what has happened to members.
 */
#ifndef GROUPIES_EXPERIMENTS_H
#define GROUPIES_EXPERIMENTS_H

#include <stdint.h>

#include "groupies/error.h"
#include "groupies/stamp.h"

/* Writes down that KILLS of those that every group of STAMP has counted were an experiment's. */
int experiments_add(const struct stamp *stamp, uint64_t kills, struct error *err);

/* How many kills in the directory open at GROUP were experiments'. 0: none is written down. */
int experiments_kills(int group, uint64_t *ret_kills, struct error *err);

#endif
