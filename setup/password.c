/* SPDX-License-Identifier: MIT */
/*
 * Passwords of users that we create. One goes to chpasswd through a descriptor, never through an
 * argument, the environment, a file or the journal, and is printed once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "account.h"
#include "groupies/cleanup.h"
#include "groupies/users.h"
#include "program.h"

#define TOOL_SECONDS    60
#define PASSWORD_LENGTH 16 /* of 32 letters: 80 bits */

/* Users who were there before us keep theirs; of one that cannot be looked up, password_done says so. */
bool password_wanted(const struct work *work, const struct account *account)
{
	char key[ACCOUNT_KEY_SIZE];
	struct error told_later;
	struct user user;

	return journal_get(&work->journal, account_key("user", account->name, key)) ||
	       user_find(account->name, &user, &told_later) <= 0;
}

int password_done(struct work *work, struct account *account, struct error *err)
{
	char key[ACCOUNT_KEY_SIZE];
	const char *state =
		journal_get(&work->journal, account_key("password", account->name, key));

	struct user user;
	int found = user_find(account->name, &user, err);

	if (found < 0)
		return found;
	if (state && found) {
		say(work,
		    strcmp(state, "locked") == 0 ? "%s has none: reached by su only"
						 : "%s has one: passwd %s changes it",
		    account->name, account->name);
		return 1;
	}
	say(work, "%s: %s", account->name,
	    work->options->locked           ? "none: reached by su only"
	    : work->options->password_stdin ? "the one from standard input"
					    : "a random one, printed once");
	return 0;
}

/* Letters and digits that nobody mistakes for one another, in groups of four. */
static int password_make(char *password, size_t size, struct error *err)
{
	static const char letters[] = "abcdefghjkmnopqrstuvwxyz23456789";
	unsigned char bytes[PASSWORD_LENGTH];
	size_t index, length = 0;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_errno(err, "the kernel gives no random bytes");
	for (index = 0; index < sizeof(bytes) && length + 2 < size; index++) {
		if (index && index % 4 == 0)
			password[length++] = '-';
		password[length++] = letters[bytes[index] % 32];
	}
	password[length] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int password_give(const char *name, const char *password, struct error *err)
{
	static const char *const chpasswd[] = {"chpasswd", NULL};
	char line[MEMBER_NAME_SIZE + 300];
	struct program program = {.arguments = chpasswd, .input = line, .seconds = TOOL_SECONDS};
	int result;

	program.input_length = (size_t)snprintf(line, sizeof(line), "%s:%s\n", name, password);
	result = program_run(&program, NULL, err);
	explicit_bzero(line, sizeof(line));
	return result;
}

int password_apply(struct work *work, struct account *account, struct error *err)
{
	char key[ACCOUNT_KEY_SIZE], password[sizeof(account->password)];
	bool given = *account->password;

	account_key("password", account->name, key);
	if (work->options->locked) {
		say(work, "%s has none: reached by su only", account->name);
		return journal_set(&work->journal, key, "locked", err) < 0 ? -err->code : 1;
	}
	if (given)
		(void)snprintf(password, sizeof(password), "%s", account->password);
	else if (password_make(password, sizeof(password), err) < 0)
		return -err->code;
	if (password_give(account->name, password, err) < 0)
		return -err->code;
	/* Printed before it is journalled: killed in between, the next run makes another one. */
	if (given) {
		report_step(work->report, REPORT_DONE, "password",
			    "%s has the one from standard input", account->name);
	} else {
		report_step(work->report, REPORT_DONE, "password", "%s: %s (shown this once)",
			    account->name, password);
		report_detail(work->report, "password", password);
	}
	explicit_bzero(password, sizeof(password));
	explicit_bzero(account->password, sizeof(account->password));
	return journal_set(&work->journal, key, "set", err);
}

static int password_check(const char *password, struct error *err)
{
	const char *at;

	if (!*password)
		return error_set(err, EINVAL,
				 "--password-stdin: an empty line is no password: --locked makes a "
				 "user without one");
	for (at = password; *at; at++) {
		if ((unsigned char)*at < ' ')
			return error_set(err, EINVAL,
					 "--password-stdin: a control character in the password");
	}
	return 0;
}

int passwords_read(struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->account_count; index++) {
		struct account *account = &work->accounts[index];
		char key[ACCOUNT_KEY_SIZE], line[sizeof(account->password)];
		size_t length;

		if (!password_wanted(work, account) ||
		    journal_get(&work->journal, account_key("password", account->name, key)))
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return error_set(err, EINVAL,
					 "--password-stdin: no line for '%s': give one for each "
					 "user that is to be created",
					 account->name);
		length = strlen(line);
		if (length > 0 && line[length - 1] == '\n')
			line[--length] = '\0';
		else if (!feof(stdin))
			return error_set(err, EINVAL,
					 "--password-stdin: longer than %zu characters, or a NUL",
					 sizeof(line) - 2);
		if (password_check(line, err) < 0)
			return -err->code;
		memcpy(account->password, line, length + 1);
		explicit_bzero(line, sizeof(line));
	}
	return 0;
}
