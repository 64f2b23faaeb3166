/* SPDX-License-Identifier: MIT */
/* The commands of groupies-docker. Each returns its exit code, or fails as everything else does. */
#ifndef HOG_DOCKER_COMMANDS_H
#define HOG_DOCKER_COMMANDS_H

#include <stdbool.h>

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

#define EXIT_HELD     0
#define EXIT_NOT_HELD 1

int command_check(struct session *session, struct error *err);
int command_load(struct session *session, struct error *err);
int command_run(struct session *session, struct error *err);
int command_demo(struct session *session, struct error *err);
int command_stats(struct session *session, struct error *err);
int command_where(struct session *session, struct error *err);
int command_show(struct session *session, struct error *err);
int command_clean(struct session *session, struct error *err);

/* Writes JSON on one line to stdout and gives it back. */
int json_say(json_object *json, struct error *err);

/* Everything so far has reached stdout. */
int stdout_check(struct error *err);

#endif
