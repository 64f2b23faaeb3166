/* SPDX-License-Identifier: MIT */
/*
 * Whatever a block acquires, the end of the block gives back: `cleanup_fd int group = -1;`.
 * To leave with it, say so: `return steal_fd(&group);`. Both close and free keep errno.
 */
#ifndef GROUPIES_CLEANUP_H
#define GROUPIES_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void cleanup_release(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

static inline void cleanup_close_file(FILE **file)
{
	int saved = errno;

	if (*file)
		(void)fclose(*file);
	errno = saved;
}

static inline void cleanup_close_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		(void)closedir(*dir);
	errno = saved;
}

#define cleanup_fd   __attribute__((cleanup(cleanup_close)))
#define cleanup_free __attribute__((cleanup(cleanup_release)))
#define cleanup_file __attribute__((cleanup(cleanup_close_file)))
#define cleanup_dir  __attribute__((cleanup(cleanup_close_dir)))

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *steal_pointer(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

#endif
