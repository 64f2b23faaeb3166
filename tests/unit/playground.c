/* SPDX-License-Identifier: MIT */
/* What a playground is without a kernel; what the kernel must accept is in tests/integration. */
#include "groupies/playground.h"
#include "groupies/lock.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "groupies/backend.h"
#include "groupies/experiments.h"
#include "groupies/file.h"
#include "private_root.h"
#include "scratch.h"

/* ---- stamps ---------------------------------------------------------------------------------- */

static int empty_run(void **state)
{
	(void)state;
	if (!private_root.entered)
		return 0;
	(void)umount(GROUPIES_RUN_DIR);
	return mount("unit", GROUPIES_RUN_DIR, "tmpfs", 0, "mode=755");
}

static bool there_is(const char *path)
{
	return access(path, F_OK) == 0;
}

static void forgets_every_stamp_of_a_playground(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(GROUPIES_RUN_DIR "/lab", "", 0644);
	private_root_write(GROUPIES_RUN_DIR "/lab.1000", "", 0644);
	assert_done(playground_forget("lab", &err), &err);
	assert_false(there_is(GROUPIES_RUN_DIR "/lab") || there_is(GROUPIES_RUN_DIR "/lab.1000"));
}

static void forgets_no_stamp_of_a_neighbour(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	private_root_write(GROUPIES_RUN_DIR "/lab2", "", 0644);
	private_root_write(GROUPIES_RUN_DIR "/la", "", 0644);
	private_root_write(GROUPIES_RUN_DIR "/lab_.1000", "", 0644);
	assert_done(playground_forget("lab", &err), &err);
	assert_true(there_is(GROUPIES_RUN_DIR "/lab2") && there_is(GROUPIES_RUN_DIR "/la") &&
		    there_is(GROUPIES_RUN_DIR "/lab_.1000"));
}

static void forgets_nothing_where_nothing_was_ever_realized(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	(void)umount(GROUPIES_RUN_DIR);
	assert_int_equal(rmdir(GROUPIES_RUN_DIR), 0);
	assert_done(playground_forget("lab", &err), &err);
	assert_int_equal(mkdir(GROUPIES_RUN_DIR, 0755), 0);
}

static void says_that_a_playground_was_never_applied(void **state)
{
	struct config config;
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_refused(playground_read_applied("lab", &config, &err), &err, ENOENT,
		       GROUPIES_APPLIED_DIR);
}

static void reads_what_was_applied(void **state)
{
	cleanup_config struct config config = {0};
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(mkdir(GROUPIES_APPLIED_DIR, 0755), 0);
	private_root_write(GROUPIES_APPLIED_DIR "/lab.conf", "[Playground]\nMemoryMax=10M\n", 0644);
	assert_done(playground_read_applied("lab", &config, &err), &err);
	assert_true(config.shared.values[LIMIT_MEMORY_MAX].set);
}

/* ---- the lock -------------------------------------------------------------------------------- */

static void makes_its_own_directory_for_the_lock(void **state)
{
	struct error err = ERROR_NONE;
	int lock;

	(void)state;
	needs_private_root();
	(void)umount(GROUPIES_RUN_DIR);
	assert_int_equal(rmdir(GROUPIES_RUN_DIR), 0);
	lock = playground_lock(&err);
	assert_done(lock, &err);
	(void)close(lock);
}

static void keeps_everybody_else_out_while_it_is_held(void **state)
{
	struct error err = ERROR_NONE;
	int lock, other;

	(void)state;
	needs_private_root();
	lock = playground_lock(&err);
	assert_done(lock, &err);
	other = open(GROUPIES_RUN_DIR "/.lock", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	(void)close(lock);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
}

static void makes_a_lock_that_only_root_can_open(void **state)
{
	struct error err = ERROR_NONE;
	struct stat st;
	int lock;

	(void)state;
	needs_private_root();
	lock = playground_lock(&err);
	assert_done(lock, &err);
	assert_int_equal(fstat(lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)close(lock);
}

static void follows_no_link_to_the_lock(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	needs_private_root();
	assert_int_equal(symlink("/run/elsewhere", GROUPIES_RUN_DIR "/.lock"), 0);
	assert_refused(playground_lock(&err), &err, ELOOP, ".lock");
	assert_false(there_is("/run/elsewhere"));
}

/* ---- inside ---------------------------------------------------------------------------------- */

/* A tree that looks like a playground with two members. */
static struct stamp fake_tree(const struct scratch *scratch)
{
	struct stamp stamp = {.group_count = 1, .groups = {{.role = STAMP_WRITE}}};
	struct stamp_group *group = &stamp.groups[0];
	struct stat st;

	assert_int_equal(mkdirat(scratch->fd, "lab", 0755), 0);
	assert_int_equal(mkdirat(scratch->fd, "lab/1000", 0755), 0);
	assert_int_equal(mkdirat(scratch->fd, "lab/1001", 0755), 0);
	scratch_write(scratch, "lab/cgroup.procs", "", 0644);
	scratch_write(scratch, "lab/1000/cgroup.procs", "100\n101\n", 0644);
	scratch_write(scratch, "lab/1001/cgroup.procs", "200\n", 0644);
	(void)strcpy(group->controller, "memory");
	(void)strcpy(group->path, "/groupies_ut_nowhere");
	(void)snprintf(group->directory, sizeof(group->directory), "%s/lab", scratch->path);
	assert_int_equal(fstatat(scratch->fd, "lab", &st, 0), 0);
	group->device = st.st_dev;
	group->inode = st.st_ino;
	return stamp;
}

static int add_up(pid_t pid, void *data)
{
	*(int *)data += (int)pid;
	return 0;
}

static int stop_at_101(pid_t pid, void *data)
{
	(void)data;
	return pid == 101 ? -EINTR : 0;
}

static void visits_the_processes_of_every_member(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;
	int sum = 0;

	assert_done(playground_processes(&stamp, add_up, &sum, &err), &err);
	assert_int_equal(sum, 100 + 101 + 200);
}

static void stops_where_the_visitor_says_so(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;

	assert_refused(playground_processes(&stamp, stop_at_101, NULL, &err), &err, EINTR,
		       "process 101");
}

static void visits_nobody_where_the_group_is_gone(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;
	int sum = 0;

	strcat(stamp.groups[0].directory, "2");
	assert_done(playground_processes(&stamp, add_up, &sum, &err), &err);
	assert_int_equal(sum, 0);
}

static void counts_the_kills_of_every_member_on_v1(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;
	uint64_t kills = 42;

	scratch_write(*state, "lab/memory.oom_control",
		      "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 0644);
	scratch_write(*state, "lab/1000/memory.oom_control",
		      "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 0644);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 4);
}

static void counts_each_kill_once_on_v2(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;
	uint64_t kills = 42;

	/* memory.events of the parent has the child's kill as well; .local has not. */
	scratch_write(*state, "lab/memory.events", "oom 2\noom_kill 2\noom_group_kill 0\n", 0644);
	scratch_write(*state, "lab/memory.events.local", "oom 0\noom_kill 0\n", 0644);
	scratch_write(*state, "lab/1000/memory.events", "oom 2\noom_kill 2\n", 0644);
	scratch_write(*state, "lab/1000/memory.events.local",
		      "low 0\noom 2\noom_group_kill 9\noom_kill 2\n", 0644);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 2);
}

/* Of three kills of a playground one was an experiment's. */
static void excuse_one_of_three(const struct scratch *scratch, struct stamp *ret_stamp)
{
	struct error err = ERROR_NONE;

	*ret_stamp = fake_tree(scratch);
	scratch_write(scratch, "lab/memory.events", "oom 3\noom_kill 3\n", 0644);
	assert_done(experiments_add(ret_stamp, 1, &err), &err);
}

static void counts_no_kill_of_an_experiment(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;
	uint64_t kills = 42;

	needs_private_root();
	(void)empty_run(NULL);
	excuse_one_of_three(*state, &stamp);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 2);
	assert_done(experiments_add(&stamp, 1, &err), &err);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 1);
	assert_done(experiments_add(&stamp, 7, &err), &err);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 0);
}

static void counts_all_kills_where_the_experiment_was_of_another_boot(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;
	uint64_t kills = 42;
	char text[4096];
	int run;

	needs_private_root();
	(void)empty_run(NULL);
	excuse_one_of_three(*state, &stamp);
	run = directory_open(AT_FDCWD, GROUPIES_RUN_DIR, &err);
	assert_true(file_read_trusted(run, ".experiments", text, sizeof(text), &err) > 0);
	text[0] = text[0] == '0' ? '1' : '0';
	assert_done(file_replace(run, ".experiments", text, strlen(text), 0600, &err), &err);
	(void)close(run);
	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 3);
}

static void counts_no_kills_where_it_cannot_be_told_whose_they_are(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;
	uint64_t kills = 42;

	needs_private_root();
	(void)empty_run(NULL);
	excuse_one_of_three(*state, &stamp);
	assert_int_equal(chmod(GROUPIES_RUN_DIR "/.experiments", 0666), 0);
	assert_true(playground_kills(&stamp, &kills, &err) < 0);
	assert_int_equal(kills, 42);
	assert_non_null(strstr(err.text, "/.experiments"));
}

static void counts_no_kills_where_none_are_told(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;
	uint64_t kills = 42;

	assert_done(playground_kills(&stamp, &kills, &err), &err);
	assert_int_equal(kills, 0);
}

static void says_that_a_process_is_outside(void **state)
{
	struct stamp stamp = fake_tree(*state);
	struct error err = ERROR_NONE;

	assert_refused(playground_verify(&stamp, getpid(), &err), &err, EXDEV,
		       "is outside of /groupies_ut_nowhere");
}

static void knows_the_backend_of_each_host(void **state)
{
	(void)state;
	assert_ptr_equal(backend_of(&(struct host){.manager = HOST_SYSTEMD}), &backend_systemd);
	assert_ptr_equal(backend_of(&(struct host){.manager = HOST_CGROUPFS}), &backend_cgroupfs);
}

#define with_empty_run(test) cmocka_unit_test_setup(test, empty_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_empty_run(forgets_every_stamp_of_a_playground),
		with_empty_run(forgets_no_stamp_of_a_neighbour),
		with_empty_run(forgets_nothing_where_nothing_was_ever_realized),
		with_empty_run(says_that_a_playground_was_never_applied),
		with_empty_run(reads_what_was_applied),
		with_empty_run(makes_its_own_directory_for_the_lock),
		with_empty_run(keeps_everybody_else_out_while_it_is_held),
		with_empty_run(makes_a_lock_that_only_root_can_open),
		with_empty_run(follows_no_link_to_the_lock),
		with_scratch(visits_the_processes_of_every_member),
		with_scratch(stops_where_the_visitor_says_so),
		with_scratch(visits_nobody_where_the_group_is_gone),
		with_scratch(counts_the_kills_of_every_member_on_v1),
		with_scratch(counts_each_kill_once_on_v2),
		with_scratch(counts_no_kill_of_an_experiment),
		with_scratch(counts_all_kills_where_the_experiment_was_of_another_boot),
		with_scratch(counts_no_kills_where_it_cannot_be_told_whose_they_are),
		with_scratch(counts_no_kills_where_none_are_told),
		with_scratch(says_that_a_process_is_outside),
		cmocka_unit_test(knows_the_backend_of_each_host),
	};

	return cmocka_run_group_tests_name("playground", tests, private_root_enter, NULL);
}
