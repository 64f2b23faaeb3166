/* SPDX-License-Identifier: MIT */
#include "groupies/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/size.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define MEMBER_MAX      (CONFIG_LINE_MAX - (sizeof("Members=") - 1))

/* Which members a config has: thousands are read, and each may be named once. */
struct names {
	size_t *slots; /* positions among the members, counted from 1; 0: a free one */
	size_t room;   /* a power of two */
};

/*
 * libinih splits an overlong line in silence, ends a line at a NUL, joins an indented line to the
 * one before, and tells its handler no line number. So it reads through us: we see every line
 * first, count it, refuse what it would get wrong, and hand it over without its indentation.
 */
struct reading {
	const char *rest;
	const char *end;
	const char *file;
	unsigned line;
	bool failed; /* err holds the first complaint; what follows is not looked at */
	struct config *config;
	struct names names;
	struct error *err;
};

static const char *const user_manager_names[] = {
	[USER_MANAGER_AUTO] = "auto",
	[USER_MANAGER_INSIDE] = "inside",
	[USER_MANAGER_MASKED] = "masked",
};

const char *user_manager_name(enum user_manager user_manager)
{
	return user_manager_names[user_manager];
}

bool user_manager_parse(const char *text, enum user_manager *ret_user_manager)
{
	size_t index;

	for (index = 0; index < sizeof(user_manager_names) / sizeof(*user_manager_names); index++) {
		if (strcmp(text, user_manager_names[index]) == 0) {
			*ret_user_manager = (enum user_manager)index;
			return true;
		}
	}
	return false;
}

void config_clear(struct config *config)
{
	size_t index;

	for (index = 0; index < config->member_count; index++)
		free(config->members[index]);
	free(config->members);
	config->members = NULL;
	config->member_count = 0;
}

/* Only the first complaint about a file is told; it says where. */
static void complain(struct reading *reading)
{
	if (!reading->failed)
		(void)error_context(reading->err, "%s:%u", reading->file, reading->line);
	reading->failed = true;
}

#define COMPLAIN(reading, code, ...)                                                               \
	do {                                                                                       \
		if (!(reading)->failed)                                                            \
			(void)error_set((reading)->err, code, __VA_ARGS__);                        \
		complain(reading);                                                                 \
	} while (0)

/* The reader of ini_parse_stream(): the next line into BUFFER, or NULL at the end. */
static char *read_line(char *buffer, int size, void *stream)
{
	struct reading *reading = stream;
	const char *line = reading->rest;
	const char *newline;
	size_t length;

	if (reading->failed || line == reading->end)
		return NULL;
	reading->line++;
	newline = memchr(line, '\n', (size_t)(reading->end - line));
	length = (size_t)((newline ? newline : reading->end) - line);
	reading->rest = newline ? newline + 1 : reading->end;
	if (memchr(line, '\0', length)) {
		COMPLAIN(reading, EBADMSG, "the line holds a NUL byte");
		return NULL;
	}
	if (length > CONFIG_LINE_MAX || length + 2 > (size_t)size) {
		COMPLAIN(reading, EBADMSG,
			 "the line is longer than %d bytes: write Members= more than once",
			 CONFIG_LINE_MAX);
		return NULL;
	}
	if (reading->line == 1 && length >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
		line += 3;
		length -= 3;
	}
	while (length > 0 && isspace((unsigned char)*line)) {
		line++;
		length--;
	}
	/* libinih would take this one away behind our back, and read a section that we did not see. */
	if (reading->line == 1 && length >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
		COMPLAIN(reading, EBADMSG,
			 "a byte order mark is not where it may be, at the very beginning");
		return NULL;
	}
	memcpy(buffer, line, length);
	memcpy(buffer + length, "\n", 2);
	/* A section is a handler's business only when a key follows: look at each ourselves. */
	if (*buffer == '[') {
		while (length > 0 && isspace((unsigned char)buffer[length - 1]))
			length--;
		if (length == 8 && strncmp(buffer, "[Member]", 8) == 0)
			reading->config->own_limits = true;
		else if (length != 12 || strncmp(buffer, "[Playground]", 12) != 0)
			COMPLAIN(reading, EBADMSG,
				 "unknown section '%.*s': write [Playground] or [Member]",
				 (int)length, buffer);
	}
	return buffer;
}

/*
 * Names of people have no blank in them, and what does not print is none. Signs that have a meaning
 * elsewhere (!name, %group, *) are refused rather than taken for somebody who is not here.
 */
static bool member_is_valid(const char *member)
{
	const char *name = member + (*member == '@'), *at;

	for (at = name; *at; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr(":/@,;*?\"|<>=[]", *at))
			return false;
	}
	return (isalnum((unsigned char)*name) || (unsigned char)*name >= 0x80 || *name == '_') &&
	       strlen(member) <= MEMBER_MAX;
}

/* Where MEMBER is among the slots, or the free one where it would be. */
static size_t *names_slot(const struct names *names, const struct config *config,
			  const char *member)
{
	size_t slot;

	for (slot = (size_t)text_hash(member) & (names->room - 1); names->slots[slot];
	     slot = (slot + 1) & (names->room - 1)) {
		if (strcmp(config->members[names->slots[slot] - 1], member) == 0)
			break;
	}
	return &names->slots[slot];
}

/* Makes room for one more, at most half full. */
static int names_grow(struct names *names, const struct config *config, struct error *err)
{
	struct names grown = {.room = names->room ? names->room * 2 : 64};
	size_t index;

	if (config->member_count + 1 <= names->room / 2)
		return 0;
	grown.slots = calloc(grown.room, sizeof(*grown.slots));
	if (!grown.slots)
		return error_errno(err, "members");
	for (index = 0; index < config->member_count; index++)
		*names_slot(&grown, config, config->members[index]) = index + 1;
	free(names->slots);
	*names = grown;
	return 0;
}

bool config_has_member(const struct config *config, const char *member)
{
	size_t index;

	for (index = 0; index < config->member_count; index++) {
		if (strcmp(config->members[index], member) == 0)
			return true;
	}
	return false;
}

static int member_add(struct config *config, struct names *names, const char *member,
		      struct error *err)
{
	char **grown;
	size_t *slot;

	if (!member_is_valid(member))
		return error_set(err, EINVAL, "'%s' is not a user's name or a @group", member);
	if (names_grow(names, config, err) < 0)
		return -err->code;
	slot = names_slot(names, config, member);
	if (*slot)
		return error_set(err, EEXIST, "'%s' is named twice", member);
	/* Room is doubled wherever it is used up, which is at each power of two. */
	if ((config->member_count & (config->member_count - 1)) == 0) {
		grown = reallocarray(config->members, config->member_count * 2 + 1, sizeof(*grown));
		if (!grown)
			return error_errno(err, "members");
		config->members = grown;
	}
	config->members[config->member_count] = strdup(member);
	if (!config->members[config->member_count])
		return error_errno(err, "members");
	*slot = ++config->member_count;
	return 0;
}

int config_add_member(struct config *config, const char *member, struct error *err)
{
	struct names names = {0};
	int ret = member_add(config, &names, member, err);

	free(names.slots);
	return ret;
}

static int add_members(struct config *config, struct names *names, const char *value,
		       struct error *err)
{
	char copy[CONFIG_LINE_MAX + 1];
	char *saved = NULL, *word;

	if (!text_copy(copy, sizeof(copy), value))
		return error_set(err, EBADMSG, "Members: too long");
	for (word = strtok_r(copy, " \t", &saved); word; word = strtok_r(NULL, " \t", &saved)) {
		if (member_add(config, names, word, err) < 0)
			return error_context(err, "Members");
	}
	return 0;
}

static int set_limit(struct limits *limits, const struct limit *limit, const char *value,
		     struct error *err)
{
	struct limit_value *to = &limits->values[limit_id(limit)];
	bool adds_up = limit_id(limit) == LIMIT_IO_READ_BANDWIDTH_MAX ||
		       limit_id(limit) == LIMIT_IO_WRITE_BANDWIDTH_MAX;

	if (to->set && !adds_up)
		return error_set(err, EEXIST, "%s is set twice", limit->name);
	return limit_parse(limit, value, to, err);
}

static int take_key(struct reading *reading, const char *section, const char *key,
		    const char *value, struct error *err)
{
	struct config *config = reading->config;
	bool of_each = strcmp(section, "Member") == 0;
	const struct limit *limit = limit_find(key);

	if (!*section)
		return error_set(err, EBADMSG,
				 "'%s' stands before any section: begin with [Playground]", key);
	if (limit)
		return set_limit(of_each ? &config->each : &config->shared, limit, value, err);
	if (!of_each && strcmp(key, "Members") == 0)
		return add_members(config, &reading->names, value, err);
	if (!of_each && strcmp(key, "UserManager") == 0) {
		if (config->user_manager != USER_MANAGER_AUTO)
			return error_set(err, EEXIST, "UserManager is set twice");
		if (!user_manager_parse(value, &config->user_manager))
			return error_set(err, EINVAL,
					 "UserManager: '%s' is not auto, inside or masked", value);
		return 0;
	}
	return error_set(err, EBADMSG, "unknown key '%s' in [%s]: groupies.conf(5) lists them", key,
			 section);
}

/* The handler of ini_parse_stream(): 0 is an error there. */
static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct reading *reading = user;

	if (reading->failed)
		return 0;
	if (take_key(reading, section, key, value, reading->err) < 0) {
		complain(reading);
		return 0;
	}
	return 1;
}

int config_parse(const char *text, size_t length, const char *file, const char *name,
		 struct config *ret_config, struct error *err)
{
	cleanup_config struct config config = {0};
	struct reading reading = {
		.rest = text, .end = text + length, .file = file, .config = &config, .err = err};
	int bad;

	if (!playground_name_is_valid(name))
		return error_set(
			err, EINVAL,
			"%s: '%s' is no playground's name: a small letter, then small letters, "
			"digits and _",
			file, name);
	(void)text_copy(config.name, sizeof(config.name), name);
	bad = ini_parse_stream(read_line, &reading, handle, &reading);
	free(reading.names.slots);
	if (bad < 0 && !reading.failed)
		return error_set(err, ENOMEM, "%s: out of memory", file);
	if (bad > 0 && !reading.failed)
		return error_set(err, EBADMSG, "%s:%d: neither KEY=VALUE nor [Section]", file, bad);
	if (reading.failed)
		return -err->code;
	if (limits_are_empty(&config.shared) && limits_are_empty(&config.each))
		return error_set(
			err, EBADMSG,
			"%s: no limit is set: a playground needs at least one (MemoryMax=10M)",
			file);
	*ret_config = config;
	config = (struct config){0};
	return 0;
}

int config_too_large(const char *path, struct error *err)
{
	return error_set(err, EFBIG,
			 "%s: is larger than %d MiB, which is all that a login reads: name groups "
			 "instead of users",
			 path, CONFIG_SIZE_MAX / 1024 / 1024);
}

/*
 * Reads all of FD. Unlike file_read_all, which refuses a NUL without a line: it is found by line.
 * A helper of a login takes no more memory than the file is long.
 */
static ssize_t text_read(int fd, const char *path, char **ret_text, struct error *err)
{
	cleanup_free char *text = NULL;
	ssize_t room, length = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	room = st.st_size < CONFIG_SIZE_MAX ? (ssize_t)st.st_size + 1 : CONFIG_SIZE_MAX;
	text = malloc((size_t)room);
	if (!text)
		return error_errno(err, "%s", path);
	while (length < room) {
		ssize_t got = read(fd, text + length, (size_t)(room - length));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "%s", path);
		if (got == 0) {
			*ret_text = steal_pointer(&text);
			return length;
		}
		length += got;
	}
	return room < CONFIG_SIZE_MAX
		       ? error_set(err, EAGAIN, "%s: was being written: do this again", path)
		       : config_too_large(path, err);
}

int config_read(int dirfd, const char *directory, const char *name, struct config *ret_config,
		struct error *err)
{
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -1;
	char file[300], path[600];
	ssize_t length;

	if (snprintf(file, sizeof(file), "%s.conf", name) >= (int)sizeof(file))
		return error_set(err, ENAMETOOLONG, "%s: name too long", directory);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = file_open_trusted(dirfd, file, err);
	if (fd < 0)
		return error_context(err, "%s", directory);
	length = text_read(fd, path, &text, err);
	return length < 0 ? (int)length
			  : config_parse(text, (size_t)length, path, name, ret_config, err);
}

static void print_limits(FILE *out, const struct limits *limits)
{
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		const struct limit *limit = &limit_table[index];
		char text[512];
		char *saved = NULL, *line;

		if (!limits->values[index].set)
			continue;
		limit_print(limit, &limits->values[index], text, sizeof(text));
		for (line = strtok_r(text, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
			(void)fprintf(out, "%s=%s\n", limit->name, line);
	}
}

int config_print(const struct config *config, char **ret_text, struct error *err)
{
	size_t length = 0, index;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_errno(err, "%s", config->name);
	(void)fprintf(out, "[Playground]\n");
	for (index = 0; index < config->member_count; index++)
		(void)fprintf(out, "Members=%s\n", config->members[index]);
	print_limits(out, &config->shared);
	if (config->user_manager != USER_MANAGER_AUTO)
		(void)fprintf(out, "UserManager=%s\n", user_manager_name(config->user_manager));
	if (config->own_limits) {
		(void)fprintf(out, "\n[Member]\n");
		print_limits(out, &config->each);
	}
	if (fclose(out) != 0) {
		free(text);
		return error_set(err, ENOMEM, "%s: out of memory", config->name);
	}
	*ret_text = text;
	return 0;
}
