/* SPDX-License-Identifier: MIT */
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "apply.h"
#include "configs.h"
#include "edit.h"
#include "fetch.h"
#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groups.h"
#include "home_default.h"
#include "members.h"
#include "prove.h"
#include "sessions.h"
#include "wiring.h"

void work_clear(struct work *work)
{
	journal_clear(&work->journal);
	journal_clear(&work->shared);
	config_clear(&work->config);
	if (work->accounts)
		explicit_bzero(work->accounts, work->account_count * sizeof(*work->accounts));
	free(work->accounts);
	free(work->before);
	free(work->after);
	work->accounts = NULL;
	work->before = work->after = NULL;
}

void say(struct work *work, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(work->said, sizeof(work->said), format, args);
	va_end(args);
}

struct account *work_add_account(struct work *work, const char *name)
{
	struct account *grown;
	size_t index;

	for (index = 0; index < work->account_count; index++) {
		if (strcmp(work->accounts[index].name, name) == 0)
			return &work->accounts[index];
	}
	grown = reallocarray(work->accounts, work->account_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	work->accounts = grown;
	grown[work->account_count] = (struct account){0};
	(void)text_copy(grown[work->account_count].name, MEMBER_NAME_SIZE, name);
	return &grown[work->account_count++];
}

struct others {
	const char *name;
	unsigned count;
};

static int count_other(const char *name, void *data)
{
	struct others *others = data;

	others->count += strcmp(name, others->name) != 0;
	return 0;
}

/* A playground that was applied by hand, without being provisioned, counts as well. */
int work_is_last(const struct work *work, struct error *err)
{
	struct others others = {.name = work->name};
	cleanup_config_names struct config_names applied = {0};
	size_t index;

	if (journal_each(count_other, &others, err) < 0 ||
	    config_names_read(GROUPIES_APPLIED_DIR, &applied, err) < 0)
		return error_context(err, "whether this is the last playground cannot be told");
	for (index = 0; index < applied.count; index++)
		(void)count_other(applied.list[index], &others);
	return others.count == 0;
}

/* ---- config ---------------------------------------------------------------------------------- */

static void config_path(const struct work *work, char path[128])
{
	(void)snprintf(path, 128, "%s/%s.conf", GROUPIES_CONFIG_DIR, work->name);
}

/* With --dry-run every value is shown. */
static void config_show(struct work *work, const char *path)
{
	cleanup_free char *copy = strdup(work->after);
	char *cursor = copy, *line;

	while (report_is_dry_run(work->report) && (line = line_next(&cursor))) {
		if (*line && *line != '#')
			report_step(work->report, REPORT_WOULD, "config", "%s: %s", path, line);
	}
}

static int config_done(struct work *work, struct account *account, struct error *err)
{
	const char *state = journal_get(&work->journal, "config");
	char path[128];

	(void)account;
	(void)err;
	config_path(work, path);
	if (work->before && strcmp(work->before, work->after) == 0 &&
	    (!state || strcmp(state, "making") != 0)) {
		say(work, "%s says it already", path);
		return 1;
	}
	config_show(work, path);
	say(work, "write %s", path);
	return 0;
}

/* A config that was there before us is kept, and comes back with `remove`. */
static int config_announce(struct work *work, const char *path, struct error *err)
{
	char label[64];

	(void)snprintf(label, sizeof(label), "config.%s", work->name);
	if (journal_get(&work->journal, "config"))
		return 0;
	if (!work->before)
		return journal_set(&work->journal, "config", "making", err);
	if (kept_save(label, path, err) < 0)
		return -err->code;
	return journal_set(&work->journal, "config", "edited", err);
}

static int config_directory_make(struct work *work, struct error *err)
{
	int stands = file_stands(AT_FDCWD, GROUPIES_CONFIG_DIR, err);

	if (stands)
		return stands < 0 ? stands : 0;
	if (journal_set(&work->shared, "config-dir", "made", err) < 0)
		return -err->code;
	if (mkdir(GROUPIES_CONFIG_DIR, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", GROUPIES_CONFIG_DIR);
	return 0;
}

static int config_write(const char *path, const char *text, struct error *err)
{
	int stands = file_stands(AT_FDCWD, path, err);

	if (stands < 0)
		return stands;
	return stands ? edit_rewrite(path, text, err)
		      : edit_write(path, text, strlen(text), 0644, 0, 0, err);
}

static int config_apply(struct work *work, struct account *account, struct error *err)
{
	char path[128], ours[64];

	(void)account;
	config_path(work, path);
	(void)snprintf(ours, sizeof(ours), "ours.%s", work->name);
	if (config_directory_make(work, err) < 0 || config_announce(work, path, err) < 0 ||
	    config_write(path, work->after, err) < 0)
		return -err->code;
	if (journal_says(&work->journal, "config", "edited") && kept_save(ours, path, err) < 0)
		return -err->code;
	if (journal_says(&work->journal, "config", "making") &&
	    journal_set(&work->journal, "config", "made", err) < 0)
		return -err->code;
	say(work, "%s %s", work->before ? "changed" : "wrote", path);
	return 1;
}

/* Has somebody changed the config since we wrote it, or taken it away? */
static int config_is_edited(const char *label, const char *path, struct error *err)
{
	cleanup_kept struct kept ours = {0};
	cleanup_free char *text = NULL;
	struct error trouble = ERROR_NONE;
	size_t length;
	int existed = kept_read(label, &ours, &trouble);

	if (existed == 1 && edit_read(path, &text, &length, &trouble) == 0)
		return length != ours.length || memcmp(text, ours.content, length) != 0;
	if (trouble.code == 0 || trouble.code == ENOENT)
		return existed == 1;
	*err = trouble;
	return -err->code;
}

/* A config that was there before us comes back, unless its administrator has gone on with it. */
static int config_give_back(struct work *work, const char *path, struct error *err)
{
	char before[64], ours[64];
	int edited;

	(void)snprintf(before, sizeof(before), "config.%s", work->name);
	(void)snprintf(ours, sizeof(ours), "ours.%s", work->name);
	edited = config_is_edited(ours, path, err);
	if (edited < 0)
		return edited;
	edit_tidy(path);
	if ((!edited && kept_restore(before, err) < 0) ||
	    journal_set(&work->journal, "config", NULL, err) < 0 || kept_forget(before, err) < 0 ||
	    kept_forget(ours, err) < 0)
		return -err->code;
	say(work,
	    edited ? "%s stays as it is: it was there before, and was edited since"
		   : "%s is as it was before",
	    path);
	return 1;
}

static int config_undo(struct work *work, struct account *account, struct error *err)
{
	const char *state = journal_get(&work->journal, "config");
	char path[128];

	(void)account;
	config_path(work, path);
	if (work->rolling_back && work->before) {
		say(work, "%s is as it was", path);
		return config_write(path, work->before, err) < 0 ? -err->code : 1;
	}
	if (!state)
		return 0;
	if (strcmp(state, "edited") == 0)
		return config_give_back(work, path, err);
	if (edit_unlink(path, err) < 0 || journal_set(&work->journal, "config", NULL, err) < 0)
		return -err->code;
	say(work, "removed %s", path);
	return 1;
}

/* ---- the playground itself ------------------------------------------------------------------- */

static int playground_run(struct work *work, struct error *err)
{
	const struct apply_options options = {.force = work->options->force,
					      .adopt = work->options->adopt,
					      .adopt_container = work->options->adopt_container,
					      .sweep = work->options->sweep,
					      .only = work->name};
	unsigned changes = report_changes(work->report);

	if (apply_configs(&options, work->report, err) < 0)
		return -err->code;
	work->changes += report_changes(work->report) - changes;
	return 0;
}

/* WHERE, behind the directory: whose group it is, when it is not the playground's. */
static int limits_foretell(struct work *work, const struct limits *limits, const char *where,
			   struct error *err)
{
	struct setting settings[SETTINGS_MAX];
	int count = limits_render(limits, &work->host, settings, err), index;

	for (index = 0; index < count; index++) {
		char directory[GROUP_DIRECTORY_SIZE];

		group_directory(&work->host, settings[index].hierarchy, work->name, NO_UID,
				directory);
		report_step(work->report, REPORT_WOULD, "limit", "%s/%s%s: %s", directory, where,
			    settings[index].file, settings[index].value);
	}
	return count < 0 ? count : 0;
}

/* The config is not there yet, so what it will lead to is told from its text. */
static int playground_foretell(struct work *work, struct error *err)
{
	size_t member;

	if (limits_foretell(work, &work->config.shared, "", err) < 0 ||
	    (work->config.own_limits &&
	     limits_foretell(work, &work->config.each, "(each member's part)/", err) < 0))
		return -err->code;
	for (member = 0; member < work->config.member_count; member++) {
		const char *name = work->config.members[member];
		bool is_group = *name == '@';
		struct user user;
		gid_t gid;
		int found =
			is_group ? group_find(name + 1, &gid, err) : user_find(name, &user, err);

		if (found < 0)
			return found;
		if (found && is_group)
			report_step(work->report, REPORT_WOULD, "member", "%s/%u for %s",
				    GROUPIES_REGISTRY_GID_DIR, (unsigned)gid, name);
		else if (found)
			report_step(work->report, REPORT_WOULD, "member", "%s/%u for %s",
				    GROUPIES_REGISTRY_UID_DIR, (unsigned)user.uid, name);
		else
			report_step(work->report, REPORT_WOULD, "member",
				    "%s/UID for %s, with the uid it will have",
				    GROUPIES_REGISTRY_UID_DIR, name);
	}
	return 0;
}

static int playground_done(struct work *work, struct account *account, struct error *err)
{
	int result = 0;

	(void)account;
	work->said[0] = '\0';
	if (report_is_dry_run(work->report))
		result = work->before && strcmp(work->before, work->after) == 0
				 ? playground_run(work, err)
				 : playground_foretell(work, err);
	if (result < 0)
		return result;
	return journal_get(&work->journal, "group") ? DONE_ASK_APPLY : 0;
}

static int playground_apply(struct work *work, struct account *account, struct error *err)
{
	int exists = 0;

	(void)account;
	/* A group that is left half made is ours if the journal says so; it must not say so of one
	 * that somebody has made since the plan was checked. */
	if (!journal_get(&work->journal, "group") && !work->options->adopt)
		exists = backend_of(&work->host)->exists(&work->host, work->name, err);
	if (exists < 0)
		return exists;
	if (exists == EXISTS_AS_SOMEBODYS)
		return error_set(err, EEXIST,
				 "a control group called '%s' stands there already and is not ours",
				 work->name);
	if (journal_set(&work->journal, "group", "made", err) < 0)
		return -err->code;
	return playground_run(work, err);
}

static int playground_undo(struct work *work, struct account *account, struct error *err)
{
	char stamp[96];
	int exists;

	(void)account;
	if (work->rolling_back && work->before)
		return 0; /* applied again by whoever puts the old config back */
	if (!journal_get(&work->journal, "group"))
		return 0;
	if (apply_withdraw(work->name, work->report, err) < 0)
		return -err->code;
	/* Killed between making the group and writing it down, apply does not know it. */
	if (host_read(&work->host, err) < 0)
		return -err->code;
	exists = backend_of(&work->host)->exists(&work->host, work->name, err);
	if (exists < 0 || (exists && playground_remove(&work->host, work->name, err) < 0))
		return -err->code;
	(void)snprintf(stamp, sizeof(stamp), "%s/%s", GROUPIES_RUN_DIR, work->name);
	edit_tidy(stamp);
	return journal_set(&work->journal, "group", NULL, err);
}

/* ---- the proof ------------------------------------------------------------------------------- */

static int proof_done(struct work *work, struct account *account, struct error *err)
{
	(void)account;
	(void)err;
	if (work->changes > 0) {
		say(work, "start a process of a member and see what each limit does to it");
		return DONE_ASK_APPLY;
	}
	say(work, "nothing has changed: groupies-setup prove shows the limits again");
	return 1;
}

static int proof_apply(struct work *work, struct account *account, struct error *err)
{
	struct error inner;
	int held = prove_limits(&work->config, true, work->report, &inner);

	(void)account;
	if (held == 1)
		return 0;
	if (held == 0)
		return error_set(err, EIO,
				 "a limit does not hold: groupies-setup check may say why");
	if (inner.code != EBUSY) {
		*err = inner;
		return -err->code;
	}
	report_step(work->report, REPORT_INFO, "prove", "not now: %s", inner.text);
	return 0;
}

/* ---- the list -------------------------------------------------------------------------------- */

const struct step step_table[] = {
	{"user", true, false, NULL, account_done, account_apply, account_undo},
	{"home-default", false, true, home_default_wanted, home_default_done, home_default_apply,
	 home_default_undo},
	{"hog", false, true, fetch_wanted, fetch_done, fetch_apply, fetch_undo},
	{"config", false, false, NULL, config_done, config_apply, config_undo},
	{"sessions", false, false, sessions_wanted, sessions_done, sessions_apply, NULL},
	{"playground", false, false, NULL, playground_done, playground_apply, playground_undo},
	{"pam", false, true, NULL, wiring_done, wiring_apply, wiring_undo},
	/* Nobody can log in as a new user before logins are limited. */
	{"password", true, false, password_wanted, password_done, password_apply, NULL},
	{"outside", false, false, NULL, strays_done, strays_apply, NULL},
	{"prove", false, false, NULL, proof_done, proof_apply, NULL},
};

const size_t step_count = sizeof(step_table) / sizeof(*step_table);

/* ---- forwards ------------------------------------------------------------------------------- */

/* Has the playground ever been finished? What fails later, or is killed, is no reason to undo it. */
static bool was_finished(const struct work *work)
{
	return journal_says(&work->journal, "state", "done") ||
	       journal_says(&work->journal, "state", "updating");
}

/* Before the first change: from here on a killed run is one that the next finishes or undoes. */
static int begin(struct work *work, struct error *err)
{
	const char *state = was_finished(work) ? "updating" : "provisioning";

	if (work->begun)
		return 0;
	if (journal_start(&work->shared, err) < 0)
		return error_context(err, "journal");
	work->begun = true;
	return journal_set(&work->journal, "state", state, err) < 0 ? error_context(err, "journal")
								    : 0;
}

/* Returns 1 when the step has changed something, or may have. */
static int step_apply(struct work *work, const struct step *step, struct account *account,
		      struct error *err)
{
	int done, applied;

	if (step->wanted && !step->wanted(work, account))
		return 0;
	work->said[0] = '\0';
	done = step->done(work, account, err);
	if (done < 0)
		return error_context(err, "%s", step->name);
	if (done == 1 || report_is_dry_run(work->report)) {
		work->changes += done == 0;
		if (*work->said)
			report_step(work->report, done == 1 ? REPORT_UNCHANGED : REPORT_WOULD,
				    step->name, "%s", work->said);
		return 0;
	}
	if (done == 0) {
		if (begin(work, err) < 0)
			return -err->code;
		work->changes++;
	}
	applied = step->apply(work, account, err);
	if (applied < 0)
		return error_context(err, "%s", step->name);
	if (applied == 1)
		report_step(work->report, REPORT_DONE, step->name, "%s", work->said);
	return done == 0;
}

/* One round for each account, or a single one. */
static size_t rounds(const struct work *work, const struct step *step)
{
	return step->of_account ? work->account_count : 1;
}

static struct account *account_of(const struct work *work, const struct step *step, size_t round)
{
	return step->of_account ? &work->accounts[round] : NULL;
}

static void step_undo(struct work *work, const struct step *step, struct account *account)
{
	struct error err;
	int undone = step->undo ? step->undo(work, account, &err) : 0;

	if (undone < 0)
		report_failure(work->report, step->name, err.text);
	if (undone < 0)
		(void)complain(1, "%s: cannot be taken back: %s", step->name, err.text);
	if (undone == 1)
		report_step(work->report, REPORT_DONE, step->name, "taken back: %s", work->said);
}

/* Takes back what FAILED's predecessors have changed in this run, and FAILED itself. */
static void roll_back(struct work *work, const bool *changed, size_t failed)
{
	bool reapply = false;
	struct error ignored;
	size_t index, round;

	work->rolling_back = true;
	journal_release();
	for (index = failed + 1; index-- > 0;) {
		for (round = rounds(work, &step_table[index]); round-- > 0;) {
			if (!changed[index * (work->account_count + 1) + round])
				continue;
			reapply |= step_table[index].apply == config_apply;
			step_undo(work, &step_table[index],
				  account_of(work, &step_table[index], round));
		}
	}
	if (reapply)
		(void)playground_run(work, &ignored);
	(void)journal_set(&work->journal, "state", "done", &ignored);
	/* Room that is short is for what the next run changes: it says so. */
	(void)journal_reserve(&ignored);
}

/* Looks at what stands, and changes nothing of it. */
static bool is_look(const struct step *step)
{
	return step->apply == strays_apply || step->apply == proof_apply;
}

static int fail(struct work *work, const bool *changed, size_t failed, bool was_done,
		struct error *err)
{
	struct error second;

	/* What a look found out is to be looked at. */
	if (is_look(&step_table[failed]))
		return -err->code;
	if (report_is_dry_run(work->report) || !work->begun)
		return -err->code;
	if (was_done)
		roll_back(work, changed, failed);
	else if (steps_undo(work, &second) < 0)
		(void)complain(1, "%s; groupies-setup remove tries again", second.text);
	return -err->code;
}

int steps_apply(struct work *work, struct error *err)
{
	size_t width = work->account_count + 1, index, round;
	cleanup_free bool *changed = calloc(step_count * width, sizeof(*changed));
	bool was_done = was_finished(work);

	if (!changed)
		return error_errno(err, "steps");
	for (index = 0; index < step_count; index++) {
		const struct step *step = &step_table[index];

		/* The proof comes when everything stands; a killed run may not have said so. */
		if (step->apply == proof_apply && !report_is_dry_run(work->report) &&
		    (accounts_note_joined(work, err) < 0 ||
		     journal_set(&work->journal, "state", "done", err) < 0))
			return -err->code;
		for (round = 0; round < rounds(work, step); round++) {
			int result = step_apply(work, step, account_of(work, step, round), err);

			changed[index * width + round] = result != 0;
			if (result < 0)
				return fail(work, changed, index, was_done, err);
		}
	}
	return 0;
}

/* ---- backwards ------------------------------------------------------------------------------ */

/* Every account that the journal knows, whoever named it. */
static int accounts_from_journal(struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->journal.count; index++) {
		const char *key = work->journal.facts[index].key;

		if (strncmp(key, "user:", 5) == 0 && !work_add_account(work, key + 5))
			return error_errno(err, "accounts");
	}
	return 0;
}

static int step_take_back(struct work *work, const struct step *step, struct account *account,
			  struct error *err)
{
	int undone;

	work->said[0] = '\0';
	undone = step->undo(work, account, err);
	if (undone < 0)
		return error_context(err, "%s", step->name);
	if (undone == 1)
		report_step(work->report, REPORT_DONE, step->name, "%s", work->said);
	return 0;
}

/* Nothing of ours is left but what remembers it. The registry is of all who came meanwhile, too. */
static int finish(struct work *work, bool is_last, struct error *err)
{
	int still_last = is_last ? work_is_last(work, err) : 0;

	if (still_last < 0)
		return still_last;
	if (!still_last)
		return journal_delete(&work->journal, err);
	if (journal_says(&work->shared, "config-dir", "made"))
		(void)rmdir(GROUPIES_CONFIG_DIR);
	if (!journal_says(&work->shared, "state-dir", "made") &&
	    journal_delete(&work->journal, err) < 0)
		return -err->code;
	return journal_end(&work->shared, err);
}

int steps_undo(struct work *work, struct error *err)
{
	int is_last = work_is_last(work, err);
	size_t index, round;

	if (is_last < 0 || accounts_from_journal(work, err) < 0)
		return -err->code;
	journal_release();
	if (accounts_note_released(work, err) < 0 ||
	    journal_set(&work->journal, "state", "removing", err) < 0)
		return -err->code;
	for (index = step_count; index-- > 0;) {
		const struct step *step = &step_table[index];

		if (!step->undo || (step->is_shared && !is_last))
			continue;
		for (round = rounds(work, step); round-- > 0;) {
			if (step_take_back(work, step, account_of(work, step, round), err) < 0)
				return -err->code;
		}
	}
	return finish(work, is_last, err);
}

int steps_undo_shared(struct work *work, struct error *err)
{
	size_t index;

	journal_release();
	for (index = step_count; index-- > 0;) {
		const struct step *step = &step_table[index];

		if (step->undo && step->is_shared && step_take_back(work, step, NULL, err) < 0)
			return -err->code;
	}
	return finish(work, true, err);
}

/* Of a playground that was finished before, only what is half made can be told from what was there. */
static bool is_of_killed_run(const struct work *work, const char *name)
{
	char key[ACCOUNT_KEY_SIZE];

	return journal_says(&work->journal, "state", "provisioning") ||
	       !journal_says(&work->journal, account_key("user", name, key), "made");
}

int steps_undo_pending(struct work *work, struct error *err)
{
	struct account stray;
	size_t index, accounts;

	if (journal_says(&work->shared, "hog", "making") && !fetch_wanted(work, NULL) &&
	    fetch_undo(work, NULL, err) < 0)
		return -err->code;
	if (journal_says(&work->shared, "login-defs", "making") &&
	    !home_default_wanted(work, NULL) && home_default_undo(work, NULL, err) < 0)
		return -err->code;
	if (!journal_says(&work->journal, "state", "provisioning") &&
	    !journal_says(&work->journal, "state", "updating"))
		return 0;
	accounts = work->account_count;
	if (accounts_from_journal(work, err) < 0)
		return -err->code;
	/* What the journal added behind the accounts of this run is not among them. */
	for (index = work->account_count; index-- > accounts; work->account_count--) {
		stray = work->accounts[index];
		if (!config_has_member(&work->config, stray.name) &&
		    is_of_killed_run(work, stray.name) &&
		    step_take_back(work, &step_table[0], &stray, err) < 0)
			return -err->code;
	}
	return 0;
}
