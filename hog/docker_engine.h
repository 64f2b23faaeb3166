/* SPDX-License-Identifier: MIT */
/*
 * An engine (dockerd, or podman's service) behind its unix socket: one call, one answer, always
 * within a bound. The one place that knows libcurl.
 *
 * What goes wrong is told apart by the code:
 *   EHOSTDOWN        no socket, no right to it, or nobody listening
 *   ETIMEDOUT        no answer in time          ECONNRESET  the connection broke off
 *   EPROTO, EMSGSIZE an answer that makes no sense, or too much of it
 *   EPROTONOSUPPORT  too old or too new for us
 *   ENOENT, EEXIST, EREMOTEIO  404, 409, and any other refusal, with the engine's own sentence
 *   EINTR            a signal came
 */
#ifndef HOG_DOCKER_ENGINE_H
#define HOG_DOCKER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "docker_stream.h"
#include "groupies/error.h"

#define ENGINE_PATH_SIZE 2048

struct engine {
	CURL *curl;
	struct curl_slist *headers;
	char socket[108];
	char api[16]; /* the version both sides speak */
	bool is_deaf; /* it has let us wait in vain: not as long again */
};

struct answer {
	char *body; /* ended with NUL */
	size_t length;
	size_t room;
};

struct call {
	const char *method;
	const char *type; /* of BODY; NULL: JSON */
	const char *body;
	size_t length;
	unsigned seconds;    /* to wait for all of it; 0: no bound but that something must come */
	bool is_undisturbed; /* it changes the engine: a signal waits, a second one breaks it off */
	struct lines *lines; /* who takes the answer line by line; NULL: it is collected */
};

/*
 * Finds out which socket is meant: SOCKET, else DOCKER_HOST when it names a unix socket, else the
 * usual one. EINVAL: it cannot be one.
 */
int engine_choose_socket(const char *socket, char path[108], struct error *err);

/* Connects and agrees on a version. The caller closes it. */
int engine_open(struct engine *engine, const char *socket_path, struct error *err);
void engine_close(struct engine *engine);

/* To be told of a failure before cleaning up behind it: who did not answer is asked in short. */
void engine_has_failed(struct engine *engine, const struct error *err);

#define cleanup_engine __attribute__((cleanup(engine_close)))

/* Calls what the path FORMAT gives. The caller clears the answer. Returns the HTTP status. */
int engine_call(struct engine *engine, const struct call *call, struct answer *ret_answer,
		struct error *err, const char *format, ...) __attribute__((format(printf, 5, 6)));

void answer_clear(struct answer *answer);

#define cleanup_answer __attribute__((cleanup(answer_clear)))

extern const struct call engine_get;

/* The unescaped TEXT as a part of a URL; the caller frees it. NULL: out of memory. */
char *url_escape(const char *text);

#endif
