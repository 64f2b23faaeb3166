/* SPDX-License-Identifier: MIT */
/*
 * A login through the real libpam and the real pam_groupies.so, in a process of its own that plays
 * sshd, and what could be seen of it.
 */
#ifndef GROUPIES_LOGIN_H
#define GROUPIES_LOGIN_H

#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define LOGIN_LOG_LINES 8
#define LOGIN_FDS       64

/* What pam_open_session answers when the module itself said PAM_IGNORE; see the service below. */
#define ANSWER_IGNORE PAM_CRED_EXPIRED

/* Everything of a process that is not its module's to change. */
struct host_state {
	mode_t umask;
	char cwd[256];
	unsigned long environ_sum;
	struct {
		void (*handler)(int);
		int flags;
		sigset_t mask;
	} signals[NSIG];
	sigset_t blocked;
	struct {
		bool open;
		unsigned long device, inode;
		int flags, descriptor_flags;
	} descriptors[LOGIN_FDS];
	char locale[256];
	unsigned long limits[2 * 16];
	uid_t ids[6];
	int groups;
	int nice;
	pid_t session, process_group;
	bool has_children;
	unsigned threads;
};

struct login_report {
	bool came_back; /* the process ended by itself, with what follows filled in */
	int status;     /* of waitpid, when it did not */
	int opened, closed;
	struct host_state before, inside, after;
	char cgroup_before[4096], cgroup_inside[4096], cgroup_after[4096];
	int oom_before, oom_inside;
	unsigned lines;
	struct {
		int priority;
		char text[600];
	} log[LOGIN_LOG_LINES];
	unsigned signals_caught; /* SIGCHLDs of a host that handles them */
	unsigned output;         /* bytes on stdout and stderr */
	long took_ms;
	unsigned faults;   /* how often the call that was to fail was made (fault.h) */
	int second_opened; /* of a second session in the same process */
	char cgroup_second[4096];
	char cgroup_first_closed[4096];
};

struct login {
	const char *user;
	const char *arguments;    /* of the module */
	bool as_shipped;          /* the control of the profile instead of one that tells */
	const char *module;       /* another path */
	void (*prepare)(void);    /* what the host had done before */
	const char *second;       /* a second user, whose session begins inside the first */
	bool second_closes_first; /* and ends before it too */
	bool stay;                /* no close: end with the session open */
};

/* Runs LOGIN. The report is valid until the next one. */
const struct login_report *login_run(const struct login *login);

/* Did the text of /proc/self/cgroup show it in NAME, in both hierarchies of stage_member? */
bool login_was_in(const char *cgroup_text, const char *name);

/* Nothing that belongs to the host differs; if so, what does is printed. */
bool host_state_is_same(const struct host_state *one, const struct host_state *other);

#endif
