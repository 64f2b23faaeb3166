/* SPDX-License-Identifier: MIT */
/* check, load and clean: can this engine show it, what is ours in it, and away with that. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "docker_commands.h"
#include "docker_container.h"
#include "docker_group.h"
#include "docker_image.h"
#include "docker_record.h"
#include "docker_store.h"
#include "groupies/cleanup.h"
#include "groupies/host.h"
#include "groupies/printable.h"

/* What one question came to. */
enum finding { FINDING_GOOD, FINDING_NOTE, FINDING_BAD };

struct answer_text {
	enum finding finding;
	char text[600];
};

static const char *const finding_names[] = {"ok", "note", "BAD"};

static void answer_say(struct answer_text *answer, enum finding finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void answer_say(struct answer_text *answer, enum finding finding, const char *format, ...)
{
	va_list args;

	answer->finding = finding;
	va_start(args, format);
	(void)vsnprintf(answer->text, sizeof(answer->text), format, args);
	va_end(args);
}

/* ---- the questions -------------------------------------------------------------------------------*/

static int ask_engine(struct session *session, struct answer_text *answer, struct error *err)
{
	struct answer body = {0};
	struct reply_version version;
	int status = engine_call(&session->engine, &engine_get, &body, err, "/version");

	if (status >= 0)
		status = reply_version_read(body.body, body.length, &version, err);
	answer_clear(&body);
	if (status < 0)
		return -err->code;
	answer_say(answer, FINDING_GOOD, "%s%s%s, API %s, spoken %s", version.engine,
		   *version.platform ? ", " : "", version.platform, version.api,
		   session->engine.api);
	return 0;
}

static int ask_socket(struct session *session, struct answer_text *answer, struct error *err)
{
	const char *path = session->engine.socket;
	struct stat st;

	(void)err;
	if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
		answer_say(
			answer, FINDING_BAD,
			"%s: everybody can write to it, and so be root on this host: chmod o-w it",
			path);
	else
		answer_say(answer, FINDING_GOOD, "%s", path);
	return 0;
}

static int ask_groups(struct session *session, struct answer_text *answer, struct error *err)
{
	const struct reply_info *info = &session->info;
	struct host host;

	if (host_read(&host, err) < 0)
		return -err->code;
	if (*info->cgroup_version &&
	    (strcmp(info->cgroup_version, "2") == 0) != (host.layout == HOST_V2))
		answer_say(answer, FINDING_NOTE,
			   "the engine has cgroup v%s, this host is %s: the engine runs elsewhere, "
			   "and figures come from it",
			   info->cgroup_version, host_layout_name(&host));
	else
		answer_say(answer, FINDING_GOOD, "driver %s, host %s with %s", info->driver,
			   host_layout_name(&host), host_manager_name(&host));
	return 0;
}

static int ask_memory(struct session *session, struct answer_text *answer, struct error *err)
{
	const struct reply_info *info = &session->info;

	(void)err;
	if (info->limits_memory)
		answer_say(answer, FINDING_GOOD, "can be limited");
	else
		answer_say(answer, FINDING_BAD, "cannot be limited by this engine%s",
			   info->is_rootless
				   ? ": it is rootless, and the memory controller has not been "
				     "delegated to it"
				   : ": boot with cgroup_enable=memory");
	return 0;
}

static int ask_swap(struct session *session, struct answer_text *answer, struct error *err)
{
	bool has_swap = host_swap_bytes() > 0;

	(void)err;
	if (session->info.limits_swap)
		answer_say(answer, FINDING_GOOD, "can be limited; this host has %s",
			   has_swap ? "some" : "none");
	else if (has_swap)
		answer_say(answer, FINDING_BAD,
			   "is not accounted for by this engine and this host has some: containers "
			   "live on beyond their limit (boot with swapaccount=1)");
	else
		answer_say(answer, FINDING_NOTE,
			   "is not accounted for by this engine, but this host has none (boot with "
			   "swapaccount=1)");
	return 0;
}

static int ask_image(struct session *session, struct answer_text *answer, struct error *err)
{
	struct image image = {0};
	struct error why = ERROR_NONE;
	int has = store_has(&session->engine, IMAGE_NAME, err);

	if (has < 0)
		return -err->code;
	if (has)
		answer_say(answer, FINDING_GOOD, "%s is loaded", IMAGE_NAME);
	else if (image_make(&image, &why) >= 0)
		answer_say(answer, FINDING_GOOD, "%s can be loaded, %zu KiB", IMAGE_NAME,
			   image.length / 1024);
	else
		answer_say(answer, FINDING_BAD, "%s", why.text);
	image_clear(&image);
	return 0;
}

static int ask_leftovers(struct session *session, struct answer_text *answer, struct error *err)
{
	struct reply_row *rows = NULL;
	int count = container_list(&session->engine, true, &rows, err);

	free(rows);
	if (count < 0)
		return -err->code;
	if (count == 0)
		answer_say(answer, FINDING_GOOD, "none of ours");
	else
		answer_say(answer, FINDING_NOTE,
			   "%d of ours: take them away with groupies-docker clean", count);
	return 0;
}

static const struct {
	const char *name;
	int (*ask)(struct session *session, struct answer_text *answer, struct error *err);
} questions[] = {
	{"engine", ask_engine},        {"socket", ask_socket}, {"cgroups", ask_groups},
	{"memory", ask_memory},        {"swap", ask_swap},     {"image", ask_image},
	{"containers", ask_leftovers},
};

static json_object *answer_json(const char *name, const struct answer_text *answer)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "about", json_object_new_string(name));
	json_object_object_add(object, "finding",
			       json_object_new_string(answer->finding == FINDING_BAD
							      ? "bad"
							      : finding_names[answer->finding]));
	json_object_object_add(object, "text", json_object_new_string(answer->text));
	return object;
}

int command_check(struct session *session, struct error *err)
{
	json_object *list;
	bool bad = false;
	size_t index;

	if (session_ask_info(session, err) < 0)
		return -err->code;
	list = session->request->json ? json_object_new_array() : NULL;
	for (index = 0; index < sizeof(questions) / sizeof(*questions); index++) {
		struct answer_text answer = {0};

		if (questions[index].ask(session, &answer, err) < 0) {
			(void)json_object_put(list);
			return error_context(err, "%s", questions[index].name);
		}
		bad |= answer.finding == FINDING_BAD;
		if (list)
			(void)json_object_array_add(list,
						    answer_json(questions[index].name, &answer));
		else
			(void)printf("%-4s  %-10s  %s\n", finding_names[answer.finding],
				     questions[index].name, printable_make(answer.text));
	}
	if ((list ? json_say(list, err) : stdout_check(err)) < 0)
		return -err->code;
	return bad ? EXIT_NOT_HELD : EXIT_HELD;
}

/* ---- load and clean --------------------------------------------------------------------------------*/

int command_load(struct session *session, struct error *err)
{
	cleanup_image struct image image = {0};
	json_object *told;

	if (image_make(&image, err) < 0 || store_load(&session->engine, err) < 0)
		return -err->code;
	if (!session->request->json) {
		(void)printf("loaded %s, %zu bytes, sha256:%s\n", IMAGE_NAME, image.length,
			     image.id);
		return stdout_check(err) < 0 ? -err->code : EXIT_HELD;
	}
	told = json_object_new_object();
	json_object_object_add(told, "image", json_object_new_string(IMAGE_NAME));
	json_object_object_add(told, "bytes", json_object_new_uint64(image.length));
	json_object_object_add(told, "config_sha256", json_object_new_string(image.id));
	return json_say(told, err) < 0 ? -err->code : EXIT_HELD;
}

static int containers_remove(struct session *session, struct error *err)
{
	struct reply_row *rows = NULL;
	int count = container_list(&session->engine, true, &rows, err), index;
	cleanup_free void *owner = rows;

	(void)owner;
	for (index = 0; index < count; index++) {
		if (container_remove(&session->engine, rows[index].id, err) < 0)
			return error_context(err, "%s", rows[index].name);
		if (!session->request->json)
			(void)printf("removed container %s\n", rows[index].name);
	}
	return count < 0 ? -err->code : count;
}

static int image_remove(struct session *session, const char *name, struct error *err)
{
	int removed = store_remove(&session->engine, name, err);

	if (removed < 0)
		return error_context(err, "image %s", name);
	if (removed && !session->request->json)
		(void)printf("removed image %s\n", name);
	return removed;
}

/* The one that has our name, and those that have lost it: to a newer hog, or to somebody's force. */
static int images_remove(struct session *session, struct error *err)
{
	cleanup_free struct reply_image *lost = NULL;
	char name[ID_SIZE + 8];
	int count, index, removed = image_remove(session, IMAGE_NAME, err), total = removed;

	if (removed < 0)
		return -err->code;
	count = store_list_lost(&session->engine, &lost, err);
	for (index = 0; index < count; index++) {
		(void)snprintf(name, sizeof(name), "sha256:%s", lost[index].id);
		removed = image_remove(session, name, err);
		if (removed < 0)
			return -err->code;
		total += removed;
	}
	return count < 0 ? -err->code : total;
}

int command_clean(struct session *session, struct error *err)
{
	int containers = containers_remove(session, err), images;
	json_object *told;

	if (containers < 0)
		return -err->code;
	images = images_remove(session, err);
	if (images < 0 || record_clean(err) < 0)
		return -err->code;
	if (!session->request->json) {
		if (!images && !containers)
			(void)puts("nothing of ours is there");
		return stdout_check(err) < 0 ? -err->code : EXIT_HELD;
	}
	told = json_object_new_object();
	json_object_object_add(told, "containers", json_object_new_int(containers));
	json_object_object_add(told, "images", json_object_new_int(images));
	return json_say(told, err) < 0 ? -err->code : EXIT_HELD;
}
