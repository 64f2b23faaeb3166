/* SPDX-License-Identifier: MIT */
/* Directory trees: a home compared with a fresh one, and a small tree removed. */
#ifndef GROUPIES_SETUP_TREE_H
#define GROUPIES_SETUP_TREE_H

#include <stddef.h>

#include "groupies/error.h"

/*
 * Does HOME hold anything that SKELETON does not hold just so (type, content, target)? Returns 1
 * with the first such path below HOME, 0 when deleting it would lose nothing. What is missing in
 * HOME is no loss. A home that is not there holds nothing.
 */
int tree_holds_more(const char *home, const char *skeleton, char *ret_path, size_t size,
		    struct error *err);

/* Removes NAME below PARENT with everything in it; for trees of ours. Absence is success. */
int tree_remove(int parent, const char *name, struct error *err);

#endif
