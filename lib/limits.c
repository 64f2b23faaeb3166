/* SPDX-License-Identifier: MIT */
#include "groupies/limits.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/size.h"

/* v1 counts in pages and reads "no limit" back as the largest multiple of one (64 KiB at most). */
#define V1_UNLIMITED_FROM     ((uint64_t)0x7fffffffffff0000)
#define CPU_PERIOD_US         100000
#define CPUS_MAX              8192
#define BANDWIDTH_DEVICES_MAX 4

/* ---- parsing --------------------------------------------------------------------------------- */

static int parse_size(const struct limit *limit, const char *text, struct limit_value *value,
		      struct error *err)
{
	uint64_t bytes;

	if (strcmp(text, "infinity") == 0)
		bytes = SIZE_INFINITY;
	else if (size_parse(text, host_memory_bytes(), &bytes, err) < 0)
		return error_context(err, "%s", limit->name);
	if (bytes < 4096 && limit_id(limit) != LIMIT_MEMORY_SWAP_MAX)
		return error_set(err, ERANGE, "%s: '%s' is less than one page (4096 bytes)",
				 limit->name, text);
	value->number = bytes;
	value->set = true;
	return 0;
}

static int parse_tasks(const struct limit *limit, const char *text, struct limit_value *value,
		       struct error *err)
{
	uint64_t tasks = SIZE_INFINITY;

	if (strcmp(text, "infinity") != 0 && number_parse(text, 1, 4194304, &tasks, err) < 0)
		return error_context(err, "%s", limit->name);
	value->number = tasks;
	value->set = true;
	return 0;
}

static int parse_percent(const struct limit *limit, const char *text, struct limit_value *value,
			 struct error *err)
{
	size_t length = strlen(text);
	char digits[16];
	uint64_t percent;

	if (length < 2 || length > sizeof(digits) || text[length - 1] != '%')
		return error_set(err, EINVAL,
				 "%s: '%s' is not a percentage of one CPU: write 50%% or 200%%",
				 limit->name, text);
	memcpy(digits, text, length - 1);
	digits[length - 1] = '\0';
	if (number_parse(digits, 1, 100000, &percent, err) < 0)
		return error_context(err, "%s", limit->name);
	value->number = percent;
	value->set = true;
	return 0;
}

static int parse_weight(const struct limit *limit, const char *text, struct limit_value *value,
			struct error *err)
{
	if (number_parse(text, 1, 10000, &value->number, err) < 0)
		return error_context(err, "%s", limit->name);
	value->set = true;
	return 0;
}

/* Reads a list like 0-3,7 into a set. False when it is none. */
static bool cpus_read(const char *text, unsigned char set[CPUS_MAX])
{
	memset(set, 0, CPUS_MAX);
	while (*text) {
		char *end;
		unsigned long low, high;

		if (!isdigit((unsigned char)*text))
			return false;
		low = high = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			high = strtoul(end + 1, &end, 10);
		}
		if (low > high || high >= CPUS_MAX || (*end && *end != ','))
			return false;
		memset(set + low, 1, high - low + 1);
		if (*end == ',' && !end[1])
			return false;
		text = *end ? end + 1 : end;
	}
	return true;
}

static int parse_cpus(const struct limit *limit, const char *text, struct limit_value *value,
		      struct error *err)
{
	unsigned char set[CPUS_MAX];

	if (!*text || strlen(text) >= sizeof(value->text) || !cpus_read(text, set))
		return error_set(err, EINVAL, "%s: '%s' is not a list of CPUs: write 0-3 or 0,2",
				 limit->name, text);
	(void)text_copy(value->text, sizeof(value->text), text);
	value->set = true;
	return 0;
}

/* "DEVICE BYTES": one device a time; the lines of value->text add up. */
static int parse_bandwidth(const struct limit *limit, const char *text, struct limit_value *value,
			   struct error *err)
{
	const char *blank = strpbrk(text, " \t");
	size_t used = value->set ? strlen(value->text) : 0;
	uint64_t bytes;
	int length;

	if (!blank || text[0] != '/')
		return error_set(err, EINVAL,
				 "%s: '%s' is not a device and a size: write /dev/sda 10M",
				 limit->name, text);
	if (size_parse(blank + strspn(blank, " \t"), 0, &bytes, err) < 0)
		return error_context(err, "%s", limit->name);
	if (bytes == 0)
		return error_set(err, ERANGE, "%s: '%s': 0 bytes a second would stop all I/O",
				 limit->name, text);
	length = snprintf(value->text + used, sizeof(value->text) - used, "%s%.*s %" PRIu64,
			  used ? "\n" : "", (int)(blank - text), text, bytes);
	if (length < 0 || (size_t)length >= sizeof(value->text) - used) {
		value->text[used] = '\0';
		return error_set(err, E2BIG, "%s: more devices than fit", limit->name);
	}
	value->set = true;
	return 0;
}

/* ---- printing, as a config says it ----------------------------------------------------------- */

static void print_number(const struct limit_value *value, char *text, size_t size)
{
	if (value->number == SIZE_INFINITY)
		(void)snprintf(text, size, "infinity");
	else
		(void)snprintf(text, size, "%" PRIu64, value->number);
}

static void print_size(const struct limit_value *value, char *text, size_t size)
{
	static const struct {
		unsigned shift;
		char suffix;
	} units[] = {{40, 'T'}, {30, 'G'}, {20, 'M'}, {10, 'K'}};
	size_t index;

	for (index = 0; index < sizeof(units) / sizeof(*units); index++) {
		uint64_t unit = (uint64_t)1 << units[index].shift;

		if (value->number == SIZE_INFINITY || value->number < unit || value->number % unit)
			continue;
		(void)snprintf(text, size, "%" PRIu64 "%c", value->number / unit,
			       units[index].suffix);
		return;
	}
	print_number(value, text, size);
}

static void print_percent(const struct limit_value *value, char *text, size_t size)
{
	(void)snprintf(text, size, "%" PRIu64 "%%", value->number);
}

static void print_text(const struct limit_value *value, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", value->text);
}

/* ---- rendering, as the kernel takes it ------------------------------------------------------- */

static int render_number(const struct limit *limit, const struct limits *limits, bool unified,
			 char *text, size_t size, struct error *err)
{
	uint64_t number = limits->values[limit_id(limit)].number;

	(void)err;
	if (number == SIZE_INFINITY)
		(void)snprintf(text, size, "%s", unified || limit->unit[0] == 't' ? "max" : "-1");
	else
		(void)snprintf(text, size, "%" PRIu64, number);
	return 0;
}

/* v1 limits memory and swap together: what may be swapped is the difference. */
static int render_swap(const struct limit *limit, const struct limits *limits, bool unified,
		       char *text, size_t size, struct error *err)
{
	const struct limit_value *memory = &limits->values[LIMIT_MEMORY_MAX];
	uint64_t swap = limits->values[LIMIT_MEMORY_SWAP_MAX].number, sum;

	if (unified || swap == SIZE_INFINITY)
		return render_number(limit, limits, unified, text, size, err);
	if (!memory->set || memory->number == SIZE_INFINITY)
		return error_set(err, EOPNOTSUPP,
				 "MemorySwapMax: cgroup v1 limits memory and swap together: set "
				 "MemoryMax too");
	if (__builtin_add_overflow(memory->number, swap, &sum) || sum > (uint64_t)INT64_MAX)
		sum = (uint64_t)INT64_MAX;
	(void)snprintf(text, size, "%" PRIu64, sum);
	return 0;
}

static int render_quota(const struct limit *limit, const struct limits *limits, bool unified,
			char *text, size_t size, struct error *err)
{
	uint64_t quota_us = limits->values[limit_id(limit)].number * CPU_PERIOD_US / 100;

	(void)err;
	if (unified)
		(void)snprintf(text, size, "%" PRIu64 " %d", quota_us, CPU_PERIOD_US);
	else
		(void)snprintf(text, size, "%" PRIu64, quota_us);
	return 0;
}

/* systemd's own translation: weight 100 is 1024 shares; the kernel takes 2 to 262144. */
static int render_cpu_weight(const struct limit *limit, const struct limits *limits, bool unified,
			     char *text, size_t size, struct error *err)
{
	uint64_t weight = limits->values[limit_id(limit)].number;
	uint64_t shares = weight * 1024 / 100;

	(void)err;
	(void)snprintf(text, size, "%" PRIu64, unified ? weight : shares < 2 ? 2 : shares);
	return 0;
}

/* v1's bfq takes 1 to 1000 where v2 takes 1 to 10000. */
static int render_io_weight(const struct limit *limit, const struct limits *limits, bool unified,
			    char *text, size_t size, struct error *err)
{
	uint64_t weight = limits->values[limit_id(limit)].number;

	(void)err;
	(void)snprintf(text, size, "%" PRIu64, unified || weight <= 1000 ? weight : 1000);
	return 0;
}

static int render_cpus(const struct limit *limit, const struct limits *limits, bool unified,
		       char *text, size_t size, struct error *err)
{
	(void)unified;
	(void)err;
	(void)snprintf(text, size, "%s", limits->values[limit_id(limit)].text);
	return 0;
}

/* Renders the first line of the value; limits_render comes again for each further one. */
static int render_bandwidth(const struct limit *limit, const struct limits *limits, bool unified,
			    char *text, size_t size, struct error *err)
{
	const char *line = limits->values[limit_id(limit)].text;
	const char *blank = strchr(line, ' ');
	const char *key = limit_id(limit) == LIMIT_IO_READ_BANDWIDTH_MAX ? "rbps=" : "wbps=";
	char device[256];
	struct stat st;

	if (!blank || (size_t)(blank - line) >= sizeof(device))
		return error_set(err, EINVAL, "%s: '%s' names no device", limit->name, line);
	memcpy(device, line, (size_t)(blank - line));
	device[blank - line] = '\0';
	if (stat(device, &st) < 0)
		return error_errno(err, "%s: %s", limit->name, device);
	if (!S_ISBLK(st.st_mode))
		return error_set(err, ENOTBLK, "%s: %s is not a block device", limit->name, device);
	(void)snprintf(text, size, "%u:%u %s%.*s", major(st.st_rdev), minor(st.st_rdev),
		       unified ? key : "", (int)strcspn(blank + 1, "\n"), blank + 1);
	return 0;
}

/* ---- comparing what was asked with what the kernel says -------------------------------------- */

static bool matches_text(const char *asked, const char *seen)
{
	return strcmp(asked, seen) == 0;
}

/* Memory is counted in whole pages, rounded down (memory.rst). */
static bool matches_bytes(const char *asked, const char *seen)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t a, s;
	struct error ignored;

	if (number_parse(asked, 0, UINT64_MAX, &a, &ignored) < 0)
		return strcmp(asked, seen) == 0 || limit_text_is_unlimited("memory.", seen);
	if (number_parse(seen, 0, UINT64_MAX, &s, &ignored) < 0)
		return false;
	return a - a % page == s;
}

static bool matches_cpus(const char *asked, const char *seen)
{
	static unsigned char a[CPUS_MAX], s[CPUS_MAX];

	return cpus_read(asked, a) && cpus_read(seen, s) && memcmp(a, s, CPUS_MAX) == 0;
}

/* One of the words of LINE, which ends at a newline, is WORD. */
static bool line_has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	while (*line && *line != '\n') {
		if (strncmp(line, word, length) == 0 && strchr(" \n", line[length]))
			return true;
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return false;
}

/* The file shows a line for each device: ours must be among them, with our word in it. */
static bool matches_device(const char *asked, const char *seen)
{
	const char *blank = strchr(asked, ' ');
	size_t key = blank ? (size_t)(blank - asked) + 1 : 0;
	const char *line;

	for (line = seen; line && key; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, asked, key) == 0)
			return line_has_word(line + key, asked + key);
	}
	return false;
}

/* io.weight and its v1 kin read back as "default 100". */
static bool matches_weight(const char *asked, const char *seen)
{
	if (strncmp(seen, "default ", 8) == 0)
		seen += 8;
	return strncmp(seen, asked, strlen(asked)) == 0 &&
	       !isdigit((unsigned char)seen[strlen(asked)]);
}

/* ---- the table ------------------------------------------------------------------------------- */

const struct limit limit_table[LIMIT_COUNT] = {
	[LIMIT_MEMORY_MAX] = {"MemoryMax", "memory", "memory", "memory.limit_in_bytes",
			      "memory.max", "bytes", parse_size, print_size, render_number,
			      matches_bytes},
	[LIMIT_MEMORY_HIGH] = {"MemoryHigh", "memory", "memory", NULL, "memory.high", "bytes",
			       parse_size, print_size, render_number, matches_bytes},
	[LIMIT_MEMORY_SWAP_MAX] = {"MemorySwapMax", "memory", "memory",
				   "memory.memsw.limit_in_bytes", "memory.swap.max", "bytes",
				   parse_size, print_size, render_swap, matches_bytes},
	[LIMIT_TASKS_MAX] = {"TasksMax", "pids", "pids", "pids.max", "pids.max", "tasks",
			     parse_tasks, print_number, render_number, matches_text},
	[LIMIT_CPU_QUOTA] = {"CPUQuota", "cpu", "cpu", "cpu.cfs_quota_us", "cpu.max",
			     "percent of one CPU", parse_percent, print_percent, render_quota,
			     matches_text},
	[LIMIT_CPU_WEIGHT] = {"CPUWeight", "cpu", "cpu", "cpu.shares", "cpu.weight", "weight",
			      parse_weight, print_number, render_cpu_weight, matches_text},
	[LIMIT_ALLOWED_CPUS] = {"AllowedCPUs", "cpuset", "cpuset", "cpuset.cpus", "cpuset.cpus",
				"list of CPUs", parse_cpus, print_text, render_cpus, matches_cpus},
	[LIMIT_IO_WEIGHT] = {"IOWeight", "blkio", "io", "blkio.bfq.weight", "io.weight", "weight",
			     parse_weight, print_number, render_io_weight, matches_weight},
	[LIMIT_IO_READ_BANDWIDTH_MAX] = {"IOReadBandwidthMax", "blkio", "io",
					 "blkio.throttle.read_bps_device", "io.max",
					 "device and bytes a second", parse_bandwidth, print_text,
					 render_bandwidth, matches_device},
	[LIMIT_IO_WRITE_BANDWIDTH_MAX] = {"IOWriteBandwidthMax", "blkio", "io",
					  "blkio.throttle.write_bps_device", "io.max",
					  "device and bytes a second", parse_bandwidth, print_text,
					  render_bandwidth, matches_device},
};

const struct limit *limit_find(const char *name)
{
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		if (strcmp(limit_table[index].name, name) == 0)
			return &limit_table[index];
	}
	return NULL;
}

enum limit_id limit_id(const struct limit *limit)
{
	return (enum limit_id)(limit - limit_table);
}

int limit_parse(const struct limit *limit, const char *text, struct limit_value *value,
		struct error *err)
{
	return limit->parse(limit, text, value, err);
}

const char *limit_print(const struct limit *limit, const struct limit_value *value, char *text,
			size_t size)
{
	limit->print(value, text, size);
	return text;
}

bool limits_are_empty(const struct limits *limits)
{
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		if (limits->values[index].set)
			return false;
	}
	return true;
}

bool limit_text_is_unlimited(const char *file, const char *text)
{
	uint64_t number;
	struct error ignored;

	if (strncmp(text, "max", 3) == 0 || strcmp(text, "-1") == 0)
		return true;
	/* A bandwidth or a CPU list that nobody set reads as nothing. */
	if (*text == '\0')
		return true;
	return strncmp(file, "memory.", 7) == 0 &&
	       number_parse(text, 0, UINT64_MAX, &number, &ignored) == 0 &&
	       number >= V1_UNLIMITED_FROM;
}

/* ---- what to write on this host -------------------------------------------------------------- */

struct rendering {
	const struct host *host;
	struct setting *settings;
	int count;
};

static int setting_add(struct rendering *to, const struct limit *limit,
		       const struct hierarchy *hierarchy, const char *file, const char *value,
		       struct error *err)
{
	struct setting *setting = &to->settings[to->count];

	if (to->count == SETTINGS_MAX)
		return error_set(err, E2BIG, "%s: more settings than fit", limit->name);
	*setting = (struct setting){
		.limit = limit_id(limit),
		.hierarchy = hierarchy,
		.controller = hierarchy->unified ? limit->controller_v2 : limit->controller_v1,
		.file = file,
		.matches = limit->matches,
	};
	if (!text_copy(setting->value, sizeof(setting->value), value))
		return error_set(err, ENAMETOOLONG, "%s: its value does not fit", limit->name);
	to->count++;
	return 0;
}

enum offer { OFFER_NO, OFFER_YES, OFFER_OF_OTHERS };

/* Has the group NAME below FD that FILE? OFFER_OF_OTHERS: it has not even the controller. */
static int group_offers(int fd, const char *name, const char *controller, const char *file,
			struct error *err)
{
	cleanup_dir DIR *files = NULL;
	const struct dirent *found;
	int offer = OFFER_OF_OTHERS, more = directory_find(fd, name, &files, err);

	if (more <= 0)
		return more < 0 ? more : OFFER_OF_OTHERS;
	while ((more = directory_next(files, &found, err)) > 0) {
		if (strcmp(found->d_name, file) == 0)
			return OFFER_YES;
		if (strncmp(found->d_name, controller, strlen(controller)) == 0)
			offer = OFFER_NO;
	}
	return more < 0 ? error_context(err, "%s", name) : offer;
}

/* Some child of the group open at FD that has the controller, and FILE in it. */
static int child_offers(int fd, const char *controller, const char *file, bool otherwise,
			struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *child;
	int more;

	if (directory_list(fd, &entries, err) < 0)
		return -err->code;
	while ((more = directory_next(entries, &child, err)) > 0) {
		int offer = OFFER_OF_OTHERS;

		if (child->d_type == DT_DIR)
			offer = group_offers(fd, child->d_name, controller, file, err);
		if (offer != OFFER_OF_OTHERS)
			return offer;
	}
	return more < 0 ? more : otherwise;
}

/*
 * Whether FILE is to be had below HIERARCHY. Only the limits on swap and on I/O weight depend on
 * how the kernel was built and booted; the root may lack a file that every child has.
 */
static int hierarchy_offers(const struct limit *limit, const struct hierarchy *hierarchy,
			    const char *file, struct error *err)
{
	const char *controller = hierarchy->unified ? limit->controller_v2 : limit->controller_v1;
	cleanup_fd int fd = -1;
	int offer;

	if (limit_id(limit) != LIMIT_MEMORY_SWAP_MAX && limit_id(limit) != LIMIT_IO_WEIGHT)
		return 1;
	fd = directory_open(AT_FDCWD, hierarchy->mount, err);
	if (fd < 0)
		return fd;
	offer = file_stands(fd, file, err);
	if (offer == 0)
		offer = child_offers(fd, controller, file, hierarchy->unified, err);
	return offer < 0 ? error_context(err, "%s", hierarchy->mount) : offer;
}

static int refuse_here(const struct limit *limit, const struct hierarchy *hierarchy,
		       const char *file, struct error *err)
{
	if (!hierarchy)
		return error_set(
			err, EOPNOTSUPP,
			"%s: this host cannot limit it: no hierarchy has the %s controller",
			limit->name, limit->controller_v2);
	if (!file)
		return error_set(err, EOPNOTSUPP,
				 "%s: this host cannot express it: cgroup v1 has nothing like it",
				 limit->name);
	return error_set(err, EOPNOTSUPP,
			 "%s: this host cannot express it: the kernel offers no %s here%s",
			 limit->name, file,
			 limit_id(limit) == LIMIT_MEMORY_SWAP_MAX
				 ? " (boot with swapaccount=1, or leave the limit out)"
			 : limit_id(limit) == LIMIT_IO_WEIGHT ? " (it needs the bfq scheduler)"
							      : "");
}

/*
 * v1 counts what sockets hold of the kernel's memory apart from the rest, and only where a limit
 * is set (memory.rst, 2.7.1): without one, every byte over the loopback is beyond MemoryMax.
 */
static int setting_add_sockets(struct rendering *to, const struct limit *limit,
			       const struct limits *limits, const struct hierarchy *hierarchy,
			       struct error *err)
{
	static const char file[] = "memory.kmem.tcp.limit_in_bytes";
	cleanup_fd int mount = directory_open(AT_FDCWD, hierarchy->mount, err);
	int stands = mount < 0 ? mount : file_stands(mount, file, err);
	char text[256];

	if (stands <= 0)
		return stands;
	if (render_number(limit, limits, false, text, sizeof(text), err) < 0)
		return -err->code;
	return setting_add(to, limit, hierarchy, file, text, err);
}

/* v1 wants a period beside a quota, memory nodes beside CPUs, and sockets beside memory. */
static int setting_add_beside(struct rendering *to, const struct limit *limit,
			      const struct limits *limits, const struct hierarchy *hierarchy,
			      struct error *err)
{
	char text[256];
	cleanup_fd int mount = -1;

	if (hierarchy->unified)
		return 0;
	if (limit_id(limit) == LIMIT_MEMORY_MAX)
		return setting_add_sockets(to, limit, limits, hierarchy, err);
	if (limit_id(limit) == LIMIT_CPU_QUOTA) {
		(void)snprintf(text, sizeof(text), "%d", CPU_PERIOD_US);
		return setting_add(to, limit, hierarchy, "cpu.cfs_period_us", text, err);
	}
	if (limit_id(limit) != LIMIT_ALLOWED_CPUS)
		return 0;
	mount = directory_open(AT_FDCWD, hierarchy->mount, err);
	if (mount < 0 || kernel_read(mount, "cpuset.mems", text, sizeof(text), err) < 0)
		return error_context(err, "%s", limit->name);
	return setting_add(to, limit, hierarchy, "cpuset.mems", text, err);
}

static bool is_bounded(const struct limit_value *value, enum limit_id id)
{
	return value->number != SIZE_INFINITY && id != LIMIT_CPU_WEIGHT && id != LIMIT_IO_WEIGHT;
}

static int render_limit(struct rendering *to, const struct limit *limit,
			const struct limits *limits, struct error *err)
{
	const struct hierarchy *hierarchy = host_hierarchy(to->host, limit->controller_v2);
	bool unified = hierarchy && hierarchy->unified;
	const char *file = unified ? limit->file_v2 : limit->file_v1;
	struct limits rest = *limits;
	char *line = rest.values[limit_id(limit)].text;
	unsigned number = 0;
	int offer = hierarchy && file ? hierarchy_offers(limit, hierarchy, file, err) : 0;

	if (offer < 0)
		return error_context(err, "%s", limit->name);
	if (offer == 0)
		return refuse_here(limit, hierarchy, file, err);
	if (setting_add_beside(to, limit, limits, hierarchy, err) < 0)
		return -err->code;
	do {
		char value[256];
		char *next = strchr(line, '\n');

		if (limit->render(limit, &rest, unified, value, sizeof(value), err) < 0 ||
		    setting_add(to, limit, hierarchy, file, value, err) < 0)
			return -err->code;
		to->settings[to->count - 1].line = number++;
		to->settings[to->count - 1].bounded =
			is_bounded(&limits->values[limit_id(limit)], limit_id(limit));
		if (!next)
			break;
		memmove(line, next + 1, strlen(next + 1) + 1);
	} while (true);
	return 0;
}

int limits_render(const struct limits *limits, const struct host *host,
		  struct setting settings[SETTINGS_MAX], struct error *err)
{
	struct rendering to = {.host = host, .settings = settings};
	size_t index;

	for (index = 0; index < LIMIT_COUNT; index++) {
		if (limits->values[index].set &&
		    render_limit(&to, &limit_table[index], limits, err) < 0)
			return -err->code;
	}
	return to.count;
}
