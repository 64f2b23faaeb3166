/* SPDX-License-Identifier: MIT */
#include "groupies/columns.h"

#include "groupies/cleanup.h"

#include "unit.h"

/* What columns_print makes of TEXT. */
static void assert_printed(unsigned columns, unsigned used, unsigned indent, const char *text,
			   const char *expected)
{
	char seen[512] = "";
	FILE *out = fmemopen(seen, sizeof(seen), "w");

	assert_non_null(out);
	columns_print(out, columns, used, indent, text);
	(void)fclose(out);
	assert_int_equal(seen[strlen(seen) - 1], '\n');
	seen[strlen(seen) - 1] = '\0';
	assert_string_equal(seen, expected);
}

static void breaks_a_line_between_words(void **state)
{
	(void)state;
	assert_printed(10, 0, 2, "one two three", "one two\n  three");
	assert_printed(10, 4, 4, "one two three", "one\n    two\n    three");
	assert_printed(10, 0, 0, "1234567890 1", "1234567890\n1");
}

static void leaves_a_word_whole_that_is_wider_than_a_line(void **state)
{
	(void)state;
	assert_printed(10, 2, 2, "a /var/lib/groupies b", "a\n/var/lib/groupies\n  b");
	assert_printed(10, 0, 2, "/var/lib/groupies", "/var/lib/groupies");
}

static void indents_less_where_a_word_would_not_fit(void **state)
{
	(void)state;
	assert_printed(10, 5, 5, "one 1234567 two", "one\n   1234567\n     two");
}

static void keeps_a_text_as_it_is_where_nothing_bounds_it(void **state)
{
	(void)state;
	assert_printed(COLUMNS_UNBOUND, 0, 4, "one  two three", "one  two three");
	assert_printed(40, 0, 4, "one  two three", "one  two three");
}

static void counts_letters_and_not_bytes(void **state)
{
	(void)state;
	assert_printed(10, 0, 0, "\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc\xc3\xbc ab",
		       "\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc\xc3\xbc ab");
}

static void binds_nothing_that_a_program_reads(void **state)
{
	cleanup_file FILE *none = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(none);
	assert_int_equal(columns_of(none), COLUMNS_UNBOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaks_a_line_between_words),
		cmocka_unit_test(leaves_a_word_whole_that_is_wider_than_a_line),
		cmocka_unit_test(indents_less_where_a_word_would_not_fit),
		cmocka_unit_test(keeps_a_text_as_it_is_where_nothing_bounds_it),
		cmocka_unit_test(counts_letters_and_not_bytes),
		cmocka_unit_test(binds_nothing_that_a_program_reads),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
