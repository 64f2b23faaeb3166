/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/paths.h"
#include "groupies/size.h"
#include "processes.h"

#define WAYS_IN "sudo,adm,wheel,admin"

void users_clear(struct users *users)
{
	free(users->list);
	*users = (struct users){0};
}

int users_add(struct users *users, const struct user *user, struct error *err)
{
	struct user *grown;
	size_t index;

	for (index = 0; index < users->count; index++) {
		if (users->list[index].uid == user->uid)
			return 0;
	}
	grown = reallocarray(users->list, users->count + 1, sizeof(*grown));
	if (!grown)
		return error_errno(err, "users");
	users->list = grown;
	grown[users->count++] = *user;
	return 0;
}

/* ---- whom an entry makes members ------------------------------------------------------------- */

/* Root is nobody's member, whatever group lists it. */
static int members_add(struct users *users, const struct user *user, struct error *err)
{
	return user->uid == 0 ? 0 : users_add(users, user, err);
}

/* What a group's users are gathered into, and by what. */
struct gathering {
	struct users *users;
	gid_t gid;
};

static int take_listed(const char *name, void *data, struct error *err)
{
	struct gathering *gathering = data;
	struct user user;
	int found = user_find(name, &user, err);

	return found == 1 ? members_add(gathering->users, &user, err) : found;
}

static int take_by_login_group(const struct user *user, void *data, struct error *err)
{
	struct gathering *gathering = data;

	return user->gid == gathering->gid ? members_add(gathering->users, user, err) : 0;
}

/* A group's users are those that it lists and those whose login group it is. */
static int group_users(gid_t gid, struct users *users, struct error *err)
{
	struct gathering gathering = {.users = users, .gid = gid};

	if (group_each_name(gid, take_listed, &gathering, err) < 0)
		return -err->code;
	return users_each(take_by_login_group, &gathering, err);
}

int member_users(const struct registry_entry *entry, struct users *ret_users, struct error *err)
{
	cleanup_users struct users users = {0};
	struct user user;
	int found;

	if (entry->is_group) {
		if (group_users(entry->id, &users, err) < 0)
			return -err->code;
	} else {
		found = user_find_uid(entry->id, &user, err);
		if (found < 0 || (found && members_add(&users, &user, err) < 0))
			return -err->code;
	}
	*ret_users = users;
	users = (struct users){0};
	return 0;
}

static int member_word_users(const char *member, struct users *users, struct error *err)
{
	struct user user;
	gid_t gid;
	int found =
		*member == '@' ? group_find(member + 1, &gid, err) : user_find(member, &user, err);

	if (found <= 0)
		return found;
	return *member == '@' ? group_users(gid, users, err) : members_add(users, &user, err);
}

int config_users(const struct config *config, struct users *ret_users, struct error *ret_trouble,
		 struct error *err)
{
	cleanup_users struct users users = {0};
	struct error trouble = ERROR_NONE;
	size_t index;

	for (index = 0; index < config->member_count; index++) {
		struct error inner;

		if (member_word_users(config->members[index], &users, &inner) >= 0)
			continue;
		if (!ret_trouble) {
			*err = inner;
			return -err->code;
		}
		trouble = inner;
	}
	if (ret_trouble)
		*ret_trouble = trouble;
	*ret_users = users;
	users = (struct users){0};
	return 0;
}

int user_entry(const struct user *user, struct registry_entry *ret_entry, struct error *err)
{
	cleanup_free gid_t *gids = NULL;
	size_t count;

	if (user_gids(user, &gids, &count, err) < 0)
		return -err->code;
	return registry_find(user->uid, gids, count, ret_entry, err);
}

int user_is_in(const struct user *user, const char *groups, char *ret_which, size_t size,
	       struct error *err)
{
	cleanup_free gid_t *gids = NULL;
	size_t count = 0, index;

	*ret_which = '\0';
	if (user_gids(user, &gids, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		char name[MEMBER_NAME_SIZE];
		int found = group_find_gid(gids[index], name, err);

		if (found < 0)
			return found;
		if (!found || !controllers_have(groups, name))
			continue;
		if (*ret_which)
			(void)strncat(ret_which, ", ", size - strlen(ret_which) - 1);
		(void)strncat(ret_which, name, size - strlen(ret_which) - 1);
	}
	return *ret_which != '\0';
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* FILE:LINE of MEMBER in the config of NAME, for messages. */
static const char *where(const char *name, const char *member, char *text, size_t size)
{
	unsigned line = config_line_of(name, member);

	if (line)
		(void)snprintf(text, size, "%s/%s.conf:%u", GROUPIES_CONFIG_DIR, name, line);
	else
		(void)snprintf(text, size, "%s/%s.conf", GROUPIES_CONFIG_DIR, name);
	return text;
}

static bool is_uid(const char *text, uid_t uid)
{
	struct error ignored;
	uint64_t number;

	/* (uid_t)-1 is how the kernel says that nobody has logged in. */
	return number_parse(text, 1, UINT32_MAX - 1, &number, &ignored) == 0 && number == uid;
}

/* Has USER become root to run this? su leaves no SUDO_UID; what the kernel knows is asked as well. */
static int is_invoker(const struct user *user, char *why, size_t size, struct error *err)
{
	const char *sudo = getenv("SUDO_UID");
	struct process ancestor;
	char login[32];
	struct error ignored;
	int found = ancestor_find(user->uid, &ancestor, err);

	if (found < 0)
		return found;
	if (sudo && is_uid(sudo, user->uid))
		(void)snprintf(why, size, "is who invoked this through sudo");
	else if (found)
		(void)snprintf(why, size, "is who invoked this, from %s (%d)", ancestor.command,
			       (int)ancestor.pid);
	else if (kernel_read(AT_FDCWD, "/proc/self/loginuid", login, sizeof(login), &ignored) > 0 &&
		 is_uid(login, user->uid))
		(void)snprintf(why, size, "is who logged in and invoked this");
	else
		return 0;
	return 1;
}

/* Is USER how the administrator becomes root? Writes why. */
static int is_way_in(const struct user *user, char *why, size_t size, struct error *err)
{
	char groups[128];
	int found = is_invoker(user, why, size, err);

	if (found)
		return found;
	found = user_is_in(user, WAYS_IN, groups, sizeof(groups), err);
	if (found <= 0)
		return found;
	(void)snprintf(why, size, "is in group %s", groups);
	return 1;
}

/* A refused login of this user would be root's: that is 1 and a sentence, unless forced. */
static int check_way_in(const struct registry_entry *entry, const char *member, bool force,
			struct report *report, struct error *err)
{
	cleanup_users struct users users = {0};
	char at[128], why[192];
	size_t index;

	if (member_users(entry, &users, err) < 0)
		return -err->code;
	for (index = 0; index < users.count; index++) {
		const struct user *user = &users.list[index];
		int way_in = is_way_in(user, why, sizeof(why), err);

		if (way_in < 0)
			return way_in;
		if (way_in == 1 && !force) {
			(void)error_set(err, EPERM,
					"%s: '%s' %s: whoever is root's way in could be locked out "
					"with it; --force enrols it all the same",
					where(entry->playground, member, at, sizeof(at)),
					user->name, why);
			return 1;
		}
		if (way_in == 1)
			report_step(report, REPORT_WARNING, "member",
				    "%s %s, enrolled all the same (--force)", user->name, why);
	}
	return 0;
}

int member_resolve(const struct config *config, const char *member,
		   struct registry_entry *ret_entry, struct error *err)
{
	struct registry_entry entry = {.is_group = *member == '@',
				       .own_limits = config->own_limits};
	const char *name = member + entry.is_group;
	struct user user;
	gid_t gid;
	int found = entry.is_group ? group_find(name, &gid, err) : user_find(name, &user, err);

	if (found <= 0)
		return found;
	entry.id = entry.is_group ? gid : user.uid;
	(void)text_copy(entry.name, sizeof(entry.name), name);
	(void)text_copy(entry.playground, sizeof(entry.playground), config->name);
	*ret_entry = entry;
	return 1;
}

static int check_claims(const struct entries *entries, const struct registry_entry *entry,
			const char *member, struct error *err)
{
	const struct registry_entry *other = entries_find(entries, entry->is_group, entry->id);
	char at[128], there[128], claimed[MEMBER_NAME_SIZE + 1];

	(void)where(entry->playground, member, at, sizeof(at));
	if (!entry->is_group && entry->id == 0)
		return error_set(err, EINVAL, "%s: '%s' is uid 0: root is never a member", at,
				 member);
	if (!other)
		return 0;
	(void)snprintf(claimed, sizeof(claimed), "%s%s", other->is_group ? "@" : "", other->name);
	(void)where(other->playground, claimed, there, sizeof(there));
	if (strcmp(other->name, entry->name) != 0)
		return error_set(err, EEXIST, "%s: '%s' and '%s' (%s) are one and the same %s %u",
				 at, member, claimed, there, entry->is_group ? "gid" : "uid",
				 entry->id);
	return error_set(err, EEXIST, "%s: '%s' is claimed by playground '%s' already (%s)", at,
			 member, other->playground, there);
}

/* A name of a config's that was not found, or, with TROUBLE, of which nobody can tell. */
struct missing {
	const struct config *config;
	const char *member;
	struct error trouble;
};

/* What members_resolve works on. */
struct resolving {
	const struct entries *present; /* the registry as it is */
	struct entries entries;        /* as it shall be */
	struct missing *missing;
	size_t missing_count;
	struct report *report;
	bool force;
};

static void resolving_clear(struct resolving *resolving)
{
	entries_clear(&resolving->entries);
	free(resolving->missing);
}

#define cleanup_resolving __attribute__((cleanup(resolving_clear)))

static int missing_add(struct resolving *resolving, const struct config *config, const char *member,
		       const struct error *trouble, struct error *err)
{
	struct missing *grown =
		reallocarray(resolving->missing, resolving->missing_count + 1, sizeof(*grown));

	if (!grown)
		return error_errno(err, "members");
	resolving->missing = grown;
	grown[resolving->missing_count++] = (struct missing){config, member, *trouble};
	return 0;
}

/* MEMBER gets its entry, or is missing. */
static int member_enrol(struct resolving *resolving, const struct config *config,
			const char *member, struct error *err)
{
	struct error trouble = ERROR_NONE;
	struct registry_entry entry;
	int found = member_resolve(config, member, &entry, &trouble);

	if (found == 1) {
		if (check_claims(&resolving->entries, &entry, member, err) < 0)
			return -err->code;
		found = check_way_in(&entry, member, resolving->force, resolving->report, &trouble);
		if (found == 1) {
			*err = trouble;
			return -err->code;
		}
		if (found == 0)
			return entries_add(&resolving->entries, &entry, err);
	}
	return missing_add(resolving, config, member, &trouble, err);
}

/*
 * Whom a config names stays enrolled under the id that is known: a directory may say "no such user"
 * for a moment, or not answer at all. Only taking the name out of the config releases. When all
 * others have their entries: who was renamed, and is named by the new name, has one already.
 */
static int missing_settle(struct resolving *resolving, const struct missing *missing,
			  struct error *err)
{
	const char *member = missing->member;
	bool is_group = *member == '@';
	const struct registry_entry *known =
		entries_find_member(resolving->present, member, missing->config->name);
	struct registry_entry entry;
	char at[128], why[sizeof(missing->trouble.text)];

	(void)where(missing->config->name, member, at, sizeof(at));
	(void)snprintf(why, sizeof(why), "there is no %s '%s'", is_group ? "group" : "user",
		       member + is_group);
	if (missing->trouble.code)
		(void)text_copy(why, sizeof(why), missing->trouble.text);
	if (!known || entries_find(&resolving->entries, is_group, known->id)) {
		report_step(resolving->report, REPORT_WARNING, "member", "%s: %s: left out", at,
			    why);
		return 0;
	}
	report_step(
		resolving->report, REPORT_WARNING, "member",
		"%s: %s: stays enrolled as %s %u; taking the name out of the config releases it",
		at, why, is_group ? "gid" : "uid", known->id);
	entry = *known;
	entry.own_limits = missing->config->own_limits;
	(void)text_copy(entry.playground, sizeof(entry.playground), missing->config->name);
	return entries_add(&resolving->entries, &entry, err);
}

/* One member alone can fill what all share, and then nobody else gets in. */
static void warn_of_sharing(const struct config *config, const struct entries *entries,
			    struct report *report)
{
	size_t index, count = 0;

	for (index = 0; index < entries->count; index++) {
		if (strcmp(entries->list[index].playground, config->name) == 0)
			count += entries->list[index].is_group ? 2 : 1;
	}
	if (count > 1 && !config->own_limits)
		report_step(report, REPORT_WARNING, "playground",
			    "%s: several members share it and none has limits of its own: one can "
			    "shut the others out by filling it; add a [Member] section to "
			    "%s/%s.conf",
			    config->name, GROUPIES_CONFIG_DIR, config->name);
}

/* Two groups that pull one user into different playgrounds: that user is refused at login. */
static int warn_of_torn(const struct entries *entries, const struct registry_entry *one,
			const struct registry_entry *two, struct report *report, struct error *err)
{
	cleanup_users struct users of_one = {0}, of_two = {0};
	size_t i, j;

	if (member_users(one, &of_one, err) < 0 || member_users(two, &of_two, err) < 0)
		return -err->code;
	for (i = 0; i < of_one.count; i++) {
		for (j = 0; j < of_two.count; j++) {
			const struct user *user = &of_one.list[i];

			if (user->uid != of_two.list[j].uid ||
			    entries_find(entries, false, user->uid))
				continue;
			report_step(report, REPORT_WARNING, "member",
				    "%s is pulled into '%s' by group %s and into '%s' by group %s: "
				    "its logins will be refused; name the user itself in one "
				    "config",
				    user->name, one->playground, one->name, two->playground,
				    two->name);
		}
	}
	return 0;
}

/* Only a warning: what a database does not tell now is told by the refused login, and by check. */
static void warn_of_all_torn(const struct entries *entries, struct report *report)
{
	struct error trouble;
	size_t i, j;

	for (i = 0; i < entries->count; i++) {
		for (j = i + 1; j < entries->count; j++) {
			const struct registry_entry *one = &entries->list[i],
						    *two = &entries->list[j];

			if (one->is_group && two->is_group &&
			    strcmp(one->playground, two->playground) != 0 &&
			    warn_of_torn(entries, one, two, report, &trouble) < 0)
				report_step(report, REPORT_WARNING, "member", "%s", trouble.text);
		}
	}
}

int members_resolve(const struct configs *configs, const struct entries *present, bool force,
		    struct report *report, struct entries *ret_entries, struct error *err)
{
	cleanup_resolving struct resolving resolving = {
		.present = present, .report = report, .force = force};
	size_t index, member;
	int silent = 0;

	for (index = 0; index < configs->count; index++) {
		const struct config *config = &configs->list[index];

		for (member = 0; member < config->member_count; member++) {
			if (member_enrol(&resolving, config, config->members[member], err) < 0)
				return -err->code;
		}
	}
	for (index = 0; index < resolving.missing_count; index++) {
		if (missing_settle(&resolving, &resolving.missing[index], err) < 0)
			return -err->code;
		silent += resolving.missing[index].trouble.code != 0;
	}
	for (index = 0; index < configs->count; index++)
		warn_of_sharing(&configs->list[index], &resolving.entries, report);
	warn_of_all_torn(&resolving.entries, report);
	*ret_entries = resolving.entries;
	resolving.entries = (struct entries){0};
	return silent;
}
