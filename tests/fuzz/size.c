/* SPDX-License-Identifier: MIT */
/* Sizes, numbers, and every row of the table of limits: what is taken reads back as what it was. */
#include "groupies/size.h"

#include "groupies/limits.h"
#include "input.h"

static void there_and_back(const struct limit *limit, const char *text)
{
	struct limit_value value = {0}, again = {0};
	struct error err = ERROR_NONE;
	char printed[512];

	if (limit_parse(limit, text, &value, &err) < 0) {
		CLAIM(err.code && *err.text);
		return;
	}
	limit_print(limit, &value, printed, sizeof(printed));
	CLAIM(limit_parse(limit, printed, &again, &err) >= 0);
	CLAIM(value.number == again.number && strcmp(value.text, again.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), printed[64];
	struct error err = ERROR_NONE;
	uint64_t bytes = 0, part = 0, number = 0;
	size_t index;

	if (size_parse(text, 0, &bytes, &err) == 0)
		CLAIM(bytes <= INT64_MAX && *size_print(bytes, printed, sizeof(printed)));
	if (size_parse(text, 1000, &part, &err) == 0 && strchr(text, '%'))
		CLAIM(part <= 1000);
	if (number_parse(text, 10, 1000, &number, &err) == 0)
		CLAIM(number >= 10 && number <= 1000);
	for (index = 0; index < LIMIT_COUNT; index++) {
		const struct limit *limit = &limit_table[index];
		const char *second = strchr(text, '\n');

		(void)limit_text_is_unlimited(limit->file_v2, text);
		if (second)
			(void)limit->matches(second + 1, text);
		else
			there_and_back(limit, text);
	}
	free(text);
	return 0;
}
