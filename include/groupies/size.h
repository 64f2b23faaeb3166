/* SPDX-License-Identifier: MIT */
/* Sizes as people write them: 10M, 512K, 2G, 1.5G, plain bytes, or 50% of something. */
#ifndef GROUPIES_SIZE_H
#define GROUPIES_SIZE_H

#include <stddef.h>
#include <stdint.h>

#include "groupies/error.h"

#define SIZE_INFINITY UINT64_MAX

/*
 * Reads TEXT into bytes. K, M, G and T are powers of 1024; a fraction is allowed before a suffix.
 * PERCENT_OF is what `50%` is half of, in bytes; 0 refuses percentages.
 * EINVAL: not a size. ERANGE: more than 2^63-1 bytes.
 */
int size_parse(const char *text, uint64_t percent_of, uint64_t *ret_bytes, struct error *err);

/* Writes BYTES for people ("10 MiB", "9.6 MiB", "512 KiB", "100 bytes"). Returns TEXT. */
const char *size_print(uint64_t bytes, char *text, size_t text_size);

/* Reads a whole decimal number between LOW and HIGH. EINVAL: no number. ERANGE: outside. */
int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *ret_number,
		 struct error *err);

#endif
