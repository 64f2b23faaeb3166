/* SPDX-License-Identifier: MIT */
/* The registry's entries as `apply` writes them: all of them at once, one file each. */
#ifndef GROUPIES_SETUP_ENTRIES_H
#define GROUPIES_SETUP_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "groupies/error.h"
#include "groupies/registry.h"

struct entries {
	struct registry_entry *list;
	size_t count;
};

void entries_clear(struct entries *entries);

#define cleanup_entries __attribute__((cleanup(entries_clear)))

int entries_add(struct entries *entries, const struct registry_entry *entry, struct error *err);

/* The entry of ID, or NULL. */
const struct registry_entry *entries_find(const struct entries *entries, bool is_group,
					  unsigned id);

/*
 * The entry by which MEMBER, a user's name or a @group, was enrolled: in PLAYGROUND, else in another.
 * NULL: in none.
 */
const struct registry_entry *entries_find_member(const struct entries *entries, const char *member,
						 const char *playground);

/*
 * Reads the registry. An entry that cannot be believed has no name and no playground: only its id
 * is known. No registry: no entries.
 */
int entries_read(struct entries *ret_entries, struct error *err);

/* Is ENTRY's file there, just as entry_write would leave it? */
bool entry_is_written(const struct registry_entry *entry);

/* Writes ENTRY's file, its directories as well. */
int entry_write(const struct registry_entry *entry, struct error *err);

/* Removes the file of ID. */
int entry_remove(bool is_group, unsigned id, struct error *err);

/* Makes PATH a directory of root's with mode 0755, or makes it one again. */
int directory_make(const char *path, struct error *err);

/*
 * Removes what a run that was killed left half-written in PATH. At its best: nobody reads such
 * files, so what cannot be seen now is left to the next run.
 */
void directory_tidy(const char *path);

#endif
