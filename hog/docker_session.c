/* SPDX-License-Identifier: MIT */
#include "docker_session.h"

#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/printable.h"

int stdout_check(struct error *err)
{
	return fflush(stdout) != 0 || ferror(stdout) ? error_errno(err, "cannot write to stdout")
						     : 0;
}

void json_print(json_object *json, FILE *out)
{
	cleanup_free char *text = strdup(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));

	/* json-c escapes control characters, and lets pass what is no UTF-8. */
	(void)fprintf(out, "%s\n", text ? printable_make(text) : "");
}

int json_say(json_object *json, struct error *err)
{
	json_print(json, stdout);
	(void)json_object_put(json);
	return stdout_check(err);
}

int session_ask_info(struct session *session, struct error *err)
{
	struct answer answer = {0};
	int status;

	if (session->has_info)
		return 0;
	status = engine_call(&session->engine, &engine_get, &answer, err, "/info");

	if (status >= 0)
		status = reply_info_read(answer.body, answer.length, &session->info, err);
	answer_clear(&answer);
	session->has_info = status >= 0;
	return status;
}
