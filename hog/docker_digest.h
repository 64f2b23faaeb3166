/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4): an image names its layers and itself by it. */
#ifndef HOG_DOCKER_DIGEST_H
#define HOG_DOCKER_DIGEST_H

#include <stddef.h>

#define DIGEST_SIZE 65

/* Writes the digest of LENGTH bytes in hexadecimal. */
void digest_print(const void *bytes, size_t length, char text[DIGEST_SIZE]);

#endif
