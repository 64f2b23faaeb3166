/* SPDX-License-Identifier: MIT */
#include "groupies/directory.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include "groupies/cleanup.h"
#include "scratch.h"

/* In front of libc's: after so many entries, the directory cannot be read any more. */
static int entries_left = -1;

struct dirent *readdir(DIR *entries)
{
	static struct {
		uint64_t inode;
		int64_t offset;
		unsigned short length;
		unsigned char type;
		char name[256];
	} raw;
	static struct dirent entry;

	if (entries_left == 0) {
		errno = EIO;
		return NULL;
	}
	entries_left -= entries_left > 0;
	/* One entry a call would need a buffer of one entry: the names are small, so it is. */
	if (syscall(SYS_getdents64, dirfd(entries), &raw, 32) <= 0)
		return NULL;
	entry.d_type = raw.type;
	(void)snprintf(entry.d_name, sizeof(entry.d_name), "%s", raw.name);
	return &entry;
}

static int count(const struct scratch *scratch, struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int number = 0, more;

	assert_done(directory_list(scratch->fd, &entries, err), err);
	while ((more = directory_next(entries, &entry, err)) > 0)
		number++;
	return more < 0 ? more : number;
}

static void two_files(const struct scratch *scratch)
{
	scratch_write(scratch, "one", "", 0644);
	scratch_write(scratch, "two", "", 0644);
}

static void tells_every_entry_but_the_dots(void **state)
{
	struct error err = ERROR_NONE;

	entries_left = -1;
	two_files(*state);
	assert_int_equal(count(*state, &err), 2);
}

static void tells_an_error_from_the_end(void **state)
{
	struct error err = ERROR_NONE;

	two_files(*state);
	for (entries_left = 3; entries_left >= 0; entries_left--) {
		int left = entries_left;

		assert_refused(count(*state, &err), &err, EIO, "cannot be listed");
		entries_left = left;
	}
	entries_left = -1;
}

static void tells_a_directory_that_is_not_there(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	DIR *entries;

	scratch_write(scratch, "file", "", 0644);
	assert_int_equal(directory_find(scratch->fd, "none", &entries, &err), 0);
	assert_int_equal(directory_find(scratch->fd, "none/below", &entries, &err), 0);
	assert_int_equal(directory_find(scratch->fd, "file", &entries, &err), 0);
}

static void tells_a_directory_that_cannot_be_opened(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_NONE;
	DIR *entries;

	assert_int_equal(symlinkat("loop", scratch->fd, "loop"), 0);
	assert_refused(directory_find(scratch->fd, "loop", &entries, &err), &err, ELOOP, "loop: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(tells_every_entry_but_the_dots),
		with_scratch(tells_an_error_from_the_end),
		with_scratch(tells_a_directory_that_is_not_there),
		with_scratch(tells_a_directory_that_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
