/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "edit.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/registry.h"
#include "tree.h"

#define FIRST_LINE   "groupies-journal 1"
#define TEXT_SIZE    (64 * 1024)
#define STATE_NEW    ".groupies-new" /* beside GROUPIES_STATE_DIR: not there yet, */
#define STATE_OLD    ".groupies-old" /* and not there any more */
#define RESERVE      "@reserve"
#define RESERVE_SIZE (256 * 1024) /* the journals, and pam-auth-update's files kept and written */
#define LOCK         GROUPIES_RUN_DIR "/.setup"
#define LOCK_WAIT_MS 60000
#define LOCK_STEP_MS 50

/* ---- facts ----------------------------------------------------------------------------------- */

void journal_clear(struct journal *journal)
{
	size_t index;

	for (index = 0; index < journal->count; index++) {
		free(journal->facts[index].key);
		free(journal->facts[index].value);
	}
	free(journal->facts);
	journal->facts = NULL;
	journal->count = 0;
}

static struct fact *find(const struct journal *journal, const char *key)
{
	size_t index;

	for (index = 0; index < journal->count; index++) {
		if (strcmp(journal->facts[index].key, key) == 0)
			return &journal->facts[index];
	}
	return NULL;
}

const char *journal_get(const struct journal *journal, const char *key)
{
	const struct fact *fact = find(journal, key);

	return fact ? fact->value : NULL;
}

bool journal_says(const struct journal *journal, const char *key, const char *value)
{
	const char *said = journal_get(journal, key);

	return said && strcmp(said, value) == 0;
}

static void forget(struct journal *journal, struct fact *fact)
{
	size_t index = (size_t)(fact - journal->facts);

	free(fact->key);
	free(fact->value);
	memmove(fact, fact + 1, (journal->count - index - 1) * sizeof(*fact));
	journal->count--;
}

static int remember(struct journal *journal, const char *key, const char *value, struct error *err)
{
	struct fact *fact = find(journal, key);
	char *copy = strdup(value);

	if (!copy)
		return error_errno(err, "journal");
	if (fact) {
		free(fact->value);
		fact->value = copy;
		return 0;
	}
	fact = realloc(journal->facts, (journal->count + 1) * sizeof(*fact));
	if (fact)
		journal->facts = fact;
	if (!fact || !(journal->facts[journal->count].key = strdup(key))) {
		free(copy);
		return error_set(err, ENOMEM, "journal: out of memory");
	}
	journal->facts[journal->count++].value = copy;
	return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int parse(char *text, struct journal *journal, struct error *err)
{
	char *cursor = text, *line = line_next(&cursor);

	if (!line || strcmp(line, FIRST_LINE) != 0)
		return error_set(err, EBADMSG, "does not begin with '%s'", FIRST_LINE);
	while ((line = line_next(&cursor))) {
		char *equals = strchr(line, '=');

		if (!equals || equals == line)
			return error_set(err, EBADMSG, "bad line '%.60s'", line);
		*equals = '\0';
		if (remember(journal, line, equals + 1, err) < 0)
			return -err->code;
	}
	return 0;
}

int journal_read(const char *name, struct journal *ret_journal, struct error *err)
{
	cleanup_journal struct journal journal = {0};
	cleanup_free char *text = malloc(TEXT_SIZE);
	struct error inner;
	char path[256];

	if (!text)
		return error_errno(err, "journal");
	(void)text_copy(journal.name, sizeof(journal.name), name);
	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_JOURNAL_DIR, name);
	if (file_read_trusted(AT_FDCWD, path, text, TEXT_SIZE, &inner) < 0) {
		if (inner.code != ENOENT && inner.code != ENOTDIR) {
			*err = inner;
			return -err->code;
		}
	} else {
		journal.exists = true;
		if (parse(text, &journal, err) < 0)
			return error_context(err, "%s", path);
	}
	*ret_journal = journal;
	journal = (struct journal){0};
	return 0;
}

static int save(int directory, struct journal *journal, struct error *err)
{
	char *text = NULL;
	size_t length = 0, index;
	FILE *out = open_memstream(&text, &length);
	int result;

	if (!out)
		return error_errno(err, "journal");
	(void)fprintf(out, "%s\n", FIRST_LINE);
	for (index = 0; index < journal->count; index++)
		(void)fprintf(out, "%s=%s\n", journal->facts[index].key,
			      journal->facts[index].value);
	if (fclose(out) != 0)
		result = error_set(err, ENOMEM, "journal: out of memory");
	else
		result = file_replace(directory, journal->name, text, length, 0600, err);
	free(text);
	if (result >= 0)
		journal->exists = true;
	return result;
}

int journal_set(struct journal *journal, const char *key, const char *value, struct error *err)
{
	struct fact *fact = find(journal, key);
	cleanup_fd int directory = -1;

	if (value ? fact && strcmp(fact->value, value) == 0 : !fact)
		return 0;
	directory = directory_open(AT_FDCWD, GROUPIES_JOURNAL_DIR, err);
	if (directory < 0)
		return directory;
	if (!value)
		forget(journal, fact);
	else if (remember(journal, key, value, err) < 0)
		return -err->code;
	return save(directory, journal, err) < 0 ? error_context(err, "%s", GROUPIES_JOURNAL_DIR)
						 : 0;
}

int journal_delete(struct journal *journal, struct error *err)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_JOURNAL_DIR, journal->name);
	return edit_unlink(path, err);
}

int journal_each(int (*visit)(const char *name, void *data), void *data, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, GROUPIES_JOURNAL_DIR, &entries, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (playground_name_is_valid(entry->d_name) && visit(entry->d_name, data) < 0)
			return 0;
	}
	return more < 0 ? error_context(err, "%s", GROUPIES_JOURNAL_DIR) : 0;
}

/* ---- room for the way back ------------------------------------------------------------------- */

/* What useradd and userdel write beside these files, and anew, is as large as they are. */
static off_t reserve_size(void)
{
	static const char *const databases[] = {"/etc/passwd",  "/etc/shadow", "/etc/group",
						"/etc/gshadow", "/etc/subuid", "/etc/subgid"};
	off_t size = RESERVE_SIZE;
	size_t index;

	for (index = 0; index < sizeof(databases) / sizeof(*databases); index++) {
		struct stat st;

		if (stat(databases[index], &st) == 0)
			size += 2 * st.st_size;
	}
	return size;
}

static int reserve_make(int directory, struct error *err)
{
	cleanup_fd int fd =
		openat(directory, RESERVE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	off_t size = reserve_size();

	if (fd < 0)
		return error_errno(err, "%s", RESERVE);
	errno = posix_fallocate(fd, 0, size);
	if (errno == 0)
		return 0;
	(void)error_errno(err, "no room for the %lld KiB that taking it back may need",
			  (long long)size / 1024);
	(void)unlinkat(directory, RESERVE, 0);
	return -err->code;
}

int journal_reserve(struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_JOURNAL_DIR, err);

	if (directory < 0)
		return directory;
	return reserve_make(directory, err) < 0 ? error_context(err, "%s", GROUPIES_JOURNAL_DIR)
						: 0;
}

void journal_release(void)
{
	(void)unlink(GROUPIES_JOURNAL_DIR "/" RESERVE);
}

/* ---- where it lives -------------------------------------------------------------------------- */

/* The directory that the state directory is in; ret_name is what that is called there. */
static int open_above(const char **ret_name, struct error *err)
{
	char above[] = GROUPIES_STATE_DIR;
	size_t length = (size_t)(strrchr(above, '/') - above);

	above[length] = '\0';
	*ret_name = &GROUPIES_STATE_DIR[length + 1];
	return directory_open(AT_FDCWD, above, err);
}

static int make_beside(int above, const char *last, struct journal *shared, struct error *err)
{
	static const char *const name = STATE_NEW "/journal";
	cleanup_fd int directory = -1;

	if (tree_remove(above, STATE_NEW, err) < 0)
		return -err->code;
	if (mkdirat(above, STATE_NEW, 0755) < 0 || mkdirat(above, name, 0700) < 0)
		return error_errno(err, "%s", GROUPIES_STATE_DIR);
	directory = directory_open(above, name, err);
	if (directory < 0 || reserve_make(directory, err) < 0 ||
	    remember(shared, "state-dir", "made", err) < 0 || save(directory, shared, err) < 0)
		return error_context(err, "%s", GROUPIES_STATE_DIR);
	if (renameat2(above, STATE_NEW, above, last, RENAME_NOREPLACE) < 0 || fsync(above) < 0)
		return error_errno(err, "%s", GROUPIES_STATE_DIR);
	return 0;
}

static int start_beside(struct journal *shared, struct error *err)
{
	const char *last;
	cleanup_fd int above = open_above(&last, err);
	struct error ignored;

	if (above < 0)
		return above;
	if (make_beside(above, last, shared, err) == 0)
		return 0;
	(void)tree_remove(above, STATE_NEW, &ignored);
	return -err->code;
}

int journal_start(struct journal *shared, struct error *err)
{
	struct error ignored;
	struct stat st;
	bool made;

	if (stat(GROUPIES_STATE_DIR, &st) < 0) {
		if (errno != ENOENT)
			return error_errno(err, "%s", GROUPIES_STATE_DIR);
		return start_beside(shared, err);
	}
	made = mkdir(GROUPIES_JOURNAL_DIR, 0700) == 0;
	if (!made && errno != EEXIST)
		return error_errno(err, "%s", GROUPIES_JOURNAL_DIR);
	if (journal_reserve(err) == 0 &&
	    (shared->exists || journal_set(shared, "state-dir", "was there", err) == 0))
		return 0;
	if (made)
		(void)tree_remove(AT_FDCWD, GROUPIES_JOURNAL_DIR, &ignored);
	return -err->code;
}

int journal_end(struct journal *shared, struct error *err)
{
	const char *last;
	cleanup_fd int above = open_above(&last, err);

	if (above < 0)
		return above;
	if (journal_says(shared, "state-dir", "made")) {
		if (renameat(above, last, above, STATE_OLD) < 0 || fsync(above) < 0)
			return error_errno(err, "%s", GROUPIES_STATE_DIR);
		if (tree_remove(above, STATE_OLD, err) < 0)
			return -err->code;
	} else {
		if (journal_delete(shared, err) < 0)
			return -err->code;
		(void)rmdir(GROUPIES_JOURNAL_DIR);
	}
	return 0;
}

/* A killed run may have left the state directory half made or half removed. */
static int clear_beside(struct error *err)
{
	const char *last;
	cleanup_fd int above = open_above(&last, err);

	if (above < 0 || tree_remove(above, STATE_NEW, err) < 0 ||
	    tree_remove(above, STATE_OLD, err) < 0)
		return -err->code;
	return 0;
}

/* The holder may have removed the file under us: what counts is the lock that has the name. */
static bool is_the_lock(int fd)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && stat(LOCK, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

int journal_lock(struct error *err)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000 * 1000};
	int waited_ms;

	for (waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_STEP_MS) {
		cleanup_fd int fd = -1;

		if (mkdir(GROUPIES_RUN_DIR, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "%s", GROUPIES_RUN_DIR);
		fd = open(LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != ENOENT)
			return error_errno(err, "%s", LOCK);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_the_lock(fd))
			return clear_beside(err) < 0 ? -err->code : steal_fd(&fd);
		(void)nanosleep(&step, NULL);
	}
	return error_set(err, ETIMEDOUT, "%s: another groupies-setup has held it for %d seconds",
			 LOCK, LOCK_WAIT_MS / 1000);
}

void journal_unlock(int fd)
{
	struct error ignored;

	/* Nothing is provisioned: nothing is left behind either. */
	if (file_stands(AT_FDCWD, GROUPIES_STATE_DIR, &ignored) == 0)
		(void)tree_remove(AT_FDCWD, GROUPIES_RUN_DIR, &ignored);
	else if (file_stands(AT_FDCWD, GROUPIES_JOURNAL_DIR, &ignored) == 0)
		(void)unlink(LOCK);
	(void)close(fd);
}

/* ---- what was there before ------------------------------------------------------------------- */

static void kept_path(const char *label, char path[256])
{
	(void)snprintf(path, 256, "%s/@kept.%s", GROUPIES_JOURNAL_DIR, label);
}

int kept_save(const char *label, const char *path, struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_JOURNAL_DIR, err);
	cleanup_free char *content = NULL;
	cleanup_free char *text = NULL;
	struct stat st = {0};
	size_t length = 0;
	char name[128];
	int head;

	if (directory < 0)
		return directory;
	if (stat(path, &st) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	if (st.st_nlink && edit_read(path, &content, &length, err) < 0)
		return -err->code;
	text = malloc(length + 1024);
	if (!text)
		return error_errno(err, "%s", path);
	head = snprintf(text, 1024, "%s %d %o %u %u\n", path, content != NULL,
			(unsigned)st.st_mode & 07777, (unsigned)st.st_uid, (unsigned)st.st_gid);
	if (head < 0 || head >= 1024)
		return error_set(err, ENAMETOOLONG, "%s: path too long", path);
	if (content)
		memcpy(text + head, content, length);
	(void)snprintf(name, sizeof(name), "@kept.%s", label);
	return file_replace(directory, name, text, (size_t)head + length, 0600, err);
}

void kept_clear(struct kept *kept)
{
	free(kept->content);
	kept->content = NULL;
}

int kept_read(const char *label, struct kept *ret_kept, struct error *err)
{
	char path[256];
	cleanup_free char *text = NULL;
	struct kept kept = {0};
	size_t length;
	int existed = 0;
	char *newline;

	kept_path(label, path);
	if (edit_read(path, &text, &length, err) < 0)
		return -err->code;
	newline = memchr(text, '\n', length);
	if (!newline || sscanf(text, "%255s %d %o %u %u\n", kept.path, &existed, &kept.mode,
			       &kept.uid, &kept.gid) != 5)
		return error_set(err, EBADMSG, "%s: is damaged", path);
	kept.existed = existed;
	kept.length = length - (size_t)(newline + 1 - text);
	memmove(text, newline + 1, kept.length + 1);
	kept.content = steal_pointer(&text);
	*ret_kept = kept;
	return existed;
}

int kept_restore(const char *label, struct error *err)
{
	cleanup_kept struct kept kept = {0};

	if (kept_read(label, &kept, err) < 0)
		return -err->code;
	if (!kept.existed)
		return edit_unlink(kept.path, err);
	return edit_write(kept.path, kept.content, kept.length, kept.mode, kept.uid, kept.gid, err);
}

int kept_restore_mode(const char *label, struct error *err)
{
	cleanup_kept struct kept kept = {0};
	struct stat st;

	if (kept_read(label, &kept, err) < 0)
		return -err->code;
	if (!kept.existed)
		return 0;
	if (stat(kept.path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", kept.path);
	if ((st.st_mode & 07777) == kept.mode && st.st_uid == kept.uid && st.st_gid == kept.gid)
		return 0;
	if (chown(kept.path, kept.uid, kept.gid) < 0 || chmod(kept.path, kept.mode) < 0)
		return error_errno(err, "%s", kept.path);
	return 0;
}

int kept_forget(const char *label, struct error *err)
{
	char path[256];

	kept_path(label, path);
	return edit_unlink(path, err);
}
