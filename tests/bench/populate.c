/* SPDX-License-Identifier: MIT */
/*
 * populate BYTES [thp|write]: one mmap and one MADV_POPULATE_WRITE (Linux 5.14), the least that fills
 * memory; "write" puts a word into each page too, which costs much where pages are shadowed (a guest
 * whose host has its own page tables for it).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	if (argc > 2 && strcmp(argv[2], "thp") == 0)
		(void)madvise(memory, size, MADV_HUGEPAGE);
	if (madvise(memory, size, MADV_POPULATE_WRITE) < 0)
		return 1;
	if (argc > 2 && strcmp(argv[2], "write") == 0) {
		volatile char *at = memory, *end = at + size;

		for (; at < end; at += 4096)
			*at = 1;
	}
	return 0;
}
