/* SPDX-License-Identifier: MIT */
/*
 * Memory, by its three kinds. Fast because the kernel is asked for many pages at once
 * (MADV_POPULATE_WRITE, Linux 5.14) and one word of each page, huge or not, is written; exact
 * because that is done in helpings small enough to tell how far it came.
 */
#include "eat.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/size.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif

/* linux/magic.h; musl has no kernel headers beside it. */
#define MAGIC_TMPFS 0x01021994
#define MAGIC_RAMFS 0x858458f6

/*
 * One call for 128 KiB costs 2-5 % more than one for all; a huge page is one fault anyway.
 * What the supervisor knows after a kill is exact to one helping.
 */
#define HELPING_BYTES   ((size_t)128 * 1024)
#define HUGE_PAGE_BYTES ((size_t)2 * 1024 * 1024)

/* How much of a file may wait to be written to the disk. */
#define DIRTY_BYTES_MAX ((uint64_t)1024 * 1024)

struct meal {
	const struct order *order;
	struct progress *progress;
	struct told *told;
	unsigned char *memory; /* all of it, or of a file one helping */
	int file;
	size_t page;
	size_t stride; /* from one word to the next */
	size_t helping;
	bool populates;
};

/* What differs between anon, shm and file. AT and LENGTH never cross a step. */
struct kind {
	int (*allocate)(struct meal *meal, struct error *err);
	int (*write)(struct meal *meal, uint64_t at, size_t length, struct error *err);
	int (*read)(struct meal *meal, uint64_t at, size_t length, struct error *err);
};

/* The word that the page with the number PAGE begins with: no two are the same, none is zero. */
static uint64_t page_word(uint64_t page)
{
	return page * 0x9e3779b97f4a7c15ULL + 1;
}

/* Fills LENGTH bytes (a multiple of 8) with what no compression shrinks. */
static void fill_words(unsigned char *memory, size_t length, uint64_t seed)
{
	uint64_t *word = (uint64_t *)(void *)memory;
	uint64_t state = seed | 1;
	size_t left;

	for (left = length / sizeof(*word); left; left--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		*word++ = state;
	}
}

/* Writes what belongs into the pages from MEMORY on, the first of which has the number PAGE. */
static void pages_write(const struct meal *meal, unsigned char *memory, size_t length,
			uint64_t page)
{
	/* What has not been populated is there only if every page is written, huge or not. */
	size_t stride = meal->populates ? meal->stride : meal->page;
	unsigned char *end = memory + length;

	for (; memory < end; memory += stride, page += stride / meal->page) {
		if (meal->order->fill)
			fill_words(memory, meal->page, page_word(page));
		*(volatile uint64_t *)(void *)memory = page_word(page);
	}
}

static int pages_read(const struct meal *meal, const unsigned char *memory, size_t length,
		      uint64_t page, struct error *err)
{
	const unsigned char *end = memory + length;

	for (; memory < end; memory += meal->stride, page += meal->stride / meal->page) {
		if (*(const volatile uint64_t *)(const void *)memory != page_word(page))
			return error_set(err, EIO,
					 "page %" PRIu64 " reads back as something else: this "
					 "machine's memory or disk is faulty",
					 page);
	}
	return 0;
}

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Says why LENGTH bytes of address space are not to be had. */
static int map_complain(uint64_t length, struct error *err)
{
	char bytes[32], limit[32];
	struct rlimit space;

	(void)error_errno(err, "cannot allocate %s", size_print(length, bytes, sizeof(bytes)));
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
		return error_set(err, ENOMEM,
				 "cannot allocate %s: the address space is limited to %s: "
				 "raise it (ulimit -v unlimited) or ask for less",
				 bytes, size_print(space.rlim_cur, limit, sizeof(limit)));
	return -err->code;
}

/* With THP switched off the advice is taken and then ignored: better say so. */
static int huge_pages_check(struct error *err)
{
	static const char file[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	char text[64];
	struct error ignored;

	if (kernel_read(AT_FDCWD, file, text, sizeof(text), &ignored) >= 0 &&
	    strstr(text, "[never]"))
		return error_set(err, EOPNOTSUPP,
				 "--thp: huge pages are switched off on this host: "
				 "echo madvise > %s, or leave --thp out",
				 file);
	return 0;
}

static int memory_lock(const struct meal *meal, size_t length, struct error *err)
{
	char bytes[32];
	struct rlimit locked;

	/* On fault: the helpings stay what they are, and each page is locked as it comes. */
	if (mlock2(meal->memory, length, MLOCK_ONFAULT) == 0)
		return 0;
	(void)error_errno(err, "--lock");
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < length)
		return error_set(err, EPERM,
				 "--lock: only %s may be locked: raise it (ulimit -l) or "
				 "leave --lock out",
				 size_print(locked.rlim_cur, bytes, sizeof(bytes)));
	return -err->code;
}

static int map_allocate(struct meal *meal, struct error *err)
{
	const struct order *order = meal->order;
	size_t spare = order->thp ? HUGE_PAGE_BYTES : 0, length;
	int flags = order->kind == KIND_SHM ? MAP_SHARED : MAP_PRIVATE;
	unsigned char *memory;

	errno = ENOMEM;
	if (order->size_bytes > SIZE_MAX / 2 - HUGE_PAGE_BYTES)
		return map_complain(order->size_bytes, err);
	if (order->thp && huge_pages_check(err) < 0)
		return -err->code;
	length = round_up((size_t)order->size_bytes, meal->page);
	/* What the host can give is told by hog itself, and by the kernel when it is touched. */
	memory = mmap(NULL, length + spare, PROT_READ | PROT_WRITE,
		      flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return map_complain(order->size_bytes, err);
	if (spare)
		memory += round_up((uintptr_t)memory, HUGE_PAGE_BYTES) - (uintptr_t)memory;
	meal->memory = memory;
	if (order->thp && madvise(memory, length, MADV_HUGEPAGE) < 0)
		return error_errno(err, "--thp: this kernel has no huge pages: leave --thp out");
	if (order->lock && memory_lock(meal, length, err) < 0)
		return -err->code;
	/* The tasks need no copy of the page tables: those would be charged, too. */
	(void)madvise(memory, length, MADV_DONTFORK);
	return 0;
}

/* Where populating fails, touching shows why, or works: an old kernel, or a limit that waits. */
static int map_write(struct meal *meal, uint64_t at, size_t length, struct error *err)
{
	size_t page = (size_t)(at / meal->page);
	size_t from = page * meal->page;
	size_t bytes = round_up((size_t)at + length, meal->page) - from;

	(void)err;
	if (meal->populates && madvise(meal->memory + from, bytes, MADV_POPULATE_WRITE) < 0)
		meal->populates = false;
	pages_write(meal, meal->memory + from, bytes, page);
	return 0;
}

static int map_read(struct meal *meal, uint64_t at, size_t length, struct error *err)
{
	size_t page = (size_t)(at / meal->page);
	size_t from = page * meal->page;

	return pages_read(meal, meal->memory + from, (size_t)at + length - from, page, err);
}

/* Opens a file without a name in DIRECTORY, where that is a disk. */
static int disk_open(const char *directory, struct error *err)
{
	char name[PATH_MAX];
	cleanup_fd int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct statfs disk;

	/* overlayfs before Linux 6.1 has no O_TMPFILE. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		(void)snprintf(name, sizeof(name), "%s/.hog-XXXXXX", directory);
		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(name);
	}
	if (fd < 0 || fstatfs(fd, &disk) < 0)
		return error_errno(err, "%s", directory);
	if ((unsigned long)disk.f_type == MAGIC_TMPFS || (unsigned long)disk.f_type == MAGIC_RAMFS)
		return error_set(err, EINVAL, "%s: is in memory, not on a disk", directory);
	return steal_fd(&fd);
}

/* An image made of hog alone has none of the usual directories, but it has a root. */
static int file_open(struct error *err)
{
	static const char *const directories[] = {"/var/tmp", "/tmp", ".", "/"};
	const char *chosen = getenv("TMPDIR");
	size_t index;
	int fd = -1;

	if (chosen && *chosen) {
		fd = disk_open(chosen, err);
		return fd < 0 ? error_context(err, "--kind file: TMPDIR") : fd;
	}
	for (index = 0; index < sizeof(directories) / sizeof(*directories) && fd < 0; index++)
		fd = disk_open(directories[index], err);
	if (fd < 0)
		return error_set(err, err->code,
				 "--kind file: no directory on a disk can be written: "
				 "set TMPDIR to one");
	return fd;
}

static int file_allocate(struct meal *meal, struct error *err)
{
	char free_bytes[32];
	struct statfs disk;

	meal->file = file_open(err);
	if (meal->file < 0)
		return -err->code;
	if (fstatfs(meal->file, &disk) == 0 &&
	    meal->order->size_bytes / (uint64_t)disk.f_bsize >= (uint64_t)disk.f_bavail)
		return error_set(err, ENOSPC,
				 "--kind file: the disk has only %s left: ask for less, or "
				 "set TMPDIR to a directory on another one",
				 size_print((uint64_t)disk.f_bavail * (uint64_t)disk.f_bsize,
					    free_bytes, sizeof(free_bytes)));
	meal->memory = mmap(NULL, meal->helping + meal->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return meal->memory == MAP_FAILED ? map_complain(meal->helping, err) : 0;
}

/*
 * Page cache that waits for the disk cannot be taken back: on a slow one, a group that holds
 * nothing else would be killed for it (seen on v2 at 36 MiB under a limit of 10).
 */
static int file_clean(const struct meal *meal, uint64_t from, uint64_t end, struct error *err)
{
	if (from / DIRTY_BYTES_MAX == end / DIRTY_BYTES_MAX)
		return 0;
	if (sync_file_range(meal->file, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) < 0 &&
	    errno != ENOSYS)
		return error_errno(err, "--kind file: cannot write");
	return 0;
}

/* Whole pages: the file may end a little behind SIZE. */
static int file_write(struct meal *meal, uint64_t at, size_t length, struct error *err)
{
	uint64_t page = at / meal->page;
	uint64_t from = page * meal->page;
	size_t bytes = round_up((size_t)(at - from) + length, meal->page), done = 0;

	pages_write(meal, meal->memory, bytes, page);
	while (done < bytes) {
		ssize_t put =
			pwrite(meal->file, meal->memory + done, bytes - done, (off_t)(from + done));

		if (put < 0 && errno != EINTR)
			return error_errno(err, "--kind file: cannot write");
		done += put > 0 ? (size_t)put : 0;
	}
	return file_clean(meal, from, from + bytes, err);
}

static int file_read(struct meal *meal, uint64_t at, size_t length, struct error *err)
{
	uint64_t page = at / meal->page;
	uint64_t from = page * meal->page;
	size_t bytes = round_up((size_t)(at - from) + length, meal->page), done = 0;

	while (done < bytes) {
		ssize_t got =
			pread(meal->file, meal->memory + done, bytes - done, (off_t)(from + done));

		if (got == 0)
			return error_set(err, EIO, "--kind file: the file has become shorter");
		if (got < 0 && errno != EINTR)
			return error_errno(err, "--kind file: cannot read");
		done += got > 0 ? (size_t)got : 0;
	}
	return pages_read(meal, meal->memory, bytes, page, err);
}

static const struct kind kinds[KIND_COUNT] = {
	[KIND_ANON] = {map_allocate, map_write, map_read},
	[KIND_SHM] = {map_allocate, map_write, map_read},
	[KIND_FILE] = {file_allocate, file_write, file_read},
};

/* How much to take at AT: a helping, or what is left of the step or of it all. */
static size_t helping_length(const struct meal *meal, uint64_t at)
{
	uint64_t left = meal->order->size_bytes - at;
	uint64_t step = meal->order->step_bytes;

	if (step && left > step - at % step)
		left = step - at % step;
	return left < meal->helping ? (size_t)left : meal->helping;
}

/* Between two steps: says how far it is, and waits. */
static int step_rest(struct meal *meal, uint64_t at, struct error *err)
{
	uint64_t all = meal->order->size_bytes;

	progress_bar(meal->progress, at, all, true);
	if (!meal->progress->terminal &&
	    progress_say(meal->progress, err, "wrote %" PRIu64 " of %" PRIu64 " bytes\n", at, all) <
		    0)
		return -err->code;
	sleep_ms(meal->order->every_ms);
	return 0;
}

static int meal_write(struct meal *meal, struct error *err)
{
	uint64_t all = meal->order->size_bytes, step = meal->order->step_bytes, at = 0;
	size_t length;

	while (at < all) {
		length = helping_length(meal, at);
		if (kinds[meal->order->kind].write(meal, at, length, err) < 0)
			return -err->code;
		at += length;
		atomic_store_explicit(&meal->told->eaten_bytes, at, memory_order_relaxed);
		progress_bar(meal->progress, at, all, false);
		if (step && at < all && at % step == 0 && step_rest(meal, at, err) < 0)
			return -err->code;
	}
	return 0;
}

static int meal_read(struct meal *meal, struct error *err)
{
	uint64_t all = meal->order->size_bytes, at;
	size_t length;

	for (at = 0; at < all; at += length) {
		length = helping_length(meal, at);
		if (kinds[meal->order->kind].read(meal, at, length, err) < 0)
			return -err->code;
	}
	return 0;
}

/* Says "WHAT SIZE bytes..." and does it. Returns the nanoseconds it took. */
static int meal_phase(struct meal *meal, const char *what,
		      int (*act)(struct meal *meal, struct error *err), uint64_t *ret_ns,
		      struct error *err)
{
	uint64_t begin;

	if (progress_say(meal->progress, err, "%s %" PRIu64 " bytes...\n", what,
			 meal->order->size_bytes) < 0)
		return -err->code;
	begin = clock_ns();
	if (act(meal, err) < 0)
		return -err->code;
	*ret_ns = clock_ns() - begin;
	return 0;
}

int eat_memory(const struct order *order, struct progress *progress, struct told *told,
	       struct error *err)
{
	struct meal meal = {.order = order,
			    .progress = progress,
			    .told = told,
			    .file = -1,
			    .page = (size_t)getpagesize(),
			    .stride = (size_t)getpagesize(),
			    .helping = HELPING_BYTES,
			    .populates = true};
	uint64_t ignored_ns;

	if (order->thp)
		meal.helping = HUGE_PAGE_BYTES;
	if (order->thp && !order->fill)
		meal.stride = HUGE_PAGE_BYTES;
	if (meal_phase(&meal, "allocating", kinds[order->kind].allocate, &ignored_ns, err) < 0 ||
	    meal_phase(&meal, "writing", meal_write, &told->write_ns, err) < 0)
		return -err->code;
	return meal_phase(&meal, "reading", meal_read, &told->read_ns, err);
}
