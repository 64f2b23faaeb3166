/* SPDX-License-Identifier: MIT */
/* A stamp: what is taken prints as what it was, and holds nobody who is nowhere. */
#include "groupies/stamp.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char printed[STAMP_TEXT_SIZE], again[STAMP_TEXT_SIZE];
	char *text = input_text(data, size);
	struct stamp stamp, second;
	struct error err = ERROR_NONE;

	if (stamp_parse(text, &stamp, &err) < 0) {
		CLAIM(err.code && *err.text);
	} else {
		CLAIM(!stamp_holds(&stamp, ""));
		CLAIM(stamp_print(&stamp, printed, sizeof(printed), &err) > 0);
		CLAIM(stamp_parse(strcpy(again, printed), &second, &err) == 0);
		CLAIM(stamp_print(&second, again, sizeof(again), &err) > 0);
		CLAIM(strcmp(printed, again) == 0);
	}
	free(text);
	return 0;
}
