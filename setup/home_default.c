/* SPDX-License-Identifier: MIT */
#include "home_default.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "edit.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"

#define LOGIN_DEFS  "/etc/login.defs"
#define CREATE_HOME "CREATE_HOME\tyes"

bool home_default_wanted(const struct work *work, const struct account *account)
{
	(void)account;
	return work->options->home_default;
}

/* The last line that sets it counts: so a block at the end is enough, and nothing is replaced. */
static bool is_default(const char *text)
{
	cleanup_free char *copy = strdup(text);
	char *cursor = copy, *line;
	bool is = false;

	while ((line = line_next(&cursor))) {
		char *saved = NULL, *key = strtok_r(line, " \t", &saved);
		const char *value = strtok_r(NULL, " \t\"", &saved);

		if (key && value && strcmp(key, "CREATE_HOME") == 0)
			is = strcasecmp(value, "yes") == 0;
	}
	return is;
}

int home_default_done(struct work *work, struct account *account, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t length;

	(void)account;
	if (edit_read(LOGIN_DEFS, &text, &length, err) < 0)
		return -err->code;
	if (is_default(text) && !journal_says(&work->shared, "login-defs", "making")) {
		say(work, "new users get home directories");
		return 1;
	}
	say(work, "append CREATE_HOME yes to %s", LOGIN_DEFS);
	return 0;
}

int home_default_apply(struct work *work, struct account *account, struct error *err)
{
	cleanup_free char *text = NULL, *clean = NULL, *edited = NULL;
	size_t length;

	(void)account;
	if (edit_read(LOGIN_DEFS, &text, &length, err) < 0)
		return -err->code;
	clean = edit_remove_blocks(text, CREATE_HOME);
	edited = clean ? edit_insert_block(clean, (size_t)-1, CREATE_HOME "\n") : NULL;
	if (!edited)
		return error_set(err, ENOMEM, "%s: out of memory", LOGIN_DEFS);
	if (journal_set(&work->shared, "login-defs", "making", err) < 0 ||
	    edit_rewrite(LOGIN_DEFS, edited, err) < 0 ||
	    journal_set(&work->shared, "login-defs", "made", err) < 0)
		return -err->code;
	say(work, "new users of this host get home directories (%s)", LOGIN_DEFS);
	return 1;
}

int home_default_undo(struct work *work, struct account *account, struct error *err)
{
	cleanup_free char *text = NULL, *clean = NULL;
	size_t length;

	(void)account;
	if (!journal_get(&work->shared, "login-defs"))
		return 0;
	if (edit_read(LOGIN_DEFS, &text, &length, err) < 0)
		return -err->code;
	clean = edit_remove_blocks(text, CREATE_HOME);
	if (!clean)
		return error_set(err, ENOMEM, "%s: out of memory", LOGIN_DEFS);
	edit_tidy(LOGIN_DEFS);
	if ((strcmp(clean, text) != 0 && edit_rewrite(LOGIN_DEFS, clean, err) < 0) ||
	    journal_set(&work->shared, "login-defs", NULL, err) < 0)
		return -err->code;
	say(work, "%s is as it was", LOGIN_DEFS);
	return 1;
}
