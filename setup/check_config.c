/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: configs, what of them is applied, and the registry that logins read. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"

#include "audit.h"

static void check_drift(struct audit *audit, const struct config *config)
{
	const struct config *applied = configs_find(&audit->applied, config->name);
	cleanup_free char *asked = NULL, *have = NULL;
	struct error ignored;

	if (!applied)
		audit_find(audit, "%s/%s.conf was never applied: groupies-setup apply",
			   GROUPIES_CONFIG_DIR, config->name);
	else if (config_print(config, &asked, &ignored) == 0 &&
		 config_print(applied, &have, &ignored) == 0 && strcmp(asked, have) != 0)
		audit_find(audit, "%s/%s.conf was changed and not applied: groupies-setup apply",
			   GROUPIES_CONFIG_DIR, config->name);
}

int audit_read_configs(struct audit *audit, const char *directory, struct configs *configs,
		       struct error *err)
{
	cleanup_config_names struct config_names names = {0};
	size_t index;

	if (config_names_read(directory, &names, err) < 0)
		return -err->code;
	configs->list = calloc(names.count + 1, sizeof(*configs->list));
	if (!configs->list)
		return error_errno(err, "%s", directory);
	for (index = 0; index < names.count; index++) {
		struct error trouble;

		if (configs_read_one(directory, names.list[index], &configs->list[configs->count],
				     &trouble) < 0)
			audit_find(audit, "%s", trouble.text);
		else
			configs->count++;
	}
	return 0;
}

int check_configs(struct audit *audit, struct error *err)
{
	cleanup_config_names struct config_names written = {0};
	size_t index, other;

	for (index = 0; index < audit->configs.count; index++)
		check_drift(audit, &audit->configs.list[index]);
	/* A config that cannot be read is there all the same, and was a finding already. */
	if (config_names_read(GROUPIES_CONFIG_DIR, &written, err) < 0)
		return -err->code;
	for (index = 0; index < audit->applied.count; index++) {
		const char *name = audit->applied.list[index].name;

		for (other = 0; other < written.count; other++) {
			if (strcmp(written.list[other], name) == 0)
				break;
		}
		if (other == written.count)
			audit_find(audit,
				   "the config of '%s' is gone and the playground is still there: "
				   "groupies-setup apply takes it back",
				   name);
	}
	return 0;
}

/* Who cannot be found stays enrolled by the name that a config has; see members_resolve. */
static int check_missing(struct audit *audit, const struct config *config, const char *member,
			 const struct error *trouble, struct entries *wanted, struct error *err)
{
	const struct registry_entry *known =
		entries_find_member(&audit->entries, member, config->name);
	const char *kind = *member == '@' ? "group" : "user";
	char stays[64] = "";

	if (known)
		(void)snprintf(stays, sizeof(stays), ", and stays enrolled as %s %u",
			       known->is_group ? "gid" : "uid", known->id);
	if (trouble->code)
		audit_find(audit, "'%s' of playground '%s' cannot be looked up%s: %s", member,
			   config->name, stays, trouble->text);
	else
		audit_find(audit, "'%s' of playground '%s' is no %s of this host%s", member,
			   config->name, kind, stays);
	return known ? entries_add(wanted, known, err) : 0;
}

/* What apply wanted MEMBER's entry to be, against what it is. */
static int check_enrolled(struct audit *audit, const struct config *config, const char *member,
			  struct entries *wanted, struct error *err)
{
	const struct registry_entry *present;
	struct registry_entry entry;
	struct error trouble = ERROR_NONE;

	if (member_resolve(config, member, &entry, &trouble) <= 0)
		return check_missing(audit, config, member, &trouble, wanted, err);
	present = entries_find(&audit->entries, entry.is_group, entry.id);
	if (!present)
		audit_find(audit,
			   "'%s' of playground '%s' is not in the registry, so no member: "
			   "groupies-setup apply",
			   member, config->name);
	else if (*present->playground && strcmp(present->playground, entry.playground) != 0)
		audit_find(audit, "'%s' is enrolled in '%s' and not in '%s': groupies-setup apply",
			   member, present->playground, entry.playground);
	else if (*present->playground && present->own_limits != entry.own_limits)
		audit_find(audit,
			   "'%s' is enrolled %s limits of its own and '%s' is applied %s them: "
			   "groupies-setup apply",
			   member, present->own_limits ? "with" : "without", config->name,
			   entry.own_limits ? "with" : "without");
	return entries_add(wanted, &entry, err);
}

int check_registry(struct audit *audit, struct error *err)
{
	cleanup_entries struct entries wanted = {0};
	size_t index, member;

	if (audit->applied.count > 0 && access(GROUPIES_REGISTRY_UID_DIR, F_OK) < 0 &&
	    access(GROUPIES_REGISTRY_GID_DIR, F_OK) < 0) {
		audit_find(audit, "%s/registry is gone: nobody is a member: groupies-setup apply",
			   GROUPIES_STATE_DIR);
		return 0;
	}
	for (index = 0; index < audit->applied.count; index++) {
		const struct config *config = &audit->applied.list[index];

		for (member = 0; member < config->member_count; member++) {
			if (check_enrolled(audit, config, config->members[member], &wanted, err) <
			    0)
				return -err->code;
		}
	}
	for (index = 0; index < audit->entries.count; index++) {
		const struct registry_entry *entry = &audit->entries.list[index];

		if (!entries_find(&wanted, entry->is_group, entry->id))
			audit_find(audit,
				   "%s %u (%s) is enrolled and no config says so: groupies-setup "
				   "apply",
				   entry->is_group ? "gid" : "uid", entry->id,
				   *entry->name ? entry->name : "?");
	}
	return 0;
}

static int check_entry(struct audit *audit, const struct registry_entry *entry, struct error *err)
{
	const char *kind = entry->is_group ? "gid" : "uid";
	char name[MEMBER_NAME_SIZE];
	int found;

	if (!*entry->name) {
		audit_find(audit,
			   "the entry of %s %u cannot be believed: its logins are refused: "
			   "groupies-setup apply",
			   kind, entry->id);
		return 0;
	}
	if (entry->is_group) {
		found = group_find_gid(entry->id, name, err);
	} else {
		struct user user;

		found = user_find_uid(entry->id, &user, err);
		if (found > 0)
			(void)text_copy(name, sizeof(name), user.name);
	}
	if (found < 0)
		audit_find(audit, "%s", err->text);
	else if (!found)
		audit_find(
			audit,
			"%s %u was enrolled as '%s' and is nobody's any more: take the name out of "
			"the config, then groupies-setup apply",
			kind, entry->id, entry->name);
	else if (strcmp(name, entry->name) != 0)
		audit_find(audit,
			   "%s %u was enrolled as '%s' and is now '%s': renamed, or used again: "
			   "look, name it so in the config, then groupies-setup apply",
			   kind, entry->id, entry->name, name);
	return 0;
}

/* Whoever can write one of these can take an entry away, or put another one there. */
int check_folders(struct audit *audit, struct error *err)
{
	static const char *const folders[] = {GROUPIES_CONFIG_DIR,
					      GROUPIES_STATE_DIR,
					      GROUPIES_STATE_DIR "/registry",
					      GROUPIES_REGISTRY_UID_DIR,
					      GROUPIES_REGISTRY_GID_DIR,
					      GROUPIES_APPLIED_DIR,
					      GROUPIES_JOURNAL_DIR,
					      GROUPIES_RUN_DIR};
	size_t index;

	(void)err;
	for (index = 0; index < sizeof(folders) / sizeof(*folders); index++) {
		struct stat st;

		if (lstat(folders[index], &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
			audit_find(audit,
				   "%s is not a directory that only root can write (uid %u, mode "
				   "%03o): "
				   "chown root and chmod go-w it, then groupies-setup apply",
				   folders[index], (unsigned)st.st_uid, st.st_mode & 07777);
	}
	return 0;
}

int check_entries(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->entries.count; index++) {
		if (check_entry(audit, &audit->entries.list[index], err) < 0)
			return -err->code;
	}
	return 0;
}
