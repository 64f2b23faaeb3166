/* SPDX-License-Identifier: MIT */
/* The mountinfo texts are the fuzzer's corpus: tests/fuzz/corpus/mountinfo, from real hosts. */
#include "groupies/host.h"

#include <fcntl.h>

#include "unit.h"

static int parse_text(const char *text, struct host *host, struct error *err)
{
	char *copy = strdup(text);
	int answer = host_parse_mounts(copy, host, err);

	free(copy);
	return answer;
}

static struct host parse_sample(const char *name)
{
	char path[128], text[16384];
	struct error err = ERROR_NONE;
	struct host host = {0};
	ssize_t length;
	int fd;

	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/mountinfo/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: run from the top of the sources", path);
	length = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	assert_true(length > 0);
	text[length] = '\0';
	assert_done(host_parse_mounts(text, &host, &err), &err);
	return host;
}

/* Claims that CONTROLLER is mounted at MOUNT, showing ROOT. */
static void claim_mounted(const struct host *host, const char *controller, const char *mount,
			  const char *root)
{
	const struct hierarchy *hierarchy = host_hierarchy(host, controller);

	assert_non_null(hierarchy);
	assert_string_equal(hierarchy->mount, mount);
	assert_string_equal(hierarchy->root, root);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static void reads_a_v1_host(void **state)
{
	struct host host = parse_sample("v1-cgroupfs");

	(void)state;
	claim_mounted(&host, "memory", "/sys/fs/cgroup/memory", "/");
	claim_mounted(&host, "pids", "/sys/fs/cgroup/pids", "/");
	claim_mounted(&host, "cpu", "/sys/fs/cgroup/cpu", "/");
	claim_mounted(&host, "cpuset", "/sys/fs/cgroup/cpuset", "/");
	claim_mounted(&host, "io", "/sys/fs/cgroup/blkio", "/");
	assert_int_equal(host.count, 9); /* eight controllers and the unified hierarchy */
}

static void reads_a_v2_host(void **state)
{
	struct host host = parse_sample("v2-systemd");

	(void)state;
	assert_int_equal(host.count, 1);
	assert_true(host.hierarchies[0].unified);
	assert_string_equal(host.hierarchies[0].mount, "/sys/fs/cgroup");
}

static void leaves_the_unified_controllers_to_the_mount_itself(void **state)
{
	struct host host = parse_sample("v2-systemd");

	(void)state;
	assert_string_equal(host.hierarchies[0].controllers, "");
	assert_null(host_hierarchy(&host, "memory"));
}

static void reads_a_hybrid_host(void **state)
{
	struct host host = parse_sample("hybrid-systemd");

	(void)state;
	claim_mounted(&host, "memory", "/sys/fs/cgroup/memory", "/");
	claim_mounted(&host, "cpu", "/sys/fs/cgroup/cpu,cpuacct", "/");
	claim_mounted(&host, "cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/");
	assert_string_equal(host.hierarchies[0].mount, "/sys/fs/cgroup/unified");
	assert_true(host.hierarchies[0].unified);
}

static void reads_a_host_with_all_controllers_on_one_hierarchy(void **state)
{
	struct host host = parse_sample("joint-v1");

	(void)state;
	assert_int_equal(host.count, 1);
	assert_ptr_equal(host_hierarchy(&host, "memory"), host_hierarchy(&host, "io"));
}

static void keeps_what_a_container_sees_of_each_hierarchy(void **state)
{
	struct host host = parse_sample("v1-container");

	(void)state;
	claim_mounted(&host, "memory", "/sys/fs/cgroup/memory", "/docker/4f1c0b");
	claim_mounted(&host, "pids", "/sys/fs/cgroup/pids", "/docker/4f1c0b");
}

static void takes_the_mount_that_shows_most_of_a_hierarchy(void **state)
{
	struct host host = parse_sample("bind-mounts");

	(void)state;
	assert_int_equal(host.count, 1);
	claim_mounted(&host, "memory", "/sys/fs/cgroup/memory", "/");
}

static void takes_the_mount_that_covers_another(void **state)
{
	static const char text[] = "1 2 0:3 / /m rw - cgroup cgroup rw,memory\n"
				   "2 2 0:3 /lab /m rw - cgroup cgroup rw,memory\n";
	struct error err = ERROR_NONE;
	struct host host;

	(void)state;
	assert_done(parse_text(text, &host, &err), &err);
	assert_int_equal(host.count, 1);
	claim_mounted(&host, "memory", "/m", "/lab");
}

static void passes_over_hierarchies_that_no_limit_uses(void **state)
{
	struct host host = parse_sample("hybrid-systemd");
	size_t index;

	(void)state;
	for (index = 0; index < host.count; index++)
		assert_null(strstr(host.hierarchies[index].mount, "net_cls"));
	assert_null(host_hierarchy(&host, "rdma"));
	assert_null(host_hierarchy(&host, "perf_event"));
}

static void takes_no_named_hierarchy_for_a_controller(void **state)
{
	struct error err = ERROR_NONE;
	struct host host;

	(void)state;
	assert_done(
		parse_text("1 2 0:3 / /m rw - cgroup cgroup rw,xattr,name=memory\n", &host, &err),
		&err);
	assert_int_equal(host.count, 0);
}

/* ---- the text -------------------------------------------------------------------------------- */

static void undoes_the_kernels_escapes(void **state)
{
	struct host host = parse_sample("escapes");

	(void)state;
	claim_mounted(&host, "memory", "/mnt/my cgroup\ttree\\x", "/");
	assert_string_equal(host.hierarchies[1].mount, "/mnt/line\nbreak");
}

static void leaves_alone_what_only_looks_like_an_escape(void **state)
{
	static const struct {
		const char *mount, *path;
	} rows[] = {
		{"/a\\", "/a\\"},       {"/a\\0", "/a\\0"},     {"/a\\04", "/a\\04"},
		{"/a\\048", "/a\\048"}, {"/a\\400", "/a\\400"}, {"/a\\134040", "/a\\040"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		char line[128];
		struct error err = ERROR_NONE;
		struct host host;

		(void)snprintf(line, sizeof(line), "1 2 0:3 / %s rw - cgroup cgroup rw,memory\n",
			       rows[index].mount);
		assert_done(parse_text(line, &host, &err), &err);
		assert_string_equal(host.hierarchies[0].mount, rows[index].path);
	}
}

static void reads_any_number_of_optional_fields(void **state)
{
	static const char text[] = "1 2 0:3 / /m rw,relatime shared:7 master:3 propagate_from:2 - "
				   "cgroup cgroup rw,memory\n"
				   "1 2 0:3 / /p rw,relatime - cgroup cgroup rw,pids\n";
	struct error err = ERROR_NONE;
	struct host host;

	(void)state;
	assert_done(parse_text(text, &host, &err), &err);
	claim_mounted(&host, "memory", "/m", "/");
	claim_mounted(&host, "pids", "/p", "/");
}

static void passes_over_lines_that_are_no_cgroup_mount(void **state)
{
	static const char *const rows[] = {
		"",
		"\n\n",
		"garbage",
		" - ",
		"1 2 0:3 / /m rw",
		"1 2 0:3 / /m rw - ",
		"1 2 0:3 / /m rw - cgroup",
		"1 2 0:3 / /m rw - cgroup cgroup",
		"1 2 0:3 / - cgroup cgroup rw,memory",
		"1 2 0:3 / /m rw - tmpfs cgroup rw,memory",
		"1 2 0:3 / /m rw - cgroups cgroup rw,memory",
		"1 2 0:3 / /m rw - cgroup cgroup rw,memory2",
		"1 2 0:3 / /m rw - fuse.cgroup cgroup rw,memory",
		"1 2 0:3 / /m/cgroup2 rw - ext4 /dev/sda rw",
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		struct host host;

		assert_done(parse_text(rows[index], &host, &err), &err);
		assert_int_equal(host.count, 0);
	}
}

static void refuses_a_mount_point_that_does_not_fit(void **state)
{
	char line[512] = "1 2 0:3 / /";
	struct error err = ERROR_NONE;
	struct host host = {.count = 7};

	(void)state;
	memset(line + strlen(line), 'x', 255);
	strcat(line, " rw - cgroup cgroup rw,memory\n");
	assert_refused(parse_text(line, &host, &err), &err, ENAMETOOLONG,
		       "a path of over 255 bytes");
	assert_int_equal(host.count, 7);
}

static void refuses_more_hierarchies_than_it_can_keep(void **state)
{
	static const char *const names[] = {"cpu",  "cpuacct", "cpuset",  "memory",
					    "pids", "blkio",   "devices", "freezer"};
	char text[4096] = "";
	struct error err = ERROR_NONE;
	struct host host;
	size_t one, two;

	(void)state;
	for (one = 0; one < 4; one++) {
		for (two = 4; two < COUNT_OF(names); two++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
				       "1 2 0:3 / /%zu%zu rw - cgroup cgroup rw,%s,%s\n", one, two,
				       names[one], names[two]);
	}
	assert_done(parse_text(text, &host, &err), &err);
	assert_int_equal(host.count, HOST_HIERARCHIES_MAX);
	(void)strcat(text, "1 2 0:3 / /one rw - cgroup cgroup rw,memory\n");
	assert_refused(parse_text(text, &host, &err), &err, E2BIG, "more than 16");
}

/* ---- lists and names ------------------------------------------------------------------------- */

static void finds_a_controller_only_as_a_whole_word(void **state)
{
	(void)state;
	assert_true(controllers_have("cpu,cpuacct", "cpu"));
	assert_true(controllers_have("cpu,cpuacct", "cpuacct"));
	assert_false(controllers_have("cpuacct,cpuset", "cpu"));
	assert_false(controllers_have("cpu", "cpuacct"));
	assert_false(controllers_have("cpu,memory", "cpu,memory"));
	assert_false(controllers_have("cpu", ""));
	assert_false(controllers_have("", "cpu"));
	assert_false(controllers_have("", ""));
	assert_true(controllers_have(",,cpu,", "cpu"));
}

static void finds_io_as_blkio_only_where_there_is_no_io(void **state)
{
	struct host host = {.count = 2,
			    .hierarchies = {{.controllers = "blkio", .mount = "/1"},
					    {.controllers = "io,memory", .mount = "/2"}}};

	(void)state;
	assert_string_equal(host_hierarchy(&host, "io")->mount, "/2");
	host.count = 1;
	assert_string_equal(host_hierarchy(&host, "io")->mount, "/1");
	host.count = 0;
	assert_null(host_hierarchy(&host, "io"));
}

static void names_every_kind_of_host(void **state)
{
	(void)state;
	assert_string_equal(host_layout_name(&(struct host){.layout = HOST_V1}), "v1");
	assert_string_equal(host_layout_name(&(struct host){.layout = HOST_HYBRID}), "hybrid");
	assert_string_equal(host_layout_name(&(struct host){.layout = HOST_V2}), "v2");
	assert_string_equal(host_manager_name(&(struct host){.manager = HOST_SYSTEMD}), "systemd");
	assert_string_equal(host_manager_name(&(struct host){.manager = HOST_CGROUPFS}),
			    "cgroupfs");
}

static void knows_that_this_host_has_memory(void **state)
{
	(void)state;
	assert_true(host_memory_bytes() > 16 * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_v1_host),
		cmocka_unit_test(reads_a_v2_host),
		cmocka_unit_test(leaves_the_unified_controllers_to_the_mount_itself),
		cmocka_unit_test(reads_a_hybrid_host),
		cmocka_unit_test(reads_a_host_with_all_controllers_on_one_hierarchy),
		cmocka_unit_test(keeps_what_a_container_sees_of_each_hierarchy),
		cmocka_unit_test(takes_the_mount_that_shows_most_of_a_hierarchy),
		cmocka_unit_test(takes_the_mount_that_covers_another),
		cmocka_unit_test(passes_over_hierarchies_that_no_limit_uses),
		cmocka_unit_test(takes_no_named_hierarchy_for_a_controller),
		cmocka_unit_test(undoes_the_kernels_escapes),
		cmocka_unit_test(leaves_alone_what_only_looks_like_an_escape),
		cmocka_unit_test(reads_any_number_of_optional_fields),
		cmocka_unit_test(passes_over_lines_that_are_no_cgroup_mount),
		cmocka_unit_test(refuses_a_mount_point_that_does_not_fit),
		cmocka_unit_test(refuses_more_hierarchies_than_it_can_keep),
		cmocka_unit_test(finds_a_controller_only_as_a_whole_word),
		cmocka_unit_test(finds_io_as_blkio_only_where_there_is_no_io),
		cmocka_unit_test(names_every_kind_of_host),
		cmocka_unit_test(knows_that_this_host_has_memory),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
