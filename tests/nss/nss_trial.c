/* SPDX-License-Identifier: MIT */
/*
 * A name service whose answers a test decides: `trial` in nsswitch.conf(5). Its users and groups are
 * those of $TRIAL_DIR/passwd and group; while $TRIAL_DIR/unavail is there it answers
 * NSS_STATUS_UNAVAIL, while tryagain is there NSS_STATUS_TRYAGAIN, while notfound is there that
 * there is no such name, and while slow holds a number it waits so many seconds first.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TRIAL_DIR
#define TRIAL_DIR "/run/nss-trial"
#endif

nss_getpwnam_r _nss_trial_getpwnam_r;
nss_getpwuid_r _nss_trial_getpwuid_r;
nss_getgrnam_r _nss_trial_getgrnam_r;
nss_getgrgid_r _nss_trial_getgrgid_r;
nss_initgroups_dyn _nss_trial_initgroups_dyn;
nss_setpwent _nss_trial_setpwent;
nss_getpwent_r _nss_trial_getpwent_r;
nss_endpwent _nss_trial_endpwent;

static enum nss_status state(int *ret_code)
{
	FILE *slow = fopen(TRIAL_DIR "/slow", "re");
	unsigned seconds = 0;

	if (slow && fscanf(slow, "%u", &seconds) == 1)
		(void)sleep(seconds);
	if (slow)
		(void)fclose(slow);
	*ret_code = EIO;
	if (access(TRIAL_DIR "/unavail", F_OK) == 0)
		return NSS_STATUS_UNAVAIL;
	*ret_code = EAGAIN;
	if (access(TRIAL_DIR "/tryagain", F_OK) == 0)
		return NSS_STATUS_TRYAGAIN;
	*ret_code = ENOENT;
	return access(TRIAL_DIR "/notfound", F_OK) == 0 ? NSS_STATUS_NOTFOUND : NSS_STATUS_SUCCESS;
}

static enum nss_status told(int code, int *ret_code)
{
	*ret_code = code;
	if (code == 0)
		return NSS_STATUS_SUCCESS;
	return code == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_NOTFOUND;
}

static enum nss_status find_user(const char *name, uid_t uid, struct passwd *record, char *buffer,
				 size_t size, int *ret_code)
{
	enum nss_status status = state(ret_code);
	FILE *file = status == NSS_STATUS_SUCCESS ? fopen(TRIAL_DIR "/passwd", "re") : NULL;
	struct passwd *found;
	int code = ENOENT;

	if (!file)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	while ((code = fgetpwent_r(file, record, buffer, size, &found)) == 0) {
		if (name ? strcmp(found->pw_name, name) == 0 : found->pw_uid == uid)
			break;
	}
	(void)fclose(file);
	return told(code, ret_code);
}

static enum nss_status find_group(const char *name, gid_t gid, struct group *record, char *buffer,
				  size_t size, int *ret_code)
{
	enum nss_status status = state(ret_code);
	FILE *file = status == NSS_STATUS_SUCCESS ? fopen(TRIAL_DIR "/group", "re") : NULL;
	struct group *found;
	int code = ENOENT;

	if (!file)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	while ((code = fgetgrent_r(file, record, buffer, size, &found)) == 0) {
		if (name ? strcmp(found->gr_name, name) == 0 : found->gr_gid == gid)
			break;
	}
	(void)fclose(file);
	return told(code, ret_code);
}

enum nss_status _nss_trial_getpwnam_r(const char *name, struct passwd *record, char *buffer,
				      size_t size, int *ret_code)
{
	return find_user(name, 0, record, buffer, size, ret_code);
}

enum nss_status _nss_trial_getpwuid_r(uid_t uid, struct passwd *record, char *buffer, size_t size,
				      int *ret_code)
{
	return find_user(NULL, uid, record, buffer, size, ret_code);
}

enum nss_status _nss_trial_getgrnam_r(const char *name, struct group *record, char *buffer,
				      size_t size, int *ret_code)
{
	return find_group(name, 0, record, buffer, size, ret_code);
}

enum nss_status _nss_trial_getgrgid_r(gid_t gid, struct group *record, char *buffer, size_t size,
				      int *ret_code)
{
	return find_group(NULL, gid, record, buffer, size, ret_code);
}

static bool lists(const struct group *group, const char *user)
{
	char **name;

	for (name = group->gr_mem; *name; name++) {
		if (strcmp(*name, user) == 0)
			return true;
	}
	return false;
}

enum nss_status _nss_trial_initgroups_dyn(const char *user, gid_t login_group, long *count,
					  long *size, gid_t **gids, long limit, int *ret_code)
{
	enum nss_status status = state(ret_code);
	FILE *file = status == NSS_STATUS_SUCCESS ? fopen(TRIAL_DIR "/group", "re") : NULL;
	const struct group *group;

	if (!file)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	while ((group = fgetgrent(file))) {
		if (group->gr_gid == login_group || !lists(group, user) ||
		    (limit > 0 && *count >= limit))
			continue;
		if (*count == *size) {
			gid_t *grown = reallocarray(*gids, (size_t)*size * 2, sizeof(*grown));

			if (!grown)
				break;
			*gids = grown;
			*size *= 2;
		}
		(*gids)[(*count)++] = group->gr_gid;
	}
	(void)fclose(file);
	*ret_code = 0;
	return NSS_STATUS_SUCCESS;
}

static FILE *listed;

enum nss_status _nss_trial_setpwent(int stay_open)
{
	int ignored;
	enum nss_status status = state(&ignored);

	(void)stay_open;
	if (status == NSS_STATUS_SUCCESS && !listed)
		listed = fopen(TRIAL_DIR "/passwd", "re");
	return status;
}

enum nss_status _nss_trial_getpwent_r(struct passwd *record, char *buffer, size_t size,
				      int *ret_code)
{
	struct passwd *found;
	enum nss_status status = state(ret_code);

	if (status != NSS_STATUS_SUCCESS || !listed)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	return told(fgetpwent_r(listed, record, buffer, size, &found), ret_code);
}

enum nss_status _nss_trial_endpwent(void)
{
	if (listed)
		(void)fclose(listed);
	listed = NULL;
	return NSS_STATUS_SUCCESS;
}
