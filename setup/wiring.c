/* SPDX-License-Identifier: MIT */
/*
 * The facts, in the journal of what playgrounds share: wiring is making, made or unmaking (no
 * fact: somebody else has wired the module, or nobody), wiring-by is the way.
 *
 * pam-auth-update writes eleven files and cannot be stopped half-way without harm: a common-session
 * that is newer than its memory in /var/lib/pam looks to it like an administrator's edit, and it
 * never touches it again. So all of them are kept beforehand, and after a kill put back. Nor is its
 * exit status to be believed: 0 when it kept off, and 0 when it was killed. What counts is that the
 * files have our lines (or have them no more) and are otherwise as they were.
 */
#include "wiring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "pam_stack.h"
#include "program.h"
#include "tree.h"

#define PAM_DIR      "/etc/pam.d"
#define PROFILE_DIR  "/usr/share/pam-configs"
#define MEMORY_DIR   "/var/lib/pam"
#define TOOL         "pam-auth-update"
#define TOOL_SECONDS 120
#define DEBCONF_DIR  GROUPIES_RUN_DIR "/debconf"

#define MODULE "pam_groupies.so"

/* Where pam-auth-update's own part of a file begins. */
#define MANAGED "# here are the per-package modules"

#define CONTROL    "[success=ok ignore=ignore module_unknown=ignore default=die]"
#define LINE(step) "session\t" CONTROL "\t" MODULE " step=" step "\n"

/* The files that services include for their sessions, on the distributions that have them. */
static const struct {
	const char *name;
	bool interactive; /* pam_systemd may stand in it, and our first step goes before it */
} stacks[] = {
	{"common-session", true}, {"common-session-noninteractive", false},
	{"system-auth", true},    {"password-auth", true},
	{"base-session", true},   {"base-session-noninteractive", false},
};

#define STACKS (sizeof(stacks) / sizeof(*stacks))

/* What pam-auth-update writes. */
static const char *const written[] = {
	PAM_DIR "/common-auth",
	PAM_DIR "/common-account",
	PAM_DIR "/common-password",
	PAM_DIR "/common-session",
	PAM_DIR "/common-session-noninteractive",
	MEMORY_DIR "/auth",
	MEMORY_DIR "/account",
	MEMORY_DIR "/password",
	MEMORY_DIR "/session",
	MEMORY_DIR "/session-noninteractive",
	MEMORY_DIR "/seen",
};

#define WRITTEN (sizeof(written) / sizeof(*written))

/* ---- looking --------------------------------------------------------------------------------- */

/* The number of the first session line of TEXT that calls MODULE with ARGUMENT; -1: none. */
static long line_find(const char *text, const char *module, const char *argument)
{
	const char *line = text;
	long number;

	for (number = 0; *line; number++) {
		const char *newline = strchr(line, '\n');
		size_t length = newline ? (size_t)(newline - line) : strlen(line);
		cleanup_free char *copy = strndup(line, length);
		const char *word = copy ? copy + strspn(copy, " \t-") : "";

		if (strncmp(word, "session", 7) == 0 && strstr(word, module) &&
		    (!argument || strstr(word, argument)))
			return number;
		line += length + (newline != NULL);
	}
	return -1;
}

static void stack_path(size_t index, char path[64])
{
	(void)snprintf(path, 64, "%s/%s", PAM_DIR, stacks[index].name);
}

/* 1: this stack calls us as it should. 0: it does not. ENOENT: there is no such stack. */
static int stack_is_wired(size_t index, struct error *err)
{
	cleanup_free char *text = NULL;
	char path[64];
	size_t length;

	stack_path(index, path);
	if (edit_read(path, &text, &length, err) < 0)
		return -err->code;
	if (line_find(text, MODULE, "step=after") < 0)
		return 0;
	return !stacks[index].interactive || line_find(text, "pam_systemd.so", NULL) < 0 ||
	       line_find(text, MODULE, "step=before") >= 0;
}

bool wiring_is_complete(void)
{
	bool any = false;
	size_t index;

	for (index = 0; index < STACKS; index++) {
		struct error err;
		int wired = stack_is_wired(index, &err);

		if (wired < 0 && err.code == ENOENT)
			continue;
		if (wired != 1)
			return false;
		any = true;
	}
	return any;
}

static bool has_tool(void)
{
	return program_exists(TOOL) && access(PROFILE_DIR "/groupies-before", R_OK) == 0 &&
	       access(PROFILE_DIR "/groupies-after", R_OK) == 0;
}

int wiring_check(struct error *err)
{
	char module[PATH_MAX];
	size_t index;
	int installed = pam_module_find("pam_groupies.so", module, err);

	if (installed < 0)
		return installed;
	if (installed == 0)
		return error_set(err, ENOENT,
				 "pam_groupies.so is not installed, so no login would be placed: "
				 "make install");
	if (access(GROUPIES_PLACE, X_OK) < 0)
		return error_set(err, ENOENT, "%s is not installed: make install", GROUPIES_PLACE);
	for (index = 0; index < STACKS; index++) {
		char path[64];

		stack_path(index, path);
		if (access(path, R_OK) == 0)
			return 0;
	}
	return error_set(err, ENOENT,
			 "%s has none of the files that services include for their sessions "
			 "(common-session, system-auth, base-session): add '%s pam_groupies.so "
			 "step=after' to each service by hand",
			 PAM_DIR, "session " CONTROL);
}

/* ---- by pam-auth-update ---------------------------------------------------------------------- */

static void kept_label(size_t index, char label[16])
{
	(void)snprintf(label, 16, "pam.%zu", index);
}

static int keep_all(struct error *err)
{
	char label[16];
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		kept_label(index, label);
		if (kept_save(label, written[index], err) < 0)
			return -err->code;
	}
	return 0;
}

/* What the tool leaves beside the files when it is killed. */
static void tidy_all(void)
{
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		char path[96];

		(void)snprintf(path, sizeof(path), "%s.pam-new", written[index]);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s.new", written[index]);
		(void)unlink(path);
	}
}

static int restore_all(struct error *err)
{
	char label[16];
	size_t index;

	tidy_all();
	for (index = 0; index < WRITTEN; index++) {
		kept_label(index, label);
		if (kept_restore(label, err) < 0)
			return -err->code;
	}
	return 0;
}

static int restore_modes(struct error *err)
{
	char label[16];
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		kept_label(index, label);
		if (kept_restore_mode(label, err) < 0)
			return -err->code;
	}
	return 0;
}

static int forget_all(struct error *err)
{
	char label[16];
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		kept_label(index, label);
		if (kept_forget(label, err) < 0)
			return -err->code;
	}
	return 0;
}

/* A database of debconf's own kind, for one run: what the host's one says stays as it is. */
static int debconf_make(struct error *err)
{
	static const char text[] = "Config: config\nTemplates: templates\n\n"
				   "Name: config\nDriver: File\nMode: 600\n"
				   "Filename: " DEBCONF_DIR "/config\n\n"
				   "Name: templates\nDriver: File\nMode: 600\n"
				   "Filename: " DEBCONF_DIR "/templates\n";

	if (tree_remove(AT_FDCWD, DEBCONF_DIR, err) < 0)
		return -err->code;
	if (mkdir(DEBCONF_DIR, 0700) < 0)
		return error_errno(err, "%s", DEBCONF_DIR);
	return edit_write(DEBCONF_DIR "/debconf.conf", text, sizeof(text) - 1, 0600, 0, 0, err);
}

/* It exits with 0 when it keeps off an administrator's edits: whether it did it is looked at. */
static int tool_run(const char *option, struct error *err)
{
	static const char *const environment[] = {"DEBCONF_SYSTEMRC=" DEBCONF_DIR "/debconf.conf",
						  NULL};
	const char *const arguments[] = {TOOL, option, "groupies-before", "groupies-after", NULL};
	const struct program program = {
		.arguments = arguments, .environment = environment, .seconds = TOOL_SECONDS};
	struct error ignored;
	int result;

	if (debconf_make(err) < 0)
		return -err->code;
	result = program_run(&program, NULL, err);
	tidy_all();
	(void)tree_remove(AT_FDCWD, DEBCONF_DIR, &ignored);
	return result;
}

/* Is LINE one of ours in PATH: of a stack, of the tool's memory, or of its list of profiles? */
static bool line_is_ours(const char *path, const char *line, size_t length, bool *is_next)
{
	bool ours = *is_next;

	*is_next = false;
	if (strncmp(path, PAM_DIR, strlen(PAM_DIR)) == 0)
		return edit_is_marker(line) || memmem(line, length, MODULE, strlen(MODULE));
	/* "Module: NAME", and below it what the profile says. */
	if (strncmp(line, "Module: groupies-", strlen("Module: groupies-")) == 0)
		return *is_next = true;
	return ours || strncmp(line, "groupies-", strlen("groupies-")) == 0;
}

/* TEXT of PATH without whatever is ours; the caller frees it. *RET_COUNT: how many lines were. */
static char *without_ours(const char *path, const char *text, unsigned *ret_count)
{
	char *made = malloc(strlen(text) + 1), *to = made;
	bool is_next = false;

	*ret_count = 0;
	while (made && *text) {
		const char *newline = strchr(text, '\n');
		size_t length = newline ? (size_t)(newline - text) + 1 : strlen(text);

		if (line_is_ours(path, text, length, &is_next)) {
			(*ret_count)++;
		} else {
			memcpy(to, text, length);
			to += length;
		}
		text += length;
	}
	if (made)
		*to = '\0';
	return made;
}

struct written_file {
	bool exists;
	bool is_kept;      /* false: what was kept is gone or damaged */
	unsigned ours;     /* lines */
	bool is_changed;   /* apart from them */
	bool is_cut_short; /* by a kill or a full disk */
	char *now, *kept;  /* what it says and what was kept, both without them */
};

static void written_clear(struct written_file *file)
{
	free(file->now);
	free(file->kept);
}
#define cleanup_written __attribute__((cleanup(written_clear)))

/*
 * A write that was cut short leaves nothing, or ends in a line; an administrator's editor does
 * neither. KEPT is without our lines, NOW has them still.
 */
static bool is_cut_short(const char *path, const char *now, const char *kept)
{
	const char *newline = strrchr(now, '\n');
	cleanup_free char *whole = strndup(now, newline ? (size_t)(newline + 1 - now) : 0);
	unsigned ours;
	cleanup_free char *rest = whole ? without_ours(path, whole, &ours) : NULL;

	if (newline && newline[1] == '\0')
		return false;
	return rest && strlen(rest) < strlen(kept) && strncmp(rest, kept, strlen(rest)) == 0;
}

static int written_look(size_t index, struct written_file *ret_file, struct error *err)
{
	cleanup_written struct written_file file = {.exists = true};
	cleanup_kept struct kept kept = {0};
	cleanup_free char *now = NULL;
	char label[16];
	size_t length;
	unsigned before;

	kept_label(index, label);
	file.is_kept = kept_read(label, &kept, err) >= 0;
	if (!file.is_kept && err->code != ENOENT && err->code != EBADMSG)
		return -err->code;
	if (edit_read(written[index], &now, &length, err) < 0) {
		if (err->code != ENOENT)
			return -err->code;
		file.exists = false;
		now = strdup("");
	}
	if (now) {
		file.now = without_ours(written[index], now, &file.ours);
		file.kept =
			without_ours(written[index], file.is_kept ? kept.content : now, &before);
	}
	if (!file.now || !file.kept)
		return error_set(err, ENOMEM, "%s: out of memory", written[index]);
	file.is_changed = strcmp(file.now, file.kept) != 0;
	file.is_cut_short = file.is_changed && is_cut_short(written[index], now, file.kept);
	*ret_file = file;
	file.now = file.kept = NULL;
	return 0;
}

/* Has the tool done what it was asked for, in every file, and nothing else? */
static int written_is_right(bool wired, struct error *err)
{
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		cleanup_written struct written_file file = {0};
		bool has_session = strstr(written[index], "session") != NULL;

		if (written_look(index, &file, err) < 0)
			return -err->code;
		if (!file.is_kept || file.is_changed || (has_session && (file.ours > 0) != wired))
			return 0;
	}
	return 1;
}

static bool memory_has_seen_us(void)
{
	cleanup_free char *text = NULL;
	struct error ignored;
	size_t length;

	return edit_read(MEMORY_DIR "/seen", &text, &length, &ignored) == 0 &&
	       strstr(text, "groupies-");
}

/* 1: wired. 0: the tool keeps off, or does more than it was asked for; nothing has changed. */
static int wire_by_tool(struct work *work, struct error *err)
{
	const char *seen = memory_has_seen_us() ? "yes" : "no";
	int right;

	if (keep_all(err) < 0 || journal_set(&work->shared, "wiring-seen", seen, err) < 0 ||
	    journal_set(&work->shared, "wiring-by", TOOL, err) < 0 ||
	    journal_set(&work->shared, "wiring", "making", err) < 0 ||
	    tool_run("--enable", err) < 0 || (right = written_is_right(true, err)) < 0)
		return -err->code;
	if (right && wiring_is_complete())
		return restore_modes(err) < 0 ? -err->code : 1;
	if (restore_all(err) < 0 || journal_set(&work->shared, "wiring", NULL, err) < 0)
		return -err->code;
	return 0;
}

/* ---- by marked blocks ------------------------------------------------------------------------ */

static int block_remove(size_t index, struct error *err)
{
	cleanup_free char *text = NULL, *without = NULL;
	char path[64];
	size_t length;

	stack_path(index, path);
	if (edit_read(path, &text, &length, err) < 0)
		return err->code == ENOENT ? 0 : -err->code;
	edit_tidy(path);
	if (!edit_has_block(text))
		return 0;
	without = edit_remove_blocks(text, MODULE);
	if (!without)
		return error_set(err, ENOMEM, "%s: out of memory", path);
	return edit_rewrite(path, without, err);
}

/* The number of the first line of TEXT that begins with START; -1: none. */
static long number_of_line(const char *text, const char *start)
{
	long number;

	for (number = 0; *text; number++) {
		if (strncmp(text, start, strlen(start)) == 0)
			return number;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return -1;
}

static int block_insert(size_t index, struct error *err)
{
	cleanup_free char *text = NULL, *clean = NULL, *half = NULL, *whole = NULL;
	char path[64];
	size_t length;
	long before, managed;

	stack_path(index, path);
	if (edit_read(path, &text, &length, err) < 0)
		return err->code == ENOENT ? 0 : -err->code;
	edit_tidy(path);
	clean = edit_remove_blocks(text, MODULE);
	if (clean && line_find(clean, MODULE, NULL) >= 0)
		return 0; /* an administrator's own line */
	before = clean && stacks[index].interactive ? line_find(clean, "pam_systemd.so", NULL) : -1;
	/* Inside of pam-auth-update's part, the block would keep that tool off for good. */
	managed = before >= 0 ? number_of_line(clean, MANAGED) : -1;
	if (managed >= 0 && managed < before)
		before = managed;
	half = !clean        ? NULL
	       : before >= 0 ? edit_insert_block(clean, (size_t)before, LINE("before"))
			     : strdup(clean);
	whole = half ? edit_insert_block(half, (size_t)-1, LINE("after")) : NULL;
	if (!whole)
		return error_set(err, ENOMEM, "%s: out of memory", path);
	return strcmp(whole, text) == 0 ? 0 : edit_rewrite(path, whole, err);
}

static int wire_by_blocks(struct work *work, struct error *err)
{
	size_t index;

	if (journal_set(&work->shared, "wiring-by", "blocks", err) < 0 ||
	    journal_set(&work->shared, "wiring", "making", err) < 0)
		return -err->code;
	for (index = 0; index < STACKS; index++) {
		if (block_insert(index, err) < 0)
			return -err->code;
	}
	return 1;
}

static int blocks_remove(struct error *err)
{
	size_t index;

	for (index = 0; index < STACKS; index++) {
		if (block_remove(index, err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- the step -------------------------------------------------------------------------------- */

int wiring_done(struct work *work, struct account *account, struct error *err)
{
	const char *state = journal_get(&work->shared, "wiring");

	(void)account;
	(void)err;
	if (wiring_is_complete() && (!state || strcmp(state, "made") == 0)) {
		say(work, "sessions call pam_groupies.so");
		return 1;
	}
	if (has_tool())
		say(work, "run %s --enable groupies-before groupies-after", TOOL);
	else
		say(work, "insert marked blocks into the session stacks of %s", PAM_DIR);
	return 0;
}

/*
 * Puts the file back as it was kept, unless somebody has changed it since (an administrator, or the
 * tool for another package): then our lines go, and theirs stay.
 */
static int written_settle(struct work *work, size_t index, struct error *err)
{
	cleanup_written struct written_file file = {0};
	char label[16];

	kept_label(index, label);
	edit_tidy(written[index]);
	if (written_look(index, &file, err) < 0)
		return -err->code;
	if (!file.exists)
		return 0;
	if (file.is_kept && (!file.is_changed || file.is_cut_short))
		return kept_restore(label, err);
	report_step(work->report, REPORT_WARNING, "pam", "%s %s: it stays so, without our lines",
		    written[index],
		    file.is_kept ? "has been changed since an earlier run was stopped"
				 : "may be as an earlier run that was stopped has left it");
	if (file.is_kept && kept_restore_mode(label, err) < 0)
		return -err->code;
	return file.ours ? edit_rewrite(written[index], file.now, err) : 0;
}

/* What a killed run has left: pam-auth-update's files as they were, blocks are simply done again.
 */
static int settle(struct work *work, struct error *err)
{
	const char *state = journal_get(&work->shared, "wiring");
	size_t index;

	if (!state || strcmp(state, "made") == 0 || !journal_says(&work->shared, "wiring-by", TOOL))
		return 0;
	tidy_all();
	for (index = 0; index < WRITTEN; index++) {
		if (written_settle(work, index, err) < 0)
			return -err->code;
	}
	return journal_set(&work->shared, "wiring", strcmp(state, "unmaking") == 0 ? "made" : NULL,
			   err);
}

int wiring_apply(struct work *work, struct account *account, struct error *err)
{
	int wired = 0;

	(void)account;
	if (settle(work, err) < 0)
		return -err->code;
	if (wiring_is_complete() && journal_says(&work->shared, "wiring", "made")) {
		say(work, "sessions call pam_groupies.so");
		return forget_all(err) < 0 ? -err->code : 1;
	}
	if (has_tool() && (wired = wire_by_tool(work, err)) < 0)
		return -err->code;
	if (!wired && wire_by_blocks(work, err) < 0)
		return -err->code;
	if (!wiring_is_complete())
		return error_set(err, EIO, "%s: the session stacks do not call pam_groupies.so",
				 PAM_DIR);
	if (journal_set(&work->shared, "wiring", "made", err) < 0 || forget_all(err) < 0)
		return -err->code;
	say(work, "sessions call pam_groupies.so, by %s",
	    wired ? TOOL : "marked blocks in " PAM_DIR);
	return 1;
}

/* The tool kept off, since an administrator has edited the stacks: then our lines, and no others. */
static int lines_remove(struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < WRITTEN; index++) {
		cleanup_written struct written_file file = {0};

		if (strcmp(written[index], MEMORY_DIR "/seen") == 0 &&
		    journal_says(&work->shared, "wiring-seen", "yes"))
			continue;
		if (written_look(index, &file, err) < 0)
			return -err->code;
		if ((file.ours || file.is_changed) && file.exists &&
		    edit_rewrite(written[index], file.kept, err) < 0)
			return -err->code;
	}
	return 0;
}

static int unwire_by_tool(struct work *work, struct error *err)
{
	bool seen = journal_says(&work->shared, "wiring-seen", "yes");
	int right;

	if (keep_all(err) < 0 || journal_set(&work->shared, "wiring", "unmaking", err) < 0)
		return -err->code;
	if (program_exists(TOOL) && tool_run(seen ? "--disable" : "--remove", err) < 0)
		return -err->code;
	right = written_is_right(false, err);
	if (right < 0 || restore_modes(err) < 0)
		return -err->code;
	return right ? 0 : lines_remove(work, err);
}

int wiring_undo(struct work *work, struct account *account, struct error *err)
{
	(void)account;
	if (!journal_get(&work->shared, "wiring"))
		return 0;
	if (settle(work, err) < 0)
		return -err->code;
	if (journal_says(&work->shared, "wiring-by", "blocks")) {
		if (blocks_remove(err) < 0)
			return -err->code;
	} else if (journal_says(&work->shared, "wiring", "made") && unwire_by_tool(work, err) < 0) {
		return -err->code;
	}
	if (journal_set(&work->shared, "wiring", NULL, err) < 0 ||
	    journal_set(&work->shared, "wiring-by", NULL, err) < 0 ||
	    journal_set(&work->shared, "wiring-seen", NULL, err) < 0 || forget_all(err) < 0)
		return -err->code;
	say(work, "sessions do not call pam_groupies.so any more");
	return 1;
}
