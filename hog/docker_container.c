/* SPDX-License-Identifier: MIT */
#include "docker_container.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"

#define CHANGE_SECONDS 60

static const struct call call_create = {
	.method = "POST", .seconds = CHANGE_SECONDS, .is_undisturbed = true};
static const struct call call_remove = {
	.method = "DELETE", .seconds = CHANGE_SECONDS, .is_undisturbed = true};

bool container_name_is_valid(const char *name)
{
	const char *at;

	if (!isalnum((unsigned char)*name) || strlen(name) >= NAME_SIZE)
		return false;
	for (at = name; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("_.-", *at))
			return false;
	}
	return true;
}

static void add_text(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *limits_build(const struct container_plan *plan)
{
	json_object *host = json_object_new_object(), *log = json_object_new_object(),
		    *bounds = json_object_new_object();

	json_object_object_add(host, "Memory", json_object_new_uint64(plan->memory_bytes));
	/* Memory and swap together. Left out, docker would add as much swap as there is memory. */
	json_object_object_add(host, "MemorySwap",
			       json_object_new_uint64(plan->memory_bytes + plan->swap_bytes));
	add_text(host, "NetworkMode", "none");
	if (*plan->parent)
		add_text(host, "CgroupParent", plan->parent);
	/* One that can be read, and does not fill the disk of whoever tries a talkative image. */
	add_text(log, "Type", "json-file");
	add_text(bounds, "max-size", "1m");
	add_text(bounds, "max-file", "2");
	json_object_object_add(log, "Config", bounds);
	json_object_object_add(host, "LogConfig", log);
	if (plan->is_hog) {
		json_object *all = json_object_new_array(), *security = json_object_new_array();

		(void)json_object_array_add(all, json_object_new_string("ALL"));
		(void)json_object_array_add(security, json_object_new_string("no-new-privileges"));
		json_object_object_add(host, "CapDrop", all);
		json_object_object_add(host, "SecurityOpt", security);
	}
	return host;
}

static json_object *plan_build(const struct container_plan *plan)
{
	json_object *body = json_object_new_object(), *labels = json_object_new_object(),
		    *command = json_object_new_array();
	const char *const *word;

	for (word = plan->command; *word; word++)
		(void)json_object_array_add(command, json_object_new_string(*word));
	add_text(labels, CONTAINER_LABEL, plan->run);
	add_text(body, "Image", plan->image);
	json_object_object_add(body, "Cmd", command);
	json_object_object_add(body, "Labels", labels);
	json_object_object_add(body, "HostConfig", limits_build(plan));
	return body;
}

int container_create(struct engine *engine, const struct container_plan *plan, char ret_id[ID_SIZE],
		     struct error *err)
{
	json_object *body = plan_build(plan);
	struct call call = call_create;
	cleanup_answer struct answer answer = {0};
	int status;

	call.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE);
	call.length = strlen(call.body);
	status = engine_call(engine, &call, &answer, err, "/containers/create?name=%s", plan->name);
	(void)json_object_put(body);
	if (status < 0)
		return -err->code;
	return reply_id_read(answer.body, answer.length, ret_id, err);
}

int container_start(struct engine *engine, const char *name, struct error *err)
{
	struct call call = call_create;

	call.body = "";
	return engine_call(engine, &call, NULL, err, "/containers/%s/start", name) < 0 ? -err->code
										       : 0;
}

static int inspect(struct engine *engine, const struct call *call, const char *name,
		   struct reply_container *ret, struct error *err)
{
	cleanup_answer struct answer answer = {0};

	if (engine_call(engine, call, &answer, err, "/containers/%s/json", name) < 0)
		return -err->code;
	return reply_container_read(answer.body, answer.length, ret, err);
}

int container_inspect(struct engine *engine, const char *name, struct reply_container *ret,
		      struct error *err)
{
	return inspect(engine, &engine_get, name, ret, err);
}

int container_output(struct engine *engine, const struct reply_container *container,
		     struct frames *ret_frames, struct error *err)
{
	cleanup_answer struct answer answer = {0};

	if (engine_call(engine, &engine_get, &answer, err,
			"/containers/%s/logs?stdout=1&stderr=1&tail=40", container->id) < 0)
		return -err->code;
	memset(ret_frames, 0, sizeof(*ret_frames));
	ret_frames->raw = container->has_terminal;
	frames_feed(ret_frames, answer.body, answer.length);
	(void)frames_end(ret_frames);
	return 0;
}

int container_stats(struct engine *engine, const char *id, struct reply_stats *ret,
		    struct error *err)
{
	cleanup_answer struct answer answer = {0};

	if (engine_call(engine, &engine_get, &answer, err,
			"/containers/%s/stats?stream=false&one-shot=true", id) < 0)
		return -err->code;
	return reply_stats_read(answer.body, answer.length, ret, err);
}

static int event_take(char *line, size_t length, void *data, struct error *err)
{
	int answer = reply_event_read(line, length, err);

	if (answer > 0)
		++*(int *)data;
	return answer;
}

int container_oom_events(struct engine *engine, const char *id, time_t since, struct error *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	cleanup_free void *owner = lines;
	cleanup_free char *filters = NULL;
	struct call call = engine_get;
	char text[ID_SIZE + 64];
	int count = 0;

	(void)snprintf(text, sizeof(text), "{\"container\":[\"%s\"],\"event\":[\"oom\"]}", id);
	filters = url_escape(text);
	if (!owner || !filters)
		return error_set(err, ENOMEM, "events: out of memory");
	lines->take = event_take;
	lines->data = &count;
	call.lines = lines;
	/* What has been is replayed, and that is all: until now. */
	if (engine_call(engine, &call, NULL, err,
			"/events?since=%" PRIdMAX "&until=%" PRIdMAX "&filters=%s", (intmax_t)since,
			(intmax_t)time(NULL) + 1, filters) < 0)
		return -err->code;
	return count;
}

int container_remove(struct engine *engine, const char *id, struct error *err)
{
	struct error why = ERROR_NONE;
	int status =
		engine_call(engine, &call_remove, NULL, &why, "/containers/%s?force=1&v=1", id);

	/* 409: somebody else is just removing it. */
	if (status < 0 && why.code != ENOENT && why.code != EEXIST)
		return error_set(err, why.code, "%s", why.text);
	return 0;
}

int container_remove_marked(struct engine *engine, const char *name, const char *run,
			    struct error *err)
{
	struct call call = engine_get;
	struct reply_container container;
	struct error why = ERROR_NONE;

	/* A signal is why we are here, most often. */
	call.is_undisturbed = true;
	if (inspect(engine, &call, name, &container, &why) < 0)
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.text);
	return strcmp(container.run, run) == 0 ? container_remove(engine, container.id, err) : 0;
}

int container_list(struct engine *engine, bool ours, struct reply_row **ret_rows, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	cleanup_free char *filters = url_escape("{\"label\":[\"" CONTAINER_LABEL "\"]}");

	if (!filters)
		return error_set(err, ENOMEM, "containers: out of memory");
	if (engine_call(engine, &engine_get, &answer, err, "/containers/json%s%s",
			ours ? "?all=1&filters=" : "", ours ? filters : "") < 0)
		return -err->code;
	return reply_rows_read(answer.body, answer.length, ret_rows, err);
}
