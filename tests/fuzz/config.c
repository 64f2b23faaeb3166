/* SPDX-License-Identifier: MIT */
/* A config: what is taken can be printed, and what was printed is taken as the same again. */
#include "groupies/config.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1), *printed = NULL, *again = NULL;
	struct config config = {0}, second = {0};
	struct error err = ERROR_NONE;

	if (size)
		memcpy(text, data, size);
	if (config_parse(text, size, "lab.conf", "lab", &config, &err) < 0) {
		CLAIM(err.code && strncmp(err.text, "lab.conf:", 9) == 0);
	} else if (config_print(&config, &printed, &err) == 0 &&
		   config_parse(printed, strlen(printed), "lab.conf", "lab", &second, &err) == 0) {
		CLAIM(config_print(&second, &again, &err) == 0 && strcmp(printed, again) == 0);
	} else {
		/* A device's bytes may print longer than they were written: then the line is. */
		CLAIM(strstr(err.text, "longer than"));
	}
	config_clear(&config);
	config_clear(&second);
	free(printed);
	free(again);
	free(text);
	return 0;
}
