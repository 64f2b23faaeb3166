/* SPDX-License-Identifier: MIT */
#include "groupies/size.h"

#include "unit.h"

#define HALF_OF ((uint64_t)1000)

static void reads_every_way_to_write_a_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{"0", 0},
		{"1", 1},
		{"4096", 4096},
		{"007", 7},
		{"10K", 10240},
		{"10k", 10240},
		{"10KB", 10240},
		{"10KiB", 10240},
		{"10M", 10485760},
		{"10m", 10485760},
		{"512K", 524288},
		{"2G", UINT64_C(2147483648)},
		{"1T", UINT64_C(1099511627776)},
		{"1TiB", UINT64_C(1099511627776)},
		{"1.5G", UINT64_C(1610612736)},
		{"0.5K", 512},
		{"0.25M", 262144},
		{"0.1K", 102},
		{"1.0M", 1048576},
		{"1.999999999K", 2047},
		{"1.00000000000000000000000001K", 1024},
		{"9223372036854775807", INT64_MAX},
		{"9007199254740991K", UINT64_C(9223372036854774784)},
		{"8388607T", UINT64_C(9223370937343148032)},
		{"8388607.5T", UINT64_C(9223371487098961920)},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t bytes = 42;

		assert_done(size_parse(rows[index].text, 0, &bytes, &err), &err);
		if (bytes != rows[index].bytes)
			print_error("%s\n", rows[index].text);
		assert_int_equal(bytes, rows[index].bytes);
	}
}

static void refuses_what_is_no_size_in_so_many_words(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *words;
	} rows[] = {
		{"", EINVAL, "'' is not a size"},
		{" 1", EINVAL, "is not a size"},
		{"1 ", EINVAL, "is not a size"},
		{"10 M", EINVAL, "is not a size"},
		{"+1", EINVAL, "is not a size"},
		{"-1", EINVAL, "'-1' is not a size"},
		{"0x10", EINVAL, "is not a size"},
		{"1e6", EINVAL, "is not a size"},
		{"M", EINVAL, "is not a size"},
		{".5M", EINVAL, "is not a size"},
		{"10MM", EINVAL, "is not a size"},
		{"10Mb", EINVAL, "is not a size"},
		{"10MIB", EINVAL, "is not a size"},
		{"10P", EINVAL, "is not a size"},
		{"10\n", EINVAL, "is not a size"},
		{"1,5G", EINVAL, "is not a size"},
		{"1.5.5G", EINVAL, "is not a size"},
		{"infinity", EINVAL, "is not a size"},
		{"1.", EINVAL, "no digit behind the point"},
		{"1.M", EINVAL, "no digit behind the point"},
		{"1.5", EINVAL, "a fraction of a byte"},
		{"50%", EINVAL, "a percentage makes no sense here"},
		{"9223372036854775808", ERANGE, "more than any machine has"},
		{"9007199254740992K", ERANGE, "more than any machine has"},
		{"8388608T", ERANGE, "more than any machine has"},
		{"18446744073709551615", ERANGE, "more than any machine has"},
		{"18446744073709551616", ERANGE, "more than any machine has"},
		{"99999999999999999999999999999999", ERANGE, "more than any machine has"},
		{"18446744073709551616K", ERANGE, "more than any machine has"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t bytes = 42;

		assert_refused(size_parse(rows[index].text, 0, &bytes, &err), &err,
			       rows[index].code, rows[index].words);
		assert_int_equal(bytes, 42);
	}
}

static void takes_a_percentage_of_what_there_is(void **state)
{
	static const struct {
		const char *text;
		uint64_t of, bytes;
	} rows[] = {
		{"50%", 1000, 500},
		{"0%", 1000, 0},
		{"100%", 1000, 1000},
		{"100.0%", 1000, 1000},
		{"12.5%", 1000, 125},
		{"1%", 99, 0},
		{"100%", UINT64_C(25276772352), UINT64_C(25276772352)},
		{"50%", UINT64_C(25276772352), UINT64_C(12638386176)},
		{"50%", UINT64_C(2069020672), UINT64_C(1034510336)},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t bytes = 42;

		assert_done(size_parse(rows[index].text, rows[index].of, &bytes, &err), &err);
		assert_int_equal(bytes, rows[index].bytes);
	}
}

static void refuses_more_than_all_of_it(void **state)
{
	static const char *const rows[] = {"101%", "100.1%", "100.000000001%",
					   "18446744073709551615%"};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t bytes;

		assert_refused(size_parse(rows[index], HALF_OF, &bytes, &err), &err, ERANGE,
			       "more than 100%");
	}
}

static void refuses_a_percent_sign_that_is_not_the_end(void **state)
{
	static const char *const rows[] = {"50%%", "50%M", "50 %", "50M%", "%"};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t bytes;

		assert_refused(size_parse(rows[index], HALF_OF, &bytes, &err), &err, EINVAL,
			       "is not a size");
	}
}

static void prints_for_people(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 bytes"},
		{100, "100 bytes"},
		{1023, "1023 bytes"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{524288, "512 KiB"},
		{10485760, "10 MiB"},
		{10066329, "9.5 MiB"},
		{UINT64_C(1610612736), "1.5 GiB"},
		{UINT64_C(1099511627776), "1 TiB"},
		{INT64_MAX, "8388607.9 TiB"},
		{SIZE_INFINITY, "unlimited"},
	};
	char text[32];
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++)
		assert_string_equal(size_print(rows[index].bytes, text, sizeof(text)),
				    rows[index].text);
}

static void reads_a_number_at_both_ends_of_its_range(void **state)
{
	struct error err = ERROR_NONE;
	uint64_t low = 0, high = 0, largest = 0;

	(void)state;
	assert_done(number_parse("1", 1, 100, &low, &err), &err);
	assert_done(number_parse("100", 1, 100, &high, &err), &err);
	assert_done(number_parse("18446744073709551615", 0, UINT64_MAX, &largest, &err), &err);
	assert_true(low == 1 && high == 100 && largest == UINT64_MAX);
}

static void refuses_a_number_in_so_many_words(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *words;
	} rows[] = {
		{"", EINVAL, "'' is not a number"},
		{"x", EINVAL, "'x' is not a number"},
		{"-5", EINVAL, "'-5' is not a number"},
		{"+5", EINVAL, "is not a number"},
		{" 5", EINVAL, "is not a number"},
		{"5 ", EINVAL, "is not a number"},
		{"5x", EINVAL, "is not a number"},
		{"5.0", EINVAL, "is not a number"},
		{"500x", EINVAL, "is not a number"},
		{"0", ERANGE, "'0' is not between 1 and 100"},
		{"101", ERANGE, "'101' is not between 1 and 100"},
		{"18446744073709551616", ERANGE, "is not between 1 and 100"},
		{"99999999999999999999999", ERANGE, "is not between 1 and 100"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct error err = ERROR_NONE;
		uint64_t number = 42;

		assert_refused(number_parse(rows[index].text, 1, 100, &number, &err), &err,
			       rows[index].code, rows[index].words);
		assert_int_equal(number, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_way_to_write_a_size),
		cmocka_unit_test(refuses_what_is_no_size_in_so_many_words),
		cmocka_unit_test(takes_a_percentage_of_what_there_is),
		cmocka_unit_test(refuses_more_than_all_of_it),
		cmocka_unit_test(refuses_a_percent_sign_that_is_not_the_end),
		cmocka_unit_test(prints_for_people),
		cmocka_unit_test(reads_a_number_at_both_ends_of_its_range),
		cmocka_unit_test(refuses_a_number_in_so_many_words),
	};

	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
