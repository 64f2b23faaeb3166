/* SPDX-License-Identifier: MIT */
/* Who logs in, and whose member that is. */
#ifndef GROUPIES_MEMBER_H
#define GROUPIES_MEMBER_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/registry.h"

struct login {
	const char *user;
	uid_t uid;
	gid_t gid;
	bool quiet; /* of two steps of one login, the one that leaves warnings to the other */
	struct registry_entry entry;
};

/* 1: a member, with its entry. 0: not one. Negative: a member that must be refused. */
int member_find(pam_handle_t *pamh, struct login *login, struct error *err);

#endif
