/* SPDX-License-Identifier: MIT */
/*
 * provision: from the command line to a plan, where everything that can be refused is refused, and
 * then through the steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "configs.h"
#include "edit.h"
#include "fetch.h"
#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groupies/size.h"
#include "members.h"
#include "program.h"
#include "sessions.h"
#include "steps.h"
#include "wiring.h"

#define DEFAULT_SWAP  "0"
#define DEFAULT_TASKS "64"

/* Which option sets which limit, and what it is where a new config is written without. */
static const struct {
	enum limit_id id;
	size_t offset;
	const char *preset;
} limit_options[] = {
	{LIMIT_MEMORY_MAX, offsetof(struct options, memory), DEFAULT_MEMORY},
	{LIMIT_MEMORY_SWAP_MAX, offsetof(struct options, swap), DEFAULT_SWAP},
	{LIMIT_TASKS_MAX, offsetof(struct options, tasks), DEFAULT_TASKS},
	{LIMIT_CPU_QUOTA, offsetof(struct options, cpu), NULL},
	{LIMIT_ALLOWED_CPUS, offsetof(struct options, cpus), NULL},
};

#define LIMIT_OPTIONS (sizeof(limit_options) / sizeof(*limit_options))

static const char *asked(const struct options *options, size_t index)
{
	return *(const char *const *)((const char *)options + limit_options[index].offset);
}

/* ---- the config as it shall be --------------------------------------------------------------- */

static int replace_text(char **text, char *made, struct error *err)
{
	if (!made)
		return error_set(err, ENOMEM, "config: out of memory");
	free(*text);
	*text = made;
	return 0;
}

static int parse(struct work *work, const char *text, struct config *ret_config, struct error *err)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s.conf", GROUPIES_CONFIG_DIR, work->name);
	return config_parse(text, strlen(text), path, work->name, ret_config, err);
}

/* Can this host limit swap at all? v1 only when it counts swap (swapaccount=1). */
static bool can_limit_swap(const struct work *work)
{
	struct setting settings[SETTINGS_MAX];
	struct limits limits = {0};
	struct error ignored;

	limits.values[LIMIT_MEMORY_MAX] = (struct limit_value){.set = true, .number = 1 << 20};
	limits.values[LIMIT_MEMORY_SWAP_MAX] = (struct limit_value){.set = true};
	return limits_render(&limits, &work->host, settings, &ignored) >= 0;
}

static bool host_has_swap(void)
{
	char line[256];
	cleanup_file FILE *swaps = fopen("/proc/swaps", "re");

	return swaps && fgets(line, sizeof(line), swaps) && fgets(line, sizeof(line), swaps);
}

/* What --memory 10240K asks for stands there already as 10M. */
static bool says_already(const struct config *config, enum limit_id id, const char *value)
{
	struct limit_value wanted = {0};
	const struct limit_value *have = &config->shared.values[id];
	struct error ignored;

	return have->set && limit_parse(&limit_table[id], value, &wanted, &ignored) >= 0 &&
	       have->number == wanted.number && strcmp(have->text, wanted.text) == 0;
}

static int set_limits(struct work *work, const struct config *config, struct error *err)
{
	size_t index = LIMIT_OPTIONS;

	/* From the last to the first, since each goes right below the section. */
	while (index-- > 0) {
		enum limit_id id = limit_options[index].id;
		const char *value = asked(work->options, index);

		if (!value && !config)
			value = limit_options[index].preset;
		if (!value || (config && says_already(config, id, value)))
			continue;
		if (id == LIMIT_MEMORY_SWAP_MAX && !asked(work->options, index) &&
		    !can_limit_swap(work)) {
			if (host_has_swap())
				report_step(work->report, REPORT_WARNING, "swap",
					    "this host has swap but cannot limit it: members may "
					    "use it beside their memory (boot with swapaccount=1)");
			continue;
		}
		if (replace_text(
			    &work->after,
			    edit_set_key(work->after, "Playground", limit_table[id].name, value),
			    err) < 0)
			return -err->code;
	}
	if (work->options->user_manager &&
	    replace_text(&work->after,
			 edit_set_key(work->after, "Playground", "UserManager",
				      work->options->user_manager),
			 err) < 0)
		return -err->code;
	return 0;
}

static int add_member(struct work *work, const struct config *config, const char *member,
		      struct error *err)
{
	char line[MEMBER_NAME_SIZE + 16];

	if (config && config_has_member(config, member))
		return 0;
	(void)snprintf(line, sizeof(line), "Members=%s", member);
	return replace_text(&work->after, edit_add_line(work->after, "Playground", line), err);
}

static int add_members(struct work *work, const struct config *config, struct error *err)
{
	size_t index = work->account_count;
	char group[MEMBER_NAME_SIZE];

	if (work->options->group) {
		(void)snprintf(group, sizeof(group), "@%s", work->options->group);
		if (add_member(work, config, group, err) < 0)
			return -err->code;
	}
	while (index-- > 0) {
		if (add_member(work, config, work->accounts[index].name, err) < 0)
			return -err->code;
	}
	return 0;
}

/* A quarter for each: one member must not be able to shut the others out. */
static bool print_quarter(const struct limit *limit, const struct limit_value *shared, char *text,
			  size_t size)
{
	struct limit_value quarter = *shared;
	enum limit_id id = limit_id(limit);
	struct error ignored;
	const char *blank;
	uint64_t bytes;

	if (!shared->set || id == LIMIT_CPU_WEIGHT || id == LIMIT_IO_WEIGHT ||
	    id == LIMIT_ALLOWED_CPUS || shared->number == SIZE_INFINITY)
		return false;
	if (id == LIMIT_IO_READ_BANDWIDTH_MAX || id == LIMIT_IO_WRITE_BANDWIDTH_MAX) {
		blank = strchr(shared->text, ' ');
		if (!blank || strchr(shared->text, '\n') ||
		    size_parse(blank + 1, 0, &bytes, &ignored) < 0 || bytes < 4)
			return false;
		(void)snprintf(text, size, "%.*s %llu", (int)(blank - shared->text), shared->text,
			       (unsigned long long)bytes / 4);
		return true;
	}
	quarter.number = shared->number / 4;
	if (quarter.number == 0 && id != LIMIT_MEMORY_SWAP_MAX)
		quarter.number = 1;
	limit_print(limit, &quarter, text, size);
	return true;
}

static int add_quarters(struct work *work, struct error *err)
{
	cleanup_config struct config config = {0};
	size_t index = LIMIT_COUNT;

	if (!work->options->group || parse(work, work->after, &config, err) < 0)
		return work->options->group ? -err->code : 0;
	if (config.own_limits)
		return 0;
	while (index-- > 0) {
		char value[512];

		if (print_quarter(&limit_table[index], &config.shared.values[index], value,
				  sizeof(value)) &&
		    replace_text(
			    &work->after,
			    edit_set_key(work->after, "Member", limit_table[index].name, value),
			    err) < 0)
			return -err->code;
	}
	return 0;
}

static int compose(struct work *work, const struct config *config, struct error *err)
{
	if (replace_text(
		    &work->after,
		    strdup(config ? work->before
				  : "# Made by groupies-setup; groupies.conf(5). After editing: "
				    "groupies-setup apply\n[Playground]\n"),
		    err) < 0 ||
	    set_limits(work, config, err) < 0 || add_members(work, config, err) < 0 ||
	    add_quarters(work, err) < 0)
		return -err->code;
	return parse(work, work->after, &work->config, err);
}

/* ---- what can be refused --------------------------------------------------------------------- */

/* Whom this run is about: those who were named, else the default user of a playground of nobody. */
static int name_accounts(struct work *work, const struct config *config, struct error *err)
{
	const struct options *options = work->options;
	size_t index;

	for (index = 0; index < options->user_count; index++) {
		if (!work_add_account(work, options->users[index]))
			return error_errno(err, "users");
	}
	if (options->user_count == 0 && !options->group && (!config || config->member_count == 0) &&
	    !work_add_account(work, DEFAULT_USER))
		return error_errno(err, "users");
	/* Of an earlier run that was killed: the config names them, the account may be half made.
	 */
	for (index = 0; config && index < config->member_count; index++) {
		char key[ACCOUNT_KEY_SIZE];

		if (journal_get(&work->journal, account_key("user", config->members[index], key)) &&
		    !work_add_account(work, config->members[index]))
			return error_errno(err, "users");
	}
	return 0;
}

static int check_group_name(const struct work *work, struct error *err)
{
	const char *group = work->options->group;
	gid_t gid;
	int found = group ? group_find(group, &gid, err) : 1;

	if (found < 0)
		return found;
	if (!found)
		return error_set(err, ENOENT, "--group: there is no group '%s': groupadd %s", group,
				 group);
	return 0;
}

/* A group in the host's tree that is not in our journal is somebody's. */
static int check_tree(const struct work *work, struct error *err)
{
	int exists;

	if (work->options->adopt || journal_get(&work->journal, "group"))
		return 0;
	exists = backend_of(&work->host)->exists(&work->host, work->name, err);
	if (exists != EXISTS_AS_SOMEBODYS)
		return exists < 0 ? exists : 0;
	return error_set(err, EEXIST,
			 "a control group called '%s' stands there already and is not ours: "
			 "--adopt takes it over, --playground chooses another name",
			 work->name);
}

static int check_accounts(const struct work *work, struct error *err)
{
	size_t index;

	for (index = 0; index < work->account_count; index++) {
		if (account_check(work, &work->accounts[index], err) < 0)
			return -err->code;
	}
	return 0;
}

static int check_limits(const struct work *work, struct error *err)
{
	struct setting settings[SETTINGS_MAX];

	if (limits_render(&work->config.shared, &work->host, settings, err) < 0 ||
	    limits_render(&work->config.each, &work->host, settings, err) < 0)
		return -err->code;
	return playground_ready(&work->host, &work->config, work->options->adopt_container, err);
}

/* The rules about members, over all configs, with ours as it shall be. */
static int check_members(struct work *work, struct error *err)
{
	cleanup_configs struct configs configs = {0};
	cleanup_entries struct entries entries = {0}, present = {0};
	struct report *silent = report_open_silent();
	struct config *ours;
	size_t index;
	int result;

	if (!silent)
		return error_errno(err, "members");
	if (configs_read(GROUPIES_CONFIG_DIR, &configs, err) < 0) {
		report_close(silent);
		return -err->code;
	}
	ours = reallocarray(configs.list, configs.count + 1, sizeof(*ours));
	if (!ours) {
		report_close(silent);
		return error_errno(err, "members");
	}
	configs.list = ours;
	for (index = 0; index < configs.count; index++) {
		if (strcmp(configs.list[index].name, work->name) == 0)
			break;
	}
	if (index == configs.count)
		configs.count++;
	else
		config_clear(&configs.list[index]);
	configs.list[index] = (struct config){0};
	result = parse(work, work->after, &configs.list[index], err);
	if (result >= 0)
		result = entries_read(&present, err);
	if (result >= 0)
		result = members_resolve(&configs, &present, work->options->force, silent, &entries,
					 err);
	report_close(silent);
	return result < 0 ? result : 0;
}

static int check_programs(const struct work *work, struct error *err)
{
	static const char *const needed[] = {"useradd", "userdel", "chpasswd", "rm"};
	size_t index;

	for (index = 0; index < sizeof(needed) / sizeof(*needed); index++) {
		if (!program_exists(needed[index]))
			return error_set(err, ENOENT, "%s: this host has no such program",
					 needed[index]);
	}
	if (work->options->fetch_hog && !program_exists("sha256sum"))
		return error_set(err, ENOENT, "--fetch-hog: this host has no sha256sum");
	return 0;
}

static int read_before(struct work *work, struct config *ret_config, struct error *err)
{
	cleanup_fd int directory = -1;
	struct error inner;
	char file[64], path[128];
	size_t length;

	(void)snprintf(file, sizeof(file), "%s.conf", work->name);
	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_CONFIG_DIR, file);
	directory = directory_open(AT_FDCWD, GROUPIES_CONFIG_DIR, &inner);
	if (directory >= 0 &&
	    config_read(directory, GROUPIES_CONFIG_DIR, work->name, ret_config, &inner) >= 0)
		return edit_read(path, &work->before, &length, err) < 0 ? -err->code : 1;
	if (inner.code == ENOENT)
		return 0;
	*err = inner;
	return -err->code;
}

static int journals_read(struct work *work, struct error *err)
{
	journal_clear(&work->journal);
	journal_clear(&work->shared);
	if (journal_read(work->name, &work->journal, err) < 0 ||
	    journal_read(JOURNAL_SHARED, &work->shared, err) < 0)
		return -err->code;
	return 0;
}

/* A removal that was killed is finished before anything new begins. */
static int finish_removal(struct work *work, struct error *err)
{
	if (!journal_says(&work->journal, "state", "removing"))
		return 0;
	if (report_is_dry_run(work->report)) {
		report_step(work->report, REPORT_WOULD, "journal",
			    "finish the removal of %s that was interrupted", work->name);
		return 0;
	}
	report_step(work->report, REPORT_INFO, "journal",
		    "the removal of %s was interrupted: finishing it first", work->name);
	if (steps_undo(work, err) < 0)
		return -err->code;
	free(work->accounts);
	work->accounts = NULL;
	work->account_count = 0;
	return journals_read(work, err);
}

static int plan(struct work *work, struct error *err)
{
	cleanup_config struct config config = {0};
	int found;

	if (host_read(&work->host, err) < 0 || check_programs(work, err) < 0 ||
	    wiring_check(err) < 0 || journals_read(work, err) < 0 || finish_removal(work, err) < 0)
		return -err->code;
	found = read_before(work, &config, err);
	if (found < 0 || name_accounts(work, found ? &config : NULL, err) < 0 ||
	    check_group_name(work, err) < 0 || check_tree(work, err) < 0 ||
	    check_accounts(work, err) < 0 || compose(work, found ? &config : NULL, err) < 0 ||
	    check_limits(work, err) < 0 || check_members(work, err) < 0 ||
	    sessions_check(work, err) < 0)
		return -err->code;
	if (work->options->password_stdin && passwords_read(work, err) < 0)
		return -err->code;
	return report_is_dry_run(work->report) ? 0 : steps_undo_pending(work, err);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void say_how_to_try(const struct work *work)
{
	size_t index;

	for (index = 0; index < work->account_count; index++)
		report_step(work->report, REPORT_INFO, "try", "su - %s -c 'hog 100M'%s%s%s",
			    work->accounts[index].name,
			    work->options->locked ? "" : ", or log in: ssh ",
			    work->options->locked ? "" : work->accounts[index].name,
			    work->options->locked ? "" : "@localhost");
	report_step(work->report, REPORT_INFO, "try", "groupies-setup remove%s%s takes it all back",
		    strcmp(work->name, DEFAULT_PLAYGROUND) == 0 ? "" : " ",
		    strcmp(work->name, DEFAULT_PLAYGROUND) == 0 ? "" : work->name);
}

static int provision(struct work *work)
{
	struct error err;

	if (plan(work, &err) < 0 || steps_apply(work, &err) < 0) {
		report_failure(work->report, "provision", err.text);
		return complain(1, "%s", err.text);
	}
	if (work->changes == 0)
		report_step(work->report, REPORT_UNCHANGED, "provision", "%s stands as it should",
			    work->name);
	else if (!work->options->dry_run)
		say_how_to_try(work);
	return 0;
}

int command_provision(const struct options *options, struct report *report)
{
	cleanup_work struct work work = {
		.options = options,
		.report = report,
		.name = options->playground ? options->playground : DEFAULT_PLAYGROUND,
	};
	struct error err;
	int lock, code;

	if (options->dry_run)
		return provision(&work);
	lock = journal_lock(&err);
	if (lock < 0)
		return complain(1, "%s", err.text);
	program_keep_open(lock);
	code = provision(&work);
	journal_unlock(lock);
	return code;
}
