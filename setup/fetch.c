/* SPDX-License-Identifier: MIT */
/*
 * The facts: hog is making or made, hog-sha256 its checksum. The file gets its name only after its
 * checksum was right. sha256sum(1) computes it: no library for one number, and the kernel's own
 * (AF_ALG) is switched off on hardened hosts.
 */
#include "fetch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit.h"
#include "groupies/cleanup.h"
#include "program.h"

#define SIZE_LIMIT      (16L * 1024 * 1024)
#define CONNECT_SECONDS 20L
#define TOTAL_SECONDS   300L
#define REDIRECTS       5L
#define SUM_SECONDS     60
#define TEMPORARY       "/usr/local/bin/.hog.groupies-new"

bool fetch_wanted(const struct work *work, const struct account *account)
{
	(void)account;
	return work->options->fetch_hog != NULL;
}

/* 1: FILE has the checksum SUM, in whatever case. 0: another one. */
static int has_sum(const char *file, const char *sum, struct error *err)
{
	const char *const arguments[] = {"sha256sum", "--", file, NULL};
	const struct program program = {.arguments = arguments, .seconds = SUM_SECONDS};
	struct program_answer answer;

	if (program_run(&program, &answer, err) < 0)
		return -err->code;
	return strncasecmp(answer.output, sum, 64) == 0 &&
	       isspace((unsigned char)answer.output[64]);
}

int fetch_done(struct work *work, struct account *account, struct error *err)
{
	struct stat st;
	bool ours = journal_says(&work->shared, "hog", "made");
	int same;

	(void)account;
	if (lstat(FETCHED_HOG, &st) == 0 && !journal_get(&work->shared, "hog"))
		return error_set(err, EEXIST,
				 "%s stands there already and is not ours: move it away",
				 FETCHED_HOG);
	if (ours && S_ISREG(st.st_mode)) {
		same = has_sum(FETCHED_HOG, work->options->sha256, err);
		if (same < 0)
			return same;
		if (same) {
			say(work, "%s is the one that was asked for", FETCHED_HOG);
			return 1;
		}
	}
	say(work, "install %s as %s", work->options->fetch_hog, FETCHED_HOG);
	return 0;
}

struct download {
	int fd;
	long size;
	bool too_large;
	int write_errno;
};

static size_t take(char *data, size_t size, size_t count, void *user)
{
	struct download *download = user;
	size_t length = size * count;

	download->size += (long)length;
	if (download->size > SIZE_LIMIT) {
		download->too_large = true;
		return 0;
	}
	if (write(download->fd, data, length) != (ssize_t)length) {
		download->write_errno = errno ? errno : EIO;
		return 0;
	}
	return length;
}

static void free_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static int download(const char *url, int fd, struct error *err)
{
	__attribute__((cleanup(free_curl))) CURL *curl = curl_easy_init();
	struct download to = {.fd = fd};
	char why[CURL_ERROR_SIZE] = "";
	CURLcode code;

	if (!curl)
		return error_set(err, ENOMEM, "%s: out of memory", url);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS);
	(void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_SECONDS);
	(void)curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, SIZE_LIMIT);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &to);
	code = curl_easy_perform(curl);
	if (to.too_large || code == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, EFBIG, "%s: is larger than %ld MiB", url,
				 SIZE_LIMIT / (1024 * 1024));
	if (to.write_errno) {
		errno = to.write_errno;
		return error_errno(err, "%s", TEMPORARY);
	}
	if (code != CURLE_OK)
		return error_set(err, EIO, "%s: %s", url, *why ? why : curl_easy_strerror(code));
	return 0;
}

static int fetch(const char *url, const char *sum, struct error *err)
{
	cleanup_fd int fd =
		open(TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int same;

	if (fd < 0)
		return error_errno(err, "%s", TEMPORARY);
	if (download(url, fd, err) < 0)
		return -err->code;
	if (fsync(fd) < 0)
		return error_errno(err, "%s", TEMPORARY);
	same = has_sum(TEMPORARY, sum, err);
	if (same < 0)
		return same;
	if (!same)
		return error_set(err, EBADMSG,
				 "%s: its SHA-256 checksum is not the one that was given: nothing "
				 "was installed",
				 url);
	if (fchmod(fd, 0755) < 0 || rename(TEMPORARY, FETCHED_HOG) < 0)
		return error_errno(err, "%s", FETCHED_HOG);
	return 0;
}

int fetch_apply(struct work *work, struct account *account, struct error *err)
{
	const char *url = work->options->fetch_hog;
	bool had_one = journal_says(&work->shared, "hog", "made");

	(void)account;
	(void)unlink(TEMPORARY);
	if (journal_set(&work->shared, "hog", "making", err) < 0)
		return -err->code;
	if (fetch(url, work->options->sha256, err) < 0) {
		struct error ignored;

		(void)unlink(TEMPORARY);
		(void)journal_set(&work->shared, "hog", had_one ? "made" : NULL, &ignored);
		return -err->code;
	}
	if (journal_set(&work->shared, "hog", "made", err) < 0)
		return -err->code;
	say(work, "installed %s as %s", url, FETCHED_HOG);
	return 1;
}

int fetch_undo(struct work *work, struct account *account, struct error *err)
{
	(void)account;
	if (!journal_get(&work->shared, "hog"))
		return 0;
	(void)unlink(TEMPORARY);
	if (edit_unlink(FETCHED_HOG, err) < 0 || journal_set(&work->shared, "hog", NULL, err) < 0)
		return -err->code;
	say(work, "removed %s", FETCHED_HOG);
	return 1;
}
