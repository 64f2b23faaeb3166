/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "groupies/cgroup.h"
#include "groupies/file.h"
#include "stage.h"

#define SERVICE_DIR "/run/pam.d"

static struct login_report *report;

/* ---- what the module says: libpam's syslog() ends here --------------------------------------- */

static void log_line(int priority, const char *format, va_list args)
{
	char text[sizeof(report->log[0].text)];

	(void)vsnprintf(text, sizeof(text), format, args);
	if (!report || strncmp(text, "pam_groupies(", 13) != 0)
		return;
	if (report->lines < LOGIN_LOG_LINES) {
		report->log[report->lines].priority = LOG_PRI(priority);
		memcpy(report->log[report->lines].text, text, sizeof(text));
	}
	report->lines++;
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(priority, format, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	log_line(priority, format, args);
	va_end(args);
}

/* ---- what a host is -------------------------------------------------------------------------- */

static unsigned long environ_sum(void)
{
	unsigned long sum = 5381;
	char **entry, *at;

	for (entry = environ; entry && *entry; entry++) {
		sum = sum * 33 + (unsigned long)*entry;
		for (at = *entry; *at; at++)
			sum = sum * 33 + (unsigned char)*at;
	}
	return sum;
}

static void descriptors_look(struct host_state *state)
{
	int fd;

	for (fd = 0; fd < LOGIN_FDS; fd++) {
		struct stat st;

		state->descriptors[fd].open = fstat(fd, &st) == 0;
		if (!state->descriptors[fd].open)
			continue;
		state->descriptors[fd].device = st.st_dev;
		state->descriptors[fd].inode = st.st_ino;
		state->descriptors[fd].flags = fcntl(fd, F_GETFL);
		state->descriptors[fd].descriptor_flags = fcntl(fd, F_GETFD);
	}
}

static void signals_look(struct host_state *state)
{
	int number;

	for (number = 1; number < NSIG; number++) {
		struct sigaction action = {0};

		(void)sigaction(number, NULL, &action);
		state->signals[number].handler = action.sa_handler;
		state->signals[number].flags = action.sa_flags;
		/* The kernel fills 64 bits of it; libc leaves the rest as it lay on the stack. */
		memcpy(&state->signals[number].mask, &action.sa_mask, sizeof(uint64_t));
	}
	(void)pthread_sigmask(SIG_SETMASK, NULL, &state->blocked);
}

static unsigned threads_count(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned count = 0;

	while (tasks && readdir(tasks))
		count++;
	if (tasks)
		(void)closedir(tasks);
	return count;
}

static void host_state_look(struct host_state *state)
{
	int resource;

	memset(state, 0, sizeof(*state));
	state->umask = umask(0);
	(void)umask(state->umask);
	if (!getcwd(state->cwd, sizeof(state->cwd)))
		(void)strcpy(state->cwd, "(none)");
	state->environ_sum = environ_sum();
	signals_look(state);
	for (resource = 0; resource < 16; resource++) {
		struct rlimit limit = {0};

		(void)getrlimit((__rlimit_resource_t)resource, &limit);
		state->limits[2 * resource] = limit.rlim_cur;
		state->limits[2 * resource + 1] = limit.rlim_max;
	}
	(void)getresuid(&state->ids[0], &state->ids[1], &state->ids[2]);
	(void)getresgid(&state->ids[3], &state->ids[4], &state->ids[5]);
	state->groups = getgroups(0, NULL);
	state->nice = getpriority(PRIO_PROCESS, 0);
	state->session = getsid(0);
	state->process_group = getpgrp();
	(void)snprintf(state->locale, sizeof(state->locale), "%s", setlocale(LC_ALL, NULL));
	state->has_children = waitpid(-1, NULL, WNOHANG | __WALL) != -1;
	state->threads = threads_count();
	descriptors_look(state);
}

static bool signals_are_same(const struct host_state *one, const struct host_state *other)
{
	int number;

	for (number = 1; number < NSIG; number++) {
		if (memcmp(&one->signals[number], &other->signals[number],
			   sizeof(one->signals[0])) != 0) {
			printf("the host's signal %d was changed\n", number);
			return false;
		}
	}
	return true;
}

#define SAME(field)                                                                                \
	(memcmp(&one->field, &other->field, sizeof(one->field)) == 0 ||                            \
	 (printf("the host's " #field " was changed\n"), false))

bool host_state_is_same(const struct host_state *one, const struct host_state *other)
{
	return SAME(umask) & SAME(cwd) & SAME(environ_sum) & signals_are_same(one, other) &
	       SAME(blocked) & SAME(descriptors) & SAME(locale) & SAME(limits) & SAME(ids) &
	       SAME(groups) & SAME(nice) & SAME(session) & SAME(process_group) &
	       SAME(has_children) & SAME(threads);
}

static int oom_score_adj(void)
{
	char text[16];
	struct error ignored;

	return kernel_read(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text), &ignored) < 0
		       ? 9999
		       : atoi(text);
}

static void cgroup_look(char text[4096])
{
	struct error err;

	if (cgroup_read(0, text, 4096, &err) < 0)
		(void)snprintf(text, 4096, "%s", err.text);
}

/* ---- PAM ------------------------------------------------------------------------------------- */

/*
 * A control that tells what the module itself answered: success goes on to pam_permit and is
 * PAM_SUCCESS, ignore goes on to ANSWER_IGNORE, everything else comes back as it is.
 */
static void service_write(const struct login *login)
{
	char text[1024];
	const char *module = login->module ? login->module : BUILD_DIR "/pam_groupies.so";
	const char *arguments = login->arguments ? login->arguments : "step=after";

	if (login->as_shipped)
		(void)snprintf(text, sizeof(text),
			       "session [success=ok ignore=ignore module_unknown=ignore "
			       "default=die] %s %s\nsession required pam_permit.so\n",
			       module, arguments);
	else
		(void)snprintf(text, sizeof(text),
			       "session [success=1 ignore=2 default=die] %s %s\n"
			       "session requisite pam_deny.so\n"
			       "session sufficient pam_permit.so\n"
			       "session [default=die] pam_debug.so open_session=cred_expired "
			       "close_session=cred_expired\n",
			       module, arguments);
	stage_write(SERVICE_DIR "/groupies-test", text, 0644);
	stage_write(SERVICE_DIR "/other", "session required pam_deny.so\n", 0644);
}

/* pam_debug tells what it does; nobody listens. */
static int converse(int count, const struct pam_message **messages, struct pam_response **answers,
		    void *data)
{
	(void)messages;
	(void)data;
	*answers = calloc((size_t)count, sizeof(**answers));
	return *answers ? PAM_SUCCESS : PAM_BUF_ERR;
}

static pam_handle_t *handle_for(const char *user)
{
	static const struct pam_conv conversation = {.conv = converse};
	pam_handle_t *pamh = NULL;

	if (pam_start_confdir("groupies-test", user, &conversation, SERVICE_DIR, &pamh) !=
	    PAM_SUCCESS)
		abort();
	/* As every login does before: whatever it answers, libpam has loaded the stack then. */
	(void)pam_acct_mgmt(pamh, 0);
	return pamh;
}

static long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void session_of_second(const struct login *login, pam_handle_t *first)
{
	pam_handle_t *second = handle_for(login->second);

	report->second_opened = pam_open_session(second, 0);
	cgroup_look(report->cgroup_second);
	(void)pam_close_session(login->second_closes_first ? second : first, 0);
	cgroup_look(report->cgroup_first_closed);
	(void)pam_close_session(login->second_closes_first ? first : second, 0);
	(void)pam_end(second, PAM_SUCCESS);
}

/* The host. It says nothing itself: what is in its output came from elsewhere. */
static void play(const struct login *login)
{
	pam_handle_t *pamh = handle_for(login->user);
	long start;

	if (login->prepare)
		login->prepare();
	report->oom_before = oom_score_adj();
	cgroup_look(report->cgroup_before);
	host_state_look(&report->before);
	start = now_ms();
	fault_begin();
	report->opened = pam_open_session(pamh, 0);
	report->faults = fault_end();
	report->took_ms = now_ms() - start;
	host_state_look(&report->inside);
	report->oom_inside = oom_score_adj();
	cgroup_look(report->cgroup_inside);
	if (login->second)
		session_of_second(login, pamh);
	else if (!login->stay)
		report->closed = pam_close_session(pamh, 0);
	cgroup_look(report->cgroup_after);
	host_state_look(&report->after);
	(void)pam_end(pamh, PAM_SUCCESS);
	report->came_back = true;
}

static unsigned output_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (unsigned)st.st_size : 9999;
}

const struct login_report *login_run(const struct login *login)
{
	int output = memfd_create("output", MFD_CLOEXEC);
	pid_t pid;

	if (!report)
		report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(report, 0, sizeof(*report));
	service_write(login);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGTERM, SIG_DFL);
		(void)signal(SIGHUP, SIG_DFL);
		(void)dup2(output, 1);
		(void)dup2(output, 2);
		play(login);
		_exit(0);
	}
	while (waitpid(pid, &report->status, 0) < 0 && errno == EINTR)
		;
	report->output = output_size(output);
	(void)close(output);
	return report;
}

bool login_was_in(const char *cgroup_text, const char *name)
{
	char path[CGROUP_PATH_SIZE], wanted[CGROUP_PATH_SIZE];
	struct error ignored;
	const char *controller = stage_host.layout == HOST_V2 ? "" : "memory";
	const struct hierarchy *hierarchy = host_hierarchy(&stage_host, "memory");
	bool at_root = strcmp(hierarchy->root, "/") == 0;

	(void)snprintf(wanted, sizeof(wanted), "%s/%s", at_root ? "" : hierarchy->root, name);
	return cgroup_find(cgroup_text, controller, path, sizeof(path), &ignored) == 1 &&
	       strcmp(path, wanted) == 0;
}
