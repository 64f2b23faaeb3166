/* SPDX-License-Identifier: MIT */
#include "in_force.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"
#include "groupies/size.h"

#include "report.h"

static uint64_t number_of(const char *file, const char *text)
{
	uint64_t number;
	struct error ignored;

	if (*text && limit_text_is_unlimited(file, text))
		return SIZE_INFINITY;
	return number_parse(text, 0, REPORT_UNKNOWN - 1, &number, &ignored) < 0 ? REPORT_UNKNOWN
										: number;
}

/* The number in FILE beside the one that was asked about. */
static uint64_t number_beside(const char *directory, const char *file)
{
	char text[64];
	struct error ignored;
	cleanup_fd int fd = directory_open(AT_FDCWD, directory, &ignored);

	if (fd < 0 || kernel_read(fd, file, text, sizeof(text), &ignored) < 0)
		return REPORT_UNKNOWN;
	return number_of(file, text);
}

/* v1 limits memory and swap together: what may be swapped is the difference. */
static uint64_t swap_read(const struct setting *setting, const char *directory, const char *seen)
{
	uint64_t both = number_of(setting->file, seen), memory;

	if (setting->hierarchy->unified || both >= REPORT_UNKNOWN)
		return both;
	memory = number_beside(directory, limit_table[LIMIT_MEMORY_MAX].file_v1);
	return memory == REPORT_UNKNOWN ? REPORT_UNKNOWN : both > memory ? both - memory : 0;
}

/* v2 says "QUOTA PERIOD"; v1 has a file for each. */
static uint64_t quota_read(const struct setting *setting, const char *directory, const char *seen)
{
	const char *blank = strchr(seen, ' ');
	uint64_t quota_us = strtoull(seen, NULL, 10), period_us;

	if (limit_text_is_unlimited(setting->file, seen))
		return SIZE_INFINITY;
	period_us =
		blank ? strtoull(blank, NULL, 10) : number_beside(directory, "cpu.cfs_period_us");
	if (quota_us == 0 || period_us == 0 || period_us >= REPORT_UNKNOWN)
		return REPORT_UNKNOWN;
	return (quota_us * 100 + period_us / 2) / period_us;
}

/* A weight of 100 is 1024 of v1's shares, rounded down. */
static uint64_t weight_read(const struct setting *setting, const char *seen)
{
	bool shares = setting->limit == LIMIT_CPU_WEIGHT && !setting->hierarchy->unified;
	uint64_t weight = strtoull(seen + strcspn(seen, "0123456789"), NULL, 10);

	if (weight == 0)
		return REPORT_UNKNOWN;
	return shares ? (weight * 100 + 1023) / 1024 : weight;
}

/* "MAJOR:MINOR BYTES" on v1, "MAJOR:MINOR rbps=BYTES wbps=BYTES ..." on v2, a line a device. */
static uint64_t bandwidth_read(const struct setting *setting, const char *seen)
{
	const char *key = setting->limit == LIMIT_IO_READ_BANDWIDTH_MAX ? "rbps=" : "wbps=";
	size_t device = strcspn(setting->value, " ") + 1;
	const char *line = seen;

	while (line && strncmp(line, setting->value, device) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (line)
		line = setting->hierarchy->unified ? strstr(line, key) : line + device;
	if (line && setting->hierarchy->unified)
		line += strlen(key);
	/* A device that the file does not name is not limited. */
	return line && *line != 'm' ? strtoull(line, NULL, 10) : SIZE_INFINITY;
}

uint64_t in_force_read(const struct setting *setting, const char *directory, const char *seen)
{
	if (!seen)
		return REPORT_UNKNOWN;
	switch (setting->limit) {
	case LIMIT_MEMORY_SWAP_MAX:
		return swap_read(setting, directory, seen);
	case LIMIT_CPU_QUOTA:
		return quota_read(setting, directory, seen);
	case LIMIT_CPU_WEIGHT:
	case LIMIT_IO_WEIGHT:
		return weight_read(setting, seen);
	case LIMIT_IO_READ_BANDWIDTH_MAX:
	case LIMIT_IO_WRITE_BANDWIDTH_MAX:
		return bandwidth_read(setting, seen);
	default:
		return number_of(setting->file, seen);
	}
}
