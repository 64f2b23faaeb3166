/* SPDX-License-Identifier: MIT */
/* The unit files of a playground, in folders of the test's own, and with no systemd to answer. */
#include "../../lib/systemd_unit.h"

#include "groupies/backend.h"
#include "private_root.h"

#define UNITS   "/run/units"
#define MASK    UNITS "/user@1001.service"
#define DROP_IN UNITS "/user@1001.service.d/50-groupies.conf"

static struct config lab = {.name = "lab"};

static int units_make(void **state)
{
	(void)state;
	return private_root.entered ? mkdir(UNITS, 0755) : 0;
}

static int units_remove(void **state)
{
	(void)state;
	if (!private_root.entered)
		return 0;
	(void)unlink(MASK);
	(void)unlink(DROP_IN);
	(void)rmdir(UNITS "/user@1001.service.d");
	return rmdir(UNITS);
}

static void write_user_manager(enum user_manager user_manager)
{
	struct error err = ERROR_NONE;
	bool changed = false;

	lab.user_manager = user_manager;
	assert_done(unit_write_user_manager(UNITS, &lab, 1001, &changed, &err), &err);
}

static bool there_is(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static bool is_marked(const char *mark)
{
	char text[128] = "";
	int fd = open(DROP_IN, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	return strstr(text, mark) != NULL;
}

static void takes_its_own_mask_away(void **state)
{
	(void)state;
	needs_private_root();
	write_user_manager(USER_MANAGER_MASKED);
	assert_true(there_is(MASK) && is_marked("masked=yes"));
	write_user_manager(USER_MANAGER_INSIDE);
	assert_false(there_is(MASK) || is_marked("masked=yes"));
}

static void leaves_a_mask_that_somebody_else_made(void **state)
{
	(void)state;
	needs_private_root();
	assert_int_equal(symlink("/dev/null", MASK), 0);
	write_user_manager(USER_MANAGER_MASKED);
	write_user_manager(USER_MANAGER_INSIDE);
	assert_true(there_is(MASK));
}

static void leaves_a_unit_that_took_the_place_of_its_mask(void **state)
{
	(void)state;
	needs_private_root();
	write_user_manager(USER_MANAGER_MASKED);
	assert_int_equal(unlink(MASK), 0);
	private_root_write(MASK, "[Service]\n", 0644);
	write_user_manager(USER_MANAGER_INSIDE);
	assert_true(there_is(MASK));
}

static void leaves_a_link_that_took_the_place_of_its_mask(void **state)
{
	(void)state;
	needs_private_root();
	write_user_manager(USER_MANAGER_MASKED);
	assert_int_equal(unlink(MASK), 0);
	assert_int_equal(symlink("/dev/null.service", MASK), 0);
	write_user_manager(USER_MANAGER_MASKED);
	assert_true(is_marked("masked=no"));
	write_user_manager(USER_MANAGER_INSIDE);
	assert_true(there_is(MASK));
}

/* ---- slices ---------------------------------------------------------------------------------- */

#define SLICE UNIT_DIR_ETC "/lab.slice"

static const struct host host = {.manager = HOST_SYSTEMD};

static int slices_make(void **state)
{
	(void)state;
	if (!private_root.entered)
		return 0;
	(void)unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	return mount("unit", "/etc", "tmpfs", 0, "mode=755") < 0 ||
	       mkdir("/etc/systemd", 0755) < 0 || mkdir(UNIT_DIR_ETC, 0755) < 0;
}

static int slices_remove(void **state)
{
	(void)state;
	return private_root.entered ? umount("/etc") : 0;
}

static void write_slice(void)
{
	struct error err = ERROR_NONE;
	bool changed = false;

	assert_done(unit_write_slices(&lab, false, &changed, &err), &err);
}

static void take_slice_over(void)
{
	struct error err = ERROR_NONE;
	bool changed = false;

	assert_done(unit_write_slices(&lab, true, &changed, &err), &err);
	assert_true(changed && unit_slice_is_ours("lab"));
}

static void knows_a_slice_of_its_own(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	write_slice();
	assert_int_equal(backend_systemd.exists(&host, "lab", &err), EXISTS_AS_OURS);
}

static void knows_a_slice_that_somebody_else_wrote(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(SLICE, "[Slice]\n", 0644);
	assert_int_equal(backend_systemd.exists(&host, "lab", &err), EXISTS_AS_SOMEBODYS);
	private_root_write(SLICE, "# groupies playground=lab2\n[Slice]\n", 0644);
	assert_int_equal(backend_systemd.exists(&host, "lab", &err), EXISTS_AS_SOMEBODYS);
}

static void takes_no_silence_for_an_answer(void **state)
{
	struct error err = ERROR_NONE;
	int exists;

	(void)state;
	needs_private_root();
	exists = backend_systemd.exists(&host, "lab", &err);
	assert_true(exists < 0 && exists == -err.code);
	assert_non_null(strstr(err.text, "systemd does not answer whether there is a lab.slice: "));
	assert_non_null(strstr(err.text, "do this again"));
}

static void writes_nothing_where_systemd_does_not_answer(void **state)
{
	struct part part = {.host = &host, .config = &lab, .applying = true};
	struct error err = ERROR_NONE;
	struct stamp stamp;

	(void)state;
	needs_private_root();
	assert_true(backend_systemd.realize(&part, false, &stamp, &err) < 0);
	assert_false(there_is(SLICE));
}

static void takes_its_files_back_where_systemd_does_not_answer(void **state)
{
	struct error err = ERROR_NONE;
	bool changed = false;

	(void)state;
	needs_private_root();
	write_slice();
	lab.user_manager = USER_MANAGER_MASKED;
	assert_done(unit_write_user_manager(UNIT_DIR_ETC, &lab, 1001, &changed, &err), &err);
	assert_true(backend_systemd.remove(&host, "lab", &err) < 0 && err.code);
	assert_false(there_is(SLICE) || there_is(UNIT_DIR_ETC "/user@1001.service") ||
		     there_is(UNIT_DIR_ETC "/user@1001.service.d"));
}

static void leaves_a_slice_that_somebody_else_wrote(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(SLICE, "[Slice]\n", 0644);
	(void)backend_systemd.remove(&host, "lab", &err);
	assert_true(there_is(SLICE));
}

static void gives_back_a_slice_that_it_took_over(void **state)
{
	struct error err = ERROR_NONE;
	char text[64] = "";
	bool changed = false;
	int fd;

	(void)state;
	needs_private_root();
	private_root_write(SLICE, "[Slice]\nMemoryMax=1G\n", 0640);
	take_slice_over();
	/* Again, and over an edit that came later: what was there before us is what counts. */
	private_root_write(SLICE, "[Slice]\n", 0644);
	take_slice_over();
	assert_done(unit_delete("lab", true, NULL, NULL, &changed, &err), &err);
	fd = open(SLICE, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	assert_string_equal(text, "[Slice]\nMemoryMax=1G\n");
	assert_false(there_is(SLICE ".before-groupies"));
}

static void gives_back_a_slice_after_a_kill(void **state)
{
	struct error err = ERROR_NONE;
	bool changed = false;

	(void)state;
	needs_private_root();
	/* Killed between the two: nothing stands in its place. */
	private_root_write(SLICE ".before-groupies", "[Slice]\n", 0644);
	assert_done(unit_delete("lab", true, NULL, NULL, &changed, &err), &err);
	assert_true(there_is(SLICE) && changed);
}

#define with_slices(test) cmocka_unit_test_setup_teardown(test, slices_make, slices_remove)
#define with_units(test)  cmocka_unit_test_setup_teardown(test, units_make, units_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_units(takes_its_own_mask_away),
		with_units(leaves_a_mask_that_somebody_else_made),
		with_units(leaves_a_unit_that_took_the_place_of_its_mask),
		with_units(leaves_a_link_that_took_the_place_of_its_mask),
		with_slices(knows_a_slice_of_its_own),
		with_slices(knows_a_slice_that_somebody_else_wrote),
		with_slices(takes_no_silence_for_an_answer),
		with_slices(writes_nothing_where_systemd_does_not_answer),
		with_slices(takes_its_files_back_where_systemd_does_not_answer),
		with_slices(leaves_a_slice_that_somebody_else_wrote),
		with_slices(gives_back_a_slice_that_it_took_over),
		with_slices(gives_back_a_slice_after_a_kill),
	};

	return cmocka_run_group_tests_name("systemd_unit", tests, private_root_enter, NULL);
}
