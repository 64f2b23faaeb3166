/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/known.h"
#include "groupies/paths.h"
#include "groupies/playground.h"

char stage_playground[PLAYGROUND_NAME_SIZE];
struct host stage_host;

static const char *missing = "the stage was not set up";
static pid_t owner;

static void give_up(const char *what)
{
	(void)fprintf(stderr, "stage: %s: %m\n", what);
	abort();
}

#define OR_GIVE_UP(claim)                                                                          \
	do {                                                                                       \
		if (!(claim))                                                                      \
			give_up(#claim);                                                           \
	} while (0)

/* ---- the cgroup tree: leave nothing ---------------------------------------------------------- */

static void groups_remove(void)
{
	struct error ignored;

	(void)backend_cgroupfs.remove(&stage_host, stage_playground, &ignored);
}

/* Whoever ends us: the groups go. Only calls that a signal handler may make. */
static void on_end(int number)
{
	size_t index;

	for (index = 0; getpid() == owner && index < stage_host.count; index++) {
		char path[sizeof(stage_host.hierarchies[0].mount) + sizeof(stage_playground) + 2];

		(void)snprintf(path, sizeof(path), "%s/%s", stage_host.hierarchies[index].mount,
			       stage_playground);
		(void)rmdir(path);
	}
	_exit(128 + number);
}

bool stage_has_group(const char *name)
{
	return stage_value(name, "memory", "cgroup.procs") != NULL;
}

const char *stage_value(const char *name, const char *controller, const char *file)
{
	static char text[4096];
	const struct hierarchy *hierarchy = host_hierarchy(&stage_host, controller);
	char path[512];
	struct error ignored;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", hierarchy->mount, name, file);
	return kernel_read(AT_FDCWD, path, text, sizeof(text), &ignored) < 0 ? NULL : text;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void directories_make(const char *path)
{
	char copy[512], *slash;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		OR_GIVE_UP(mkdir(copy, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void stage_write(const char *path, const char *text, mode_t mode)
{
	cleanup_fd int fd = -1;

	directories_make(path);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	OR_GIVE_UP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	OR_GIVE_UP(fchmod(fd, mode) == 0);
}

static void users_write(void)
{
	stage_write("/run/passwd",
		    "root:x:0:0:root:/root:/bin/sh\n" MEMBER ":x:20001:20001::/:/bin/sh\n" STRANGER
		    ":x:20002:20002::/:/bin/sh\n" STUDENT ":x:20003:20003::/:/bin/sh\n",
		    0644);
	stage_write("/run/group",
		    "root:x:0:\nstudents:x:20010:" STUDENT "\nguests:x:20011:" STUDENT "\n", 0644);
	OR_GIVE_UP(mount("/run/passwd", "/etc/passwd", "", MS_BIND, "") == 0);
	OR_GIVE_UP(mount("/run/group", "/etc/group", "", MS_BIND, "") == 0);
}

void stage_apply(const char *limits)
{
	char path[256], text[1024];

	(void)snprintf(path, sizeof(path), "%s/%s.conf", GROUPIES_APPLIED_DIR, stage_playground);
	(void)snprintf(text, sizeof(text), "[Playground]\n%s", limits);
	stage_write(path, text, 0644);
}

static void entry_write(const char *directory, const struct registry_entry *entry)
{
	char path[256], text[1024];
	struct error err;

	(void)snprintf(path, sizeof(path), "%s/%u", directory, entry->id);
	OR_GIVE_UP(registry_entry_print(entry, text, sizeof(text), &err) >= 0);
	stage_write(path, text, 0644);
}

void stage_enrol(uid_t uid, const char *name, const char *playground, bool own_limits)
{
	struct registry_entry entry = {.id = uid, .own_limits = own_limits};
	struct error err;

	(void)snprintf(entry.name, sizeof(entry.name), "%s", name);
	(void)snprintf(entry.playground, sizeof(entry.playground), "%s", playground);
	entry_write(GROUPIES_REGISTRY_UID_DIR, &entry);
	OR_GIVE_UP(known_name_write(name, uid, &err) == 0);
}

void stage_enrol_group(gid_t gid, const char *name, const char *playground)
{
	struct registry_entry entry = {.id = gid, .is_group = true};

	(void)snprintf(entry.name, sizeof(entry.name), "%s", name);
	(void)snprintf(entry.playground, sizeof(entry.playground), "%s", playground);
	entry_write(GROUPIES_REGISTRY_GID_DIR, &entry);
}

void stage_helper_install(void)
{
	cleanup_fd int from = open(BUILD_DIR "/groupies-place", O_RDONLY | O_CLOEXEC), to = -1;
	struct stat st;

	OR_GIVE_UP(from >= 0 && fstat(from, &st) == 0);
	directories_make(GROUPIES_PLACE);
	(void)unlink(GROUPIES_PLACE);
	to = open(GROUPIES_PLACE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	OR_GIVE_UP(to >= 0 && sendfile(to, from, NULL, (size_t)st.st_size) == st.st_size);
	OR_GIVE_UP(fchmod(to, 0755) == 0);
}

void stage_helper_replace(const char *script)
{
	stage_write(GROUPIES_PLACE, script, 0755);
}

void stage_helper_remove(void)
{
	OR_GIVE_UP(unlink(GROUPIES_PLACE) == 0);
}

void stage_member(void)
{
	stage_apply("MemoryMax=64M\nTasksMax=100\n");
	stage_enrol(MEMBER_UID, MEMBER, stage_playground, false);
}

struct stamp stage_realize(void)
{
	cleanup_config struct config config = {0};
	struct stamp stamp;
	struct error err;

	if (playground_read_applied(stage_playground, &config, &err) < 0 ||
	    playground_realize(&stage_host, &config, (uid_t)-1, REALIZE_AGAIN, &stamp, &err) < 0) {
		(void)fprintf(stderr, "stage: %s\n", err.text);
		abort();
	}
	return stamp;
}

/* ---- opening and closing --------------------------------------------------------------------- */

const char *stage_missing(void)
{
	return missing;
}

static void own_mounts(void)
{
	OR_GIVE_UP(unshare(CLONE_NEWNS) == 0);
	OR_GIVE_UP(mount("none", "/", "", MS_REC | MS_PRIVATE, "") == 0);
	OR_GIVE_UP(mount("stage", "/run", "tmpfs", 0, "mode=755") == 0);
	OR_GIVE_UP(mount("stage", "/var/lib", "tmpfs", 0, "mode=755") == 0);
	OR_GIVE_UP(mount("stage", "/usr/libexec", "tmpfs", 0, "mode=755") == 0);
}

int stage_open(void **state)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct error err;
	size_t index;

	(void)state;
	if (geteuid() != 0)
		missing = "needs root";
	else if (host_read(&stage_host, &err) < 0)
		missing = "no memory controller is mounted";
	else if (stage_host.manager != HOST_CGROUPFS)
		missing = "needs a host whose cgroup tree nobody else owns";
	else
		missing = NULL;
	if (missing)
		return 0;
	owner = getpid();
	(void)snprintf(stage_playground, sizeof(stage_playground), "groupies_ut_%d", (int)owner);
	for (index = 0; index < sizeof(ends) / sizeof(*ends); index++)
		(void)signal(ends[index], on_end);
	own_mounts();
	users_write();
	return 0;
}

int stage_clear(void **state)
{
	(void)state;
	if (missing)
		return 0;
	groups_remove();
	(void)umount2(GROUPIES_STATE_DIR, MNT_DETACH);
	(void)umount2(GROUPIES_RUN_DIR, MNT_DETACH);
	OR_GIVE_UP(mkdir(GROUPIES_STATE_DIR, 0755) == 0 || errno == EEXIST);
	OR_GIVE_UP(mkdir(GROUPIES_RUN_DIR, 0755) == 0 || errno == EEXIST);
	OR_GIVE_UP(mount("stage", GROUPIES_STATE_DIR, "tmpfs", 0, "mode=755") == 0);
	OR_GIVE_UP(mount("stage", GROUPIES_RUN_DIR, "tmpfs", 0, "mode=755") == 0);
	directories_make(GROUPIES_REGISTRY_UID_DIR "/");
	directories_make(GROUPIES_APPLIED_DIR "/");
	stage_helper_install();
	return 0;
}

int stage_close(void **state)
{
	(void)state;
	if (!missing)
		groups_remove();
	return 0;
}
