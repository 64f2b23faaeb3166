/* SPDX-License-Identifier: MIT */
/*
 * The facts about an account BOB: user:BOB is making, made or deleting (no fact: it was there
 * before us, and stays), uid:BOB and home:BOB what useradd gave it, fate:BOB whether its home is
 * to be deleted or kept, joined:BOB that it was a member once, released:BOB that it was none any more
 * when the removal began. An account is deleted only if name, uid and our mark agree.
 */
#include "account.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configs.h"
#include "edit.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/users.h"
#include "members.h"
#include "program.h"
#include "tree.h"

#define TOOL_SECONDS 60
#define HOME_SECONDS 600
#define SKELETON     "/etc/skel"
#define PID_MAX      4194304 /* proc(5), pid_max */

/* The user database, as useradd writes it: in this order. */
static const char *const databases[] = {"passwd", "shadow", "group", "gshadow", "subuid", "subgid"};

const char *account_key(const char *what, const char *name, char key[ACCOUNT_KEY_SIZE])
{
	(void)snprintf(key, ACCOUNT_KEY_SIZE, "%s:%s", what, name);
	return key;
}

static const char *fact(const struct work *work, const char *what, const char *name)
{
	char key[ACCOUNT_KEY_SIZE];

	return journal_get(&work->journal, account_key(what, name, key));
}

static int fact_set(struct work *work, const char *what, const char *name, const char *value,
		    struct error *err)
{
	char key[ACCOUNT_KEY_SIZE];

	return journal_set(&work->journal, account_key(what, name, key), value, err);
}

static bool fact_is(const struct work *work, const char *what, const char *name, const char *value)
{
	const char *said = fact(work, what, name);

	return said && strcmp(said, value) == 0;
}

/* ---- our mark -------------------------------------------------------------------------------- */

static void mark_print(const struct work *work, char mark[128])
{
	(void)snprintf(mark, 128, "Groupies member of %s", work->name);
}

/* Users may change the fields of their comment behind the first comma (chfn(1)). */
static bool has_mark(const struct work *work, const char *comment)
{
	char mark[128];
	size_t length;

	mark_print(work, mark);
	length = strlen(mark);
	return strncmp(comment, mark, length) == 0 &&
	       (comment[length] == '\0' || comment[length] == ',');
}

/* ---- half-made accounts ---------------------------------------------------------------------- */

/* 1: /etc/DATABASE has an entry of NAME. 0: it has none, or there is no such file. */
static int database_has(const char *database, const char *name, struct error *err)
{
	cleanup_file FILE *file = NULL;
	cleanup_free char *line = NULL;
	size_t length = strlen(name), size = 0;
	char path[64];

	(void)snprintf(path, sizeof(path), "/etc/%s", database);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	errno = 0;
	while (getline(&line, &size, file) >= 0) {
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return 1;
	}
	/* Out of memory is neither an error nor the end of the file. */
	return feof(file) && !ferror(file) ? 0 : error_errno(err, "%s", path);
}

static int any_database_has(const char *name, struct error *err)
{
	size_t index;
	int has = 0;

	for (index = 0; has == 0 && index < sizeof(databases) / sizeof(*databases); index++)
		has = database_has(databases[index], name, err);
	return has;
}

static bool is_pid(const char *text)
{
	return *text >= '1' && *text <= '9' && strspn(text, "0123456789") == strlen(text) &&
	       strtoul(text, NULL, 10) <= PID_MAX;
}

/* Such a file holds its pid and a NUL, or nothing yet: passwd.2024 is somebody's copy. */
static bool holds_only(int fd, const char *pid)
{
	char text[32];
	ssize_t length = read(fd, text, sizeof(text));

	return length == 0 ||
	       (length == (ssize_t)strlen(pid) + 1 && memcmp(text, pid, (size_t)length) == 0);
}

/*
 * passwd.lock, passwd+ and passwd.1234: what a killed useradd or userdel leaves in /etc; nshadow and
 * npasswd: what pam_unix leaves in a killed chpasswd. What is not root's, or no file, is neither's.
 */
static bool is_debris(int etc, const char *file)
{
	struct error ignored;
	cleanup_fd int fd = -1;
	size_t index;

	if (strcmp(file, "nshadow") == 0 || strcmp(file, "npasswd") == 0) {
		fd = file_open_trusted(etc, file, &ignored);
		return fd >= 0;
	}
	for (index = 0; index < sizeof(databases) / sizeof(*databases); index++) {
		size_t length = strlen(databases[index]);
		const char *rest = file + length;
		bool has_pid;

		if (strncmp(file, databases[index], length) != 0)
			continue;
		has_pid = rest[0] == '.' && is_pid(rest + 1);
		if (!has_pid && strcmp(rest, "+") != 0 && strcmp(rest, ".lock") != 0)
			continue;
		fd = file_open_trusted(etc, file, &ignored);
		return fd >= 0 && (!has_pid || holds_only(fd, rest + 1));
	}
	return false;
}

/*
 * Whoever changes these files holds lckpwdf(3) for as long as they exist. We hold it now, so they
 * belong to the dead.
 */
static int clear_debris(struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (lckpwdf() < 0)
		return error_errno(err, "the user database is locked by another program");
	more = directory_find(AT_FDCWD, "/etc", &entries, err);
	while (more > 0 && (more = directory_next(entries, &entry, err)) > 0) {
		if (is_debris(dirfd(entries), entry->d_name))
			(void)unlinkat(dirfd(entries), entry->d_name, 0);
	}
	(void)ulckpwdf();
	return more < 0 ? error_context(err, "what was left of a killed change to the users") : 0;
}

static int delete_user(const char *name, struct error *err)
{
	const char *const userdel[] = {"userdel", "--", name, NULL};
	const struct program program = {.arguments = userdel, .seconds = TOOL_SECONDS};
	const char *const groupdel[] = {"groupdel", "--", name, NULL};
	const struct program group = {.arguments = groupdel, .seconds = TOOL_SECONDS};

	int has_group;

	if (program_run(&program, NULL, err) < 0)
		return -err->code;
	/* A user's own group goes with it, unless login.defs says otherwise. */
	has_group = database_has("group", name, err);
	return has_group > 0 ? program_run(&group, NULL, err) : has_group;
}

/*
 * An account that is in some files of the database but not in all: made whole, then deleted, both
 * by the host's own programs. MUST only be called where the journal says that it was ours.
 */
static int delete_remains(const struct work *work, const char *name, struct error *err)
{
	char mark[128];
	const char *const with_group[] = {"useradd",
					  "--no-create-home",
					  "--no-log-init",
					  "--comment",
					  mark,
					  "--gid",
					  name,
					  "--",
					  name,
					  NULL};
	const char *const alone[] = {
		"useradd", "--no-create-home", "--no-log-init", "--comment", mark, "--", name,
		NULL};
	struct program whole = {.arguments = alone, .seconds = TOOL_SECONDS};
	int has_any, has_group, has_user;

	if (clear_debris(err) < 0)
		return -err->code;
	has_any = any_database_has(name, err);
	has_group = has_any > 0 ? database_has("group", name, err) : has_any;
	has_user = has_group < 0 ? has_group : database_has("passwd", name, err);
	if (has_user < 0 || !has_any)
		return has_user < 0 ? has_user : 0;
	mark_print(work, mark);
	if (has_group)
		whole.arguments = with_group;
	if (!has_user && program_run(&whole, NULL, err) < 0)
		return -err->code;
	return delete_user(name, err);
}

static int delete_tree(const char *path, struct error *err)
{
	const char *const rm[] = {"rm", "-rf", "--one-file-system", "--", path, NULL};
	const struct program program = {.arguments = rm, .seconds = HOME_SECONDS};

	return program_run(&program, NULL, err);
}

static int forget(struct work *work, const char *name, struct error *err)
{
	static const char *const facts[] = {"password", "joined", "released", "fate",
					    "home",     "uid",    "user"};
	size_t index;

	for (index = 0; index < sizeof(facts) / sizeof(*facts); index++) {
		if (fact_set(work, facts[index], name, NULL, err) < 0)
			return -err->code;
	}
	return 0;
}

/* useradd was killed: nobody has ever logged in, so the home is nobody's. */
static int undo_making(struct work *work, const char *name, struct error *err)
{
	const char *home = fact(work, "home", name);

	if ((home && delete_tree(home, err) < 0) || delete_remains(work, name, err) < 0)
		return -err->code;
	return forget(work, name, err);
}

/* ---- creating -------------------------------------------------------------------------------- */

/* Where this host puts homes: HOME= of useradd -D. */
static int home_of(const char *name, char home[512], struct error *err)
{
	const char *const defaults[] = {"useradd", "-D", NULL};
	const struct program program = {.arguments = defaults, .seconds = TOOL_SECONDS};
	struct program_answer answer;
	char *cursor = answer.output, *line;
	const char *base = "/home";

	if (program_run(&program, &answer, err) < 0)
		return -err->code;
	while ((line = line_next(&cursor))) {
		const char *value = line_value(line, "HOME");

		if (value && *value == '/')
			base = value;
	}
	(void)snprintf(home, 512, "%s/%s", base, name);
	return 0;
}

int account_check(const struct work *work, const struct account *account, struct error *err)
{
	const char *state = fact(work, "user", account->name);
	struct user user;
	int found = user_find(account->name, &user, err);
	char home[512];
	struct stat st;
	gid_t gid;

	if (found != 0 || state)
		return found < 0 ? found : 0;
	if (!islower((unsigned char)account->name[0]) && account->name[0] != '_')
		return error_set(err, EINVAL,
				 "user '%s': no host would create one of this name: write a small "
				 "letter first",
				 account->name);
	found = group_find(account->name, &gid, err);
	if (found < 0)
		return found;
	if (found)
		return error_set(err, EEXIST,
				 "user '%s': there is a group of this name, but no user: create "
				 "the user yourself, then enrol it",
				 account->name);
	if (home_of(account->name, home, err) < 0)
		return -err->code;
	if (lstat(home, &st) == 0)
		return error_set(err, EEXIST,
				 "user '%s': %s stands there already, of an earlier account: move "
				 "it away, or create the user yourself",
				 account->name, home);
	return errno == ENOENT ? 0 : error_errno(err, "%s", home);
}

int account_done(struct work *work, struct account *account, struct error *err)
{
	const char *state = fact(work, "user", account->name);
	char home[512], comment[USER_COMMENT_SIZE];
	struct user user;
	int found = user_find_comment(account->name, &user, comment, err);

	if (found < 0)
		return found;
	/* One without our mark was made by somebody else, since a run of ours was killed. */
	if (found && (!state || strcmp(state, "made") == 0 || !has_mark(work, comment))) {
		say(work, "%s (uid %u) exists%s", account->name, (unsigned)user.uid,
		    state && strcmp(state, "made") == 0 ? "" : " and stays as it is");
		return 1;
	}
	if (home_of(account->name, home, err) < 0)
		return -err->code;
	say(work, "create %s with home directory %s", account->name, home);
	return 0;
}

static const char *shell(void)
{
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

int account_apply(struct work *work, struct account *account, struct error *err)
{
	const char *name = account->name;
	char home[512], mark[128], uid[16];
	const char *const useradd[] = {"useradd", "--create-home", "--home-dir", home, "--shell",
				       shell(),   "--comment",     mark,         "--", name,
				       NULL};
	const struct program program = {.arguments = useradd, .seconds = TOOL_SECONDS};
	struct user user;
	int found;

	if (fact(work, "user", name) && undo_making(work, name, err) < 0)
		return -err->code;
	mark_print(work, mark);
	if (home_of(name, home, err) < 0 || fact_set(work, "home", name, home, err) < 0 ||
	    fact_set(work, "user", name, "making", err) < 0 || program_run(&program, NULL, err) < 0)
		return -err->code;
	found = user_find(name, &user, err);
	if (found < 0)
		return found;
	if (!found)
		return error_set(err, EIO, "useradd made '%s', but nobody finds it", name);
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)user.uid);
	if (fact_set(work, "uid", name, uid, err) < 0 ||
	    fact_set(work, "user", name, "made", err) < 0)
		return -err->code;
	say(work, "created %s (uid %s), home %s", name, uid, home);
	return 1;
}

/* ---- released -------------------------------------------------------------------------------- */

/* Is USER among those that CONFIG names, by name or by group? */
static int names_user(const struct config *config, const struct user *user, struct error *err)
{
	char which[MEMBER_NAME_SIZE];
	size_t index;
	int is = config_has_member(config, user->name);

	for (index = 0; is == 0 && index < config->member_count; index++) {
		if (*config->members[index] == '@')
			is = user_is_in(user, config->members[index] + 1, which, sizeof(which),
					err);
	}
	return is;
}

/* Where there is no config, or none that can be read, it is the registry that says who is a member. */
static int is_member(const struct work *work, const char *name, struct error *err)
{
	cleanup_config struct config config = {0};
	struct registry_entry entry;
	struct error none;
	struct user user;
	int found = user_find(name, &user, err);

	if (found <= 0)
		return found;
	if (configs_read_one(GROUPIES_CONFIG_DIR, work->name, &config, &none) >= 0)
		return names_user(&config, &user, err);
	found = user_entry(&user, &entry, err);
	return found > 0 ? strcmp(entry.playground, work->name) == 0 : found;
}

static bool is_asked_for(const struct work *work, const char *name)
{
	const struct options *options = work->options;
	size_t index;

	for (index = 0; index < options->user_count; index++) {
		if (strcmp(options->users[index], name) == 0)
			return strcmp(options->command, "remove") == 0;
	}
	return false;
}

int account_is_released(const struct work *work, const char *name, struct error *err)
{
	int is;

	if (is_asked_for(work, name) || !fact_is(work, "joined", name, "yes"))
		return 0;
	if (journal_says(&work->journal, "state", "removing"))
		return fact_is(work, "released", name, "yes");
	is = is_member(work, name, err);
	return is < 0 ? error_context(err, "whether '%s' was released", name) : !is;
}

int accounts_note_joined(struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->account_count; index++) {
		const char *name = work->accounts[index].name;

		if (fact(work, "user", name) && fact_set(work, "joined", name, "yes", err) < 0)
			return -err->code;
	}
	return 0;
}

int accounts_note_released(struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->account_count; index++) {
		const char *name = work->accounts[index].name;
		int is = account_is_released(work, name, err);

		if (is < 0 || fact_set(work, "released", name, is ? "yes" : NULL, err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- deleting -------------------------------------------------------------------------------- */

/*
 * Is the account that is called NAME today the one that we made? 1, with its uid, 0, and says why
 * not, or NOBODY: nothing is left to mistake. One that is half made has no uid yet, and one that is
 * half deleted may have been made whole with another: of these the mark tells, which useradd writes
 * with the name.
 */
#define NOBODY 2

static int whose(struct work *work, const char *name, uid_t *ret_uid, struct error *err)
{
	const char *uid = fact(work, "uid", name);
	char comment[USER_COMMENT_SIZE];
	struct user user;
	int found = user_find_comment(name, &user, comment, err);

	if (found <= 0)
		return found < 0 ? found : NOBODY;
	if (fact_is(work, "user", name, "made") && (!uid || strtoul(uid, NULL, 10) != user.uid)) {
		say(work, "%s stays: it has uid %u now, and had %s when it was created", name,
		    (unsigned)user.uid, uid ? uid : "none");
		return 0;
	}
	if (!has_mark(work, comment)) {
		say(work, "%s stays: its comment '%s' is not ours any more", name, comment);
		return 0;
	}
	*ret_uid = user.uid;
	return 1;
}

/* Whether the home goes is decided once, and journalled: a killed removal has made it smaller. */
static int decide_fate(struct work *work, const char *name, struct error *err)
{
	const char *home = fact(work, "home", name);
	char more[512] = "";
	int holds;

	if (fact(work, "fate", name) || !home)
		return 0;
	holds = work->options->delete_home || work->rolling_back
			? 0
			: tree_holds_more(home, SKELETON, more, sizeof(more), err);
	if (holds < 0)
		return holds;
	if (holds)
		report_step(work->report, REPORT_WARNING, "home",
			    "%s is kept, since it holds %s: --delete-home deletes it all the same",
			    home, more);
	return fact_set(work, "fate", name, holds ? "keep" : "delete", err);
}

/*
 * Mail and a crontab are the user's as much as the home. Some hosts lead /var/mail to
 * /var/spool/mail, others the other way round. What cannot be deleted is told, and holds up nothing.
 */
static void delete_spools(struct work *work, const char *name)
{
	static const char *const spools[] = {"/var/mail", "/var/spool/mail",
					     "/var/spool/cron/crontabs", "/var/spool/cron"};
	char last[PATH_MAX] = "", folder[PATH_MAX], path[PATH_MAX + 64];
	size_t index;

	for (index = 0; index < sizeof(spools) / sizeof(*spools); index++) {
		struct error trouble;
		struct stat st;

		if (!realpath(spools[index], folder) || strcmp(folder, last) == 0)
			continue;
		(void)text_copy(last, sizeof(last), folder);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_size > 0 && !work->options->delete_home)
			report_step(work->report, REPORT_WARNING, "home",
				    "%s is kept: --delete-home deletes it too", path);
		else if (edit_unlink(path, &trouble) < 0)
			report_step(work->report, REPORT_WARNING, "home",
				    "%s is left, delete it yourself: %s", path, trouble.text);
	}
}

int account_is_ours(struct work *work, const char *name, uid_t *ret_uid, struct error *err)
{
	int answer = whose(work, name, ret_uid, err);

	return answer == NOBODY ? 0 : answer;
}

int account_undo(struct work *work, struct account *account, struct error *err)
{
	const char *name = account->name, *home = fact(work, "home", name);
	const char *state = fact(work, "user", name);
	char kept[512] = "";
	uid_t uid;
	int released = state ? account_is_released(work, name, err) : 0;
	int ours = state && released == 0 ? whose(work, name, &uid, err) : released;

	if (!state || ours < 0)
		return ours;
	if (released) {
		report_step(work->report, REPORT_WARNING, "user",
			    "%s is kept: it was taken out of %s/%s.conf and is no member any more; "
			    "userdel --remove %s deletes it",
			    name, GROUPIES_CONFIG_DIR, work->name, name);
		return forget(work, name, err);
	}
	if (!ours) {
		report_step(work->report, REPORT_WARNING, "user", "%s", work->said);
		return forget(work, name, err);
	}
	if (strcmp(state, "making") == 0) {
		if (undo_making(work, name, err) < 0)
			return -err->code;
		say(work, "%s: a half-made account was taken back", name);
		return 1;
	}
	/* Somebody has deleted the user already: whatever is called so today is not ours. */
	if (strcmp(state, "made") == 0 && ours == NOBODY) {
		say(work, "%s is gone already%s%s", name, home ? ", whatever is in " : "",
		    home ? home : "");
		return forget(work, name, err) < 0 ? -err->code : 1;
	}
	if (decide_fate(work, name, err) < 0 || fact_set(work, "user", name, "deleting", err) < 0)
		return -err->code;
	if (home && fact_is(work, "fate", name, "delete")) {
		if (delete_tree(home, err) < 0)
			return -err->code;
	} else if (home) {
		(void)text_copy(kept, sizeof(kept), home);
	}
	delete_spools(work, name);
	if (delete_remains(work, name, err) < 0 || forget(work, name, err) < 0)
		return -err->code;
	say(work, "deleted %s%s%s", name, *kept ? ", kept its home " : " with its home", kept);
	return 1;
}
