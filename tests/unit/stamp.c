/* SPDX-License-Identifier: MIT */
#include "groupies/stamp.h"

#include "groupies/file.h"
#include "private_root.h"
#include "scratch.h"

/* ---- a stamp, of directories that only look like groups -------------------------------------- */

/* Makes DIRECTORY with files of these limits in it, and the group that was stamped there. */
static struct stamp_group realized(const struct scratch *scratch, const char *directory,
				   const char *controller, enum stamp_role role)
{
	struct stamp_group group = {.role = role};
	struct stat st;

	assert_int_equal(mkdirat(scratch->fd, directory, 0755), 0);
	assert_int_equal(fstatat(scratch->fd, directory, &st, 0), 0);
	(void)snprintf(group.controller, sizeof(group.controller), "%s", controller);
	(void)snprintf(group.path, sizeof(group.path), "/lab");
	(void)snprintf(group.directory, sizeof(group.directory), "%s/%s", scratch->path, directory);
	group.device = st.st_dev;
	group.inode = st.st_ino;
	return group;
}

static void limited(const struct scratch *scratch, const char *directory, struct stamp_group *group,
		    const char *file, const char *value)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s/%s", directory, file);
	scratch_write(scratch, name, value, 0644);
	assert_true(text_copy(group->limits[group->limit_count++], sizeof(group->limits[0]), file));
}

static struct stamp whole_stamp(const struct scratch *scratch)
{
	struct stamp stamp = {.manager = HOST_CGROUPFS, .group_count = 2};
	struct error err = ERROR_NONE;

	stamp.groups[0] = realized(scratch, "memory", "memory", STAMP_WRITE);
	limited(scratch, "memory", &stamp.groups[0], "memory.limit_in_bytes", "10485760\n");
	limited(scratch, "memory", &stamp.groups[0], "memory.memsw.limit_in_bytes", "10485760\n");
	scratch_write(scratch, "memory/cgroup.procs", "", 0644);
	stamp.groups[1] = realized(scratch, "pids", "pids", STAMP_WRITE);
	limited(scratch, "pids", &stamp.groups[1], "pids.max", "64\n");
	scratch_write(scratch, "pids/cgroup.procs", "", 0644);
	assert_done(kernel_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", stamp.boot,
				sizeof(stamp.boot), &err),
		    &err);
	return stamp;
}

static const char inside[] = "4:memory:/lab\n8:pids:/lab\n0::/\n";

static bool stamps_are_equal(const struct stamp *one, const struct stamp *two)
{
	char first[STAMP_TEXT_SIZE], second[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;

	return stamp_print(one, first, sizeof(first), &err) >= 0 &&
	       stamp_print(two, second, sizeof(second), &err) >= 0 && strcmp(first, second) == 0;
}

/* Does what is written in TEXT let anybody in who is where INSIDE says? */
static bool is_believed(char *text, const struct stamp *original)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;

	return stamp_parse(text, &stamp, &err) == 0 && strcmp(stamp.boot, original->boot) == 0 &&
	       stamp_check(&stamp, &err) == 0 && stamp_holds(&stamp, inside) &&
	       !stamps_are_equal(&stamp, original);
}

/* ---- the text -------------------------------------------------------------------------------- */

static void reads_back_what_it_prints(void **state)
{
	struct stamp stamp = whole_stamp(*state), seen;
	char text[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;

	stamp.groups[0].role = STAMP_LIMITS;
	stamp.groups[1].role = STAMP_MANAGED;
	stamp.manager = HOST_SYSTEMD;
	assert_done(stamp_print(&stamp, text, sizeof(text), &err), &err);
	assert_done(stamp_parse(text, &seen, &err), &err);
	assert_true(stamps_are_equal(&stamp, &seen));
}

static void reads_back_the_largest_stamp_there_is(void **state)
{
	static struct stamp stamp, seen;
	char text[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;
	unsigned index, limit;

	(void)state;
	memset(stamp.boot, 'b', sizeof(stamp.boot) - 1);
	stamp.group_count = STAMP_GROUPS_MAX;
	for (index = 0; index < STAMP_GROUPS_MAX; index++) {
		struct stamp_group *group = &stamp.groups[index];

		*group = (struct stamp_group){.device = UINT64_MAX,
					      .inode = UINT64_MAX,
					      .role = STAMP_WRITE,
					      .limit_count = STAMP_LIMITS_MAX};
		memset(group->controller, 'c', sizeof(group->controller) - 1);
		memset(group->path, '/', sizeof(group->path) - 1);
		memset(group->directory, '/', sizeof(group->directory) - 1);
		for (limit = 0; limit < STAMP_LIMITS_MAX; limit++)
			memset(group->limits[limit], 'l', sizeof(group->limits[limit]) - 1);
	}
	assert_done(stamp_print(&stamp, text, sizeof(text), &err), &err);
	assert_done(stamp_parse(text, &seen, &err), &err);
	assert_true(stamps_are_equal(&stamp, &seen));
}

static void prints_nothing_that_does_not_fit(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	char text[100];
	struct error err = ERROR_NONE;

	assert_refused(stamp_print(&stamp, text, sizeof(text), &err), &err, ENOSPC, "does not fit");
}

/*
 * Every byte of a stamp, changed in every one of its bits: what comes out is refused, or is a group
 * that is not there, or is the same stamp.
 */
static void flips_every_field_and_reloads(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	char text[STAMP_TEXT_SIZE], changed[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;
	int length = stamp_print(&stamp, text, sizeof(text), &err), at, bit;

	assert_done(length, &err);
	for (at = 0; at < length; at++) {
		for (bit = 0; bit < 8; bit++) {
			memcpy(changed, text, (size_t)length + 1);
			changed[at] = (char)(changed[at] ^ (1 << bit));
			if (is_believed(changed, &stamp))
				fail_msg("byte %d ('%c'), bit %d: believed", at, text[at], bit);
		}
	}
}

static void refuses_every_stamp_that_is_cut_off(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	char text[STAMP_TEXT_SIZE], cut[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;
	int length = stamp_print(&stamp, text, sizeof(text), &err), at;
	struct stamp seen;

	for (at = 0; at < length - 1; at++) {
		memcpy(cut, text, (size_t)length + 1);
		cut[at] = '\0';
		if (stamp_parse(cut, &seen, &err) != -EBADMSG)
			fail_msg("believed although cut off at byte %d of %d", at, length);
	}
}

/* Without any one of its lines a stamp is refused, but for those that a stamp may have or not. */
static void refuses_a_stamp_without_one_of_its_lines(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	char text[STAMP_TEXT_SIZE];
	struct error err = ERROR_NONE;
	char *line;

	assert_done(stamp_print(&stamp, text, sizeof(text), &err), &err);
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		char without[STAMP_TEXT_SIZE];
		const char *rest = strchr(line, '\n') + 1;

		if (strncmp(line, "limit=", 6) == 0)
			continue;
		(void)snprintf(without, sizeof(without), "%.*s%s", (int)(line - text), text, rest);
		if (is_believed(without, &stamp))
			fail_msg("believed without '%.*s'", (int)(rest - line - 1), line);
	}
}

#define HEAD  "groupies-stamp 1\nmanager=cgroupfs\nboot=b\n"
#define GROUP "group=memory\npath=/lab\ndirectory=/d\nidentity=1 2\nrole=write\n"

static void refuses_every_text_that_is_no_stamp(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "does not begin with"},
		{"groupies-stamp 2\n", "does not begin with"},
		{HEAD GROUP, "does not end with 'end'"},
		{HEAD GROUP "end\nlimit=memory.max\n", "does not end with 'end'"},
		{HEAD "end\n", "names no group to enter"},
		{"groupies-stamp 1\nmanager=cgroupfs\n" GROUP "end\n", "no boot"},
		{HEAD "group=memory\npath=/lab\ndirectory=/d\nidentity=1 2\nrole=limits\nend\n",
		 "names no group to enter"},
		{"groupies-stamp 1\nmanager=openrc\n", "bad line 'manager=openrc'"},
		{HEAD "path=/lab\n", "bad line 'path=/lab'"},
		{HEAD GROUP "manager=systemd\n", "bad line 'manager=systemd'"},
		{HEAD GROUP "\n", "bad line ''"},
		{HEAD "group=memory\npath=lab\n", "bad line 'path=lab'"},
		{HEAD "group=memory\ndirectory=d\n", "bad line 'directory=d'"},
		{HEAD "group=memory\ndirectory=\n", "bad line 'directory='"},
		{HEAD "group=memory\nidentity=1\n", "bad line 'identity=1'"},
		{HEAD "group=memory\nidentity=1 2 3\n", "bad line 'identity=1 2 3'"},
		{HEAD "group=memory\nidentity=-1 2\n", "bad line"},
		{HEAD "group=memory\nidentity=1 18446744073709551616\n", "bad line"},
		{HEAD "group=memory\nrole=root\n", "bad line 'role=root'"},
		{HEAD "group=memory\nlimit=\n", "bad line 'limit='"},
		{HEAD "group=memory\nlimit=../memory.max\n", "bad line 'limit=../memory.max'"},
		{HEAD "group=abcdefghijklmnopqrstuvwxyz0123456\n", "bad line 'group=abc"},
		{HEAD "group=memory\npath=/lab\nend\n", "group 0 is not complete"},
		{HEAD GROUP "group=pids\npath=/lab\nidentity=1 2\nrole=write\nend\n",
		 "group 1 is not complete"},
		{HEAD GROUP "limit=1\nlimit=2\nlimit=3\nlimit=4\nlimit=5\nlimit=6\nlimit=7\nend\n",
		 "bad line 'limit=7'"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		char text[1024];
		struct stamp stamp;
		struct error err = ERROR_NONE;

		(void)strcpy(text, rows[index].text);
		assert_refused(stamp_parse(text, &stamp, &err), &err, EBADMSG, rows[index].words);
	}
}

static void refuses_more_groups_than_it_can_keep(void **state)
{
	char text[STAMP_TEXT_SIZE] = HEAD;
	struct stamp stamp;
	struct error err = ERROR_NONE;
	int count;

	(void)state;
	for (count = 0; count <= STAMP_GROUPS_MAX; count++)
		strcat(text, GROUP);
	strcat(text, "end\n");
	assert_refused(stamp_parse(text, &stamp, &err), &err, EBADMSG, "bad line 'group=memory'");
}

static void is_called_like_its_playground_and_its_member(void **state)
{
	char name[STAMP_NAME_SIZE];

	(void)state;
	stamp_name("lab", false, 1000, name);
	assert_string_equal(name, "lab");
	stamp_name("lab", true, 1000, name);
	assert_string_equal(name, "lab.1000");
}

/* ---- the directories ------------------------------------------------------------------------- */

static void opens_the_directory_that_was_stamped(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	assert_done(stamp_check(&stamp, &err), &err);
}

static void refuses_a_group_that_is_gone(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	(void)strcat(stamp.groups[1].directory, "2");
	assert_refused(stamp_check(&stamp, &err), &err, ESTALE, "pids2: is gone");
}

static void refuses_another_directory_in_the_same_place(void **state)
{
	const struct scratch *scratch = *state;
	struct stamp stamp = whole_stamp(scratch);
	struct error err = ERROR_NONE;

	assert_int_equal(renameat(scratch->fd, "pids", scratch->fd, "old"), 0);
	assert_int_equal(mkdirat(scratch->fd, "pids", 0755), 0);
	assert_refused(stamp_check(&stamp, &err), &err, ESTALE,
		       "is not the directory that was realized");
}

static void refuses_a_link_to_the_very_directory(void **state)
{
	const struct scratch *scratch = *state;
	struct stamp stamp = whole_stamp(scratch);
	struct error err = ERROR_NONE;

	assert_int_equal(renameat(scratch->fd, "pids", scratch->fd, "old"), 0);
	assert_int_equal(symlinkat("old", scratch->fd, "pids"), 0);
	assert_refused(stamp_check(&stamp, &err), &err, ENOTDIR, "/pids");
}

static void refuses_a_limit_that_reads_as_unlimited(void **state)
{
	static const struct {
		const char *file, *value, *words;
	} rows[] = {
		{"pids/pids.max", "max\n", "pids.max: reads as unlimited"},
		{"pids/pids.max", "", "pids.max: reads as unlimited"},
		{"memory/memory.limit_in_bytes", "9223372036854771712\n",
		 "memory.limit_in_bytes: reads as unlimited"},
		{"memory/memory.memsw.limit_in_bytes", "9223372036854771712\n",
		 "memsw.limit_in_bytes: reads as unlimited"},
		{"memory/memory.limit_in_bytes", "-1\n", "reads as unlimited"},
	};
	struct stamp stamp = whole_stamp(*state);
	size_t index;

	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;

		scratch_write(*state, "pids/pids.max", "64\n", 0644);
		scratch_write(*state, "memory/memory.limit_in_bytes", "10485760\n", 0644);
		scratch_write(*state, rows[index].file, rows[index].value, 0644);
		assert_refused(stamp_check(&stamp, &err), &err, ENODATA, rows[index].words);
	}
}

static void refuses_a_group_whose_limit_cannot_be_read(void **state)
{
	const struct scratch *scratch = *state;
	struct stamp stamp = whole_stamp(scratch);
	struct error err = ERROR_NONE;

	assert_int_equal(unlinkat(scratch->fd, "pids/pids.max", 0), 0);
	assert_refused(stamp_check(&stamp, &err), &err, ENOENT, "pids: pids.max: No such file");
}

/* v2 lets no process into a group that hands controllers down. */
static void refuses_a_group_that_is_closed_to_processes(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	scratch_write(*state, "memory/cgroup.subtree_control", "cpu memory\n", 0644);
	assert_done(stamp_check(&stamp, &err), &err); /* of v1: a file that means nothing there */
	stamp.groups[0].controller[0] = '\0';
	assert_refused(stamp_check(&stamp, &err), &err, EBUSY,
		       "memory: hands controllers down (cpu memory), so no process may enter it");
	stamp.groups[0].role = STAMP_LIMITS;
	assert_done(stamp_check(&stamp, &err), &err);
	stamp.groups[0].role = STAMP_WRITE;
	scratch_write(*state, "memory/cgroup.subtree_control", "\n", 0644);
	assert_done(stamp_check(&stamp, &err), &err);
}

/* ---- the processes --------------------------------------------------------------------------- */

static void holds_only_who_is_in_every_group(void **state)
{
	struct stamp stamp = whole_stamp(*state);

	assert_true(stamp_holds(&stamp, inside));
	assert_true(stamp_holds(&stamp, "4:memory:/lab/1000\n8:pids:/lab\n"));
	assert_false(stamp_holds(&stamp, "4:memory:/lab\n8:pids:/\n"));
	assert_false(stamp_holds(&stamp, "4:memory:/lab\n"));
	assert_false(stamp_holds(&stamp, "4:memory:/lab2\n8:pids:/lab\n"));
	assert_false(stamp_holds(&stamp, "4:memory:/lab (deleted)\n8:pids:/lab\n"));
	assert_false(stamp_holds(&stamp, ""));
}

static void asks_nobody_to_be_in_a_group_that_only_limits(void **state)
{
	struct stamp stamp = whole_stamp(*state);

	stamp.groups[1].role = STAMP_LIMITS;
	assert_true(stamp_holds(&stamp, "4:memory:/lab\n8:pids:/\n"));
}

static void tells_what_systemd_puts_from_what_we_write(void **state)
{
	struct stamp stamp = whole_stamp(*state);

	assert_true(stamp_holds_managed(&stamp, ""));
	stamp.groups[0].role = STAMP_MANAGED;
	assert_true(stamp_holds_managed(&stamp, "4:memory:/lab\n8:pids:/\n"));
	assert_false(stamp_holds_managed(&stamp, "4:memory:/\n8:pids:/lab\n"));
}

static void writes_the_pid_into_every_group(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	assert_done(stamp_enter(&stamp, 4242, &err), &err);
	assert_true(scratch_holds(*state, "memory/cgroup.procs", "4242"));
	assert_true(scratch_holds(*state, "pids/cgroup.procs", "4242"));
}

static void writes_into_no_group_that_only_limits_or_is_managed(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	stamp.groups[0].role = STAMP_LIMITS;
	stamp.groups[1].role = STAMP_MANAGED;
	assert_done(stamp_enter(&stamp, 4242, &err), &err);
	assert_true(scratch_holds(*state, "memory/cgroup.procs", ""));
	assert_true(scratch_holds(*state, "pids/cgroup.procs", ""));
}

static void never_moves_init_or_whoever_writes(void **state)
{
	static const pid_t pids[] = {0, 1, -1, INT32_MIN};
	struct stamp stamp = whole_stamp(*state);
	size_t index;

	for (index = 0; index < COUNT_OF(pids); index++) {
		struct error err = ERROR_NONE;

		assert_refused(stamp_enter(&stamp, pids[index], &err), &err, EPERM,
			       "is never moved");
		assert_true(scratch_holds(*state, "memory/cgroup.procs", ""));
	}
}

static void enters_nothing_that_does_not_limit(void **state)
{
	struct stamp stamp = whole_stamp(*state);
	struct error err = ERROR_NONE;

	scratch_write(*state, "memory/memory.limit_in_bytes", "9223372036854771712\n", 0644);
	assert_refused(stamp_enter(&stamp, 4242, &err), &err, ENODATA, "reads as unlimited");
	assert_true(scratch_holds(*state, "memory/cgroup.procs", ""));
}

/* ---- the file -------------------------------------------------------------------------------- */

static void reads_back_what_it_wrote(void **state)
{
	struct stamp stamp = whole_stamp(*state), seen;
	struct error err = ERROR_NONE;

	needs_private_root();
	assert_done(stamp_write("lab", &stamp, &err), &err);
	assert_done(stamp_read("lab", &seen, &err), &err);
	assert_true(stamps_are_equal(&stamp, &seen));
}

static void says_that_it_was_never_realized(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_refused(stamp_read("nolab", &stamp, &err), &err, ENOENT, "/run/groupies/nolab");
}

static void refuses_the_stamp_of_another_boot(void **state)
{
	struct stamp stamp = whole_stamp(*state), seen;
	struct error err = ERROR_NONE;

	needs_private_root();
	stamp.boot[0] = stamp.boot[0] == 'a' ? 'b' : 'a';
	assert_done(stamp_write("lab", &stamp, &err), &err);
	assert_refused(stamp_read("lab", &seen, &err), &err, ESTALE, "lab: is of another boot");
}

static void refuses_a_stamp_that_others_can_write(void **state)
{
	struct stamp stamp = whole_stamp(*state), seen;
	struct error err = ERROR_NONE;

	needs_private_root();
	assert_done(stamp_write("lab", &stamp, &err), &err);
	assert_int_equal(chmod(GROUPIES_RUN_DIR "/lab", 0666), 0);
	assert_refused(stamp_read("lab", &seen, &err), &err, EPERM, "others than root");
}

static void refuses_a_corrupt_stamp_by_its_path(void **state)
{
	struct stamp seen;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(GROUPIES_RUN_DIR "/lab", "noise\n", 0644);
	assert_refused(stamp_read("lab", &seen, &err), &err, EBADMSG,
		       GROUPIES_RUN_DIR "/lab: does not begin");
}

static void deletes_a_stamp_and_minds_no_missing_one(void **state)
{
	struct stamp stamp = whole_stamp(*state), seen;
	struct error err = ERROR_NONE;

	needs_private_root();
	assert_done(stamp_write("lab", &stamp, &err), &err);
	assert_done(stamp_delete("lab", &err), &err);
	assert_done(stamp_delete("lab", &err), &err);
	assert_int_equal(stamp_read("lab", &seen, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(reads_back_what_it_prints),
		cmocka_unit_test(reads_back_the_largest_stamp_there_is),
		with_scratch(prints_nothing_that_does_not_fit),
		with_scratch(flips_every_field_and_reloads),
		with_scratch(refuses_every_stamp_that_is_cut_off),
		with_scratch(refuses_a_stamp_without_one_of_its_lines),
		cmocka_unit_test(refuses_every_text_that_is_no_stamp),
		cmocka_unit_test(refuses_more_groups_than_it_can_keep),
		cmocka_unit_test(is_called_like_its_playground_and_its_member),
		with_scratch(opens_the_directory_that_was_stamped),
		with_scratch(refuses_a_group_that_is_gone),
		with_scratch(refuses_another_directory_in_the_same_place),
		with_scratch(refuses_a_link_to_the_very_directory),
		with_scratch(refuses_a_limit_that_reads_as_unlimited),
		with_scratch(refuses_a_group_whose_limit_cannot_be_read),
		with_scratch(refuses_a_group_that_is_closed_to_processes),
		with_scratch(holds_only_who_is_in_every_group),
		with_scratch(asks_nobody_to_be_in_a_group_that_only_limits),
		with_scratch(tells_what_systemd_puts_from_what_we_write),
		with_scratch(writes_the_pid_into_every_group),
		with_scratch(writes_into_no_group_that_only_limits_or_is_managed),
		with_scratch(never_moves_init_or_whoever_writes),
		with_scratch(enters_nothing_that_does_not_limit),
		with_scratch(reads_back_what_it_wrote),
		cmocka_unit_test(says_that_it_was_never_realized),
		with_scratch(refuses_the_stamp_of_another_boot),
		with_scratch(refuses_a_stamp_that_others_can_write),
		cmocka_unit_test(refuses_a_corrupt_stamp_by_its_path),
		with_scratch(deletes_a_stamp_and_minds_no_missing_one),
	};

	return cmocka_run_group_tests_name("stamp", tests, private_root_enter, NULL);
}
