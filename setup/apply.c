/* SPDX-License-Identifier: MIT */
/*
 * Applying goes in phases: read everything, check everything, and only then change. The order of
 * the changes is such that a run that is killed between any two of them leaves each member with
 * its old or its new membership, and that the next run finishes:
 *
 *   1. for each playground: the applied copy (it marks the playground as ours, and is what a login
 *      realizes), the group with its limits, and with it the stamp; then the registry's entries of
 *      its members, each replaced whole, so that no trouble with another playground parts the two,
 *   2. entries that no config asks for any more: all new ones are there before an old one goes,
 *   3. playgrounds whose config is gone: their groups, then their applied copies.
 */
#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/container.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/known.h"
#include "groupies/limits.h"
#include "groupies/paths.h"
#include "groupies/playground.h"

#include "commands.h"
#include "configs.h"
#include "entries.h"
#include "groups.h"
#include "journal.h"
#include "members.h"
#include "processes.h"

#define LOCK_WAIT_MS 30000
#define LOCK_STEP_MS 10

/* All that was read before the first change. */
struct plan {
	const struct apply_options *options;
	struct report *report;
	struct host host;
	struct configs configs;      /* what /etc/groupies says */
	struct config_names applied; /* the playgrounds that are ours */
	struct entries wanted;       /* the registry as it will be */
	struct entries present;      /* as it is */
	int silent;                  /* names of which nobody can tell */
};

static void plan_clear(struct plan *plan)
{
	configs_clear(&plan->configs);
	config_names_clear(&plan->applied);
	entries_clear(&plan->wanted);
	entries_clear(&plan->present);
}

#define cleanup_plan __attribute__((cleanup(plan_clear)))

static bool is_in_scope(const struct plan *plan, const char *name)
{
	return !plan->options->only || strcmp(plan->options->only, name) == 0;
}

static bool is_applied(const struct plan *plan, const char *name)
{
	size_t index;

	for (index = 0; index < plan->applied.count; index++) {
		if (strcmp(plan->applied.list[index], name) == 0)
			return true;
	}
	return false;
}

/* ---- one at a time --------------------------------------------------------------------------- */

/*
 * The lock is the directory of applied copies itself, so that it leaves nothing behind. A run that
 * waited may hold a directory that was removed meanwhile: then it begins again.
 */
static int lock_take(struct error *err)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000 * 1000};
	int waited_ms;

	for (waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_STEP_MS) {
		cleanup_fd int fd = -1;
		struct stat st;

		if (directory_make(GROUPIES_STATE_DIR, err) < 0 ||
		    directory_make(GROUPIES_APPLIED_DIR, err) < 0)
			return -err->code;
		fd = directory_open(AT_FDCWD, GROUPIES_APPLIED_DIR, err);
		if (fd < 0)
			return fd;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (fstat(fd, &st) == 0 && st.st_nlink > 0)
				return steal_fd(&fd);
			continue;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, "%s", GROUPIES_APPLIED_DIR);
		(void)nanosleep(&step, NULL);
	}
	return error_set(err, ETIMEDOUT,
			 "%s: another groupies-setup has been changing things for %d seconds",
			 GROUPIES_APPLIED_DIR, LOCK_WAIT_MS / 1000);
}

/*
 * Directories that hold nothing go: without any playground nothing of ours is left. While the one of
 * gids stands, every login of anybody asks for the user's groups.
 */
static void directories_remove(void)
{
	(void)rmdir(GROUPIES_REGISTRY_GID_DIR);
	if (rmdir(GROUPIES_APPLIED_DIR) < 0)
		return;
	(void)rmdir(GROUPIES_REGISTRY_UID_DIR);
	known_clear();
	(void)rmdir(GROUPIES_STATE_DIR "/registry");
	(void)rmdir(GROUPIES_STATE_DIR);
}

/* ---- reading and checking -------------------------------------------------------------------- */

/* What this host cannot express is refused by name before anything changes. */
static int check_limits(const struct plan *plan, const struct config *config, struct error *err)
{
	struct setting settings[SETTINGS_MAX];

	if (limits_render(&config->shared, &plan->host, settings, err) < 0)
		return error_context(err, "%s/%s.conf", GROUPIES_CONFIG_DIR, config->name);
	if (limits_render(&config->each, &plan->host, settings, err) < 0)
		return error_context(err, "%s/%s.conf: [Member]", GROUPIES_CONFIG_DIR,
				     config->name);
	return is_in_scope(plan, config->name)
		       ? playground_ready(&plan->host, config, plan->options->adopt_container, err)
		       : 0;
}

/* A group that stands there and that we did not make may be anybody's. */
static int check_adoption(const struct plan *plan, const struct config *config, struct error *err)
{
	int exists;

	if (plan->options->adopt || is_applied(plan, config->name) ||
	    !is_in_scope(plan, config->name))
		return 0;
	exists = backend_of(&plan->host)->exists(&plan->host, config->name, err);
	if (exists != EXISTS_AS_SOMEBODYS)
		return exists < 0 ? exists : 0;
	return error_set(
		err, EEXIST,
		"playground '%s': a control group of this name stands there already and is "
		"not ours: --adopt takes it over, or choose another name",
		config->name);
}

/* Says who is inside NAME; 0 when nobody is. */
static int check_empty(const struct host *host, const char *name, struct error *err)
{
	cleanup_free struct process *list = NULL;
	struct stamp stamp;
	char text[256];
	size_t count;
	int found = groups_find(host, name, &stamp, err);

	if (found <= 0)
		return found;
	if (processes_inside(&stamp, &list, &count, err) < 0)
		return error_context(err, "playground '%s'", name);
	if (count == 0)
		return 0;
	return error_set(err, EBUSY,
			 "playground '%s' cannot be taken back while somebody is inside: %s: end "
			 "them, or groupies-setup remove %s --terminate",
			 name, processes_print(list, count, text, sizeof(text)), name);
}

static int check_gone(const struct plan *plan, struct error *err)
{
	size_t index;

	for (index = 0; index < plan->applied.count; index++) {
		const char *name = plan->applied.list[index];

		if (is_in_scope(plan, name) && !configs_find(&plan->configs, name) &&
		    check_empty(&plan->host, name, err) < 0)
			return -err->code;
	}
	return 0;
}

static int check_scope(const struct plan *plan, struct error *err)
{
	const char *only = plan->options->only;

	if (only && !configs_find(&plan->configs, only) && !is_applied(plan, only))
		return error_set(err, ENOENT, "there is no %s/%s.conf", GROUPIES_CONFIG_DIR, only);
	return 0;
}

static int plan_read(struct plan *plan, struct error *err)
{
	size_t index;

	if (host_read(&plan->host, err) < 0 ||
	    configs_read(GROUPIES_CONFIG_DIR, &plan->configs, err) < 0 ||
	    config_names_read(GROUPIES_APPLIED_DIR, &plan->applied, err) < 0 ||
	    check_scope(plan, err) < 0)
		return -err->code;
	for (index = 0; index < plan->configs.count; index++) {
		const struct config *config = &plan->configs.list[index];

		if (playground_name_check(config->name, err) < 0)
			return error_context(err, "%s/%s.conf", GROUPIES_CONFIG_DIR, config->name);
		if (check_limits(plan, config, err) < 0 || check_adoption(plan, config, err) < 0)
			return -err->code;
	}
	if (entries_read(&plan->present, err) < 0)
		return -err->code;
	plan->silent = members_resolve(&plan->configs, &plan->present, plan->options->force,
				       plan->report, &plan->wanted, err);
	if (plan->silent < 0)
		return plan->silent;
	return check_gone(plan, err);
}

/* ---- the group ------------------------------------------------------------------------------- */

/* Reads the applied copy of NAME as it stands, byte for byte. False when there is none to trust. */
static bool applied_read(const char *name, char *text, size_t size)
{
	char path[sizeof(GROUPIES_APPLIED_DIR) + PLAYGROUND_NAME_SIZE + 8];
	struct error ignored;

	(void)snprintf(path, sizeof(path), "%s/%s.conf", GROUPIES_APPLIED_DIR, name);
	return file_read_trusted(AT_FDCWD, path, text, size, &ignored) >= 0;
}

static int applied_write(const char *name, const char *text, struct error *err)
{
	cleanup_fd int directory = directory_open(AT_FDCWD, GROUPIES_APPLIED_DIR, err);
	char file[PLAYGROUND_NAME_SIZE + 8];

	if (directory < 0)
		return directory;
	(void)snprintf(file, sizeof(file), "%s.conf", name);
	if (file_replace(directory, file, text, strlen(text), 0644, err) < 0)
		return error_context(err, "%s", GROUPIES_APPLIED_DIR);
	return 0;
}

/* Sets every limit again, in the group and in each member's part that exists. */
static int group_realize(const struct plan *plan, const struct config *config, struct error *err)
{
	enum realize_mode mode = plan->options->adopt ? REALIZE_ADOPT : REALIZE_AGAIN;
	cleanup_free uid_t *parts = NULL;
	size_t count = 0, index;
	struct stamp stamp;

	/* Found before the stamps go, since they tell of parts as well. */
	if (groups_parts(&plan->host, config->name, &parts, &count, err) < 0 ||
	    playground_forget(config->name, err) < 0 ||
	    groups_clear_leftovers(&plan->host, config, err) < 0 ||
	    playground_realize(&plan->host, config, NO_UID, mode, &stamp, err) < 0)
		return -err->code;
	for (index = 0; config->own_limits && index < count; index++) {
		if (playground_realize(&plan->host, config, parts[index], mode, &stamp, err) < 0)
			return error_context(err, "member %u", (unsigned)parts[index]);
	}
	return 0;
}

/* Is everything about the group as CONFIG wants it, down to the kernel's files? */
static bool group_is_realized(const struct plan *plan, const struct config *config)
{
	cleanup_free uid_t *parts = NULL;
	char name[STAMP_NAME_SIZE];
	struct stamp stamp;
	struct error ignored;
	size_t count = 0, index;

	stamp_name(config->name, false, 0, name);
	if (stamp_read(name, &stamp, &ignored) < 0 || stamp_check(&stamp, &ignored) < 0 ||
	    !groups_in_force(&plan->host, config, NO_UID) ||
	    groups_are_loose(&plan->host, config->name, &ignored) != 0 ||
	    groups_have_leftovers(&plan->host, config, &ignored) != 0 ||
	    groups_parts(&plan->host, config->name, &parts, &count, &ignored) < 0)
		return false;
	for (index = 0; config->own_limits && index < count; index++) {
		if (!groups_in_force(&plan->host, config, parts[index]))
			return false;
	}
	return true;
}

/* The kernel refused: the playground goes back to what held before, or away if it is new. */
static void group_restore(const struct plan *plan, const char *name, const char *before)
{
	cleanup_config struct config config = {0};
	struct error ignored;

	if (!before) {
		(void)playground_remove(&plan->host, name, &ignored);
		(void)playground_forget_applied(name, &ignored);
		return;
	}
	if (applied_write(name, before, &ignored) == 0 &&
	    config_parse(before, strlen(before), name, name, &config, &ignored) == 0)
		(void)group_realize(plan, &config, &ignored);
}

static int playground_apply(const struct plan *plan, const struct config *config, struct error *err)
{
	cleanup_free char *text = NULL, *before = malloc(CONFIG_SIZE_MAX);
	bool was_applied, is_adopted, same;
	int exists = 0;

	if (!before)
		return error_errno(err, "%s", config->name);
	if (config_print(config, &text, err) < 0)
		return -err->code;
	was_applied = applied_read(config->name, before, CONFIG_SIZE_MAX);
	same = was_applied && strcmp(before, text) == 0;
	if (same && group_is_realized(plan, config)) {
		report_step(plan->report, REPORT_UNCHANGED, "playground",
			    "%s: realized as %s/%s.conf "
			    "says",
			    config->name, GROUPIES_CONFIG_DIR, config->name);
		return 0;
	}
	if (!was_applied)
		exists = backend_of(&plan->host)->exists(&plan->host, config->name, err);
	if (exists < 0)
		return exists;
	is_adopted = exists == EXISTS_AS_SOMEBODYS;
	if (report_is_dry_run(plan->report)) {
		report_step(plan->report, REPORT_WOULD, "playground",
			    "%s: %s, set its limits and write %s/%s.conf", config->name,
			    is_adopted    ? "take the group over"
			    : was_applied ? "look at the group"
					  : "make the group",
			    GROUPIES_APPLIED_DIR, config->name);
		return 0;
	}
	if (!same && applied_write(config->name, text, err) < 0)
		return -err->code;
	if (group_realize(plan, config, err) < 0) {
		/* A group that was there before us is not ours to remove. */
		if (!is_adopted)
			group_restore(plan, config->name, was_applied ? before : NULL);
		else
			(void)playground_forget_applied(config->name, &(struct error){0});
		return -err->code;
	}
	report_step(plan->report, REPORT_DONE, "playground", "%s: %s", config->name,
		    is_adopted    ? "taken over, with its limits set"
		    : was_applied ? "limits set again"
				  : "made, with its limits");
	return 0;
}

/* What will be written, a line each: for --dry-run, which promises every file and value. */
static void tell_setting(const struct setting *setting, const char *directory, const char *seen,
			 bool same, void *data)
{
	if (!same)
		report_step(data, REPORT_WOULD, "limit", "%s/%s: %s (now %s)", directory,
			    setting->file, setting->value, seen ? seen : "not there");
}

static void tell_settings(const struct plan *plan, const struct config *config)
{
	struct error ignored;

	if (report_is_dry_run(plan->report))
		(void)groups_settings(&plan->host, config, NO_UID, tell_setting, plan->report,
				      &ignored);
}

/* ---- the registry ---------------------------------------------------------------------------- */

static const char *entry_print(const struct registry_entry *entry, char *text, size_t size)
{
	(void)snprintf(text, size, "%s%s (%s %u)", entry->is_group ? "@" : "",
		       *entry->name ? entry->name : "?", entry->is_group ? "gid" : "uid",
		       entry->id);
	return text;
}

static int entry_apply(const struct plan *plan, const struct registry_entry *entry,
		       struct error *err)
{
	const struct registry_entry *before =
		entries_find(&plan->present, entry->is_group, entry->id);
	char who[MEMBER_NAME_SIZE + 32], change[MEMBER_NAME_SIZE + 96] = "";

	if (before && strcmp(before->playground, entry->playground) == 0 &&
	    strcmp(before->name, entry->name) == 0 && entry_is_written(entry))
		return 0;
	(void)entry_print(entry, who, sizeof(who));
	if (before && !*before->playground)
		(void)snprintf(change, sizeof(change), " (its entry could not be read)");
	else if (before && strcmp(before->playground, entry->playground) != 0)
		(void)snprintf(change, sizeof(change), " (was in '%s')", before->playground);
	else if (before && strcmp(before->name, entry->name) != 0)
		(void)snprintf(change, sizeof(change), " (was enrolled as '%s')", before->name);
	if (report_is_dry_run(plan->report)) {
		report_step(plan->report, REPORT_WOULD, "member", "%s: enrol in '%s'%s: %s/%u", who,
			    entry->playground, change,
			    entry->is_group ? GROUPIES_REGISTRY_GID_DIR : GROUPIES_REGISTRY_UID_DIR,
			    entry->id);
		return 1;
	}
	if (entry_write(entry, err) < 0)
		return -err->code;
	report_step(plan->report, REPORT_DONE, "member", "%s: enrolled in '%s'%s", who,
		    entry->playground, change);
	return 1;
}

static int entry_withdraw(const struct registry_entry *entry, struct report *report,
			  struct error *err)
{
	char who[MEMBER_NAME_SIZE + 32];

	(void)entry_print(entry, who, sizeof(who));
	if (report_is_dry_run(report)) {
		report_step(report, REPORT_WOULD, "member", "%s: release from '%s'", who,
			    *entry->playground ? entry->playground : "?");
		return 1;
	}
	if (entry_remove(entry->is_group, entry->id, err) < 0)
		return -err->code;
	report_step(report, REPORT_DONE, "member", "%s: released from '%s'", who,
		    *entry->playground ? entry->playground : "?");
	return 1;
}

struct enrolled {
	size_t members;
	int changes;
};

/* The members of NAME, directly behind its group: what logins read of the two belongs together. */
static int members_apply(const struct plan *plan, const char *name, struct enrolled *enrolled,
			 struct error *err)
{
	size_t index;

	for (index = 0; index < plan->wanted.count; index++) {
		const struct registry_entry *entry = &plan->wanted.list[index];
		int ret;

		if (strcmp(entry->playground, name) != 0)
			continue;
		ret = entry_apply(plan, entry, err);
		if (ret < 0)
			return ret;
		enrolled->changes += ret;
		enrolled->members++;
	}
	return 0;
}

/*
 * May ENTRY go? It may not while its own name, which a config has, leads elsewhere and nobody can tell
 * whose its id is now, nor when it cannot be read and may be of a name that nobody can tell.
 */
static bool may_withdraw(const struct plan *plan, const struct registry_entry *entry)
{
	const struct config *config = configs_find(&plan->configs, entry->playground);
	char member[MEMBER_NAME_SIZE + 1], ignored_name[MEMBER_NAME_SIZE];
	struct error ignored;
	struct user user;

	if (!*entry->name)
		return plan->silent == 0;
	(void)snprintf(member, sizeof(member), "%s%s", entry->is_group ? "@" : "", entry->name);
	if (!config || !config_has_member(config, member))
		return true;
	return (entry->is_group ? group_find_gid(entry->id, ignored_name, &ignored)
				: user_find_uid(entry->id, &user, &ignored)) >= 0;
}

/*
 * Everybody's new entry is written before anybody's old one goes: whoever moves from a group's
 * entry to one of its own, or back, is a member at each moment.
 */
static int registry_settle(const struct plan *plan, struct enrolled enrolled, struct error *err)
{
	char who[MEMBER_NAME_SIZE + 32];
	size_t index;
	int ret;

	for (index = 0; index < plan->present.count; index++) {
		const struct registry_entry *entry = &plan->present.list[index];

		/* An entry that nobody can read belongs to no playground in particular. */
		if (entries_find(&plan->wanted, entry->is_group, entry->id) ||
		    (*entry->playground && !is_in_scope(plan, entry->playground)))
			continue;
		if (!may_withdraw(plan, entry)) {
			report_step(plan->report, REPORT_WARNING, "member",
				    "%s: stays enrolled: nobody can tell whose it is",
				    entry_print(entry, who, sizeof(who)));
			continue;
		}
		ret = entry_withdraw(entry, plan->report, err);
		if (ret < 0)
			return ret;
		enrolled.changes += ret;
	}
	if (enrolled.changes == 0)
		report_step(plan->report, REPORT_UNCHANGED, "registry", "%zu member%s enrolled",
			    enrolled.members, enrolled.members == 1 ? "" : "s");
	return 0;
}

/* ---- members who run something already ------------------------------------------------------- */

static int sweep_entry(const struct plan *plan, const struct config *config,
		       const struct registry_entry *entry, struct error *err)
{
	cleanup_users struct users users = {0};
	struct stamp stamp;
	size_t index;

	if (member_users(entry, &users, err) < 0)
		return -err->code;
	for (index = 0; index < users.count; index++) {
		uid_t uid = users.list[index].uid;
		const struct registry_entry *own = entries_find(&plan->wanted, false, uid);

		/* A user's own entry beats the one of a group. */
		if (entry->is_group && own)
			continue;
		if (report_is_dry_run(plan->report)) {
			int found = groups_find(&plan->host, config->name, &stamp, err);

			if (found < 0)
				return found;
			if (found == 0)
				continue;
		} else if (playground_realize(&plan->host, config, uid, REALIZE_TRUST_STAMP, &stamp,
					      err) < 0) {
			return -err->code;
		}
		if (processes_sweep(uid, &stamp, plan->report, err) < 0)
			return -err->code;
	}
	return 0;
}

static int sweep_all(const struct plan *plan, struct error *err)
{
	size_t index;

	for (index = 0; index < plan->wanted.count; index++) {
		const struct registry_entry *entry = &plan->wanted.list[index];

		if (is_in_scope(plan, entry->playground) &&
		    sweep_entry(plan, configs_find(&plan->configs, entry->playground), entry, err) <
			    0)
			return -err->code;
	}
	return 0;
}

/* ---- taking back ----------------------------------------------------------------------------- */

static int playground_withdraw(const struct host *host, const char *name, struct report *report,
			       struct error *err)
{
	if (report_is_dry_run(report)) {
		report_step(report, REPORT_WOULD, "playground", "%s: remove the group", name);
		return 0;
	}
	if (playground_remove(host, name, err) < 0)
		return -err->code;
	report_step(report, REPORT_DONE, "playground", "%s: removed", name);
	return 0;
}

static int withdraw_gone(const struct plan *plan, struct error *err)
{
	size_t index;

	for (index = 0; index < plan->applied.count; index++) {
		const char *name = plan->applied.list[index];

		if (is_in_scope(plan, name) && !configs_find(&plan->configs, name) &&
		    playground_withdraw(&plan->host, name, plan->report, err) < 0)
			return -err->code;
	}
	return 0;
}

int apply_withdraw(const char *name, struct report *report, struct error *err)
{
	cleanup_entries struct entries present = {0};
	cleanup_fd int lock = -1;
	struct host host;
	size_t index;

	if (host_read(&host, err) < 0)
		return -err->code;
	if (!report_is_dry_run(report)) {
		lock = lock_take(err);
		if (lock < 0)
			return lock;
	}
	if (check_empty(&host, name, err) < 0 || entries_read(&present, err) < 0)
		return -err->code;
	for (index = 0; index < present.count; index++) {
		if (strcmp(present.list[index].playground, name) == 0 &&
		    entry_withdraw(&present.list[index], report, err) < 0)
			return -err->code;
	}
	if (playground_withdraw(&host, name, report, err) < 0)
		return -err->code;
	if (!report_is_dry_run(report))
		directories_remove();
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What a container has beside its playgrounds. */
static int container_settle(const struct plan *plan, struct error *err)
{
	bool dry = report_is_dry_run(plan->report);
	int moved = 0;

	if (container_is_passed_by(&plan->host))
		report_step(plan->report, REPORT_WARNING, "container",
			    "the host's own tree is mounted here: playgrounds stand beside this "
			    "container's group, whose limits do not hold in them");
	if (plan->options->adopt_container && !dry)
		moved = container_adopt(&plan->host, err);
	if (moved > 0)
		report_step(plan->report, REPORT_DONE, "container",
			    "%d process%s of it moved into the group " CONTAINER_LEAF, moved,
			    moved == 1 ? "" : "es");
	return moved;
}

static int plan_carry_out(const struct plan *plan, struct error *err)
{
	struct enrolled enrolled = {0};
	size_t index;

	if (container_settle(plan, err) < 0)
		return -err->code;
	for (index = 0; index < plan->configs.count; index++) {
		const struct config *config = &plan->configs.list[index];

		if (!is_in_scope(plan, config->name))
			continue;
		tell_settings(plan, config);
		if (playground_apply(plan, config, err) < 0 ||
		    members_apply(plan, config->name, &enrolled, err) < 0)
			return -err->code;
	}
	if (registry_settle(plan, enrolled, err) < 0 || withdraw_gone(plan, err) < 0)
		return -err->code;
	return plan->options->sweep ? sweep_all(plan, err) : 0;
}

int apply_configs(const struct apply_options *options, struct report *report, struct error *err)
{
	cleanup_plan struct plan plan = {.options = options, .report = report};
	cleanup_fd int lock = -1;
	int ret;

	if (!report_is_dry_run(report)) {
		lock = lock_take(err);
		if (lock < 0)
			return lock;
		directory_tidy(GROUPIES_APPLIED_DIR);
		directory_tidy(GROUPIES_REGISTRY_UID_DIR);
		directory_tidy(GROUPIES_REGISTRY_GID_DIR);
	}
	ret = plan_read(&plan, err);
	if (ret == 0)
		ret = plan_carry_out(&plan, err);
	if (lock >= 0)
		directories_remove();
	return ret < 0 ? ret : plan.silent;
}

int command_apply(const struct options *options, struct report *report)
{
	const struct apply_options apply = {.force = options->force,
					    .adopt = options->adopt,
					    .adopt_container = options->adopt_container,
					    .sweep = options->sweep,
					    .only = options->playground};
	struct error err;
	int lock = -1, ret;

	/* Not while a removal takes the last playground away, and the registry with it. */
	if (!options->dry_run && (lock = journal_lock(&err)) < 0)
		return complain(1, "apply: %s", err.text);
	ret = apply_configs(&apply, report, &err);
	if (lock >= 0)
		journal_unlock(lock);
	if (ret > 0)
		(void)error_set(
			&err, EAGAIN,
			"%d name%s could not be looked up: enrolled as before, or left out; run "
			"this again when the user database answers",
			ret, ret == 1 ? "" : "s");
	if (ret != 0) {
		report_failure(report, "apply", err.text);
		return complain(1, "apply: %s", err.text);
	}
	return 0;
}
