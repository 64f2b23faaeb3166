/* SPDX-License-Identifier: MIT */
#include "docker_row.h"

#include "unit.h"

static struct row row_make(void)
{
	struct row row = {.id = "0123456789abcdef", .name = "forty", .cpu_percent = 0.5};
	int word;

	for (word = 0; word < WORD_COUNT; word++)
		row.figures.has[word] = true;
	row.figures.of[WORD_USAGE] = 42500096;
	row.figures.of[WORD_INACTIVE] = 8192;
	row.figures.of[WORD_LIMIT] = row.most_bytes = 157286400;
	row.figures.of[WORD_READ] = 1234567;
	row.figures.of[WORD_TASKS] = 2;
	return row;
}

/* The lines that head and row make. The caller frees them. */
static char *print(const struct row *row, size_t columns)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	row_print_head(out, columns);
	row_print(row, out, columns, false);
	(void)fclose(out);
	return text;
}

static void counts_memory_as_docker_does(void **state)
{
	struct row row = row_make();

	(void)state;
	assert_int_equal(row_memory_bytes(&row), 42500096 - 8192);
	row.figures.of[WORD_INACTIVE] = 99999999;
	assert_int_equal(row_memory_bytes(&row), 42500096);
}

static void writes_figures_as_docker_does(void **state)
{
	struct row row = row_make();
	char *text = print(&row, 0);

	(void)state;
	assert_non_null(strstr(text, "\n0123456789ab  forty  "));
	assert_non_null(strstr(text, " 40.52MiB / 150MiB "));
	assert_non_null(strstr(text, " 27.02% "));
	assert_non_null(strstr(text, " 0.50% "));
	assert_non_null(strstr(text, " ###------- "));
	assert_non_null(strstr(text, " 1.23MB / 0B "));
	free(text);
}

static void shows_what_is_not_there_as_a_dash(void **state)
{
	struct row row = row_make();
	char *text;

	(void)state;
	row.figures.has[WORD_PEAK] = false;
	row.cpu_percent = -1;
	text = print(&row, 0);
	assert_non_null(strstr(text, "forty                 -        40.52MiB"));
	free(text);
}

static void fits_the_terminal(void **state)
{
	struct row row = row_make();
	char *text = print(&row, 30), *line, *saved = NULL;

	(void)state;
	for (line = strtok_r(text, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
		assert_int_equal(strlen(line), 30);
	free(text);
}

/* Only v1 has swap in the engine's figures. */
static void takes_no_figure_that_the_engine_does_not_have(void **state)
{
	static const char v1[] = "{\"memory_stats\":{\"stats\":{\"total_swap\":0}}}";
	static const char v2[] = "{\"memory_stats\":{\"usage\":7,\"stats\":{\"anon\":7}}}";
	struct row row = row_make();
	struct error err = ERROR_NONE;
	struct reply_stats stats;

	(void)state;
	assert_done(reply_stats_read(v2, strlen(v2), &stats, &err), &err);
	row_take_stats(&row, &stats);
	assert_true(row.figures.has[WORD_USAGE] && !row.figures.has[WORD_SWAP]);
	assert_true(row.figures.of[WORD_SWAP] == 0);
	assert_done(reply_stats_read(v1, strlen(v1), &stats, &err), &err);
	row_take_stats(&row, &stats);
	assert_true(row.figures.has[WORD_SWAP] && row.figures.of[WORD_SWAP] == 0);
}

static void says_unlimited_as_null(void **state)
{
	struct row row = row_make();
	json_object *json;

	(void)state;
	row.figures.of[WORD_TASKS_LIMIT] = UINT64_MAX;
	json = row_json(&row);
	assert_non_null(strstr(json_object_to_json_string(json), "\"tasks_limit\": null"));
	(void)json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_memory_as_docker_does),
		cmocka_unit_test(writes_figures_as_docker_does),
		cmocka_unit_test(shows_what_is_not_there_as_a_dash),
		cmocka_unit_test(fits_the_terminal),
		cmocka_unit_test(takes_no_figure_that_the_engine_does_not_have),
		cmocka_unit_test(says_unlimited_as_null),
	};

	return cmocka_run_group_tests_name("docker_row", tests, NULL, NULL);
}
