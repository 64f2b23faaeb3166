/* SPDX-License-Identifier: MIT */
#include "groupies/cgroup.h"

#include "unit.h"

static const char v1_host[] = "9:name=systemd:/\n"
			      "8:pids:/lab\n"
			      "7:blkio:/\n"
			      "4:memory:/process_api/9584227013670632372baa59a9341ee3\n"
			      "3:cpuset:/\n"
			      "2:cpu,cpuacct:/lab/1000\n"
			      "0::/\n";

static const char v2_host[] = "0::/user.slice/user-1000.slice/session-3.scope\n";

static const char hybrid_host[] = "12:memory:/user.slice/user-1000.slice/session-1.scope\n"
				  "11:net_cls,net_prio:/\n"
				  "5:cpu,cpuacct:/user.slice\n"
				  "1:name=systemd:/user.slice/user-1000.slice/session-1.scope\n"
				  "0::/user.slice/user-1000.slice/session-1.scope\n";

/* Claims that CONTROLLER's group in TEXT is PATH, or that it has none when PATH is NULL. */
static void claim_found(const char *text, const char *controller, const char *path)
{
	struct error err = ERROR_NONE;
	char seen[CGROUP_PATH_SIZE] = "";
	int found = cgroup_find(text, controller, seen, sizeof(seen), &err);

	assert_done(found, &err);
	assert_int_equal(found, path ? 1 : 0);
	assert_string_equal(seen, path ? path : "");
}

static void finds_each_controller_of_a_v1_host(void **state)
{
	(void)state;
	claim_found(v1_host, "pids", "/lab");
	claim_found(v1_host, "memory", "/process_api/9584227013670632372baa59a9341ee3");
	claim_found(v1_host, "blkio", "/");
}

static void finds_each_of_two_controllers_on_one_hierarchy(void **state)
{
	(void)state;
	claim_found(v1_host, "cpu", "/lab/1000");
	claim_found(v1_host, "cpuacct", "/lab/1000");
}

static void finds_the_unified_hierarchy_by_no_name(void **state)
{
	(void)state;
	claim_found(v2_host, "", "/user.slice/user-1000.slice/session-3.scope");
	claim_found(hybrid_host, "", "/user.slice/user-1000.slice/session-1.scope");
	claim_found(v1_host, "", "/");
}

static void finds_no_controller_that_is_only_part_of_a_name(void **state)
{
	(void)state;
	claim_found(v1_host, "mem", NULL);
	claim_found(v1_host, "memory2", NULL);
	claim_found(v1_host, "acct", NULL);
	claim_found(hybrid_host, "net", NULL);
}

static void takes_no_named_hierarchy_for_a_controller(void **state)
{
	(void)state;
	claim_found("1:name=memory:/elsewhere\n4:memory:/lab\n", "memory", "/lab");
	claim_found("1:name=systemd:/\n", "systemd", NULL);
}

static void finds_nothing_in_nothing(void **state)
{
	(void)state;
	claim_found("", "memory", NULL);
	claim_found("\n\n", "", NULL);
	claim_found(v2_host, "memory", NULL);
}

static void keeps_the_colons_of_a_path(void **state)
{
	(void)state;
	claim_found("4:memory:/a:b:c\n", "memory", "/a:b:c");
	claim_found("0::/system.slice/dbus-:1.2-org.x@0.service\n", "",
		    "/system.slice/dbus-:1.2-org.x@0.service");
}

static void is_not_misled_by_a_path_that_looks_like_a_line(void **state)
{
	(void)state;
	claim_found("1:name=x:/4:memory:/lab\n4:memory:/\n", "memory", "/");
	claim_found("1:name=x:/0::/lab\n0::/\n", "", "/");
}

static void reads_a_last_line_without_its_newline(void **state)
{
	(void)state;
	claim_found("0::/lab", "", "/lab");
}

static void passes_over_lines_that_are_none(void **state)
{
	(void)state;
	claim_found("garbage\n7\n8:memory\n:\n4:memory:/lab\n", "memory", "/lab");
}

static void refuses_a_line_without_a_path(void **state)
{
	char path[CGROUP_PATH_SIZE];
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(cgroup_find("4:memory:\n", "memory", path, sizeof(path), &err), &err,
		       EBADMSG, "holds no path for 'memory'");
	assert_refused(cgroup_find("4:memory:lab\n", "memory", path, sizeof(path), &err), &err,
		       EBADMSG, "holds no path");
}

static void refuses_a_path_that_does_not_fit(void **state)
{
	char text[CGROUP_PATH_SIZE + 16] = "0::/";
	char path[CGROUP_PATH_SIZE] = "before";
	struct error err = ERROR_NONE;

	(void)state;
	memset(text + 4, 'x', CGROUP_PATH_SIZE - 1);
	assert_refused(cgroup_find(text, "", path, sizeof(path), &err), &err, ENAMETOOLONG,
		       "a path of 1024 bytes");
	assert_string_equal(path, "before");
}

static void takes_a_path_that_just_fits(void **state)
{
	char text[CGROUP_PATH_SIZE + 16] = "0::/";
	char path[CGROUP_PATH_SIZE];
	struct error err = ERROR_NONE;

	(void)state;
	memset(text + 4, 'x', CGROUP_PATH_SIZE - 2);
	assert_int_equal(cgroup_find(text, "", path, sizeof(path), &err), 1);
	assert_int_equal(strlen(path), CGROUP_PATH_SIZE - 1);
}

static void finds_nothing_behind_an_overlong_list_of_controllers(void **state)
{
	char text[400] = "4:memory,";

	(void)state;
	memset(text + 9, 'x', 300);
	(void)strcpy(text + 309, ":/lab\n");
	claim_found(text, "memory", NULL);
}

static void is_inside_a_group_and_below_it(void **state)
{
	(void)state;
	assert_true(cgroup_is_inside("/lab", "/lab"));
	assert_true(cgroup_is_inside("/lab/1000", "/lab"));
	assert_true(cgroup_is_inside("/lab/1000/deeper", "/lab/1000"));
}

static void is_not_inside_a_neighbour_or_a_parent(void **state)
{
	(void)state;
	assert_false(cgroup_is_inside("/lab2", "/lab"));
	assert_false(cgroup_is_inside("/", "/lab"));
	assert_false(cgroup_is_inside("/la", "/lab"));
	assert_false(cgroup_is_inside("", "/lab"));
	assert_false(cgroup_is_inside("/other/lab", "/lab"));
	assert_false(cgroup_is_inside("/lab", "/lab/1000"));
}

static void is_not_inside_a_group_that_was_removed(void **state)
{
	(void)state;
	assert_false(cgroup_is_inside("/lab (deleted)", "/lab"));
	assert_false(cgroup_is_inside("/lab/1000 (deleted)", "/lab"));
}

/* What a cgroup namespace shows of a process outside of its root. */
static void is_not_inside_when_it_is_above_the_root_that_is_seen(void **state)
{
	(void)state;
	assert_false(cgroup_is_inside("/../lab", "/lab"));
}

static void reads_where_this_process_is(void **state)
{
	char own[CGROUP_TEXT_SIZE], by_pid[CGROUP_TEXT_SIZE];
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(cgroup_read(0, own, sizeof(own), &err), &err);
	assert_done(cgroup_read(getpid(), by_pid, sizeof(by_pid), &err), &err);
	assert_string_equal(own, by_pid);
}

static void says_that_there_is_no_such_process(void **state)
{
	char text[CGROUP_TEXT_SIZE];
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(cgroup_read(4194304, text, sizeof(text), &err), &err, ENOENT,
		       "/proc/4194304/cgroup");
}

static void refuses_a_text_that_does_not_fit(void **state)
{
	char text[4];
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(cgroup_read(0, text, sizeof(text), &err), &err, EFBIG,
		       "/proc/self/cgroup: holds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_controller_of_a_v1_host),
		cmocka_unit_test(finds_each_of_two_controllers_on_one_hierarchy),
		cmocka_unit_test(finds_the_unified_hierarchy_by_no_name),
		cmocka_unit_test(finds_no_controller_that_is_only_part_of_a_name),
		cmocka_unit_test(takes_no_named_hierarchy_for_a_controller),
		cmocka_unit_test(finds_nothing_in_nothing),
		cmocka_unit_test(keeps_the_colons_of_a_path),
		cmocka_unit_test(is_not_misled_by_a_path_that_looks_like_a_line),
		cmocka_unit_test(reads_a_last_line_without_its_newline),
		cmocka_unit_test(passes_over_lines_that_are_none),
		cmocka_unit_test(refuses_a_line_without_a_path),
		cmocka_unit_test(refuses_a_path_that_does_not_fit),
		cmocka_unit_test(takes_a_path_that_just_fits),
		cmocka_unit_test(finds_nothing_behind_an_overlong_list_of_controllers),
		cmocka_unit_test(is_inside_a_group_and_below_it),
		cmocka_unit_test(is_not_inside_a_neighbour_or_a_parent),
		cmocka_unit_test(is_not_inside_a_group_that_was_removed),
		cmocka_unit_test(is_not_inside_when_it_is_above_the_root_that_is_seen),
		cmocka_unit_test(reads_where_this_process_is),
		cmocka_unit_test(says_that_there_is_no_such_process),
		cmocka_unit_test(refuses_a_text_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
