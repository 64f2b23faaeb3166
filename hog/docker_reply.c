/* SPDX-License-Identifier: MIT */
#include "docker_reply.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/printable.h"
#include "groupies/size.h"

#define DEPTH_LARGEST 32
#define ROWS_LARGEST  100000

static void json_give_back(json_object **object)
{
	(void)json_object_put(*object);
}

#define cleanup_json __attribute__((cleanup(json_give_back)))

static void tokener_give_back(json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

#define cleanup_tokener __attribute__((cleanup(tokener_give_back)))

enum field_type { FIELD_TEXT, FIELD_TRUTH, FIELD_COUNT, FIELD_WHOLE };

/* One member of an answer, and where it goes. */
struct field {
	const char *path; /* "State.Pid" */
	enum field_type type;
	bool needed; /* else what is missing or null stays as it was */
	size_t offset;
	size_t size; /* of a text */
};

#define PLACE(type, member) offsetof(type, member)
#define ROOM(type, member)  sizeof(((type *)0)->member)

static const char *type_says(const json_object *object)
{
	static const char *const names[] = {
		[json_type_null] = "null",         [json_type_boolean] = "a truth",
		[json_type_double] = "a fraction", [json_type_int] = "a number",
		[json_type_object] = "an object",  [json_type_array] = "a list",
		[json_type_string] = "a text"};

	return names[json_object_get_type(object)];
}

/* Parses all of TEXT as one value of type WANTED. */
static int text_parse(const char *text, size_t length, json_type wanted, json_object **ret_object,
		      struct error *err)
{
	cleanup_tokener json_tokener *tokener = json_tokener_new_ex(DEPTH_LARGEST);
	cleanup_json json_object *object = NULL;
	size_t end;

	if (!tokener)
		return error_set(err, ENOMEM, "JSON: out of memory");
	if (length > REPLY_LARGEST)
		return error_set(err, EMSGSIZE, "the engine's answer is longer than %zu bytes",
				 REPLY_LARGEST);
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		return error_set(err, EPROTO,
				 "the engine's answer is JSON that was cut off after %zu bytes",
				 length);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		return error_set(err, EPROTO, "the engine's answer is not JSON: %s at byte %zu",
				 json_tokener_error_desc(json_tokener_get_error(tokener)),
				 json_tokener_get_parse_end(tokener));
	for (end = json_tokener_get_parse_end(tokener); end < length; end++) {
		if (!strchr(" \t\r\n", text[end]) || text[end] == '\0')
			return error_set(err, EPROTO,
					 "the engine's answer goes on behind its JSON at byte %zu",
					 end);
	}
	if (json_object_get_type(object) != wanted)
		return error_set(err, EPROTO, "the engine's answer is %s, not %s",
				 type_says(object),
				 wanted == json_type_array ? "a list" : "an object");
	*ret_object = object;
	object = NULL;
	return 0;
}

/* The member at PATH ("State.Pid"), or NULL where it or something above is missing or null. */
static json_object *member_find(json_object *object, const char *path)
{
	char key[64];

	while (object && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(key) || !json_object_is_type(object, json_type_object))
			return NULL;
		memcpy(key, path, length);
		key[length] = '\0';
		if (!json_object_object_get_ex(object, key, &object))
			return NULL;
		path += length + (path[length] == '.');
	}
	return object;
}

static int field_wrong(const struct field *field, const json_object *member, const char *wanted,
		       struct error *err)
{
	return error_set(err, EPROTO, "the engine's answer: %s is %s, not %s", field->path,
			 type_says(member), wanted);
}

/* Copies what MEMBER is to where FIELD says. */
static int field_take(const struct field *field, json_object *member, char *place,
		      struct error *err)
{
	switch (field->type) {
	case FIELD_TEXT:
		if (!json_object_is_type(member, json_type_string))
			return field_wrong(field, member, "a text", err);
		(void)printable_copy(place, field->size, json_object_get_string(member));
		return 0;
	case FIELD_TRUTH:
		if (!json_object_is_type(member, json_type_boolean))
			return field_wrong(field, member, "true or false", err);
		*(bool *)place = json_object_get_boolean(member);
		return 0;
	case FIELD_COUNT:
		if (!json_object_is_type(member, json_type_int))
			return field_wrong(field, member, "a number", err);
		/* json-c answers 0 for what is negative. */
		if (json_object_get_int64(member) < 0)
			return error_set(err, EPROTO,
					 "the engine's answer: %s is negative: %" PRId64,
					 field->path, json_object_get_int64(member));
		*(uint64_t *)(void *)place = json_object_get_uint64(member);
		return 0;
	case FIELD_WHOLE:
		if (!json_object_is_type(member, json_type_int))
			return field_wrong(field, member, "a number", err);
		*(int64_t *)(void *)place = json_object_get_int64(member);
		return 0;
	}
	return 0;
}

/* An id goes into paths and file names: it MUST be hexadecimal. */
static int id_check(const char *id, struct error *err)
{
	if (strlen(id) < 12 || strspn(id, "0123456789abcdef") != strlen(id))
		return error_set(err, EPROTO, "the engine's answer: Id is no id: '%.20s'", id);
	return 0;
}

static int fields_take(json_object *object, const struct field *fields, size_t count, void *ret,
		       struct error *err)
{
	size_t index;

	for (index = 0; index < count; index++) {
		json_object *member = member_find(object, fields[index].path);

		if (!member && fields[index].needed)
			return error_set(err, EPROTO, "the engine's answer has no %s",
					 fields[index].path);
		if (member &&
		    field_take(&fields[index], member, (char *)ret + fields[index].offset, err) < 0)
			return -err->code;
	}
	return 0;
}

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

int reply_version_read(const char *text, size_t length, struct reply_version *ret,
		       struct error *err)
{
#define TEXT(path, needed, member)                                                                 \
	{                                                                                          \
		path, FIELD_TEXT, needed, PLACE(struct reply_version, member),                     \
			ROOM(struct reply_version, member)                                         \
	}
	static const struct field fields[] = {
		TEXT("Version", true, engine),
		TEXT("ApiVersion", true, api),
		TEXT("MinAPIVersion", false, api_least),
		TEXT("Platform.Name", false, platform),
	};
#undef TEXT
	cleanup_json json_object *object = NULL;
	struct reply_version version = {0};

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, fields, COUNT(fields), &version, err) < 0)
		return -err->code;
	*ret = version;
	return 0;
}

/* True when LIST, of texts, has one with WORD in it. */
static bool list_tells(json_object *list, const char *word)
{
	size_t index, count;

	if (!json_object_is_type(list, json_type_array))
		return false;
	count = json_object_array_length(list);
	for (index = 0; index < count; index++) {
		json_object *entry = json_object_array_get_idx(list, index);

		if (json_object_is_type(entry, json_type_string) &&
		    strstr(json_object_get_string(entry), word))
			return true;
	}
	return false;
}

int reply_info_read(const char *text, size_t length, struct reply_info *ret, struct error *err)
{
#define ROW(path, type, needed, member)                                                            \
	{                                                                                          \
		path, type, needed, PLACE(struct reply_info, member),                              \
			ROOM(struct reply_info, member)                                            \
	}
	static const struct field fields[] = {
		ROW("CgroupDriver", FIELD_TEXT, true, driver),
		ROW("CgroupVersion", FIELD_TEXT, false, cgroup_version),
		ROW("Name", FIELD_TEXT, false, host),
		ROW("MemTotal", FIELD_COUNT, true, memory_bytes),
		ROW("MemoryLimit", FIELD_TRUTH, true, limits_memory),
		ROW("SwapLimit", FIELD_TRUTH, true, limits_swap),
	};
#undef ROW
	cleanup_json json_object *object = NULL;
	struct reply_info info = {0};

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, fields, COUNT(fields), &info, err) < 0)
		return -err->code;
	info.is_rootless = list_tells(member_find(object, "SecurityOptions"), "rootless");
	*ret = info;
	return 0;
}

/* A key with a dot in it is no path. */
static int label_read(json_object *object, struct reply_container *ret, struct error *err)
{
	static const struct field field = {"Config.Labels", FIELD_TEXT, false, 0,
					   ROOM(struct reply_container, run)};
	json_object *labels = member_find(object, "Config.Labels"), *label = NULL;

	if (!json_object_is_type(labels, json_type_object) ||
	    !json_object_object_get_ex(labels, CONTAINER_LABEL, &label) || !label)
		return 0;
	return field_take(&field, label, ret->run, err);
}

int reply_container_read(const char *text, size_t length, struct reply_container *ret,
			 struct error *err)
{
#define ROW(path, type, needed, member)                                                            \
	{                                                                                          \
		path, type, needed, PLACE(struct reply_container, member),                         \
			ROOM(struct reply_container, member)                                       \
	}
	static const struct field fields[] = {
		ROW("Id", FIELD_TEXT, true, id),
		ROW("Name", FIELD_TEXT, true, name),
		ROW("Config.Image", FIELD_TEXT, false, image),
		ROW("Config.Tty", FIELD_TRUTH, false, has_terminal),
		ROW("State.Status", FIELD_TEXT, true, status),
		ROW("State.Error", FIELD_TEXT, false, error),
		ROW("State.Running", FIELD_TRUTH, true, running),
		ROW("State.OOMKilled", FIELD_TRUTH, true, oom_killed),
		ROW("State.Pid", FIELD_COUNT, true, pid),
		ROW("State.ExitCode", FIELD_COUNT, true, exit_code),
		ROW("HostConfig.Memory", FIELD_COUNT, true, memory_bytes),
		ROW("HostConfig.MemorySwap", FIELD_WHOLE, false, memory_swap),
		ROW("HostConfig.CgroupParent", FIELD_TEXT, false, parent),
	};
#undef ROW
	cleanup_json json_object *object = NULL;
	struct reply_container container = {0};

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, fields, COUNT(fields), &container, err) < 0 ||
	    label_read(object, &container, err) < 0)
		return -err->code;
	if (id_check(container.id, err) < 0)
		return -err->code;
	if (container.pid > INT32_MAX)
		return error_set(err, EPROTO, "the engine's answer: State.Pid is no pid: %" PRIu64,
				 container.pid);
	/* Docker writes names with a slash in front. */
	if (*container.name == '/')
		memmove(container.name, container.name + 1, strlen(container.name));
	*ret = container;
	return 0;
}

/* Of v1 what is counted with the groups below, of v2 the only one there is. */
static uint64_t either(uint64_t v1, uint64_t v2)
{
	return v1 ? v1 : v2;
}

/* Both vocabularies side by side. */
struct raw_stats {
	struct reply_stats stats;
	uint64_t inactive_v2;
	uint64_t anon_v2;
	uint64_t cache_v2;
};

int reply_stats_read(const char *text, size_t length, struct reply_stats *ret, struct error *err)
{
	struct raw_stats raw = {.stats = {.limit_bytes = SIZE_INFINITY,
					  .tasks_limit = SIZE_INFINITY,
					  .swap_bytes = SIZE_INFINITY}};
#define ROW(path, member)                                                                          \
	{                                                                                          \
		path, FIELD_COUNT, false, PLACE(struct raw_stats, member), 0                       \
	}
	static const struct field fields[] = {
		ROW("memory_stats.usage", stats.usage_bytes),
		ROW("memory_stats.limit", stats.limit_bytes),
		ROW("memory_stats.max_usage", stats.peak_bytes),
		ROW("memory_stats.stats.total_inactive_file", stats.inactive_bytes),
		ROW("memory_stats.stats.inactive_file", inactive_v2),
		ROW("memory_stats.stats.total_rss", stats.anon_bytes),
		ROW("memory_stats.stats.anon", anon_v2),
		ROW("memory_stats.stats.total_cache", stats.cache_bytes),
		ROW("memory_stats.stats.file", cache_v2),
		ROW("memory_stats.stats.total_swap", stats.swap_bytes),
		ROW("pids_stats.current", stats.tasks),
		ROW("pids_stats.limit", stats.tasks_limit),
		ROW("cpu_stats.cpu_usage.total_usage", stats.cpu_ns),
	};
#undef ROW
	cleanup_json json_object *object = NULL;

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, fields, COUNT(fields), &raw, err) < 0)
		return -err->code;
	raw.stats.inactive_bytes = either(raw.stats.inactive_bytes, raw.inactive_v2);
	raw.stats.anon_bytes = either(raw.stats.anon_bytes, raw.anon_v2);
	raw.stats.cache_bytes = either(raw.stats.cache_bytes, raw.cache_v2);
	*ret = raw.stats;
	return 0;
}

/* Reads an entry of a list into the row at PLACE. */
typedef int entry_reader(json_object *entry, void *place, struct error *err);

static int row_read(json_object *entry, void *place, struct error *err)
{
	struct reply_row *row = place;
	static const struct field id = {"Id", FIELD_TEXT, true, PLACE(struct reply_row, id),
					ROOM(struct reply_row, id)};
	json_object *names = member_find(entry, "Names"), *first = NULL;
	const char *name = "";

	if (!json_object_is_type(entry, json_type_object))
		return error_set(err, EPROTO, "the engine's answer: an entry of the list is %s",
				 type_says(entry));
	if (fields_take(entry, &id, 1, row, err) < 0 || id_check(row->id, err) < 0)
		return -err->code;
	if (json_object_is_type(names, json_type_array) && json_object_array_length(names) > 0)
		first = json_object_array_get_idx(names, 0);
	if (json_object_is_type(first, json_type_string))
		name = json_object_get_string(first);
	(void)printable_copy(row->name, sizeof(row->name), name + (*name == '/'));
	return 0;
}

/* Docker names the digest in front of an image's id, podman may leave it out. */
static int image_read(json_object *entry, void *place, struct error *err)
{
	struct reply_image *image = place;
	static const char digest[] = "sha256:";
	static const struct field created = {"Created", FIELD_WHOLE, true,
					     PLACE(struct reply_image, created), 0};
	char id[sizeof(digest) + ID_SIZE] = "";
	const struct field whole = {"Id", FIELD_TEXT, true, 0, sizeof(id)};
	size_t front = sizeof(digest) - 1;

	if (fields_take(entry, &whole, 1, id, err) < 0 ||
	    fields_take(entry, &created, 1, image, err) < 0)
		return -err->code;
	front = strncmp(id, digest, front) == 0 ? front : 0;
	(void)printable_copy(image->id, sizeof(image->id), id + front);
	return id_check(image->id, err);
}

/* Reads a list into rows of SIZE bytes, which the caller frees. Returns how many. */
static int list_read(const char *text, size_t length, entry_reader *read, size_t size,
		     void **ret_rows, struct error *err)
{
	cleanup_json json_object *list = NULL;
	size_t index, count;
	char *rows;

	if (text_parse(text, length, json_type_array, &list, err) < 0)
		return -err->code;
	count = json_object_array_length(list);
	if (count > ROWS_LARGEST)
		return error_set(err, EPROTO, "the engine's list has %zu entries", count);
	rows = calloc(count + 1, size);
	if (!rows)
		return error_set(err, ENOMEM, "the engine's list: out of memory");
	for (index = 0; index < count; index++) {
		if (read(json_object_array_get_idx(list, index), rows + index * size, err) < 0) {
			free(rows);
			return -err->code;
		}
	}
	*ret_rows = rows;
	return (int)count;
}

int reply_rows_read(const char *text, size_t length, struct reply_row **ret_rows, struct error *err)
{
	void *rows = NULL;
	int count = list_read(text, length, row_read, sizeof(**ret_rows), &rows, err);

	if (count >= 0)
		*ret_rows = rows;
	return count;
}

int reply_images_read(const char *text, size_t length, struct reply_image **ret_images,
		      struct error *err)
{
	void *images = NULL;
	int count = list_read(text, length, image_read, sizeof(**ret_images), &images, err);

	if (count >= 0)
		*ret_images = images;
	return count;
}

int reply_text_read(const char *text, size_t length, const char *key, char *ret_value, size_t size,
		    struct error *err)
{
	const struct field field = {key, FIELD_TEXT, true, 0, size};
	cleanup_json json_object *object = NULL;

	if (text_parse(text, length, json_type_object, &object, err) < 0)
		return -err->code;
	return fields_take(object, &field, 1, ret_value, err);
}

int reply_id_read(const char *text, size_t length, char ret_id[ID_SIZE], struct error *err)
{
	char id[ID_SIZE] = "";

	if (reply_text_read(text, length, "Id", id, sizeof(id), err) < 0 || id_check(id, err) < 0)
		return -err->code;
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

int reply_progress_read(const char *text, size_t length, struct error *err)
{
	static const struct field field = {"error", FIELD_TEXT, false, 0, 256};
	cleanup_json json_object *object = NULL;
	char words[256] = "";

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, &field, 1, words, err) < 0)
		return -err->code;
	return *words ? error_set(err, EREMOTEIO, "%s", words) : 0;
}

int reply_event_read(const char *text, size_t length, struct error *err)
{
	static const struct field field = {"Action", FIELD_TEXT, false, 0, 64};
	cleanup_json json_object *object = NULL;
	char action[64] = "";

	if (text_parse(text, length, json_type_object, &object, err) < 0 ||
	    fields_take(object, &field, 1, action, err) < 0)
		return -err->code;
	return strcmp(action, "oom") == 0;
}
