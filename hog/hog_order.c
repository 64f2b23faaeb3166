/* SPDX-License-Identifier: MIT */
#include "hog_order.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "groupies/size.h"

#define TASKS_LARGEST   4194304 /* PID_MAX_LIMIT of the kernel */
#define CPUS_LARGEST    8192    /* NR_CPUS of the largest kernels */
#define SECONDS_LARGEST ((uint64_t)1000000000)

const char order_help[] =
	"hog - eat memory, tasks or cpu, and say which limit ended the meal\n"
	"\n"
	"usage: hog [OPTION...] SIZE [SECONDS]\n"
	"       hog [OPTION...] --tasks N [SECONDS]\n"
	"       hog [OPTION...] --cpu N [SECONDS]\n"
	"\n"
	"SIZE is 100M, 512K, 1.5G, plain bytes, or 50% of the memory limit in force.\n"
	"SECONDS is how long to keep it (1), also 0.5, 500ms or 2m.\n"
	"\n"
	"  --hold         keep it until a signal comes\n"
	"  --step SIZE    eat in steps of SIZE\n"
	"  --every TIME   pause between two steps (1s)\n"
	"  --kind KIND    anon (of a process), file (page cache) or shm (shared memory)\n"
	"  --fill         write every byte, incompressible\n"
	"  --thp          use huge pages\n"
	"  --lock         lock it in RAM, so that it cannot be swapped\n"
	"  --tasks N      start N tasks\n"
	"  --cpu N        keep N cpus busy\n"
	"  --force        even if the host has less and no limit protects it\n"
	"  --json         print one JSON object, at the end\n"
	"  --help, --version\n"
	"\n"
	"exit status: 0 done, 1 failed or refused, 2 usage, 137 killed for memory,\n"
	"128+N ended by signal N. More: man hog\n";

static const char *const kind_names[KIND_COUNT] = {
	[KIND_ANON] = "anon", [KIND_FILE] = "file", [KIND_SHM] = "shm"};

enum {
	OPTION_HOLD = 256,
	OPTION_STEP,
	OPTION_EVERY,
	OPTION_KIND,
	OPTION_FILL,
	OPTION_THP,
	OPTION_LOCK,
	OPTION_TASKS,
	OPTION_CPU,
	OPTION_FORCE,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{"hold", no_argument, NULL, OPTION_HOLD},
	{"step", required_argument, NULL, OPTION_STEP},
	{"every", required_argument, NULL, OPTION_EVERY},
	{"kind", required_argument, NULL, OPTION_KIND},
	{"fill", no_argument, NULL, OPTION_FILL},
	{"thp", no_argument, NULL, OPTION_THP},
	{"lock", no_argument, NULL, OPTION_LOCK},
	{"tasks", required_argument, NULL, OPTION_TASKS},
	{"cpu", required_argument, NULL, OPTION_CPU},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

const char *order_kind_name(enum order_kind kind)
{
	return kind_names[kind];
}

const char *seconds_print(uint64_t ms, char *text, size_t size)
{
	int digits = 3;
	uint64_t fraction = ms % 1000;

	if (fraction == 0) {
		(void)snprintf(text, size, "%" PRIu64, ms / 1000);
		return text;
	}
	for (; fraction % 10 == 0; fraction /= 10)
		digits--;
	(void)snprintf(text, size, "%" PRIu64 ".%0*" PRIu64, ms / 1000, digits, fraction);
	return text;
}

/* How many milliseconds one UNIT has; 0 when it is no unit. */
static uint64_t unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};
	size_t index;

	for (index = 0; index < sizeof(units) / sizeof(*units); index++) {
		if (strcmp(unit, units[index].name) == 0)
			return units[index].ms;
	}
	return 0;
}

/* Reads 2, 0.5, 500ms, 2m or 1h. What is finer than a millisecond is dropped. */
static int time_parse(const char *text, uint64_t *ret_ms, struct error *err)
{
	const char *rest = text;
	uint64_t whole = 0, thousandths = 0, place = 100, unit;

	if (!isdigit((unsigned char)*rest))
		return error_set(err, EINVAL, "'%s' is not a time: write 2, 0.5, 500ms or 2m",
				 text);
	for (; isdigit((unsigned char)*rest); rest++) {
		whole = whole * 10 + (uint64_t)(*rest - '0');
		if (whole > SECONDS_LARGEST)
			return error_set(err, ERANGE, "'%s' is longer than %" PRIu64 " seconds",
					 text, SECONDS_LARGEST);
	}
	if (*rest == '.') {
		if (!isdigit((unsigned char)rest[1]))
			return error_set(err, EINVAL, "'%s' has no digit behind the point", text);
		for (rest++; isdigit((unsigned char)*rest); rest++, place /= 10)
			thousandths += place * (uint64_t)(*rest - '0');
	}
	unit = unit_ms(rest);
	if (unit == 0)
		return error_set(err, EINVAL, "'%s' is not a time: write 2, 0.5, 500ms or 2m",
				 text);
	if (whole * unit > SECONDS_LARGEST * 1000)
		return error_set(err, ERANGE, "'%s' is longer than %" PRIu64 " seconds", text,
				 SECONDS_LARGEST);
	*ret_ms = whole * unit + thousandths * unit / 1000;
	return 0;
}

static int kind_parse(const char *text, enum order_kind *ret_kind, struct error *err)
{
	int kind;

	for (kind = 0; kind < KIND_COUNT; kind++) {
		if (strcmp(text, kind_names[kind]) == 0) {
			*ret_kind = (enum order_kind)kind;
			return 0;
		}
	}
	return error_set(err, EINVAL, "'%s' is not a kind: write anon, file or shm", text);
}

static int bytes_parse(const char *text, uint64_t percent_of, uint64_t *ret_bytes,
		       struct error *err)
{
	uint64_t bytes = 0;

	if (size_parse(text, percent_of, &bytes, err) < 0)
		return -err->code;
	if (bytes == 0)
		return error_set(err, ERANGE, "'%s' is nothing to eat: write 1 byte or more", text);
	*ret_bytes = bytes;
	return 0;
}

/* Takes one option into ORDER. Returns 1 when it was no option of an order. */
static int option_take(int option, uint64_t percent_of, struct order *order, struct error *err)
{
	switch (option) {
	case OPTION_HOLD:
		order->hold = true;
		return 0;
	case OPTION_STEP:
		return bytes_parse(optarg, percent_of, &order->step_bytes, err);
	case OPTION_EVERY:
		return time_parse(optarg, &order->every_ms, err);
	case OPTION_KIND:
		return kind_parse(optarg, &order->kind, err);
	case OPTION_FILL:
		order->fill = true;
		return 0;
	case OPTION_THP:
		order->thp = true;
		return 0;
	case OPTION_LOCK:
		order->lock = true;
		return 0;
	case OPTION_TASKS:
		return number_parse(optarg, 1, TASKS_LARGEST, &order->tasks, err);
	case OPTION_CPU:
		return number_parse(optarg, 1, CPUS_LARGEST, &order->cpus, err);
	case OPTION_FORCE:
		order->force = true;
		return 0;
	case OPTION_JSON:
		order->json = true;
		return 0;
	default:
		return 1;
	}
}

/* The name of the option that has the value OPTION. */
static const char *option_name(int option)
{
	const struct option *row;

	for (row = options; row->name; row++) {
		if (row->val == option)
			return row->name;
	}
	return "";
}

/* What getopt_long did not like, in our words. */
static int option_complain(int answer, char **argv, struct error *err)
{
	const char *word = argv[optind - 1];

	if (answer == ':')
		return error_set(err, EINVAL, "%s: needs a value: see hog --help", word);
	if (optopt >= OPTION_HOLD)
		return error_set(err, EINVAL, "--%s: takes no value: leave out what follows the =",
				 option_name(optopt));
	if (optopt)
		return error_set(err, EINVAL, "-%c: no such option: see hog --help", optopt);
	return error_set(err, EINVAL, "%s: no such option, or short for several: see hog --help",
			 word);
}

/* With --tasks or --cpu a lone number is SECONDS: there is no SIZE to give. */
static bool operand_is_seconds(const struct order *order, int operands, const char *first)
{
	uint64_t ignored_ms;
	struct error ignored;

	return (order->tasks || order->cpus) && operands == 1 &&
	       time_parse(first, &ignored_ms, &ignored) == 0;
}

static int operands_take(char **operands, int count, uint64_t percent_of, struct order *order,
			 struct error *err)
{
	bool has_size = count > 0 && !operand_is_seconds(order, count, operands[0]);
	const char *seconds = has_size ? operands[1] : operands[0];

	if (count > 2)
		return error_set(err, EINVAL, "'%s': one word too many: see hog --help",
				 operands[2]);
	if (count == 0 && !order->tasks && !order->cpus)
		return error_set(err, EINVAL, "SIZE: missing: try hog 100M, or see hog --help");
	if (has_size && bytes_parse(operands[0], percent_of, &order->size_bytes, err) < 0)
		return error_context(err, "SIZE");
	if (!seconds)
		return 0;
	if (order->hold)
		return error_set(err, EINVAL,
				 "--hold: goes on until a signal: leave SECONDS ('%s') out",
				 seconds);
	return time_parse(seconds, &order->wait_ms, err) < 0 ? error_context(err, "SECONDS") : 0;
}

/* Refuses what would be taken and then ignored. */
static int order_check(const struct order *order, bool has_every, struct error *err)
{
	const char *memory_only = order->step_bytes          ? "--step"
				  : order->kind != KIND_ANON ? "--kind"
				  : order->fill              ? "--fill"
				  : order->thp               ? "--thp"
				  : order->lock              ? "--lock"
							     : NULL;

	if (has_every && !order->step_bytes)
		return error_set(err, EINVAL, "--every: pauses between steps: add --step SIZE");
	if (memory_only && !order->size_bytes)
		return error_set(err, EINVAL, "%s: is about memory: add a SIZE", memory_only);
	if (order->thp && order->kind != KIND_ANON)
		return error_set(err, EINVAL, "--thp: goes with --kind anon only");
	if (order->lock && order->kind == KIND_FILE)
		return error_set(err, EINVAL,
				 "--lock: the page cache cannot be locked: leave it out");
	return 0;
}

int order_parse(int argc, char **argv, uint64_t percent_of, struct order *ret_order,
		struct error *err)
{
	struct order order = {.every_ms = 1000, .wait_ms = 1000};
	bool has_every = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPTION_HELP)
			return ORDER_HELP;
		if (option == OPTION_VERSION)
			return ORDER_VERSION;
		if (option == ':' || option == '?')
			return option_complain(option, argv, err);
		has_every |= option == OPTION_EVERY;
		if (option_take(option, percent_of, &order, err) < 0)
			return error_context(err, "--%s", option_name(option));
	}
	if (operands_take(argv + optind, argc - optind, percent_of, &order, err) < 0 ||
	    order_check(&order, has_every, err) < 0)
		return -err->code;
	*ret_order = order;
	return ORDER_EAT;
}
