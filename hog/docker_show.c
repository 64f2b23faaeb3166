/* SPDX-License-Identifier: MIT */
/* where and show: one container, found on this host by asking the kernel. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "docker_commands.h"
#include "docker_container.h"
#include "docker_group.h"
#include "docker_portrait.h"
#include "docker_record.h"
#include "docker_row.h"

/* The controllers in the words of the kernel, v1's where they differ. */
static const char *const place_names[PLACE_COUNT] = {
	[PLACE_MEMORY] = "memory", [PLACE_PIDS] = "pids", [PLACE_CPU] = "cpu", [PLACE_IO] = "io"};

/* Asks engine and kernel. Returns 1 when the group is there, else 0. */
static int container_find(struct session *session, struct reply_container *container,
			  struct group *group, struct error *err)
{
	const char *name = session->request->operands[0];

	if (container_inspect(&session->engine, name, container, err) < 0)
		return -err->code;
	return container_group_find(group, container->running ? container->pid : 0, container->id,
				    err);
}

static void whereabouts(const struct reply_container *container, const struct group *group)
{
	char text[64];
	int place;

	portrait_line(stdout, "id", container->id);
	portrait_line(stdout, "name", container->name);
	(void)snprintf(text, sizeof(text), "%" PRIu64, container->pid);
	portrait_line(stdout, "pid", container->pid ? text : "none");
	portrait_line(stdout, "state", container->status);
	for (place = 0; place < PLACE_COUNT; place++) {
		/* v2 has one directory for all of them. */
		if (!*group->directory[place] || (group->unified && place != PLACE_MEMORY))
			continue;
		portrait_line(stdout, group->unified ? "directory" : place_names[place],
			      group->directory[place]);
	}
}

static void why_not_found(const struct reply_container *container)
{
	if (!container->running)
		portrait_line(stdout, "directory",
			      "none: a container that does not run has no "
			      "group");
	else
		portrait_line(stdout, "directory",
			      "cannot be seen: its process is not one of this "
			      "host's, or the group is hidden from you");
}

static json_object *container_json(const struct reply_container *container,
				   const struct group *group)
{
	json_object *object = json_object_new_object(), *directories = json_object_new_object();
	int place;

	for (place = 0; place < PLACE_COUNT; place++) {
		if (*group->directory[place])
			json_object_object_add(directories, place_names[place],
					       json_object_new_string(group->directory[place]));
	}
	json_object_object_add(object, "id", json_object_new_string(container->id));
	json_object_object_add(object, "name", json_object_new_string(container->name));
	json_object_object_add(object, "pid", json_object_new_uint64(container->pid));
	json_object_object_add(object, "state", json_object_new_string(container->status));
	json_object_object_add(object, "running", json_object_new_boolean(container->running));
	json_object_object_add(object, "exit", json_object_new_uint64(container->exit_code));
	json_object_object_add(object, "oom_killed",
			       json_object_new_boolean(container->oom_killed));
	json_object_object_add(object, "directories", directories);
	return object;
}

int command_where(struct session *session, struct error *err)
{
	cleanup_group struct group group;
	struct reply_container container;
	int found;

	group_clear(&group);
	found = container_find(session, &container, &group, err);
	if (found < 0)
		return -err->code;
	if (session->request->json)
		return json_say(container_json(&container, &group), err) < 0 ? -err->code : !found;
	whereabouts(&container, &group);
	if (!found)
		why_not_found(&container);
	return stdout_check(err) < 0 ? -err->code : !found;
}

/* ---- show ----------------------------------------------------------------------------------------*/

static int show_group(const struct group *group, struct error *err)
{
	struct figures figures = {0};
	struct levels levels = {0};
	char stat[16384], limit[64];

	if (group_sample(group, &figures) == 0)
		return error_set(err, ENOENT, "the container has ended just now: ask again");
	if (group_stat_text(group, stat, sizeof(stat), err) < 0 ||
	    group_list_files(group, stdout, err) < 0)
		return -err->code;
	group_levels(group, &levels);
	portrait_words(stdout, &figures, group->unified,
		       group_limit_text(group, limit, sizeof(limit)));
	portrait_levels(stdout, &levels);
	(void)puts("  memory.stat:");
	portrait_stat(stdout, stat);
	return 0;
}

/* A word of the record: text as it is, numbers as they are. */
static void show_recorded(json_object *record, const char *word, const char *first,
			  const char *second)
{
	json_object *value = NULL;

	if (!json_object_object_get_ex(record, first, &value) ||
	    (second && !json_object_object_get_ex(value, second, &value)) || !value)
		return;
	portrait_line(stdout, word, json_object_get_string(value));
}

/* What was kept when the group was there. */
static void show_record(json_object *record)
{
	static const struct {
		const char *word;
		const char *first;
		const char *second;
	} words[] = {
		{"was in", "directory", NULL},        {"limit", "limit_as_stored", NULL},
		{"last usage", "row", "usage_bytes"}, {"peak", "row", "peak_bytes"},
		{"anon", "row", "anon_bytes"},        {"cache", "row", "cache_bytes"},
		{"swap", "row", "swap_bytes"},        {"kills", "row", "kills"},
		{"verdict", "verdict", NULL},
	};
	size_t index;

	for (index = 0; index < sizeof(words) / sizeof(*words); index++)
		show_recorded(record, words[index].word, words[index].first, words[index].second);
}

static int show_ended(struct session *session, const struct reply_container *container,
		      struct error *err)
{
	json_object *record = NULL;
	struct frames frames;
	char text[128];
	int recorded;

	(void)snprintf(text, sizeof(text), "%" PRIu64 ", OOMKilled %s", container->exit_code,
		       container->oom_killed ? "true" : "false");
	portrait_line(stdout, "exit", text);
	recorded = record_read(container->id, &record, err);
	if (recorded < 0)
		return recorded;
	if (recorded) {
		show_record(record);
		(void)json_object_put(record);
	}
	if (container_output(&session->engine, container, &frames, err) < 0)
		return -err->code;
	if (frames.length) {
		(void)puts("  it said:");
		(void)fputs(frames.text, stdout);
	}
	return 0;
}

static json_object *show_json(const struct reply_container *container, const struct group *group,
			      bool found)
{
	json_object *object = container_json(container, group), *record = NULL;
	struct row row = {.cpu_percent = -1};
	char stat[16384];
	struct error ignored;

	(void)snprintf(row.id, sizeof(row.id), "%s", container->id);
	(void)snprintf(row.name, sizeof(row.name), "%s", container->name);
	if (found && group_sample(group, &row.figures) > 0 &&
	    group_stat_text(group, stat, sizeof(stat), &ignored) >= 0) {
		json_object_object_add(object, "row", row_json(&row));
		json_object_object_add(object, "memory_stat", portrait_stat_json(stat));
	} else if (record_read(container->id, &record, &ignored) > 0) {
		json_object_object_add(object, "record", record);
	}
	return object;
}

int command_show(struct session *session, struct error *err)
{
	cleanup_group struct group group;
	struct reply_container container;
	int found, answer, code;

	group_clear(&group);
	found = container_find(session, &container, &group, err);
	if (found < 0)
		return -err->code;
	code = !found && container.running ? EXIT_NOT_HELD : EXIT_HELD;
	if (session->request->json)
		return json_say(show_json(&container, &group, found), err) < 0 ? -err->code : code;
	whereabouts(&container, &group);
	if (!found)
		why_not_found(&container);
	answer = found                ? show_group(&group, err)
		 : !container.running ? show_ended(session, &container, err)
				      : 0;
	if (answer < 0 || stdout_check(err) < 0)
		return -err->code;
	return code;
}
