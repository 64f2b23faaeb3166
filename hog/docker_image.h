/* SPDX-License-Identifier: MIT */
/*
 * hog as a container image, made in memory: an archive as `docker save` writes it, of one layer
 * with one static program. The same program gives the same bytes each time. No I/O in image_build.
 */
#ifndef HOG_DOCKER_IMAGE_H
#define HOG_DOCKER_IMAGE_H

#include <stddef.h>

#include "docker_digest.h"
#include "groupies/error.h"

/* localhost: no engine looks for it in a registry. */
#define IMAGE_NAME "localhost/groupies-hog:" GROUPIES_VERSION

#define IMAGE_LABEL       "groupies"
#define IMAGE_LABEL_VALUE "hog"

struct image {
	char *archive;
	size_t length;
	char id[DIGEST_SIZE]; /* of its configuration */
};

/* Builds the image of PROGRAM. The caller clears it. ENOEXEC: it is no static program. */
int image_build(const char *program, size_t length, struct image *ret_image, struct error *err);

/* Reads hog-static, which stands beside this program, and builds the image. */
int image_make(struct image *ret_image, struct error *err);

void image_clear(struct image *image);

#define cleanup_image __attribute__((cleanup(image_clear)))

#endif
