/* SPDX-License-Identifier: MIT */
/*
 * These stand in front of libc's own for the module, which is loaded into this program. A child of
 * clone has a copy of the count, so what it calls before it executes the helper fails as well.
 */
#include "fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const fault_functions[] = {
	"access", "chdir",  "dlopen",       "dup2",       "execve",  "fcntl",    "fdopendir",
	"fork",   "fstat",  "getgrouplist", "getpwnam_r", "lstat",   "malloc",   "open",
	"openat", "pipe2",  "poll",         "read",       "readdir", "readlink", "realloc",
	"setsid", "strdup", "syscall",      "waitpid",    "write",   NULL,
};

static struct {
	bool on;
	const char *function;
	unsigned nth, count;
} fault;

void fault_plan(const char *function, unsigned nth)
{
	fault.function = function;
	fault.nth = nth;
	fault.count = 0;
}

void fault_begin(void)
{
	fault.on = fault.function != NULL;
}

unsigned fault_end(void)
{
	fault.on = false;
	return fault.count;
}

/* libpam and libc itself call them as well: what those make of a failure is not ours to test. */
static bool is_module(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "pam_groupies.so");
}

/* True when this call is the one. */
static bool call_fails(const char *function, int code, const void *caller)
{
	if (!fault.on || strcmp(fault.function, function) != 0 || !is_module(caller) ||
	    ++fault.count != fault.nth)
		return false;
	errno = code;
	return true;
}

#define fails(function, code) call_fails(function, code, __builtin_return_address(0))

#define REAL(function)                                                                             \
	static __typeof__(function) *real;                                                         \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, #function)

int access(const char *path, int mode)
{
	REAL(access);
	return fails("access", EIO) ? -1 : real(path, mode);
}

int chdir(const char *path)
{
	REAL(chdir);
	return fails("chdir", EIO) ? -1 : real(path);
}

void *dlopen(const char *library, int flags)
{
	REAL(dlopen);
	return fails("dlopen", ENOMEM) ? NULL : real(library, flags);
}

int dup2(int from, int to)
{
	REAL(dup2);
	return fails("dup2", EMFILE) ? -1 : real(from, to);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	REAL(execve);
	return fails("execve", ENOMEM) ? -1 : real(path, argv, envp);
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	void *argument;

	REAL(fcntl);
	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	return fails("fcntl", EMFILE) ? -1 : real(fd, command, argument);
}

DIR *fdopendir(int fd)
{
	REAL(fdopendir);
	return fails("fdopendir", ENOMEM) ? NULL : real(fd);
}

pid_t fork(void)
{
	REAL(fork);
	return fails("fork", EAGAIN) ? -1 : real();
}

int fstat(int fd, struct stat *st)
{
	REAL(fstat);
	return fails("fstat", EIO) ? -1 : real(fd, st);
}

int lstat(const char *path, struct stat *st)
{
	REAL(lstat);
	return fails("lstat", EIO) ? -1 : real(path, st);
}

int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	REAL(getgrouplist);
	if (!fails("getgrouplist", ENOMEM))
		return real(user, group, groups, count);
	*count = 0;
	return -1;
}

int getpwnam_r(const char *name, struct passwd *record, char *buffer, size_t size,
	       struct passwd **found)
{
	REAL(getpwnam_r);
	if (!fails("getpwnam_r", EMFILE))
		return real(name, record, buffer, size, found);
	*found = NULL;
	return EMFILE;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	REAL(open);
	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return fails("open", EMFILE) ? -1 : real(path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	REAL(openat);
	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return fails("openat", EMFILE) ? -1 : real(fd, path, flags, mode);
}

int pipe2(int ends[2], int flags)
{
	REAL(pipe2);
	return fails("pipe2", ENFILE) ? -1 : real(ends, flags);
}

int poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
	REAL(poll);
	return fails("poll", EINTR) ? -1 : real(fds, count, wait_ms);
}

ssize_t read(int fd, void *buffer, size_t size)
{
	REAL(read);
	return fails("read", EIO) ? -1 : real(fd, buffer, size);
}

struct dirent *readdir(DIR *entries)
{
	REAL(readdir);
	return fails("readdir", EIO) ? NULL : real(entries);
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
	REAL(readlink);
	return fails("readlink", EIO) ? -1 : real(path, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	REAL(write);
	return fails("write", ENOSPC) ? -1 : real(fd, buffer, size);
}

pid_t setsid(void)
{
	REAL(setsid);
	return fails("setsid", EPERM) ? -1 : real();
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	REAL(waitpid);
	return fails("waitpid", ECHILD) ? -1 : real(pid, status, options);
}

long syscall(long number, ...)
{
	va_list args;
	long words[6];
	int index;

	REAL(syscall);
	va_start(args, number);
	for (index = 0; index < 6; index++)
		words[index] = va_arg(args, long);
	va_end(args);
	return fails("syscall", EAGAIN)
		       ? -1
		       : real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/* dlsym() allocates: glibc's own names serve here. */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	return fails("malloc", ENOMEM) ? NULL : __libc_malloc(size);
}

void *realloc(void *old, size_t size)
{
	return fails("realloc", ENOMEM) ? NULL : __libc_realloc(old, size);
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = fails("strdup", ENOMEM) ? NULL : __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}
