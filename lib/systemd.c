/* SPDX-License-Identifier: MIT */
/*
 * The backend for hosts whose tree systemd owns: the playground is a slice. What we write in the
 * tree by hand is only what systemd cannot express, in our own slice (swap and cpuset on v1).
 *
 * A login comes in without a logind session scope ever being emptied: its scope is created inside
 * (prepare), or there is none and it gets a scope of its own (place).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "groupies/backend.h"
#include "groupies/cgroup.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/limits.h"
#include "groupies/lock.h"
#include "groupies/playground.h"
#include "groupies/users.h"
#include "systemd_bus.h"
#include "systemd_unit.h"

#define REFRESH_MS      1000
#define REFRESH_STEP_MS 20
#define DEPTH_MAX       "64"

/* ---- a slice in the kernel's tree ------------------------------------------------------------ */

struct slice {
	char unit[UNIT_NAME_SIZE];
	char group[256]; /* what systemd calls its ControlGroup */
	struct setting settings[SETTINGS_MAX];
	int setting_count;
};

/*
 * systemd does not know these on v1: MemorySwapMax does nothing there (systemd#8814), and what
 * sockets hold is limited by a file of its own (cgroup-v1/memory.rst, 2.7) that it never writes.
 */
static bool is_ours_to_write(const struct setting *setting)
{
	return !setting->hierarchy->unified &&
	       (setting->limit == LIMIT_MEMORY_SWAP_MAX || setting->limit == LIMIT_ALLOWED_CPUS ||
		strcmp(setting->file, "memory.kmem.tcp.limit_in_bytes") == 0);
}

/* Opens the directory of SLICE in HIERARCHY; makes it where systemd does not manage that one. */
static int slice_open(const struct slice *slice, const struct hierarchy *hierarchy, bool make,
		      struct error *err)
{
	char copy[256], *saved = NULL, *part;
	cleanup_fd int fd = directory_open(AT_FDCWD, hierarchy->mount, err);

	(void)text_copy(copy, sizeof(copy), slice->group);
	for (part = strtok_r(copy, "/", &saved); part && fd >= 0;
	     part = strtok_r(NULL, "/", &saved)) {
		int next = -1;

		if (make && mkdirat(fd, part, 0755) < 0 && errno != EEXIST)
			(void)error_errno(err, "%s", part);
		else
			next = directory_open(fd, part, err);
		close(fd);
		fd = next;
	}
	return fd < 0 ? error_context(err, "%s%s", hierarchy->mount, slice->group) : steal_fd(&fd);
}

/*
 * 1: the file says what was asked, or another limit that an administrator set on purpose
 * (`systemctl set-property`), which `check` shows as drift. 0: no limit is there. Negative: failed.
 */
static int setting_settle(const struct slice *slice, const struct setting *setting,
			  struct error *err)
{
	bool ours = is_ours_to_write(setting);
	cleanup_fd int fd = slice_open(slice, setting->hierarchy,
				       ours && setting->limit == LIMIT_ALLOWED_CPUS, err);
	char seen[4096];

	if (fd < 0)
		return err->code == ENOENT ? 0 : fd;
	if (kernel_read(fd, setting->file, seen, sizeof(seen), err) < 0)
		return err->code == ENOENT ? 0 : -err->code;
	if (ours && !setting->matches(setting->value, seen)) {
		if (kernel_write(fd, setting->file, setting->value, err) < 0 ||
		    kernel_read(fd, setting->file, seen, sizeof(seen), err) < 0)
			return error_context(err, "%s", slice->unit);
		if (!setting->matches(setting->value, seen))
			return error_set(err, EIO, "%s: %s reads '%.60s' after '%.60s' was written",
					 slice->unit, setting->file, seen, setting->value);
	}
	return !(setting->bounded && limit_text_is_unlimited(setting->file, seen));
}

/* Where every limit of SLICE is in force, 0; else the first that is not is told. */
static int slice_settle(const struct slice *slice, struct error *err)
{
	bool again[SETTINGS_MAX] = {false};
	int index;

	/* Memory, and memory and swap together, depend on each other's order; try twice. */
	for (index = 0; index < slice->setting_count; index++)
		again[index] = setting_settle(slice, &slice->settings[index], err) != 1;
	for (index = 0; index < slice->setting_count; index++) {
		const struct setting *setting = &slice->settings[index];
		int answer = again[index] ? setting_settle(slice, setting, err) : 1;

		if (answer < 0)
			return answer;
		if (answer == 0)
			return error_set(err, ENODATA,
					 "%s: %s is not limited: run 'systemctl cat %s'",
					 slice->unit, setting->file, slice->unit);
	}
	return 0;
}

static int slice_stamp(const struct slice *slice, bool enter, struct stamp *stamp,
		       struct error *err)
{
	int index, count;

	for (index = 0; index < slice->setting_count; index++) {
		const struct setting *setting = &slice->settings[index];
		struct stamp_group *to = &stamp->groups[stamp->group_count];
		cleanup_fd int fd = -1;
		struct stat st;

		for (count = 0; count < index; count++) {
			if (slice->settings[count].hierarchy == setting->hierarchy)
				break;
		}
		if (count < index)
			continue;
		if (stamp->group_count == STAMP_GROUPS_MAX)
			return error_set(err, E2BIG, "%s: too many hierarchies", slice->unit);
		fd = slice_open(slice, setting->hierarchy, false, err);
		if (fd < 0 || fstat(fd, &st) < 0)
			return fd < 0 ? fd : error_errno(err, "%s", slice->unit);
		*to = (struct stamp_group){.device = st.st_dev, .inode = st.st_ino};
		to->role = !enter ? STAMP_LIMITS
			   : is_ours_to_write(setting) && setting->limit == LIMIT_ALLOWED_CPUS
				   ? STAMP_WRITE
				   : STAMP_MANAGED;
		if (!setting->hierarchy->unified)
			(void)snprintf(to->controller, sizeof(to->controller), "%s",
				       setting->controller);
		(void)text_copy(to->path, sizeof(to->path), slice->group);
		if (snprintf(to->directory, sizeof(to->directory), "%s%s",
			     setting->hierarchy->mount, slice->group) >= (int)sizeof(to->directory))
			return error_set(err, ENAMETOOLONG, "%s: path too long", slice->unit);
		for (count = index; count < slice->setting_count; count++) {
			if (slice->settings[count].hierarchy == setting->hierarchy &&
			    slice->settings[count].bounded && to->limit_count < STAMP_LIMITS_MAX)
				(void)text_copy(to->limits[to->limit_count++],
						sizeof(to->limits[0]), slice->settings[count].file);
		}
		stamp->group_count++;
	}
	return 0;
}

/* ---- realizing ------------------------------------------------------------------------------- */

/* Whom nobody can tell from UID may be it. */
static bool is_named(const struct config *config, uid_t uid)
{
	size_t index;

	for (index = 0; index < config->member_count; index++) {
		const char *member = config->members[index];
		struct user user;
		struct error ignored;
		int found = *member == '@' ? 0 : user_find(member, &user, &ignored);

		if (found < 0 || (found == 1 && user.uid == uid))
			return true;
	}
	return false;
}

static bool gids_have(const gid_t *gids, size_t count, gid_t gid)
{
	size_t index;

	for (index = 0; index < count; index++) {
		if (gids[index] == gid)
			return true;
	}
	return false;
}

/* Is a group of CONFIG's among those of UID? Where it cannot be looked up, it counts as one. */
static bool is_in_group(const struct config *config, uid_t uid)
{
	cleanup_free gid_t *gids = NULL;
	struct user user;
	struct error ignored;
	size_t count = 0, index;
	int found = user_find_uid(uid, &user, &ignored);

	if (found == 0)
		return false;
	if (found < 0 || user_gids(&user, &gids, &count, &ignored) < 0)
		return true;
	for (index = 0; index < config->member_count; index++) {
		const char *member = config->members[index];
		gid_t gid;

		found = *member == '@' ? group_find(member + 1, &gid, &ignored) : 0;
		if (found < 0 || (found == 1 && gids_have(gids, count, gid)))
			return true;
	}
	return false;
}

static bool keep_member(uid_t uid, void *data)
{
	return is_named(data, uid) || is_in_group(data, uid);
}

/* The members that a config names are inside from the boot on: a lingering user manager as well. */
static int user_managers_settle(const struct config *config, bool *changed, struct error *err)
{
	struct config copy = *config;
	size_t index;

	if (unit_delete(config->name, false, keep_member, &copy, changed, err) < 0)
		return -err->code;
	for (index = 0; index < config->member_count; index++) {
		const char *member = config->members[index];
		struct user user;
		struct error ignored;

		/* Who cannot be looked up keeps what it has; its next login writes it anew. */
		if (*member != '@' && user_find(member, &user, &ignored) == 1 &&
		    unit_write_user_manager(UNIT_DIR_ETC, config, user.uid, changed, err) < 0)
			return -err->code;
	}
	return 0;
}

static int slice_start(sd_bus *bus, struct slice *slice, struct error *err)
{
	if (bus_start_unit(bus, slice->unit, err) < 0)
		return -err->code;
	if (bus_unit_string(bus, slice->unit, "Slice", "ControlGroup", slice->group,
			    sizeof(slice->group), err) < 0)
		return -err->code;
	if (slice->group[0] != '/' || slice->group[1] == '\0')
		return error_set(err, EIO, "systemd: %s has no control group", slice->unit);
	return 0;
}

/* Do the kernel's files say just what systemd was asked for? */
static bool slice_is_as_asked(const struct slice *slice)
{
	int index;

	for (index = 0; index < slice->setting_count; index++) {
		const struct setting *setting = &slice->settings[index];
		struct error ignored;
		cleanup_fd int fd = -1;
		char seen[4096];

		if (is_ours_to_write(setting))
			continue;
		fd = slice_open(slice, setting->hierarchy, false, &ignored);
		if (fd < 0 || kernel_read(fd, setting->file, seen, sizeof(seen), &ignored) < 0 ||
		    !setting->matches(setting->value, seen))
			return false;
	}
	return true;
}

/*
 * A reload makes systemd know new limits of a living slice; that it also writes them is true of 252
 * and not of 257 (seen), which does so when it next makes a group below. So an empty slice comes
 * and goes there. What an administrator has set stays different: that is waited for in vain.
 */
static int slice_refresh(sd_bus *bus, const struct slice *slice, struct error *err)
{
	const struct timespec step = {.tv_nsec = REFRESH_STEP_MS * 1000 * 1000};
	char below[UNIT_NAME_SIZE];
	int waited_ms;

	if (slice_is_as_asked(slice))
		return 0;
	(void)snprintf(below, sizeof(below), "%.*s-refresh.slice", (int)strcspn(slice->unit, "."),
		       slice->unit);
	if (bus_start_unit(bus, below, err) < 0 || bus_stop_unit(bus, below, err) < 0)
		return -err->code;
	for (waited_ms = 0; waited_ms < REFRESH_MS && !slice_is_as_asked(slice);
	     waited_ms += REFRESH_STEP_MS)
		(void)nanosleep(&step, NULL);
	return 0;
}

/*
 * Whoever has a user manager may make groups below it, one in the other: a tree as deep as memory
 * lets it be would end whoever goes through it. systemd has no word for this limit of v2.
 */
static void slice_bound(const struct slice *slice, const struct part *part)
{
	size_t index;

	for (index = 0; index < part->host->count; index++) {
		const struct hierarchy *hierarchy = &part->host->hierarchies[index];
		struct error ignored;
		cleanup_fd int fd =
			hierarchy->unified ? slice_open(slice, hierarchy, false, &ignored) : -1;

		if (fd >= 0)
			(void)kernel_write(fd, "cgroup.max.depth", DEPTH_MAX, &ignored);
	}
}

/* systemd can make a slice before it has read its file: then it is unlimited until a reload. */
static int slice_realize(sd_bus *bus, struct slice *slice, const struct part *part, bool enter,
			 struct stamp *stamp, struct error *err)
{
	if (slice_start(bus, slice, err) < 0 ||
	    (part->applying && slice_refresh(bus, slice, err) < 0))
		return -err->code;
	if (slice_settle(slice, err) < 0 &&
	    (err->code != ENODATA || bus_reload(bus, err) < 0 || slice_settle(slice, err) < 0))
		return -err->code;
	slice_bound(slice, part);
	return slice_stamp(slice, enter, stamp, err);
}

static int slice_render(const struct part *part, const struct limits *limits, bool nested,
			struct slice *slice, struct error *err)
{
	slice_name(part->config->name, nested, part->uid, slice->unit);
	slice->setting_count = limits_render(limits, part->host, slice->settings, err);
	return slice->setting_count < 0 ? -err->code : 0;
}

static int slices_realize(sd_bus *bus, const struct part *part, bool adopt, struct slice *shared,
			  struct slice *each, struct stamp *stamp, struct error *err)
{
	bool changed = false;

	if (unit_write_slices(part->config, adopt, &changed, err) < 0 ||
	    (part->applying && user_managers_settle(part->config, &changed, err) < 0))
		return -err->code;
	if (part->applying)
		bus_be_patient(bus);
	/* A run that was killed after it had written may not have reloaded: apply always does. */
	if ((changed || part->applying) && bus_reload(bus, err) < 0)
		return -err->code;
	if (slice_realize(bus, shared, part, !part->is_member, stamp, err) < 0)
		return -err->code;
	if (part->is_member && slice_realize(bus, each, part, true, stamp, err) < 0)
		return -err->code;
	/* A part without limits of its own kind still has to be the place to be. */
	if (part->is_member && each->setting_count == 0)
		stamp->groups[0].role = STAMP_MANAGED;
	return 0;
}

/* A slice that could not be taken over is as it was, and nobody is sent there. */
static void slices_leave(sd_bus *bus, const char *playground)
{
	struct error ignored;
	bool changed = false;

	if (unit_delete(playground, true, NULL, NULL, &changed, &ignored) == 0)
		(void)bus_reload(bus, &ignored);
}

static int realize(const struct part *part, bool adopt, struct stamp *ret_stamp, struct error *err)
{
	struct slice shared = {0}, each = {0};
	struct stamp stamp = {.manager = HOST_SYSTEMD};
	cleanup_bus sd_bus *bus = NULL;

	if (slice_render(part, &part->config->shared, false, &shared, err) < 0)
		return -err->code;
	if (slice_render(part, &part->config->each, true, &each, err) < 0)
		return error_context(err, "[Member]");
	/* Nothing is written before there is somebody to read it. */
	if (bus_open(&bus, err) < 0)
		return -err->code;
	if (slices_realize(bus, part, adopt, &shared, &each, &stamp, err) < 0) {
		if (adopt)
			slices_leave(bus, part->config->name);
		return -err->code;
	}
	*ret_stamp = stamp;
	return 0;
}

/* ---- logins ---------------------------------------------------------------------------------- */

static uint64_t boottime_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Where does the user manager of PART's member run? Its Slice tells what a reload has read since, so
 * what counts is its group. 1: systemd has it in memory, and it runs inside or not at all. 0: not
 * even that. EBUSY: it runs outside, where it starts anything for the member: who is refused until
 * it has ended.
 */
static int user_manager_check(sd_bus *bus, const struct part *part, struct error *err)
{
	char unit[UNIT_NAME_SIZE], slice[UNIT_NAME_SIZE], state[32], group[256], inside[256];
	int loaded;

	(void)snprintf(unit, sizeof(unit), "user@%u.service", (unsigned)part->uid);
	slice_name(part->config->name, false, 0, slice);
	loaded = bus_unit_is_loaded(bus, unit, err);
	if (loaded <= 0)
		return loaded;
	if (bus_unit_string(bus, unit, "Unit", "ActiveState", state, sizeof(state), err) < 0)
		return -err->code;
	if (strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0)
		return 1;
	if (bus_unit_string(bus, unit, "Service", "ControlGroup", group, sizeof(group), err) < 0 ||
	    bus_unit_string(bus, slice, "Slice", "ControlGroup", inside, sizeof(inside), err) < 0)
		return -err->code;
	/* Without a group it has no process: it is about to start, and has read its file then. */
	if (!*group || (*inside && cgroup_is_inside(group, inside)))
		return 1;
	return error_set(err, EBUSY,
			 "%s runs outside of %s since before the user was enrolled: "
			 "run 'loginctl terminate-user %u'",
			 unit, slice, (unsigned)part->uid);
}

/* What systemd has in memory of a user manager is read anew where that would start elsewhere. */
static int user_manager_prepare(sd_bus *bus, const struct part *part, bool changed,
				struct error *err)
{
	char unit[UNIT_NAME_SIZE], wanted[UNIT_NAME_SIZE], slice[UNIT_NAME_SIZE];
	int loaded = user_manager_check(bus, part, err);

	if (loaded <= 0)
		return loaded;
	(void)snprintf(unit, sizeof(unit), "user@%u.service", (unsigned)part->uid);
	slice_name(part->config->name, part->config->own_limits, part->uid, wanted);
	if (bus_unit_string(bus, unit, "Service", "Slice", slice, sizeof(slice), err) < 0)
		return -err->code;
	return changed || strcmp(slice, wanted) != 0 ? bus_reload(bus, err) : 0;
}

static int place(const struct part *part, const struct stamp *stamp, pid_t pid, struct error *err)
{
	char scope[UNIT_NAME_SIZE], slice[UNIT_NAME_SIZE], text[CGROUP_TEXT_SIZE];
	cleanup_bus sd_bus *bus = NULL;

	/* A pid may come again while the scope of its first owner lives: the time makes it unique.
	 */
	(void)snprintf(scope, sizeof(scope), "groupies-%s-%u-%d-%" PRIu64 ".scope",
		       part->config->name, (unsigned)part->uid, (int)pid, boottime_ns());
	slice_name(part->config->name, part->is_member, part->uid, slice);
	/* Root comes in by `groupies-setup run`, and its own user manager is nobody's business. */
	if (bus_open(&bus, err) < 0 || (part->uid != 0 && user_manager_check(bus, part, err) < 0) ||
	    bus_start_scope(bus, scope, slice, pid, err) < 0 ||
	    cgroup_read(pid, text, sizeof(text), err) < 0)
		return -err->code;
	if (!stamp_holds_managed(stamp, text))
		return error_set(err, EXDEV, "systemd made %s, but process %d is not in %s", scope,
				 (int)pid, slice);
	return stamp_charge_sockets(stamp, text, err);
}

/* Is each directory on the way to the group at PATH below MOUNT root's? */
static bool is_roots_own(const char *mount, const char *path)
{
	char copy[CGROUP_PATH_SIZE], *saved = NULL, *part;
	struct error ignored;
	cleanup_fd int fd = directory_open(AT_FDCWD, mount, &ignored);
	struct stat st;

	(void)text_copy(copy, sizeof(copy), path);
	for (part = strtok_r(copy, "/", &saved); part && fd >= 0;
	     part = strtok_r(NULL, "/", &saved)) {
		int next = directory_open(fd, part, &ignored);

		close(fd);
		fd = next;
		if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != 0))
			return false;
	}
	return fd >= 0;
}

/*
 * Only the unified hierarchy has cgroup.freeze, and is handed to users, on hybrid hosts as well.
 * What cannot be read, or has a longer path than anything of root's, counts as theirs.
 */
static bool is_in_a_users_group(const struct host *host)
{
	char text[CGROUP_TEXT_SIZE], path[CGROUP_PATH_SIZE];
	struct error ignored;
	size_t index;

	if (cgroup_read(0, text, sizeof(text), &ignored) < 0)
		return true;
	for (index = 0; index < host->count; index++) {
		const struct hierarchy *hierarchy = &host->hierarchies[index];
		int found = hierarchy->unified ? cgroup_find(text, "", path, sizeof(path), &ignored)
					       : 0;

		if (found != 0)
			return found < 0 || !is_roots_own(hierarchy->mount, path);
	}
	return false;
}

static int leave(const struct host *host, struct error *err)
{
	cleanup_bus sd_bus *bus = NULL;
	char scope[UNIT_NAME_SIZE];

	if (!is_in_a_users_group(host))
		return 0;
	(void)snprintf(scope, sizeof(scope), "groupies-helper-%d-%" PRIu64 ".scope", (int)getpid(),
		       boottime_ns());
	if (bus_open(&bus, err) < 0 ||
	    bus_start_scope(bus, scope, "system.slice", getpid(), err) < 0)
		return -err->code;
	if (is_in_a_users_group(host))
		return error_set(err, EXDEV, "systemd made %s, but this is not in it", scope);
	return 0;
}

struct loaded_scopes {
	char (*names)[UNIT_NAME_SIZE];
	size_t count;
	bool failed;
};

static void scope_seen(const char *unit, void *data)
{
	struct loaded_scopes *scopes = data;
	char(*grown)[UNIT_NAME_SIZE] = realloc(scopes->names, (scopes->count + 1) * sizeof(*grown));

	if (!grown) {
		scopes->failed = true;
		return;
	}
	scopes->names = grown;
	if (text_copy(grown[scopes->count], UNIT_NAME_SIZE, unit))
		scopes->count++;
}

static bool scope_is_loaded(const char *scope, void *data)
{
	const struct loaded_scopes *scopes = data;
	size_t index;

	for (index = 0; index < scopes->count; index++) {
		if (strcmp(scopes->names[index], scope) == 0)
			return true;
	}
	return false;
}

/* Drop-ins go when their scope has gone, at the next login: at a session's close, processes may be
 * left. What fails here is tried again then. */
static void sessions_sweep(sd_bus *bus)
{
	struct loaded_scopes scopes = {0};
	struct error ignored;

	if (bus_units_matching(bus, "session-*.scope", scope_seen, &scopes, &ignored) == 0 &&
	    !scopes.failed)
		unit_sweep_sessions(scope_is_loaded, &scopes);
	free(scopes.names);
}

/*
 * What systemd shall read for this login, unless the playground has been taken back meanwhile. Apply
 * has written the drop-in of a user manager whose member a config names; one by group gets it here.
 */
static int files_prepare(const struct part *part, pid_t pid, unsigned session, bool *changed,
			 struct error *err)
{
	/* Names are looked up before: that may take as long as a server far away likes. */
	const char *directory = is_named(part->config, part->uid) ? UNIT_DIR_ETC : UNIT_DIR_RUN;
	cleanup_fd int lock = playground_lock(err);

	if (lock < 0)
		return lock;
	if (playground_is_applied(part->config->name, err) < 0 ||
	    unit_write_user_manager(directory, part->config, part->uid, changed, err) < 0 ||
	    unit_write_session(part->config, part->uid, session, pid, err) < 0)
		return -err->code;
	return 0;
}

static int prepare(const struct part *part, pid_t pid, unsigned session, struct error *err)
{
	char scope[UNIT_NAME_SIZE], unseen[UNIT_NAME_SIZE];
	cleanup_bus sd_bus *bus = NULL;
	bool changed = false;
	int loaded;

	(void)snprintf(scope, sizeof(scope), "session-%u.scope", session);
	(void)snprintf(unseen, sizeof(unseen), "groupies-%u-%d-%" PRIu64 ".service", session,
		       (int)pid, boottime_ns());
	if (bus_open(&bus, err) < 0)
		return -err->code;
	loaded = bus_unit_is_loaded(bus, scope, err);
	if (loaded < 0)
		return loaded;
	/* Somebody lives there: su and sudo carry their caller's session, which is not theirs. */
	if (loaded)
		return 0;
	if (files_prepare(part, pid, session, &changed, err) < 0 ||
	    user_manager_prepare(bus, part, changed, err) < 0 ||
	    bus_look_again(bus, unseen, err) < 0)
		return -err->code;
	sessions_sweep(bus);
	return 0;
}

/* ---- looking, removing ----------------------------------------------------------------------- */

/* A unit file that has been deleted is in systemd's memory until a reload: it stands no more. */
static int exists(const struct host *host, const char *name, struct error *err)
{
	char unit[UNIT_NAME_SIZE], gone[256], file[512], state[32];
	cleanup_bus sd_bus *bus = NULL;

	(void)host;
	slice_name(name, false, 0, unit);
	if (unit_slice_is_ours(name))
		return EXISTS_AS_OURS;
	if (unit_slice_stands(name))
		return EXISTS_AS_SOMEBODYS;
	if (bus_open(&bus, err) < 0 ||
	    bus_unit_string(bus, unit, "Unit", "FragmentPath", file, sizeof(file), err) < 0 ||
	    bus_unit_string(bus, unit, "Unit", "ActiveState", state, sizeof(state), err) < 0)
		return error_context(err, "systemd does not answer whether there is a %s", unit);
	(void)snprintf(gone, sizeof(gone), "%s/%s", UNIT_DIR_ETC, unit);
	if ((*file && strcmp(file, gone) != 0) || strcmp(state, "inactive") != 0)
		return EXISTS_AS_SOMEBODYS;
	return 0;
}

/* cpuset on v1 is not systemd's: the groups that we made there go by hand. */
static int groups_remove(const struct host *host, const char *group, struct error *err)
{
	const struct hierarchy *cpuset = host_hierarchy(host, "cpuset");
	char path[512], child[1024];
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more;

	if (!cpuset || cpuset->unified)
		return 0;
	(void)snprintf(path, sizeof(path), "%s%s", cpuset->mount, group);
	more = directory_find(AT_FDCWD, path, &entries, err);
	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		if (entry->d_type != DT_DIR)
			continue;
		(void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (rmdir(child) < 0)
			return error_errno(err, "%s", child);
	}
	if (more < 0)
		return error_context(err, "%s", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return 0;
}

static int refuse_populated(const struct host *host, const struct slice *slice, struct error *err)
{
	size_t index;

	for (index = 0; index < host->count; index++) {
		struct error ignored;
		cleanup_fd int fd = slice_open(slice, &host->hierarchies[index], false, &ignored);

		if (fd >= 0 && group_is_populated(fd))
			return error_set(err, EBUSY, "%s still holds processes", slice->unit);
	}
	return 0;
}

/*
 * The files go first, and whether systemd answers or not: what realize has written would otherwise
 * stay when that fails, and be nobody's.
 */
static int remove_slice(const struct host *host, const char *name, struct error *err)
{
	struct slice slice = {0};
	struct error silence = ERROR_NONE;
	cleanup_bus sd_bus *bus = NULL;
	bool changed = false;

	slice_name(name, false, 0, slice.unit);
	if (bus_open(&bus, &silence) == 0) {
		bus_be_patient(bus);
		(void)bus_unit_string(bus, slice.unit, "Slice", "ControlGroup", slice.group,
				      sizeof(slice.group), &silence);
	}
	/* A playground's name has no dash: its slice is in no other. */
	if (silence.code)
		(void)snprintf(slice.group, sizeof(slice.group), "/%s", slice.unit);
	if (*slice.group && refuse_populated(host, &slice, err) < 0)
		return -err->code;
	if (unit_delete(name, true, NULL, NULL, &changed, err) < 0)
		return -err->code;
	if (silence.code) {
		*err = silence;
		return -err->code;
	}
	if (*slice.group &&
	    (bus_stop_unit(bus, slice.unit, err) < 0 || groups_remove(host, slice.group, err) < 0))
		return -err->code;
	sessions_sweep(bus);
	return bus_reload(bus, err);
}

const struct backend backend_systemd = {
	.name = "systemd",
	.realize = realize,
	.place = place,
	.exists = exists,
	.remove = remove_slice,
	.prepare = prepare,
	.leave = leave,
};
