/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: members: what makes a limit void for them, and what they run outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/stamp.h"

#include "audit.h"
#include "groups.h"
#include "polkit.h"
#include "processes.h"
#include "program.h"

#define POWERFUL      "docker,lxd,incus-admin,libvirt,disk,kmem,sudo,wheel,adm,admin"
#define MEMBERS_ASKED 50 /* each costs polkit some 0.1 s */
#define SUDO_SECONDS  20

int check_groups(struct audit *audit, struct error *err)
{
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];
		char which[256];
		int found = user_is_in(user, POWERFUL, which, sizeof(which), err);

		if (found < 0)
			audit_find(audit, "%s", err->text);
		if (found == 1)
			audit_find(audit,
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
			audit_find(
				audit,
				"polkit grants %s to %s, who can %s: take that out of the rules in "
				"/etc/polkit-1",
				ways[index].action, user->name, ways[index].leads);
	}
	polkit_subject_end(subject);
	return granted < 0 ? granted : 0;
}

/* What sudoers(5) lets a member do as somebody else; who is in group sudo was found already. */
static int check_sudo_of(struct audit *audit, const struct user *user, struct error *err)
{
	const char *const arguments[] = {"sudo", "-n", "-l", "-U", user->name, NULL};
	const struct program program = {.arguments = arguments, .seconds = SUDO_SECONDS};
	struct program_answer answer;
	char which[256];
	int found = user_is_in(user, POWERFUL, which, sizeof(which), err);

	if (found)
		return found < 0 ? found : 0;
	if (program_run(&program, &answer, err) < 0)
		return -err->code;
	if (strstr(answer.output, "may run the following commands"))
		audit_find(audit,
			   "sudoers lets %s run commands as somebody else: what can start a shell "
			   "is a way out: sudo -l -U %s shows them",
			   user->name, user->name);
	return 0;
}

static int ask_about_members(struct audit *audit,
			     int (*ask)(struct audit *audit, const struct user *user,
					struct error *err),
			     struct error *err)
{
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];

		if (index == MEMBERS_ASKED) {
			report_step(audit->report, REPORT_INFO, audit->name,
				    "asked about the first %d members only", MEMBERS_ASKED);
			break;
		}
		if (ask(audit, user, err) < 0)
			audit_find(audit, "%s: %s", user->name, err->text);
	}
	return 0;
}

int check_polkit(struct audit *audit, struct error *err)
{
	return polkit_is_here() ? ask_about_members(audit, check_polkit_of, err) : 0;
}

int check_sudo(struct audit *audit, struct error *err)
{
	return program_exists("sudo") ? ask_about_members(audit, check_sudo_of, err) : 0;
}

/* The groups of the members of one config that has limits for each, whoever's they are. */
struct parts {
	const struct config *config;
	struct stamp *list;
	size_t count;
};

/* Makes PARTS those of CONFIG, and keeps them where they are: a class is in one playground. */
static int parts_of(const struct audit *audit, const struct config *config, struct parts *parts,
		    struct error *err)
{
	cleanup_free uid_t *uids = NULL;
	size_t count = 0, index;

	if (parts->config == config)
		return 0;
	free(parts->list);
	*parts = (struct parts){.config = NULL};
	if (config->own_limits && groups_parts(&audit->host, config->name, &uids, &count, err) < 0)
		return -err->code;
	parts->list = calloc(count + 1, sizeof(*parts->list));
	if (!parts->list)
		return error_errno(err, "parts");
	for (index = 0; index < count; index++) {
		char name[STAMP_NAME_SIZE];
		struct error ignored;

		stamp_name(config->name, true, uids[index], name);
		parts->count += stamp_read(name, &parts->list[parts->count], &ignored) == 0;
	}
	parts->config = config;
	return 0;
}

/* A member's su to another one is in the other's part: anybody's will do. */
static int is_in_a_part(const struct process *process, const struct parts *parts, struct error *err)
{
	size_t index;
	int inside = 0;

	for (index = 0; index < parts->count && inside == 0; index++)
		inside = process_is_inside(process->pid, &parts->list[index], err);
	return inside;
}

static void find_strays(struct audit *audit, const struct user *user, const char *where,
			const struct process *list, size_t count)
{
	char text[STRAYS_SIZE];

	if (count)
		audit_find(audit, "%s",
			   strays_print(&audit->host, user->name, where, list, count, text));
}

static int check_processes_of(struct audit *audit, const struct config *config,
			      const struct user *user, const struct parts *parts, struct error *err)
{
	cleanup_free struct process *list = NULL, *outside = NULL, *bare = NULL;
	size_t count, outside_count = 0, bare_count = 0, index;
	struct stamp stamp;
	char where[STAMP_NAME_SIZE + 64];
	int is_there = groups_find(&audit->host, config->name, &stamp, err);

	if (is_there < 0 ||
	    processes_of_user(user->uid, is_there ? &stamp : NULL, &list, &count, err) < 0)
		return -err->code;
	outside = calloc(count + 1, sizeof(*outside));
	bare = calloc(count + 1, sizeof(*bare));
	if (!outside || !bare)
		return error_errno(err, "processes");
	for (index = 0; index < count; index++) {
		int in_a_part = config->own_limits ? is_in_a_part(&list[index], parts, err) : 1;

		if (in_a_part < 0)
			return in_a_part;
		if (!list[index].inside)
			outside[outside_count++] = list[index];
		else if (!in_a_part)
			bare[bare_count++] = list[index];
	}
	(void)snprintf(where, sizeof(where), "outside of '%s'", config->name);
	find_strays(audit, user, where, outside, outside_count);
	(void)snprintf(where, sizeof(where), "in '%s' without the limits of [Member]",
		       config->name);
	find_strays(audit, user, where, bare, bare_count);
	return 0;
}

/*
 * Where does the registry send USER? 1, 0: nowhere. What is between two playgrounds, or cannot be
 * told, is an error.
 */
static int config_of(const struct audit *audit, const struct user *user,
		     const struct config **ret_config, struct error *err)
{
	struct registry_entry entry;
	int found = user_entry(user, &entry, err);

	if (found < 0)
		return found;
	if (found == REGISTRY_UNKNOWN)
		return -err->code;
	*ret_config = found ? configs_find(&audit->applied, entry.playground) : NULL;
	return *ret_config ? 1 : 0;
}

int check_processes(struct audit *audit, struct error *err)
{
	struct parts parts = {.config = NULL};
	size_t index;

	for (index = 0; index < audit->members.count; index++) {
		const struct user *user = &audit->members.list[index];
		const struct config *config = NULL;
		int code = config_of(audit, user, &config, err);

		if (code == 1 && config && (code = parts_of(audit, config, &parts, err)) == 0)
			code = check_processes_of(audit, config, user, &parts, err);
		if (code < 0)
			audit_find(audit, "%s: %s", user->name, err->text);
	}
	free(parts.list);
	return 0;
}
