/* SPDX-License-Identifier: MIT */
/* Users that groupies-setup creates: by useradd, chpasswd and userdel, marked and journalled. */
#ifndef GROUPIES_SETUP_ACCOUNT_H
#define GROUPIES_SETUP_ACCOUNT_H

#include "steps.h"

int account_done(struct work *work, struct account *account, struct error *err);
int account_apply(struct work *work, struct account *account, struct error *err);
int account_undo(struct work *work, struct account *account, struct error *err);

bool password_wanted(const struct work *work, const struct account *account);
int password_done(struct work *work, struct account *account, struct error *err);
int password_apply(struct work *work, struct account *account, struct error *err);

/* Refuses what can be refused before the first change: a name, a group or a home in the way. */
int account_check(const struct work *work, const struct account *account, struct error *err);

/* Is there a user NAME, and is it the one that the journal is about? 1, with its uid, or 0. */
int account_is_ours(struct work *work, const char *name, uid_t *ret_uid, struct error *err);

/*
 * Has NAME, who was a member, been taken out of the config since? Then its account is no more ours to
 * delete, unless `remove --user NAME` asks for it. 1 or 0; decided anew until a removal has begun.
 */
int account_is_released(const struct work *work, const char *name, struct error *err);

/* Write that into the journal: who has become a member, and, as a removal begins, who was released. */
int accounts_note_joined(struct work *work, struct error *err);
int accounts_note_released(struct work *work, struct error *err);

/* Reads a line of standard input for each account that is to be created. */
int passwords_read(struct work *work, struct error *err);

/* The key of a fact about an account: "user:bob". */
#define ACCOUNT_KEY_SIZE (MEMBER_NAME_SIZE + 16)
const char *account_key(const char *what, const char *name, char key[ACCOUNT_KEY_SIZE]);

#endif
