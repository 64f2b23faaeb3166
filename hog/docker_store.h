/* SPDX-License-Identifier: MIT */
/* The engine's images: is one there, load ours, pull another, take ours away. */
#ifndef HOG_DOCKER_STORE_H
#define HOG_DOCKER_STORE_H

#include <stdbool.h>

#include "docker_engine.h"
#include "docker_reply.h"
#include "groupies/error.h"

/* True for what may be an image's name: no blank, no quote, no `..`. */
bool image_name_is_valid(const char *name);

/* Returns 1 when the engine has the image, else 0. */
int store_has(struct engine *engine, const char *name, struct error *err);

/* Makes hog's image and loads it. Signals wait until it is done. */
int store_load(struct engine *engine, struct error *err);

/* Has the engine pull it from a registry; that may take long. */
int store_pull(struct engine *engine, const char *name, struct error *err);

/* Returns 1, or 0 when there was none. EEXIST: a container uses it, and it stays. */
int store_remove(struct engine *engine, const char *name, struct error *err);

/* Those of ours that have lost their name. The caller frees *ret_images. Returns how many. */
int store_list_lost(struct engine *engine, struct reply_image **ret_images, struct error *err);

#endif
