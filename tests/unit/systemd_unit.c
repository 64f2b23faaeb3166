/* SPDX-License-Identifier: MIT */
/* The unit files of a playground, in a folder of the test's own. */
#include "../../lib/systemd_unit.h"

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

#define with_units(test) cmocka_unit_test_setup_teardown(test, units_make, units_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_units(takes_its_own_mask_away),
		with_units(leaves_a_mask_that_somebody_else_made),
		with_units(leaves_a_unit_that_took_the_place_of_its_mask),
		with_units(leaves_a_link_that_took_the_place_of_its_mask),
	};

	return cmocka_run_group_tests_name("systemd_unit", tests, private_root_enter, NULL);
}
