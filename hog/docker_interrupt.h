/* SPDX-License-Identifier: MIT */
/*
 * A signal that ends us is remembered, not obeyed: whoever works looks here, gives up, and takes
 * back what is ours in the engine.
 */
#ifndef HOG_DOCKER_INTERRUPT_H
#define HOG_DOCKER_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#include "groupies/error.h"

/* From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT are remembered; SIGPIPE is an error of write. */
void interrupt_watch(void);

/* The signal that came first, or 0. */
int interrupt_signal(void);

/* How many have come. Who sends a second one does not want to wait for what the first let finish. */
int interrupt_count(void);

/* Sleeps MS milliseconds, or until a signal comes. EINTR. */
int interrupt_sleep(uint64_t ms, struct error *err);

#endif
