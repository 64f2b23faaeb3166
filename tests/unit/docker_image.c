/* SPDX-License-Identifier: MIT */
#include "docker_image.h"

#include <elf.h>

#include "unit.h"

static void digests_as_the_standard_says(void **state)
{
	/* FIPS 180-4's own examples, and both sides of where the length needs a block more. */
	static const struct {
		const char *text;
		const char *digest;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	};
	char digest[DIGEST_SIZE];
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		digest_print(rows[index].text, strlen(rows[index].text), digest);
		assert_string_equal(digest, rows[index].digest);
	}
}

static Elf64_Ehdr program_make(void)
{
	Elf64_Ehdr head = {.e_machine = EM_X86_64, .e_phnum = 0};

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	return head;
}

static void builds_the_same_bytes_each_time(void **state)
{
	Elf64_Ehdr program = program_make();
	struct error err = ERROR_NONE;
	struct image first = {0}, second = {0};

	(void)state;
	assert_done(image_build((char *)&program, sizeof(program), &first, &err), &err);
	assert_done(image_build((char *)&program, sizeof(program), &second, &err), &err);
	assert_int_equal(first.length, second.length);
	assert_memory_equal(first.archive, second.archive, first.length);
	assert_int_equal(first.length % 512, 0);
	image_clear(&first);
	image_clear(&second);
}

static void is_an_archive_that_begins_with_its_configuration(void **state)
{
	Elf64_Ehdr program = program_make();
	struct error err = ERROR_NONE;
	struct image image = {0};
	char digest[DIGEST_SIZE];

	(void)state;
	assert_done(image_build((char *)&program, sizeof(program), &image, &err), &err);
	assert_memory_equal(image.archive, image.id, 64);
	assert_memory_equal(image.archive + 257, "ustar", 6);
	digest_print(image.archive + 512, strlen(image.archive + 512), digest);
	assert_string_equal(digest, image.id);
	image_clear(&image);
}

static void refuses_what_cannot_run_alone(void **state)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr part;
	} program = {.head = program_make(), .part = {.p_type = PT_INTERP}};
	struct error err = ERROR_NONE;
	struct image image = {0};

	(void)state;
	program.head.e_phoff = sizeof(program.head);
	program.head.e_phnum = 1;
	assert_refused(image_build((char *)&program, sizeof(program), &image, &err), &err, ENOEXEC,
		       "is not static");
	assert_refused(image_build((char *)&program, sizeof(program.head), &image, &err), &err,
		       ENOEXEC, "is cut off");
	assert_refused(image_build("#!/bin/sh", 9, &image, &err), &err, ENOEXEC,
		       "is not a program");
	assert_null(image.archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_as_the_standard_says),
		cmocka_unit_test(builds_the_same_bytes_each_time),
		cmocka_unit_test(is_an_archive_that_begins_with_its_configuration),
		cmocka_unit_test(refuses_what_cannot_run_alone),
	};

	return cmocka_run_group_tests_name("docker_image", tests, NULL, NULL);
}
