/* SPDX-License-Identifier: MIT */
/*
 * What was last seen of a container whose group is gone: one file for each in
 * /run/groupies-docker, or below XDG_RUNTIME_DIR for others than root.
 */
#ifndef HOG_DOCKER_RECORD_H
#define HOG_DOCKER_RECORD_H

#include <json-c/json.h>

#include "groupies/error.h"

int record_write(const char *id, json_object *json, struct error *err);

/* Returns 1 with the record, which the caller gives back, or 0 when there is none. */
int record_read(const char *id, json_object **ret_json, struct error *err);

/* Forgets every record. */
int record_clean(struct error *err);

#endif
