/* SPDX-License-Identifier: MIT */
/* remove: everything that provision did, in reverse, from what the journal says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "configs.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groups.h"
#include "members.h"
#include "processes.h"
#include "program.h"
#include "steps.h"

/* ---- which one ------------------------------------------------------------------------------- */

struct names {
	char first[64];
	char all[512];
	unsigned count;
	bool has_default;
};

static int take_name(const char *name, void *data)
{
	struct names *names = data;
	size_t length = strlen(names->all);

	if (names->count++ == 0)
		(void)text_copy(names->first, sizeof(names->first), name);
	names->has_default |= strcmp(name, DEFAULT_PLAYGROUND) == 0;
	(void)snprintf(names->all + length, sizeof(names->all) - length, "%s%s", length ? ", " : "",
		       name);
	return 0;
}

/* Without a name: the default playground, or the only one. 0: there is none. */
static int choose(struct work *work, struct names *names, struct error *err)
{
	if (journal_each(take_name, names, err) < 0)
		return -err->code;
	if (work->options->playground) {
		work->name = work->options->playground;
	} else if (names->has_default) {
		work->name = DEFAULT_PLAYGROUND;
	} else if (names->count == 1) {
		work->name = names->first;
	} else if (names->count > 1) {
		return error_set(err, EINVAL, "which one? %s", names->all);
	}
	if (journal_read(work->name, &work->journal, err) < 0 ||
	    journal_read(JOURNAL_SHARED, &work->shared, err) < 0)
		return -err->code;
	return work->journal.exists;
}

/* ---- who is inside --------------------------------------------------------------------------- */

static int add_processes(struct process **all, size_t *count, struct process *list, size_t found,
			 struct error *err)
{
	struct process *grown = reallocarray(*all, *count + found + 1, sizeof(*grown));
	size_t index, known;

	if (!grown)
		return error_errno(err, "processes");
	*all = grown;
	for (index = 0; index < found; index++) {
		for (known = 0; known < *count; known++) {
			if (grown[known].pid == list[index].pid)
				break;
		}
		if (known == *count)
			grown[(*count)++] = list[index];
	}
	return 0;
}

/* Whoever is in the playground, and what users whom we created run anywhere. */
static int find_processes(void *data, struct process **ret_list, size_t *ret_count,
			  struct error *err)
{
	struct work *work = data;
	cleanup_free struct process *all = NULL, *inside = NULL;
	size_t count = 0, found = 0, index;
	struct stamp stamp;
	int is_there = groups_find(&work->host, work->name, &stamp, err);
	uid_t uid = 0;

	if (is_there < 0)
		return is_there;
	if (is_there && (processes_inside(&stamp, &inside, &found, err) < 0 ||
			 add_processes(&all, &count, inside, found, err) < 0))
		return -err->code;
	for (index = 0; index < work->journal.count; index++) {
		const char *key = work->journal.facts[index].key;
		cleanup_free struct process *list = NULL;
		bool is_user = strncmp(key, "user:", 5) == 0;
		int released = is_user ? account_is_released(work, key + 5, err) : 1;
		int ours = released ? released : account_is_ours(work, key + 5, &uid, err);

		if (ours < 0)
			return ours;
		if (!ours || released)
			continue;
		if (processes_of_user(uid, NULL, &list, &found, err) < 0 ||
		    add_processes(&all, &count, list, found, err) < 0)
			return -err->code;
	}
	*ret_list = steal_pointer(&all);
	*ret_count = count;
	return 0;
}

static int empty_playground(struct work *work, struct error *err)
{
	cleanup_free struct process *list = NULL;
	char text[256];
	size_t count = 0;

	if (find_processes(work, &list, &count, err) < 0)
		return -err->code;
	if (count == 0)
		return 0;
	processes_print(list, count, text, sizeof(text));
	if (!work->options->terminate)
		return error_set(err, EBUSY,
				 "members of %s are logged in (%s): --terminate ends that",
				 work->name, text);
	if (processes_end(find_processes, work, work->report, err) < 0)
		return -err->code;
	if (!report_is_dry_run(work->report))
		report_step(work->report, REPORT_DONE, "sessions", "ended %s", text);
	return 0;
}

/* ---- what would be done ---------------------------------------------------------------------- */

/* Whoever cannot be told has ended the command before. */
static bool is_released(const struct work *work, const char *name)
{
	struct error ignored;

	return account_is_released(work, name, &ignored) != 0;
}

/* Facts in the words of what undoing them does. */
static void foretell_fact(struct work *work, const struct fact *fact)
{
	char key[ACCOUNT_KEY_SIZE];
	const char *home;

	if (strncmp(fact->key, "user:", 5) == 0 && is_released(work, fact->key + 5)) {
		report_step(work->report, REPORT_WOULD, "user",
			    "keep %s, which was taken out of the config: --user %s deletes it too",
			    fact->key + 5, fact->key + 5);
	} else if (strncmp(fact->key, "user:", 5) == 0) {
		home = journal_get(&work->journal, account_key("home", fact->key + 5, key));
		report_step(work->report, REPORT_WOULD, "user",
			    "delete %s, and its home %s if it holds nothing new", fact->key + 5,
			    home ? home : "");
	} else if (strcmp(fact->key, "config") == 0) {
		report_step(work->report, REPORT_WOULD, "config",
			    strcmp(fact->value, "edited") == 0 ? "put %s/%s.conf back"
							       : "remove %s/%s.conf",
			    GROUPIES_CONFIG_DIR, work->name);
	} else if (strcmp(fact->key, "group") == 0) {
		report_step(work->report, REPORT_WOULD, "playground",
			    "remove the control groups of %s and its registry entries", work->name);
	} else if (strcmp(fact->key, "wiring") == 0) {
		report_step(work->report, REPORT_WOULD, "pam",
			    "take pam_groupies.so out of the session stacks");
	} else if (strcmp(fact->key, "login-defs") == 0) {
		report_step(work->report, REPORT_WOULD, "home-default",
			    "take CREATE_HOME out of /etc/login.defs");
	} else if (strcmp(fact->key, "hog") == 0) {
		report_step(work->report, REPORT_WOULD, "hog", "remove the fetched hog");
	} else if (strcmp(fact->key, "state-dir") == 0 && strcmp(fact->value, "made") == 0) {
		report_step(work->report, REPORT_WOULD, "journal", "remove %s", GROUPIES_STATE_DIR);
	}
}

static int foretell(struct work *work, struct error *err)
{
	int is_last = work_is_last(work, err);
	size_t index;

	if (is_last < 0)
		return is_last;
	for (index = work->journal.count; index-- > 0;)
		foretell_fact(work, &work->journal.facts[index]);
	for (index = work->shared.count; index-- > 0 && is_last;)
		foretell_fact(work, &work->shared.facts[index]);
	return 0;
}

/* What is asked for by name must be there to be removed. */
static int check_users(const struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->options->user_count; index++) {
		const char *name = work->options->users[index];
		char key[ACCOUNT_KEY_SIZE];

		if (!journal_get(&work->journal, account_key("user", name, key)))
			return error_set(err, ENOENT, "--user: '%s' was not made for '%s'", name,
					 work->name);
	}
	return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int nothing_to_remove(struct work *work, const struct names *names, struct error *err)
{
	bool is_applied = false;
	cleanup_config_names struct config_names applied = {0};
	size_t index;
	int is_last = work_is_last(work, err);

	if (is_last < 0 || config_names_read(GROUPIES_APPLIED_DIR, &applied, err) < 0)
		return -err->code;
	for (index = 0; index < applied.count; index++)
		is_applied |= strcmp(applied.list[index], work->name) == 0;
	if (work->options->playground && is_applied)
		return error_set(err, ENOENT,
				 "'%s' was not made by provision: delete %s/%s.conf, then "
				 "groupies-setup apply takes it back",
				 work->name, GROUPIES_CONFIG_DIR, work->name);
	if (work->options->playground)
		return error_set(err, ENOENT, "there is no playground '%s'%s%s", work->name,
				 names->count ? "; there is " : "", names->all);
	/*
	 * A removal that was killed when it had only the journals left to take away. What all
	 * share stays as long as there is a playground, also one that apply made.
	 */
	if (work->shared.exists && !is_applied && is_last && !report_is_dry_run(work->report) &&
	    steps_undo_shared(work, err) < 0)
		return -err->code;
	report_step(work->report, REPORT_UNCHANGED, "remove", "there is nothing to remove");
	return 0;
}

static int remove_playground(struct work *work, struct names *names, struct error *err)
{
	int found = choose(work, names, err);

	if (found < 0)
		return found;
	if (!found)
		return nothing_to_remove(work, names, err);
	if (check_users(work, err) < 0 || host_read(&work->host, err) < 0 ||
	    empty_playground(work, err) < 0)
		return -err->code;
	if (report_is_dry_run(work->report))
		return foretell(work, err);
	if (steps_undo(work, err) < 0)
		return -err->code;
	report_step(work->report, REPORT_DONE, "remove", "%s is taken back", work->name);
	return 0;
}

static int remove_or_complain(struct work *work)
{
	struct names names = {0};
	struct error err;

	if (remove_playground(work, &names, &err) >= 0)
		return 0;
	report_failure(work->report, "remove", err.text);
	return complain(1, "remove: %s", err.text);
}

int command_remove(const struct options *options, struct report *report)
{
	cleanup_work struct work work = {
		.options = options, .report = report, .name = DEFAULT_PLAYGROUND};
	struct error err;
	int lock, code;

	if (options->dry_run)
		return remove_or_complain(&work);
	lock = journal_lock(&err);
	if (lock < 0)
		return complain(1, "%s", err.text);
	program_keep_open(lock);
	code = remove_or_complain(&work);
	journal_unlock(lock);
	return code;
}
