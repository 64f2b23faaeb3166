/* SPDX-License-Identifier: MIT */
/* run and demo: trials, told one after the other, with nothing left behind. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "docker_commands.h"
#include "docker_container.h"
#include "docker_image.h"
#include "docker_interrupt.h"
#include "docker_portrait.h"
#include "docker_record.h"
#include "docker_store.h"
#include "docker_trial.h"
#include "groupies/size.h"

#define RUN_SIZE 17
#define MIB      ((uint64_t)1024 * 1024)

static const uint64_t demo_sizes[] = {40 * MIB, 200 * MIB, 100 * MIB};

/* What goes for every trial of one command. */
struct stage {
	struct session *session;
	char parent_group[64]; /* as the kernel calls it */
	const char *parent;    /* as the engine does */
	const char *image;
	char run[RUN_SIZE];
	bool image_is_new; /* we brought it, and take it away */
	json_object *told; /* with --json */
	bool held;
};

/* ---- before -------------------------------------------------------------------------------------*/

/* A playground is a slice where systemd makes the groups, else a directory at the top. */
static int parent_choose(struct stage *stage, struct error *err)
{
	const char *name = stage->session->request->parent;
	bool systemd = strcmp(stage->session->info.driver, "systemd") == 0;
	cleanup_group struct group group;
	char *path = stage->parent_group;
	int found;

	group_clear(&group);
	stage->parent = path;
	if (!name)
		return 0;
	(void)snprintf(path, sizeof(stage->parent_group), "/%s%s", name, systemd ? ".slice" : "");
	found = group_open(&group, path, err);
	if (found < 0)
		return -err->code;
	if (found == 0)
		return error_set(err, ESRCH,
				 "playground %s: there is no such group on this host (%s): make it "
				 "with groupies-setup --playground %s",
				 name, path, name);
	stage->parent = path + systemd;
	return 0;
}

/* Returns 1 when the image was there, 0 when it was brought. */
static int image_bring(struct stage *stage, struct error *err)
{
	const char *other = stage->session->request->image;
	struct engine *engine = &stage->session->engine;
	int has;

	stage->image = other ? other : IMAGE_NAME;
	has = store_has(engine, stage->image, err);
	if (has != 0)
		return has;
	/* Before it is there: a signal may come while it is loaded. */
	stage->image_is_new = true;
	return other ? store_pull(engine, other, err) : store_load(engine, err);
}

static int stage_set(struct stage *stage, struct error *err)
{
	const struct reply_info *info = &stage->session->info;

	if (session_ask_info(stage->session, err) < 0)
		return -err->code;
	if (!info->limits_memory)
		return error_set(err, ENOTSUP,
				 "this engine cannot limit memory%s: a limit would be accepted and "
				 "ignored",
				 info->is_rootless ? " (it is rootless, and the memory controller "
						     "has not been delegated to it)"
						   : "");
	if (!info->limits_swap && host_swap_bytes() > 0)
		(void)fprintf(stderr,
			      "groupies-docker: this engine does no swap accounting and the "
			      "host has swap: a container may live on beyond its limit\n");
	return parent_choose(stage, err) < 0 || image_bring(stage, err) < 0 ? -err->code : 0;
}

/* ---- one trial -----------------------------------------------------------------------------------*/

static void trial_tell(const struct trial *trial, FILE *out)
{
	const struct testimony *testimony = &trial->testimony;

	row_print_head(out, 0);
	row_print(&trial->row, out, 0, false);
	portrait_line(out, "id", trial->id);
	if (trial->is_found) {
		portrait_line(out, "directory", trial->directory);
		(void)fputs(trial->files, out);
		portrait_words(out, &testimony->last, testimony->unified, trial->limit_text);
		portrait_levels(out, &testimony->after);
		(void)fprintf(out, "  memory.stat:\n");
		portrait_stat(out, trial->stat);
	} else {
		portrait_line(out, "directory",
			      "cannot be seen from here: the container is not one "
			      "of this host's, or was gone too soon");
	}
	if (*trial->said)
		portrait_line(out, "it said", trial->said);
}

static void judgement_tell(const struct judgement *judgement, FILE *out)
{
	size_t index;

	for (index = 0; index < 2; index++) {
		if (*judgement->mismatches[index])
			portrait_line(out, "mismatch", judgement->mismatches[index]);
	}
	portrait_line(out, judgement->held ? "verdict" : "VERDICT", judgement->sentence);
	(void)fputc('\n', out);
}

static json_object *text_or_null(const char *text)
{
	return *text ? json_object_new_string(text) : NULL;
}

static json_object *trial_json(const struct trial *trial)
{
	const struct testimony *testimony = &trial->testimony;
	const struct judgement *judgement = &trial->judgement;
	json_object *object = json_object_new_object(), *mismatches = json_object_new_array();
	size_t index;

	for (index = 0; index < 2; index++) {
		if (*judgement->mismatches[index])
			(void)json_object_array_add(
				mismatches, json_object_new_string(judgement->mismatches[index]));
	}
	json_object_object_add(object, "asked_bytes",
			       json_object_new_uint64(testimony->size_bytes));
	json_object_object_add(object, "limit_asked_bytes",
			       json_object_new_uint64(testimony->memory_bytes));
	json_object_object_add(object, "swap_asked_bytes",
			       json_object_new_uint64(testimony->swap_bytes));
	json_object_object_add(object, "directory", text_or_null(trial->directory));
	json_object_object_add(object, "limit_as_stored", text_or_null(trial->limit_text));
	json_object_object_add(object, "row", row_json(&trial->row));
	json_object_object_add(object, "memory_stat", portrait_stat_json(trial->stat));
	json_object_object_add(object, "running", json_object_new_boolean(testimony->running));
	json_object_object_add(object, "exit", json_object_new_uint64(testimony->exit_code));
	json_object_object_add(object, "oom_killed",
			       json_object_new_boolean(testimony->oom_killed));
	json_object_object_add(
		object, "oom_events",
		testimony->oom_events < 0 ? NULL : json_object_new_int(testimony->oom_events));
	json_object_object_add(object, "host_kills", json_object_new_uint64(testimony->host_kills));
	json_object_object_add(object, "ending",
			       json_object_new_string(ending_name(judgement->ending)));
	json_object_object_add(object, "held", json_object_new_boolean(judgement->held));
	json_object_object_add(object, "fired", text_or_null(judgement->group));
	json_object_object_add(object, "fired_limit_bytes",
			       judgement->limit_bytes == SIZE_INFINITY
				       ? NULL
				       : json_object_new_uint64(judgement->limit_bytes));
	json_object_object_add(object, "mismatches", mismatches);
	json_object_object_add(object, "said", text_or_null(trial->said));
	json_object_object_add(object, "verdict", json_object_new_string(judgement->sentence));
	return object;
}

/* Keeps what will be gone with the group, for show. */
static void trial_record(const struct trial *trial, json_object *json)
{
	struct error err = ERROR_NONE;

	if (record_write(trial->id, json, &err) < 0)
		(void)fprintf(stderr, "groupies-docker: the last row is not kept for show: %s\n",
			      err.text);
}

static int trial_present(struct stage *stage, const struct trial *trial, struct error *err)
{
	json_object *json = trial_json(trial);

	if (stage->session->request->keep)
		trial_record(trial, json);
	stage->held &= trial->judgement.held;
	if (stage->told) {
		(void)json_object_array_add(stage->told, json);
		return 0;
	}
	(void)json_object_put(json);
	trial_tell(trial, stdout);
	judgement_tell(&trial->judgement, stdout);
	return stdout_check(err);
}

static void name_invent(uint64_t size_bytes, char *name, size_t size)
{
	static unsigned count;

	(void)snprintf(name, size, "hog-%" PRIu64 "M-%d-%u", size_bytes / MIB, (int)getpid(),
		       ++count);
}

/*
 * The mark of one run, on each container that it makes. A pid would do on one host; an engine may
 * serve several.
 */
static int run_invent(struct stage *stage, struct error *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return error_errno(err, "getrandom");
	(void)snprintf(stage->run, sizeof(stage->run), "%016" PRIx64, number);
	return 0;
}

/*
 * Says that WHAT could not be taken away, unless another failure is to be told. Returns what ANSWER
 * becomes. A signal alone tells nothing, so it gives way.
 */
static int leave(const char *what, const struct error *why, int answer, struct error *err)
{
	if (answer < 0 && err->code != EINTR)
		return answer;
	return error_set(err, why->code == EINTR ? ECANCELED : why->code,
			 "%s may stay in the engine: %s", what, why->text);
}

/*
 * Takes away what a trial has made. Without an id nobody has told that anything was: then there is
 * nothing, or something that carries our mark. What merely has the name is never ours.
 */
static int trial_undo(struct stage *stage, const struct trial_order *order,
		      const struct trial *trial, struct error *err)
{
	struct engine *engine = &stage->session->engine;

	return *trial->id ? container_remove(engine, trial->id, err)
			  : container_remove_marked(engine, order->name, order->run, err);
}

/*
 * Where making it says that something is not there, that is the image, and no container. Another run
 * that had brought it may just have taken it away: it is brought once more.
 */
static int trial_try(struct stage *stage, const struct trial_order *order, struct trial *trial,
		     struct error *err)
{
	struct engine *engine = &stage->session->engine;

	if (trial_run(engine, &stage->session->info, order, trial, err) >= 0)
		return 0;
	if (err->code == ENOENT && image_bring(stage, err) == 0 &&
	    trial_run(engine, &stage->session->info, order, trial, err) >= 0)
		return 0;
	if (err->code == ENOENT)
		err->code = EREMOTEIO;
	return -err->code;
}

/* Runs one trial and takes its container away, however it went. */
static int perform(struct stage *stage, uint64_t size_bytes, struct error *err)
{
	const struct request *request = stage->session->request;
	cleanup_trial struct trial trial = {0};
	struct error clean_err = ERROR_NONE;
	char invented[NAME_SIZE];
	struct trial_order order = {.name = request->name ? request->name : invented,
				    .image = stage->image,
				    .run = stage->run,
				    .parent = stage->parent,
				    .parent_group = stage->parent_group,
				    .is_hog = !request->image,
				    .size_bytes = size_bytes,
				    .memory_bytes = request->memory_bytes,
				    .swap_bytes = request->swap_bytes};
	int answer;

	name_invent(size_bytes, invented, sizeof(invented));
	answer = trial_try(stage, &order, &trial, err);
	if (answer >= 0)
		answer = trial_present(stage, &trial, err);
	if (request->keep && answer >= 0)
		return answer;
	if (answer < 0)
		engine_has_failed(&stage->session->engine, err);
	if (trial_undo(stage, &order, &trial, &clean_err) < 0)
		answer = leave(order.name, &clean_err, answer, err);
	return answer;
}

static void announce(const struct stage *stage, uint64_t size_bytes)
{
	const struct request *request = stage->session->request;
	char size[32], limit[32], swap[32];

	if (stage->told)
		return;
	(void)printf("== %s under a limit of %s, %s swap%s%s\n",
		     size_print(size_bytes, size, sizeof(size)),
		     size_print(request->memory_bytes, limit, sizeof(limit)),
		     request->swap_bytes ? size_print(request->swap_bytes, swap, sizeof(swap))
					 : "no",
		     request->parent ? ", inside " : "", request->parent ? request->parent : "");
	(void)fflush(stdout);
}

/* Takes away the image that we brought. Returns what ANSWER becomes. */
static int image_undo(struct stage *stage, int answer, struct error *err)
{
	struct error why = ERROR_NONE;
	char what[NAME_SIZE + 8];

	if (answer < 0)
		engine_has_failed(&stage->session->engine, err);
	if (store_remove(&stage->session->engine, stage->image, &why) >= 0)
		return answer;
	if (why.code == EEXIST) {
		(void)fprintf(stderr,
			      "groupies-docker: image %s stays, another container uses it: take it "
			      "away with groupies-docker clean\n",
			      stage->image);
		return answer;
	}
	(void)snprintf(what, sizeof(what), "image %s", stage->image);
	return leave(what, &why, answer, err);
}

static int perform_all(struct stage *stage, const uint64_t *sizes, size_t count, struct error *err)
{
	size_t index;

	if (run_invent(stage, err) < 0 || stage_set(stage, err) < 0)
		return -err->code;
	for (index = 0; index < count; index++) {
		announce(stage, sizes[index]);
		if (perform(stage, sizes[index], err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- the commands --------------------------------------------------------------------------------*/

static int stage_run(struct session *session, const uint64_t *sizes, size_t count,
		     struct error *err)
{
	struct stage stage = {.session = session, .held = true};
	int answer;

	stage.told = session->request->json ? json_object_new_array() : NULL;
	answer = perform_all(&stage, sizes, count, err);
	if (stage.image_is_new && !(session->request->keep && answer >= 0))
		answer = image_undo(&stage, answer, err);
	if (stage.told && answer >= 0)
		return json_say(stage.told, err) < 0 ? -err->code
		       : stage.held                  ? EXIT_HELD
						     : EXIT_NOT_HELD;
	(void)json_object_put(stage.told);
	if (answer < 0)
		return answer;
	return stage.held ? EXIT_HELD : EXIT_NOT_HELD;
}

int command_run(struct session *session, struct error *err)
{
	return stage_run(session, &session->request->size_bytes, 1, err);
}

int command_demo(struct session *session, struct error *err)
{
	return stage_run(session, demo_sizes, sizeof(demo_sizes) / sizeof(*demo_sizes), err);
}
