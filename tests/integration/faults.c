/* SPDX-License-Identifier: MIT */
/*
 * Every call that the module makes of libc, made to fail once: a member is inside or refused, never
 * let in outside; nobody else notices; the host lives.
 */
#include <dlfcn.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../unit/unit.h"
#include "groupies/known.h"
#include "groupies/paths.h"
#include "stage/fault.h"
#include "stage/login.h"
#include "stage/stage.h"

#define CALLS_MAX 400 /* of one function in one login; more would be a loop */

/* The login was right, whatever failed: in and inside, or refused and where it was. */
static bool member_is_safe(const struct login_report *seen)
{
	if (!seen->came_back)
		return false;
	if (seen->opened == PAM_SUCCESS)
		return login_was_in(seen->cgroup_inside, stage_playground);
	return seen->opened != ANSWER_IGNORE &&
	       strcmp(seen->cgroup_before, seen->cgroup_inside) == 0;
}

/* One never seen before whose groups cannot be listed counts only by its uid, as a line says. */
static bool student_is_safe(const struct login_report *seen)
{
	return member_is_safe(seen) ||
	       (seen->came_back && seen->opened == ANSWER_IGNORE && seen->lines == 1 &&
		strstr(seen->log[0].text, "cannot list the groups"));
}

static bool root_is_alone(const struct login_report *seen)
{
	return seen->came_back && seen->opened == ANSWER_IGNORE &&
	       strcmp(seen->cgroup_before, seen->cgroup_inside) == 0 &&
	       host_state_is_same(&seen->before, &seen->after);
}

/* Only who cannot be told from a member is refused like one. */
static bool stranger_is_alone(const struct login_report *seen)
{
	return root_is_alone(seen) ||
	       (seen->came_back && seen->opened == PAM_PERM_DENIED && seen->lines == 1 &&
		strstr(seen->log[0].text, "it cannot be looked up"));
}

typedef bool judge(const struct login_report *seen);

/* Runs LOGIN once for each call of each function, with that call failing. */
static void fail_every_call(const struct login *login, void (*before)(void), judge *is_right)
{
	unsigned wrong = 0, failed = 0;
	const char *const *function;

	for (function = fault_functions; *function; function++) {
		unsigned nth = 0;
		const struct login_report *seen;

		do {
			(void)stage_clear(NULL);
			before();
			fault_plan(*function, ++nth);
			seen = login_run(login);
			fault_plan(NULL, 0);
			if (!is_right(seen)) {
				print_message("# %s failing at call %u: answer %d, status %#x%s\n",
					      *function, nth, seen->opened, (unsigned)seen->status,
					      strcmp(seen->cgroup_before, seen->cgroup_inside)
						      ? ", moved"
						      : ", not moved");
				wrong++;
			}
			failed += seen->faults >= nth;
		} while (seen->faults >= nth && nth < CALLS_MAX);
	}
	print_message("# %u calls made to fail\n", failed);
	assert_true(failed > 1);
	assert_int_equal(wrong, 0);
}

static void by_uid(void)
{
	stage_member();
}

static void by_uid_realized(void)
{
	stage_member();
	(void)stage_realize();
}

static void by_group_realized(void)
{
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	(void)stage_realize();
}

/* The student has been placed by a group once, and the module knows. */
static void by_group_known(void)
{
	static const struct registry_entry group = {
		.is_group = true, .id = STUDENTS_GID, .name = "students"};
	struct registry_entry entry = group;
	struct error err;

	by_group_realized();
	(void)strcpy(entry.playground, stage_playground);
	assert_int_equal(known_remember(STUDENT_UID, STUDENT, &entry, &err), 0);
}

static void by_group_known_alone(void)
{
	by_group_known();
	stage_helper_remove();
}

#define needs_stage()                                                                              \
	do {                                                                                       \
		(void)state;                                                                       \
		if (stage_missing())                                                               \
			skip_because(stage_missing());                                             \
	} while (0)

static void lets_no_member_in_outside_when_a_call_fails(void **state)
{
	static const struct login login = {.user = MEMBER};

	needs_stage();
	fail_every_call(&login, by_uid_realized, member_is_safe);
}

static void lets_no_member_in_outside_when_a_call_for_the_helper_fails(void **state)
{
	static const struct login login = {.user = MEMBER};

	needs_stage();
	fail_every_call(&login, by_uid, member_is_safe);
}

static void leaves_root_alone_when_a_call_fails(void **state)
{
	static const struct login login = {.user = "root"};

	needs_stage();
	fail_every_call(&login, by_group_realized, root_is_alone);
}

static void lets_no_student_in_outside_when_a_call_fails(void **state)
{
	static const struct login login = {.user = STUDENT};

	needs_stage();
	fail_every_call(&login, by_group_realized, student_is_safe);
}

static void lets_no_known_student_in_outside_when_a_call_fails(void **state)
{
	static const struct login login = {.user = STUDENT};

	needs_stage();
	fail_every_call(&login, by_group_known, member_is_safe);
	/* And where its group does not seem to list it any more, and nobody can be asked. */
	stage_write("/run/other-group", "root:x:0:\nstudents:x:20010:\n", 0644);
	assert_int_equal(mount("/run/other-group", "/etc/group", "", MS_BIND, ""), 0);
	fail_every_call(&login, by_group_known_alone, member_is_safe);
	assert_int_equal(umount2("/etc/group", MNT_DETACH), 0);
}

static void leaves_a_stranger_alone_when_a_call_fails(void **state)
{
	static const struct login login = {.user = STRANGER};

	needs_stage();
	fail_every_call(&login, by_group_realized, stranger_is_alone);
}

/* ---- ahead of pam_systemd, where systemd runs ------------------------------------------------- */

/* A login of the student's own, as pam_loginuid leaves it; plain files stand in for the kernel's. */
static void log_in_as_a_student(void)
{
	stage_write("/run/loginuid", "20003\n", 0644);
	stage_write("/run/sessionid", "5\n", 0644);
	if (mount("/run/loginuid", "/proc/self/loginuid", "", MS_BIND, "") < 0 ||
	    mount("/run/sessionid", "/proc/self/sessionid", "", MS_BIND, "") < 0)
		abort();
}

/* The helper is asked to prepare logind's scope, and says so. */
static void systemd_runs(void)
{
	by_group_known();
	stage_write("/run/systemd/system/there", "", 0644);
	stage_helper_replace("#!/bin/sh\nprintf 'nwas asked' >&3\n");
}

static bool is_refused(const struct login_report *seen)
{
	return seen->came_back && seen->opened == PAM_PERM_DENIED;
}

static void lets_no_student_past_the_step_before_when_a_call_fails(void **state)
{
	static const struct login login = {
		.user = STUDENT, .arguments = "step=before", .prepare = log_in_as_a_student};

	needs_stage();
	fail_every_call(&login, systemd_runs, is_refused);
	(void)unlink("/run/systemd/system/there");
	(void)rmdir("/run/systemd/system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_no_member_in_outside_when_a_call_fails),
		cmocka_unit_test(lets_no_member_in_outside_when_a_call_for_the_helper_fails),
		cmocka_unit_test(lets_no_student_in_outside_when_a_call_fails),
		cmocka_unit_test(lets_no_known_student_in_outside_when_a_call_fails),
		cmocka_unit_test(leaves_root_alone_when_a_call_fails),
		cmocka_unit_test(leaves_a_stranger_alone_when_a_call_fails),
		cmocka_unit_test(lets_no_student_past_the_step_before_when_a_call_fails),
	};

	return cmocka_run_group_tests_name("faults", tests, stage_open, stage_close);
}
