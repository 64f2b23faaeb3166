/* SPDX-License-Identifier: MIT */
#include "groupies/registry.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "private_root.h"
#include "unit.h"

#define MEMBER "groupies-registry 1\nuid=1000\nname=ada\nplayground=lab\nown-limits=no\n"
#define GROUP(gid, name, lab)                                                                      \
	"groupies-registry 1\ngid=" gid "\nname=" name "\nplayground=" lab "\nown-limits=no\n"

/* ---- names ----------------------------------------------------------------------------------- */

static void takes_names_of_small_letters_digits_and_underscores(void **state)
{
	(void)state;
	assert_true(playground_name_is_valid("a"));
	assert_true(playground_name_is_valid("playground"));
	assert_true(playground_name_is_valid("lab_2_b"));
	assert_true(playground_name_is_valid("abcdefghijklmnopqrstuvwxyz01234")); /* 31 */
}

static void rejects_a_name_that_leaves_the_tree(void **state)
{
	static const char *const names[] = {"",     "..",   ".",     "/",     "../x", "a/b",
					    "a.b",  "-x",   "a-b",   "A",     "Lab",  "lAb",
					    "1lab", "_lab", "lab ",  " lab",  "l:b",  "l\nb",
					    "läb",  "l%b",  "lab\t", "lab\\", "l*b",  "l@b"};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(names); index++)
		assert_false(playground_name_is_valid(names[index]));
}

static void rejects_a_name_of_32_letters(void **state)
{
	(void)state;
	assert_false(playground_name_is_valid("abcdefghijklmnopqrstuvwxyz012345"));
}

/* ---- the text of an entry -------------------------------------------------------------------- */

static void reads_back_what_it_prints(void **state)
{
	static const struct registry_entry entries[] = {
		{.id = 1000, .name = "ada", .playground = "lab"},
		{.id = 4294967294, .name = "a.b_c-d$", .playground = "x", .own_limits = true},
		{.is_group = true, .id = 0, .name = "students", .playground = "lab_2"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(entries); index++) {
		const struct registry_entry *entry = &entries[index];
		struct registry_entry seen = {0};
		struct error err = ERROR_NONE;
		char text[1024];

		assert_done(registry_entry_print(entry, text, sizeof(text), &err), &err);
		assert_done(registry_entry_parse(text, &seen, &err), &err);
		assert_true(seen.is_group == entry->is_group && seen.id == entry->id &&
			    seen.own_limits == entry->own_limits);
		assert_string_equal(seen.name, entry->name);
		assert_string_equal(seen.playground, entry->playground);
	}
}

static void prints_nothing_that_does_not_fit(void **state)
{
	const struct registry_entry entry = {.id = 1000, .name = "ada", .playground = "lab"};
	struct error err = ERROR_NONE;
	char text[40];

	(void)state;
	assert_refused(registry_entry_print(&entry, text, sizeof(text), &err), &err, ENAMETOOLONG,
		       "does not fit");
}

static void refuses_every_text_that_is_no_entry(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "does not begin with 'groupies-registry 1'"},
		{"\n", "does not begin with"},
		{"groupies-registry 2\nuid=1\n", "does not begin with"},
		{"groupies-registry 10\n", "does not begin with"},
		{" groupies-registry 1\n", "does not begin with"},
		{"groupies-registry 1\n", "a line is missing"},
		/* each line missing */
		{"groupies-registry 1\nname=ada\nplayground=lab\nown-limits=no\n", "missing"},
		{"groupies-registry 1\nuid=1000\nplayground=lab\nown-limits=no\n", "missing"},
		{"groupies-registry 1\nuid=1000\nname=ada\nown-limits=no\n", "missing"},
		{"groupies-registry 1\nuid=1000\nname=ada\nplayground=lab\n", "missing"},
		/* each line twice */
		{MEMBER "uid=1000\n", "twice"},
		{MEMBER "gid=1000\n", "twice"},
		{MEMBER "name=eve\n", "twice"},
		{MEMBER "playground=zoo\n", "twice"},
		{MEMBER "own-limits=no\n", "twice"},
		/* unknown ones */
		{MEMBER "\n", "unknown line ''"},
		{MEMBER "extra=1\n", "unknown line 'extra=1'"},
		{MEMBER "groupies-registry 1\n", "unknown line"},
		{"groupies-registry 1\n uid=1000\nname=ada\nplayground=lab\nown-limits=no\n",
		 "unknown line ' uid=1000'"},
		/* bad values */
		{"groupies-registry 1\nuid=\n", "'' is not a number"},
		{"groupies-registry 1\nuid=-1\n", "is not a number"},
		{"groupies-registry 1\nuid=1000 \n", "is not a number"},
		{"groupies-registry 1\nuid=4294967295\n", "is not between"},
		{"groupies-registry 1\nuid=4294968296\n", "is not between"},
		{"groupies-registry 1\nname=\n", "bad name"},
		{"groupies-registry 1\nplayground=\n", "'' is no playground's name"},
		{"groupies-registry 1\nplayground=../../etc\n",
		 "'../../etc' is no playground's name"},
		{"groupies-registry 1\nown-limits=\n", "neither yes nor no"},
		{"groupies-registry 1\nown-limits=YES\n", "neither yes nor no"},
		{"groupies-registry 1\nown-limits=yes \n", "neither yes nor no"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		char text[512];
		struct registry_entry entry = {.id = 42};
		struct error err = ERROR_NONE;

		(void)strcpy(text, rows[index].text);
		assert_refused(registry_entry_parse(text, &entry, &err), &err, EBADMSG,
			       rows[index].words);
		assert_int_equal(entry.id, 42);
	}
}

static void refuses_an_overlong_name(void **state)
{
	char text[1024] = "groupies-registry 1\nname=";
	struct registry_entry entry;
	struct error err = ERROR_NONE;

	(void)state;
	memset(text + strlen(text), 'n', MEMBER_NAME_SIZE);
	assert_refused(registry_entry_parse(text, &entry, &err), &err, EBADMSG, "bad name");
}

/* An entry that was cut off on its way to the disk is no entry, wherever the cut is. */
static void refuses_every_entry_that_is_cut_off(void **state)
{
	size_t length;

	(void)state;
	for (length = 0; length < strlen(MEMBER) - 1; length++) {
		char text[] = MEMBER;
		struct registry_entry entry;
		struct error err = ERROR_NONE;

		text[length] = '\0';
		assert_int_equal(registry_entry_parse(text, &entry, &err), -EBADMSG);
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

static int empty_registry(void **state)
{
	(void)state;
	if (!private_root.entered)
		return 0;
	(void)umount(GROUPIES_STATE_DIR "/registry");
	return mount("unit", GROUPIES_STATE_DIR "/registry", "tmpfs", 0, "mode=755") ||
	       mkdir(GROUPIES_REGISTRY_UID_DIR, 0755);
}

static void enrol_group(const char *gid, const char *text)
{
	char path[128];

	(void)mkdir(GROUPIES_REGISTRY_GID_DIR, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_REGISTRY_GID_DIR, gid);
	private_root_write(path, text, 0644);
}

static int find(uid_t uid, struct error *err)
{
	struct registry_entry entry;

	return registry_find(uid, NULL, 0, &entry, err);
}

static int find_in_groups(struct registry_entry *entry, struct error *err)
{
	static const gid_t gids[] = {5, 6, 7};

	return registry_find(1000, gids, COUNT_OF(gids), entry, err);
}

#define UID_1000 GROUPIES_REGISTRY_UID_DIR "/1000"

static void finds_a_member_by_its_uid(void **state)
{
	struct registry_entry entry = {0};
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, MEMBER, 0644);
	assert_int_equal(registry_find(1000, NULL, 0, &entry, &err), 1);
	assert_string_equal(entry.playground, "lab");
}

static void finds_nobody_else(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, MEMBER, 0644);
	assert_int_equal(find(1001, &err), 0);
	assert_int_equal(find(100, &err), 0);
	assert_int_equal(find(10000, &err), 0);
}

static void never_finds_root(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(GROUPIES_REGISTRY_UID_DIR "/0",
			   "groupies-registry 1\nuid=0\nname=root\nplayground=lab\nown-limits=no\n",
			   0644);
	assert_int_equal(find(0, &err), 0);
}

static void finds_nobody_when_the_registry_is_gone(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(rmdir(GROUPIES_REGISTRY_UID_DIR), 0);
	assert_int_equal(find(1000, &err), 0);
}

static void says_when_it_cannot_look_at_all(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(rmdir(GROUPIES_REGISTRY_UID_DIR), 0);
	private_root_write(GROUPIES_REGISTRY_UID_DIR, "not a directory", 0644);
	assert_int_equal(find(1000, &err), REGISTRY_UNKNOWN);
	assert_non_null(strstr(err.text, UID_1000));
}

static void refuses_the_entry_of_another_uid(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(GROUPIES_REGISTRY_UID_DIR "/1001", MEMBER, 0644);
	assert_refused(find(1001, &err), &err, EBADMSG, "is the entry of another uid");
}

static void refuses_a_groups_entry_among_the_users(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, GROUP("1000", "ada", "lab"), 0644);
	assert_refused(find(1000, &err), &err, EBADMSG, "is the entry of another uid");
}

static void refuses_a_corrupt_entry_by_its_path(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, "noise", 0644);
	assert_refused(find(1000, &err), &err, EBADMSG, UID_1000 ": does not begin");
}

static void refuses_an_entry_that_others_can_write(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, MEMBER, 0666);
	assert_refused(find(1000, &err), &err, EPERM, "others than root can write it");
}

static void refuses_a_link_that_leads_nowhere(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(symlink("/nowhere", UID_1000), 0);
	assert_refused(find(1000, &err), &err, EPERM, "is a symbolic link");
}

static void refuses_an_entry_that_is_a_directory(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(mkdir(UID_1000, 0755), 0);
	assert_refused(find(1000, &err), &err, EPERM, "is not a regular file");
}

static void refuses_an_entry_of_a_megabyte(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, MEMBER, 0644);
	assert_int_equal(truncate(UID_1000, 1024 * 1024), 0);
	assert_refused(find(1000, &err), &err, EFBIG, "holds 1024 bytes or more");
}

static void finds_a_member_through_any_of_its_groups(void **state)
{
	struct registry_entry entry = {0};
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	enrol_group("7", GROUP("7", "students", "lab"));
	assert_int_equal(find_in_groups(&entry, &err), 1);
	assert_string_equal(entry.name, "students");
	assert_true(entry.is_group);
}

static void finds_nobody_through_groups_that_are_not_his(void **state)
{
	struct registry_entry entry;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	enrol_group("8", GROUP("8", "students", "lab"));
	assert_int_equal(find_in_groups(&entry, &err), 0);
}

static void lets_a_users_own_entry_beat_its_groups(void **state)
{
	struct registry_entry entry = {0};
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(UID_1000, MEMBER, 0644);
	enrol_group("5", GROUP("5", "students", "zoo"));
	assert_int_equal(find_in_groups(&entry, &err), 1);
	assert_string_equal(entry.playground, "lab");
}

static void takes_two_groups_into_one_playground(void **state)
{
	struct registry_entry entry = {0};
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	enrol_group("5", GROUP("5", "students", "lab"));
	enrol_group("7", GROUP("7", "guests", "lab"));
	assert_int_equal(find_in_groups(&entry, &err), 1);
	assert_string_equal(entry.playground, "lab");
}

static void refuses_two_groups_into_different_playgrounds(void **state)
{
	struct registry_entry entry;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	enrol_group("5", GROUP("5", "students", "lab"));
	enrol_group("7", GROUP("7", "guests", "zoo"));
	assert_refused(find_in_groups(&entry, &err), &err, EEXIST,
		       "groups 'students' and 'guests' lead into different playgrounds");
}

static void refuses_a_corrupt_group_among_good_ones(void **state)
{
	struct registry_entry entry;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	enrol_group("5", GROUP("5", "students", "lab"));
	enrol_group("6", "noise");
	assert_refused(find_in_groups(&entry, &err), &err, EBADMSG, "/gid/6: does not begin");
}

static void knows_whether_any_group_is_enrolled(void **state)
{
	(void)state;
	needs_private_root();
	assert_false(registry_may_have_groups());
	enrol_group("5", GROUP("5", "students", "lab"));
	assert_true(registry_may_have_groups());
}

#define with_registry(test) cmocka_unit_test_setup(test, empty_registry)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_names_of_small_letters_digits_and_underscores),
		cmocka_unit_test(rejects_a_name_that_leaves_the_tree),
		cmocka_unit_test(rejects_a_name_of_32_letters),
		cmocka_unit_test(reads_back_what_it_prints),
		cmocka_unit_test(prints_nothing_that_does_not_fit),
		cmocka_unit_test(refuses_every_text_that_is_no_entry),
		cmocka_unit_test(refuses_an_overlong_name),
		cmocka_unit_test(refuses_every_entry_that_is_cut_off),
		with_registry(finds_a_member_by_its_uid),
		with_registry(finds_nobody_else),
		with_registry(never_finds_root),
		with_registry(finds_nobody_when_the_registry_is_gone),
		with_registry(says_when_it_cannot_look_at_all),
		with_registry(refuses_the_entry_of_another_uid),
		with_registry(refuses_a_groups_entry_among_the_users),
		with_registry(refuses_a_corrupt_entry_by_its_path),
		with_registry(refuses_an_entry_that_others_can_write),
		with_registry(refuses_a_link_that_leads_nowhere),
		with_registry(refuses_an_entry_that_is_a_directory),
		with_registry(refuses_an_entry_of_a_megabyte),
		with_registry(finds_a_member_through_any_of_its_groups),
		with_registry(finds_nobody_through_groups_that_are_not_his),
		with_registry(lets_a_users_own_entry_beat_its_groups),
		with_registry(takes_two_groups_into_one_playground),
		with_registry(refuses_two_groups_into_different_playgrounds),
		with_registry(refuses_a_corrupt_group_among_good_ones),
		with_registry(knows_whether_any_group_is_enrolled),
	};

	return cmocka_run_group_tests_name("registry", tests, private_root_enter, NULL);
}
