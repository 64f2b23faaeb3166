/* SPDX-License-Identifier: MIT */
/*
 * Found, absent and unknown are three answers here. libc gives the last two as one: a user that
 * cannot be looked up is "no such user" where a later service knows nothing, and a directory that is
 * down leaves its groups out of the list without a word. So whom the registry knows, by name or by
 * what an earlier login has learned, is asked for again before it counts as nobody; and who is not
 * known to it pays nothing for that.
 */
#include "member.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "groupies/cleanup.h"
#include "groupies/known.h"
#include "groupies/paths.h"
#include "groupies/services.h"
#include "groupies/size.h"
#include "helper.h"

#define GROUPS_MAX 65536
#define ASKED_MAX  (HELPER_ANSWER_SIZE / 2) /* gids that fit into an answer */

/* ---- the user -------------------------------------------------------------------------------- */

/* getpwnam_r into a buffer that grows. NULL with *ret_code 0: there is no such user. */
static const struct passwd *user_look_up(const char *name, struct passwd *record, char **buffer,
					 int *ret_code)
{
	struct passwd *found = NULL;
	size_t size;

	for (size = 2048; size <= 1024 * 1024; size *= 4) {
		char *grown = realloc(*buffer, size);

		*ret_code = ENOMEM;
		if (!grown)
			return NULL;
		*buffer = grown;
		*ret_code = getpwnam_r(name, record, grown, size, &found);
		if (*ret_code != ERANGE)
			break;
	}
	if (errno_means_absent(*ret_code))
		*ret_code = 0;
	return found;
}

/* PAM has just let this name in: where the registry has it, not to find it is no answer. */
static int user_is_absent(pam_handle_t *pamh, struct login *login, struct error *err)
{
	int known = known_member_called(login->user, &login->uid, err);

	if (known == 1)
		return error_set(err, ENOENT,
				 "the registry knows this name, and the user database does not");
	if (known == REGISTRY_UNKNOWN && !login->quiet)
		pam_syslog(pamh, LOG_ERR, "'%s' is no user of this host and is not placed: %s",
			   login->user, err->text);
	return 0;
}

/*
 * 1: found. 0: nobody is called so, and PAM or the host will know why. Negative: nobody could be
 * looked up: that MUST NOT make a member a stranger.
 */
static int user_find(pam_handle_t *pamh, struct login *login, struct error *err)
{
	cleanup_free char *buffer = NULL;
	const void *name = NULL;
	const struct passwd *found;
	struct passwd record;
	int code = 0;

	if (pam_get_item(pamh, PAM_USER, &name) != PAM_SUCCESS || !name)
		return 0;
	login->user = name;
	login->uid = (uid_t)-1;
	found = user_look_up(login->user, &record, &buffer, &code);
	if (!found && strcmp(login->user, "root") == 0)
		return 0;
	if (!found && code == 0)
		return user_is_absent(pamh, login, err);
	if (!found) {
		errno = code;
		return error_errno(err, "it cannot be looked up");
	}
	login->uid = found->pw_uid;
	login->gid = found->pw_gid;
	return 1;
}

/* ---- its groups ------------------------------------------------------------------------------ */

struct gids {
	gid_t *list; /* NULL: there is none to be had */
	int count;
	bool is_doubtful; /* something went wrong on the way, which the list itself does not tell */
};

static void gids_clear(struct gids *gids)
{
	free(gids->list);
}

#define cleanup_gids __attribute__((cleanup(gids_clear)))

/*
 * Asked for only where some group is a member. A service that does not answer leaves its errno
 * behind; one that does may leave one as well, so it is only a reason to look.
 */
static void gids_read(const struct login *login, struct gids *gids)
{
	gid_t *grown;
	int count, room;

	for (count = 64; count <= GROUPS_MAX; count = count > room ? count : room * 2) {
		room = count;
		grown = realloc(gids->list, (size_t)room * sizeof(*grown));
		if (!grown)
			break;
		gids->list = grown;
		errno = 0;
		if (getgrouplist(login->user, login->gid, grown, &count) >= 0) {
			gids->count = count;
			gids->is_doubtful = errno != 0;
			return;
		}
	}
	gids_clear(gids);
	gids->list = NULL;
}

/* The gids of an answer, each behind a blank. Returns how many. */
static int gids_parse(char *answer, gid_t gids[ASKED_MAX], struct error *err)
{
	char *saved = NULL, *word;
	uint64_t gid;
	int count = 0;

	for (word = strtok_r(answer, " ", &saved); word; word = strtok_r(NULL, " ", &saved)) {
		if (count == ASKED_MAX || number_parse(word, 0, UINT32_MAX - 1, &gid, err) < 0)
			return error_set(err, EBADMSG, "%s names no groups", GROUPIES_PLACE);
		gids[count++] = (gid_t)gid;
	}
	return count;
}

/*
 * Runs the helper, which has what this process may lack and asks each name service by itself. ANSWER
 * is NULL for `remember`.
 */
static int helper_ask(const struct login *login, const char *verb, gid_t gid, char *answer,
		      struct error *err)
{
	char uid[16], group[16];
	const char *argv[] = {"groupies-place", verb, uid, group, login->user, NULL};

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)login->uid);
	(void)snprintf(group, sizeof(group), "%u", (unsigned)gid);
	return helper_run(argv, answer, err);
}

/*
 * Is it in an enrolled group? As member_find when every service has answered; else SILENCE says
 * what did not, and nothing else is told.
 */
static int groups_ask(struct login *login, struct error *silence, struct error *err)
{
	char answer[HELPER_ANSWER_SIZE];
	gid_t gids[ASKED_MAX];
	int count;

	if (helper_ask(login, "groups", login->gid, answer, silence) < 0)
		return 0;
	count = gids_parse(answer, gids, silence);
	return count <= 0 ? 0 : registry_find(login->uid, gids, (size_t)count, &login->entry, err);
}

/* An earlier login was placed by a group that is not in the list now. */
static int known_settle(pam_handle_t *pamh, struct login *login, gid_t gid, struct error *err)
{
	struct error silence = ERROR_NONE;
	int found = registry_find_group(gid, &login->entry, err);

	/* Whose group was released since is nobody's, as it would be if it was found in it. */
	if (found != 1)
		return found;
	found = groups_ask(login, &silence, err);
	if (found != 0 || !silence.code)
		return found;
	if (!login->quiet)
		pam_syslog(pamh, LOG_WARNING,
			   "'%s' (uid %u) is placed as a member of '%s', as at an earlier login, "
			   "since it cannot be told now: %s",
			   login->user, (unsigned)login->uid, login->entry.name, silence.text);
	return 1;
}

/* A memory that cannot be read is one of a member. */
static int known_settle_unread(struct login *login, struct error *err)
{
	struct error silence = ERROR_NONE;
	int found = groups_ask(login, &silence, err);

	return found == 0 && silence.code ? -err->code : found;
}

/* Nothing is known of it. Where its groups cannot be told that is said, and it goes on as nobody. */
static int doubt_settle(pam_handle_t *pamh, struct login *login, const struct gids *gids,
			struct error *err)
{
	struct error silence = ERROR_NONE;
	int found = 0;

	if (gids->list && !gids->is_doubtful)
		return 0;
	if (gids->list)
		(void)services_answer_cheaply(login->user, login->gid, &silence);
	/* What only this process lacks is asked where there is enough of it. */
	if (!gids->list || silence.code == EMFILE || silence.code == ENOMEM) {
		silence = (struct error)ERROR_NONE;
		found = groups_ask(login, &silence, err);
	}
	if (found == 0 && silence.code && !login->quiet)
		pam_syslog(pamh, LOG_ERR,
			   "cannot list the groups of '%s' (uid %u), which counts only by its uid: "
			   "%s",
			   login->user, (unsigned)login->uid, silence.text);
	return found;
}

static int find_by_groups(pam_handle_t *pamh, struct login *login, struct error *err)
{
	cleanup_gids struct gids gids = {0};
	struct registry_entry known;
	int found;

	gids_read(login, &gids);
	found = registry_find(login->uid, gids.list, (size_t)gids.count, &login->entry, err);
	if (found != 0)
		return found;
	found = known_find(login->uid, &known, err);
	if (found == REGISTRY_UNKNOWN)
		return found;
	if (found < 0)
		return known_settle_unread(login, err);
	return found == 1 ? known_settle(pamh, login, known.id, err)
			  : doubt_settle(pamh, login, &gids, err);
}

/* ---- the member ------------------------------------------------------------------------------ */

/* What cannot be written down is asked for again at the next login: no reason to refuse this one. */
static void member_remember(pam_handle_t *pamh, const struct login *login)
{
	struct error err;

	if (login->quiet || known_is(login->uid, login->user, &login->entry))
		return;
	if (helper_ask(login, "remember", login->entry.id, NULL, &err) < 0)
		pam_syslog(pamh, LOG_WARNING,
			   "that '%s' (uid %u) is a member of '%s' cannot be written down: %s",
			   login->user, (unsigned)login->uid, login->entry.name, err.text);
}

/*
 * The registry's folder cannot be looked into. Whose name it has elsewhere is a member; of everybody
 * else nothing is known, and a broken disk MUST NOT lock out who is nobody's.
 */
static int member_is_unknown(pam_handle_t *pamh, const struct login *login, const struct error *err)
{
	struct error ignored;
	uid_t seen;

	if (known_name_find(login->user, &seen, &ignored) == 1 && seen == login->uid)
		return -err->code;
	if (!login->quiet)
		pam_syslog(pamh, LOG_ERR,
			   "nobody is placed, since the registry cannot be read: %s: "
			   "run 'groupies-setup check'",
			   err->text);
	return 0;
}

int member_find(pam_handle_t *pamh, struct login *login, struct error *err)
{
	int found = user_find(pamh, login, err);

	if (found <= 0 || login->uid == 0)
		return found < 0 ? found : 0;
	found = registry_find(login->uid, NULL, 0, &login->entry, err);
	if (found == 0 && registry_may_have_groups())
		found = find_by_groups(pamh, login, err);
	if (found == REGISTRY_UNKNOWN)
		return member_is_unknown(pamh, login, err);
	if (found != 1)
		return found;
	if (login->entry.is_group)
		member_remember(pamh, login);
	else if (strcmp(login->entry.name, login->user) != 0 && !login->quiet)
		pam_syslog(pamh, LOG_WARNING,
			   "uid %u was enrolled as '%s' and is '%s' now: placed all the same; "
			   "run 'groupies-setup apply'",
			   (unsigned)login->uid, login->entry.name, login->user);
	return 1;
}
