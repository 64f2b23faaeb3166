/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/playground.h"
#include "groupies/size.h"
#include "subuids.h"

#define ANCESTORS_MAX 1024
#define END_WAIT_MS   5000
#define END_ROUNDS    10
#define ROOT_WAIT_MS  20000 /* for an sshd or a su, whose PAM modules close the session */
#define SWEEP_ROUNDS  16
#define PRINT_COUNT   4
#define PROC_FILE_MAX 8192

struct processes {
	struct process *list;
	size_t count;
};

static void processes_clear(struct processes *processes)
{
	free(processes->list);
}

#define cleanup_processes __attribute__((cleanup(processes_clear)))

static int processes_add(struct processes *processes, const struct process *process,
			 struct error *err)
{
	struct process *grown = reallocarray(processes->list, processes->count + 1, sizeof(*grown));

	if (!grown)
		return error_errno(err, "processes");
	processes->list = grown;
	grown[processes->count++] = *process;
	return 0;
}

/* The value of a line "KEY:\tVALUE" of /proc/PID/status, or NULL. */
static const char *status_value(const char *status, const char *key)
{
	size_t length = strlen(key);
	const char *line;

	for (line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	}
	return NULL;
}

/*
 * The first SIZE - 1 bytes of /proc/PID/status. Whoever is in thousands of groups makes it longer;
 * the names, states and ids stand before the groups, VmRSS behind them.
 */
static int status_read(int proc, char *status, size_t size, struct error *err)
{
	cleanup_fd int fd = openat(proc, "status", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && length + 1 < size) {
		got = read(fd, status + length, size - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	status[length] = '\0';
	return got < 0 ? error_errno(err, "status") : 0;
}

/* The 22nd field of /proc/PID/stat; the 2nd is in brackets and may hold anything. */
static int started_read(int proc, uint64_t *ret_started, struct error *err)
{
	char text[1024];
	const char *at;
	int field;

	if (kernel_read(proc, "stat", text, sizeof(text), err) < 0)
		return -err->code;
	at = strrchr(text, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return error_set(err, EBADMSG, "stat: cannot be understood");
	*ret_started = strtoull(at + 1, NULL, 10);
	return 0;
}

/* What a look at one process shows; all of it through one descriptor, so of the same process. */
struct look {
	struct process process;
	pid_t parent;
	unsigned uids[3]; /* real, effective, saved */
	bool is_over;     /* a zombie */
};

/* What STATUS says of LOOK's process. */
static int status_take(const char *status, struct look *look, struct error *err)
{
	const char *uids, *name, *state, *parent, *resident;

	name = status_value(status, "Name");
	state = status_value(status, "State");
	parent = status_value(status, "PPid");
	uids = status_value(status, "Uid");
	resident = status_value(status, "VmRSS");
	if (!name || !state || !parent || !uids ||
	    sscanf(uids, "%u %u %u", &look->uids[0], &look->uids[1], &look->uids[2]) != 3)
		return error_set(err, EBADMSG, "status: cannot be understood");
	(void)snprintf(look->process.command, sizeof(look->process.command), "%.*s",
		       (int)strcspn(name, "\n"), name);
	look->process.uid = look->uids[0];
	look->parent = (pid_t)strtol(parent, NULL, 10);
	look->process.resident_bytes = resident ? strtoull(resident, NULL, 10) * 1024 : 0;
	look->is_over = *state == 'Z' || *state == 'X';
	return 0;
}

/* The path of its group may be longer than any of ours: whoever has that is outside. */
static int inside_take(int proc, const struct stamp *stamp, struct look *look, struct error *err)
{
	char groups[CGROUP_TEXT_SIZE];
	struct error trouble = ERROR_NONE;

	if (!stamp)
		return 0;
	if (kernel_read(proc, "cgroup", groups, sizeof(groups), &trouble) >= 0)
		look->process.inside = stamp_holds(stamp, groups);
	else if (trouble.code != EFBIG)
		*err = trouble;
	return trouble.code == EFBIG ? 0 : -trouble.code;
}

/* Returns 1, or 0 when there is no such process (any more). */
static int process_look(pid_t pid, const struct stamp *stamp, struct look *ret_look,
			struct error *err)
{
	char path[32], status[PROC_FILE_MAX];
	struct look look = {.process = {.pid = pid}};
	struct error trouble = ERROR_NONE;
	cleanup_fd int proc = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = directory_open(AT_FDCWD, path, &trouble);
	if (proc >= 0 && status_read(proc, status, sizeof(status), &trouble) == 0 &&
	    started_read(proc, &look.process.started, &trouble) == 0 &&
	    status_take(status, &look, &trouble) == 0 &&
	    inside_take(proc, stamp, &look, &trouble) == 0) {
		*ret_look = look;
		return 1;
	}
	if (errno_means_gone(trouble.code))
		return 0;
	*err = trouble;
	return proc < 0 ? -err->code : error_context(err, "process %d", (int)pid);
}

int process_is_inside(pid_t pid, const struct stamp *stamp, struct error *err)
{
	struct look look;
	int found = process_look(pid, stamp, &look, err);

	return found > 0 ? look.process.inside : found;
}

static bool is_run_by(const struct look *look, uid_t uid, const struct subuids *subuids)
{
	size_t index;

	if (look->uids[0] == 0 && uid != 0)
		return false;
	/* Only root makes one that is the user's and keeps the way back: see polkit.c. */
	if (look->uids[2] == 0 && look->uids[0] == look->uids[1])
		return uid == 0;
	for (index = 0; index < sizeof(look->uids) / sizeof(*look->uids); index++) {
		if (look->uids[index] == uid || subuids_hold(subuids, look->uids[index]))
			return true;
	}
	return false;
}

/* Without /proc nobody can tell who runs: it is never taken for empty. */
static int proc_list(DIR **ret_proc, struct error *err)
{
	int found = directory_find(AT_FDCWD, "/proc", ret_proc, err);

	return found == 0 ? error_set(err, ENOENT, "/proc: is not there") : found;
}

int processes_of_user(uid_t uid, const struct stamp *stamp, struct process **ret_list,
		      size_t *ret_count, struct error *err)
{
	cleanup_processes struct processes processes = {0};
	cleanup_subuids struct subuids subuids = {0};
	cleanup_dir DIR *proc = NULL;
	const struct dirent *entry;
	int more;

	if (subuids_read(uid, &subuids, err) < 0 || proc_list(&proc, err) < 0)
		return -err->code;
	while ((more = directory_next(proc, &entry, err)) > 0) {
		struct look look;
		int found;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		found = process_look((pid_t)strtol(entry->d_name, NULL, 10), stamp, &look, err);
		if (found < 0)
			return found;
		if (found == 0 || look.is_over || !is_run_by(&look, uid, &subuids))
			continue;
		if (processes_add(&processes, &look.process, err) < 0)
			return -err->code;
	}
	if (more < 0)
		return error_context(err, "/proc");
	*ret_count = processes.count;
	*ret_list = steal_pointer(&processes.list);
	return 0;
}

/* ---- those that this one descends from ------------------------------------------------------- */

/* From LOOK to its parent; pid 1 and what cannot be seen end the line. */
static int look_up(struct look *look, struct error *err)
{
	return look->parent > 1 ? process_look(look->parent, NULL, look, err) : 0;
}

int ancestor_find(uid_t uid, struct process *ret_process, struct error *err)
{
	struct look look = {.parent = getppid()};
	unsigned depth;
	int more = 1;

	for (depth = 0; depth < ANCESTORS_MAX && (more = look_up(&look, err)) > 0; depth++) {
		if (look.process.uid != uid)
			continue;
		*ret_process = look.process;
		return 1;
	}
	return more < 0 ? more : 0;
}

int processes_may_end(const struct process *list, size_t count, struct error *err)
{
	struct look look = {.parent = getppid()};
	unsigned depth;
	size_t index;
	int more = 1;

	for (depth = 0; depth < ANCESTORS_MAX && (more = look_up(&look, err)) > 0; depth++) {
		for (index = 0; index < count; index++) {
			if (list[index].pid == look.process.pid)
				return error_set(
					err, EPERM,
					"%s (%d) is where this was started from and is never "
					"ended: log in as somebody else and do this again",
					look.process.command, (int)look.process.pid);
		}
	}
	return more < 0 ? more : 0;
}

/* ---- those inside ---------------------------------------------------------------------------- */

/* A process is in one group of each hierarchy, so it may come more than once. */
static int visit_inside(pid_t pid, void *data)
{
	struct processes *processes = data;
	struct look look;
	struct error trouble;
	size_t index;
	int found;

	for (index = 0; index < processes->count; index++) {
		if (processes->list[index].pid == pid)
			return 0;
	}
	found = process_look(pid, NULL, &look, &trouble);
	if (found <= 0 || look.is_over)
		return found < 0 ? found : 0;
	look.process.inside = true;
	return processes_add(processes, &look.process, &trouble);
}

int processes_inside(const struct stamp *stamp, struct process **ret_list, size_t *ret_count,
		     struct error *err)
{
	cleanup_processes struct processes processes = {0};

	if (playground_processes(stamp, visit_inside, &processes, err) < 0)
		return -err->code;
	*ret_count = processes.count;
	*ret_list = steal_pointer(&processes.list);
	return 0;
}

const char *processes_print(const struct process *list, size_t count, char *text, size_t size)
{
	size_t index, used = 0;

	*text = '\0';
	for (index = 0; index < count && index < PRINT_COUNT; index++) {
		int length = snprintf(text + used, size - used, "%s%s (%d)", index ? ", " : "",
				      list[index].command, (int)list[index].pid);

		if (length < 0 || (size_t)length >= size - used)
			return text;
		used += (size_t)length;
	}
	if (count > PRINT_COUNT)
		(void)snprintf(text + used, size - used, " and %zu more", count - PRINT_COUNT);
	return text;
}

const char *strays_print(const struct host *host, const char *user, const char *where,
			 const struct process *list, size_t count, char text[STRAYS_SIZE])
{
	bool systemd = host->manager == HOST_SYSTEMD;
	char names[256];

	(void)snprintf(text, STRAYS_SIZE, "%s runs %zu process%s %s: %s: end them, or %s%s", user,
		       count, count == 1 ? "" : "es", where,
		       processes_print(list, count, names, sizeof(names)),
		       systemd ? "all that this user runs: loginctl terminate-user "
			       : "groupies-setup apply --sweep",
		       systemd ? user : "");
	return text;
}

/* ---- ending them ----------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * A pidfd of PROCESS, or -1 when it is over. The pid may have been given to another process since
 * it was listed: what the descriptor holds is compared before anything is sent there.
 */
static int process_hold(const struct process *process, struct error *err)
{
	cleanup_fd int fd = -1;
	struct look look;
	int found = 0;

	if (process->pid <= 1 || process->pid == getpid())
		return error_set(err, EPERM, "process %d is never ended", (int)process->pid);
	fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (fd < 0 && errno != ESRCH)
		return error_errno(err, "process %d", (int)process->pid);
	if (fd >= 0)
		found = process_look(process->pid, NULL, &look, err);
	if (found < 0)
		return found;
	if (found == 0 || look.process.started != process->started)
		return error_set(err, ESRCH, "process %d is over", (int)process->pid);
	return steal_fd(&fd);
}

static void holds_signal(const struct pollfd *holds, size_t count, int signal_number)
{
	size_t index;

	for (index = 0; index < count; index++) {
		if (holds[index].fd >= 0)
			(void)syscall(SYS_pidfd_send_signal, holds[index].fd, signal_number, NULL,
				      0);
	}
}

/* Waits until every held process is over, or WAIT_MS have passed. Returns how many are left. */
static size_t holds_wait(struct pollfd *holds, size_t count, int wait_ms)
{
	int64_t until = now_ms() + wait_ms;
	size_t index, left;

	for (;;) {
		int64_t rest = until - now_ms();

		for (index = 0, left = 0; index < count; index++) {
			/* A pidfd is readable when its process is over (pidfd_open(2)). */
			if (holds[index].fd >= 0 && (holds[index].revents & (POLLIN | POLLERR))) {
				(void)close(holds[index].fd);
				holds[index].fd = -1;
			}
			left += holds[index].fd >= 0;
		}
		if (left == 0 || rest <= 0)
			return left;
		(void)poll(holds, (nfds_t)count, (int)rest);
	}
}

/* AT_ONCE: with SIGKILL, which leaves a process no time to start another. */
static int holds_end(struct pollfd *holds, size_t count, bool at_once, size_t *ret_killed,
		     struct error *err)
{
	size_t left;

	if (!at_once) {
		/* Shells ignore SIGTERM and heed SIGHUP; a stopped process must go on to see
		 * either. */
		holds_signal(holds, count, SIGTERM);
		holds_signal(holds, count, SIGHUP);
		holds_signal(holds, count, SIGCONT);
	}
	*ret_killed = at_once ? count : holds_wait(holds, count, END_WAIT_MS);
	if (*ret_killed == 0)
		return 0;
	holds_signal(holds, count, SIGKILL);
	left = holds_wait(holds, count, END_WAIT_MS);
	if (left > 0)
		return error_set(err, EBUSY,
				 "%zu processes are still there %d seconds after SIGKILL", left,
				 END_WAIT_MS / 1000);
	return 0;
}

/* Each process is held by a descriptor, and a fork bomb has more of them than we may have open. */
static void descriptors_allow(struct rlimit *ret_before)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, ret_before) < 0)
		return;
	most = *ret_before;
	most.rlim_cur = most.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &most);
}

/* Holds what is still there of LIST, in HOLDS. */
static int holds_take(const struct process *list, size_t count, struct pollfd *holds,
		      size_t *ret_held, struct error *err)
{
	size_t index;

	for (index = 0; index < count; index++) {
		int fd = process_hold(&list[index], err);

		if (fd >= 0)
			holds[(*ret_held)++] = (struct pollfd){.fd = fd, .events = POLLIN};
		else if (err->code != ESRCH)
			return fd;
	}
	return 0;
}

static void holds_release(const struct pollfd *holds, size_t count)
{
	size_t index;

	for (index = 0; index < count; index++) {
		if (holds[index].fd >= 0)
			(void)close(holds[index].fd);
	}
}

static int list_end(const struct process *list, size_t count, bool at_once, struct report *report,
		    struct error *err)
{
	cleanup_free struct pollfd *holds = calloc(count + 1, sizeof(*holds));
	size_t held = 0, killed = 0;
	char text[256];
	int ret;

	if (!holds)
		return error_errno(err, "processes");
	ret = holds_take(list, count, holds, &held, err);
	if (ret == 0)
		ret = holds_end(holds, held, at_once, &killed, err);
	holds_release(holds, held);
	if (ret == 0)
		report_step(report, REPORT_DONE, "processes", "ended %s%s",
			    processes_print(list, count, text, sizeof(text)),
			    killed ? " (some by SIGKILL)" : "");
	return ret;
}

/* What waits for a process that was ended goes by itself. */
static int list_wait(const struct process *list, size_t count, struct error *err)
{
	cleanup_free struct pollfd *holds = calloc(count + 1, sizeof(*holds));
	size_t held = 0;
	int ret;

	if (!holds)
		return error_errno(err, "processes");
	ret = holds_take(list, count, holds, &held, err);
	if (ret == 0)
		(void)holds_wait(holds, held, ROOT_WAIT_MS);
	holds_release(holds, held);
	return ret;
}

/* Puts root's processes behind the others. Returns how many the others are. */
static size_t roots_last(struct process *list, size_t count)
{
	size_t index, others = 0;

	for (index = 0; index < count; index++) {
		struct process process = list[index];

		if (process.uid == 0)
			continue;
		list[index] = list[others];
		list[others++] = process;
	}
	return others;
}

static int rounds_end(process_finder *find, void *data, struct report *report, struct error *err)
{
	bool has_waited = false;
	char text[256];
	int round;

	for (round = 0;; round++) {
		cleanup_free struct process *list = NULL;
		size_t count, others;

		if (find(data, &list, &count, err) < 0 || processes_may_end(list, count, err) < 0)
			return -err->code;
		if (count == 0)
			return 0;
		others = roots_last(list, count);
		(void)processes_print(list, others ? others : count, text, sizeof(text));
		if (others == 0 && has_waited)
			return error_set(err, EPERM,
					 "root's processes are never ended here: %s: end them, "
					 "then do this again",
					 text);
		if (round == END_ROUNDS)
			return error_set(err, EBUSY,
					 "what was ended %d times has started anew each time: %s: "
					 "end it, then do this again",
					 END_ROUNDS, text);
		has_waited = others == 0;
		if ((others ? list_end(list, others, round > 0, report, err)
			    : list_wait(list, count, err)) < 0)
			return -err->code;
	}
}

static int end_foretell(process_finder *find, void *data, struct report *report, struct error *err)
{
	cleanup_free struct process *list = NULL;
	size_t count, others;
	char text[256];

	if (find(data, &list, &count, err) < 0 || processes_may_end(list, count, err) < 0)
		return -err->code;
	others = roots_last(list, count);
	if (others > 0)
		report_step(report, REPORT_WOULD, "processes", "end %s",
			    processes_print(list, others, text, sizeof(text)));
	return 0;
}

int processes_end(process_finder *find, void *data, struct report *report, struct error *err)
{
	struct rlimit before = {0};
	int ret;

	if (report_is_dry_run(report))
		return end_foretell(find, data, report, err);
	descriptors_allow(&before);
	ret = rounds_end(find, data, report, err);
	(void)setrlimit(RLIMIT_NOFILE, &before);
	return ret;
}

/* ---- moving them in -------------------------------------------------------------------------- */

struct sweep {
	size_t moved;
	uint64_t resident_bytes;
};

/* One round: moves what is outside now. Returns how many were, since they may fork meanwhile. */
static int sweep_once(uid_t uid, const struct stamp *stamp, struct sweep *sweep, struct error *err)
{
	cleanup_free struct process *list = NULL;
	size_t count, index;
	int outside = 0;

	if (processes_of_user(uid, stamp, &list, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		struct error trouble;

		if (list[index].inside || list[index].pid <= 1 || list[index].pid == getpid())
			continue;
		outside++;
		if (stamp_enter(stamp, list[index].pid, &trouble) < 0) {
			if (trouble.code == ESRCH)
				continue;
			*err = trouble;
			return error_context(err, "%s (%d)", list[index].command,
					     (int)list[index].pid);
		}
		sweep->moved++;
		sweep->resident_bytes += list[index].resident_bytes;
	}
	return outside;
}

static int sweep_tell(uid_t uid, const struct stamp *stamp, struct report *report,
		      struct error *err)
{
	cleanup_free struct process *list = NULL;
	size_t count, index, outside = 0;

	if (processes_of_user(uid, stamp, &list, &count, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++)
		outside += !list[index].inside;
	if (outside)
		report_step(report, REPORT_WOULD, "processes", "move %zu of uid %u into %s",
			    outside, (unsigned)uid, stamp->groups[0].path);
	return 0;
}

int processes_sweep(uid_t uid, const struct stamp *stamp, struct report *report, struct error *err)
{
	struct sweep sweep = {0};
	char text[32];
	int outside = 1, round;

	if (uid == 0)
		return error_set(err, EPERM, "processes of root are never moved");
	if (stamp->manager == HOST_SYSTEMD)
		return error_set(err, EOPNOTSUPP,
				 "systemd owns the tree here: end the sessions (--terminate) "
				 "instead of moving processes");
	if (report_is_dry_run(report))
		return sweep_tell(uid, stamp, report, err);
	for (round = 0; round < SWEEP_ROUNDS && outside > 0; round++) {
		outside = sweep_once(uid, stamp, &sweep, err);
		if (outside < 0)
			return outside;
	}
	if (outside > 0)
		return error_set(err, EAGAIN,
				 "processes of uid %u fork faster than they are moved: end them "
				 "instead",
				 (unsigned)uid);
	if (sweep.moved == 0)
		return 0;
	report_step(report, REPORT_DONE, "processes",
		    "moved %zu of uid %u into %s; the %s that they hold already stay charged "
		    "where they were",
		    sweep.moved, (unsigned)uid, stamp->groups[0].path,
		    size_print(sweep.resident_bytes, text, sizeof(text)));
	return 0;
}
