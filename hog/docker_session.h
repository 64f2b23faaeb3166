/* SPDX-License-Identifier: MIT */
/* What a command works with: what was asked for, the engine, and what is written to stdout. */
#ifndef HOG_DOCKER_SESSION_H
#define HOG_DOCKER_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

#include "docker_engine.h"
#include "docker_reply.h"
#include "docker_request.h"
#include "groupies/error.h"

struct session {
	const struct request *request;
	struct engine engine;
	bool has_info;
	struct reply_info info;
};

/* Asks the engine about itself, once. It takes the engine longer than everything else. */
int session_ask_info(struct session *session, struct error *err);

/* Writes JSON on one line. */
void json_print(json_object *json, FILE *out);

/* The same to stdout, and gives it back. */
int json_say(json_object *json, struct error *err);

/* Everything so far has reached stdout. */
int stdout_check(struct error *err);

#endif
