/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: looks for whatever would let a member out, or shut one out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groupies/size.h"

#include "commands.h"
#include "configs.h"
#include "entries.h"
#include "groups.h"
#include "members.h"
#include "pam_stack.h"
#include "polkit.h"
#include "processes.h"

#define FULL_PERCENT   90
#define HOLDERS_SHOWN  3
#define POWERFUL       "docker,lxd,incus-admin,libvirt,disk,kmem,sudo,wheel,adm,admin"
#define CGROUP_DEPTH   16
#define SHM_SCAN_DEPTH 8
#define POLKIT_MEMBERS 50 /* each costs some 0.1 s */

struct audit {
	struct report *report;
	const char *name; /* of the check that is running */
	unsigned findings;
	struct host host;
	struct configs configs; /* those that can be read */
	struct configs applied;
	struct entries entries;
	struct users members; /* all of them, of every playground */
	const struct config *config;
};

/* Something is not as it must be. */
static void find(struct audit *audit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void find(struct audit *audit, const char *format, ...)
{
	char text[900];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_step(audit->report, REPORT_WARNING, audit->name, "%s", text);
	audit->findings++;
}

static bool is_member(const struct audit *audit, uid_t uid)
{
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		if (audit->members.list[index].uid == uid)
			return true;
	}
	return false;
}

/* ---- how logins come in ---------------------------------------------------------------------- */

/* runuser's own stack opens sessions without us, and only root can use it. */
static bool is_roots_own(const char *service)
{
	return strcmp(service, "runuser") == 0 || strcmp(service, "runuser-l") == 0;
}

static void check_service(const char *service, void *data)
{
	struct audit *audit = data;
	struct pam_stack stack;

	if (!pam_stack_read(service, &stack) || !stack.opens_sessions)
		return;
	if (!stack.reaches && is_roots_own(service))
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s opens sessions outside: only root can use it", service);
	else if (!stack.reaches)
		find(audit,
		     "%s opens sessions without pam_groupies.so: members who come in by it "
		     "are outside",
		     service);
	else if (stack.is_evaded)
		find(audit, "%s may end or jump before it comes to pam_groupies.so", service);
	else if (stack.is_weak)
		find(audit,
		     "%s lets a refusal of pam_groupies.so pass: its control must be "
		     "[success=ok ignore=ignore module_unknown=ignore default=die]",
		     service);
	else if (stack.allows)
		find(audit, "%s has onerr=allow, for a trial: members who cannot be placed get in",
		     service);
}

static int check_services(struct audit *audit, struct error *err)
{
	(void)err;
	pam_services_visit(check_service, audit);
	return 0;
}

/* The first word of sshd_config(5) counts; without any, sshd does not use PAM. */
static int sshd_uses_pam(const char *pattern, unsigned depth)
{
	glob_t files = {0};
	int answer = -1;
	size_t index;

	if (depth > 4 || glob(pattern, 0, NULL, &files) != 0)
		return -1;
	for (index = 0; index < files.gl_pathc && answer < 0; index++) {
		cleanup_file FILE *file = fopen(files.gl_pathv[index], "re");
		char line[1024], key[64], value[512], path[600];

		while (file && answer < 0 && fgets(line, sizeof(line), file)) {
			if (sscanf(line, " %63[A-Za-z]%*[ \t=]%511s", key, value) != 2)
				continue;
			if (strcasecmp(key, "Match") == 0)
				break;
			if (strcasecmp(key, "UsePAM") == 0)
				answer = strcasecmp(value, "yes") == 0;
			if (strcasecmp(key, "Include") != 0)
				continue;
			(void)snprintf(path, sizeof(path), "%s%s", *value == '/' ? "" : "/etc/ssh/",
				       value);
			answer = sshd_uses_pam(path, depth + 1);
		}
	}
	globfree(&files);
	return answer;
}

static int check_sshd(struct audit *audit, struct error *err)
{
	(void)err;
	if (access("/etc/ssh/sshd_config", F_OK) == 0 &&
	    sshd_uses_pam("/etc/ssh/sshd_config", 0) != 1)
		find(audit, "/etc/ssh/sshd_config does not say UsePAM yes: ssh logins are outside");
	return 0;
}

/* Is PATH what root installed? Says what is wrong otherwise. */
static void check_program(struct audit *audit, const char *path, const char *otherwise)
{
	struct stat st;

	if (stat(path, &st) < 0)
		find(audit, "%s: %s: %s", path, strerror(errno), otherwise);
	else if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		find(audit, "%s: others than root can change it (uid %u, mode %03o)", path,
		     (unsigned)st.st_uid, st.st_mode & 07777);
}

/* The module stands where this host's own modules stand: beside pam_unix.so. */
static int check_module(struct audit *audit, struct error *err)
{
	static const char *const places[] = {
		"/usr/lib/*/security/pam_unix.so", "/usr/lib64/security/pam_unix.so",
		"/usr/lib/security/pam_unix.so",   "/lib/*/security/pam_unix.so",
		"/lib64/security/pam_unix.so",     "/lib/security/pam_unix.so"};
	glob_t files = {0};
	size_t index;

	(void)err;
	for (index = 0; index < sizeof(places) / sizeof(*places); index++) {
		char path[512];

		if (glob(places[index], 0, NULL, &files) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s/pam_groupies.so",
			       (int)(strrchr(files.gl_pathv[0], '/') - files.gl_pathv[0]),
			       files.gl_pathv[0]);
		check_program(audit, path, "nobody is placed: the host is not protected");
		break;
	}
	globfree(&files);
	return 0;
}

static int check_helper(struct audit *audit, struct error *err)
{
	(void)err;
	check_program(audit, GROUPIES_PLACE, "members are refused whenever it is needed");
	if (access(GROUPIES_PLACE, F_OK) == 0 && access(GROUPIES_PLACE, X_OK) < 0)
		find(audit, "%s cannot be executed: members are refused", GROUPIES_PLACE);
	return 0;
}

/* ---- config, registry ------------------------------------------------------------------------ */

static void check_drift(struct audit *audit, const struct config *config)
{
	const struct config *applied = configs_find(&audit->applied, config->name);
	cleanup_free char *asked = NULL, *have = NULL;
	struct error ignored;

	if (!applied)
		find(audit, "%s/%s.conf was never applied: groupies-setup apply",
		     GROUPIES_CONFIG_DIR, config->name);
	else if (config_print(config, &asked, &ignored) == 0 &&
		 config_print(applied, &have, &ignored) == 0 && strcmp(asked, have) != 0)
		find(audit, "%s/%s.conf was changed and not applied: groupies-setup apply",
		     GROUPIES_CONFIG_DIR, config->name);
}

/* Reads what can be read of DIRECTORY; the rest is a finding each. */
static int read_configs(struct audit *audit, const char *directory, struct configs *configs,
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
			find(audit, "%s", trouble.text);
		else
			configs->count++;
	}
	return 0;
}

static int check_configs(struct audit *audit, struct error *err)
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
			find(audit,
			     "the config of '%s' is gone and the playground is still there: "
			     "groupies-setup apply takes it back",
			     name);
	}
	return 0;
}

/* What apply wanted MEMBER's entry to be, against what it is. */
static int check_enrolled(struct audit *audit, const struct config *config, const char *member,
			  struct entries *wanted, struct error *err)
{
	const struct registry_entry *present;
	struct registry_entry entry;
	int found = member_resolve(config, member, &entry, err);

	if (found < 0)
		return found;
	if (!found) {
		find(audit, "'%s' of playground '%s' is no %s of this host", member, config->name,
		     *member == '@' ? "group" : "user");
		return 0;
	}
	present = entries_find(&audit->entries, entry.is_group, entry.id);
	if (!present)
		find(audit,
		     "'%s' of playground '%s' is not in the registry, so no member: "
		     "groupies-setup apply",
		     member, config->name);
	else if (*present->playground && strcmp(present->playground, entry.playground) != 0)
		find(audit, "'%s' is enrolled in '%s' and not in '%s': groupies-setup apply",
		     member, present->playground, entry.playground);
	else if (*present->playground && present->own_limits != entry.own_limits)
		find(audit,
		     "'%s' is enrolled %s limits of its own and '%s' is applied %s them: "
		     "groupies-setup apply",
		     member, present->own_limits ? "with" : "without", config->name,
		     entry.own_limits ? "with" : "without");
	return entries_add(wanted, &entry, err);
}

static int check_registry(struct audit *audit, struct error *err)
{
	cleanup_entries struct entries wanted = {0};
	size_t index, member;

	if (audit->applied.count > 0 && access(GROUPIES_REGISTRY_UID_DIR, F_OK) < 0 &&
	    access(GROUPIES_REGISTRY_GID_DIR, F_OK) < 0) {
		find(audit, "%s/registry is gone: nobody is a member: groupies-setup apply",
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
			find(audit,
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
		find(audit,
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
		return found;
	if (!found)
		find(audit,
		     "%s %u was enrolled as '%s' and is nobody's any more: groupies-setup "
		     "apply",
		     kind, entry->id, entry->name);
	else if (strcmp(name, entry->name) != 0)
		find(audit,
		     "%s %u was enrolled as '%s' and is now '%s': renamed, or used again: "
		     "look, then groupies-setup apply",
		     kind, entry->id, entry->name, name);
	return 0;
}

/* Whoever can write one of these can take an entry away, or put another one there. */
static int check_folders(struct audit *audit, struct error *err)
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
			find(audit,
			     "%s is not a directory that only root can write (uid %u, mode %03o): "
			     "chown root and chmod go-w it, then groupies-setup apply",
			     folders[index], (unsigned)st.st_uid, st.st_mode & 07777);
	}
	return 0;
}

static int check_entries(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->entries.count; index++) {
		if (check_entry(audit, &audit->entries.list[index], err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static void check_setting(const struct setting *setting, const char *directory, const char *seen,
			  bool same, void *data)
{
	struct audit *audit = data;

	if (same)
		return;
	if (!seen)
		find(audit, "%s/%s is not there: %s does not limit: groupies-setup apply",
		     directory, setting->file, limit_table[setting->limit].name);
	else
		find(audit,
		     "%s: %s/%s says '%.80s' where '%.80s' was asked for: groupies-setup apply",
		     limit_table[setting->limit].name, directory, setting->file, seen,
		     setting->value);
}

static void check_group(struct audit *audit, const struct config *config)
{
	cleanup_free uid_t *parts = NULL;
	size_t count = 0, index;
	struct stamp stamp;
	struct error trouble;

	if (groups_find(&audit->host, config->name, &stamp) == 0) {
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s is not there: its next login makes it again", config->name);
		return;
	}
	/* Anything else that is wrong with it is mended by the next login. */
	if (!config->own_limits && stamp_check(&stamp, &trouble) < 0 && trouble.code == EBUSY)
		find(audit, "%s", trouble.text);
	if (groups_settings(&audit->host, config, NO_UID, check_setting, audit, &trouble) < 0)
		find(audit, "%s: %s", config->name, trouble.text);
	if (groups_parts(&audit->host, config->name, &parts, &count, &trouble) < 0)
		return;
	for (index = 0; config->own_limits && index < count; index++)
		(void)groups_settings(&audit->host, config, parts[index], check_setting, audit,
				      &trouble);
	if (groups_have_leftovers(&audit->host, config))
		find(audit, "%s has limits in force that no config asks for: groupies-setup apply",
		     config->name);
}

static int check_limits(struct audit *audit, struct error *err)
{
	size_t index;

	(void)err;
	for (index = 0; index < audit->applied.count; index++)
		check_group(audit, &audit->applied.list[index]);
	return 0;
}

static void find_loose(const char *path, uid_t owner, mode_t mode, void *data)
{
	find(data,
	     "%s can be changed by others than root (uid %u, mode %03o): groupies-setup apply "
	     "--adopt",
	     path, (unsigned)owner, mode);
}

/* A member who can write two of these can hop between them. PATH is a group's directory. */
static void check_doors(struct audit *audit, const char *path, bool is_root, bool is_ours)
{
	static const char *const doors[] = {"cgroup.procs", "tasks", "cgroup.threads",
					    "cgroup.subtree_control", "release_agent"};
	size_t index;

	for (index = 0; index < sizeof(doors) / sizeof(*doors); index++) {
		char file[PATH_MAX];
		struct stat st;
		bool loose;

		if (snprintf(file, sizeof(file), "%s/%s", path, doors[index]) >=
			    (int)sizeof(file) ||
		    lstat(file, &st) < 0)
			continue;
		loose = (st.st_mode & S_IWOTH) ||
			(is_root && ((st.st_mode & S_IWGRP) || st.st_uid != 0));
		if (loose || (!is_ours && is_member(audit, st.st_uid)))
			find(audit,
			     "%s can be written by others than root (uid %u, mode %03o): a "
			     "way out for members: chown root and chmod go-w it",
			     file, (unsigned)st.st_uid, st.st_mode & 07777);
	}
}

/* Our groups are looked at file by file; what systemd delegates inside of them leads nowhere. */
static bool is_ours(const struct audit *audit, const struct hierarchy *hierarchy, const char *path)
{
	char directory[GROUP_DIRECTORY_SIZE];
	size_t index;

	for (index = 0; index < audit->applied.count; index++) {
		size_t length;

		group_directory(&audit->host, hierarchy, audit->applied.list[index].name, NO_UID,
				directory);
		length = strlen(directory);
		if (strncmp(path, directory, length) == 0 &&
		    (path[length] == '\0' || path[length] == '/'))
			return true;
	}
	return false;
}

static void walk_tree(struct audit *audit, const struct hierarchy *hierarchy, const char *path,
		      unsigned depth)
{
	cleanup_dir DIR *entries = depth < CGROUP_DEPTH ? opendir(path) : NULL;
	struct dirent *entry;

	check_doors(audit, path, depth == 0, is_ours(audit, hierarchy, path));
	while (entries && (entry = readdir(entries))) {
		char child[PATH_MAX];

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
			    (int)sizeof(child))
			walk_tree(audit, hierarchy, child, depth + 1);
	}
}

/*
 * v1 lets everybody register events with any group (cgroup.event_control is made writable for all,
 * kernel/cgroup/cgroup-v1.c and mm/memcontrol.c), and charges them to nobody. No finding: it is so
 * on every such host, and the files of other groups are not ours to change.
 */
static void tell_event_control(struct audit *audit)
{
	const struct hierarchy *memory = host_hierarchy(&audit->host, "memory");
	char file[PATH_MAX];
	struct stat st;

	if (!memory || memory->unified)
		return;
	(void)snprintf(file, sizeof(file), "%s/cgroup.event_control", memory->mount);
	if (stat(file, &st) == 0 && (st.st_mode & S_IWOTH))
		report_step(audit->report, REPORT_INFO, audit->name,
			    "%s can be written by everybody, as v1 makes it: members can hold "
			    "kernel memory there that is charged to nobody; v2 has no such file",
			    file);
}

static int check_files(struct audit *audit, struct error *err)
{
	size_t index;

	(void)err;
	for (index = 0; index < audit->applied.count; index++)
		groups_loose_files(&audit->host, audit->applied.list[index].name, find_loose,
				   audit);
	for (index = 0; index < audit->host.count; index++)
		walk_tree(audit, &audit->host.hierarchies[index],
			  audit->host.hierarchies[index].mount, 0);
	tell_event_control(audit);
	return 0;
}

/* ---- members --------------------------------------------------------------------------------- */

static int check_groups(struct audit *audit, struct error *err)
{
	size_t index;

	(void)err;
	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];
		char which[256];

		if (user->uid != 0 && user_is_in(user, POWERFUL, which, sizeof(which)))
			find(audit,
			     "%s is in group %s, which is as good as root: no limit holds "
			     "there",
			     user->name, which);
	}
	return 0;
}

/* Asked about a member without a session: a rule for those who sit at the screen is not seen. */
static int check_polkit_of(struct audit *audit, const struct user *user, struct error *err)
{
	static const struct {
		const char *action, *leads;
	} ways[] = {
		{"org.freedesktop.systemd1.manage-units", "start what it likes outside"},
		{"org.freedesktop.policykit.exec", "become root by pkexec"},
		{"org.freedesktop.machine1.host-shell", "become root by machinectl shell"},
	};
	pid_t subject;
	size_t index;
	int granted = 0;

	if (polkit_subject_begin(user, &subject, err) < 0)
		return -err->code;
	for (index = 0; index < sizeof(ways) / sizeof(*ways) && granted >= 0; index++) {
		granted = polkit_grants(subject, ways[index].action, err);
		if (granted > 0)
			find(audit,
			     "polkit grants %s to %s, who can %s: take that out of the rules in "
			     "/etc/polkit-1",
			     ways[index].action, user->name, ways[index].leads);
	}
	polkit_subject_end(subject);
	return granted < 0 ? granted : 0;
}

static int check_polkit(struct audit *audit, struct error *err)
{
	size_t index, asked = 0;

	if (!polkit_is_here())
		return 0;
	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];

		if (user->uid == 0)
			continue;
		if (asked++ == POLKIT_MEMBERS) {
			report_step(audit->report, REPORT_INFO, audit->name,
				    "asked for the first %d members only", POLKIT_MEMBERS);
			break;
		}
		if (check_polkit_of(audit, user, err) < 0)
			return -err->code;
	}
	return 0;
}

static int check_processes_of(struct audit *audit, const struct config *config,
			      const struct user *user, struct error *err)
{
	cleanup_free struct process *list = NULL, *outside = NULL;
	size_t count, index, out = 0;
	struct stamp stamp;
	char text[256];
	bool is_there = groups_find(&audit->host, config->name, &stamp) > 0;
	bool systemd = audit->host.manager == HOST_SYSTEMD;

	if (processes_of_user(user->uid, is_there ? &stamp : NULL, &list, &count, err) < 0)
		return -err->code;
	outside = calloc(count + 1, sizeof(*outside));
	if (!outside)
		return error_errno(err, "processes");
	for (index = 0; index < count; index++) {
		if (!list[index].inside)
			outside[out++] = list[index];
	}
	if (out)
		find(audit,
		     "%s runs %zu process%s outside of '%s': %s: end them, or "
		     "%s%s",
		     user->name, out, out == 1 ? "" : "es", config->name,
		     processes_print(outside, out, text, sizeof(text)),
		     systemd ? "all that this user runs: loginctl terminate-user "
			     : "groupies-setup apply --sweep",
		     systemd ? user->name : "");
	return 0;
}

/* Where does the registry send USER? NULL: nowhere, or it is torn between two. */
static const struct config *config_of(const struct audit *audit, const struct user *user)
{
	const struct registry_entry *entry = entries_find(&audit->entries, false, user->uid);
	size_t index;

	if (entry)
		return configs_find(&audit->applied, entry->playground);
	for (index = 0; index < audit->entries.count; index++) {
		const struct registry_entry *group = &audit->entries.list[index];
		char which[MEMBER_NAME_SIZE];

		if (group->is_group && user_is_in(user, group->name, which, sizeof(which)))
			return configs_find(&audit->applied, group->playground);
	}
	return NULL;
}

static int check_processes(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];
		const struct config *config = config_of(audit, user);

		if (user->uid != 0 && config && check_processes_of(audit, config, user, err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- what holds the memory of a full playground ---------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	uint64_t left = ((const struct process *)a)->resident_bytes;
	uint64_t right = ((const struct process *)b)->resident_bytes;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* Bytes in files of UID below the directory open at FD, within its mount. */
static uint64_t bytes_of(int fd, dev_t device, uid_t uid, unsigned depth)
{
	cleanup_dir DIR *entries = directory_list(fd);
	struct dirent *entry;
	uint64_t sum = 0;

	if (!entries)
		return 0;
	while ((entry = readdir(entries))) {
		struct stat st;
		struct error ignored;
		cleanup_fd int child = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != device)
			continue;
		if (st.st_uid == uid && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode) || depth == 0)
			continue;
		child = directory_open(fd, entry->d_name, &ignored);
		if (child >= 0)
			sum += bytes_of(child, device, uid, depth - 1);
	}
	return sum;
}

/* Files in a filesystem that is memory stay when their owner has logged out. */
static void find_files(struct audit *audit, const struct user *user)
{
	char runtime[64];
	const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp", "/run/lock", runtime};
	size_t index;

	(void)snprintf(runtime, sizeof(runtime), "/run/user/%u", (unsigned)user->uid);
	for (index = 0; index < sizeof(places) / sizeof(*places); index++) {
		struct error ignored;
		cleanup_fd int fd = directory_open(AT_FDCWD, places[index], &ignored);
		struct statfs fs;
		struct stat st;
		uint64_t bytes;
		char text[32];

		if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC ||
		    fstat(fd, &st) < 0)
			continue;
		bytes = bytes_of(fd, st.st_dev, user->uid, SHM_SCAN_DEPTH);
		if (bytes)
			find(audit, "%s: %s in files of %s in %s", audit->config->name,
			     size_print(bytes, text, sizeof(text)), user->name, places[index]);
	}
}

/* The columns of /proc/sysvipc/shm are named in its first line; rss is the 15th. */
static void find_segments(struct audit *audit, const struct user *user)
{
	cleanup_file FILE *file = fopen("/proc/sysvipc/shm", "re");
	char line[512], text[32];
	uint64_t sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned uid;
		uint64_t rss;

		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %u %*s %*s %*s %*s %*s %*s %" SCNu64,
			   &uid, &rss) == 2 &&
		    uid == user->uid)
			sum += rss;
	}
	if (sum)
		find(audit, "%s: %s in System V shared memory of %s (ipcs -m)", audit->config->name,
		     size_print(sum, text, sizeof(text)), user->name);
}

/* What fills STAMP's groups: of everybody in the playground, or of UID in its own part. */
static int find_holders(struct audit *audit, const struct stamp *stamp, uid_t uid,
			struct error *err)
{
	cleanup_free struct process *list = NULL;
	cleanup_users struct users users = {0};
	size_t count, index;
	char text[32];

	if (processes_inside(stamp, &list, &count, err) < 0 ||
	    config_users(audit->config, &users, err) < 0)
		return -err->code;
	if (count)
		qsort(list, count, sizeof(*list), by_size);
	for (index = 0; index < count && index < HOLDERS_SHOWN; index++)
		find(audit, "%s: %s in %s (%d) of uid %u", audit->config->name,
		     size_print(list[index].resident_bytes, text, sizeof(text)),
		     list[index].command, (int)list[index].pid, (unsigned)list[index].uid);
	for (index = 0; index < users.count; index++) {
		if (uid != NO_UID && users.list[index].uid != uid)
			continue;
		find_files(audit, &users.list[index]);
		find_segments(audit, &users.list[index]);
	}
	return 0;
}

/* Is what LIMITS allow to STAMP's groups used up? WHOSE is the playground, or a member's part. */
static int check_room(struct audit *audit, const struct limits *limits, const struct stamp *stamp,
		      uid_t uid, const char *whose, struct error *err)
{
	const struct limit_value *limit = &limits->values[LIMIT_MEMORY_MAX];
	char held_text[32], limit_text[32];
	uint64_t held;

	if (!limit->set || limit->number == SIZE_INFINITY)
		return 0;
	held = groups_memory_held(stamp);
	if (held < limit->number / 100 * FULL_PERCENT)
		return 0;
	find(audit, "%s is full: %s of %s are held, so the next login may not fit", whose,
	     size_print(held, held_text, sizeof(held_text)),
	     size_print(limit->number, limit_text, sizeof(limit_text)));
	return find_holders(audit, stamp, uid, err);
}

/* Members with limits of their own: whoever has used up its own is shut out, and nobody else. */
static int check_parts(struct audit *audit, struct error *err)
{
	const struct config *config = audit->config;
	cleanup_free uid_t *parts = NULL;
	size_t count = 0, index;

	if (groups_parts(&audit->host, config->name, &parts, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		char name[STAMP_NAME_SIZE], whose[STAMP_NAME_SIZE + 32];
		struct stamp stamp;
		struct error ignored;

		stamp_name(config->name, true, parts[index], name);
		if (stamp_read(name, &stamp, &ignored) < 0)
			continue;
		(void)snprintf(whose, sizeof(whose), "uid %u's part of %s", (unsigned)parts[index],
			       config->name);
		if (check_room(audit, &config->each, &stamp, parts[index], whose, err) < 0)
			return -err->code;
	}
	return 0;
}

static int check_memory(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->applied.count; index++) {
		const struct config *config = &audit->applied.list[index];
		struct stamp stamp;

		audit->config = config;
		if (groups_find(&audit->host, config->name, &stamp) == 0)
			continue;
		if (check_room(audit, &config->shared, &stamp, NO_UID, config->name, err) < 0 ||
		    (config->own_limits && check_parts(audit, err) < 0))
			return -err->code;
	}
	return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *fine; /* what it means that nothing was found */
	int (*look)(struct audit *audit, struct error *err);
} checks[] = {
	{"config", "each is valid and applied", check_configs},
	{"registry", "everybody whom a config names is enrolled", check_registry},
	{"folders", "only root can write what logins read", check_folders},
	{"entries", "every id is still who was enrolled", check_entries},
	{"pam", "every service that opens sessions comes to pam_groupies.so", check_services},
	{"sshd", "uses PAM", check_sshd},
	{"module", "pam_groupies.so is in its place", check_module},
	{"helper", "groupies-place is in its place", check_helper},
	{"limits", "the kernel says what the configs say", check_limits},
	{"files", "nobody but root can write a control group", check_files},
	{"groups", "no member is in a group that is as good as root", check_groups},
	{"polkit", "lets no member past a playground", check_polkit},
	{"processes", "no member runs anything outside", check_processes},
	{"memory", "no playground is full", check_memory},
};

/* Reads everything once; what cannot be read is told by the first row. */
static int audit_begin(struct audit *audit, struct error *err)
{
	size_t index, user;

	audit->name = checks[0].name;
	if (host_read(&audit->host, err) < 0 ||
	    read_configs(audit, GROUPIES_CONFIG_DIR, &audit->configs, err) < 0 ||
	    read_configs(audit, GROUPIES_APPLIED_DIR, &audit->applied, err) < 0 ||
	    entries_read(&audit->entries, err) < 0)
		return -err->code;
	for (index = 0; index < audit->applied.count; index++) {
		cleanup_users struct users users = {0};

		if (config_users(&audit->applied.list[index], &users, err) < 0)
			return -err->code;
		for (user = 0; user < users.count; user++) {
			if (users_add(&audit->members, &users.list[user], err) < 0)
				return -err->code;
		}
	}
	return 0;
}

static void audit_run(struct audit *audit)
{
	size_t index;

	for (index = 0; index < sizeof(checks) / sizeof(*checks); index++) {
		unsigned before = index == 0 ? 0 : audit->findings;
		struct error err;

		audit->name = checks[index].name;
		if (checks[index].look(audit, &err) < 0)
			find(audit, "cannot be looked at: %s", err.text);
		if (audit->findings == before)
			report_step(audit->report, REPORT_UNCHANGED, audit->name, "%s",
				    checks[index].fine);
	}
}

int command_check(const struct options *options, struct report *report)
{
	struct audit audit = {.report = report};
	struct error err;
	int code = 1;

	if (audit_begin(&audit, &err) < 0) {
		report_failure(report, "check", err.text);
		(void)complain(1, "check: %s", err.text);
	} else if (audit.configs.count + audit.applied.count + audit.entries.count == 0 &&
		   audit.findings == 0) {
		report_step(report, REPORT_INFO, "check",
			    "there is no playground: nothing to look "
			    "at");
		code = 0;
	} else {
		audit_run(&audit);
		if (!options->json)
			(void)printf("%u finding%s\n", audit.findings,
				     audit.findings == 1 ? "" : "s");
		code = audit.findings > 0;
	}
	configs_clear(&audit.configs);
	configs_clear(&audit.applied);
	entries_clear(&audit.entries);
	users_clear(&audit.members);
	return code;
}
