/* SPDX-License-Identifier: MIT */
/*
 * Provisioning is a list of steps. Each can say whether it is done, do itself, and take itself
 * back; the journal is written before each change, so that the last two also hold for whatever a
 * killed run has left half done. remove goes through the same list from its end.
 */
#ifndef GROUPIES_SETUP_STEPS_H
#define GROUPIES_SETUP_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "commands.h"
#include "groupies/config.h"
#include "groupies/error.h"
#include "groupies/host.h"
#include "journal.h"
#include "report.h"

/* A user that is to be a member, or that the journal knows. */
struct account {
	char name[MEMBER_NAME_SIZE];
	char password[256]; /* read from standard input; "" for a random one */
};

/* One provisioning or one removal, from its plan to its end. */
struct work {
	const struct options *options;
	struct report *report;
	const char *name; /* of the playground */
	struct host host;
	struct journal journal; /* of this playground */
	struct journal shared;  /* of what all playgrounds share */
	struct account *accounts;
	size_t account_count;
	char *before;         /* the config as it stands; NULL: there is none */
	char *after;          /* as it shall be */
	struct config config; /* what AFTER says */
	bool begun;           /* the journal knows of this run */
	unsigned changes;     /* of this run */
	bool rolling_back;    /* undo what this run did, rather than all that was ever done */
	char said[900];       /* the sentence about the step at hand */
};

void work_clear(struct work *work);
#define cleanup_work __attribute__((cleanup(work_clear)))

/* Sets work->said. */
void say(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define DONE_ASK_APPLY 2

struct step {
	const char *name;
	bool of_account; /* once for each of work->accounts; else ACCOUNT is NULL */
	bool is_shared;  /* taken back with the last playground only */

	/* NULL: always. What a killed run left half done is wanted by nobody, and undone. */
	bool (*wanted)(const struct work *work, const struct account *account);

	/*
	 * 1: so already, and says so. 0: not yet; says what apply would do.
	 * DONE_ASK_APPLY: apply finds out, and needs no announcement in the journal.
	 */
	int (*done)(struct work *work, struct account *account, struct error *err);

	/* Announces itself in the journal, then changes. 1: says what it did. 0: nothing to say. */
	int (*apply)(struct work *work, struct account *account, struct error *err);

	/* Takes back what apply did or began. 1: says what. 0: there was nothing. */
	int (*undo)(struct work *work, struct account *account, struct error *err);
};

extern const struct step step_table[];
extern const size_t step_count;

/*
 * Goes through the steps. When one fails, what this run has changed is taken back; of a playground
 * that was never finished, all of it.
 */
int steps_apply(struct work *work, struct error *err);

/* Takes back everything that the journals know of this playground, and then the journals. */
int steps_undo(struct work *work, struct error *err);

/* The same for what a killed removal left of what all playgrounds shared. */
int steps_undo_shared(struct work *work, struct error *err);

/* Takes back what a killed run of provision began and this one does not go on with. */
int steps_undo_pending(struct work *work, struct error *err);

/* Is there no other playground on this host? 1 or 0; who cannot tell takes nothing shared away. */
int work_is_last(const struct work *work, struct error *err);

/* Adds NAME to work->accounts, once. NULL: out of memory. */
struct account *work_add_account(struct work *work, const char *name);

#endif
