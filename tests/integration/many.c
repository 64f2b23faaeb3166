/* SPDX-License-Identifier: MIT */
/*
 * A daemon that opens and closes 100 sessions in its own process, under valgrind in the end
 * (check-valgrind): what one session leaks would be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "../unit/unit.h"
#include "groupies/cgroup.h"
#include "stage/stage.h"

#define SESSIONS 100

#define needs_stage()                                                                              \
	do {                                                                                       \
		(void)state;                                                                       \
		if (stage_missing())                                                               \
			skip_because(stage_missing());                                             \
	} while (0)

static int converse(int count, const struct pam_message **messages, struct pam_response **answers,
		    void *data)
{
	(void)count;
	(void)messages;
	(void)answers;
	(void)data;
	return PAM_CONV_ERR;
}

static int one_session(const char *user)
{
	static const struct pam_conv conversation = {.conv = converse};
	pam_handle_t *pamh = NULL;
	int opened;

	if (pam_start_confdir("groupies-test", user, &conversation, "/run/pam.d", &pamh) !=
	    PAM_SUCCESS)
		return -1;
	opened = pam_open_session(pamh, 0);
	(void)pam_close_session(pamh, 0);
	(void)pam_end(pamh, PAM_SUCCESS);
	return opened;
}

static int open_descriptors(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int service(void **state)
{
	if (stage_clear(state))
		return -1;
	if (!stage_missing()) {
		stage_write("/run/pam.d/groupies-test",
			    "session [success=ok ignore=ignore default=die] " BUILD_DIR
			    "/pam_groupies.so step=after\nsession required pam_permit.so\n",
			    0644);
		stage_write("/run/pam.d/other", "session required pam_deny.so\n", 0644);
	}
	return 0;
}

static void claim_nothing_left_of(const char *user, int wanted)
{
	char before[4096], after[4096];
	struct error err;
	int count, descriptors;

	assert_int_equal(one_session(user), wanted); /* what libraries keep, they keep now */
	descriptors = open_descriptors();
	assert_done(cgroup_read(0, before, sizeof(before), &err), &err);
	for (count = 0; count < SESSIONS; count++)
		assert_int_equal(one_session(user), wanted);
	assert_int_equal(open_descriptors(), descriptors);
	assert_done(cgroup_read(0, after, sizeof(after), &err), &err);
	assert_string_equal(before, after);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void leaves_nothing_of_a_hundred_sessions(void **state)
{
	needs_stage();
	stage_member();
	claim_nothing_left_of(MEMBER, PAM_SUCCESS);
}

static void leaves_nothing_of_a_hundred_strangers(void **state)
{
	needs_stage();
	stage_member();
	stage_enrol_group(STUDENTS_GID, "students", stage_playground);
	claim_nothing_left_of(STRANGER, PAM_SUCCESS);
}

static void leaves_nothing_of_a_hundred_refusals(void **state)
{
	needs_stage();
	stage_member();
	stage_write("/var/lib/groupies/registry/uid/20001", "noise", 0644);
	claim_nothing_left_of(MEMBER, PAM_PERM_DENIED);
}

static void leaves_nothing_of_a_hundred_helpers_that_fail(void **state)
{
	needs_stage();
	stage_member();
	stage_helper_remove();
	claim_nothing_left_of(MEMBER, PAM_PERM_DENIED);
}

#define with_service(test) cmocka_unit_test_setup(test, service)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_service(leaves_nothing_of_a_hundred_sessions),
		with_service(leaves_nothing_of_a_hundred_strangers),
		with_service(leaves_nothing_of_a_hundred_refusals),
		with_service(leaves_nothing_of_a_hundred_helpers_that_fail),
	};

	return cmocka_run_group_tests_name("many", tests, stage_open, stage_close);
}
