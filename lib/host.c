/* SPDX-License-Identifier: MIT */
#include "groupies/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define MOUNTINFO_SIZE ((size_t)256 * 1024)

/* The fields of a line of mountinfo that we need (proc(5)): root is the 4th, the mount the 5th. */
struct mount_line {
	char *root;
	char *mount;
	char *type;
	char *options;
};

bool controllers_have(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *at;

	for (at = list; length && *at; at += *at == ',') {
		size_t word = strcspn(at, ",");

		if (word == length && strncmp(at, name, length) == 0)
			return true;
		at += word;
	}
	return false;
}

/* mountinfo writes blank, tab, newline and backslash as three octal digits. */
static void unescape(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 +
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static bool mount_line_parse(char *line, struct mount_line *ret_mount)
{
	char *separator = strstr(line, " - ");
	char *saved = NULL, *field = NULL;
	int index;

	if (!separator)
		return false;
	*separator = '\0';
	for (index = 0, field = strtok_r(line, " ", &saved); field && index < 5;
	     field = strtok_r(NULL, " ", &saved), index++) {
		if (index == 3)
			ret_mount->root = field;
		if (index == 4)
			ret_mount->mount = field;
	}
	if (index < 5)
		return false;
	ret_mount->type = strtok_r(separator + 3, " ", &saved);
	if (!ret_mount->type || !strtok_r(NULL, " ", &saved))
		return false;
	ret_mount->options = strtok_r(NULL, " ", &saved);
	if (!ret_mount->options)
		return false;
	unescape(ret_mount->root);
	unescape(ret_mount->mount);
	return true;
}

/* Keeps of a v1 mount's options what is a controller that some limit can use. */
static void controllers_from_options(char *options, char *list, size_t size)
{
	static const char known[] = "cpu,cpuacct,cpuset,memory,pids,blkio,devices,freezer";
	char *saved = NULL, *option;

	list[0] = '\0';
	for (option = strtok_r(options, ",", &saved); option;
	     option = strtok_r(NULL, ",", &saved)) {
		if (!controllers_have(known, option) || strlen(list) + strlen(option) + 2 > size)
			continue;
		if (*list)
			strcat(list, ",");
		strcat(list, option);
	}
}

/* The same hierarchy may be mounted twice: the mount that shows most of it is the one to use. */
static bool hierarchy_is_known(struct host *host, const struct hierarchy *found)
{
	size_t index;

	for (index = 0; index < host->count; index++) {
		struct hierarchy *old = &host->hierarchies[index];
		bool covers = strcmp(old->mount, found->mount) == 0;

		if (old->unified != found->unified ||
		    strcmp(old->controllers, found->controllers) != 0)
			continue;
		/* What is mounted later on the same place hides what was there. */
		if (covers || strlen(found->root) < strlen(old->root))
			*old = *found;
		return true;
	}
	return false;
}

int host_parse_mounts(char *text, struct host *ret_host, struct error *err)
{
	struct host host = {0};
	char *cursor = text, *line;

	while ((line = line_next(&cursor))) {
		struct mount_line mount = {0};
		struct hierarchy found = {0};

		if (!mount_line_parse(line, &mount))
			continue;
		found.unified = strcmp(mount.type, "cgroup2") == 0;
		if (!found.unified && strcmp(mount.type, "cgroup") != 0)
			continue;
		if (!text_copy(found.mount, sizeof(found.mount), mount.mount) ||
		    !text_copy(found.root, sizeof(found.root), mount.root))
			return error_set(err, ENAMETOOLONG,
					 "a cgroup mount has a path of over %zu bytes",
					 sizeof(found.mount) - 1);
		if (!found.unified)
			controllers_from_options(mount.options, found.controllers,
						 sizeof(found.controllers));
		if ((!found.unified && !*found.controllers) || hierarchy_is_known(&host, &found))
			continue;
		if (host.count == HOST_HIERARCHIES_MAX)
			return error_set(err, E2BIG, "more than %d cgroup hierarchies are mounted",
					 HOST_HIERARCHIES_MAX);
		host.hierarchies[host.count++] = found;
	}
	*ret_host = host;
	return 0;
}

/* Asks a mount itself what it is and, for the unified one, which controllers it has. */
static int hierarchy_confirm(struct hierarchy *hierarchy, struct error *err)
{
	cleanup_fd int fd = directory_open(AT_FDCWD, hierarchy->mount, err);
	struct statfs fs;
	char *at;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return error_errno(err, "%s", hierarchy->mount);
	if (fs.f_type != (hierarchy->unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return error_set(err, ENODEV, "%s: something else is mounted over it",
				 hierarchy->mount);
	if (!hierarchy->unified)
		return 0;
	if (kernel_read(fd, "cgroup.controllers", hierarchy->controllers,
			sizeof(hierarchy->controllers), err) < 0)
		return -err->code;
	for (at = hierarchy->controllers; *at; at++)
		*at = *at == ' ' ? ',' : *at;
	return 0;
}

/* Pages instead of malloc(): hog-static, which reads this too, has no other use for an allocator. */
static char *pages_take(void)
{
	char *pages = mmap(NULL, MOUNTINFO_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static void pages_give_back(char **pages)
{
	if (*pages)
		(void)munmap(*pages, MOUNTINFO_SIZE);
}

#define cleanup_pages __attribute__((cleanup(pages_give_back)))

/* Is it a matter of this process rather than of the mount? */
static bool is_our_own_want(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM;
}

/* The same question as sd_booted(3) asks; to err would be to write into groups that systemd made. */
static int manager_find(struct host *host, struct error *err)
{
	struct stat st;
	int ret = stat("/run/systemd/system", &st);

	if (ret < 0 && !errno_means_gone(errno))
		return error_errno(err, "/run/systemd/system");
	host->manager = ret == 0 && S_ISDIR(st.st_mode) ? HOST_SYSTEMD : HOST_CGROUPFS;
	return 0;
}

int host_look(struct host *ret_host, struct error *err)
{
	cleanup_pages char *text = pages_take();
	struct host host;
	const struct hierarchy *memory;
	bool has_unified = false;
	size_t index, kept = 0;

	if (!text)
		return error_errno(err, "mountinfo");
	if (kernel_read(AT_FDCWD, "/proc/self/mountinfo", text, MOUNTINFO_SIZE, err) < 0 ||
	    host_parse_mounts(text, &host, err) < 0)
		return -err->code;
	for (index = 0; index < host.count; index++) {
		struct error trouble;

		if (hierarchy_confirm(&host.hierarchies[index], &trouble) < 0) {
			if (!is_our_own_want(trouble.code))
				continue;
			*err = trouble;
			return error_context(err, "%s", host.hierarchies[index].mount);
		}
		has_unified |= host.hierarchies[index].unified;
		host.hierarchies[kept++] = host.hierarchies[index];
	}
	host.count = kept;
	memory = host_hierarchy(&host, "memory");
	if (!memory)
		return error_set(err, ENODEV, "no memory controller is mounted");
	if (manager_find(&host, err) < 0)
		return -err->code;
	host.layout = memory->unified                               ? HOST_V2
		      : has_unified && host.manager == HOST_SYSTEMD ? HOST_HYBRID
								    : HOST_V1;
	*ret_host = host;
	return 0;
}

/* Why there is no memory controller, from the kernel's command line and its list of controllers. */
static int memory_missing(struct error *err)
{
	static const char what[] = "no cgroup hierarchy with the memory controller is mounted";
	char text[4096], *line, *cursor = text;
	struct error ignored;
	unsigned enabled = 1;
	bool listed = false;

	if (kernel_read(AT_FDCWD, "/proc/cmdline", text, sizeof(text), &ignored) >= 0 &&
	    (line = strstr(text, "cgroup_disable=")) &&
	    memmem(line, strcspn(line, " "), "memory", strlen("memory")))
		return error_set(err, ENODEV,
				 "%s: take cgroup_disable=memory out of the kernel's command line",
				 what);
	if (kernel_read(AT_FDCWD, "/proc/cgroups", text, sizeof(text), &ignored) < 0)
		return error_set(err, ENODEV, "%s: mount cgroup2 on /sys/fs/cgroup", what);
	while ((line = line_next(&cursor)))
		listed |= sscanf(line, "memory %*u %*u %u", &enabled) == 1;
	if (!listed)
		return error_set(err, ENODEV, "%s: this kernel was built without it", what);
	return error_set(err, ENODEV, "%s: %s", what,
			 enabled ? "mount cgroup2 on /sys/fs/cgroup"
				 : "boot with cgroup_enable=memory");
}

int host_read(struct host *ret_host, struct error *err)
{
	int answer = host_look(ret_host, err);

	return answer == -ENODEV ? memory_missing(err) : answer;
}

const struct hierarchy *host_hierarchy(const struct host *host, const char *controller)
{
	size_t index;

	for (index = 0; index < host->count; index++) {
		const struct hierarchy *hierarchy = &host->hierarchies[index];

		if (controllers_have(hierarchy->controllers, controller))
			return hierarchy;
	}
	return strcmp(controller, "io") == 0 ? host_hierarchy(host, "blkio") : NULL;
}

const char *host_layout_name(const struct host *host)
{
	static const char *const names[] = {
		[HOST_V1] = "v1", [HOST_HYBRID] = "hybrid", [HOST_V2] = "v2"};

	return names[host->layout];
}

const char *host_manager_name(const struct host *host)
{
	return host->manager == HOST_SYSTEMD ? "systemd" : "cgroupfs";
}

uint64_t host_memory_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
}
