/* SPDX-License-Identifier: MIT */
#include "groupies/size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SIZE_LARGEST ((uint64_t)INT64_MAX)

/* Digits of TEXT as a number; stops at the first other character. False when it overflows. */
static bool digits_read(const char **text, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (; isdigit((unsigned char)**text); (*text)++) {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

/* How much one of SUFFIX is, as a power of two; -1 for no suffix that we know. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (!*suffix)
		return 0;
	letter = strchr(letters, toupper((unsigned char)*suffix));
	if (!letter ||
	    !(suffix[1] == '\0' || strcmp(suffix + 1, "iB") == 0 || strcmp(suffix + 1, "B") == 0))
		return -1;
	return 10 * (int)(letter - letters + 1);
}

/* The part behind the point, in billionths: enough to be exact to the byte for every fraction. */
static int fraction_read(const char **text, uint64_t *ret_billionths)
{
	uint64_t unit = 100000000;
	int digits = 0;

	*ret_billionths = 0;
	for (; isdigit((unsigned char)**text); (*text)++, digits++) {
		*ret_billionths += unit * (uint64_t)(**text - '0');
		unit /= 10;
	}
	return digits;
}

int size_parse(const char *text, uint64_t percent_of, uint64_t *ret_bytes, struct error *err)
{
	const char *rest = text;
	uint64_t whole = 0, billionths = 0, bytes = 0;
	bool fraction = false;
	int shift;

	if (!isdigit((unsigned char)*rest))
		return error_set(err, EINVAL, "'%s' is not a size: write 10M, 512K, 1.5G or bytes",
				 text);
	if (!digits_read(&rest, &whole))
		return error_set(err, ERANGE, "'%s' is more than any machine has", text);
	if (*rest == '.') {
		rest++;
		fraction = true;
		if (fraction_read(&rest, &billionths) == 0)
			return error_set(err, EINVAL, "'%s' has no digit behind the point", text);
	}
	if (strcmp(rest, "%") == 0) {
		if (percent_of == 0)
			return error_set(err, EINVAL, "'%s': a percentage makes no sense here",
					 text);
		if (whole > 100 || (whole == 100 && billionths))
			return error_set(err, ERANGE, "'%s' is more than 100%%", text);
		/* Whole percents in whole numbers: half of an even number is just that. */
		*ret_bytes =
			percent_of / 100 * whole + percent_of % 100 * whole / 100 +
			(uint64_t)((long double)percent_of / 100 * (long double)billionths / 1e9L);
		return 0;
	}
	shift = suffix_shift(rest);
	if (shift < 0)
		return error_set(err, EINVAL, "'%s' is not a size: write 10M, 512K, 1.5G or bytes",
				 text);
	if (fraction && shift == 0)
		return error_set(err, EINVAL, "'%s': a fraction of a byte; write a suffix (1.5M)",
				 text);
	if (whole > (SIZE_LARGEST >> shift))
		return error_set(err, ERANGE, "'%s' is more than any machine has", text);
	bytes = (whole << shift) +
		(uint64_t)((long double)((uint64_t)1 << shift) * (long double)billionths / 1e9L);
	if (bytes > SIZE_LARGEST)
		return error_set(err, ERANGE, "'%s' is more than any machine has", text);
	*ret_bytes = bytes;
	return 0;
}

const char *size_print(uint64_t bytes, char *text, size_t text_size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	uint64_t unit = 1, tenths;
	size_t index = 0;

	if (bytes == SIZE_INFINITY) {
		(void)snprintf(text, text_size, "unlimited");
		return text;
	}
	while (index + 1 < sizeof(units) / sizeof(*units) && bytes / unit >= 1024) {
		unit *= 1024;
		index++;
	}
	tenths = (bytes % unit) * 10 / unit;
	if (index == 0 || tenths == 0)
		(void)snprintf(text, text_size, "%" PRIu64 " %s", bytes / unit, units[index]);
	else
		(void)snprintf(text, text_size, "%" PRIu64 ".%" PRIu64 " %s", bytes / unit, tenths,
			       units[index]);
	return text;
}

int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *ret_number,
		 struct error *err)
{
	const char *rest = text;
	uint64_t number = 0;

	if (!isdigit((unsigned char)*rest))
		return error_set(err, EINVAL, "'%s' is not a number", text);
	if (!digits_read(&rest, &number) || number < low || number > high) {
		if (*rest && !isdigit((unsigned char)*rest))
			return error_set(err, EINVAL, "'%s' is not a number", text);
		return error_set(err, ERANGE, "'%s' is not between %" PRIu64 " and %" PRIu64, text,
				 low, high);
	}
	if (*rest)
		return error_set(err, EINVAL, "'%s' is not a number", text);
	*ret_number = number;
	return 0;
}
