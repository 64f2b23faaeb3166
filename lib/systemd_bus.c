/* SPDX-License-Identifier: MIT */
#include "systemd_bus.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define MANAGER           "org.freedesktop.systemd1"
#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE MANAGER ".Manager"
#define PRIVATE_SOCKET    "unix:path=/run/systemd/private"
#define JOB_LOOK_MS       200
#define BUS_ONCE_MORE     " (once `systemctl status` answers, do this again)"

static inline void message_unref(sd_bus_message **message)
{
	(void)sd_bus_message_unref(*message);
}

#define cleanup_message __attribute__((cleanup(message_unref)))

static bool means_silence(int code)
{
	return code == -ETIMEDOUT || code == -ECONNREFUSED || code == -ECONNRESET ||
	       code == -ENOTCONN || code == -EPIPE;
}

static int call_failed(int code, const sd_bus_error *answer, const char *what, struct error *err)
{
	return error_set(err, code < 0 ? -code : EIO, "systemd: %s: %s%s", what,
			 answer && answer->message ? answer->message
						   : strerror(code < 0 ? -code : EIO),
			 means_silence(code) ? BUS_ONCE_MORE : "");
}

static long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static int open_private(sd_bus **ret_bus)
{
	cleanup_bus sd_bus *bus = NULL;
	int code = sd_bus_new(&bus);

	if (code >= 0)
		code = sd_bus_set_address(bus, PRIVATE_SOCKET);
	if (code >= 0)
		code = sd_bus_start(bus);
	if (code < 0)
		return code;
	*ret_bus = steal_pointer(&bus);
	return 0;
}

int bus_open(sd_bus **ret_bus, struct error *err)
{
	cleanup_bus sd_bus *bus = NULL;
	int code = open_private(&bus);

	if (code < 0)
		code = sd_bus_open_system(&bus);
	if (code >= 0)
		code = sd_bus_set_method_call_timeout(bus, BUS_CALL_MS * UINT64_C(1000));
	if (code < 0)
		return error_set(err, -code, "systemd cannot be reached: %s" BUS_ONCE_MORE,
				 strerror(-code));
	*ret_bus = steal_pointer(&bus);
	return 0;
}

void bus_be_patient(sd_bus *bus)
{
	(void)sd_bus_set_method_call_timeout(bus, BUS_LONG_MS * UINT64_C(1000));
}

/* ---- calls without a job --------------------------------------------------------------------- */

int bus_reload(sd_bus *bus, struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error answer = SD_BUS_ERROR_NULL;
	int code = sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Reload",
				      &answer, NULL, "");

	return code < 0 ? call_failed(code, &answer, "daemon-reload", err) : 0;
}

/* The object of UNIT; METHOD is GetUnit (loaded ones) or LoadUnit. ENOENT: not loaded. */
static int unit_object(sd_bus *bus, const char *method, const char *unit, char **ret_path,
		       struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error answer = SD_BUS_ERROR_NULL;
	cleanup_message sd_bus_message *reply = NULL;
	const char *path;
	int code = sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method,
				      &answer, &reply, "s", unit);

	if (code < 0 && sd_bus_error_has_name(&answer, MANAGER ".NoSuchUnit"))
		return error_set(err, ENOENT, "systemd: %s is not loaded", unit);
	if (code >= 0)
		code = sd_bus_message_read(reply, "o", &path);
	if (code < 0)
		return call_failed(code, &answer, unit, err);
	*ret_path = strdup(path);
	return *ret_path ? 0 : error_set(err, ENOMEM, "%s: out of memory", unit);
}

int bus_unit_is_loaded(sd_bus *bus, const char *unit, struct error *err)
{
	cleanup_free char *path = NULL;
	struct error why;

	if (unit_object(bus, "GetUnit", unit, &path, &why) == 0)
		return 1;
	if (why.code == ENOENT)
		return 0;
	*err = why;
	return -err->code;
}

int bus_look_again(sd_bus *bus, const char *unseen, struct error *err)
{
	cleanup_free char *path = NULL;

	return unit_object(bus, "LoadUnit", unseen, &path, err);
}

int bus_unit_string(sd_bus *bus, const char *unit, const char *interface, const char *property,
		    char *text, size_t size, struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error answer = SD_BUS_ERROR_NULL;
	cleanup_free char *path = NULL, *value = NULL;
	char full[64];
	int code;

	if (unit_object(bus, "LoadUnit", unit, &path, err) < 0)
		return -err->code;
	(void)snprintf(full, sizeof(full), MANAGER ".%s", interface);
	code = sd_bus_get_property_string(bus, MANAGER, path, full, property, &answer, &value);
	if (code < 0)
		return call_failed(code, &answer, property, err);
	if (!text_copy(text, size, value))
		return error_set(err, ENAMETOOLONG, "systemd: %s of %s is too long", property,
				 unit);
	return 0;
}

int bus_units_matching(sd_bus *bus, const char *pattern,
		       void (*visit)(const char *unit, void *data), void *data, struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error answer = SD_BUS_ERROR_NULL;
	cleanup_message sd_bus_message *reply = NULL;
	const char *unit;
	int code =
		sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
				   "ListUnitsByPatterns", &answer, &reply, "asas", 0, 1, pattern);

	if (code >= 0)
		code = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (code >= 0 &&
	       (code = sd_bus_message_read(reply, "(ssssssouso)", &unit, NULL, NULL, NULL, NULL,
					   NULL, NULL, NULL, NULL, NULL)) > 0)
		visit(unit, data);
	return code < 0 ? call_failed(code, &answer, "list of units", err) : 0;
}

/* ---- calls that start a job ------------------------------------------------------------------ */

/*
 * Starting is asynchronous: until the job has ended, the process is still where it was. The end is
 * told by the signal JobRemoved, which a reload can swallow (systemd#5328): so the unit is looked
 * at as well. The match is made before the call, or a quick job's end would be missed.
 */
struct job {
	const char *path;    /* NULL: not known yet */
	char seen_path[256]; /* of the job that ended last */
	char seen_result[32];
};

static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *ignored)
{
	struct job *job = data;
	const char *path, *unit, *result;
	uint32_t id;

	(void)ignored;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (job->path && strcmp(job->path, path) != 0)
		return 0;
	(void)text_copy(job->seen_path, sizeof(job->seen_path), path);
	(void)text_copy(job->seen_result, sizeof(job->seen_result), result);
	return 0;
}

static inline void slot_unref(sd_bus_slot **slot)
{
	(void)sd_bus_slot_unref(*slot);
}

static int job_watch(sd_bus *bus, struct job *job, sd_bus_slot **ret_slot, struct error *err)
{
	int code = sd_bus_match_signal(bus, ret_slot, MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
				       "JobRemoved", on_job_removed, job);

	/* The manager speaks up only for those who asked (its own socket needs no asking). */
	if (code >= 0)
		(void)sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe",
					 NULL, NULL, "");
	return code < 0 ? call_failed(code, NULL, "JobRemoved", err) : 0;
}

/* Has UNIT come to WANTED without the signal? Only a job that is gone can have been missed. */
static bool job_was_missed(sd_bus *bus, const struct job *job, const char *unit, const char *wanted)
{
	char state[32];
	struct error ignored;
	cleanup_free char *name = NULL;

	if (sd_bus_get_property_string(bus, MANAGER, job->path, MANAGER ".Job", "State", NULL,
				       &name) >= 0)
		return false;
	return bus_unit_string(bus, unit, "Unit", "ActiveState", state, sizeof(state), &ignored) ==
		       0 &&
	       strcmp(state, wanted) == 0;
}

static int job_wait(sd_bus *bus, struct job *job, const char *unit, const char *wanted,
		    struct error *err)
{
	const long deadline = now_ms() + BUS_WAIT_MS;

	while (now_ms() < deadline) {
		int code = sd_bus_process(bus, NULL);

		if (strcmp(job->seen_path, job->path) == 0 && strcmp(job->seen_result, "done") == 0)
			return 0;
		if (strcmp(job->seen_path, job->path) == 0)
			return error_set(err, EIO, "systemd: the job for %s ended '%s'", unit,
					 job->seen_result);
		if (code < 0)
			return call_failed(code, NULL, unit, err);
		if (code > 0)
			continue;
		code = sd_bus_wait(bus, JOB_LOOK_MS * UINT64_C(1000));
		if (code < 0 && code != -EINTR)
			return call_failed(code, NULL, unit, err);
		if (code == 0 && job_was_missed(bus, job, unit, wanted))
			return 0;
	}
	return error_set(err, ETIMEDOUT, "systemd: the job for %s has not ended within %d s", unit,
			 BUS_WAIT_MS / 1000);
}

/* Sends CALL, whose answer is a job for UNIT, and waits until it has ended. */
static int job_run(sd_bus *bus, sd_bus_message *call, const char *unit, const char *wanted,
		   struct error *err)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error answer = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(slot_unref))) sd_bus_slot *slot = NULL;
	cleanup_message sd_bus_message *reply = NULL;
	struct job job = {0};
	int code;

	if (job_watch(bus, &job, &slot, err) < 0)
		return -err->code;
	code = sd_bus_call(bus, call, 0, &answer, &reply);
	if (code >= 0)
		code = sd_bus_message_read(reply, "o", &job.path);
	if (code < 0)
		return call_failed(code, &answer, unit, err);
	return job_wait(bus, &job, unit, wanted, err);
}

static int unit_job(sd_bus *bus, const char *method, const char *unit, const char *wanted,
		    struct error *err)
{
	cleanup_message sd_bus_message *call = NULL;
	int code = sd_bus_message_new_method_call(bus, &call, MANAGER, MANAGER_PATH,
						  MANAGER_INTERFACE, method);

	if (code >= 0)
		code = sd_bus_message_append(call, "ss", unit, "replace");
	return code < 0 ? call_failed(code, NULL, unit, err)
			: job_run(bus, call, unit, wanted, err);
}

int bus_start_unit(sd_bus *bus, const char *unit, struct error *err)
{
	return unit_job(bus, "StartUnit", unit, "active", err);
}

int bus_stop_unit(sd_bus *bus, const char *unit, struct error *err)
{
	return unit_job(bus, "StopUnit", unit, "inactive", err);
}

/*
 * OOMPolicy=continue: by default one kill inside of a scope ends the whole scope, the login's shell
 * with it. CollectMode: a scope that failed goes away like any other.
 */
int bus_start_scope(sd_bus *bus, const char *name, const char *slice, pid_t pid, struct error *err)
{
	cleanup_message sd_bus_message *call = NULL;
	int code = sd_bus_message_new_method_call(bus, &call, MANAGER, MANAGER_PATH,
						  MANAGER_INTERFACE, "StartTransientUnit");

	if (code >= 0)
		code = sd_bus_message_append(call, "ssa(sv)a(sa(sv))", name, "fail", 6,
					     "Description", "s", "groupies: a login, or its helper",
					     "Slice", "s", slice, "PIDs", "au", 1, (uint32_t)pid,
					     "OOMPolicy", "s", "continue", "SendSIGHUP", "b", 1,
					     "CollectMode", "s", "inactive-or-failed", 0);
	return code < 0 ? call_failed(code, NULL, name, err)
			: job_run(bus, call, name, "active", err);
}
