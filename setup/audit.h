/* SPDX-License-Identifier: MIT */
/*
 * `groupies-setup check`: what it has read, and its rows, which look for whatever would let a member
 * out, or shut one out.
 */
#ifndef GROUPIES_SETUP_AUDIT_H
#define GROUPIES_SETUP_AUDIT_H

#include "groupies/config.h"
#include "groupies/error.h"
#include "groupies/host.h"

#include "configs.h"
#include "entries.h"
#include "members.h"
#include "report.h"

struct audit {
	struct report *report;
	const char *name; /* of the check that is running */
	unsigned findings;
	struct host host;
	struct configs configs; /* those that can be read */
	struct configs applied;
	struct entries entries;
	struct users members; /* all of them, of every playground */
	const struct config *config;
};

/* Something is not as it must be. */
void audit_find(struct audit *audit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads what can be read of DIRECTORY; the rest is a finding each. */
int audit_read_configs(struct audit *audit, const char *directory, struct configs *configs,
		       struct error *err);

/* The rows. Each tells its findings; negative is that it could not look. */
int check_configs(struct audit *audit, struct error *err);
int check_registry(struct audit *audit, struct error *err);
int check_folders(struct audit *audit, struct error *err);
int check_entries(struct audit *audit, struct error *err);

int check_services(struct audit *audit, struct error *err);
int check_sshd(struct audit *audit, struct error *err);
int check_module(struct audit *audit, struct error *err);
int check_helper(struct audit *audit, struct error *err);
int check_mailer(struct audit *audit, struct error *err);

int check_limits(struct audit *audit, struct error *err);
int check_files(struct audit *audit, struct error *err);

int check_groups(struct audit *audit, struct error *err);
int check_polkit(struct audit *audit, struct error *err);
int check_sudo(struct audit *audit, struct error *err);
int check_processes(struct audit *audit, struct error *err);

int check_memory(struct audit *audit, struct error *err);

#endif
