/* SPDX-License-Identifier: MIT */
#include "docker_reply.h"

#include "docker_stream.h"
#include "groupies/printable.h"
#include "groupies/size.h"

#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char container_text[] =
	"{\"Id\":\"" ID "\",\"Name\":\"/forty\",\"Config\":{\"Image\":\"x\",\"Tty\":false},"
	"\"State\":{\"Status\":\"running\",\"Running\":true,\"OOMKilled\":false,\"Pid\":12,"
	"\"ExitCode\":0,\"Error\":\"\"},\"HostConfig\":{\"Memory\":157286400,\"MemorySwap\":-1,"
	"\"CgroupParent\":null}}\n";

static void reads_a_container(void **state)
{
	struct error err = ERROR_NONE;
	struct reply_container container;

	(void)state;
	assert_done(reply_container_read(container_text, strlen(container_text), &container, &err),
		    &err);
	assert_string_equal(container.id, ID);
	assert_string_equal(container.name, "forty");
	assert_true(container.running && container.pid == 12);
	assert_int_equal(container.memory_bytes, 157286400);
	assert_int_equal(container.memory_swap, -1);
	assert_string_equal(container.parent, "");
}

static void says_that_it_was_cut_off_wherever_that_is(void **state)
{
	size_t whole = strlen(container_text) - 1, length;

	(void)state;
	for (length = 0; length < whole; length++) {
		struct reply_container container;
		struct error err = ERROR_NONE;

		assert_refused(reply_container_read(container_text, length, &container, &err), &err,
			       EPROTO, "the engine's answer is");
	}
}

static void keeps_a_limit_of_all_bits_exact(void **state)
{
	static const char text[] = "{\"pids_stats\":{\"limit\":18446744073709551615}}";
	struct error err = ERROR_NONE;
	struct reply_stats stats;

	(void)state;
	assert_done(reply_stats_read(text, strlen(text), &stats, &err), &err);
	assert_true(stats.tasks_limit == SIZE_INFINITY);
	assert_true(stats.limit_bytes == SIZE_INFINITY);
}

static void takes_the_words_of_v1_and_of_v2(void **state)
{
	static const char v1[] = "{\"memory_stats\":{\"stats\":{\"total_inactive_file\":7,"
				 "\"inactive_file\":3,\"total_rss\":9,\"total_cache\":5}}}";
	static const char v2[] =
		"{\"memory_stats\":{\"stats\":{\"inactive_file\":7,\"anon\":9,\"file\":5}}}";
	struct error err = ERROR_NONE;
	struct reply_stats one, two;

	(void)state;
	assert_done(reply_stats_read(v1, strlen(v1), &one, &err), &err);
	assert_done(reply_stats_read(v2, strlen(v2), &two, &err), &err);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_true(one.inactive_bytes == 7 && one.anon_bytes == 9 && one.cache_bytes == 5);
}

static void refuses_what_is_not_what_was_asked_for(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} rows[] = {
		{"7 ", "is a number, not a list"},
		{"null ", "is null, not a list"},
		{"{}", "is an object, not a list"},
		{"[7]", "an entry of the list is a number"},
		{"[{}]", "has no Id"},
		{"[{\"Id\":\"short\"}]", "Id is no id: 'short'"},
		{"[{\"Id\":\"../../../etc/passwd\"}]", "Id is no id"},
		{"[{\"Id\":[]}]", "Id is a list, not a text"},
		{"[] []", "goes on behind its JSON at byte 3"},
	};
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(rows); index++) {
		struct reply_row *list = NULL;
		struct error err = ERROR_NONE;

		assert_refused(
			reply_rows_read(rows[index].text, strlen(rows[index].text), &list, &err),
			&err, EPROTO, rows[index].words);
		assert_null(list);
	}
}

static void reads_the_images_of_a_list(void **state)
{
	static const char text[] = "[{\"Id\":\"sha256:" ID "\",\"Created\":0},"
				   "{\"Id\":\"" ID "\",\"Created\":-62135596800}]";
	static const char bad[] = "[{\"Id\":\"sha256:../x\",\"Created\":0}]";
	struct reply_image *images = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(reply_images_read(text, strlen(text), &images, &err), 2);
	assert_string_equal(images[0].id, ID);
	assert_string_equal(images[1].id, ID);
	assert_true(images[0].created == 0 && images[1].created < 0);
	free(images);
	assert_refused(reply_images_read(bad, strlen(bad), &images, &err), &err, EPROTO,
		       "Id is no id");
}

static void hears_the_engines_error_in_its_progress(void **state)
{
	static const char good[] = "{\"status\":\"Pulling\"}", bad[] = "{\"error\":\"no space\"}";
	struct error err = ERROR_NONE;

	(void)state;
	assert_done(reply_progress_read(good, strlen(good), &err), &err);
	assert_refused(reply_progress_read(bad, strlen(bad), &err), &err, EREMOTEIO, "no space");
}

static void frames_carry_output_and_nothing_that_steers(void **state)
{
	static const char bytes[] = "\1\0\0\0\0\0\0\3a\033b\2\0\0\0\0\0\0\2c\n";
	static struct frames frames;
	size_t at;

	(void)state;
	for (at = 0; at < sizeof(bytes) - 1; at++)
		frames_feed(&frames, bytes + at, 1);
	assert_string_equal(frames_end(&frames), "a?bc\n");
}

/* U+0080 to U+009F steer as well, as UTF-8 and as the bytes 80 to 9F; in a letter they are a part. */
static const struct {
	const char *text;
	const char *shown;
} steering[] = {
	{"a\xc2\x9b"
	 "31mb",
	 "a??31mb"},
	{"a\x9b"
	 "31mb",
	 "a?31mb"},
	{"\x80", "?"},
	{"\xc3\xa9\x9b", "\xc3\xa9?"}, /* an e with its accent, and one more */
	{"\xc3\x89 \xe2\x80\x94 \xc2\xa0", "\xc3\x89 \xe2\x80\x94 \xc2\xa0"},
	{"\xf0\x9f\x90\x97 \xe2\x9b\x94", "\xf0\x9f\x90\x97 \xe2\x9b\x94"}, /* a hog; no entry */
	{"\xe0\x82\x9b", "???"},      /* U+009B in three bytes, */
	{"\xf0\x80\x82\x9b", "????"}, /* in four, */
	{"\xc0\x9b\xc1\x9b", "????"}, /* and with what leads nothing */
	{"\xe2\xa0\xa0\x9b", "\xe2\xa0\xa0?"},
};

static void nothing_printed_steers_a_terminal(void **state)
{
	size_t index;

	(void)state;
	for (index = 0; index < COUNT_OF(steering); index++) {
		char shown[64];

		(void)printable_copy(shown, sizeof(shown), steering[index].text);
		assert_string_equal(shown, steering[index].shown);
	}
}

/* A container decides where its output is cut. */
static void no_output_steers_a_terminal_however_it_is_cut(void **state)
{
	size_t index, at;

	(void)state;
	for (index = 0; index < COUNT_OF(steering); index++) {
		static struct frames frames;

		memset(&frames, 0, sizeof(frames));
		frames.raw = true;
		for (at = 0; steering[index].text[at]; at++) {
			frames_feed(&frames, steering[index].text + at, 1);
			frames_feed(&frames, "\r", 1); /* goes */
		}
		assert_string_equal(frames_end(&frames), steering[index].shown);
	}
}

static void output_without_frames_is_taken_as_it_is(void **state)
{
	static struct frames frames;

	(void)state;
	frames_feed(&frames, "allocating\r\n", 12);
	assert_string_equal(frames.text, "allocating\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_container),
		cmocka_unit_test(says_that_it_was_cut_off_wherever_that_is),
		cmocka_unit_test(keeps_a_limit_of_all_bits_exact),
		cmocka_unit_test(takes_the_words_of_v1_and_of_v2),
		cmocka_unit_test(refuses_what_is_not_what_was_asked_for),
		cmocka_unit_test(reads_the_images_of_a_list),
		cmocka_unit_test(hears_the_engines_error_in_its_progress),
		cmocka_unit_test(frames_carry_output_and_nothing_that_steers),
		cmocka_unit_test(nothing_printed_steers_a_terminal),
		cmocka_unit_test(no_output_steers_a_terminal_however_it_is_cut),
		cmocka_unit_test(output_without_frames_is_taken_as_it_is),
	};

	return cmocka_run_group_tests_name("docker_reply", tests, NULL, NULL);
}
