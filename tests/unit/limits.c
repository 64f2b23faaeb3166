/* SPDX-License-Identifier: MIT */
#include "groupies/limits.h"

#include "groupies/file.h"
#include "groupies/size.h"
#include "scratch.h"

static const struct limit *row(enum limit_id id)
{
	return &limit_table[id];
}

static struct limit_value parsed(enum limit_id id, const char *text)
{
	struct limit_value value = {0};
	struct error err = ERROR_NONE;

	assert_done(limit_parse(row(id), text, &value, &err), &err);
	assert_true(value.set);
	return value;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void finds_every_row_by_its_name(void **state)
{
	size_t index;

	(void)state;
	for (index = 0; index < LIMIT_COUNT; index++) {
		assert_ptr_equal(limit_find(limit_table[index].name), &limit_table[index]);
		assert_int_equal(limit_id(&limit_table[index]), index);
	}
}

static void finds_no_row_by_another_name(void **state)
{
	(void)state;
	assert_null(limit_find(""));
	assert_null(limit_find("memorymax"));
	assert_null(limit_find("MemoryMax "));
	assert_null(limit_find("MemoryLimit"));
}

static void has_every_column_of_every_row(void **state)
{
	size_t index;

	(void)state;
	for (index = 0; index < LIMIT_COUNT; index++) {
		const struct limit *limit = &limit_table[index];

		assert_true(limit->name && limit->controller_v1 && limit->controller_v2 &&
			    limit->file_v2 && limit->unit && limit->parse && limit->print &&
			    limit->render && limit->matches);
		assert_true(limit->file_v1 || index == LIMIT_MEMORY_HIGH);
	}
}

/* ---- what a config says ---------------------------------------------------------------------- */

static void prints_what_it_parsed(void **state)
{
	static const struct {
		enum limit_id id;
		const char *text, *printed;
	} rows[] = {
		{LIMIT_MEMORY_MAX, "10M", "10M"},
		{LIMIT_MEMORY_MAX, "10485760", "10M"},
		{LIMIT_MEMORY_MAX, "4096", "4K"},
		{LIMIT_MEMORY_MAX, "4097", "4097"},
		{LIMIT_MEMORY_MAX, "1.5G", "1536M"},
		{LIMIT_MEMORY_MAX, "2T", "2T"},
		{LIMIT_MEMORY_MAX, "infinity", "infinity"},
		{LIMIT_MEMORY_HIGH, "512K", "512K"},
		{LIMIT_MEMORY_HIGH, "infinity", "infinity"},
		{LIMIT_MEMORY_SWAP_MAX, "0", "0"},
		{LIMIT_MEMORY_SWAP_MAX, "100", "100"},
		{LIMIT_MEMORY_SWAP_MAX, "1G", "1G"},
		{LIMIT_MEMORY_SWAP_MAX, "infinity", "infinity"},
		{LIMIT_TASKS_MAX, "1", "1"},
		{LIMIT_TASKS_MAX, "4194304", "4194304"},
		{LIMIT_TASKS_MAX, "infinity", "infinity"},
		{LIMIT_CPU_QUOTA, "1%", "1%"},
		{LIMIT_CPU_QUOTA, "50%", "50%"},
		{LIMIT_CPU_QUOTA, "100000%", "100000%"},
		{LIMIT_CPU_WEIGHT, "1", "1"},
		{LIMIT_CPU_WEIGHT, "10000", "10000"},
		{LIMIT_ALLOWED_CPUS, "0", "0"},
		{LIMIT_ALLOWED_CPUS, "0-3,7", "0-3,7"},
		{LIMIT_ALLOWED_CPUS, "8191", "8191"},
		{LIMIT_IO_WEIGHT, "100", "100"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda 10M", "/dev/vda 10485760"},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "/dev/vda \t 1K", "/dev/vda 1024"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct limit_value value = parsed(rows[index].id, rows[index].text), again;
		char text[512], twice[512];

		limit_print(row(rows[index].id), &value, text, sizeof(text));
		assert_string_equal(text, rows[index].printed);
		again = parsed(rows[index].id, text);
		assert_string_equal(limit_print(row(rows[index].id), &again, twice, sizeof(twice)),
				    text);
	}
}

static void takes_a_percentage_of_this_hosts_memory(void **state)
{
	struct limit_value half = parsed(LIMIT_MEMORY_MAX, "50%");

	(void)state;
	assert_int_equal(half.number, host_memory_bytes() / 2);
}

static void refuses_every_bad_value_by_the_limits_name(void **state)
{
	static const struct {
		enum limit_id id;
		const char *text;
		int code;
		const char *words;
	} rows[] = {
		{LIMIT_MEMORY_MAX, "", EINVAL, "MemoryMax: '' is not a size"},
		{LIMIT_MEMORY_MAX, "ten", EINVAL, "MemoryMax: 'ten' is not a size"},
		{LIMIT_MEMORY_MAX, "Infinity", EINVAL, "MemoryMax: 'Infinity' is not a size"},
		{LIMIT_MEMORY_MAX, "max", EINVAL, "is not a size"},
		{LIMIT_MEMORY_MAX, "0", ERANGE, "MemoryMax: '0' is less than one page"},
		{LIMIT_MEMORY_MAX, "4095", ERANGE, "is less than one page (4096 bytes)"},
		{LIMIT_MEMORY_MAX, "0%", ERANGE, "is less than one page"},
		{LIMIT_MEMORY_MAX, "101%", ERANGE, "more than 100%"},
		{LIMIT_MEMORY_MAX, "8388608T", ERANGE, "more than any machine has"},
		{LIMIT_MEMORY_HIGH, "1K", ERANGE, "MemoryHigh: '1K' is less than one page"},
		{LIMIT_MEMORY_SWAP_MAX, "-1", EINVAL, "MemorySwapMax: '-1' is not a size"},
		{LIMIT_TASKS_MAX, "0", ERANGE, "TasksMax: '0' is not between 1 and 4194304"},
		{LIMIT_TASKS_MAX, "4194305", ERANGE, "TasksMax: '4194305' is not between"},
		{LIMIT_TASKS_MAX, "10%", EINVAL, "TasksMax: '10%' is not a number"},
		{LIMIT_CPU_QUOTA, "50", EINVAL, "CPUQuota: '50' is not a percentage"},
		{LIMIT_CPU_QUOTA, "%", EINVAL, "CPUQuota: '%' is not a percentage"},
		{LIMIT_CPU_QUOTA, "0%", ERANGE, "CPUQuota: '0' is not between 1 and 100000"},
		{LIMIT_CPU_QUOTA, "100001%", ERANGE, "is not between"},
		{LIMIT_CPU_QUOTA, "1.5%", EINVAL, "'1.5' is not a number"},
		{LIMIT_CPU_QUOTA, "00000000000000001%", EINVAL, "is not a percentage"},
		{LIMIT_CPU_QUOTA, "infinity", EINVAL, "is not a percentage"},
		{LIMIT_CPU_WEIGHT, "0", ERANGE, "CPUWeight: '0' is not between 1 and 10000"},
		{LIMIT_CPU_WEIGHT, "10001", ERANGE, "CPUWeight: '10001' is not between"},
		{LIMIT_CPU_WEIGHT, "idle", EINVAL, "CPUWeight: 'idle' is not a number"},
		{LIMIT_ALLOWED_CPUS, "", EINVAL, "AllowedCPUs: '' is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "a", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "0,", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, ",0", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "3-1", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "0-", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "-1", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "0 1", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "8192", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "99999999999999999999", EINVAL, "is not a list of CPUs"},
		{LIMIT_ALLOWED_CPUS, "0-99999999999999999999", EINVAL, "is not a list of CPUs"},
		{LIMIT_IO_WEIGHT, "x", EINVAL, "IOWeight: 'x' is not a number"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "", EINVAL, "IOReadBandwidthMax: '' is not a device"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda", EINVAL, "is not a device and a size"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "vda 10M", EINVAL, "is not a device and a size"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda ", EINVAL, "'' is not a size"},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda 50%", EINVAL, "makes no sense here"},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "/dev/vda 0", ERANGE, "would stop all I/O"},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "/dev/vda 1M 2M", EINVAL, "is not a size"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct limit_value value = {0};
		struct error err = ERROR_NONE;

		assert_refused(limit_parse(row(rows[index].id), rows[index].text, &value, &err),
			       &err, rows[index].code, rows[index].words);
		assert_false(value.set);
	}
}

static void refuses_an_overlong_list_of_cpus(void **state)
{
	struct limit_value value = {0};
	struct error err = ERROR_NONE;
	char list[2 * sizeof(value.text)] = "0";

	(void)state;
	while (strlen(list) < sizeof(value.text))
		strcat(list, ",0");
	assert_refused(limit_parse(row(LIMIT_ALLOWED_CPUS), list, &value, &err), &err, EINVAL,
		       "is not a list of CPUs");
}

static void adds_bandwidths_up_one_device_at_a_time(void **state)
{
	struct limit_value value = parsed(LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda 1M");
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(limit_parse(row(LIMIT_IO_READ_BANDWIDTH_MAX), "/dev/vdb 2M", &value, &err),
		    &err);
	assert_string_equal(value.text, "/dev/vda 1048576\n/dev/vdb 2097152");
}

static void keeps_the_devices_it_has_when_no_more_fit(void **state)
{
	struct limit_value value = parsed(LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/vda 1M");
	char device[sizeof(value.text)] = "/dev/";
	struct error err = ERROR_NONE;

	(void)state;
	memset(device + 5, 'x', sizeof(device) - 10);
	(void)strcpy(device + strlen(device), " 1M");
	assert_refused(limit_parse(row(LIMIT_IO_READ_BANDWIDTH_MAX), device, &value, &err), &err,
		       E2BIG, "IOReadBandwidthMax: more devices than fit");
	assert_string_equal(value.text, "/dev/vda 1048576");
}

static void knows_that_nothing_is_set(void **state)
{
	struct limits limits = {0};

	(void)state;
	assert_true(limits_are_empty(&limits));
	limits.values[LIMIT_COUNT - 1].set = true;
	assert_false(limits_are_empty(&limits));
}

/* ---- what the kernel is told ----------------------------------------------------------------- */

/* A v1 host below the scratch directory, whose kernel counts swap and has the bfq scheduler. */
static struct host v1_host(const struct scratch *scratch)
{
	static const char *const names[] = {"memory", "pids", "cpu", "cpuset", "blkio"};
	char text[2048] = "", directory[32];
	struct error err = ERROR_NONE;
	struct host host;
	size_t index;

	for (index = 0; index < COUNT_OF(names); index++) {
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "1 2 0:3 / %s/%s rw - cgroup cgroup rw,%s\n", scratch->path,
			       names[index], names[index]);
		(void)snprintf(directory, sizeof(directory), "%s", names[index]);
		assert_int_equal(mkdirat(scratch->fd, directory, 0755), 0);
	}
	scratch_write(scratch, "memory/memory.memsw.limit_in_bytes", "9223372036854771712\n", 0644);
	scratch_write(scratch, "cpuset/cpuset.mems", "0-1\n", 0644);
	scratch_write(scratch, "blkio/blkio.bfq.weight", "100\n", 0644);
	assert_done(host_parse_mounts(text, &host, &err), &err);
	return host;
}

static struct host v2_host(const struct scratch *scratch)
{
	char text[256];
	struct error err = ERROR_NONE;
	struct host host;

	(void)snprintf(text, sizeof(text), "1 2 0:3 / %s rw - cgroup2 cgroup2 rw\n", scratch->path);
	assert_done(host_parse_mounts(text, &host, &err), &err);
	(void)strcpy(host.hierarchies[0].controllers, "cpuset,cpu,io,memory,pids");
	return host;
}

static struct limits asked(enum limit_id id, const char *text)
{
	struct limits limits = {0};

	limits.values[id] = parsed(id, text);
	return limits;
}

/* Claims that LIMITS become exactly one setting: FILE=VALUE. */
static void claim_rendered(const struct limits *limits, const struct host *host, const char *file,
			   const char *value, bool bounded)
{
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;
	int count = limits_render(limits, host, settings, &err);

	assert_done(count, &err);
	assert_true(count >= 1);
	assert_string_equal(settings[count - 1].file, file);
	assert_string_equal(settings[count - 1].value, value);
	assert_int_equal(settings[count - 1].bounded, bounded);
}

struct rendered {
	enum limit_id id;
	const char *asked, *file, *value;
	bool bounded;
};

static void claim_all_rendered(const struct rendered *rows, size_t count, const struct host *host)
{
	size_t index;

	for (index = 0; index < count; index++) {
		struct limits limits = asked(rows[index].id, rows[index].asked);

		claim_rendered(&limits, host, rows[index].file, rows[index].value,
			       rows[index].bounded);
	}
}

static void speaks_the_language_of_v1(void **state)
{
	static const struct rendered rows[] = {
		{LIMIT_MEMORY_MAX, "10M", "memory.limit_in_bytes", "10485760", true},
		{LIMIT_MEMORY_MAX, "infinity", "memory.limit_in_bytes", "-1", false},
		{LIMIT_MEMORY_SWAP_MAX, "infinity", "memory.memsw.limit_in_bytes", "-1", false},
		{LIMIT_TASKS_MAX, "64", "pids.max", "64", true},
		{LIMIT_TASKS_MAX, "infinity", "pids.max", "max", false},
		{LIMIT_CPU_QUOTA, "50%", "cpu.cfs_quota_us", "50000", true},
		{LIMIT_CPU_QUOTA, "1%", "cpu.cfs_quota_us", "1000", true},
		{LIMIT_CPU_WEIGHT, "100", "cpu.shares", "1024", false},
		{LIMIT_CPU_WEIGHT, "1", "cpu.shares", "10", false},
		{LIMIT_CPU_WEIGHT, "10000", "cpu.shares", "102400", false},
		{LIMIT_ALLOWED_CPUS, "0-1", "cpuset.cpus", "0-1", true},
		{LIMIT_IO_WEIGHT, "500", "blkio.bfq.weight", "500", false},
		{LIMIT_IO_WEIGHT, "10000", "blkio.bfq.weight", "1000", false},
	};
	struct host host = v1_host(*state);

	claim_all_rendered(rows, COUNT_OF(rows), &host);
}

static void speaks_the_language_of_v2(void **state)
{
	static const struct rendered rows[] = {
		{LIMIT_MEMORY_MAX, "10M", "memory.max", "10485760", true},
		{LIMIT_MEMORY_MAX, "infinity", "memory.max", "max", false},
		{LIMIT_MEMORY_HIGH, "8M", "memory.high", "8388608", true},
		{LIMIT_MEMORY_SWAP_MAX, "0", "memory.swap.max", "0", true},
		{LIMIT_MEMORY_SWAP_MAX, "infinity", "memory.swap.max", "max", false},
		{LIMIT_TASKS_MAX, "64", "pids.max", "64", true},
		{LIMIT_CPU_QUOTA, "150%", "cpu.max", "150000 100000", true},
		{LIMIT_CPU_WEIGHT, "100", "cpu.weight", "100", false},
		{LIMIT_ALLOWED_CPUS, "0,2", "cpuset.cpus", "0,2", true},
		{LIMIT_IO_WEIGHT, "10000", "io.weight", "10000", false},
	};
	struct host host = v2_host(*state);

	claim_all_rendered(rows, COUNT_OF(rows), &host);
}

static void limits_memory_and_swap_together_on_v1(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_MAX, "10M");

	limits.values[LIMIT_MEMORY_SWAP_MAX] = parsed(LIMIT_MEMORY_SWAP_MAX, "5M");
	claim_rendered(&limits, &host, "memory.memsw.limit_in_bytes", "15728640", true);
}

static void allows_no_swap_as_a_sum_that_is_the_memory_limit(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_MAX, "10M");

	limits.values[LIMIT_MEMORY_SWAP_MAX] = parsed(LIMIT_MEMORY_SWAP_MAX, "0");
	claim_rendered(&limits, &host, "memory.memsw.limit_in_bytes", "10485760", true);
}

static void needs_a_memory_limit_to_limit_swap_on_v1(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_SWAP_MAX, "0");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "MemorySwapMax: cgroup v1 limits memory and swap together: set MemoryMax");
	limits.values[LIMIT_MEMORY_MAX] = parsed(LIMIT_MEMORY_MAX, "infinity");
	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "set MemoryMax");
}

/* The largest sum that can be asked for is still a number that the kernel takes. */
static void never_writes_a_sum_that_the_kernel_cannot_count(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_MAX, "8388607T");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;
	int count;

	limits.values[LIMIT_MEMORY_SWAP_MAX] = parsed(LIMIT_MEMORY_SWAP_MAX, "8388607T");
	count = limits_render(&limits, &host, settings, &err);
	assert_done(count, &err);
	assert_true(strtoull(settings[count - 1].value, NULL, 10) <= INT64_MAX);
}

static void sets_a_period_beside_a_quota_on_v1(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_CPU_QUOTA, "50%");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(limits_render(&limits, &host, settings, &err), 2);
	assert_string_equal(settings[0].file, "cpu.cfs_period_us");
	assert_string_equal(settings[0].value, "100000");
	assert_false(settings[0].bounded);
}

static void sets_the_parents_memory_nodes_beside_cpus_on_v1(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_ALLOWED_CPUS, "0");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(limits_render(&limits, &host, settings, &err), 2);
	assert_string_equal(settings[0].file, "cpuset.mems");
	assert_string_equal(settings[0].value, "0-1");
}

static void limits_what_sockets_hold_beside_memory_on_v1(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_MAX, "10M");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(limits_render(&limits, &host, settings, &err), 1);
	scratch_write(*state, "memory/memory.kmem.tcp.limit_in_bytes", "9223372036854771712\n",
		      0644);
	assert_int_equal(limits_render(&limits, &host, settings, &err), 2);
	assert_string_equal(settings[0].file, "memory.kmem.tcp.limit_in_bytes");
	assert_string_equal(settings[0].value, "10485760");
}

static void renders_in_the_tables_order(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_TASKS_MAX, "64");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	limits.values[LIMIT_MEMORY_MAX] = parsed(LIMIT_MEMORY_MAX, "10M");
	assert_int_equal(limits_render(&limits, &host, settings, &err), 2);
	assert_int_equal(settings[0].limit, LIMIT_MEMORY_MAX);
	assert_string_equal(settings[0].hierarchy->controllers, "memory");
	assert_string_equal(settings[1].hierarchy->controllers, "pids");
}

static void renders_nothing_of_nothing(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = {0};
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(limits_render(&limits, &host, settings, &err), 0);
}

static void refuses_what_v1_cannot_express_by_name(void **state)
{
	struct host host = v1_host(*state);
	struct limits limits = asked(LIMIT_MEMORY_HIGH, "8M");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "MemoryHigh: this host cannot express it: cgroup v1 has nothing like it");
}

static void refuses_a_limit_without_its_controller_by_name(void **state)
{
	struct host host = {0};
	struct setting settings[SETTINGS_MAX];
	size_t index;

	(void)state;
	for (index = 0; index < LIMIT_COUNT; index++) {
		struct limits limits = {0};
		struct error err = ERROR_NONE;
		char words[128];

		limits.values[index].set = true;
		(void)snprintf(words, sizeof(words), "%s: this host cannot limit it: no hierarchy",
			       limit_table[index].name);
		assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
			       words);
	}
}

static void refuses_swap_where_the_kernel_does_not_count_it(void **state)
{
	const struct scratch *scratch = *state;
	struct host host = v1_host(scratch);
	struct limits limits = asked(LIMIT_MEMORY_MAX, "10M");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	limits.values[LIMIT_MEMORY_SWAP_MAX] = parsed(LIMIT_MEMORY_SWAP_MAX, "0");
	assert_int_equal(unlinkat(scratch->fd, "memory/memory.memsw.limit_in_bytes", 0), 0);
	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "MemorySwapMax: this host cannot express it: the kernel offers no "
		       "memory.memsw.limit_in_bytes here (boot with swapaccount=1");
}

static void refuses_io_weight_without_its_scheduler(void **state)
{
	const struct scratch *scratch = *state;
	struct host host = v1_host(scratch);
	struct limits limits = asked(LIMIT_IO_WEIGHT, "100");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(unlinkat(scratch->fd, "blkio/blkio.bfq.weight", 0), 0);
	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "IOWeight: this host cannot express it: the kernel offers no "
		       "blkio.bfq.weight here (it needs the bfq scheduler)");
}

/* On v2 the root has no limit files: a child with the controller tells. */
static void asks_a_child_what_the_root_cannot_tell(void **state)
{
	const struct scratch *scratch = *state;
	struct host host = v2_host(scratch);
	struct limits limits = asked(LIMIT_MEMORY_SWAP_MAX, "0");
	struct setting settings[SETTINGS_MAX];
	struct error err = ERROR_NONE;

	assert_int_equal(mkdirat(scratch->fd, "system.slice", 0755), 0);
	scratch_write(scratch, "system.slice/memory.max", "max\n", 0644);
	assert_refused(limits_render(&limits, &host, settings, &err), &err, EOPNOTSUPP,
		       "MemorySwapMax: this host cannot express it");
	scratch_write(scratch, "system.slice/memory.swap.max", "max\n", 0644);
	assert_int_equal(limits_render(&limits, &host, settings, &err), 1);
}

static void refuses_a_device_that_is_none(void **state)
{
	struct host host = v1_host(*state);
	struct setting settings[SETTINGS_MAX];
	struct limits missing = asked(LIMIT_IO_READ_BANDWIDTH_MAX, "/dev/nowhere 1M"),
		      character = asked(LIMIT_IO_WRITE_BANDWIDTH_MAX, "/dev/null 1M");
	struct error err = ERROR_NONE;

	assert_refused(limits_render(&missing, &host, settings, &err), &err, ENOENT,
		       "IOReadBandwidthMax: /dev/nowhere: No such file");
	assert_refused(limits_render(&character, &host, settings, &err), &err, ENOTBLK,
		       "IOWriteBandwidthMax: /dev/null is not a block device");
}

/* ---- what the kernel answers ----------------------------------------------------------------- */

static void recognizes_its_own_value_in_the_kernels_answer(void **state)
{
	static const struct {
		enum limit_id id;
		const char *asked, *seen;
		bool same;
	} rows[] = {
		{LIMIT_MEMORY_MAX, "10485760", "10485760", true},
		{LIMIT_MEMORY_MAX, "10485761", "10485760", true}, /* whole pages, rounded down */
		{LIMIT_MEMORY_MAX, "10489855", "10485760", true},
		{LIMIT_MEMORY_MAX, "10485760", "10489856", false},
		{LIMIT_MEMORY_MAX, "10485760", "10481664", false},
		{LIMIT_MEMORY_MAX, "10485760", "max", false},
		{LIMIT_MEMORY_MAX, "10485760", "", false},
		{LIMIT_MEMORY_MAX, "10485760", "9223372036854771712", false},
		{LIMIT_MEMORY_MAX, "-1", "9223372036854771712", true},
		{LIMIT_MEMORY_MAX, "-1", "10485760", false},
		{LIMIT_MEMORY_MAX, "max", "max", true},
		{LIMIT_MEMORY_MAX, "max", "10485760", false},
		{LIMIT_MEMORY_SWAP_MAX, "0", "0", true},
		{LIMIT_TASKS_MAX, "64", "64", true},
		{LIMIT_TASKS_MAX, "64", "640", false},
		{LIMIT_TASKS_MAX, "max", "max", true},
		{LIMIT_CPU_QUOTA, "50000 100000", "50000 100000", true},
		{LIMIT_CPU_QUOTA, "50000 100000", "max 100000", false},
		{LIMIT_CPU_QUOTA, "50000", "-1", false},
		{LIMIT_ALLOWED_CPUS, "0,1,2,3", "0-3", true},
		{LIMIT_ALLOWED_CPUS, "0-3", "0-3", true},
		{LIMIT_ALLOWED_CPUS, "0,2", "0-2", false},
		{LIMIT_ALLOWED_CPUS, "0", "", false},
		{LIMIT_ALLOWED_CPUS, "0", "garbage", false},
		{LIMIT_IO_WEIGHT, "100", "default 100", true},
		{LIMIT_IO_WEIGHT, "100", "100", true},
		{LIMIT_IO_WEIGHT, "100", "default 100\n8:0 200", true},
		{LIMIT_IO_WEIGHT, "100", "default 1000", false},
		{LIMIT_IO_WEIGHT, "100", "default 200", false},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "254:0 1048576", true},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "8:0 1\n254:0 1048576\n", true},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "254:0 10485760", false},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "1254:0 1048576", false},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "254:16 1048576", false},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 1048576", "", false},
		{LIMIT_IO_READ_BANDWIDTH_MAX, "254:0 rbps=1048576",
		 "254:0 rbps=1048576 wbps=max riops=max wiops=max", true},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "254:0 wbps=1048576",
		 "254:0 rbps=max wbps=1048576 riops=max wiops=max", true},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "254:0 wbps=1048576",
		 "254:0 rbps=1048576 wbps=max riops=max wiops=max", false},
		{LIMIT_IO_WRITE_BANDWIDTH_MAX, "254:0 wbps=1048576",
		 "254:0 rbps=max wbps=max riops=max wiops=max\n"
		 "8:0 rbps=max wbps=1048576 riops=max wiops=max",
		 false},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		if (row(rows[index].id)->matches(rows[index].asked, rows[index].seen) !=
		    rows[index].same)
			fail_msg("%s: asked '%s', seen '%s'", row(rows[index].id)->name,
				 rows[index].asked, rows[index].seen);
	}
}

static void knows_how_each_file_says_that_there_is_no_limit(void **state)
{
	static const struct {
		const char *file, *text;
		bool unlimited;
	} rows[] = {
		{"memory.max", "max", true},
		{"memory.max", "10485760", false},
		{"memory.max", "0", false},
		{"memory.swap.max", "max", true},
		{"memory.swap.max", "0", false},
		{"memory.limit_in_bytes", "9223372036854771712", true},
		{"memory.limit_in_bytes", "9223372036854775807", true},
		{"memory.limit_in_bytes", "9223372036854710272", true}, /* pages of 64 KiB */
		{"memory.limit_in_bytes", "10485760", false},
		{"memory.memsw.limit_in_bytes", "9223372036854771712", true},
		{"pids.max", "max", true},
		{"pids.max", "64", false},
		{"cpu.max", "max 100000", true},
		{"cpu.max", "50000 100000", false},
		{"cpu.cfs_quota_us", "-1", true},
		{"cpu.cfs_quota_us", "50000", false},
		{"cpuset.cpus", "", true},
		{"cpuset.cpus", "0-1", false},
		{"io.max", "", true},
		{"io.max", "254:0 rbps=1048576 wbps=max riops=max wiops=max", false},
		{"blkio.throttle.read_bps_device", "", true},
		{"blkio.throttle.read_bps_device", "254:0 1048576", false},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		if (limit_text_is_unlimited(rows[index].file, rows[index].text) !=
		    rows[index].unlimited)
			fail_msg("%s: '%s'", rows[index].file, rows[index].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_row_by_its_name),
		cmocka_unit_test(finds_no_row_by_another_name),
		cmocka_unit_test(has_every_column_of_every_row),
		cmocka_unit_test(prints_what_it_parsed),
		cmocka_unit_test(takes_a_percentage_of_this_hosts_memory),
		cmocka_unit_test(refuses_every_bad_value_by_the_limits_name),
		cmocka_unit_test(refuses_an_overlong_list_of_cpus),
		cmocka_unit_test(adds_bandwidths_up_one_device_at_a_time),
		cmocka_unit_test(keeps_the_devices_it_has_when_no_more_fit),
		cmocka_unit_test(knows_that_nothing_is_set),
		with_scratch(speaks_the_language_of_v1),
		with_scratch(speaks_the_language_of_v2),
		with_scratch(limits_memory_and_swap_together_on_v1),
		with_scratch(allows_no_swap_as_a_sum_that_is_the_memory_limit),
		with_scratch(needs_a_memory_limit_to_limit_swap_on_v1),
		with_scratch(never_writes_a_sum_that_the_kernel_cannot_count),
		with_scratch(sets_a_period_beside_a_quota_on_v1),
		with_scratch(sets_the_parents_memory_nodes_beside_cpus_on_v1),
		with_scratch(limits_what_sockets_hold_beside_memory_on_v1),
		with_scratch(renders_in_the_tables_order),
		with_scratch(renders_nothing_of_nothing),
		with_scratch(refuses_what_v1_cannot_express_by_name),
		cmocka_unit_test(refuses_a_limit_without_its_controller_by_name),
		with_scratch(refuses_swap_where_the_kernel_does_not_count_it),
		with_scratch(refuses_io_weight_without_its_scheduler),
		with_scratch(asks_a_child_what_the_root_cannot_tell),
		with_scratch(refuses_a_device_that_is_none),
		cmocka_unit_test(recognizes_its_own_value_in_the_kernels_answer),
		cmocka_unit_test(knows_how_each_file_says_that_there_is_no_limit),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
