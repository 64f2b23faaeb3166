/* SPDX-License-Identifier: MIT */
/* What the kernel must accept: the cgroupfs backend on this machine's own groups. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../unit/unit.h"
#include "groupies/backend.h"
#include "groupies/cgroup.h"
#include "groupies/file.h"
#include "groupies/playground.h"
#include "stage/stage.h"

#define MIB (1024 * 1024)

#define needs_stage()                                                                              \
	do {                                                                                       \
		(void)state;                                                                       \
		if (stage_missing())                                                               \
			skip_because(stage_missing());                                             \
	} while (0)

#define needs_v1()                                                                                 \
	do {                                                                                       \
		needs_stage();                                                                     \
		if (stage_host.layout == HOST_V2)                                                  \
			skip_because("is about cgroup v1");                                        \
	} while (0)

static int realize_for(const char *text, uid_t uid, enum realize_mode mode, struct stamp *stamp,
		       struct error *err)
{
	struct config config = {0};
	char whole[1024];
	int answer;

	(void)snprintf(whole, sizeof(whole), "[Playground]\n%s", text);
	answer = config_parse(whole, strlen(whole), "test", stage_playground, &config, err);
	if (answer == 0)
		answer = playground_realize(&stage_host, &config, uid, mode, stamp, err);
	config_clear(&config);
	return answer;
}

static struct stamp realized(const char *text)
{
	struct stamp stamp = {0};
	struct error err = ERROR_NONE;

	assert_done(realize_for(text, (uid_t)-1, REALIZE_AGAIN, &stamp, &err), &err);
	return stamp;
}

static const char *memory_limit(void)
{
	return stage_host.layout == HOST_V2 ? "memory.max" : "memory.limit_in_bytes";
}

static void claim_value(const char *controller, const char *file, const char *value)
{
	const char *seen = stage_value(stage_playground, controller, file);

	assert_non_null(seen);
	assert_string_equal(seen, value);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void sets_the_limits_that_this_kernel_has(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;

	needs_stage();
	stamp = realized("MemoryMax=32M\nTasksMax=50\nCPUQuota=50%\nCPUWeight=50\nAllowedCPUs=0\n");
	claim_value("memory", memory_limit(), "33554432");
	claim_value("pids", "pids.max", "50");
	claim_value("cpuset", "cpuset.cpus", "0");
	if (stage_host.layout == HOST_V2) {
		claim_value("cpu", "cpu.max", "50000 100000");
		claim_value("cpu", "cpu.weight", "50");
	} else {
		claim_value("cpu", "cpu.cfs_quota_us", "50000");
		claim_value("cpu", "cpu.shares", "512");
	}
	assert_done(stamp_check(&stamp, &err), &err);
}

static void limits_memory_and_swap_in_either_order(void **state)
{
	needs_v1();
	(void)realized("MemoryMax=32M\nMemorySwapMax=0\n");
	claim_value("memory", "memory.memsw.limit_in_bytes", "33554432");
	(void)realized("MemoryMax=64M\nMemorySwapMax=0\n"); /* above the sum that is set */
	claim_value("memory", "memory.limit_in_bytes", "67108864");
	claim_value("memory", "memory.memsw.limit_in_bytes", "67108864");
	(void)realized("MemoryMax=16M\nMemorySwapMax=16M\n"); /* and below the limit that is set */
	claim_value("memory", "memory.limit_in_bytes", "16777216");
	claim_value("memory", "memory.memsw.limit_in_bytes", "33554432");
}

static void rounds_down_to_a_page_and_knows_it(void **state)
{
	needs_stage();
	(void)realized("MemoryMax=33554433\n");
	claim_value("memory", memory_limit(), "33554432");
}

static void takes_infinity_for_no_limit(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;

	needs_stage();
	stamp = realized("MemoryMax=infinity\nTasksMax=infinity\n");
	claim_value("pids", "pids.max", "max");
	assert_done(stamp_check(&stamp, &err), &err);
}

static void refuses_by_name_what_v1_cannot_express(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_v1();
	assert_refused(realize_for("MemoryMax=32M\nMemoryHigh=16M\n", (uid_t)-1, REALIZE_AGAIN,
				   &stamp, &err),
		       &err, EOPNOTSUPP, "MemoryHigh: this host cannot express it");
	assert_false(stage_has_group(stage_playground));
}

static void makes_no_other_group_when_it_realizes_again(void **state)
{
	struct stamp first, second;

	needs_stage();
	first = realized("MemoryMax=32M\n");
	second = realized("MemoryMax=16M\n");
	assert_int_equal(first.groups[0].inode, second.groups[0].inode);
	claim_value("memory", memory_limit(), "16777216");
}

static void does_nothing_where_the_stamp_is_good(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_stage();
	(void)realized("MemoryMax=32M\n");
	stage_apply("MemoryMax=16M\n");
	assert_done(realize_for("MemoryMax=16M\n", (uid_t)-1, REALIZE_TRUST_STAMP, &stamp, &err),
		    &err);
	claim_value("memory", memory_limit(), "33554432");
}

/* A login that has read the config before the removal, and comes to the lock after it. */
static void makes_nothing_again_that_has_been_taken_back(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_stage();
	(void)realized("MemoryMax=32M\n");
	stage_apply("MemoryMax=32M\n");
	assert_done(playground_remove(&stage_host, stage_playground, &err), &err);
	assert_refused(realize_for("MemoryMax=32M\n", (uid_t)-1, REALIZE_TRUST_STAMP, &stamp, &err),
		       &err, ENOENT, "applied");
	assert_false(backend_cgroupfs.exists(&stage_host, stage_playground, &err));
}

static void nests_a_members_own_limits(void **state)
{
	struct stamp stamp = {0};
	struct error err = ERROR_NONE;
	char name[64];

	needs_stage();
	assert_done(realize_for("MemoryMax=32M\n[Member]\nMemoryMax=16M\nTasksMax=10\n", 20001,
				REALIZE_AGAIN, &stamp, &err),
		    &err);
	(void)snprintf(name, sizeof(name), "%s/20001", stage_playground);
	assert_string_equal(stage_value(name, "memory", memory_limit()), "16777216");
	assert_string_equal(stage_value(name, "pids", "pids.max"), "10");
	claim_value("memory", memory_limit(), "33554432");
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static void path_of(const char *controller, const char *file, char path[512])
{
	(void)snprintf(path, 512, "%s/%s%s%s", host_hierarchy(&stage_host, controller)->mount,
		       stage_playground, *file ? "/" : "", file);
}

static void refuses_a_hand_made_group_that_a_user_owns(void **state)
{
	char path[512];
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_stage();
	path_of("memory", "", path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, 20001, 20001), 0);
	assert_refused(realize_for("MemoryMax=32M\n", (uid_t)-1, REALIZE_AGAIN, &stamp, &err), &err,
		       EPERM, "take the group over with --adopt");
}

static void refuses_a_group_with_one_file_that_others_can_write(void **state)
{
	char path[512];
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_stage();
	(void)realized("MemoryMax=32M\n");
	path_of("memory", memory_limit(), path);
	assert_int_equal(chmod(path, 0666), 0);
	assert_refused(realize_for("MemoryMax=32M\n", (uid_t)-1, REALIZE_AGAIN, &stamp, &err), &err,
		       EPERM, memory_limit());
}

/* Whoever has opened a file of it for writing could write it as long as the group stands. */
static void makes_a_hand_made_group_anew_when_it_adopts_it(void **state)
{
	char path[512];
	struct stamp stamp;
	struct error err = ERROR_NONE;
	struct stat st;
	int held, wrote;

	needs_stage();
	path_of("memory", "", path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, 20001, 20001), 0);
	path_of("memory", memory_limit(), path);
	assert_int_equal(chown(path, 20001, 20001), 0);
	held = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(held >= 0);
	assert_done(realize_for("MemoryMax=32M\n", (uid_t)-1, REALIZE_ADOPT, &stamp, &err), &err);
	wrote = (int)write(held, "1073741824", 10);
	(void)close(held);
	assert_true(wrote < 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	claim_value("memory", memory_limit(), "33554432");
}

/* ---- sockets on v1 --------------------------------------------------------------------------------- */

/* As systemd has it: the login is in a group of its own, below what was realized. */
static char *login_below(char text[512])
{
	char path[512];

	path_of("memory", "below", path);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	(void)snprintf(text, 512, "4:memory:%s/%s/below\n",
		       strcmp(host_hierarchy(&stage_host, "memory")->root, "/") == 0
			       ? ""
			       : host_hierarchy(&stage_host, "memory")->root,
		       stage_playground);
	return text;
}

static void claim_below(const char *value)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s/below", stage_playground);
	assert_string_equal(stage_value(name, "memory", "memory.kmem.tcp.limit_in_bytes"), value);
}

static void write_below(const char *value)
{
	char path[512];
	struct error err = ERROR_NONE;

	path_of("memory", "below/memory.kmem.tcp.limit_in_bytes", path);
	assert_done(kernel_write(AT_FDCWD, path, value, &err), &err);
}

static void charges_sockets_to_the_group_that_a_login_is_in(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;
	char text[512];

	needs_v1();
	stamp = realized("MemoryMax=32M\n");
	assert_done(stamp_charge_sockets(&stamp, login_below(text), &err), &err);
	claim_below("1099511627776");
	/* What limits already is somebody's wish. */
	write_below("16777216");
	assert_done(stamp_charge_sockets(&stamp, text, &err), &err);
	claim_below("16777216");
}

static void charges_no_sockets_where_memory_is_not_limited(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;

	needs_v1();
	stamp = realized("TasksMax=9\n");
	assert_done(stamp_charge_sockets(&stamp, "4:memory:/elsewhere\n", &err), &err);
}

static void fails_where_the_group_of_a_login_is_not_there(void **state)
{
	struct error err = ERROR_NONE;
	struct stamp stamp;

	needs_v1();
	stamp = realized("MemoryMax=32M\n");
	assert_refused(stamp_charge_sockets(&stamp, "4:memory:/elsewhere\n", &err), &err, ENOENT,
		       "elsewhere");
	assert_refused(stamp_charge_sockets(&stamp, "4:pids:/elsewhere\n", &err), &err, EXDEV,
		       "no group of memory");
}

/* ---- processes ------------------------------------------------------------------------------- */

/* A child that is in the group and sleeps; FILL bytes of memory are written first. */
static pid_t lodger(const struct stamp *stamp, size_t fill)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct error err;
		char *memory;

		if (stamp_enter(stamp, getpid(), &err) < 0)
			_exit(3);
		memory = fill ? malloc(fill) : NULL;
		if (memory)
			memset(memory, 1, fill);
		if (write(ready[1], memory ? memory : "x", 1) != 1)
			_exit(4);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	(void)close(ready[0]);
	return pid;
}

static int evict(pid_t pid)
{
	int status = 0;

	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return status;
}

static int note_pid(pid_t pid, void *data)
{
	*(pid_t *)data = pid;
	return 0;
}

static void sees_who_is_inside(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;
	pid_t pid, seen = 0;

	needs_stage();
	stamp = realized("MemoryMax=32M\n");
	pid = lodger(&stamp, 0);
	assert_done(playground_processes(&stamp, note_pid, &seen, &err), &err);
	assert_done(playground_verify(&stamp, pid, &err), &err);
	(void)evict(pid);
	assert_int_equal(seen, pid);
}

static void adopts_no_group_with_somebody_inside(void **state)
{
	char path[512];
	struct stamp stamp;
	struct error err = ERROR_NONE;
	pid_t pid;
	int answer;

	needs_stage();
	stamp = realized("MemoryMax=32M\n");
	path_of("memory", "", path);
	assert_int_equal(chown(path, 20001, 20001), 0);
	pid = lodger(&stamp, 0);
	answer = realize_for("MemoryMax=32M\n", (uid_t)-1, REALIZE_ADOPT, &stamp, &err);
	(void)evict(pid);
	assert_refused(answer, &err, EBUSY, "end them, then take it over");
}

static void places_a_process_and_reads_it_back(void **state)
{
	const struct config config = {0};
	const struct part part = {.host = &stage_host, .config = &config};
	struct stamp stamp;
	struct error err = ERROR_NONE;
	pid_t pid;
	int placed;

	needs_stage();
	stamp = realized("MemoryMax=32M\nTasksMax=10\n");
	pid = fork();
	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	placed = backend_cgroupfs.place(&part, &stamp, pid, &err);
	if (placed == 0)
		placed = playground_verify(&stamp, pid, &err);
	(void)evict(pid);
	assert_done(placed, &err);
}

static void counts_a_kill_by_the_limit(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;
	uint64_t before = 0, after = 0;
	int status;

	needs_stage();
	stamp = realized("MemoryMax=16M\n");
	assert_done(playground_kills(&stamp, &before, &err), &err);
	status = evict(lodger(&stamp, 64 * MIB));
	assert_done(playground_kills(&stamp, &after, &err), &err);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(after, before + 1);
}

static void removes_no_group_with_somebody_inside(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;
	char text[CGROUP_TEXT_SIZE];
	pid_t pid;
	int removed;

	needs_stage();
	stamp = realized("MemoryMax=32M\n");
	pid = lodger(&stamp, 0);
	removed = playground_remove(&stage_host, stage_playground, &err);
	(void)cgroup_read(pid, text, sizeof(text), &(struct error){0});
	(void)evict(pid);
	assert_refused(removed, &err, EBUSY, stage_playground);
	assert_true(stamp_holds(&stamp, text)); /* and moves nobody out */
}

static void removes_a_group_with_everything_below(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;

	needs_stage();
	assert_done(realize_for("MemoryMax=32M\nTasksMax=9\n[Member]\nMemoryMax=16M\n", 20001,
				REALIZE_AGAIN, &stamp, &err),
		    &err);
	assert_done(playground_remove(&stage_host, stage_playground, &err), &err);
	assert_false(backend_cgroupfs.exists(&stage_host, stage_playground, &err));
}

static void minds_no_group_that_is_gone_already(void **state)
{
	struct error err = ERROR_NONE;

	needs_stage();
	assert_done(playground_remove(&stage_host, stage_playground, &err), &err);
}

/* What is in use and cannot be swapped out keeps the old limit, and says so. */
static void says_that_a_limit_below_what_is_used_cannot_be_had(void **state)
{
	struct stamp stamp;
	struct error err = ERROR_NONE;
	pid_t pid;
	int answer;

	needs_v1();
	stamp = realized("MemoryMax=64M\nMemorySwapMax=0\n");
	pid = lodger(&stamp, 32 * MIB);
	answer = realize_for("MemoryMax=16M\nMemorySwapMax=0\n", (uid_t)-1, REALIZE_AGAIN, &stamp,
			     &err);
	(void)evict(pid);
	assert_refused(answer, &err, EBUSY, "in use and not to be reclaimed");
}

#define on_stage(test) cmocka_unit_test_setup(test, stage_clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_stage(sets_the_limits_that_this_kernel_has),
		on_stage(limits_memory_and_swap_in_either_order),
		on_stage(rounds_down_to_a_page_and_knows_it),
		on_stage(takes_infinity_for_no_limit),
		on_stage(refuses_by_name_what_v1_cannot_express),
		on_stage(makes_no_other_group_when_it_realizes_again),
		on_stage(does_nothing_where_the_stamp_is_good),
		on_stage(makes_nothing_again_that_has_been_taken_back),
		on_stage(nests_a_members_own_limits),
		on_stage(refuses_a_hand_made_group_that_a_user_owns),
		on_stage(refuses_a_group_with_one_file_that_others_can_write),
		on_stage(makes_a_hand_made_group_anew_when_it_adopts_it),
		on_stage(charges_sockets_to_the_group_that_a_login_is_in),
		on_stage(charges_no_sockets_where_memory_is_not_limited),
		on_stage(fails_where_the_group_of_a_login_is_not_there),
		on_stage(sees_who_is_inside),
		on_stage(adopts_no_group_with_somebody_inside),
		on_stage(places_a_process_and_reads_it_back),
		on_stage(counts_a_kill_by_the_limit),
		on_stage(removes_no_group_with_somebody_inside),
		on_stage(removes_a_group_with_everything_below),
		on_stage(minds_no_group_that_is_gone_already),
		on_stage(says_that_a_limit_below_what_is_used_cannot_be_had),
	};

	return cmocka_run_group_tests_name("backend", tests, stage_open, stage_close);
}
