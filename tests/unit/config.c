/* SPDX-License-Identifier: MIT */
#include "groupies/config.h"

#include "private_root.h"
#include "scratch.h"

#define TOP "[Playground]\n"
#define BOM "\xEF\xBB\xBF"

static int parse(const char *text, struct config *config, struct error *err)
{
	return config_parse(text, strlen(text), "lab.conf", "lab", config, err);
}

/* ---- what is taken --------------------------------------------------------------------------- */

static void takes_members_and_limits_as_the_manual_shows_them(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(parse(TOP "Members=dockerstudent @students\nMemoryMax=10M\nMemorySwapMax=0\n"
			      "TasksMax=64\n",
			  &config, &err),
		    &err);
	assert_string_equal(config.name, "lab");
	assert_int_equal(config.member_count, 2);
	assert_string_equal(config.members[0], "dockerstudent");
	assert_string_equal(config.members[1], "@students");
	assert_int_equal(config.shared.values[LIMIT_MEMORY_MAX].number, 10485760);
	assert_true(config.shared.values[LIMIT_MEMORY_SWAP_MAX].set);
	assert_int_equal(config.shared.values[LIMIT_TASKS_MAX].number, 64);
	assert_false(config.own_limits);
}

static void takes_members_named_on_several_lines(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(
		parse(TOP "Members=ada\nMembers=eve  bob\t@lab\nMemoryMax=10M\n", &config, &err),
		&err);
	assert_int_equal(config.member_count, 4);
	assert_string_equal(config.members[3], "@lab");
}

static void takes_limits_of_all_and_of_each(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(parse(TOP "MemoryMax=10M\n[Member]\nMemoryMax=5M\n", &config, &err), &err);
	assert_true(config.own_limits);
	assert_int_equal(config.shared.values[LIMIT_MEMORY_MAX].number, 10485760);
	assert_int_equal(config.each.values[LIMIT_MEMORY_MAX].number, 5242880);
}

static void takes_an_empty_member_section_for_one(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(parse(TOP "MemoryMax=10M\n[Member]", &config, &err), &err);
	assert_true(config.own_limits);
}

static void adds_up_the_bandwidths_of_several_devices(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(parse(TOP "IOReadBandwidthMax=/dev/vda 1M\nIOReadBandwidthMax=/dev/vdb 1M\n",
			  &config, &err),
		    &err);
	assert_string_equal(config.shared.values[LIMIT_IO_READ_BANDWIDTH_MAX].text,
			    "/dev/vda 1048576\n/dev/vdb 1048576");
}

static void takes_every_way_to_lay_a_file_out(void **state)
{
	static const char *const rows[] = {
		TOP "MemoryMax=10M",
		TOP "\n\n# a comment\n; another\nMemoryMax=10M\n",
		TOP "  MemoryMax = 10M  \n",
		TOP "\tMemoryMax=10M\n",
		TOP "MemoryMax=10M ; why\n",
		"  [Playground]  \nMemoryMax=10M\n",
		"[Playground]\r\nMemoryMax=10M\r\n",
		TOP "TasksMax=64\n  MemoryMax=10M\n",
		"[Member]\nMemoryMax=5M\n" TOP "MemoryMax=10M\n",
		TOP TOP "MemoryMax=10M\n",
		BOM TOP "MemoryMax=10M\n",
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		cleanup_config struct config config = {0};
		struct error err = ERROR_NONE;

		assert_done(parse(rows[index], &config, &err), &err);
		assert_int_equal(config.shared.values[LIMIT_MEMORY_MAX].number, 10485760);
	}
}

static void knows_the_member_section_behind_a_byte_order_mark(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(parse(BOM "[Member]\nMemoryMax=10M\n", &config, &err), &err);
	assert_true(config.own_limits);
}

static void takes_every_word_for_the_user_manager(void **state)
{
	static const char *const words[] = {"auto", "inside", "masked"};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(words); index++) {
		cleanup_config struct config config = {0};
		struct error err = ERROR_NONE;
		char text[128];

		(void)snprintf(text, sizeof(text), TOP "MemoryMax=10M\nUserManager=%s\n",
			       words[index]);
		assert_done(parse(text, &config, &err), &err);
		assert_string_equal(user_manager_name(config.user_manager), words[index]);
	}
}

static void takes_a_line_that_is_just_short_enough(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;
	char text[512] = TOP "MemoryMax=10M\nMembers=";
	size_t start = strlen(text) - strlen("Members=");

	(void)state;
	while (strlen(text) - start < CONFIG_LINE_MAX)
		strcat(text, "n");
	assert_done(parse(text, &config, &err), &err);
	assert_int_equal(config.member_count, 1);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refuses_every_bad_line_with_its_number_and_its_word(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{"MemoryMax=10M\n",
		 "lab.conf:1: 'MemoryMax' stands before any section: begin with [Playground]"},
		{"MemoryMax=10M\n" TOP, "lab.conf:1: 'MemoryMax' stands before any section"},
		{TOP "MemoryMax\n", "lab.conf:2: neither KEY=VALUE nor [Section]"},
		{TOP "MemoryMax=10M\n\nnoise\n", "lab.conf:4: neither KEY=VALUE nor [Section]"},
		{"[Playground\nMemoryMax=10M\n",
		 "lab.conf:1: unknown section '[Playground': write [Playground] or [Member]"},
		{"[playground]\n", "lab.conf:1: unknown section '[playground]'"},
		{"[]\n", "lab.conf:1: unknown section '[]'"},
		{"[Playground] x\n", "lab.conf:1: unknown section '[Playground] x'"},
		{TOP "MemoryMax=10M\n[Members]\n", "lab.conf:3: unknown section '[Members]'"},
		{TOP "MemoryMax=10M\n\f[Limits]\n", "lab.conf:3: unknown section"},
		{TOP "MemoryMax=10M\n\v[Limits]\nTasksMax=1\n", "lab.conf:3: unknown section"},
		{BOM "[Limits]\nMemoryMax=10M\n", "lab.conf:1: unknown section '[Limits]'"},
		{" " BOM "[Member]\nMemoryMax=10M\n", "lab.conf:1: a byte order mark is not where"},
		{BOM BOM "[Member]\nMemoryMax=10M\n", "lab.conf:1: a byte order mark is not where"},
		{TOP "MemoryMax=10M\n" BOM "TasksMax=64\n", "lab.conf:3: unknown key"},
		{TOP "Memorymax=10M\n", "lab.conf:2: unknown key 'Memorymax' in [Playground]"},
		{TOP "MemoryLimit=10M\n", "lab.conf:2: unknown key 'MemoryLimit'"},
		{TOP "=10M\n", "lab.conf:2: unknown key ''"},
		{TOP "MemoryMax=10M\n[Member]\nMembers=ada\n",
		 "lab.conf:4: unknown key 'Members' in [Member]"},
		{TOP "MemoryMax=10M\n[Member]\nUserManager=auto\n",
		 "lab.conf:4: unknown key 'UserManager' in [Member]"},
		{TOP "MemoryMax=\n", "lab.conf:2: MemoryMax: '' is not a size"},
		{TOP "MemoryMax=lots\n", "lab.conf:2: MemoryMax: 'lots' is not a size"},
		{TOP "MemoryMax=10M 20M\n", "lab.conf:2: MemoryMax: '10M 20M' is not a size"},
		{TOP "MemoryMax=10M\n[Member]\nTasksMax=none\n",
		 "lab.conf:4: TasksMax: 'none' is not a number"},
		{TOP "MemoryMax=10M\nMemoryMax=20M\n", "lab.conf:3: MemoryMax is set twice"},
		{TOP "MemoryMax=10M\n" TOP "MemoryMax=20M\n", "lab.conf:4: MemoryMax is set twice"},
		{TOP "UserManager=maybe\n",
		 "lab.conf:2: UserManager: 'maybe' is not auto, inside or masked"},
		{TOP "UserManager=masked\nUserManager=inside\n",
		 "lab.conf:3: UserManager is set twice"},
		{TOP "Members=ada ada\n", "lab.conf:2: Members: 'ada' is named twice"},
		{TOP "Members=@lab\nMembers=@lab\n", "lab.conf:3: Members: '@lab' is named twice"},
		{TOP "Members=@\n", "lab.conf:2: Members: '@' is not a user's name or a @group"},
		{TOP "Members=!ann\n", "lab.conf:2: Members: '!ann' is not a user's name"},
		{TOP "Members=@!staff\n", "lab.conf:2: Members: '@!staff' is not a user's name"},
		{TOP "Members=ann *\n", "lab.conf:2: Members: '*' is not a user's name"},
		{TOP "Members=%staff\n", "lab.conf:2: Members: '%staff' is not a user's name"},
		{TOP "Members=a=b\n", "lab.conf:2: Members: 'a=b' is not a user's name"},
		{TOP "Members=-r\n", "lab.conf:2: Members: '-r' is not a user's name"},
		{TOP "Members=@-r\n", "lab.conf:2: Members: '@-r' is not"},
		{TOP "Members=@@lab\n", "lab.conf:2: Members: '@@lab' is not"},
		{TOP "Members=ada,eve\n", "lab.conf:2: Members: 'ada,eve' is not"},
		{TOP "Members=ada:eve\n", "lab.conf:2: Members: 'ada:eve' is not"},
		{TOP "Members=ada \r eve\n", "lab.conf:2: Members: '\r' is not"},
		{TOP "Members=a\033[2Jda\n", "lab.conf:2: Members: 'a\033[2Jda' is not"},
		{TOP "Members=../ada\n", "lab.conf:2: Members: '../ada' is not"},
		{"", "lab.conf: no limit is set"},
		{"# nothing\n", "lab.conf: no limit is set"},
		{TOP "Members=ada\n", "lab.conf: no limit is set: a playground needs at least one"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct config config = {.member_count = 42};
		struct error err = ERROR_NONE;

		if (parse(rows[index].text, &config, &err) >= 0 ||
		    !strstr(err.text, rows[index].sentence))
			fail_msg("wanted '%s', got '%s'", rows[index].sentence, err.text);
		assert_int_equal(config.member_count, 42);
	}
}

static void tells_only_the_first_of_many_complaints(void **state)
{
	struct config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(parse(TOP "MemoryMax=x\nTasksMax=y\n[Z]\n", &config, &err), &err, EINVAL,
		       "lab.conf:2: MemoryMax: 'x'");
	assert_null(strstr(err.text, "lab.conf:3"));
}

static void refuses_a_nul_by_its_line(void **state)
{
	static const char text[] = TOP "MemoryMax=10M\nTasksMax=6\0004\n";
	struct config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(config_parse(text, sizeof(text) - 1, "lab.conf", "lab", &config, &err), &err,
		       EBADMSG, "lab.conf:3: the line holds a NUL byte");
}

/* libinih would split it, and take the rest for a line of its own. */
static void refuses_a_line_that_libinih_would_split(void **state)
{
	struct config config;
	struct error err = ERROR_NONE;
	char text[512] = TOP "MemoryMax=10M\nMembers=";
	size_t start = strlen(text) - strlen("Members=");

	(void)state;
	while (strlen(text) - start <= CONFIG_LINE_MAX)
		strcat(text, "n");
	assert_refused(parse(text, &config, &err), &err, EBADMSG,
		       "lab.conf:3: the line is longer than 190 bytes");
}

static void refuses_a_playgrounds_name_that_is_none(void **state)
{
	static const char *const names[] = {"", "../x", "-x", "a.b", "Lab", "a/b"};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(names); index++) {
		struct config config;
		struct error err = ERROR_NONE;

		assert_refused(
			config_parse(TOP, strlen(TOP), "x.conf", names[index], &config, &err), &err,
			EINVAL, "is no playground's name");
	}
}

static void survives_a_mebibyte_of_noise(void **state)
{
	static char noise[1024 * 1024];
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 8; seed++) {
		struct config config;
		struct error err = ERROR_NONE;
		unsigned value = seed;
		size_t index;

		for (index = 0; index < sizeof(noise); index++) {
			value = value * 1103515245 + 12345;
			noise[index] = (char)(value >> 16);
		}
		assert_true(config_parse(noise, sizeof(noise), "lab.conf", "lab", &config, &err) <
			    0);
		assert_non_null(strstr(err.text, "lab.conf:"));
	}
}

/* ---- there and back -------------------------------------------------------------------------- */

static void reads_back_what_it_prints(void **state)
{
	static const char text[] = TOP "Members=ada\nMembers=@students\nMemoryMax=10M\n"
				       "MemoryHigh=8M\nMemorySwapMax=0\nTasksMax=64\nCPUQuota=50%\n"
				       "CPUWeight=20\nAllowedCPUs=0-1\nIOWeight=10\n"
				       "IOReadBandwidthMax=/dev/vda 1048576\n"
				       "IOReadBandwidthMax=/dev/vdb 1048576\n"
				       "IOWriteBandwidthMax=/dev/vda 1048576\n"
				       "UserManager=masked\n"
				       "\n[Member]\nMemoryMax=5M\nTasksMax=infinity\n";
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;
	char *printed = NULL;

	(void)state;
	assert_done(parse(text, &config, &err), &err);
	assert_done(config_print(&config, &printed, &err), &err);
	assert_string_equal(printed, text);
	free(printed);
}

static void takes_a_hundred_thousand_members_and_finds_the_one_named_twice(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;
	char *text = NULL;
	size_t length = 0, index;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	(void)fprintf(out, TOP "MemoryMax=1M\n");
	for (index = 0; index < 100000; index++)
		(void)fprintf(out, "Members=student-of-the-long-name-%06zu\n", index);
	(void)fflush(out);
	assert_true(length < CONFIG_SIZE_MAX);
	assert_done(parse(text, &config, &err), &err);
	assert_int_equal(config.member_count, 100000);
	assert_string_equal(config.members[99999], "student-of-the-long-name-099999");
	config_clear(&config);
	(void)fprintf(out, "Members=student-of-the-long-name-000007\n");
	(void)fclose(out);
	assert_refused(parse(text, &config, &err), &err, EEXIST,
		       "100003: Members: 'student-of-the-long-name-000007' is named twice");
	free(text);
}

static void adds_no_member_that_it_could_not_read_back(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;
	char name[MEMBER_NAME_SIZE];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[CONFIG_LINE_MAX - strlen("Members=") + 1] = '\0';
	assert_refused(config_add_member(&config, name, &err), &err, EINVAL,
		       "is not a user's name");
	name[CONFIG_LINE_MAX - strlen("Members=")] = '\0';
	assert_done(config_add_member(&config, name, &err), &err);
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_config(const struct scratch *scratch, struct error *err)
{
	cleanup_config struct config config = {0};

	return config_read(scratch->fd, "/etc/groupies", "lab", &config, err);
}

static void reads_a_trusted_file(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "lab.conf", TOP "MemoryMax=10M\n", 0644);
	assert_done(read_config(*state, &err), &err);
}

static void says_the_whole_path_of_a_bad_line(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "lab.conf", TOP "MemoryMax=ten\n", 0644);
	assert_refused(read_config(*state, &err), &err, EINVAL,
		       "/etc/groupies/lab.conf:2: MemoryMax: 'ten'");
}

static void says_that_there_is_no_file(void **state)
{
	struct error err = ERROR_NONE;

	assert_refused(read_config(*state, &err), &err, ENOENT, "/etc/groupies: lab.conf: No such");
}

static void refuses_a_config_that_others_can_write(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "lab.conf", TOP "MemoryMax=10M\n", 0666);
	assert_refused(read_config(*state, &err), &err, EPERM, "others than root can write it");
}

static void refuses_a_config_that_is_a_link_or_a_fifo(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_int_equal(symlinkat("/etc/hostname", scratch->fd, "lab.conf"), 0);
	assert_refused(read_config(scratch, &err), &err, EPERM, "is a symbolic link");
	assert_int_equal(unlinkat(scratch->fd, "lab.conf", 0), 0);
	assert_int_equal(mkfifoat(scratch->fd, "lab.conf", 0600), 0);
	assert_refused(read_config(scratch, &err), &err, EPERM, "is not a regular file");
}

static void refuses_a_config_that_is_too_large(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	char path[128];

	needs_private_root();
	scratch_write(scratch, "lab.conf", TOP, 0644);
	(void)snprintf(path, sizeof(path), "%s/lab.conf", scratch->path);
	assert_int_equal(truncate(path, CONFIG_SIZE_MAX), 0);
	assert_refused(read_config(scratch, &err), &err, EFBIG,
		       "/etc/groupies/lab.conf: is larger than 8 MiB");
	assert_int_equal(truncate(path, CONFIG_SIZE_MAX - 1), 0);
	assert_refused(read_config(scratch, &err), &err, EBADMSG, "holds a NUL");
}

static void refuses_a_nul_in_the_file_by_its_line(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	char path[128];

	needs_private_root();
	scratch_write(scratch, "lab.conf", TOP, 0644);
	(void)snprintf(path, sizeof(path), "%s/lab.conf", scratch->path);
	assert_int_equal(truncate(path, 100), 0);
	assert_refused(read_config(scratch, &err), &err, EBADMSG,
		       "lab.conf:2: the line holds a NUL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_members_and_limits_as_the_manual_shows_them),
		cmocka_unit_test(takes_members_named_on_several_lines),
		cmocka_unit_test(takes_limits_of_all_and_of_each),
		cmocka_unit_test(takes_an_empty_member_section_for_one),
		cmocka_unit_test(adds_up_the_bandwidths_of_several_devices),
		cmocka_unit_test(takes_every_way_to_lay_a_file_out),
		cmocka_unit_test(knows_the_member_section_behind_a_byte_order_mark),
		cmocka_unit_test(takes_every_word_for_the_user_manager),
		cmocka_unit_test(takes_a_line_that_is_just_short_enough),
		cmocka_unit_test(refuses_every_bad_line_with_its_number_and_its_word),
		cmocka_unit_test(tells_only_the_first_of_many_complaints),
		cmocka_unit_test(refuses_a_nul_by_its_line),
		cmocka_unit_test(refuses_a_line_that_libinih_would_split),
		cmocka_unit_test(refuses_a_playgrounds_name_that_is_none),
		cmocka_unit_test(survives_a_mebibyte_of_noise),
		cmocka_unit_test(reads_back_what_it_prints),
		cmocka_unit_test(takes_a_hundred_thousand_members_and_finds_the_one_named_twice),
		cmocka_unit_test(adds_no_member_that_it_could_not_read_back),
		with_scratch(reads_a_trusted_file),
		with_scratch(says_the_whole_path_of_a_bad_line),
		with_scratch(says_that_there_is_no_file),
		with_scratch(refuses_a_config_that_others_can_write),
		with_scratch(refuses_a_config_that_is_a_link_or_a_fifo),
		with_scratch(refuses_a_config_that_is_too_large),
		with_scratch(refuses_a_nul_in_the_file_by_its_line),
	};

	return cmocka_run_group_tests_name("config", tests, private_root_enter, NULL);
}
