/* SPDX-License-Identifier: MIT */
/* `groupies-setup list`: every playground, what was asked for and what the kernel says. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groupies/printable.h"
#include "groupies/size.h"

#include "commands.h"
#include "configs.h"
#include "groups.h"
#include "members.h"
#include "processes.h"

/* A playground as it is shown: in lines for people, or as one object of the report's array. */
struct row {
	const struct options *options;
	struct report *report;
	const struct host *host;
	const struct config *config;
	const struct config *applied; /* NULL: never applied */
	bool is_configured;           /* its config was read; else the applied copy is shown */
	struct stamp stamp;
	int group_count;   /* below 0: nobody can tell */
	const char *level; /* in front of a limit's name: "" or "Member." */
};

static const char *state_of(const struct row *row)
{
	cleanup_free char *asked = NULL, *applied = NULL;
	struct error ignored;

	if (!row->applied)
		return "not applied yet: groupies-setup apply";
	if (!row->is_configured)
		return "in force as it was applied; its config is gone or cannot be read";
	if (config_print(row->config, &asked, &ignored) == 0 &&
	    config_print(row->applied, &applied, &ignored) == 0 && strcmp(asked, applied) != 0)
		return "its config was changed: groupies-setup apply";
	if (row->group_count < 0)
		return "its groups cannot be looked at";
	if (row->group_count == 0)
		return "not there: the next login makes it again";
	return "in force";
}

static const char *members_print(const struct config *config, char *text, size_t size)
{
	size_t index, used = 0;

	*text = '\0';
	for (index = 0; index < config->member_count; index++) {
		int length = snprintf(text + used, size - used, "%s%s", index ? " " : "",
				      config->members[index]);

		if (length < 0 || (size_t)length >= size - used)
			break;
		used += (size_t)length;
	}
	return *text ? text : "nobody";
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void show_setting(const struct setting *setting, const char *directory, const char *seen,
			 bool same, void *data)
{
	const struct row *row = data;
	const struct limit *limit = &limit_table[setting->limit];
	const struct limits *limits = *row->level ? &row->config->each : &row->config->shared;
	char name[64], asked[512], key[96];

	(void)directory;
	/* cpu.cfs_period_us and cpuset.mems stand beside a limit; they are none. */
	if (strcmp(setting->file, limit->file_v1 ? limit->file_v1 : "") != 0 &&
	    strcmp(setting->file, limit->file_v2) != 0)
		return;
	(void)snprintf(name, sizeof(name), "%s%s", row->level, limit->name);
	(void)limit_print(limit, &limits->values[setting->limit], asked, sizeof(asked));
	if (row->options->json) {
		report_detail(row->report, name, asked);
		(void)snprintf(key, sizeof(key), "%s.in_force", name);
		report_detail(row->report, key, seen ? seen : "");
		return;
	}
	if (strlen(seen ? seen : "") > 0)
		(void)printf("    %-24s %-16.*s %s: %.*s%s\n", name, (int)strcspn(asked, "\n"),
			     asked, setting->file, (int)strcspn(seen, "\n"), seen,
			     same ? "" : "   <- differs");
	else
		(void)printf("    %-24s %-16.*s %s: not there\n", name, (int)strcspn(asked, "\n"),
			     asked, setting->file);
}

static void show_limits(struct row *row)
{
	cleanup_free uid_t *parts = NULL;
	size_t count = 0;
	struct error err;

	row->level = "";
	if (groups_settings(row->host, row->config, NO_UID, show_setting, row, &err) < 0 &&
	    !row->options->json)
		(void)printf("    %s\n", printable_make(err.text));
	if (!row->config->own_limits)
		return;
	/* The parts are alike; the first that exists stands for all. check looks at each. */
	row->level = "Member.";
	if (groups_parts(row->host, row->config->name, &parts, &count, &err) < 0 || count == 0)
		(void)groups_settings(row->host, row->config, 0, show_setting, row, &err);
	else
		(void)groups_settings(row->host, row->config, parts[0], show_setting, row, &err);
}

/* ---- a playground ---------------------------------------------------------------------------- */

/* What cannot be read is no number, and is said behind the rest. */
static int show(struct row *row)
{
	cleanup_free struct process *inside = NULL;
	const char *state;
	char members[2048], memory[32];
	size_t count = 0;
	uint64_t kills = 0, used = 0;
	struct error trouble = ERROR_NONE;

	row->group_count = groups_find(row->host, row->config->name, &row->stamp, &trouble);
	state = state_of(row);
	(void)members_print(row->config, members, sizeof(members));
	(void)(row->group_count < 0 ||
	       processes_inside(&row->stamp, &inside, &count, &trouble) < 0 ||
	       playground_kills(&row->stamp, &kills, &trouble) < 0 ||
	       groups_memory(&row->stamp, &used, &trouble) < 0);
	if (row->options->json) {
		report_step(row->report, REPORT_INFO, row->config->name, "%s", state);
		report_detail(row->report, "members", *members ? members : "");
		report_number(row->report, "processes", count);
		report_number(row->report, "memory_bytes", used);
		report_number(row->report, "kills", kills);
	} else {
		(void)printf("%s: %s\n", row->config->name, state);
		(void)printf("    members %s; %zu process%s, %s in use, %" PRIu64 " kill%s\n",
			     *members ? members : "nobody", count, count == 1 ? "" : "es",
			     size_print(used, memory, sizeof(memory)), kills,
			     kills == 1 ? "" : "s");
	}
	show_limits(row);
	if (trouble.code == 0)
		return 0;
	report_failure(row->report, "list", trouble.text);
	return complain(1, "list: %s: %s", row->config->name, trouble.text);
}

static int list_configs(const struct options *options, struct report *report,
			const struct host *host, const struct configs *configs,
			const struct configs *applied)
{
	size_t index, shown = 0;
	int code = 0;

	for (index = 0; index < configs->count + applied->count; index++) {
		bool is_configured = index < configs->count;
		const struct config *config = is_configured
						      ? &configs->list[index]
						      : &applied->list[index - configs->count];
		struct row row = {.options = options,
				  .report = report,
				  .host = host,
				  .config = config,
				  .applied = configs_find(applied, config->name),
				  .is_configured = is_configured};

		if ((options->playground && strcmp(options->playground, config->name) != 0) ||
		    (!is_configured && configs_find(configs, config->name)))
			continue;
		if (shown++ > 0 && !options->json)
			(void)putchar('\n');
		code |= show(&row);
	}
	if (shown == 0 && options->playground)
		return complain(1, "list: there is no playground '%s'", options->playground);
	if (shown == 0 && !options->json)
		(void)printf("no playground: groupies-setup makes one\n");
	return code;
}

int command_list(const struct options *options, struct report *report)
{
	cleanup_configs struct configs configs = {0}, applied = {0};
	struct host host;
	struct error err;
	int code = 0;

	if (host_read(&host, &err) < 0 || configs_read(GROUPIES_APPLIED_DIR, &applied, &err) < 0)
		return complain(1, "list: %s", err.text);
	/* A config that is wrong hides nothing of what is in force. */
	if (configs_read(GROUPIES_CONFIG_DIR, &configs, &err) < 0) {
		report_failure(report, "list", err.text);
		code = complain(1, "list: %s", err.text);
	}
	return list_configs(options, report, &host, &configs, &applied) | code;
}
