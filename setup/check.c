/* SPDX-License-Identifier: MIT */
/* `groupies-setup check`: looks for whatever would let a member out, or shut one out. */
#include <stdarg.h>
#include <stdio.h>

#include "groupies/cleanup.h"
#include "groupies/paths.h"

#include "audit.h"
#include "commands.h"

void audit_find(struct audit *audit, const char *format, ...)
{
	char text[900];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_step(audit->report, REPORT_WARNING, audit->name, "%s", text);
	audit->findings++;
}

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
	{"mailer", "there is none that could run what a member writes into ~/.forward",
	 check_mailer},
	{"module", "pam_groupies.so is in its place", check_module},
	{"helper", "groupies-place is in its place", check_helper},
	{"limits", "the kernel says what the configs say", check_limits},
	{"files", "nobody but root can write a control group", check_files},
	{"groups", "no member is in a group that is as good as root", check_groups},
	{"polkit", "lets no member past a playground", check_polkit},
	{"sudo", "lets no member run anything as somebody else", check_sudo},
	{"processes", "no member runs anything outside", check_processes},
	{"memory", "no playground is full", check_memory},
};

/* Reads everything once; what cannot be read is told by the first row. */
static int audit_begin(struct audit *audit, struct error *err)
{
	size_t index, user;

	audit->name = checks[0].name;
	if (host_read(&audit->host, err) < 0 ||
	    audit_read_configs(audit, GROUPIES_CONFIG_DIR, &audit->configs, err) < 0 ||
	    audit_read_configs(audit, GROUPIES_APPLIED_DIR, &audit->applied, err) < 0 ||
	    entries_read(&audit->entries, err) < 0)
		return -err->code;
	for (index = 0; index < audit->applied.count; index++) {
		cleanup_users struct users users = {0};
		struct error trouble;

		/* Those whom nobody can tell are rows of `registry`; the others are looked at. */
		if (config_users(&audit->applied.list[index], &users, &trouble, err) < 0)
			return -err->code;
		if (trouble.code)
			audit_find(audit, "some members are not looked at: %s", trouble.text);
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
			audit_find(audit, "cannot be looked at: %s", err.text);
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
