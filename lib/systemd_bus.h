/* SPDX-License-Identifier: MIT */
/*
 * The systemd manager over D-Bus: only what a playground needs, each call bounded in time.
 *
 * As systemctl does for root, the manager's own socket is tried first: it works while the system
 * bus is down or restarting. Names and semantics: org.freedesktop.systemd1(5).
 */
#ifndef GROUPIES_SYSTEMD_BUS_H
#define GROUPIES_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "groupies/error.h"

#define BUS_WAIT_MS 10000 /* for a job: a second is too short on a busy host (runc#2614) */
#define BUS_CALL_MS 20000 /* for a call; a reload of many units takes its time */
#define BUS_LONG_MS 90000 /* for a call that no login waits for: as long as systemctl has it */

static inline void bus_close(sd_bus **bus)
{
	(void)sd_bus_flush_close_unref(*bus);
}

#define cleanup_bus __attribute__((cleanup(bus_close)))

int bus_open(sd_bus **ret_bus, struct error *err);

/* From here on calls may take BUS_LONG_MS: no login waits for them. */
void bus_be_patient(sd_bus *bus);

/* Makes the manager read unit files again (daemon-reload); returns when it has. */
int bus_reload(sd_bus *bus, struct error *err);

/* 1 when the manager has UNIT in memory, else 0; loads nothing. */
int bus_unit_is_loaded(sd_bus *bus, const char *unit, struct error *err);

/*
 * Makes the manager look at the unit directories again without a reload: it caches which paths
 * exist, and asking for a unit that it has never seen refreshes that. UNSEEN is such a name.
 */
int bus_look_again(sd_bus *bus, const char *unseen, struct error *err);

/* Starts or stops UNIT and waits for the job's end. ETIMEDOUT; EIO: the job did not end "done". */
int bus_start_unit(sd_bus *bus, const char *unit, struct error *err);
int bus_stop_unit(sd_bus *bus, const char *unit, struct error *err);

/* Starts the transient scope NAME in SLICE around PID and waits until it is there. */
int bus_start_scope(sd_bus *bus, const char *name, const char *slice, pid_t pid, struct error *err);

/* A string property of UNIT, which is loaded for that. INTERFACE: "Unit", "Slice", "Service"... */
int bus_unit_string(sd_bus *bus, const char *unit, const char *interface, const char *property,
		    char *text, size_t size, struct error *err);

/* Calls VISIT for each loaded unit that matches PATTERN. */
int bus_units_matching(sd_bus *bus, const char *pattern,
		       void (*visit)(const char *unit, void *data), void *data, struct error *err);

#endif
