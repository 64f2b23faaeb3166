/* SPDX-License-Identifier: MIT */
/*
 * Who the configs name, as this host knows them: one registry entry for each user, one for each
 * @group, with every rule that needs more than one config or the user database.
 */
#ifndef GROUPIES_SETUP_MEMBERS_H
#define GROUPIES_SETUP_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/registry.h"
#include "groupies/users.h"

#include "configs.h"
#include "entries.h"
#include "report.h"

struct users {
	struct user *list;
	size_t count;
};

void users_clear(struct users *users);

/* Adds USER unless its uid is among them already. */
int users_add(struct users *users, const struct user *user, struct error *err);

#define cleanup_users __attribute__((cleanup(users_clear)))

/*
 * Resolves every member of CONFIGS. Refused: uid 0, one uid or one gid twice, and, unless FORCE,
 * whoever is root's way in. Who is not found, or cannot be looked up, keeps the entry that PRESENT,
 * the registry as it is, has of that name. Reported as a warning: that, names that have none
 * (dropped), users whom two groups pull into different playgrounds, several members without
 * [Member]. Returns of how many names nobody could tell.
 */
int members_resolve(const struct configs *configs, const struct entries *present, bool force,
		    struct report *report, struct entries *ret_entries, struct error *err);

/* Turns MEMBER of CONFIG into its entry. Returns 1, or 0 when this host does not know it. */
int member_resolve(const struct config *config, const char *member,
		   struct registry_entry *ret_entry, struct error *err);

/* The users that ENTRY makes members: one, or all of its group but root. Without name: none. */
int member_users(const struct registry_entry *entry, struct users *ret_users, struct error *err);

/*
 * The users that CONFIG makes members on this host; unknown ones and root are left out. So is whom
 * nobody can tell, and *ret_trouble says of one of them why; where that is NULL it is a failure.
 */
int config_users(const struct config *config, struct users *ret_users, struct error *ret_trouble,
		 struct error *err);

/* The registry's entry that a login of USER's finds; the rest is as with registry_find. */
int user_entry(const struct user *user, struct registry_entry *ret_entry, struct error *err);

/*
 * Writes which of the comma-separated GROUPS the user is in, comma-separated, and returns 1; 0: in
 * none. An error is the database's.
 */
int user_is_in(const struct user *user, const char *groups, char *ret_which, size_t size,
	       struct error *err);

#endif
