/* SPDX-License-Identifier: MIT */
/* A registry entry: what is taken prints as what it was. */
#include "groupies/registry.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), printed[1024], again[1024];
	struct registry_entry entry, second;
	struct error err = ERROR_NONE;

	(void)playground_name_is_valid(text);
	if (registry_entry_parse(text, &entry, &err) < 0) {
		CLAIM(err.code == 74 /* EBADMSG */ && *err.text);
	} else {
		CLAIM(playground_name_is_valid(entry.playground) && *entry.name);
		CLAIM(registry_entry_print(&entry, printed, sizeof(printed), &err) > 0);
		CLAIM(registry_entry_parse(strcpy(again, printed), &second, &err) == 0);
		CLAIM(registry_entry_print(&second, again, sizeof(again), &err) > 0);
		CLAIM(strcmp(printed, again) == 0);
	}
	free(text);
	return 0;
}
