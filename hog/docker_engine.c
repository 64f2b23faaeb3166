/* SPDX-License-Identifier: MIT */
#include "docker_engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "docker_interrupt.h"
#include "docker_reply.h"
#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/printable.h"

/* Engine API versions: 1.25 has all that we ask for; what is above 1.44 has nothing more for us. */
#define API_LEAST    25
#define API_LARGEST  44
#define USUAL_SOCKET "/var/run/docker.sock"

#define CONNECT_SECONDS 5
#define PING_SECONDS    10
#define CALL_SECONDS    20
#define SILENCE_SECONDS 60
#define HURRIED_SECONDS 5 /* to clean up, where the engine is deaf or somebody insists */

const struct call engine_get = {.method = "GET", .seconds = CALL_SECONDS};

/* What is on its way: libcurl's callbacks fill it. */
struct transfer {
	const struct call *call;
	unsigned seconds; /* the bound; 0: none */
	int signals;      /* how many had come when it began */
	long status;
	struct answer answer;
	struct error err; /* of a callback; code 0: none */
	char api[16];     /* what the engine says it speaks */
};

void answer_clear(struct answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

char *url_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0), *copy;

	copy = escaped ? strdup(escaped) : NULL;
	curl_free(escaped);
	return copy;
}

int engine_choose_socket(const char *socket, char path[108], struct error *err)
{
	static const char scheme[] = "unix://";
	const char *host = getenv("DOCKER_HOST"), *from = "--socket";

	if (!socket) {
		from = host && *host ? "DOCKER_HOST" : "socket";
		socket = host && *host ? host : USUAL_SOCKET;
	}
	if (strncmp(socket, scheme, strlen(scheme)) == 0)
		socket += strlen(scheme);
	if (*socket != '/')
		return error_set(err, EINVAL,
				 "%s: '%.60s' is not a unix socket: write /path or unix:///path",
				 from, socket);
	if (!text_copy(path, 108, socket))
		return error_set(err, EINVAL,
				 "%s: a path of %zu bytes is too long for a socket (107)", from,
				 strlen(socket));
	return 0;
}

/* ---- one transfer -----------------------------------------------------------------------------*/

static int answer_add(struct answer *answer, const char *bytes, size_t length, struct error *err)
{
	char *larger;

	if (length > REPLY_LARGEST - answer->length)
		return error_set(err, EMSGSIZE,
				 "the engine's answer is longer than %zu bytes: is this an engine?",
				 REPLY_LARGEST);
	if (!answer->body || answer->length + length >= answer->room) {
		size_t room = 2 * (answer->length + length) + 4096;

		larger = realloc(answer->body, room);
		if (!larger)
			return error_set(err, ENOMEM, "the engine's answer: out of memory");
		answer->body = larger;
		answer->room = room;
	}
	memcpy(answer->body + answer->length, bytes, length);
	answer->length += length;
	answer->body[answer->length] = '\0';
	return 0;
}

static size_t body_arrives(char *bytes, size_t one, size_t length, void *data)
{
	struct transfer *transfer = data;

	/* A refusal comes as one object also where an answer would come in lines. */
	if (transfer->call->lines && transfer->status < 400)
		(void)lines_feed(transfer->call->lines, bytes, length, &transfer->err);
	else
		(void)answer_add(&transfer->answer, bytes, length, &transfer->err);
	return transfer->err.code ? 0 : one * length;
}

/* Takes the status and what the engine speaks from the lines of the head. */
static size_t head_arrives(char *bytes, size_t one, size_t length, void *data)
{
	struct transfer *transfer = data;
	char line[256], api[16];

	(void)snprintf(line, sizeof(line), "%.*s", (int)length, bytes);
	(void)sscanf(line, "HTTP/%*d.%*d %ld", &transfer->status);
	if (strncasecmp(line, "Api-Version:", 12) == 0 && sscanf(line + 12, " %15s", api) == 1)
		(void)printable_copy(transfer->api, sizeof(transfer->api), api);
	return one * length;
}

static int time_passes(void *data, curl_off_t down, curl_off_t down_now, curl_off_t up,
		       curl_off_t up_now)
{
	const struct transfer *transfer = data;

	(void)down;
	(void)down_now;
	(void)up;
	(void)up_now;
	if (transfer->call->is_undisturbed)
		return interrupt_count() > 1 && interrupt_count() > transfer->signals;
	return interrupt_signal() != 0;
}

static int socket_complain(const struct engine *engine, long os_error, struct error *err)
{
	struct stat st;

	if (os_error == ENOENT)
		return error_set(err, EHOSTDOWN,
				 "%s: there is no such socket: start docker (or install "
				 "docker.io), or name another one with --socket",
				 engine->socket);
	if (os_error == EACCES || os_error == EPERM)
		return error_set(err, EHOSTDOWN,
				 "%s: no right to it: run this as root (group docker is root on "
				 "this host: put no member into it)",
				 engine->socket);
	if (stat(engine->socket, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, EHOSTDOWN, "%s: is not a socket", engine->socket);
	if (os_error == ECONNREFUSED)
		return error_set(err, EHOSTDOWN,
				 "%s: nobody listens there: the engine has been stopped, start it "
				 "again",
				 engine->socket);
	return error_set(err, EHOSTDOWN, "%s: cannot connect: %s", engine->socket,
			 os_error ? strerror((int)os_error) : "no answer");
}

static int transfer_complain(const struct engine *engine, const struct transfer *transfer,
			     CURLcode code, struct error *err)
{
	long os_error = 0;
	double connected = 0;

	(void)curl_easy_getinfo(engine->curl, CURLINFO_OS_ERRNO, &os_error);
	(void)curl_easy_getinfo(engine->curl, CURLINFO_PRETRANSFER_TIME, &connected);
	if (transfer->err.code)
		return error_set(err, transfer->err.code, "%s", transfer->err.text);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return socket_complain(engine, os_error, err);
	case CURLE_ABORTED_BY_CALLBACK:
		return error_set(err, EINTR, "interrupted");
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(
			err, ETIMEDOUT,
			"%s: the engine does not answer (waited %u s): look at its log, or "
			"restart it",
			engine->socket, transfer->seconds ? transfer->seconds : SILENCE_SECONDS);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return error_set(err, ECONNRESET,
				 "%s: the engine broke off in the middle of an answer: it has died "
				 "or was restarted",
				 engine->socket);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return error_set(err, EPROTO,
				 "%s: who answers there speaks no HTTP: is this an "
				 "engine's socket?",
				 engine->socket);
	default:
		return error_set(err, EPROTO, "%s: %s", engine->socket, curl_easy_strerror(code));
	}
}

/* The engine has refused: in its own words, or by the number only. */
static int refusal_complain(const struct transfer *transfer, struct error *err)
{
	long status = transfer->status;
	int code = status == 404 ? ENOENT : status == 409 ? EEXIST : EREMOTEIO;
	char words[400];
	struct error ignored;
	char *end;

	if (!transfer->answer.body ||
	    reply_text_read(transfer->answer.body, transfer->answer.length, "message", words,
			    sizeof(words), &ignored) < 0)
		return error_set(err, code, "the engine refuses with status %ld", status);
	for (end = words + strlen(words); end > words && (end[-1] == '?' || end[-1] == ' '); end--)
		end[-1] = '\0';
	return error_set(err, code, "the engine says: %s", words);
}

static void transfer_prepare(struct engine *engine, struct transfer *transfer, const char *url)
{
	const struct call *call = transfer->call;
	CURL *curl = engine->curl;

	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, engine->socket);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, engine->headers);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	if (transfer->seconds) {
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)transfer->seconds);
	} else {
		(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_SECONDS);
	}
	if (call->body) {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->length);
	}
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_arrives);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, head_arrives);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, time_passes);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
}

static int headers_choose(struct engine *engine, const struct call *call, struct error *err)
{
	char type[128];

	(void)snprintf(type, sizeof(type), "Content-Type: %s",
		       call->type ? call->type : "application/json");
	curl_slist_free_all(engine->headers);
	/* Expect would cost a second with servers that do not know it. */
	engine->headers = curl_slist_append(NULL, "Expect:");
	if (!engine->headers || !curl_slist_append(engine->headers, type))
		return error_set(err, ENOMEM, "libcurl: out of memory");
	return 0;
}

static unsigned seconds_allowed(const struct engine *engine, const struct call *call)
{
	bool hurried = engine->is_deaf || interrupt_count() > 1;

	return hurried && (call->seconds == 0 || call->seconds > HURRIED_SECONDS) ? HURRIED_SECONDS
										  : call->seconds;
}

static int transfer_run(struct engine *engine, struct transfer *transfer, const char *url,
			struct error *err)
{
	CURLcode code;

	transfer->seconds = seconds_allowed(engine, transfer->call);
	transfer->signals = interrupt_count();
	if (headers_choose(engine, transfer->call, err) < 0)
		return -err->code;
	if (!transfer->call->is_undisturbed && interrupt_signal())
		return error_set(err, EINTR, "interrupted");
	transfer_prepare(engine, transfer, url);
	code = curl_easy_perform(engine->curl);
	if (code != CURLE_OK)
		return transfer_complain(engine, transfer, code, err);
	if (transfer->status >= 400)
		return refusal_complain(transfer, err);
	if (transfer->call->lines && lines_end(transfer->call->lines, err) < 0)
		return -err->code;
	if (!transfer->answer.body && answer_add(&transfer->answer, "", 0, err) < 0)
		return -err->code;
	return (int)transfer->status;
}

int engine_call(struct engine *engine, const struct call *call, struct answer *ret_answer,
		struct error *err, const char *format, ...)
{
	struct transfer transfer = {.call = call};
	char path[ENGINE_PATH_SIZE], url[ENGINE_PATH_SIZE + 64];
	int status, length;
	va_list args;

	va_start(args, format);
	length = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (length >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "a path of %d bytes is too long", length);
	(void)snprintf(url, sizeof(url), "http://engine/v%s%s", engine->api, path);
	status = transfer_run(engine, &transfer, url, err);
	if (status < 0 || !ret_answer)
		answer_clear(&transfer.answer);
	else
		*ret_answer = transfer.answer;
	return status;
}

/* ---- agreeing on a version -------------------------------------------------------------------- */

/* The minor number of a version "1.41", or -1. */
static int api_minor(const char *text)
{
	int minor, end = 0;

	return sscanf(text, "1.%4d%n", &minor, &end) == 1 && text[end] == '\0' && minor >= 0 ? minor
											     : -1;
}

/* An engine may speak so new an API only that ours is gone: it says which is its oldest. */
static int engine_is_not_too_new(struct engine *engine, struct error *err)
{
	cleanup_answer struct answer answer = {0};
	struct transfer transfer = {.call = &engine_get};
	struct reply_version version;
	int status = transfer_run(engine, &transfer, "http://engine/version", err);

	answer = transfer.answer;
	if (status < 0 || reply_version_read(answer.body, answer.length, &version, err) < 0)
		return -err->code;
	if (api_minor(version.api_least) > API_LARGEST)
		return error_set(err, EPROTONOSUPPORT,
				 "the engine %s is too new: it speaks API %s and later, this "
				 "program up to 1.%d: get a newer groupies",
				 version.engine, version.api_least, API_LARGEST);
	return 0;
}

static int engine_negotiate(struct engine *engine, struct error *err)
{
	static const struct call ping = {.method = "GET", .seconds = PING_SECONDS};
	struct transfer transfer = {.call = &ping};
	int status = transfer_run(engine, &transfer, "http://engine/_ping", err);
	int minor = api_minor(transfer.api);

	answer_clear(&transfer.answer);
	if (status < 0)
		return -err->code;
	if (!*transfer.api)
		return error_set(err, EPROTO,
				 "%s: who answers there does not say which API it speaks: is this "
				 "an engine's socket?",
				 engine->socket);
	if (minor < 0 && strncmp(transfer.api, "1.", 2) != 0)
		return error_set(err, EPROTONOSUPPORT,
				 "the engine speaks API %s, this program 1.%d to 1.%d",
				 transfer.api, API_LEAST, API_LARGEST);
	if (minor < API_LEAST)
		return error_set(err, EPROTONOSUPPORT,
				 "the engine is too old: it speaks API %s, this program 1.%d and "
				 "later: update docker",
				 transfer.api, API_LEAST);
	(void)snprintf(engine->api, sizeof(engine->api), "1.%d",
		       minor < API_LARGEST ? minor : API_LARGEST);
	return minor > API_LARGEST ? engine_is_not_too_new(engine, err) : 0;
}

int engine_open(struct engine *engine, const char *socket_path, struct error *err)
{
	memset(engine, 0, sizeof(*engine));
	if (!text_copy(engine->socket, sizeof(engine->socket), socket_path))
		return error_set(err, EINVAL, "the socket's path is too long");
	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
		return error_set(err, ENOMEM, "libcurl cannot be used");
	engine->curl = curl_easy_init();
	if (!engine->curl)
		return error_set(err, ENOMEM, "libcurl cannot be used");
	return engine_negotiate(engine, err);
}

void engine_has_failed(struct engine *engine, const struct error *err)
{
	engine->is_deaf |= err->code == ETIMEDOUT;
}

void engine_close(struct engine *engine)
{
	curl_easy_cleanup(engine->curl);
	curl_slist_free_all(engine->headers);
	engine->curl = NULL;
	engine->headers = NULL;
}
