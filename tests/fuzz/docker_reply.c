/* SPDX-License-Identifier: MIT */
/* The engine's JSON: whatever it is, every text that comes out is ended, printable, and fits. */
#include "docker_reply.h"

#include "input.h"

static void claim_printable(const char *text, size_t size)
{
	size_t at;

	CLAIM(strnlen(text, size) < size);
	for (at = 0; text[at]; at++)
		CLAIM((unsigned char)text[at] >= ' ' && text[at] != 0x7f);
}

static void claim_reason(const struct error *err)
{
	CLAIM(err->code && *err->text);
}

static void read_container(const char *text, size_t size)
{
	struct reply_container container;
	struct error err = ERROR_NONE;

	if (reply_container_read(text, size, &container, &err) < 0) {
		claim_reason(&err);
		return;
	}
	claim_printable(container.name, sizeof(container.name));
	claim_printable(container.status, sizeof(container.status));
	claim_printable(container.error, sizeof(container.error));
	CLAIM(strspn(container.id, "0123456789abcdef") == strlen(container.id));
	CLAIM(container.pid <= INT32_MAX);
}

static void read_rows(const char *text, size_t size)
{
	struct reply_row *rows = NULL;
	struct error err = ERROR_NONE;
	int count = reply_rows_read(text, size, &rows, &err), index;

	if (count < 0)
		claim_reason(&err);
	for (index = 0; index < count; index++)
		claim_printable(rows[index].name, sizeof(rows[index].name));
	free(rows);
}

static void read_others(const char *text, size_t size)
{
	struct reply_version version;
	struct reply_stats stats;
	struct reply_info info;
	struct error err = ERROR_NONE;
	char words[64], id[ID_SIZE];

	if (reply_version_read(text, size, &version, &err) >= 0)
		claim_printable(version.engine, sizeof(version.engine));
	if (reply_info_read(text, size, &info, &err) >= 0)
		claim_printable(info.driver, sizeof(info.driver));
	if (reply_text_read(text, size, "message", words, sizeof(words), &err) >= 0)
		claim_printable(words, sizeof(words));
	(void)reply_stats_read(text, size, &stats, &err);
	(void)reply_id_read(text, size, id, &err);
	if (reply_progress_read(text, size, &err) < 0)
		claim_reason(&err);
	CLAIM(reply_event_read(text, size, &err) <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size);

	read_container(text, size);
	read_rows(text, size);
	read_others(text, size);
	free(text);
	return 0;
}
