/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/file.h"
#include "groupies/size.h"

/*
 * 1 with the number, 0 for "none": a kernel without audit has no such file, and (uid_t)-1 or
 * (unsigned)-1 in loginuid or sessionid means it.
 */
static int audit_number(const char *path, uint64_t *ret_number, struct error *err)
{
	char text[16];
	struct error trouble;

	if (kernel_read(AT_FDCWD, path, text, sizeof(text), &trouble) >= 0)
		return number_parse(text, 0, UINT32_MAX - 1, ret_number, &trouble) == 0;
	if (errno_means_gone(trouble.code))
		return 0;
	*err = trouble;
	return -err->code;
}

/* The group in the hierarchy that systemd keeps its units in. */
static bool unit_path(const char *cgroup_text, char *path, size_t size)
{
	struct error ignored;

	return cgroup_find(cgroup_text, "name=systemd", path, size, &ignored) == 1 ||
	       cgroup_find(cgroup_text, "", path, size, &ignored) == 1;
}

static bool is_session_scope(const char *name)
{
	const char *end = strrchr(name, '.');

	return strncmp(name, "session-", 8) == 0 && end && strcmp(end, ".scope") == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t whole = strlen(text), part = strlen(end);

	return whole >= part && strcmp(text + whole - part, end) == 0;
}

int session_is_own(uid_t uid, char id[16], struct error *err)
{
	char text[CGROUP_TEXT_SIZE], path[CGROUP_PATH_SIZE];
	uint64_t login = 0, session = 0;
	int found = audit_number("/proc/self/loginuid", &login, err);

	if (found == 1 && login == uid)
		found = audit_number("/proc/self/sessionid", &session, err);
	if (found <= 0 || login != uid || session == 0)
		return found < 0 ? found : 0;
	if (cgroup_read(0, text, sizeof(text), err) < 0)
		return -err->code;
	if (!unit_path(text, path, sizeof(path)) || is_session_scope(strrchr(path, '/') + 1))
		return 0;
	(void)snprintf(id, 16, "%u", (unsigned)session);
	return 1;
}

bool session_has_scope(const char *cgroup_text, const char *id)
{
	char path[CGROUP_PATH_SIZE], scope[48];

	(void)snprintf(scope, sizeof(scope), "/session-%s.scope", id);
	return unit_path(cgroup_text, path, sizeof(path)) && ends_with(path, scope);
}

bool session_is_main_process(pam_handle_t *pamh, const char *cgroup_text)
{
	char path[CGROUP_PATH_SIZE];
	const void *service = NULL;

	if (pam_get_item(pamh, PAM_SERVICE, &service) == PAM_SUCCESS && service &&
	    strcmp(service, "systemd-user") == 0)
		return true;
	return getppid() == 1 && unit_path(cgroup_text, path, sizeof(path)) &&
	       ends_with(path, ".service");
}
