/* SPDX-License-Identifier: MIT */
/*
 * The journal: what groupies-setup has done to this host, so that it can take exactly that back.
 *
 * A fact is written, durably, BEFORE the change that it announces ("user.bob=making") and again
 * when the change stands ("user.bob=made"). Whoever is killed in between leaves "making" behind,
 * and the next run knows what to look for. There is a journal for each playground and one, called
 * SHARED, for what all of them share. The text is KEY=VALUE, a line each.
 */
#ifndef GROUPIES_SETUP_JOURNAL_H
#define GROUPIES_SETUP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "groupies/error.h"

#define JOURNAL_SHARED "@host" /* no playground can be called so */

struct fact {
	char *key;
	char *value;
};

struct journal {
	char name[64];
	bool exists; /* there is a file of it */
	struct fact *facts;
	size_t count;
};

/* Reads the journal called NAME; one that does not exist is empty. The caller clears it. */
int journal_read(const char *name, struct journal *ret_journal, struct error *err);
void journal_clear(struct journal *journal);

/* The value of KEY, or NULL. */
const char *journal_get(const struct journal *journal, const char *key);
bool journal_says(const struct journal *journal, const char *key, const char *value);

/* Sets KEY, or with VALUE NULL forgets it, and makes the file durable before it returns. */
int journal_set(struct journal *journal, const char *key, const char *value, struct error *err);

/* Deletes the file. */
int journal_delete(struct journal *journal, struct error *err);

/*
 * Makes GROUPIES_STATE_DIR and its journal directory, all or nothing: whether the state directory
 * was there before is a fact of SHARED from its first moment. The reserve is in it.
 */
int journal_start(struct journal *shared, struct error *err);

/*
 * Holds room back beside the journals, so that on a full disk what was done can be taken back: who
 * begins that calls journal_release, and journal_reserve again when something of it stays.
 */
int journal_reserve(struct error *err);
void journal_release(void);

/* Takes the whole state directory away, journals included: it was ours, and nothing is left. */
int journal_end(struct journal *shared, struct error *err);

/* Calls VISIT with the name of each playground's journal, until it answers below 0. */
int journal_each(int (*visit)(const char *name, void *data), void *data, struct error *err);

/*
 * Takes the lock under which one groupies-setup at a time changes this host; programs that it
 * starts hold it too (program.h). ETIMEDOUT: somebody else is at it. The caller unlocks.
 */
int journal_lock(struct error *err);
void journal_unlock(int fd);

/* ---- what was there before ------------------------------------------------------------------- */

/*
 * Keeps PATH as it is now (content, owner, mode, or that there is none) beside the journal, as
 * LABEL. A symbolic link is kept as what it leads to.
 */
int kept_save(const char *label, const char *path, struct error *err);

/* Reads what is kept: 1 and the content with its length, 0 when there was no such file. */
struct kept {
	bool existed;
	char path[256];
	unsigned mode, uid, gid;
	char *content;
	size_t length;
};
int kept_read(const char *label, struct kept *ret_kept, struct error *err);
void kept_clear(struct kept *kept);

/* Puts the file back as it was kept. */
int kept_restore(const char *label, struct error *err);

/* Puts back owner and mode only, for what another program has rewritten. */
int kept_restore_mode(const char *label, struct error *err);
int kept_forget(const char *label, struct error *err);

#define cleanup_journal __attribute__((cleanup(journal_clear)))
#define cleanup_kept    __attribute__((cleanup(kept_clear)))

#endif
