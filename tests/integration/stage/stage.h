/* SPDX-License-Identifier: MIT */
/*
 * A stage: this machine's kernel, cgroups and processes, with an /etc/passwd, a /var/lib, a /run
 * and a /usr/libexec of its own, in a mount namespace. What a test makes in the cgroup tree is
 * called groupies_ut_PID and is taken away again, also when the test is killed.
 */
#ifndef GROUPIES_STAGE_H
#define GROUPIES_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "groupies/config.h"
#include "groupies/host.h"
#include "groupies/stamp.h"

#define MEMBER       "groupies_member"
#define MEMBER_UID   20001
#define STRANGER     "groupies_stranger" /* no member of anything */
#define STRANGER_UID 20002
#define STUDENT      "groupies_student" /* in the groups students and guests, by no entry of its own */
#define STUDENT_UID  20003
#define STUDENTS_GID 20010
#define GUESTS_GID   20011

extern char stage_playground[PLAYGROUND_NAME_SIZE];
extern struct host stage_host;

/* For cmocka: sets the stage up, empties it between two tests, takes everything away. */
int stage_open(void **state);
int stage_clear(void **state);
int stage_close(void **state);

/* NULL, or why the tests cannot be run here. */
const char *stage_missing(void);

/* Puts TEXT at PATH with MODE, owned by root; directories above are made. */
void stage_write(const char *path, const char *text, mode_t mode);

/* Writes what `apply` would: the applied config LIMITS ("MemoryMax=10M\n..."). */
void stage_apply(const char *limits);

/* Enrols UID, or a GID, as NAME into PLAYGROUND. */
void stage_enrol(uid_t uid, const char *name, const char *playground, bool own_limits);
void stage_enrol_group(gid_t gid, const char *name, const char *playground);

/* The real groupies-place where the module looks for it, or another one, or none. */
void stage_helper_install(void);
void stage_helper_replace(const char *script);
void stage_helper_remove(void);

/* A member with a playground of 64 MiB, applied; nothing is realized yet. */
void stage_member(void);

/* Realizes stage_playground as it was applied. */
struct stamp stage_realize(void);

/* True when the group of NAME (below the mounts) stands in the memory hierarchy. */
bool stage_has_group(const char *name);

/* The value of FILE of the playground's (or NAME's) memory group. */
const char *stage_value(const char *name, const char *controller, const char *file);

#endif
