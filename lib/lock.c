/* SPDX-License-Identifier: MIT */
#include "groupies/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/paths.h"

#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 5

/* The file is root's alone: nobody else can open it, so nobody else can hold a login up with it. */
int playground_lock(struct error *err)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000 * 1000};
	cleanup_fd int fd = -1;
	int waited_ms;

	if (mkdir(GROUPIES_RUN_DIR, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", GROUPIES_RUN_DIR);
	fd = open(GROUPIES_RUN_DIR "/.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s/.lock", GROUPIES_RUN_DIR);
	for (waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return steal_fd(&fd);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, "%s/.lock", GROUPIES_RUN_DIR);
		(void)nanosleep(&step, NULL);
	}
	return error_set(err, ETIMEDOUT,
			 "%s/.lock: another groupies program has held it for %d seconds",
			 GROUPIES_RUN_DIR, LOCK_WAIT_MS / 1000);
}
