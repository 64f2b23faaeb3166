/* SPDX-License-Identifier: MIT */
/* The commands of groupies-docker. Each returns its exit code, or fails as everything else does. */
#ifndef HOG_DOCKER_COMMANDS_H
#define HOG_DOCKER_COMMANDS_H

#include "docker_session.h"
#include "groupies/error.h"

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

#endif
