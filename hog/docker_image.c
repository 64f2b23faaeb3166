/* SPDX-License-Identifier: MIT */
#include "docker_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/cleanup.h"

#define BLOCK           512
#define PROGRAM_LARGEST ((size_t)16 * 1024 * 1024)
#define PROGRAM_NAME    "hog-static"

/* How images call what this program runs on (the Go names); both byte orders are told by the rest. */
static const struct {
	unsigned machine;
	const char *name;
	const char *variant;
} machines[] = {
	{EM_X86_64, "amd64", NULL},  {EM_AARCH64, "arm64", "v8"}, {EM_386, "386", NULL},
	{EM_ARM, "arm", "v7"},       {EM_PPC64, "ppc64le", NULL}, {EM_S390, "s390x", NULL},
	{EM_RISCV, "riscv64", NULL},
};

void image_clear(struct image *image)
{
	free(image->archive);
	image->archive = NULL;
}

/* ---- ustar (POSIX.1-2001, pax) -----------------------------------------------------------------*/

struct tar {
	char *bytes;
	size_t length;
	size_t room;
};

static void tar_clear(struct tar *tar)
{
	free(tar->bytes);
}

#define cleanup_tar __attribute__((cleanup(tar_clear)))

/* Room for LENGTH bytes more, whole blocks, zeroed; NULL: out of memory. */
static char *tar_extend(struct tar *tar, size_t length)
{
	size_t whole = (length + BLOCK - 1) / BLOCK * BLOCK;
	char *at;

	if (tar->length + whole > tar->room) {
		size_t room = 2 * tar->room + whole;
		char *larger = realloc(tar->bytes, room);

		if (!larger)
			return NULL;
		tar->bytes = larger;
		tar->room = room;
	}
	at = tar->bytes + tar->length;
	memset(at, 0, whole);
	tar->length += whole;
	return at;
}

/* Adds one file, or a directory when NAME ends with a slash. Owner root, time 0. */
static int tar_add(struct tar *tar, const char *name, unsigned mode, const char *bytes,
		   size_t length, struct error *err)
{
	char *head = tar_extend(tar, BLOCK), *body;
	unsigned sum = 0;
	size_t at;

	if (!head)
		return error_set(err, ENOMEM, "the image: out of memory");
	(void)snprintf(head, 100, "%s", name);
	(void)snprintf(head + 100, 8, "%07o", mode);
	(void)snprintf(head + 108, 8, "%07o", 0);
	(void)snprintf(head + 116, 8, "%07o", 0);
	(void)snprintf(head + 124, 12, "%011zo", length);
	(void)snprintf(head + 136, 12, "%011o", 0);
	memset(head + 148, ' ', 8);
	head[156] = name[strlen(name) - 1] == '/' ? '5' : '0';
	memcpy(head + 257, "ustar", 6);
	head[263] = head[264] = '0';
	for (at = 0; at < BLOCK; at++)
		sum += (unsigned char)head[at];
	(void)snprintf(head + 148, 8, "%06o", sum);
	if (length == 0)
		return 0;
	body = tar_extend(tar, length);
	if (!body)
		return error_set(err, ENOMEM, "the image: out of memory");
	memcpy(body, bytes, length);
	return 0;
}

static int tar_end(struct tar *tar, struct error *err)
{
	return tar_extend(tar, 2 * (size_t)BLOCK)
		       ? 0
		       : error_set(err, ENOMEM, "the image: out of memory");
}

/* ---- the program -------------------------------------------------------------------------------*/

/* Answers the index into machines, or fails: a program that needs an interpreter cannot start. */
static int program_check(const char *program, size_t length, struct error *err)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;
	size_t index;

	if (length < sizeof(head))
		return error_set(err, ENOEXEC, "is not a program");
	memcpy(&head, program, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return error_set(err, ENOEXEC, "is not a program");
	for (index = 0; head.e_ident[EI_CLASS] == ELFCLASS64 && index < head.e_phnum; index++) {
		size_t at = head.e_phoff + index * sizeof(part);

		if (head.e_phoff > length || at + sizeof(part) > length)
			return error_set(err, ENOEXEC, "is cut off");
		memcpy(&part, program + at, sizeof(part));
		if (part.p_type == PT_INTERP)
			return error_set(err, ENOEXEC,
					 "is not static: it cannot run where no libc is");
	}
	for (index = 0; index < sizeof(machines) / sizeof(*machines); index++) {
		if (machines[index].machine == head.e_machine)
			return (int)index;
	}
	return error_set(err, ENOEXEC, "is for a machine that no image has a name for (%u)",
			 head.e_machine);
}

static int layer_build(const char *program, size_t length, struct tar *layer, struct error *err)
{
	/* hog --kind file wants somewhere to write. */
	return tar_add(layer, "tmp/", 01777, NULL, 0, err) < 0 ||
			       tar_add(layer, "hog", 0755, program, length, err) < 0 ||
			       tar_end(layer, err) < 0
		       ? -err->code
		       : 0;
}

static json_object *list_of(json_object *only)
{
	json_object *list = json_object_new_array();

	(void)json_object_array_add(list, only);
	return list;
}

static json_object *config_build(int machine, const char *layer_digest)
{
	json_object *image = json_object_new_object(), *config = json_object_new_object(),
		    *layers = json_object_new_object(), *labels = json_object_new_object(),
		    *history = json_object_new_object();
	char digest[DIGEST_SIZE + 8];

	(void)snprintf(digest, sizeof(digest), "sha256:%s", layer_digest);
	json_object_object_add(labels, IMAGE_LABEL, json_object_new_string(IMAGE_LABEL_VALUE));
	json_object_object_add(config, "Entrypoint", list_of(json_object_new_string("/hog")));
	json_object_object_add(config, "Labels", labels);
	json_object_object_add(config, "WorkingDir", json_object_new_string("/"));
	json_object_object_add(layers, "type", json_object_new_string("layers"));
	json_object_object_add(layers, "diff_ids", list_of(json_object_new_string(digest)));
	json_object_object_add(history, "created", json_object_new_string("1970-01-01T00:00:00Z"));
	json_object_object_add(history, "created_by",
			       json_object_new_string("groupies-docker load"));
	json_object_object_add(image, "architecture",
			       json_object_new_string(machines[machine].name));
	if (machines[machine].variant)
		json_object_object_add(image, "variant",
				       json_object_new_string(machines[machine].variant));
	json_object_object_add(image, "os", json_object_new_string("linux"));
	json_object_object_add(image, "created", json_object_new_string("1970-01-01T00:00:00Z"));
	json_object_object_add(image, "config", config);
	json_object_object_add(image, "rootfs", layers);
	json_object_object_add(image, "history", list_of(history));
	return image;
}

static json_object *manifest_build(const char *config_name, const char *layer_name)
{
	json_object *manifest = json_object_new_object();

	json_object_object_add(manifest, "Config", json_object_new_string(config_name));
	json_object_object_add(manifest, "RepoTags", list_of(json_object_new_string(IMAGE_NAME)));
	json_object_object_add(manifest, "Layers", list_of(json_object_new_string(layer_name)));
	return list_of(manifest);
}

static int add_json(struct tar *tar, const char *name, json_object *json, struct error *err)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return tar_add(tar, name, 0644, text, strlen(text), err);
}

static int archive_build(int machine, const struct tar *layer, struct tar *archive, char *id,
			 struct error *err)
{
	char digest[DIGEST_SIZE], config_name[DIGEST_SIZE + 8], layer_name[DIGEST_SIZE + 8];
	json_object *config, *manifest;
	const char *text;
	int answer;

	digest_print(layer->bytes, layer->length, digest);
	config = config_build(machine, digest);
	text = json_object_to_json_string_ext(config, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	digest_print(text, strlen(text), id);
	(void)snprintf(config_name, sizeof(config_name), "%s.json", id);
	(void)snprintf(layer_name, sizeof(layer_name), "%s.tar", digest);
	manifest = manifest_build(config_name, layer_name);
	answer = add_json(archive, config_name, config, err) < 0 ||
				 tar_add(archive, layer_name, 0644, layer->bytes, layer->length,
					 err) < 0 ||
				 add_json(archive, "manifest.json", manifest, err) < 0 ||
				 tar_end(archive, err) < 0
			 ? -err->code
			 : 0;
	(void)json_object_put(config);
	(void)json_object_put(manifest);
	return answer;
}

int image_build(const char *program, size_t length, struct image *ret_image, struct error *err)
{
	cleanup_tar struct tar layer = {0};
	cleanup_tar struct tar archive = {0};
	char id[DIGEST_SIZE];
	int machine = program_check(program, length, err);

	if (machine < 0 || layer_build(program, length, &layer, err) < 0 ||
	    archive_build(machine, &layer, &archive, id, err) < 0)
		return -err->code;
	ret_image->length = archive.length;
	ret_image->archive = steal_pointer(&archive.bytes);
	memcpy(ret_image->id, id, sizeof(id));
	return 0;
}

/* Opens hog-static in the directory that this program was started from. */
static int program_open(char *path, size_t size, struct error *err)
{
	ssize_t length = readlink("/proc/self/exe", path, size - sizeof(PROGRAM_NAME));
	char *name;
	int fd;

	if (length < 0)
		return error_errno(err, "/proc/self/exe");
	path[length] = '\0';
	name = strrchr(path, '/');
	strcpy(name ? name + 1 : path, PROGRAM_NAME);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ENOEXEC,
				 "%s: is missing: build it (musl-tools), install the package "
				 "whole, or name another image with --image",
				 path);
	return fd < 0 ? error_errno(err, "%s", path) : fd;
}

int image_make(struct image *ret_image, struct error *err)
{
	char path[4096];
	cleanup_fd int fd = program_open(path, sizeof(path), err);
	cleanup_free char *program = NULL;
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return -err->code;
	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	if (st.st_size <= 0 || (size_t)st.st_size > PROGRAM_LARGEST)
		return error_set(err, ENOEXEC, "%s: is not a small static program", path);
	program = malloc((size_t)st.st_size);
	if (!program)
		return error_set(err, ENOMEM, "%s: out of memory", path);
	got = pread(fd, program, (size_t)st.st_size, 0);
	if (got < 0)
		return error_errno(err, "%s", path);
	if (image_build(program, (size_t)got, ret_image, err) < 0)
		return error_context(err, "%s", path);
	return 0;
}
