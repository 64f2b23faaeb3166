/* SPDX-License-Identifier: MIT */
/*
 * A stamp says that a playground has been realized: since this boot, in these very directories,
 * with every limit set and read back. It is written last, so a group without one is not trusted.
 * The login's fast path reads nothing else.
 */
#ifndef GROUPIES_STAMP_H
#define GROUPIES_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/host.h"

#define STAMP_GROUPS_MAX 12
#define STAMP_LIMITS_MAX 6
#define STAMP_TEXT_SIZE  16384

enum stamp_role {
	STAMP_LIMITS = 1, /* only limits what is below */
	STAMP_WRITE,      /* processes belong here, and we write them into it */
	STAMP_MANAGED     /* processes belong here, and systemd puts them into it */
};

/* One directory of a playground, or of the member's own part of it, in one hierarchy. */
struct stamp_group {
	char controller[32]; /* as /proc/self/cgroup names it; "" is the unified hierarchy */
	char path[256];      /* as /proc/self/cgroup shows it */
	char directory[512]; /* where that is */
	uint64_t device;     /* st_dev and st_ino of that directory */
	uint64_t inode;
	enum stamp_role role;
	char limits[STAMP_LIMITS_MAX][48]; /* files that must not read as unlimited */
	unsigned limit_count;
};

struct stamp {
	enum host_manager manager;
	char boot[40]; /* /proc/sys/kernel/random/boot_id */
	struct stamp_group groups[STAMP_GROUPS_MAX];
	unsigned group_count;
};

/* The stamp's file below GROUPIES_RUN_DIR: NAME, or NAME.UID for a member with limits of its own.
 */
#define STAMP_NAME_SIZE         64
#define PLAYGROUND_STAMP_LENGTH 31
void stamp_name(const char *playground, bool own_limits, uid_t uid, char name[STAMP_NAME_SIZE]);

/* Reads and believes a stamp. ENOENT: never realized. ESTALE: of another boot. EPERM, EBADMSG. */
int stamp_read(const char *name, struct stamp *ret_stamp, struct error *err);
int stamp_write(const char *name, const struct stamp *stamp, struct error *err);
int stamp_delete(const char *name, struct error *err);

/* Text and back, without I/O. stamp_parse changes TEXT. */
int stamp_print(const struct stamp *stamp, char *text, size_t size, struct error *err);
int stamp_parse(char *text, struct stamp *ret_stamp, struct error *err);

/*
 * Opens GROUP's directory when it is the very one that was stamped and its limits still limit.
 * ESTALE: another directory stands there, or none. ENODATA: a limit reads as unlimited.
 */
int stamp_open_group(const struct stamp_group *group, struct error *err);

/* True when CGROUP_TEXT (of /proc/PID/cgroup) shows the process in every group it belongs to. */
bool stamp_holds(const struct stamp *stamp, const char *cgroup_text);

/* The same for the groups that systemd manages; true where there are none. */
bool stamp_holds_managed(const struct stamp *stamp, const char *cgroup_text);

/* Moves PID into every group that we write ourselves: one write each. EPERM for pid 0 and 1. */
int stamp_enter(const struct stamp *stamp, pid_t pid, struct error *err);

/*
 * On v1, sockets are charged to a group only when that very group has a limit for them
 * (mm/memcontrol.c, tcpmem_active), and systemd puts processes into groups of its own below ours:
 * the one that CGROUP_TEXT shows gets a limit, above which ours holds. Does nothing where memory is
 * not limited, on v2, and where the group has such a limit.
 */
int stamp_charge_sockets(const struct stamp *stamp, const char *cgroup_text, struct error *err);

/*
 * Checks every group as stamp_open_group does. EBUSY: on v2, a group that processes belong in has
 * come to hand controllers down, which closes it to them; to realize it again opens it.
 */
int stamp_check(const struct stamp *stamp, struct error *err);

#endif
