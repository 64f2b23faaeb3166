/* SPDX-License-Identifier: MIT */
/*
 * What pam_open_session costs, side by side in one run: nothing at all (pam_permit), the least that
 * can be done (a raw write to cgroup.procs in each hierarchy), groupies and pam_cgroup.
 *
 * Timed is pam_open_session alone: the close, and the way back out of the group, come after the
 * clock. "Warm" is a session of a handle that has had one before: no module is loaded and no page
 * of one is touched for the first time, for any subject; the claims are about that. "First" is the
 * first session of a handle, in which every subject pays for its own code (and libpam has loaded
 * the stack already, as it has in every login by then).
 *
 * Subjects take turns in every round; a ratio is of one round's medians, and printed is the median
 * of these with the quartiles in brackets.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../integration/stage/stage.h"
#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/paths.h"

#define ROUNDS      9
#define TIMES       20 /* in a round */
#define SLOW_ROUNDS 3  /* of what is so slow that once in a round must do */
#define SERVICES    "/run/pam.d"
#define PAM_CGROUP  "pam_cgroup.so"

enum subject_id {
	PERMIT,
	LOOKED_UP,
	LISTED,
	RAW,
	READ,
	STRANGER_1,
	STRANGER_1000,
	STRANGER_100000,
	STRANGER_GROUPS,
	MEMBER_1,
	MEMBER_1000,
	MEMBER_100000,
	CGROUP_1,
	CGROUP_1000,
	CGROUP_10000,
	SUBJECTS
};

/* What is done by hand after the stack has run, in a subject that stands for a floor. */
enum { RAW_WRITES = 1, LOOK_UP = 2, READ_BACK = 4, LIST_GROUPS = 8 };

struct subject {
	const char *name;
	const char *service;
	const char *user;
	unsigned entries;       /* of the registry */
	unsigned rules;         /* of /etc/cgrules.conf */
	int times;              /* in a round; 0 where it is missing */
	enum subject_id beside; /* what its ratio is to */
	double at_most;         /* that ratio; 0: no claim */
	double at_least;        /* within what the claim is on both sides; 0: on one */
	unsigned by_hand;
	double firsts[ROUNDS], medians[ROUNDS], ratios[ROUNDS];
};

static struct subject subjects[SUBJECTS] = {
	[PERMIT] = {"pam_permit", "permit", MEMBER, 1, 1, TIMES, PERMIT, 0, 0, 0, {0}, {0}, {0}},
	[LOOKED_UP] = {"pam_permit + getpwnam",
		       "permit",
		       MEMBER,
		       1,
		       1,
		       TIMES,
		       PERMIT,
		       0,
		       0,
		       LOOK_UP,
		       {0},
		       {0},
		       {0}},
	[LISTED] = {"pam_permit + getpwnam + getgrouplist",
		    "permit",
		    STRANGER,
		    1,
		    1,
		    TIMES,
		    PERMIT,
		    0,
		    0,
		    LOOK_UP | LIST_GROUPS,
		    {0},
		    {0},
		    {0}},
	[READ] = {"pam_permit + raw writes + reads",
		  "permit",
		  MEMBER,
		  1,
		  1,
		  TIMES,
		  RAW,
		  0,
		  0,
		  RAW_WRITES | LOOK_UP | READ_BACK,
		  {0},
		  {0},
		  {0}},
	[RAW] = {"pam_permit + raw writes",
		 "permit",
		 MEMBER,
		 1,
		 1,
		 TIMES,
		 PERMIT,
		 0,
		 0,
		 RAW_WRITES,
		 {0},
		 {0},
		 {0}},
	[STRANGER_1] = {"groupies, no member, 1 entry",
			"groupies",
			STRANGER,
			1,
			1,
			TIMES,
			PERMIT,
			1.3,
			0,
			0,
			{0},
			{0}},
	[STRANGER_1000] = {"groupies, no member, 1,000 entries",
			   "groupies",
			   STRANGER,
			   1000,
			   1,
			   TIMES,
			   STRANGER_1,
			   1.1,
			   0.9,
			   0,
			   {0},
			   {0}},
	[STRANGER_100000] = {"groupies, no member, 100,000 entries",
			     "groupies",
			     STRANGER,
			     100000,
			     1,
			     TIMES,
			     STRANGER_1,
			     1.1,
			     0.9,
			     0,
			     {0},
			     {0}},
	[STRANGER_GROUPS] = {"groupies, no member, a @group too",
			     "groupies",
			     STRANGER,
			     2,
			     1,
			     TIMES,
			     LISTED,
			     1.3,
			     0,
			     0,
			     {0},
			     {0}},
	[MEMBER_1] = {"groupies, member, 1 entry",
		      "groupies",
		      MEMBER,
		      1,
		      1,
		      TIMES,
		      RAW,
		      2,
		      0,
		      0,
		      {0},
		      {0}},
	[MEMBER_1000] = {"groupies, member, 1,000 entries",
			 "groupies",
			 MEMBER,
			 1000,
			 1,
			 TIMES,
			 MEMBER_1,
			 1.1,
			 0.9,
			 0,
			 {0},
			 {0}},
	[MEMBER_100000] = {"groupies, member, 100,000 entries",
			   "groupies",
			   MEMBER,
			   100000,
			   1,
			   TIMES,
			   MEMBER_1,
			   1.1,
			   0.9,
			   0,
			   {0},
			   {0}},
	[CGROUP_1] = {"pam_cgroup, member, 1 rule",
		      "cgroup",
		      MEMBER,
		      1,
		      1,
		      TIMES,
		      RAW,
		      0,
		      0,
		      0,
		      {0},
		      {0}},
	[CGROUP_1000] = {"pam_cgroup, member, 1,000 rules",
			 "cgroup",
			 MEMBER,
			 1,
			 1000,
			 1,
			 RAW,
			 0,
			 0,
			 0,
			 {0},
			 {0}},
	[CGROUP_10000] = {"pam_cgroup, member, 10,000 rules",
			  "cgroup",
			  MEMBER,
			  1,
			  10000,
			  1,
			  RAW,
			  0,
			  0,
			  0,
			  {0},
			  {0}},
};

static char state_root[64];
static char origin_text[CGROUP_TEXT_SIZE];
static struct stamp stamp;

static void give_up(const char *what)
{
	(void)fprintf(stderr, "bench: %s: %m\n", what);
	(void)stage_close(NULL);
	exit(1);
}

/* ---- what the subjects need ------------------------------------------------------------------ */

/* A registry on the disk that the build is on, of COUNT entries, the member's among them. */
static void registry_make(unsigned count)
{
	unsigned index;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%u", state_root, count);
	if (mkdir(path, 0755) < 0 || mount(path, GROUPIES_STATE_DIR, "", MS_BIND, "") < 0)
		give_up(path);
	stage_member();
	for (index = 1; index < count && count > 2; index++)
		stage_enrol(100000 + index, "somebody", stage_playground, false);
	if (count == 2)
		stage_enrol_group(GUESTS_GID, "guests", stage_playground);
	(void)umount2(GROUPIES_STATE_DIR, MNT_DETACH);
}

static void registry_use(unsigned count)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%u", state_root, count);
	(void)umount2(GROUPIES_STATE_DIR, MNT_DETACH);
	if (mount(path, GROUPIES_STATE_DIR, "", MS_BIND, "") < 0)
		give_up(path);
}

/* pam_cgroup's rules: the member's is the last one. */
static void rules_write(unsigned count)
{
	FILE *rules = fopen("/etc/cgrules.conf", "we");
	unsigned index;

	if (!rules)
		give_up("/etc/cgrules.conf");
	for (index = 1; index < count; index++)
		(void)fprintf(rules, "somebody%u memory,pids %s\n", index, stage_playground);
	(void)fprintf(rules, MEMBER " memory,pids %s\n", stage_playground);
	if (fclose(rules) != 0)
		give_up("/etc/cgrules.conf");
}

static void services_write(void)
{
	stage_write(SERVICES "/permit", "session required pam_permit.so\n", 0644);
	stage_write(
		SERVICES "/groupies",
		"session [success=ok ignore=ignore module_unknown=ignore default=die] " BUILD_DIR
		"/pam_groupies.so step=after\nsession required pam_permit.so\n",
		0644);
	stage_write(SERVICES "/cgroup",
		    "session required " PAM_CGROUP "\nsession required pam_permit.so\n", 0644);
	stage_write(SERVICES "/other", "session required pam_deny.so\n", 0644);
}

static void own_etc(void)
{
	if (mkdir("/run/etc", 0755) < 0 || mkdir("/run/etc.work", 0755) < 0 ||
	    mount("bench", "/etc", "overlay", 0,
		  "lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work") < 0)
		give_up("/etc");
	/* The overlay covers the stage's own users: bind them again. */
	if (mount("/run/passwd", "/etc/passwd", "", MS_BIND, "") < 0 ||
	    mount("/run/group", "/etc/group", "", MS_BIND, "") < 0)
		give_up("/etc/passwd");
}

/* ---- one session ----------------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers,
		    void *data)
{
	(void)count;
	(void)messages;
	(void)answers;
	(void)data;
	return PAM_CONV_ERR;
}

/* The least that a placement can be: one open, one write for each hierarchy. */
static void write_raw(void)
{
	char path[sizeof(stamp.groups[0].directory) + 16], pid[16];
	unsigned index;

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	for (index = 0; index < stamp.group_count; index++) {
		cleanup_fd int fd = -1;

		(void)snprintf(path, sizeof(path), "%s/cgroup.procs",
			       stamp.groups[index].directory);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, pid, strlen(pid)) < 0)
			give_up(path);
	}
}

static void read_file(const char *path)
{
	char text[4096];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		give_up(path);
}

/*
 * What has to be looked at before a placement can be believed, each once and without checking it:
 * the entry, the stamp, the process's own groups, and every limit.
 */
static void read_back(void)
{
	char path[sizeof(stamp.groups[0].directory) + sizeof(stamp.groups[0].limits[0]) + 2];
	unsigned index, limit;

	(void)snprintf(path, sizeof(path), GROUPIES_REGISTRY_UID_DIR "/%u", (unsigned)MEMBER_UID);
	read_file(path);
	(void)snprintf(path, sizeof(path), GROUPIES_RUN_DIR "/%s", stage_playground);
	read_file(path);
	read_file("/proc/self/cgroup");
	for (index = 0; index < stamp.group_count; index++) {
		for (limit = 0; limit < stamp.groups[index].limit_count; limit++) {
			(void)snprintf(path, sizeof(path), "%s/%s", stamp.groups[index].directory,
				       stamp.groups[index].limits[limit]);
			read_file(path);
		}
	}
}

static void look_up(const char *user)
{
	struct passwd record, *found = NULL;
	char buffer[2048];

	if (getpwnam_r(user, &record, buffer, sizeof(buffer), &found) != 0 || !found)
		give_up(user);
}

static void list_groups(const char *user)
{
	gid_t gids[64];
	int count = 64;

	if (getgrouplist(user, STRANGER_UID, gids, &count) < 0)
		give_up(user);
}

/* Back to where this process began, in each hierarchy of the stamp. */
static void go_back(void)
{
	char pid[16];
	unsigned index;
	struct error err;

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	for (index = 0; index < stamp.group_count; index++) {
		const struct stamp_group *group = &stamp.groups[index];
		const struct hierarchy *hierarchy = host_hierarchy(
			&stage_host, *group->controller ? group->controller : "memory");
		char path[CGROUP_PATH_SIZE], procs[CGROUP_PATH_SIZE + 300];

		if (cgroup_find(origin_text, group->controller, path, sizeof(path), &err) != 1)
			give_up("origin");
		(void)snprintf(procs, sizeof(procs), "%s%s/cgroup.procs", hierarchy->mount, path);
		if (kernel_write(AT_FDCWD, procs, pid, &err) < 0)
			give_up(err.text);
	}
}

static bool is_inside(void)
{
	char text[CGROUP_TEXT_SIZE];
	struct error err;

	return cgroup_read(0, text, sizeof(text), &err) >= 0 && stamp_holds(&stamp, text);
}

static bool goes_in(const struct subject *subject)
{
	return (subject->by_hand & RAW_WRITES) ||
	       (strcmp(subject->user, MEMBER) == 0 && strcmp(subject->service, "permit") != 0);
}

static double one_session(const struct subject *subject, pam_handle_t *pamh)
{
	double took = now_us();
	int opened = pam_open_session(pamh, 0);

	if (subject->by_hand & LOOK_UP)
		look_up(subject->user);
	if (subject->by_hand & LIST_GROUPS)
		list_groups(subject->user);
	if (subject->by_hand & RAW_WRITES)
		write_raw();
	if (subject->by_hand & READ_BACK)
		read_back();
	took = now_us() - took;
	if (opened != PAM_SUCCESS || is_inside() != goes_in(subject)) {
		(void)fprintf(stderr, "bench: %s: answer %d, %s\n", subject->name, opened,
			      is_inside() ? "inside" : "outside");
		(void)stage_close(NULL);
		exit(1);
	}
	(void)pam_close_session(pamh, 0);
	if (is_inside())
		go_back();
	return took;
}

static pam_handle_t *handle_for(const struct subject *subject)
{
	static const struct pam_conv conversation = {.conv = converse};
	pam_handle_t *pamh = NULL;

	if (pam_start_confdir(subject->service, subject->user, &conversation, SERVICES, &pamh) !=
	    PAM_SUCCESS)
		give_up("pam_start_confdir");
	(void)pam_acct_mgmt(pamh, 0); /* loads the stack */
	return pamh;
}

/* ---- rounds and figures ---------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* The value below which a PART of COUNT values lie; sorts them. */
static double quantile(double *values, int count, double part)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[(int)(part * (count - 1) + 0.5)];
}

static void play_round(int number)
{
	int index, time;

	for (index = 0; index < SUBJECTS; index++) {
		struct subject *subject = &subjects[index];
		double took[TIMES], first[TIMES];
		pam_handle_t *pamh;

		if (!subject->times)
			continue;
		registry_use(subject->entries);
		if (strcmp(subject->service, "cgroup") == 0)
			rules_write(subject->rules);
		if (subject->times == 1 && number >= SLOW_ROUNDS) {
			subject->firsts[number] = subject->firsts[number % SLOW_ROUNDS];
			subject->medians[number] = subject->medians[number % SLOW_ROUNDS];
			continue;
		}
		for (time = 0; time < subject->times; time++) {
			pamh = handle_for(subject);
			first[time] = took[time] = one_session(subject, pamh);
			if (subject->times > 1)
				took[time] = one_session(subject, pamh);
			(void)pam_end(pamh, PAM_SUCCESS);
		}
		subject->firsts[number] = quantile(first, subject->times, 0.5);
		subject->medians[number] = quantile(took, subject->times, 0.5);
	}
	for (index = 0; index < SUBJECTS; index++) {
		struct subject *subject = &subjects[index];

		subject->ratios[number] =
			subject->medians[number] / subjects[subject->beside].medians[number];
	}
}

static void print_subject(struct subject *subject)
{
	double ratio, low, high;

	if (!subject->times) {
		printf("%-38s not installed\n", subject->name);
		return;
	}
	low = quantile(subject->ratios, ROUNDS, 0.25);
	high = quantile(subject->ratios, ROUNDS, 0.75);
	ratio = quantile(subject->ratios, ROUNDS, 0.5);
	printf("%-38s %9.1f us  %7.2f [%.2f-%.2f] x %-28s first %8.1f us", subject->name,
	       quantile(subject->medians, ROUNDS, 0.5), ratio, low, high,
	       subjects[subject->beside].name, quantile(subject->firsts, ROUNDS, 0.5));
	if (subject->at_most > 0)
		printf(" claim: %s%.2f: %s", subject->at_least > 0 ? "0.90 to " : "at most ",
		       subject->at_most,
		       ratio <= subject->at_most && ratio >= subject->at_least ? "holds"
									       : "MISSED");
	printf("\n");
}

static void registries_make(void)
{
	registry_make(1);
	registry_make(2);
	registry_make(1000);
	registry_make(100000);
}

static void find_pam_cgroup(const char *path)
{
	int index;

	for (index = CGROUP_1; index <= CGROUP_10000; index++)
		subjects[index].times = access(path, F_OK) == 0 ? subjects[index].times : 0;
}

int main(int argc, char **argv)
{
	struct error err;
	int round, index;

	(void)stage_open(NULL);
	if (stage_missing()) {
		printf("pam_open_session: not measured: %s\n", stage_missing());
		return 0;
	}
	(void)snprintf(stage_playground, sizeof(stage_playground), "groupies_bench_%d",
		       (int)getpid());
	(void)snprintf(state_root, sizeof(state_root), "%s", argc > 1 ? argv[1] : "/run/state");
	if (stage_clear(NULL) || cgroup_read(0, origin_text, sizeof(origin_text), &err) < 0)
		give_up("stage");
	own_etc();
	services_write();
	find_pam_cgroup(argc > 2 ? argv[2] : "");
	registries_make();
	registry_use(1);
	stamp = stage_realize();

	for (round = 0; round < ROUNDS; round++)
		play_round(round);
	printf("pam_open_session, warm, %u hierarchies: median of %d "
	       "rounds of %d, quartiles in brackets\n",
	       stamp.group_count, ROUNDS, TIMES);
	for (index = 0; index < SUBJECTS; index++)
		print_subject(&subjects[index]);
	return stage_close(NULL);
}
