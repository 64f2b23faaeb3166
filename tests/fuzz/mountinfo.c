/* SPDX-License-Identifier: MIT */
/* mountinfo: no more hierarchies than fit, each with a mount and, on v1, with controllers. */
#include "groupies/host.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size);
	struct error err = ERROR_NONE;
	struct host host;
	size_t index;

	if (host_parse_mounts(text, &host, &err) < 0) {
		CLAIM(err.code && *err.text);
	} else {
		CLAIM(host.count <= HOST_HIERARCHIES_MAX);
		for (index = 0; index < host.count; index++)
			CLAIM(host.hierarchies[index].unified ||
			      *host.hierarchies[index].controllers);
		(void)host_hierarchy(&host, "memory");
		(void)host_hierarchy(&host, "io");
	}
	free(text);
	return 0;
}
