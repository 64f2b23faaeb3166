/* SPDX-License-Identifier: MIT */
#include "docker_store.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "docker_image.h"
#include "docker_reply.h"
#include "groupies/cleanup.h"

#define LOAD_SECONDS 120

bool image_name_is_valid(const char *name)
{
	const char *at;

	if (!isalnum((unsigned char)*name) || strlen(name) >= NAME_SIZE || strstr(name, ".."))
		return false;
	for (at = name; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("_.-/:@", *at))
			return false;
	}
	return true;
}

static int progress_take(char *line, size_t length, void *data, struct error *err)
{
	(void)data;
	return reply_progress_read(line, length, err);
}

static struct lines *lines_of_progress(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (lines)
		lines->take = progress_take;
	return lines;
}

int store_has(struct engine *engine, const char *name, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	struct error why = ERROR_NONE;

	if (engine_call(engine, &engine_get, &answer, &why, "/images/%s/json", name) >= 0)
		return 1;
	return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.text);
}

int store_load(struct engine *engine, struct error *err)
{
	cleanup_image struct image image = {0};
	cleanup_free struct lines *lines = lines_of_progress();
	struct call call = {.method = "POST",
			    .type = "application/x-tar",
			    .seconds = LOAD_SECONDS,
			    .is_undisturbed = true,
			    .lines = lines};

	if (!lines)
		return error_set(err, ENOMEM, "loading: out of memory");
	if (image_make(&image, err) < 0)
		return -err->code;
	call.body = image.archive;
	call.length = image.length;
	if (engine_call(engine, &call, NULL, err, "/images/load?quiet=1") < 0)
		return error_context(err, "loading " IMAGE_NAME);
	return 0;
}

int store_pull(struct engine *engine, const char *name, struct error *err)
{
	cleanup_free struct lines *lines = lines_of_progress();
	cleanup_free char *escaped = url_escape(name);
	const char *last = strrchr(name, '/');
	struct call call = {.method = "POST", .body = "", .lines = lines};

	if (!lines || !escaped)
		return error_set(err, ENOMEM, "pulling: out of memory");
	/* Without a tag the engine would pull all of them. */
	last = last ? last : name;
	if (engine_call(engine, &call, NULL, err, "/images/create?fromImage=%s%s", escaped,
			strpbrk(last, ":@") ? "" : "&tag=latest") >= 0)
		return 0;
	/* It is no container that is missing. */
	if (err->code == ENOENT)
		err->code = EREMOTEIO;
	return error_context(err, "image %s: is not there and cannot be pulled", name);
}

int store_remove(struct engine *engine, const char *name, struct error *err)
{
	struct call call = {.method = "DELETE", .seconds = LOAD_SECONDS, .is_undisturbed = true};
	struct error why = ERROR_NONE;

	/* By force it would lose its name and stay (dockerd), or take containers with it (podman). */
	if (engine_call(engine, &call, NULL, &why, "/images/%s", name) >= 0)
		return 1;
	return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.text);
}

int store_list_lost(struct engine *engine, struct reply_image **ret_images, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	cleanup_free char *filters = url_escape("{\"dangling\":[\"true\"],\"label\":[\"" IMAGE_LABEL
						"=" IMAGE_LABEL_VALUE "\"]}");
	int count, index, kept = 0;

	if (!filters)
		return error_set(err, ENOMEM, "images: out of memory");
	if (engine_call(engine, &engine_get, &answer, err, "/images/json?filters=%s", filters) < 0)
		return -err->code;
	count = reply_images_read(answer.body, answer.length, ret_images, err);
	/* Whoever makes an image of ours gets our label with it, and a date. */
	for (index = 0; index < count; index++) {
		if ((*ret_images)[index].created == 0)
			(*ret_images)[kept++] = (*ret_images)[index];
	}
	return count < 0 ? -err->code : kept;
}
