/* SPDX-License-Identifier: MIT */
#include "groupies/printable.h"

#include <string.h>

#include "unit.h"

static const struct {
	const char *text;
	const char *shown;
} rows[] = {
	{"plain text: 'a' ~", "plain text: 'a' ~"},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x97", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x97"},
	{"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
	 "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
	{"\x1b[31m\x07\x7f\r\n\t", "?[31m?????"},
	{"\x9b"
	 "31mRED",
	 "?31mRED"},
	{"\xc2\x9b"
	 "31m",
	 "??31m"},
	{"\xe0\x82\x9b", "???"},                          /* U+009B in three bytes, */
	{"\xf0\x80\x82\x9b", "????"},                     /* in four, */
	{"\xc0\x9b\xc1\xbf", "????"},                     /* and with what leads nothing */
	{"\xed\xa0\x80\xed\xbf\xbf", "??????"},           /* surrogates */
	{"\xf4\x90\x80\x80\xf5\x80\x80\x80", "????????"}, /* behind Unicode's end */
	{"\xf8\x88\x80\x80\x80\xfe\xff", "???????"},
	{"\xe2\x82", "??"},
	{"\xe2\x82z\xf0\x9f\x90", "??z???"},
	{"a\xe2\x80\xaetxt\xe2\x81\xa6", "a???txt???"}, /* turns the direction */
	{"ro\xe2\x80\x8bot\xef\xbb\xbf\xc2\xad", "ro???ot?????"},
	{"\xe2\x80\xa8\xe2\x80\x90\xe2\x80\xaf", "???\xe2\x80\x90\xe2\x80\xaf"},
};

static void shows_letters_and_nothing_that_steers(void **state)
{
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		char text[64];

		strcpy(text, rows[index].text);
		assert_string_equal(printable_make(text), rows[index].shown);
		assert_string_equal(printable_make(text), rows[index].shown);
	}
}

static void keeps_lines_where_they_are_asked_for(void **state)
{
	char text[] = "one\n\ttwo\r\n\x1b";

	(void)state;
	assert_string_equal(printable_make_lines(text), "one\n\ttwo?\n?");
}

static void shows_no_half_of_a_letter_where_it_cuts(void **state)
{
	char text[4];

	(void)state;
	assert_string_equal(printable_copy(text, sizeof(text), "ab\xc3\xa9"), "ab?");
	assert_string_equal(printable_copy(text, sizeof(text), "a\xc3\xa9z"), "a\xc3\xa9");
	assert_string_equal(printable_copy(text, 1, "abc"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_letters_and_nothing_that_steers),
		cmocka_unit_test(keeps_lines_where_they_are_asked_for),
		cmocka_unit_test(shows_no_half_of_a_letter_where_it_cuts),
	};

	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
