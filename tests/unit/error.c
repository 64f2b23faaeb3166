/* SPDX-License-Identifier: MIT */
#include "groupies/error.h"

#include "unit.h"

static void answers_the_code_negated(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(error_set(&err, EPERM, "not %s", "you"), &err, EPERM, "not you");
}

static void takes_no_code_for_an_io_error(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_refused(error_set(&err, 0, "nothing said"), &err, EIO, "nothing said");
}

static void puts_the_text_of_errno_behind(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	errno = ENOENT;
	assert_refused(error_errno(&err, "%s", "lab"), &err, ENOENT,
		       "lab: No such file or directory");
}

static void takes_no_errno_for_an_io_error(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	errno = 0;
	assert_refused(error_errno(&err, "lab"), &err, EIO, "lab: Input/output error");
}

static void puts_wider_context_in_front(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	(void)error_set(&err, EACCES, "memory.max");
	(void)error_context(&err, "lab");
	assert_refused(error_context(&err, "playground '%s'", "lab"), &err, EACCES,
		       "playground 'lab': lab: memory.max");
}

static void keeps_the_widest_context_of_what_does_not_fit(void **state)
{
	struct error err = ERROR_NONE;
	char wide[2 * sizeof(err.text)];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	(void)error_set(&err, EIO, "inner");
	(void)error_context(&err, "%s", wide);
	assert_int_equal(strspn(err.text, "w"), sizeof(err.text) - 1);
}

static void ends_every_sentence_that_is_cut_off(void **state)
{
	struct error err = ERROR_NONE;
	char wide[2 * sizeof(err.text)];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	errno = ENOENT;
	(void)error_errno(&err, "%s", wide);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_the_code_negated),
		cmocka_unit_test(takes_no_code_for_an_io_error),
		cmocka_unit_test(puts_the_text_of_errno_behind),
		cmocka_unit_test(takes_no_errno_for_an_io_error),
		cmocka_unit_test(puts_wider_context_in_front),
		cmocka_unit_test(keeps_the_widest_context_of_what_does_not_fit),
		cmocka_unit_test(ends_every_sentence_that_is_cut_off),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
