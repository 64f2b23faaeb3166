/* SPDX-License-Identifier: MIT */
/* Room on the stack, whatever limit whoever started us has (ulimit -s 16). */
#ifndef GROUPIES_STACK_H
#define GROUPIES_STACK_H

#include "groupies/error.h"

/* To be called first. ENOMEM: the limit is too low, and not ours to raise. */
int stack_widen(struct error *err);

#endif
