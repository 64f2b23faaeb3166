/* SPDX-License-Identifier: MIT */
#include "groupies/users.h"

#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/services.h"

#define RECORD_MAX (64 * 1024 * 1024) /* of one group with all its names */

union record {
	struct passwd user;
	struct group group;
};

/* What is asked for: by NAME, or by ID where there is none. */
struct question {
	bool of_group;
	const char *name;
	unsigned id;
};

/* An answer and the memory that it points into. */
struct answer {
	union record record;
	char *buffer;
	size_t size;
};

static void answer_clear(struct answer *answer)
{
	free(answer->buffer);
}

#define cleanup_answer __attribute__((cleanup(answer_clear)))

static bool answer_grow(struct answer *answer)
{
	size_t size = answer->size ? answer->size * 4 : 4096;
	char *grown = size > RECORD_MAX ? NULL : realloc(answer->buffer, size);

	if (!grown)
		return false;
	answer->buffer = grown;
	answer->size = size;
	return true;
}

static const char *question_print(const struct question *question, char *text, size_t size)
{
	if (question->name)
		(void)snprintf(text, size, "%s '%s'", question->of_group ? "group" : "user",
			       question->name);
	else
		(void)snprintf(text, size, "%s %u", question->of_group ? "gid" : "uid",
			       question->id);
	return text;
}

/* ---- one service ---------------------------------------------------------------------------- */

/* `files` is libc's own since 2.34 and can say why it does not answer only when we read the file. */
static int files_find(const struct question *question, struct answer *answer, struct error *err)
{
	const char *path = question->of_group ? "/etc/group" : "/etc/passwd";
	cleanup_file FILE *file = fopen(path, "re");
	struct passwd *user;
	struct group *group;
	int code = 0;

	if (!file)
		return error_errno(err, "%s", path);
	for (;;) {
		long at = ftell(file);

		code = question->of_group ? fgetgrent_r(file, &answer->record.group, answer->buffer,
							answer->size, &group)
					  : fgetpwent_r(file, &answer->record.user, answer->buffer,
							answer->size, &user);
		if (code == ERANGE && answer_grow(answer) && fseek(file, at, SEEK_SET) == 0)
			continue;
		if (code != 0)
			break;
		if (question->of_group
			    ? (question->name ? strcmp(group->gr_name, question->name) == 0
					      : group->gr_gid == question->id)
			    : (question->name ? strcmp(user->pw_name, question->name) == 0
					      : user->pw_uid == question->id))
			return 1;
	}
	errno = ferror(file) ? EIO : code;
	return errno == ENOENT ? 0 : error_errno(err, "%s", path);
}

static enum nss_status service_call(void *function, const struct question *question,
				    struct answer *answer, int *ret_code)
{
	nss_getpwnam_r *user_by_name = function;
	nss_getpwuid_r *user_by_id = function;
	nss_getgrnam_r *group_by_name = function;
	nss_getgrgid_r *group_by_id = function;
	struct group *group = &answer->record.group;
	struct passwd *user = &answer->record.user;

	if (question->of_group)
		return question->name ? group_by_name(question->name, group, answer->buffer,
						      answer->size, ret_code)
				      : group_by_id(question->id, group, answer->buffer,
						    answer->size, ret_code);
	return question->name
		       ? user_by_name(question->name, user, answer->buffer, answer->size, ret_code)
		       : user_by_id(question->id, user, answer->buffer, answer->size, ret_code);
}

static int service_find(const char *service, const struct question *question, struct answer *answer,
			struct error *err)
{
	static const char *const functions[2][2] = {{"getpwuid_r", "getpwnam_r"},
						    {"getgrgid_r", "getgrnam_r"}};
	enum nss_status status;
	void *function;
	int code = 0;

	if (strcmp(service, "files") == 0)
		return files_find(question, answer, err);
	function =
		service_function(service, functions[question->of_group][!!question->name], &code);
	if (!function)
		return code ? service_silent(service, code, err) : 0;
	do {
		code = 0;
		status = service_call(function, question, answer, &code);
	} while (status == NSS_STATUS_TRYAGAIN && code == ERANGE && answer_grow(answer));
	if (status == NSS_STATUS_SUCCESS)
		return 1;
	return service_answered(status, code) ? 0 : service_silent(service, code, err);
}

static int services_find(const struct question *question, struct answer *answer, struct error *err)
{
	struct services services;
	struct error trouble = ERROR_NONE;
	size_t index;

	if (services_read(question->of_group ? "group" : "passwd", NULL, &services, err) < 0)
		return -err->code;
	for (index = 0; index < services.count; index++) {
		struct error silence = ERROR_NONE;
		int found = service_find(services.names[index], question, answer, &silence);

		if (found == 1)
			return 1;
		if (!trouble.code)
			trouble = silence;
	}
	if (trouble.code)
		*err = trouble;
	return -trouble.code;
}

/* ---- one user, one group ---------------------------------------------------------------------- */

static int libc_find(const struct question *question, struct answer *answer)
{
	struct passwd *user = NULL, *record = &answer->record.user;
	struct group *group = NULL, *group_record = &answer->record.group;
	int code;

	do {
		if (question->of_group)
			code = question->name ? getgrnam_r(question->name, group_record,
							   answer->buffer, answer->size, &group)
					      : getgrgid_r(question->id, group_record,
							   answer->buffer, answer->size, &group);
		else
			code = question->name ? getpwnam_r(question->name, record, answer->buffer,
							   answer->size, &user)
					      : getpwuid_r(question->id, record, answer->buffer,
							   answer->size, &user);
	} while (code == ERANGE && answer_grow(answer));
	return user || group;
}

/* Nothing from libc may be an answer, and may be none. */
static int find(const struct question *question, struct answer *answer, struct error *err)
{
	char what[MEMBER_NAME_SIZE + 16];
	int found;

	if (!answer_grow(answer))
		return error_errno(err, "%s", question_print(question, what, sizeof(what)));
	found = libc_find(question, answer) ? 1 : services_find(question, answer, err);
	return found < 0 ? error_context(err, "%s: the user database does not answer",
					 question_print(question, what, sizeof(what)))
			 : found;
}

static bool user_take(const struct passwd *entry, struct user *ret_user)
{
	struct user user = {.uid = entry->pw_uid, .gid = entry->pw_gid};

	if (!text_copy(user.name, sizeof(user.name), entry->pw_name))
		return false;
	*ret_user = user;
	return true;
}

static int user_ask(const struct question *question, struct user *ret_user, char *comment,
		    struct error *err)
{
	cleanup_answer struct answer answer = {0};
	int found = find(question, &answer, err);

	if (found <= 0)
		return found;
	if (!user_take(&answer.record.user, ret_user))
		return error_set(err, ENAMETOOLONG, "uid %u: its name is too long",
				 (unsigned)answer.record.user.pw_uid);
	if (comment)
		(void)snprintf(comment, USER_COMMENT_SIZE, "%s", answer.record.user.pw_gecos);
	return 1;
}

int user_find(const char *name, struct user *ret_user, struct error *err)
{
	return user_ask(&(struct question){.name = name}, ret_user, NULL, err);
}

int user_find_comment(const char *name, struct user *ret_user, char ret_comment[USER_COMMENT_SIZE],
		      struct error *err)
{
	return user_ask(&(struct question){.name = name}, ret_user, ret_comment, err);
}

int user_find_uid(uid_t uid, struct user *ret_user, struct error *err)
{
	return user_ask(&(struct question){.id = uid}, ret_user, NULL, err);
}

int group_find(const char *name, gid_t *ret_gid, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	int found = find(&(struct question){.of_group = true, .name = name}, &answer, err);

	if (found == 1)
		*ret_gid = answer.record.group.gr_gid;
	return found;
}

int group_find_gid(gid_t gid, char ret_name[MEMBER_NAME_SIZE], struct error *err)
{
	cleanup_answer struct answer answer = {0};
	int found = find(&(struct question){.of_group = true, .id = gid}, &answer, err);

	if (found == 1 && !text_copy(ret_name, MEMBER_NAME_SIZE, answer.record.group.gr_name))
		return error_set(err, ENAMETOOLONG, "gid %u: its name is too long", (unsigned)gid);
	return found;
}

int group_each_name(gid_t gid, name_visitor *visit, void *data, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	int found = find(&(struct question){.of_group = true, .id = gid}, &answer, err);
	char **name;

	for (name = found == 1 ? answer.record.group.gr_mem : NULL; name && *name; name++) {
		int ret = visit(*name, data, err);

		if (ret < 0)
			return ret;
	}
	return found;
}

/* ---- the groups of a user --------------------------------------------------------------------- */

int user_gids(const struct user *user, gid_t **ret_gids, size_t *ret_count, struct error *err)
{
	cleanup_free gid_t *gids = NULL;
	int count = 64;

	for (;;) {
		int room = count;
		gid_t *grown = reallocarray(gids, (size_t)room, sizeof(*gids));

		if (!grown)
			return error_errno(err, "groups of '%s'", user->name);
		gids = grown;
		if (getgrouplist(user->name, user->gid, gids, &count) >= 0)
			break;
		count = count > room ? count : room * 2;
	}
	if (services_answer(user->name, user->gid, err) < 0)
		return error_context(err, "groups of '%s': the user database does not answer",
				     user->name);
	*ret_gids = steal_pointer(&gids);
	*ret_count = (size_t)count;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------ */

static int files_each(user_visitor *visit, void *data, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	cleanup_file FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;
	struct user user;
	int code = 0;

	if (!file)
		return error_errno(err, "/etc/passwd");
	if (!answer_grow(&answer))
		return error_errno(err, "users");
	for (;;) {
		long at = ftell(file);

		code = fgetpwent_r(file, &answer.record.user, answer.buffer, answer.size, &entry);
		if (code == ERANGE && answer_grow(&answer) && fseek(file, at, SEEK_SET) == 0)
			continue;
		if (code != 0)
			break;
		if (user_take(entry, &user) && visit(&user, data, err) < 0)
			return -err->code;
	}
	errno = ferror(file) ? EIO : code;
	return errno == ENOENT ? 0 : error_errno(err, "/etc/passwd");
}

static int service_each(const char *service, user_visitor *visit, void *data, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	int code = 0;
	nss_setpwent *begin = service_function(service, "setpwent", &code);
	nss_getpwent_r *next = service_function(service, "getpwent_r", &code);
	nss_endpwent *end = service_function(service, "endpwent", &code);
	enum nss_status status;
	struct user user;
	int ret = 0;

	if (!begin || !next || !end)
		return code ? service_silent(service, code, err) : 0;
	if (!answer_grow(&answer))
		return error_errno(err, "users");
	status = begin(0);
	while (status == NSS_STATUS_SUCCESS && ret >= 0) {
		code = 0;
		status = next(&answer.record.user, answer.buffer, answer.size, &code);
		if (status == NSS_STATUS_TRYAGAIN && code == ERANGE && answer_grow(&answer))
			status = NSS_STATUS_SUCCESS;
		else if (status == NSS_STATUS_SUCCESS && user_take(&answer.record.user, &user))
			ret = visit(&user, data, err);
	}
	(void)end();
	if (ret < 0)
		return ret;
	return service_answered(status, code) ? 0 : service_silent(service, code, err);
}

int users_each(user_visitor *visit, void *data, struct error *err)
{
	struct services services;
	size_t index;

	if (services_read("passwd", NULL, &services, err) < 0)
		return -err->code;
	for (index = 0; index < services.count; index++) {
		const char *service = services.names[index];

		if ((strcmp(service, "files") == 0 ? files_each(visit, data, err)
						   : service_each(service, visit, data, err)) < 0)
			return error_context(err, "the list of users");
	}
	return 0;
}
