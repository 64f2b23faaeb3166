/* SPDX-License-Identifier: MIT */
/*
 * Root for a test program: mounts of its own, with nothing in /var/lib and /run, and uid 0 (in a
 * user namespace when an ordinary user runs it). The process cannot go back, and need not.
 */
#ifndef GROUPIES_PRIVATE_ROOT_H
#define GROUPIES_PRIVATE_ROOT_H

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "groupies/paths.h"
#include "unit.h"

static struct {
	bool entered;
	bool only_one_uid; /* no other uid can own a file here */
} private_root;

static inline bool private_root_say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool said = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return said;
}

static inline bool private_root_become(void)
{
	char uids[32], gids[32];

	if (geteuid() == 0)
		return unshare(CLONE_NEWNS) == 0;
	(void)snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	private_root.only_one_uid = true;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       private_root_say("/proc/self/setgroups", "deny") &&
	       private_root_say("/proc/self/uid_map", uids) &&
	       private_root_say("/proc/self/gid_map", gids);
}

/* A group's setup. Where it is not to be had the tests say so and skip. */
static inline int private_root_enter(void **state)
{
	(void)state;
	private_root.entered =
		private_root_become() && mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("unit", "/var/lib", "tmpfs", 0, "mode=755") == 0 &&
		mount("unit", "/run", "tmpfs", 0, "mode=755") == 0 &&
		mkdir(GROUPIES_STATE_DIR, 0755) == 0 &&
		mkdir(GROUPIES_STATE_DIR "/registry", 0755) == 0 &&
		mkdir(GROUPIES_REGISTRY_UID_DIR, 0755) == 0 && mkdir(GROUPIES_RUN_DIR, 0755) == 0;
	return 0;
}

#define needs_private_root()                                                                       \
	do {                                                                                       \
		if (!private_root.entered)                                                         \
			skip_because("no root and no user namespace to be had");                   \
	} while (0)

#define needs_another_uid()                                                                        \
	do {                                                                                       \
		needs_private_root();                                                              \
		if (private_root.only_one_uid)                                                     \
			skip_because("needs root, to give a file to somebody else");               \
	} while (0)

/* Puts TEXT at PATH with MODE. */
static inline void private_root_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

#endif
