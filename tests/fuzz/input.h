/* SPDX-License-Identifier: MIT */
/* The fuzzer's bytes as a text of its own: exactly as long as it is, so that one byte too far shows. */
#ifndef GROUPIES_FUZZ_INPUT_H
#define GROUPIES_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The caller frees it. Ends at the first NUL, as text from a file of ours does. */
static inline char *input_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* What must hold of every input. */
#define CLAIM(claim)                                                                               \
	do {                                                                                       \
		if (!(claim))                                                                      \
			abort();                                                                   \
	} while (0)

#endif
