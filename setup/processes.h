/* SPDX-License-Identifier: MIT */
/* The processes of members: inside their playground, outside of it, moved in, or ended. */
#ifndef GROUPIES_SETUP_PROCESSES_H
#define GROUPIES_SETUP_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "groupies/error.h"
#include "groupies/host.h"
#include "groupies/stamp.h"
#include "report.h"

struct process {
	pid_t pid;
	char command[64];
	bool inside;             /* in the playground of the stamp that was asked about */
	uid_t uid;               /* the real one */
	uint64_t resident_bytes; /* 0 when it is not known */
	uint64_t started; /* in clock ticks since boot: with the pid, which process this is */
};

/*
 * Every process whose real, effective or saved uid is UID, or one of the uids that are subordinate
 * to it. The caller frees the list.
 * STAMP may be NULL: then nothing counts as inside. Zombies are left out, and so is a process of
 * root's that has taken on UID for a while, as sshd and file servers do, and check's own stand-ins.
 */
int processes_of_user(uid_t uid, const struct stamp *stamp, struct process **ret_list,
		      size_t *ret_count, struct error *err);

/* Is PID, of whoever it is, in STAMP's groups? 1 or 0; 0 for no such process (any more), too. */
int process_is_inside(pid_t pid, const struct stamp *stamp, struct error *err);

/* Every process that is inside the groups of STAMP. */
int processes_inside(const struct stamp *stamp, struct process **ret_list, size_t *ret_count,
		     struct error *err);

/* The nearest process that this one descends from and whose real uid is UID. 0: none. */
int ancestor_find(uid_t uid, struct process *ret_process, struct error *err);

/* Refuses (EPERM) to end a LIST with a process that this one descends from. */
int processes_may_end(const struct process *list, size_t count, struct error *err);

/* Lists what is to be ended as it stands now; whoever called frees the list. */
typedef int process_finder(void *data, struct process **ret_list, size_t *ret_count,
			   struct error *err);

/*
 * Ends what FIND lists, and looks again until that is nothing, since what is ended may start
 * others: SIGTERM (and SIGHUP for shells), a bounded wait, SIGKILL, a bounded wait, and SIGKILL at
 * once for what is found later. Each is signalled through a pidfd that was checked to be still the
 * same process. EBUSY: there was always something left. Root's are never signalled: an sshd or su
 * that waits for what was ended is given the time to go by itself. EPERM: one of root's has stayed, or see processes_may_end.
 */
int processes_end(process_finder *find, void *data, struct report *report, struct error *err);

/* Moves every process of UID that is outside into STAMP's groups; reports what stays uncharged. */
int processes_sweep(uid_t uid, const struct stamp *stamp, struct report *report, struct error *err);

/*
 * Writes that USER runs LIST, and how to end or move it. WHERE says what is wrong about the place:
 * "outside of 'lab'". Returns TEXT.
 */
#define STRAYS_SIZE 768
const char *strays_print(const struct host *host, const char *user, const char *where,
			 const struct process *list, size_t count, char text[STRAYS_SIZE]);

/* Writes the first few of LIST as "bash (12), sleep (13) and 4 more". Returns TEXT. */
const char *processes_print(const struct process *list, size_t count, char *text, size_t size);

#endif
