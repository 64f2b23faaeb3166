/* SPDX-License-Identifier: MIT */
/* libc made to fail on purpose: the Nth call of a function that the module uses. */
#ifndef GROUPIES_FAULT_H
#define GROUPIES_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* The functions that can be made to fail, by name; ends with NULL. */
extern const char *const fault_functions[];

/* From fault_begin() to fault_end() the NTH call of FUNCTION fails. NULL: none does. */
void fault_plan(const char *function, unsigned nth);
void fault_begin(void);

/* Returns how often FUNCTION was called. */
unsigned fault_end(void);

#endif
