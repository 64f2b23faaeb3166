/* SPDX-License-Identifier: MIT */
#include "groupies/services.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define SWITCH_FILE "/etc/nsswitch.conf"
#define SWITCH_SIZE 16384

/* The words behind "DATABASE:", the reactions in brackets left out. False: no such line. */
static bool services_parse(char *line, const char *database, struct services *services)
{
	size_t length = strlen(database);
	char *saved = NULL, *word;
	bool in_reaction = false;

	line += strspn(line, " \t");
	line[strcspn(line, "#")] = '\0';
	if (strncmp(line, database, length) != 0)
		return false;
	line += length + strspn(line + length, " \t");
	if (*line != ':')
		return false;
	services->count = 0;
	for (word = strtok_r(line + 1, " \t", &saved); word; word = strtok_r(NULL, " \t", &saved)) {
		bool is_name = !in_reaction && *word != '[';

		in_reaction = !is_name && !strchr(word, ']');
		if (is_name && services->count < SERVICES_MAX &&
		    text_copy(services->names[services->count], SERVICE_SIZE, word))
			services->count++;
	}
	return true;
}

/*
 * Debian names the service `systemd` also where something else is the first process: it has nobody
 * to ask then, and says "unavailable" instead of "no such user".
 */
static void services_drop_systemd(struct services *services)
{
	size_t index, kept = 0;

	if (access("/run/systemd/system", F_OK) == 0 || errno != ENOENT)
		return;
	for (index = 0; index < services->count; index++) {
		if (strcmp(services->names[index], "systemd") != 0)
			memmove(services->names[kept++], services->names[index], SERVICE_SIZE);
	}
	services->count = kept;
}

int services_read(const char *database, const char *also, struct services *ret_services,
		  struct error *err)
{
	struct services services = {.names = {"files"}, .count = 1};
	cleanup_fd int fd = open(SWITCH_FILE, O_RDONLY | O_CLOEXEC);
	char text[SWITCH_SIZE], *cursor = text, *line;
	bool has_also = false;

	*text = '\0';
	if (fd < 0 && errno != ENOENT)
		return error_errno(err, "%s", SWITCH_FILE);
	if (fd >= 0 && file_read_all(fd, text, sizeof(text), err) < 0)
		return error_context(err, "%s", SWITCH_FILE);
	while ((line = line_next(&cursor))) {
		if (also && services_parse(line, also, &services))
			has_also = true;
		else if (!has_also)
			(void)services_parse(line, database, &services);
	}
	services_drop_systemd(&services);
	*ret_services = services;
	return 0;
}

void *service_function(const char *service, const char *function, int *ret_code)
{
	char library[SERVICE_SIZE + 16], symbol[SERVICE_SIZE + 64];
	void *handle;

	(void)snprintf(library, sizeof(library), "libnss_%s.so.2", service);
	(void)snprintf(symbol, sizeof(symbol), "_nss_%s_%s", service, function);
	*ret_code = 0;
	errno = 0;
	handle = dlopen(library, RTLD_NOW);
	if (!handle && errno != ENOENT && errno != 0)
		*ret_code = errno;
	/* It stays loaded, as libc leaves it. */
	return handle ? dlsym(handle, symbol) : NULL;
}

int service_silent(const char *service, int code, struct error *err)
{
	return code ? (errno = code, error_errno(err, "the service '%s' does not answer", service))
		    : error_set(err, EAGAIN, "the service '%s' does not answer", service);
}

bool service_answered(enum nss_status status, int code)
{
	return status == NSS_STATUS_SUCCESS || status == NSS_STATUS_NOTFOUND || code == ESRCH;
}

/* `files` is libc's own since 2.34 and says why it does not answer only when we read the file. */
static int files_answer(struct error *err)
{
	cleanup_fd int fd = open("/etc/group", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t got;

	if (fd < 0)
		return error_errno(err, "/etc/group");
	do {
		got = read(fd, text, sizeof(text));
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? error_errno(err, "/etc/group") : 0;
}

/* One without a list of a user's groups is gone through by libc, group by group. */
static int list_begins(const char *service, struct error *err)
{
	int code = 0;
	nss_setgrent *begin = service_function(service, "setgrent", &code);
	enum nss_status status = NSS_STATUS_SUCCESS;

	errno = 0;
	if (begin)
		status = begin(0);
	else if (code)
		return service_silent(service, code, err);
	return service_answered(status, errno) ? 0 : service_silent(service, errno, err);
}

static int service_answers(const char *service, const char *user, gid_t gid, struct error *err)
{
	long count = 0, size = 64;
	nss_initgroups_dyn *by_user;
	enum nss_status status;
	gid_t *list;
	int code = 0;

	if (strcmp(service, "files") == 0)
		return files_answer(err);
	by_user = service_function(service, "initgroups_dyn", &code);
	if (code)
		return service_silent(service, code, err);
	if (!by_user)
		return list_begins(service, err);
	list = malloc((size_t)size * sizeof(*list));
	if (!list)
		return error_errno(err, "groups");
	/* The service may move the list: it is freed where it is then. */
	status = by_user(user, gid, &count, &size, &list, -1, &code);
	free(list);
	return service_answered(status, code) ? 0 : service_silent(service, code, err);
}

static int all_answer(const char *user, gid_t gid, const char *but, struct error *err)
{
	struct services services;
	size_t index;

	if (services_read("group", "initgroups", &services, err) < 0)
		return -err->code;
	for (index = 0; index < services.count; index++) {
		const char *service = services.names[index];

		if (strcmp(service, but) != 0 && service_answers(service, user, gid, err) < 0)
			return -err->code;
	}
	return 0;
}

int services_answer(const char *user, gid_t gid, struct error *err)
{
	return all_answer(user, gid, "", err);
}

int services_answer_cheaply(const char *user, gid_t gid, struct error *err)
{
	return all_answer(user, gid, "systemd", err);
}
