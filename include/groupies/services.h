/* SPDX-License-Identifier: MIT */
/*
 * The name services of nsswitch.conf(5), each by itself. libc asks them one behind the other and
 * keeps to itself which of them did not answer; nothing but this tells silence from absence.
 */
#ifndef GROUPIES_SERVICES_H
#define GROUPIES_SERVICES_H

#include <nss.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "groupies/error.h"

#define SERVICES_MAX 16
#define SERVICE_SIZE 32

struct services {
	char names[SERVICES_MAX][SERVICE_SIZE];
	size_t count;
};

/* The services of DATABASE; those of ALSO, when it is not NULL and has a line, win. */
int services_read(const char *database, const char *also, struct services *ret_services,
		  struct error *err);

/*
 * A service's function (Name Service Switch, glibc's manual), or NULL with *ret_code 0 where this
 * host has no such service or the service no such function: libc passes over it as well.
 */
void *service_function(const char *service, const char *function, int *ret_code);

/*
 * Is STATUS an answer? So is ESRCH, whatever STATUS is: nss-systemd(8) says by it that it has asked,
 * and that nobody keeps users there.
 */
bool service_answered(enum nss_status status, int code);

/* SERVICE gave no answer, and CODE is why; 0 when it did not say. */
int service_silent(const char *service, int code, struct error *err);

/*
 * Does every service answer that is asked for the groups of USER, whose login group is GID? Which
 * groups these are is libc's to say. A failure names the first service that does not.
 * services_answer_cheaply leaves out what only this very host can know (nss-systemd(8)), for who
 * pays for it at each login.
 */
int services_answer(const char *user, gid_t gid, struct error *err);
int services_answer_cheaply(const char *user, gid_t gid, struct error *err);

#endif
