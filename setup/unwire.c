/* SPDX-License-Identifier: MIT */
/*
 * unwire: takes the module out of PAM where provision has put it in, and leaves playgrounds, users
 * and configs as they are. For a package that is being removed, and for whoever wants a pause: the
 * next provision wires again.
 */
#include "commands.h"
#include "groupies/cleanup.h"
#include "program.h"
#include "steps.h"
#include "wiring.h"

static int unwire(struct work *work, struct error *err)
{
	struct error ignored;
	int undone;

	if (journal_read(JOURNAL_SHARED, &work->shared, err) < 0)
		return -err->code;
	if (!journal_get(&work->shared, "wiring")) {
		report_step(work->report, REPORT_UNCHANGED, "pam", "%s",
			    wiring_is_complete()
				    ? "sessions call pam_groupies.so, by somebody else's doing"
				    : "sessions do not call pam_groupies.so");
		return 0;
	}
	if (report_is_dry_run(work->report)) {
		report_step(work->report, REPORT_WOULD, "pam",
			    "take pam_groupies.so out of the session stacks");
		return 0;
	}
	journal_release();
	undone = wiring_undo(work, NULL, err);
	(void)journal_reserve(&ignored);
	if (undone == 1)
		report_step(work->report, REPORT_DONE, "pam", "%s", work->said);
	return undone;
}

int command_unwire(const struct options *options, struct report *report)
{
	cleanup_work struct work work = {
		.options = options, .report = report, .name = DEFAULT_PLAYGROUND};
	struct error err;
	int lock = options->dry_run ? -1 : journal_lock(&err), result;

	if (!options->dry_run && lock < 0)
		return complain(1, "%s", err.text);
	if (lock >= 0)
		program_keep_open(lock);
	result = unwire(&work, &err);
	if (lock >= 0)
		journal_unlock(lock);
	if (result >= 0)
		return 0;
	report_failure(report, "unwire", err.text);
	return complain(1, "unwire: %s", err.text);
}
