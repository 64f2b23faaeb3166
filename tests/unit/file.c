/* SPDX-License-Identifier: MIT */
#include "groupies/file.h"

#include <signal.h>
#include <sys/resource.h>

#include "private_root.h"
#include "scratch.h"

/* ---- what is believed ------------------------------------------------------------------------ */

static int believe(const struct scratch *scratch, const char *name, struct error *err)
{
	int fd = file_open_trusted(scratch->fd, name, err);

	if (fd >= 0)
		(void)close(fd);
	return fd;
}

static void believes_a_file_that_only_root_can_write(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "entry", "text", 0644);
	assert_done(believe(*state, "entry", &err), &err);
}

static void refuses_a_file_that_its_group_can_write(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "entry", "text", 0664);
	assert_refused(believe(*state, "entry", &err), &err, EPERM,
		       "entry: others than root can write it");
}

static void refuses_a_file_that_everybody_can_write(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	scratch_write(*state, "entry", "text", 0646);
	assert_refused(believe(*state, "entry", &err), &err, EPERM, "chmod go-w");
}

static void refuses_a_file_of_somebody_else(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	needs_another_uid();
	scratch_write(scratch, "entry", "text", 0644);
	assert_int_equal(fchownat(scratch->fd, "entry", 65534, 0, 0), 0);
	assert_refused(believe(scratch, "entry", &err), &err, EPERM,
		       "entry: belongs to uid 65534, not to root");
}

static void refuses_a_symbolic_link_even_to_a_good_file(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	scratch_write(scratch, "good", "text", 0644);
	assert_int_equal(symlinkat("good", scratch->fd, "entry"), 0);
	assert_refused(believe(scratch, "entry", &err), &err, EPERM, "entry: is a symbolic link");
}

static void refuses_a_fifo_without_waiting_for_its_writer(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_int_equal(mkfifoat(scratch->fd, "entry", 0600), 0);
	assert_refused(believe(scratch, "entry", &err), &err, EPERM, "is not a regular file");
}

static void refuses_a_directory(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_int_equal(mkdirat(scratch->fd, "entry", 0700), 0);
	assert_refused(believe(scratch, "entry", &err), &err, EPERM, "is not a regular file");
}

static void says_that_there_is_no_such_file(void **state)
{
	struct error err = ERROR_NONE;

	assert_refused(believe(*state, "entry", &err), &err, ENOENT, "entry: No such file");
}

/* ---- reading --------------------------------------------------------------------------------- */

static ssize_t read_back(const struct scratch *scratch, char *buffer, size_t size,
			 struct error *err)
{
	int fd = openat(scratch->fd, "file", O_RDONLY | O_CLOEXEC);
	ssize_t length = file_read_all(fd, buffer, size, err);

	(void)close(fd);
	return length;
}

static void reads_what_just_fits_with_its_nul(void **state)
{
	struct error err = ERROR_NONE;
	char buffer[5];

	scratch_write(*state, "file", "four", 0600);
	assert_int_equal(read_back(*state, buffer, sizeof(buffer), &err), 4);
	assert_string_equal(buffer, "four");
}

static void refuses_a_file_one_byte_too_large(void **state)
{
	struct error err = ERROR_NONE;
	char buffer[4];

	scratch_write(*state, "file", "four", 0600);
	assert_refused(read_back(*state, buffer, sizeof(buffer), &err), &err, EFBIG,
		       "holds 4 bytes or more");
}

static void refuses_a_nul_inside(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	int fd = openat(scratch->fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char buffer[16];

	assert_int_equal(write(fd, "a\0b", 3), 3);
	(void)close(fd);
	assert_refused(read_back(scratch, buffer, sizeof(buffer), &err), &err, EBADMSG,
		       "holds a NUL byte");
}

static void reads_an_empty_file_as_an_empty_text(void **state)
{
	struct error err = ERROR_NONE;
	char buffer[16] = "before";

	scratch_write(*state, "file", "", 0600);
	assert_int_equal(read_back(*state, buffer, sizeof(buffer), &err), 0);
	assert_string_equal(buffer, "");
}

static void says_which_file_could_not_be_read(void **state)
{
	struct error err = ERROR_NONE;
	char buffer[4];
	const struct scratch *scratch = *state;

	needs_private_root();
	scratch_write(scratch, "entry", "too long", 0600);
	assert_refused(file_read_trusted(scratch->fd, "entry", buffer, sizeof(buffer), &err), &err,
		       EFBIG, "entry: holds");
}

/* ---- replacing ------------------------------------------------------------------------------- */

static int replace(const struct scratch *scratch, const char *text, struct error *err)
{
	return file_replace(scratch->fd, "file", text, strlen(text), 0644, err);
}

static void puts_a_new_file_with_its_exact_mode(void **state)
{
	const struct scratch *scratch = *state;
	mode_t before = umask(077);
	struct error err = ERROR_NONE;
	struct stat st;

	assert_done(replace(scratch, "new", &err), &err);
	(void)umask(before);
	assert_int_equal(fstatat(scratch->fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void puts_the_new_content_in_the_place_of_the_old(void **state)
{
	struct error err = ERROR_NONE;

	scratch_write(*state, "file", "a longer old text", 0600);
	assert_done(replace(*state, "new", &err), &err);
	assert_true(scratch_holds(*state, "file", "new"));
}

static void leaves_nothing_beside_the_file(void **state)
{
	struct error err = ERROR_NONE;

	assert_done(replace(*state, "new", &err), &err);
	assert_int_equal(scratch_count(*state), 1);
}

static void replaces_a_link_and_not_what_it_leads_to(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	scratch_write(scratch, "elsewhere", "untouched", 0600);
	assert_int_equal(symlinkat("elsewhere", scratch->fd, "file"), 0);
	assert_done(replace(scratch, "new", &err), &err);
	assert_true(scratch_holds(scratch, "elsewhere", "untouched"));
	assert_true(scratch_holds(scratch, "file", "new"));
}

static void starts_anew_where_a_killed_run_left_its_half(void **state)
{
	struct error err = ERROR_NONE;

	scratch_write(*state, ".file.groupies-new", "half of a much longer text", 0600);
	assert_done(replace(*state, "new", &err), &err);
	assert_true(scratch_holds(*state, "file", "new"));
	assert_int_equal(scratch_count(*state), 1);
}

static void writes_through_no_link_that_stands_in_for_the_temporary_file(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	scratch_write(scratch, "victim", "untouched", 0600);
	assert_int_equal(symlinkat("victim", scratch->fd, ".file.groupies-new"), 0);
	assert_done(replace(scratch, "new", &err), &err);
	assert_true(scratch_holds(scratch, "victim", "untouched"));
}

static void refuses_a_name_that_is_too_long_for_the_temporary_file(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	char name[400];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_refused(file_replace(scratch->fd, name, "", 0, 0644, &err), &err, ENAMETOOLONG,
		       "name too long");
}

static void leaves_the_old_file_where_a_directory_is_in_the_way(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_int_equal(mkdirat(scratch->fd, "file", 0700), 0);
	assert_refused(replace(scratch, "new", &err), &err, EISDIR, "file: cannot write it");
	assert_int_equal(scratch_count(scratch), 1);
}

/* A file system of two pages, of which the old file has one. */
static void small_disk(struct scratch *scratch, unsigned long flags)
{
	assert_int_equal(mount("unit", scratch->path, "tmpfs", 0, "size=8k,mode=755"), 0);
	(void)close(scratch->fd);
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scratch_write(scratch, "file", "old", 0600);
	if (flags)
		assert_int_equal(mount("unit", scratch->path, "tmpfs", MS_REMOUNT | flags, NULL),
				 0);
}

static int small_disk_remove(void **state)
{
	struct scratch *scratch = *state;

	(void)umount2(scratch->path, MNT_DETACH);
	return scratch_remove(state);
}

static void leaves_the_old_file_when_the_disk_is_full(void **state)
{
	static char large[16384];
	struct error err = ERROR_NONE;

	needs_private_root();
	small_disk(*state, 0);
	memset(large, 'x', sizeof(large) - 1);
	assert_refused(replace(*state, large, &err), &err, ENOSPC,
		       "file: cannot write it: No space left on device");
	assert_true(scratch_holds(*state, "file", "old"));
	assert_int_equal(scratch_count(*state), 1);
}

static void leaves_the_old_file_when_the_directory_is_read_only(void **state)
{
	struct error err = ERROR_NONE;

	needs_private_root();
	small_disk(*state, MS_RDONLY);
	assert_refused(replace(*state, "new", &err), &err, EROFS, "file: cannot write a new one");
	assert_true(scratch_holds(*state, "file", "old"));
}

static void leaves_the_old_file_when_files_may_not_grow(void **state)
{
	struct rlimit none = {.rlim_cur = 2}, before;
	struct error err = ERROR_NONE;
	int answer;

	scratch_write(*state, "file", "old", 0600);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none.rlim_max = before.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	answer = replace(*state, "new and longer", &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_refused(answer, &err, EFBIG, "file: cannot write it");
	assert_true(scratch_holds(*state, "file", "old"));
}

/* ---- the kernel's files ---------------------------------------------------------------------- */

static void writes_a_value_over_what_is_there(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	scratch_write(scratch, "pids.max", "max", 0600);
	assert_done(kernel_write(scratch->fd, "pids.max", "100", &err), &err);
	assert_true(scratch_holds(scratch, "pids.max", "100"));
}

static void makes_no_file_that_the_kernel_does_not_have(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_refused(kernel_write(scratch->fd, "pids.max", "100", &err), &err, ENOENT,
		       "pids.max: No such file");
	assert_int_equal(scratch_count(scratch), 0);
}

static void writes_through_no_link(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	scratch_write(scratch, "victim", "old", 0600);
	assert_int_equal(symlinkat("victim", scratch->fd, "pids.max"), 0);
	assert_refused(kernel_write(scratch->fd, "pids.max", "100", &err), &err, ELOOP, "pids.max");
}

static void says_what_the_kernel_did_not_take(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(kernel_write(AT_FDCWD, "/proc/self/oom_score_adj", "5000", &err), &err,
		       EINVAL, "oom_score_adj: cannot write '5000': Invalid argument");
}

static void reads_a_value_without_its_newline(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	char text[16];

	scratch_write(scratch, "pids.max", "100\n", 0600);
	assert_int_equal(kernel_read(scratch->fd, "pids.max", text, sizeof(text), &err), 3);
	assert_string_equal(text, "100");
}

static void opens_no_directory_through_a_link(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;

	assert_int_equal(symlinkat("/", scratch->fd, "lab"), 0);
	assert_refused(directory_open(scratch->fd, "lab", &err), &err, ENOTDIR, "lab");
}

/* ---- text ------------------------------------------------------------------------------------ */

static void gives_every_line_also_an_empty_one_and_one_without_an_end(void **state)
{
	char text[] = "one\n\ntwo";
	char *cursor = text;

	(void)state;
	assert_string_equal(line_next(&cursor), "one");
	assert_string_equal(line_next(&cursor), "");
	assert_string_equal(line_next(&cursor), "two");
	assert_null(line_next(&cursor));
}

static void finds_the_value_of_exactly_that_key(void **state)
{
	(void)state;
	assert_string_equal(line_value("uid=7", "uid"), "7");
	assert_string_equal(line_value("uid=", "uid"), "");
	assert_string_equal(line_value("uid=a=b", "uid"), "a=b");
	assert_null(line_value("uids=7", "uid"));
	assert_null(line_value("uid", "uid"));
	assert_null(line_value(" uid=7", "uid"));
	assert_null(line_value("", "uid"));
}

static void copies_what_fits_and_nothing_else(void **state)
{
	char to[5] = "old";

	(void)state;
	assert_false(text_copy(to, sizeof(to), "fives"));
	assert_string_equal(to, "old");
	assert_true(text_copy(to, sizeof(to), "four"));
	assert_string_equal(to, "four");
}

#define with_small_disk(test) cmocka_unit_test_setup_teardown(test, scratch_make, small_disk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(believes_a_file_that_only_root_can_write),
		with_scratch(refuses_a_file_that_its_group_can_write),
		with_scratch(refuses_a_file_that_everybody_can_write),
		with_scratch(refuses_a_file_of_somebody_else),
		with_scratch(refuses_a_symbolic_link_even_to_a_good_file),
		with_scratch(refuses_a_fifo_without_waiting_for_its_writer),
		with_scratch(refuses_a_directory),
		with_scratch(says_that_there_is_no_such_file),
		with_scratch(reads_what_just_fits_with_its_nul),
		with_scratch(refuses_a_file_one_byte_too_large),
		with_scratch(refuses_a_nul_inside),
		with_scratch(reads_an_empty_file_as_an_empty_text),
		with_scratch(says_which_file_could_not_be_read),
		with_scratch(puts_a_new_file_with_its_exact_mode),
		with_scratch(puts_the_new_content_in_the_place_of_the_old),
		with_scratch(leaves_nothing_beside_the_file),
		with_scratch(replaces_a_link_and_not_what_it_leads_to),
		with_scratch(starts_anew_where_a_killed_run_left_its_half),
		with_scratch(writes_through_no_link_that_stands_in_for_the_temporary_file),
		with_scratch(refuses_a_name_that_is_too_long_for_the_temporary_file),
		with_scratch(leaves_the_old_file_where_a_directory_is_in_the_way),
		with_small_disk(leaves_the_old_file_when_the_disk_is_full),
		with_small_disk(leaves_the_old_file_when_the_directory_is_read_only),
		with_scratch(leaves_the_old_file_when_files_may_not_grow),
		with_scratch(writes_a_value_over_what_is_there),
		with_scratch(makes_no_file_that_the_kernel_does_not_have),
		with_scratch(writes_through_no_link),
		with_scratch(says_what_the_kernel_did_not_take),
		with_scratch(reads_a_value_without_its_newline),
		with_scratch(opens_no_directory_through_a_link),
		cmocka_unit_test(gives_every_line_also_an_empty_one_and_one_without_an_end),
		cmocka_unit_test(finds_the_value_of_exactly_that_key),
		cmocka_unit_test(copies_what_fits_and_nothing_else),
	};

	return cmocka_run_group_tests_name("file", tests, private_root_enter, NULL);
}
