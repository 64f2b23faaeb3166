/* SPDX-License-Identifier: MIT */
/* The real module under the real libpam, on this machine's cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <locale.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>

#include "../unit/unit.h"
#include "groupies/known.h"
#include "groupies/paths.h"
#include "stage/login.h"
#include "stage/stage.h"

#define needs_stage()                                                                              \
	do {                                                                                       \
		(void)state;                                                                       \
		if (stage_missing())                                                               \
			skip_because(stage_missing());                                             \
	} while (0)

static const struct login member = {.user = MEMBER};
static const struct login stranger = {.user = STRANGER};
static const struct login student = {.user = STUDENT};

/* ---- claims ---------------------------------------------------------------------------------- */

static void claim_came_back(const struct login_report *seen)
{
	unsigned line;

	for (line = 0; line < seen->lines && line < LOGIN_LOG_LINES; line++)
		print_message("# log: <%d> %s\n", seen->log[line].priority, seen->log[line].text);
	if (!seen->came_back)
		fail_msg("the host ended with status %#x", (unsigned)seen->status);
	if (seen->opened != PAM_SUCCESS)
		print_message("# opened: %d\n", seen->opened);
}

static bool stayed_out(const struct login_report *seen)
{
	return strcmp(seen->cgroup_before, seen->cgroup_inside) == 0;
}

/* As if there was no module: the answer, the groups, the host, the log. */
static void claim_left_alone(const struct login_report *seen)
{
	claim_came_back(seen);
	assert_int_equal(seen->opened, ANSWER_IGNORE);
	assert_true(stayed_out(seen));
	assert_int_equal(seen->oom_inside, seen->oom_before);
	assert_true(host_state_is_same(&seen->before, &seen->inside));
	assert_true(host_state_is_same(&seen->before, &seen->after));
	assert_int_equal(seen->output, 0);
}

static void claim_left_alone_in_silence(const struct login_report *seen)
{
	claim_left_alone(seen);
	assert_int_equal(seen->lines, 0);
}

static void claim_placed(const struct login_report *seen)
{
	claim_came_back(seen);
	assert_int_equal(seen->opened, PAM_SUCCESS);
	assert_true(login_was_in(seen->cgroup_inside, stage_playground));
}

/* Refused with one line that says WORDS, who, and what to do; and not half inside. */
static void claim_refused_once(const struct login_report *seen, const char *words)
{
	claim_came_back(seen);
	assert_int_equal(seen->opened, PAM_PERM_DENIED);
	assert_int_equal(seen->lines, 1);
	assert_int_equal(seen->log[0].priority, LOG_ERR);
	assert_non_null(strstr(seen->log[0].text, words));
	assert_non_null(strstr(seen->log[0].text, "' (uid 2000"));
	assert_non_null(strstr(seen->log[0].text, "is refused: "));
	assert_non_null(strstr(seen->log[0].text, "run 'groupies-setup check'"));
	assert_true(stayed_out(seen));
	assert_true(host_state_is_same(&seen->before, &seen->inside));
	assert_int_equal(seen->output, 0);
}

/* In whatever state groupies is, these two log in. */
static void claim_others_log_in(void)
{
	static const struct login root = {.user = "root"};

	claim_left_alone(login_run(&stranger));
	claim_left_alone(login_run(&root));
}

/* ---- who is left alone ----------------------------------------------------------------------- */

static void leaves_a_stranger_alone(void **state)
{
	needs_stage();
	stage_member();
	claim_left_alone_in_silence(login_run(&stranger));
}

static void leaves_a_stranger_alone_where_groups_are_enrolled(void **state)
{
	needs_stage();
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	claim_left_alone_in_silence(login_run(&stranger));
}

static void leaves_root_alone_even_when_it_is_enrolled(void **state)
{
	static const struct login root = {.user = "root"};

	needs_stage();
	stage_member();
	stage_enrol(0, "root", stage_playground, false);
	claim_left_alone_in_silence(login_run(&root));
}

static void leaves_an_unknown_user_to_the_host(void **state)
{
	static const struct login unknown = {.user = "groupies_nobody"};

	needs_stage();
	stage_member();
	claim_left_alone_in_silence(login_run(&unknown));
}

static void leaves_everybody_alone_without_a_registry(void **state)
{
	needs_stage();
	assert_int_equal(umount2(GROUPIES_STATE_DIR, MNT_DETACH), 0);
	claim_left_alone_in_silence(login_run(&member));
}

static void says_so_when_the_registry_cannot_be_looked_into(void **state)
{
	const struct login_report *seen;

	needs_stage();
	assert_int_equal(rmdir(GROUPIES_REGISTRY_UID_DIR), 0);
	stage_write(GROUPIES_REGISTRY_UID_DIR, "no directory", 0644);
	seen = login_run(&member);
	claim_left_alone(seen);
	assert_int_equal(seen->lines, 1);
	assert_int_equal(seen->log[0].priority, LOG_ERR);
	assert_non_null(strstr(seen->log[0].text, "the registry cannot be read"));
}

static void leaves_the_work_to_the_step_behind(void **state)
{
	static const struct login before = {.user = MEMBER, .arguments = "step=before"};

	needs_stage();
	stage_member();
	claim_left_alone_in_silence(login_run(&before));
}

static void lets_everybody_in_when_the_module_is_deleted(void **state)
{
	static const struct login gone = {
		.user = MEMBER, .as_shipped = true, .module = "/nowhere/pam_groupies.so"};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&gone);
	claim_came_back(seen);
	assert_int_equal(seen->opened, PAM_SUCCESS);
}

/* ---- who is placed --------------------------------------------------------------------------- */

static void places_a_member_in_every_hierarchy_of_its_limits(void **state)
{
	const struct login_report *seen;
	char line[128];

	needs_stage();
	stage_member();
	seen = login_run(&member);
	claim_placed(seen);
	(void)snprintf(line, sizeof(line), ":%s/%s\n",
		       stage_host.layout == HOST_V2 ? ":" : "pids:", stage_playground);
	if (stage_host.layout != HOST_V2)
		assert_non_null(strstr(seen->cgroup_inside, line));
}

static void places_a_member_without_a_word(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&member);
	claim_placed(seen);
	assert_int_equal(seen->lines + seen->output, 0);
}

static void leaves_the_host_of_a_member_as_it_was(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&member); /* with the helper */
	claim_placed(seen);
	assert_true(host_state_is_same(&seen->before, &seen->inside));
	assert_true(host_state_is_same(&seen->before, &seen->after));
	seen = login_run(&member); /* without */
	claim_placed(seen);
	assert_true(host_state_is_same(&seen->before, &seen->inside));
	assert_true(host_state_is_same(&seen->before, &seen->after));
}

static void really_sets_the_limits(void **state)
{
	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	if (stage_host.layout == HOST_V2)
		assert_string_equal(stage_value(stage_playground, "memory", "memory.max"),
				    "67108864");
	else
		assert_string_equal(
			stage_value(stage_playground, "memory", "memory.limit_in_bytes"),
			"67108864");
	assert_string_equal(stage_value(stage_playground, "pids", "pids.max"), "100");
}

static void realizes_again_what_a_reboot_took(void **state)
{
	char path[512];

	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	(void)snprintf(path, sizeof(path), "%s/%s", host_hierarchy(&stage_host, "memory")->mount,
		       stage_playground);
	assert_int_equal(rmdir(path), 0);
	claim_placed(login_run(&member));
	really_sets_the_limits(state);
}

static void needs_no_helper_once_it_is_realized(void **state)
{
	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	stage_helper_remove();
	claim_placed(login_run(&member));
}

static void places_a_member_of_an_enrolled_group(void **state)
{
	needs_stage();
	stage_member();
	stage_enrol_group(GUESTS_GID, "guests", stage_playground);
	claim_placed(login_run(&student));
}

static void places_a_member_with_limits_of_its_own_below(void **state)
{
	const struct login_report *seen;
	char name[64];

	needs_stage();
	stage_apply("MemoryMax=64M\n[Member]\nMemoryMax=32M\n");
	stage_enrol(MEMBER_UID, MEMBER, stage_playground, true);
	seen = login_run(&member);
	claim_came_back(seen);
	(void)snprintf(name, sizeof(name), "%s/%d", stage_playground, MEMBER_UID);
	assert_true(login_was_in(seen->cgroup_inside, name));
	assert_string_equal(
		stage_value(name, "memory",
			    stage_host.layout == HOST_V2 ? "memory.max" : "memory.limit_in_bytes"),
		"33554432");
}

static void places_a_renamed_member_and_says_so(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_enrol(MEMBER_UID, "old_name", stage_playground, false);
	seen = login_run(&member);
	claim_placed(seen);
	assert_int_equal(seen->lines, 1);
	assert_int_equal(seen->log[0].priority, LOG_WARNING);
	assert_non_null(strstr(seen->log[0].text, "was enrolled as 'old_name'"));
}

static void minds_no_argument_that_it_does_not_know(void **state)
{
	static const struct login odd = {.user = MEMBER, .arguments = "step=after debug"};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&odd);
	claim_placed(seen);
	assert_non_null(strstr(seen->log[0].text, "unknown argument 'debug' is ignored"));
}

static void works_under_the_control_that_is_shipped(void **state)
{
	static const struct login in = {.user = MEMBER, .as_shipped = true},
				  out = {.user = STRANGER, .as_shipped = true};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	claim_placed(login_run(&in));
	seen = login_run(&out);
	claim_came_back(seen);
	assert_true(seen->opened == PAM_SUCCESS && stayed_out(seen));
	stage_write(GROUPIES_REGISTRY_UID_DIR "/20001", "noise", 0644);
	assert_int_equal(login_run(&in)->opened, PAM_PERM_DENIED);
}

/* ---- silence is no answer -------------------------------------------------------------------- */

#define GROUPS_WITHOUT_STUDENT "root:x:0:\nstudents:x:20010:\nguests:x:20011:\n"

/* The state of a student who was placed by a group once. */
static void student_was_placed(void)
{
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	claim_placed(login_run(&student));
}

/* /etc/group can be opened, and its reading fails with EIO: so does that of one's own address 0. */
static void groups_break(void)
{
	assert_int_equal(mount("/proc/self/mem", "/etc/group", "", MS_BIND, ""), 0);
}

static void groups_mend(void)
{
	assert_int_equal(umount2("/etc/group", MNT_DETACH), 0);
}

static void groups_put(const char *text)
{
	stage_write("/run/other-group", text, 0644);
	assert_int_equal(mount("/run/other-group", "/etc/group", "", MS_BIND, ""), 0);
}

static void users_put(const char *text)
{
	stage_write("/run/other-passwd", text, 0644);
	assert_int_equal(mount("/run/other-passwd", "/etc/passwd", "", MS_BIND, ""), 0);
}

static bool is_known(uid_t uid)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%u", GROUPIES_KNOWN_DIR, (unsigned)uid);
	return access(path, F_OK) == 0;
}

static void claim_line(const struct login_report *seen, int priority, const char *words)
{
	assert_int_equal(seen->lines, 1);
	assert_int_equal(seen->log[0].priority, priority);
	assert_non_null(strstr(seen->log[0].text, words));
}

static void remembers_a_member_by_group_without_a_word(void **state)
{
	const struct login_report *seen;

	needs_stage();
	student_was_placed();
	assert_true(is_known(STUDENT_UID));
	stage_helper_remove(); /* what is written already costs no helper */
	seen = login_run(&student);
	claim_placed(seen);
	assert_int_equal(seen->lines, 0);
}

static void places_a_member_by_group_whom_it_cannot_remember(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	stage_write(GROUPIES_KNOWN_DIR, "in the way", 0644);
	seen = login_run(&student);
	claim_placed(seen);
	claim_line(seen, LOG_WARNING, "cannot be written down");
}

static void keeps_a_member_by_group_while_its_groups_cannot_be_read(void **state)
{
	const struct login_report *seen;

	needs_stage();
	student_was_placed();
	groups_break();
	seen = login_run(&student);
	groups_mend();
	claim_placed(seen);
	claim_line(seen, LOG_WARNING, "as at an earlier login, since it cannot be told now");
	assert_non_null(strstr(seen->log[0].text, "/etc/group: Input/output error"));
}

static void keeps_a_member_by_group_whose_helper_cannot_ask(void **state)
{
	const struct login_report *seen;

	needs_stage();
	student_was_placed();
	stage_helper_remove();
	groups_put(GROUPS_WITHOUT_STUDENT);
	seen = login_run(&student);
	groups_mend();
	claim_placed(seen);
	claim_line(seen, LOG_WARNING, "as at an earlier login");
}

static void forgets_a_member_who_has_left_its_group(void **state)
{
	const struct login_report *seen;

	needs_stage();
	student_was_placed();
	groups_put(GROUPS_WITHOUT_STUDENT);
	seen = login_run(&student);
	groups_mend();
	claim_left_alone_in_silence(seen);
	assert_false(is_known(STUDENT_UID));
}

static void places_nobody_by_a_group_that_was_released(void **state)
{
	const struct login_report *seen;
	char path[128];

	needs_stage();
	student_was_placed();
	(void)snprintf(path, sizeof(path), "%s/%u", GROUPIES_REGISTRY_GID_DIR, STUDENTS_GID);
	assert_int_equal(unlink(path), 0);
	groups_break();
	seen = login_run(&student);
	groups_mend();
	claim_left_alone(seen);
}

static void refuses_a_member_by_group_whose_memory_is_corrupt(void **state)
{
	const struct login_report *seen;
	char path[128];

	needs_stage();
	student_was_placed();
	(void)snprintf(path, sizeof(path), "%s/%u", GROUPIES_KNOWN_DIR, STUDENT_UID);
	stage_write(path, "noise", 0644);
	groups_break();
	seen = login_run(&student);
	groups_mend();
	claim_refused_once(seen, "/registry/known/20003: does not begin");
}

static void says_so_when_the_groups_of_somebody_unknown_cannot_be_read(void **state)
{
	static const struct login root = {.user = "root"};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	groups_break();
	seen = login_run(&student);
	claim_left_alone(seen);
	claim_line(seen, LOG_ERR, "cannot list the groups of '" STUDENT "'");
	seen = login_run(&stranger);
	claim_left_alone(seen);
	claim_line(seen, LOG_ERR, "cannot list the groups of '" STRANGER "'");
	claim_left_alone_in_silence(login_run(&root));
	groups_mend();
	claim_left_alone_in_silence(login_run(&stranger));
}

/* A name that PAM lets in, as it does those that only it knows. */
static void refuses_a_member_whom_the_host_does_not_know(void **state)
{
	static const struct login only_pams = {.user = "groupies_virtual"};
	static const struct login root = {.user = "root"};

	needs_stage();
	student_was_placed();
	users_put("nobody:x:65534:65534::/:/bin/false\n");
	claim_refused_once(login_run(&member), "the registry knows this name");
	claim_refused_once(login_run(&student), "the registry knows this name");
	claim_left_alone_in_silence(login_run(&only_pams));
	claim_left_alone_in_silence(login_run(&root));
	assert_int_equal(umount2("/etc/passwd", MNT_DETACH), 0);
}

static void refuses_nobody_by_a_name_that_leads_nowhere(void **state)
{
	struct error err;

	needs_stage();
	stage_member();
	/* Left by a former member, and by one who has another name now. */
	assert_int_equal(known_name_write("groupies_virtual", 20099, &err), 0);
	claim_left_alone_in_silence(login_run(&(struct login){.user = "groupies_virtual"}));
	assert_int_equal(known_name_write("groupies_virtual", MEMBER_UID, &err), 0);
	claim_left_alone_in_silence(login_run(&(struct login){.user = "groupies_virtual"}));
}

static void refuses_a_member_of_a_registry_that_cannot_be_looked_into(void **state)
{
	needs_stage();
	stage_member();
	assert_int_equal(rename(GROUPIES_REGISTRY_UID_DIR, GROUPIES_STATE_DIR "/elsewhere"), 0);
	stage_write(GROUPIES_REGISTRY_UID_DIR, "no directory", 0644);
	claim_refused_once(login_run(&member), "/registry/uid/20001: Not a directory");
	claim_others_log_in();
}

static void refuses_a_member_by_group_where_the_groups_cannot_be_looked_into(void **state)
{
	needs_stage();
	student_was_placed();
	assert_int_equal(rename(GROUPIES_REGISTRY_GID_DIR, GROUPIES_STATE_DIR "/elsewhere"), 0);
	stage_write(GROUPIES_REGISTRY_GID_DIR, "no directory", 0644);
	claim_refused_once(login_run(&student), "Not a directory");
	claim_others_log_in();
}

/* ---- and back -------------------------------------------------------------------------------- */

static void puts_the_host_back_when_the_session_ends(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&member);
	claim_placed(seen);
	assert_string_equal(seen->cgroup_after, seen->cgroup_before);
}

static void stays_inside_until_the_last_of_two_sessions_ends(void **state)
{
	static const struct login nested = {.user = MEMBER,
					    .second = MEMBER,
					    .second_closes_first = true},
				  crossed = {.user = MEMBER, .second = MEMBER};
	const struct login *logins[] = {&nested, &crossed};
	size_t index;

	needs_stage();
	stage_member();
	for (index = 0; index < COUNT_OF(logins); index++) {
		const struct login_report *seen = login_run(logins[index]);

		claim_placed(seen);
		assert_true(login_was_in(seen->cgroup_second, stage_playground));
		assert_true(login_was_in(seen->cgroup_first_closed, stage_playground));
		assert_string_equal(seen->cgroup_after, seen->cgroup_before);
	}
}

static void is_not_taken_out_by_a_stranger_whose_session_ends(void **state)
{
	static const struct login both = {
		.user = MEMBER, .second = STRANGER, .second_closes_first = true};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&both);
	claim_placed(seen);
	assert_true(login_was_in(seen->cgroup_first_closed, stage_playground));
}

/* ---- the immunity that sshd has -------------------------------------------------------------- */

/*
 * Immunity needs CAP_SYS_RESOURCE, which a container's root may lack: there a plain file stands in
 * for the kernel's. (A "0" written over its "-1000" reads 01000, which is as good here.)
 */
static void become_immune(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "w");

	(void)fprintf(file, "-1000");
	if (fclose(file) == 0)
		return;
	stage_write("/run/immune", "-1000\n", 0644);
	if (mount("/run/immune", "/proc/self/oom_score_adj", "", MS_BIND, "") < 0)
		abort();
}

static void offer_oneself(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "w");

	(void)fprintf(file, "500");
	(void)fclose(file);
}

static void takes_an_inherited_immunity_away(void **state)
{
	static const struct login immune = {.user = MEMBER, .prepare = become_immune};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&immune);
	claim_placed(seen);
	assert_int_equal(seen->oom_before, -1000);
	assert_true(seen->oom_inside >= 0);
}

static void leaves_who_offers_itself_first_as_it_is(void **state)
{
	static const struct login meek = {.user = MEMBER, .prepare = offer_oneself};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	seen = login_run(&meek);
	claim_placed(seen);
	assert_int_equal(seen->oom_inside, 500);
}

static void leaves_a_strangers_immunity(void **state)
{
	static const struct login immune = {.user = STRANGER, .prepare = become_immune};

	needs_stage();
	stage_member();
	claim_left_alone_in_silence(login_run(&immune));
}

/* ---- what a caller may have prepared --------------------------------------------------------- */

static bool may_raise_limits(void)
{
	return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1;
}

/* Hard limits too, where root may raise them again (CAP_SYS_RESOURCE). */
static void limit_to(int resource, rlim_t most)
{
	struct rlimit limit, before;

	(void)getrlimit((__rlimit_resource_t)resource, &before);
	limit = (struct rlimit){.rlim_cur = most,
				.rlim_max = may_raise_limits() ? most : before.rlim_max};
	(void)setrlimit((__rlimit_resource_t)resource, &limit);
}

static void limit_everything(void)
{
	limit_to(RLIMIT_FSIZE, 0);
	limit_to(RLIMIT_NOFILE, 8);
	limit_to(RLIMIT_CPU, 1);
	limit_to(RLIMIT_CORE, 0);
	limit_to(RLIMIT_STACK, 65536);
}

static void ignore_all_signals(void)
{
	sigset_t all;
	int number;

	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_IGN);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void close_standard_descriptors(void)
{
	(void)close(0);
	(void)close(1);
	(void)close(2);
}

static void poison_the_environment(void)
{
	(void)setenv("CGROUP_LOGLEVEL", "DEBUG", 1);
	(void)setenv("LD_PRELOAD", "/nowhere/evil.so", 1);
	(void)setenv("LD_LIBRARY_PATH", "/tmp", 1);
	(void)setenv("PATH", "/tmp", 1);
	(void)setenv("XDG_SESSION_CLASS", "background", 1);
	(void)setenv("LC_ALL", "tr_TR.UTF-8", 1);
}

static void stand_in_a_deleted_directory(void)
{
	char path[] = "/run/groupies-gone.XXXXXX";

	(void)umask(0777);
	if (!mkdtemp(path) || chdir(path) < 0)
		abort();
	(void)rmdir(path);
}

static void places_a_member_whatever_its_caller_prepared(void **state)
{
	static void (*const prepared[])(void) = {limit_everything, ignore_all_signals,
						 close_standard_descriptors, poison_the_environment,
						 stand_in_a_deleted_directory};
	size_t index;

	needs_stage();
	for (index = 0; index < COUNT_OF(prepared); index++) {
		const struct login login = {.user = MEMBER, .prepare = prepared[index]};
		const struct login_report *seen;

		(void)stage_clear(NULL);
		stage_member();
		seen = login_run(&login); /* through the helper */
		claim_placed(seen);
		assert_true(host_state_is_same(&seen->before, &seen->inside));
		assert_int_equal(seen->output, 0);
		really_sets_the_limits(state);
		seen = login_run(&login); /* and without */
		claim_placed(seen);
		assert_true(host_state_is_same(&seen->before, &seen->after));
	}
}

static void wait_for_an_idle_moment_on_one_processor(void)
{
	static const struct sched_param none;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	(void)setpriority(PRIO_PROCESS, 0, 19);
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0 ||
	    sched_setaffinity(0, sizeof(first), &first) < 0 ||
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		    IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)) < 0)
		abort();
}

/* Nice value and policy are the 19th and the 41st field of stat (proc(5)). */
static void makes_its_helper_wait_for_no_idle_moment(void **state)
{
	static const struct login login = {.user = MEMBER,
					   .prepare = wait_for_an_idle_moment_on_one_processor};
	char expected[64];
	cpu_set_t all;

	needs_stage();
	stage_member();
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	stage_helper_replace("#!/bin/sh\n"
			     "cpus=$(nproc) how=$(cut -d' ' -f 19,41 /proc/self/stat)\n"
			     "printf 'ncpus %s nice and policy %s io %s' \"$cpus\" \"$how\" "
			     "\"$(ionice | cut -d: -f1)\" >&3\n");
	(void)snprintf(expected, sizeof(expected), "cpus %d nice and policy 0 0 io none",
		       CPU_COUNT(&all));
	claim_refused_once(login_run(&login), expected);
}

static volatile sig_atomic_t children_heard;

static void count_child(int number)
{
	(void)number;
	children_heard = children_heard + 1;
	if (children_heard)
		abort(); /* a host that is told of a child that it does not have */
}

static void handle_children(void)
{
	struct sigaction action = {.sa_handler = count_child};

	(void)sigaction(SIGCHLD, &action, NULL);
}

static void troubles_no_host_with_its_helpers_end(void **state)
{
	static const struct login login = {.user = MEMBER, .prepare = handle_children};

	needs_stage();
	stage_member();
	claim_placed(login_run(&login));
}

static int descriptors_left;

static void use_up_descriptors(void)
{
	int last = -1, fd;

	limit_to(RLIMIT_NOFILE, 64);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		last = fd;
	for (fd = last; fd > last - descriptors_left; fd--)
		(void)close(fd);
}

/* libpam itself needs one to tell the audit log, and refuses everybody without it. */
static void lets_no_member_in_for_want_of_descriptors(void **state)
{
	static const struct login in = {.user = MEMBER, .prepare = use_up_descriptors},
				  out = {.user = STRANGER, .prepare = use_up_descriptors};

	needs_stage();
	for (descriptors_left = 0; descriptors_left < 8; descriptors_left++) {
		const struct login_report *seen;

		(void)stage_clear(NULL);
		stage_member();
		seen = login_run(&in);
		claim_came_back(seen);
		assert_true(login_was_in(seen->cgroup_inside, stage_playground) ||
			    (seen->opened != PAM_SUCCESS && seen->opened != ANSWER_IGNORE));
		if (descriptors_left)
			claim_left_alone(login_run(&out));
	}
}

/* ---- what refuses a member, and nobody else -------------------------------------------------- */

static void refuses_a_member_with_a_corrupt_entry(void **state)
{
	needs_stage();
	stage_member();
	stage_write(GROUPIES_REGISTRY_UID_DIR "/20001", "noise", 0644);
	claim_refused_once(login_run(&member), "/registry/uid/20001: does not begin");
	claim_others_log_in();
}

static void refuses_a_member_with_an_entry_that_others_can_write(void **state)
{
	needs_stage();
	stage_member();
	assert_int_equal(chmod(GROUPIES_REGISTRY_UID_DIR "/20001", 0666), 0);
	claim_refused_once(login_run(&member), "others than root can write it");
	claim_others_log_in();
}

static void refuses_a_member_of_a_playground_that_was_never_applied(void **state)
{
	needs_stage();
	stage_enrol(MEMBER_UID, MEMBER, "groupies_ut_nowhere", false);
	claim_refused_once(login_run(&member), "groupies_ut_nowhere.conf: No such file");
	claim_others_log_in();
}

static void refuses_a_member_of_two_groups_with_different_playgrounds(void **state)
{
	needs_stage();
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	stage_enrol_group(GUESTS_GID, "guests", "groupies_ut_other");
	claim_refused_once(login_run(&student), "lead into different playgrounds");
	claim_others_log_in();
}

static void refuses_a_member_without_the_helper(void **state)
{
	needs_stage();
	stage_member();
	stage_helper_remove();
	claim_refused_once(login_run(&member),
			   GROUPIES_PLACE " cannot be started: install groupies again");
	claim_others_log_in();
}

static void refuses_a_member_whose_helper_fails(void **state)
{
	static const struct {
		const char *script, *words;
	} rows[] = {
		{"#!/bin/sh\nexit 0\n", "ended without an answer"},
		{"#!/bin/sh\nexit 1\n", "ended without an answer"},
		{"#!/bin/sh\nkill -SEGV $$\n", "ended without an answer"},
		{"#!/bin/sh\nprintf 'nthe dog ate it' >&3\n", "the dog ate it"},
		{"#!/bin/sh\nprintf n >&3\n", "ended without an answer"},
		{"not a program\n", ""},
		{"", ""},
	};
	size_t index;

	needs_stage();
	stage_member();
	for (index = 0; index < COUNT_OF(rows); index++) {
		stage_helper_replace(rows[index].script);
		claim_refused_once(login_run(&member), rows[index].words);
	}
	claim_others_log_in();
}

static void believes_no_helper_that_only_says_yes(void **state)
{
	needs_stage();
	stage_member();
	stage_helper_replace("#!/bin/sh\nprintf y >&3\n");
	claim_refused_once(login_run(&member), "No such file");
}

static void survives_a_helper_that_never_stops_talking(void **state)
{
	needs_stage();
	stage_member();
	stage_helper_replace("#!/bin/sh\nexec yes >&3\n");
	claim_refused_once(login_run(&member), "");
}

static void waits_for_no_helper_that_has_hung_up(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_helper_replace("#!/bin/sh\nexec 3>&-\nexec sleep 60\n");
	seen = login_run(&member);
	claim_refused_once(seen, "ended without an answer");
	assert_true(seen->took_ms < 20000);
}

static void waits_a_bounded_time_for_a_helper_that_hangs(void **state)
{
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_helper_replace("#!/bin/sh\nexec sleep 60\n");
	seen = login_run(&member);
	claim_refused_once(seen, "gave no answer within 15 s and was killed");
	assert_true(seen->took_ms < 30000);
}

static void refuses_a_member_when_the_disk_is_full(void **state)
{
	int fd;

	needs_stage();
	stage_member();
	assert_int_equal(umount2(GROUPIES_RUN_DIR, MNT_DETACH), 0);
	assert_int_equal(mount("stage", GROUPIES_RUN_DIR, "tmpfs", 0, "size=4k,mode=755"), 0);
	fd = open(GROUPIES_RUN_DIR "/full", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, "x", 1) == 1)
		;
	(void)close(fd);
	claim_refused_once(login_run(&member), "No space left on device");
	claim_others_log_in();
}

static void refuses_a_member_where_the_group_is_read_only(void **state)
{
	const char *mount_point;
	const struct login_report *seen;

	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	mount_point = host_hierarchy(&stage_host, "memory")->mount;
	assert_int_equal(mount(mount_point, mount_point, "", MS_BIND, ""), 0);
	assert_int_equal(mount("", mount_point, "", MS_REMOUNT | MS_BIND | MS_RDONLY, ""), 0);
	seen = login_run(&member);
	assert_int_equal(umount2(mount_point, MNT_DETACH), 0);
	claim_refused_once(seen, "Read-only file system");
}

/* A file that takes every pid and moves nobody stands in for the kernel's. */
static void believes_no_write_that_moves_nobody(void **state)
{
	char path[512];
	const struct login_report *seen;

	needs_stage();
	stage_member();
	(void)stage_realize();
	stage_write("/run/procs", "", 0644);
	(void)snprintf(path, sizeof(path), "%s/%s/cgroup.procs",
		       host_hierarchy(&stage_host, "memory")->mount, stage_playground);
	assert_int_equal(mount("/run/procs", path, "", MS_BIND, ""), 0);
	seen = login_run(&member);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	claim_refused_once(seen, "after it was placed");
}

/* Nobody but root can write a stamp; these are what a mistake of root's could look like. */
static void realizes_again_whatever_the_stamp_says(void **state)
{
	static const char *const stamps[] = {
		"noise",
		"groupies-stamp 1\nmanager=cgroupfs\nboot=other\ngroup=memory\npath=/\n"
		"directory=/sys/fs/cgroup/memory\nidentity=1 1\nrole=write\nend\n",
		"",
	};
	char path[128];
	size_t index;

	needs_stage();
	stage_member();
	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_RUN_DIR, stage_playground);
	for (index = 0; index < COUNT_OF(stamps); index++) {
		stage_write(path, stamps[index], 0644);
		claim_placed(login_run(&member));
	}
}

static void refuses_a_member_with_a_bad_stamp_and_no_helper(void **state)
{
	char path[128];

	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	(void)snprintf(path, sizeof(path), "%s/%s", GROUPIES_RUN_DIR, stage_playground);
	assert_int_equal(chmod(path, 0666), 0);
	stage_helper_remove();
	claim_refused_once(login_run(&member), "cannot be started");
}

static void sets_a_limit_again_that_somebody_lifted(void **state)
{
	char path[512];
	FILE *file;

	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	(void)snprintf(path, sizeof(path), "%s/%s/pids.max",
		       host_hierarchy(&stage_host, "pids")->mount, stage_playground);
	file = fopen(path, "w");
	(void)fprintf(file, "max");
	assert_int_equal(fclose(file), 0);
	claim_placed(login_run(&member));
	assert_string_equal(stage_value(stage_playground, "pids", "pids.max"), "100");
}

static void refuses_a_group_that_somebody_else_owns(void **state)
{
	char path[512];

	needs_stage();
	stage_member();
	(void)snprintf(path, sizeof(path), "%s/%s", host_hierarchy(&stage_host, "memory")->mount,
		       stage_playground);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, MEMBER_UID, MEMBER_UID), 0);
	claim_refused_once(login_run(&member), "can be changed by others than root");
}

static void lets_a_refused_member_in_unlimited_for_a_trial_period(void **state)
{
	static const struct login trial = {.user = MEMBER, .arguments = "step=after onerr=allow"};
	const struct login_report *seen;

	needs_stage();
	stage_member();
	stage_helper_remove();
	seen = login_run(&trial);
	claim_came_back(seen);
	assert_int_equal(seen->opened, ANSWER_IGNORE);
	assert_int_equal(seen->lines, 1);
	assert_non_null(strstr(seen->log[0].text, "is let in unlimited (onerr=allow)"));
}

/* In a PID namespace of its own the host is process 1. */
static void never_moves_process_1(void **state)
{
	const struct login_report *seen;
	int status = 0;
	pid_t pid;

	needs_stage();
	stage_member();
	claim_placed(login_run(&member));
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(2);
		seen = login_run(&member);
		_exit(seen->came_back && seen->opened == PAM_PERM_DENIED && stayed_out(seen) &&
				      strstr(seen->log[0].text, "which is never moved")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define on_stage(test) cmocka_unit_test_setup(test, stage_clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_stage(leaves_a_stranger_alone),
		on_stage(leaves_a_stranger_alone_where_groups_are_enrolled),
		on_stage(leaves_root_alone_even_when_it_is_enrolled),
		on_stage(leaves_an_unknown_user_to_the_host),
		on_stage(leaves_everybody_alone_without_a_registry),
		on_stage(says_so_when_the_registry_cannot_be_looked_into),
		on_stage(leaves_the_work_to_the_step_behind),
		on_stage(lets_everybody_in_when_the_module_is_deleted),
		on_stage(places_a_member_in_every_hierarchy_of_its_limits),
		on_stage(places_a_member_without_a_word),
		on_stage(leaves_the_host_of_a_member_as_it_was),
		on_stage(really_sets_the_limits),
		on_stage(realizes_again_what_a_reboot_took),
		on_stage(needs_no_helper_once_it_is_realized),
		on_stage(places_a_member_of_an_enrolled_group),
		on_stage(places_a_member_with_limits_of_its_own_below),
		on_stage(places_a_renamed_member_and_says_so),
		on_stage(minds_no_argument_that_it_does_not_know),
		on_stage(works_under_the_control_that_is_shipped),
		on_stage(remembers_a_member_by_group_without_a_word),
		on_stage(places_a_member_by_group_whom_it_cannot_remember),
		on_stage(keeps_a_member_by_group_while_its_groups_cannot_be_read),
		on_stage(keeps_a_member_by_group_whose_helper_cannot_ask),
		on_stage(forgets_a_member_who_has_left_its_group),
		on_stage(places_nobody_by_a_group_that_was_released),
		on_stage(refuses_a_member_by_group_whose_memory_is_corrupt),
		on_stage(says_so_when_the_groups_of_somebody_unknown_cannot_be_read),
		on_stage(refuses_a_member_whom_the_host_does_not_know),
		on_stage(refuses_nobody_by_a_name_that_leads_nowhere),
		on_stage(refuses_a_member_of_a_registry_that_cannot_be_looked_into),
		on_stage(refuses_a_member_by_group_where_the_groups_cannot_be_looked_into),
		on_stage(puts_the_host_back_when_the_session_ends),
		on_stage(stays_inside_until_the_last_of_two_sessions_ends),
		on_stage(is_not_taken_out_by_a_stranger_whose_session_ends),
		on_stage(takes_an_inherited_immunity_away),
		on_stage(leaves_who_offers_itself_first_as_it_is),
		on_stage(leaves_a_strangers_immunity),
		on_stage(places_a_member_whatever_its_caller_prepared),
		on_stage(makes_its_helper_wait_for_no_idle_moment),
		on_stage(troubles_no_host_with_its_helpers_end),
		on_stage(lets_no_member_in_for_want_of_descriptors),
		on_stage(refuses_a_member_with_a_corrupt_entry),
		on_stage(refuses_a_member_with_an_entry_that_others_can_write),
		on_stage(refuses_a_member_of_a_playground_that_was_never_applied),
		on_stage(refuses_a_member_of_two_groups_with_different_playgrounds),
		on_stage(refuses_a_member_without_the_helper),
		on_stage(refuses_a_member_whose_helper_fails),
		on_stage(believes_no_helper_that_only_says_yes),
		on_stage(survives_a_helper_that_never_stops_talking),
		on_stage(waits_for_no_helper_that_has_hung_up),
		on_stage(waits_a_bounded_time_for_a_helper_that_hangs),
		on_stage(refuses_a_member_when_the_disk_is_full),
		on_stage(refuses_a_member_where_the_group_is_read_only),
		on_stage(believes_no_write_that_moves_nobody),
		on_stage(realizes_again_whatever_the_stamp_says),
		on_stage(refuses_a_member_with_a_bad_stamp_and_no_helper),
		on_stage(sets_a_limit_again_that_somebody_lifted),
		on_stage(refuses_a_group_that_somebody_else_owns),
		on_stage(lets_a_refused_member_in_unlimited_for_a_trial_period),
		on_stage(never_moves_process_1),
	};

	return cmocka_run_group_tests_name("session", tests, stage_open, stage_close);
}
