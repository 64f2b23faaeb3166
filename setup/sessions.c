/* SPDX-License-Identifier: MIT */
#include "sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/stamp.h"
#include "groups.h"
#include "members.h"
#include "processes.h"

/* ---- whose ----------------------------------------------------------------------------------- */

/* Does a login of USER's go to the playground already? */
static bool is_enrolled(const struct work *work, const struct user *user)
{
	struct registry_entry entry;
	struct error ignored;

	return user_entry(user, &entry, &ignored) == 1 && strcmp(entry.playground, work->name) == 0;
}

/* An entry of USER's own in another playground is stronger than a group that we name. */
static bool is_elsewhere(const struct work *work, const struct user *user)
{
	struct registry_entry entry;
	struct error ignored;

	return !config_has_member(&work->config, user->name) &&
	       user_entry(user, &entry, &ignored) == 1 && !entry.is_group &&
	       strcmp(entry.playground, work->name) != 0;
}

/* The users whom the config brings into this playground. */
static int users_here(const struct work *work, struct users *ret_users, struct error *err)
{
	size_t index, kept = 0;

	if (config_users(&work->config, ret_users, NULL, err) < 0)
		return -err->code;
	for (index = 0; index < ret_users->count; index++) {
		if (!is_elsewhere(work, &ret_users->list[index]))
			ret_users->list[kept++] = ret_users->list[index];
	}
	ret_users->count = kept;
	return 0;
}

/* ---- what they run --------------------------------------------------------------------------- */

/* What USER runs outside of the playground; all of it while there is none. */
static int outside_find(const struct work *work, const struct user *user, struct process **ret_list,
			size_t *ret_count, struct error *err)
{
	struct stamp stamp;
	int is_there = groups_find(&work->host, work->name, &stamp, err);
	size_t count, index, kept = 0;
	struct process *list;

	if (is_there < 0 ||
	    processes_of_user(user->uid, is_there ? &stamp : NULL, &list, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		if (!list[index].inside)
			list[kept++] = list[index];
	}
	*ret_list = list;
	*ret_count = kept;
	return 0;
}

static int everywhere_find(const struct work *work, const struct user *user,
			   struct process **ret_list, size_t *ret_count, struct error *err)
{
	(void)work;
	return processes_of_user(user->uid, NULL, ret_list, ret_count, err);
}

/* The same of all members together. */
static int find_of_all(const struct work *work,
		       int (*find)(const struct work *work, const struct user *user,
				   struct process **ret_list, size_t *ret_count, struct error *err),
		       struct process **ret_list, size_t *ret_count, struct error *err)
{
	cleanup_users struct users users = {0};
	cleanup_free struct process *all = NULL;
	size_t count = 0, index;

	if (users_here(work, &users, err) < 0)
		return -err->code;
	for (index = 0; index < users.count; index++) {
		cleanup_free struct process *list = NULL;
		struct process *grown;
		size_t found;

		if (find(work, &users.list[index], &list, &found, err) < 0)
			return -err->code;
		grown = reallocarray(all, count + found + 1, sizeof(*grown));
		if (!grown)
			return error_errno(err, "processes");
		all = grown;
		if (found)
			memcpy(all + count, list, found * sizeof(*list));
		count += found;
	}
	*ret_list = steal_pointer(&all);
	*ret_count = count;
	return 0;
}

static int sessions_find(void *work, struct process **ret_list, size_t *ret_count,
			 struct error *err)
{
	return find_of_all(work, everywhere_find, ret_list, ret_count, err);
}

static int strays_find(void *work, struct process **ret_list, size_t *ret_count, struct error *err)
{
	return find_of_all(work, outside_find, ret_list, ret_count, err);
}

/* ---- before anything changes ----------------------------------------------------------------- */

static int check_user(const struct work *work, const struct user *user, struct error *err)
{
	cleanup_free struct process *list = NULL;
	bool systemd = work->host.manager == HOST_SYSTEMD;
	char text[256];
	size_t count;

	if (is_enrolled(work, user))
		return 0; /* told of when everything stands */
	if (outside_find(work, user, &list, &count, err) < 0)
		return -err->code;
	if (count == 0)
		return 0;
	return error_set(err, EBUSY, "user '%s' is logged in (%s): --terminate ends that%s",
			 user->name, processes_print(list, count, text, sizeof(text)),
			 systemd ? "" : ", --sweep moves it into the playground");
}

int sessions_check(const struct work *work, struct error *err)
{
	cleanup_users struct users users = {0};
	size_t index;

	if (work->options->sweep && work->host.manager == HOST_SYSTEMD)
		return error_set(err, EOPNOTSUPP,
				 "--sweep: systemd owns this host's tree: --terminate ends what "
				 "members run");
	if (work->options->terminate) {
		cleanup_free struct process *list = NULL;
		size_t count;

		return find_of_all(work, everywhere_find, &list, &count, err) < 0
			       ? -err->code
			       : processes_may_end(list, count, err);
	}
	if (work->options->sweep)
		return 0;
	if (users_here(work, &users, err) < 0)
		return -err->code;
	for (index = 0; index < users.count; index++) {
		if (check_user(work, &users.list[index], err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- before the playground stands ------------------------------------------------------------ */

bool sessions_wanted(const struct work *work, const struct account *account)
{
	(void)account;
	return work->options->terminate;
}

int sessions_done(struct work *work, struct account *account, struct error *err)
{
	cleanup_free struct process *list = NULL;
	char text[256];
	size_t count;

	(void)account;
	if (sessions_find(work, &list, &count, err) < 0)
		return -err->code;
	if (count == 0) {
		say(work, "no member is logged in");
		return 1;
	}
	say(work, "end %s", processes_print(list, count, text, sizeof(text)));
	return 0;
}

int sessions_apply(struct work *work, struct account *account, struct error *err)
{
	cleanup_free struct process *list = NULL;
	char text[256];
	size_t count;

	(void)account;
	if (sessions_find(work, &list, &count, err) < 0 ||
	    processes_end(sessions_find, work, work->report, err) < 0)
		return -err->code;
	say(work, "ended %s", processes_print(list, count, text, sizeof(text)));
	return 1;
}

/* ---- when everything stands ------------------------------------------------------------------ */

static int tell_of_strays(const struct work *work, struct error *err)
{
	cleanup_users struct users users = {0};
	char where[STAMP_NAME_SIZE + 64];
	size_t index;

	if (users_here(work, &users, err) < 0)
		return -err->code;
	(void)snprintf(where, sizeof(where), "that no limit of '%s' reaches", work->name);
	for (index = 0; index < users.count; index++) {
		const struct user *user = &users.list[index];
		cleanup_free struct process *list = NULL;
		char text[STRAYS_SIZE];
		size_t count;

		if (outside_find(work, user, &list, &count, err) < 0)
			return -err->code;
		if (count > 0)
			report_step(
				work->report, REPORT_WARNING, "outside", "%s",
				strays_print(&work->host, user->name, where, list, count, text));
	}
	return 0;
}

int strays_done(struct work *work, struct account *account, struct error *err)
{
	cleanup_free struct process *list = NULL;
	size_t count;

	(void)account;
	/* What is to be ended or moved has been told of already. */
	if (report_is_dry_run(work->report) && (work->options->terminate || work->options->sweep))
		return 1;
	if (!work->options->terminate)
		return tell_of_strays(work, err) < 0 ? -err->code : 1;
	if (strays_find(work, &list, &count, err) < 0)
		return -err->code;
	return count == 0;
}

int strays_apply(struct work *work, struct account *account, struct error *err)
{
	(void)account;
	return processes_end(strays_find, work, work->report, err);
}
