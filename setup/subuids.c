/* SPDX-License-Identifier: MIT */
#include "subuids.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/size.h"
#include "members.h"

#define SUBUID_FILE "/etc/subuid"

void subuids_clear(struct subuids *subuids)
{
	free(subuids->list);
	*subuids = (struct subuids){0};
}

static bool owner_is(const char *owner, uid_t uid, const char *name)
{
	struct error ignored;
	uint64_t number;

	return (*name && strcmp(owner, name) == 0) ||
	       (number_parse(owner, 0, UINT32_MAX - 1, &number, &ignored) == 0 && number == uid);
}

/* Takes LINE, which it changes, apart. False: it gives nothing to UID, who is called NAME. */
static bool line_parse(char *line, uid_t uid, const char *name, struct subuid_range *ret_range)
{
	char *first_text = strchr(line, ':'), *count_text;
	uint64_t first, count;
	struct error ignored;

	line[strcspn(line, "\n")] = '\0';
	count_text = first_text ? strchr(first_text + 1, ':') : NULL;
	if (!count_text)
		return false;
	*first_text++ = *count_text++ = '\0';
	if (!owner_is(line, uid, name) ||
	    number_parse(first_text, 1, UINT32_MAX - 1, &first, &ignored) < 0 ||
	    number_parse(count_text, 1, UINT32_MAX - first, &count, &ignored) < 0)
		return false;
	*ret_range = (struct subuid_range){(uid_t)first, (uid_t)(first + count - 1)};
	return true;
}

static int subuids_add(struct subuids *subuids, const struct subuid_range *range, struct error *err)
{
	struct subuid_range *grown =
		reallocarray(subuids->list, subuids->count + 1, sizeof(*grown));

	if (!grown)
		return error_errno(err, SUBUID_FILE);
	subuids->list = grown;
	grown[subuids->count++] = *range;
	return 0;
}

int subuids_read(uid_t uid, struct subuids *ret_subuids, struct error *err)
{
	cleanup_subuids struct subuids subuids = {0};
	cleanup_file FILE *file = fopen(SUBUID_FILE, "re");
	cleanup_free char *line = NULL;
	struct user user = {0};
	size_t size = 0;

	if (!file && errno != ENOENT)
		return error_errno(err, SUBUID_FILE);
	if (file && user_find_uid(uid, &user, err) < 0)
		return -err->code;
	while (file && getline(&line, &size, file) >= 0) {
		struct subuid_range range;

		if (line_parse(line, uid, user.name, &range) &&
		    subuids_add(&subuids, &range, err) < 0)
			return -err->code;
	}
	if (file && ferror(file))
		return error_errno(err, SUBUID_FILE);
	*ret_subuids = subuids;
	subuids = (struct subuids){0};
	return 0;
}

bool subuids_hold(const struct subuids *subuids, uid_t uid)
{
	struct error ignored;
	struct user user;
	size_t index;

	for (index = 0; index < subuids->count; index++) {
		if (uid >= subuids->list[index].first && uid <= subuids->list[index].last)
			return user_find_uid(uid, &user, &ignored) == 0;
	}
	return false;
}
