/* SPDX-License-Identifier: MIT */
/* /proc/self/cgroup: whatever is found fits, begins with a slash and stands in the text. */
#include "groupies/cgroup.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const controllers[] = {"", "memory", "cpu", "pids", "name=systemd"};
	char *text = input_text(data, size);
	size_t index;

	for (index = 0; index < sizeof(controllers) / sizeof(*controllers); index++) {
		char path[64];
		struct error err = ERROR_NONE;
		int found = cgroup_find(text, controllers[index], path, sizeof(path), &err);

		if (found == 1) {
			CLAIM(*path == '/' && strlen(path) < sizeof(path) && strstr(text, path));
			CLAIM(!strchr(path, '\n'));
			CLAIM(cgroup_is_inside(path, path) == !strstr(path, " (deleted)"));
			CLAIM(!cgroup_is_inside("/", path) || path[1] == '\0');
		} else {
			CLAIM(found == 0 || (err.code == -found && *err.text));
		}
	}
	free(text);
	return 0;
}
