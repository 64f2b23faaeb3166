/* SPDX-License-Identifier: MIT */
/*
 * `groupies-setup check`: does each sshd use PAM? What its configuration means, with its includes and
 * quotes, sshd itself is asked: `sshd -T`, with the arguments of the one that listens.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/directory.h"
#include "groupies/file.h"

#include "audit.h"
#include "program.h"

#define SSHD          "/usr/sbin/sshd"
#define SSHD_CONFIG   "/etc/ssh/sshd_config"
#define SSHD_SECONDS  20
#define WORDS_MAX     32
#define COMMAND_SIZE  4096
#define KEPT_OPTIONS  "fohc"    /* of sshd(8): what -T needs to mean the same */
#define OTHER_OPTIONS "CEbgkpu" /* further ones that have an argument */

/* An sshd, and what to ask it with. */
struct sshd {
	char binary[PATH_MAX];
	char command[COMMAND_SIZE]; /* its words, each ended by NUL */
	const char *options[WORDS_MAX];
	unsigned option_count;
	const char *config;
	pid_t pid;       /* 0: none runs */
	bool has_mounts; /* of its own */
};

/* ---- which ones run ---------------------------------------------------------------------------- */

/* One of a container's, or of somebody's own mounts, is set by files that we do not see. */
static bool is_elsewhere(int process)
{
	struct stat theirs, ours;

	return fstatat(process, "ns/mnt", &theirs, 0) == 0 &&
	       stat("/proc/self/ns/mnt", &ours) == 0 &&
	       (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino);
}

/* A service may have mounts of its own, and is asked in them; of anybody else's we know nothing. */
static bool is_service(const struct stat *root, const char *status)
{
	const char *line = strstr(status, "\nPPid:");
	struct stat ours;
	int parent;

	return line && sscanf(line, "\nPPid: %d", &parent) == 1 && parent == 1 &&
	       stat("/", &ours) == 0 && root->st_dev == ours.st_dev && root->st_ino == ours.st_ino;
}

/* Real, effective and saved uid are root's: nobody else could pass for it. */
static bool is_roots(const char *status)
{
	const char *line = strstr(status, "\nUid:");
	unsigned real, effective, saved;

	return line && sscanf(line, "\nUid: %u %u %u", &real, &effective, &saved) == 3 &&
	       real == 0 && effective == 0 && saved == 0;
}

/* What a process runs, also where an upgrade has replaced it. False: no sshd of root's. */
static bool binary_find(int process, char binary[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	ssize_t length = readlinkat(process, "exe", binary, PATH_MAX - 1);
	const char *name;
	struct stat st;

	if (length <= 0)
		return false;
	binary[length] = '\0';
	if (length > (ssize_t)sizeof(gone) &&
	    strcmp(binary + length - (sizeof(gone) - 1), gone) == 0)
		binary[length - (ssize_t)(sizeof(gone) - 1)] = '\0';
	name = strrchr(binary, '/');
	return name && strcmp(name, "/sshd") == 0 && stat(binary, &st) == 0 && st.st_uid == 0 &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Takes the options among WORDS that -T needs as well. */
static void options_take(struct sshd *sshd, char *const words[], unsigned count)
{
	unsigned index;

	for (index = 1; index < count; index++) {
		const char *word = words[index];
		char letter = word[0] == '-' ? word[1] : '\0';
		bool kept = letter && strchr(KEPT_OPTIONS, letter);
		const char *value;

		if (!letter || (!kept && !strchr(OTHER_OPTIONS, letter)))
			continue;
		value = word[2] ? word + 2 : index + 1 < count ? words[++index] : NULL;
		if (!kept || !value || sshd->option_count + 2 > WORDS_MAX - 8)
			continue;
		sshd->options[sshd->option_count++] = letter == 'f'   ? "-f"
						      : letter == 'o' ? "-o"
						      : letter == 'h' ? "-h"
								      : "-c";
		sshd->options[sshd->option_count++] = value;
		if (letter == 'f')
			sshd->config = value;
	}
}

/*
 * Its words are arguments, or the title that a listener gives itself, "sshd: /usr/sbin/sshd -D
 * [listener] ...". One that serves a connection calls itself after its user.
 */
static bool words_read(struct sshd *sshd, size_t length)
{
	char *words[WORDS_MAX], *at = sshd->command, *end = sshd->command + length;
	unsigned count = 0;

	if (strncmp(at, "sshd: ", 6) == 0) {
		char *saved = NULL, *word;

		at += 6;
		if (*at != '/')
			return false;
		at[strcspn(at, "[")] = '\0';
		for (word = strtok_r(at, " ", &saved); word && count < WORDS_MAX;
		     word = strtok_r(NULL, " ", &saved))
			words[count++] = word;
	} else {
		for (; at < end && count < WORDS_MAX; at += strlen(at) + 1)
			words[count++] = at;
	}
	options_take(sshd, words, count);
	return count > 0;
}

/* Is PROCESS root's, and set by files that can be seen from here? */
static int is_of_this_host(int process, struct sshd *sshd, struct error *err)
{
	char status[8192];
	struct stat root;

	if (kernel_read(process, "status", status, sizeof(status), err) < 0)
		return -err->code;
	if (!is_roots(status))
		return 0;
	sshd->has_mounts = is_elsewhere(process);
	return !sshd->has_mounts ||
	       (fstatat(process, "root", &root, 0) == 0 && is_service(&root, status));
}

/* 1: PROCESS is an sshd that listens, 0: it is not, or is gone. */
static int sshd_read(int process, struct sshd *sshd, struct error *err)
{
	cleanup_fd int fd = -1;
	struct error trouble = ERROR_NONE;
	ssize_t length;

	if (!binary_find(process, sshd->binary) || is_of_this_host(process, sshd, &trouble) == 0 ||
	    errno_means_gone(trouble.code))
		return 0;
	if (trouble.code) {
		*err = trouble;
		return -err->code;
	}
	fd = openat(process, "cmdline", O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, sshd->command, sizeof(sshd->command) - 1);
	if (length < 0)
		return errno_means_gone(errno) ? 0 : error_errno(err, "cmdline");
	sshd->command[length] = '\0';
	return words_read(sshd, (size_t)length);
}

/* ---- asking ------------------------------------------------------------------------------------ */

/* Before it listens for the first time, what it wants of /run is not there: it gets one of its own. */
static const char private_run[] = "mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd && "
				  "exec \"$0\" -T \"$@\"";

static int ask(const struct sshd *sshd, bool with_run, struct program_answer *answer,
	       struct error *err)
{
	char mounts[48];
	const char *const plain[] = {sshd->binary, "-T", NULL};
	const char *const apart[] = {"unshare", "--mount",   "--",         "sh",
				     "-c",      private_run, sshd->binary, NULL};
	const char *const there[] = {"nsenter", mounts, "--", sshd->binary, "-T", NULL};
	const char *const *before = with_run ? apart : sshd->has_mounts ? there : plain;
	const char *arguments[WORDS_MAX] = {NULL};
	const struct program program = {.arguments = arguments, .seconds = SSHD_SECONDS};
	unsigned count = 0;

	(void)snprintf(mounts, sizeof(mounts), "--mount=/proc/%d/ns/mnt", (int)sshd->pid);
	for (; before[count]; count++)
		arguments[count] = before[count];
	memcpy(arguments + count, sshd->options, sshd->option_count * sizeof(*arguments));
	return program_run(&program, answer, err);
}

/* 1: it uses PAM, 0: it does not. A failure: it does not say. */
static int sshd_uses_pam(const struct sshd *sshd, struct error *err)
{
	struct program_answer answer;
	struct error ignored;
	char *cursor = answer.output, *line;

	if (ask(sshd, false, &answer, err) < 0 &&
	    (sshd->pid != 0 || ask(sshd, true, &answer, &ignored) < 0))
		return -err->code;
	while ((line = line_next(&cursor))) {
		if (strncmp(line, "usepam ", 7) == 0)
			return strcmp(line, "usepam yes") == 0;
	}
	return error_set(err, EBADMSG, "says nothing of usepam");
}

static void sshd_check(struct audit *audit, const struct sshd *sshd)
{
	char which[48] = "";
	struct error err;
	int uses = sshd_uses_pam(sshd, &err);

	if (uses < 0 && sshd->pid != 0 && kill(sshd->pid, 0) < 0 && errno == ESRCH)
		return; /* it ended meanwhile */
	if (sshd->pid != 0)
		(void)snprintf(which, sizeof(which), " (of sshd, pid %d)", (int)sshd->pid);
	if (uses < 0)
		audit_find(audit, "%s%s: whether it says UsePAM yes cannot be told: %s",
			   sshd->config, which, err.text);
	else if (!uses)
		audit_find(audit, "%s%s does not say UsePAM yes: ssh logins are outside",
			   sshd->config, which);
}

/* ---- all of them ------------------------------------------------------------------------------- */

/* Returns 1 when NAME is the pid of an sshd that listens, which is checked then. */
static int process_check(struct audit *audit, int proc, const char *name, struct error *err)
{
	struct sshd sshd = {.config = SSHD_CONFIG, .pid = (pid_t)strtol(name, NULL, 10)};
	struct error trouble;
	cleanup_fd int process = directory_open(proc, name, &trouble);
	int found;

	if (process < 0 && !errno_means_gone(trouble.code)) {
		*err = trouble;
		return process;
	}
	found = process < 0 ? 0 : sshd_read(process, &sshd, err);
	if (found == 1)
		sshd_check(audit, &sshd);
	return found;
}

static int running_check(struct audit *audit, unsigned *ret_count, struct error *err)
{
	cleanup_dir DIR *proc = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, "/proc", &proc, err);

	*ret_count = 0;
	while (more == 1 && (more = directory_next(proc, &entry, err)) == 1) {
		int found = isdigit((unsigned char)*entry->d_name)
				    ? process_check(audit, dirfd(proc), entry->d_name, err)
				    : 0;

		if (found < 0)
			return found;
		*ret_count += found == 1;
	}
	return more < 0 ? error_context(err, "/proc") : 0;
}

int check_sshd(struct audit *audit, struct error *err)
{
	struct sshd sshd = {.binary = SSHD, .config = SSHD_CONFIG};
	unsigned running;
	int installed;

	if (running_check(audit, &running, err) < 0)
		return -err->code;
	installed = file_stands(AT_FDCWD, SSHD, err);
	if (installed == 1 && running == 0)
		sshd_check(audit, &sshd);
	return installed < 0 ? installed : 0;
}
