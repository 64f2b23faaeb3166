/* SPDX-License-Identifier: MIT */
/* `groupies-setup list`: every playground, what was asked for and what the kernel says. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/columns.h"
#include "groupies/file.h"
#include "groupies/host.h"
#include "groupies/paths.h"
#include "groupies/playground.h"
#include "groupies/printable.h"
#include "groupies/size.h"

#include "commands.h"
#include "configs.h"
#include "groups.h"
#include "in_force.h"
#include "members.h"
#include "processes.h"

#define INDENT        4
#define VALUE_COLUMN  46 /* where a limit's line says what is in force */
#define MEMBERS_SHOWN 40
#define NAMES_SIZE    2048

/* What is said of all playgrounds. */
struct listing {
	const struct options *options;
	struct report *report;
	struct host host;
	struct configs configs, applied;
	int code;
};

/* A playground as it is shown: in lines for people, or as one object of the report's array. */
struct row {
	struct listing *listing;
	const struct config *config;
	const struct config *applied; /* NULL: never applied */
	bool is_configured;           /* its config was read; else the applied copy is shown */
	struct stamp stamp;
	int group_count;   /* below 0: nobody can tell */
	const char *level; /* in front of a limit's name: "" or "Member." */
};

/* What cannot be told is said, and the rest goes on. */
static void list_trouble(const char *text, void *data)
{
	struct listing *listing = data;

	report_failure(listing->report, "list", text);
	listing->code = complain(1, "list: %s", text);
}

static void row_trouble(const struct row *row, struct error *err)
{
	(void)error_context(err, "%s", row->config->name);
	list_trouble(err->text, row->listing);
}

static void print_line(char *line, unsigned indent)
{
	columns_print(stdout, columns_of(stdout), 0, indent, printable_make(line));
}

struct state {
	const char *word; /* for programs */
	const char *sentence;
};

static struct state state_of(const struct row *row)
{
	cleanup_free char *asked = NULL, *applied = NULL;
	struct error ignored;

	if (!row->applied && configs_may_have(&row->listing->applied, row->config->name))
		return (struct state){"unknown", "what was applied of it cannot be read"};
	if (!row->applied)
		return (struct state){"not applied", "not applied yet: groupies-setup apply"};
	if (!row->is_configured)
		return (struct state){
			"without config",
			"in force as it was applied; its config is gone or cannot be read"};
	if (config_print(row->config, &asked, &ignored) == 0 &&
	    config_print(row->applied, &applied, &ignored) == 0 && strcmp(asked, applied) != 0)
		return (struct state){"changed", "its config was changed: groupies-setup apply"};
	if (row->group_count < 0)
		return (struct state){"unknown", "its groups cannot be looked at"};
	if (row->group_count == 0)
		return (struct state){"not there", "not there: the next login makes it again"};
	return (struct state){"in force", "in force"};
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* What of the config's value SETTING is, as a config says it: one device's of a bandwidth. */
static const char *asked_print(const struct limit_value *value, const struct setting *setting,
			       char *text, size_t size)
{
	unsigned line = setting->line;
	char *at = text;

	(void)limit_print(&limit_table[setting->limit], value, text, size);
	for (; line > 0 && *at; line--) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	at[strcspn(at, "\n")] = '\0';
	return at;
}

/* ASKED of a bandwidth is "DEVICE BYTES". */
static void tell_setting(struct report *report, const struct setting *setting, const char *name,
			 const struct limit_value *value, const char *asked, const char *directory,
			 const char *seen)
{
	char key[96], path[GROUP_DIRECTORY_SIZE + 64], device[256];

	(void)snprintf(key, sizeof(key), "%s.in_force", name);
	(void)snprintf(device, sizeof(device), "%.*s", (int)strcspn(asked, " "), asked);
	if (setting->limit == LIMIT_ALLOWED_CPUS) {
		report_detail(report, name, value->text);
		report_detail(report, key, seen);
	} else if (*value->text) {
		report_number_of(report, name, device, strtoull(asked + strlen(device), NULL, 10));
		report_number_of(report, key, device, in_force_read(setting, directory, seen));
	} else {
		report_number(report, name, value->number);
		report_number(report, key, in_force_read(setting, directory, seen));
	}
	(void)snprintf(key, sizeof(key), "%s.file", name);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, setting->file);
	report_detail(report, key, path);
}

static void show_setting(const struct setting *setting, const char *directory, const char *seen,
			 bool same, void *data)
{
	const struct row *row = data;
	const struct limit *limit = &limit_table[setting->limit];
	const struct limits *limits = *row->level ? &row->config->each : &row->config->shared;
	const struct limit_value *value = &limits->values[setting->limit];
	char name[64], text[512], line[1200];
	const char *asked = asked_print(value, setting, text, sizeof(text));

	/* cpu.cfs_period_us and cpuset.mems stand beside a limit; they are none. */
	if (strcmp(setting->file, limit->file_v1 ? limit->file_v1 : "") != 0 &&
	    strcmp(setting->file, limit->file_v2) != 0)
		return;
	(void)snprintf(name, sizeof(name), "%s%s", row->level, limit->name);
	if (row->listing->options->json) {
		tell_setting(row->listing->report, setting, name, value, asked, directory, seen);
		return;
	}
	if (!seen || !*seen) {
		same = true;
		seen = "not there";
	}
	(void)snprintf(line, sizeof(line), "    %-24s %-16s %s: %.*s%s", name, asked, setting->file,
		       (int)strcspn(seen, "\n"), seen, same ? "" : "   <- differs");
	print_line(line, VALUE_COLUMN);
}

static void show_limits(struct row *row)
{
	const struct host *host = &row->listing->host;
	cleanup_free uid_t *parts = NULL;
	size_t count = 0;
	struct error err;

	row->level = "";
	if (groups_settings(host, row->config, NO_UID, show_setting, row, &err) < 0)
		row_trouble(row, &err);
	if (!row->config->own_limits)
		return;
	/* The parts are alike; the first that exists stands for all. check looks at each. */
	row->level = "Member.";
	if (groups_parts(host, row->config->name, &parts, &count, &err) < 0)
		row_trouble(row, &err);
	if (groups_settings(host, row->config, count ? parts[0] : 0, show_setting, row, &err) < 0)
		row_trouble(row, &err);
}

/* ---- a playground ---------------------------------------------------------------------------- */

struct counts {
	uint64_t processes, memory_bytes, kills; /* REPORT_UNKNOWN */
};

static void counts_read(const struct row *row, struct counts *counts)
{
	cleanup_free struct process *inside = NULL;
	size_t count = 0;
	struct error err;

	if (processes_inside(&row->stamp, &inside, &count, &err) < 0)
		row_trouble(row, &err);
	else
		counts->processes = count;
	if (playground_kills(&row->stamp, &counts->kills, &err) < 0)
		row_trouble(row, &err);
	if (groups_memory(&row->stamp, &counts->memory_bytes, &err) < 0)
		row_trouble(row, &err);
}

static const char *members_print(const struct config *config, char text[NAMES_SIZE])
{
	size_t index, used = 0;

	for (index = 0; index < config->member_count && index < MEMBERS_SHOWN; index++) {
		if (used + strlen(config->members[index]) + 32 > NAMES_SIZE)
			break;
		used += (size_t)snprintf(text + used, NAMES_SIZE - used, "%s%s", index ? " " : "",
					 config->members[index]);
	}
	if (index < config->member_count)
		(void)snprintf(text + used, NAMES_SIZE - used, " and %zu more",
			       config->member_count - index);
	return config->member_count ? text : "nobody";
}

/* "3 processes", "1 kill", "unknown kills". */
static const char *count_print(uint64_t count, const char *one, const char *more, char text[48])
{
	if (count == REPORT_UNKNOWN)
		(void)snprintf(text, 48, "unknown %s", more);
	else
		(void)snprintf(text, 48, "%" PRIu64 " %s", count, count == 1 ? one : more);
	return text;
}

static void show_people(const struct row *row, const struct counts *counts)
{
	char members[NAMES_SIZE], line[NAMES_SIZE + 256], processes[48], kills[48],
		memory[48] = "unknown memory";

	if (counts->memory_bytes != REPORT_UNKNOWN)
		(void)size_print(counts->memory_bytes, memory, sizeof(memory));
	(void)snprintf(line, sizeof(line), "%s: %s", row->config->name, state_of(row).sentence);
	print_line(line, INDENT);
	(void)snprintf(line, sizeof(line), "    members %s; %s, %s in use, %s",
		       members_print(row->config, members),
		       count_print(counts->processes, "process", "processes", processes), memory,
		       count_print(counts->kills, "kill", "kills", kills));
	print_line(line, INDENT);
}

static void show_programs(const struct row *row, const struct counts *counts)
{
	struct report *report = row->listing->report;
	struct state state = state_of(row);

	report_step(report, REPORT_INFO, row->config->name, "%s", state.sentence);
	report_detail(report, "state", state.word);
	report_words(report, "members", row->config->members, row->config->member_count);
	report_number(report, "processes", counts->processes);
	report_number(report, "memory_bytes", counts->memory_bytes);
	report_number(report, "kills", counts->kills);
}

static void show(struct row *row)
{
	struct counts counts = {REPORT_UNKNOWN, REPORT_UNKNOWN, REPORT_UNKNOWN};
	struct error err;

	row->group_count = groups_find(&row->listing->host, row->config->name, &row->stamp, &err);
	if (row->group_count < 0)
		row_trouble(row, &err);
	else
		counts_read(row, &counts);
	if (row->listing->options->json)
		show_programs(row, &counts);
	else
		show_people(row, &counts);
	show_limits(row);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* What there is instead of the one that was asked for. */
static void refuse_unknown(struct listing *listing)
{
	const struct configs *const known[] = {&listing->configs, &listing->applied};
	char names[512] = "", text[700];
	size_t which, index, used = 0;

	for (which = 0; which < 2; which++) {
		for (index = 0; index < known[which]->count && used < sizeof(names); index++) {
			const char *name = known[which]->list[index].name;

			if (which == 0 || !configs_find(known[0], name))
				used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
							 used ? ", " : ": there is ", name);
		}
	}
	(void)snprintf(text, sizeof(text), "there is no playground '%s'%s%s",
		       listing->options->playground,
		       used ? names : ", nor any other: groupies-setup makes one",
		       used < sizeof(names) ? "" : "...");
	list_trouble(text, listing);
}

static void list_configs(struct listing *listing)
{
	const struct configs *configs = &listing->configs, *applied = &listing->applied;
	const char *wanted = listing->options->playground;
	size_t index, shown = 0;

	for (index = 0; index < configs->count + applied->count; index++) {
		bool is_configured = index < configs->count;
		const struct config *config = is_configured
						      ? &configs->list[index]
						      : &applied->list[index - configs->count];
		struct row row = {.listing = listing,
				  .config = config,
				  .applied = configs_find(applied, config->name),
				  .is_configured = is_configured};

		if ((wanted && strcmp(wanted, config->name) != 0) ||
		    (!is_configured && configs_find(configs, config->name)))
			continue;
		if (shown++ > 0 && !listing->options->json)
			(void)putchar('\n');
		show(&row);
	}
	/* One that cannot be read was told of, and is there. */
	if (shown == 0 && wanted && !configs_may_have(configs, wanted) &&
	    !configs_may_have(applied, wanted))
		refuse_unknown(listing);
	else if (shown == 0 && listing->code == 0 && !listing->options->json)
		(void)printf("no playground: groupies-setup makes one\n");
}

int command_list(const struct options *options, struct report *report)
{
	struct listing listing = {.options = options, .report = report};
	struct error err;

	if (host_read(&listing.host, &err) < 0) {
		list_trouble(err.text, &listing);
		return listing.code;
	}
	/* A config that is wrong hides nothing of what is in force. */
	configs_read_each(GROUPIES_APPLIED_DIR, list_trouble, &listing, &listing.applied);
	configs_read_each(GROUPIES_CONFIG_DIR, list_trouble, &listing, &listing.configs);
	list_configs(&listing);
	configs_clear(&listing.configs);
	configs_clear(&listing.applied);
	return listing.code;
}
