/* SPDX-License-Identifier: MIT */
#include "docker_request.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "docker_container.h"
#include "docker_store.h"
#include "groupies/host.h"
#include "groupies/printable.h"
#include "groupies/registry.h"
#include "groupies/size.h"

#define DEMO_MEMORY ((uint64_t)150 * 1024 * 1024)

const char request_help[] =
	"groupies-docker - the limit of a container, shown and proved\n"
	"\n"
	"usage: groupies-docker COMMAND [OPTION...]\n"
	"\n"
	"  check             look whether this engine can show it\n"
	"  load              put hog into the engine as an image; no registry is asked\n"
	"  run SIZE          eat SIZE in a container under --memory, and judge\n"
	"  demo              40M, 200M and 100M under 150m\n"
	"  stats [NAME...]   docker's columns and more, live\n"
	"  where NAME        its long id, and its group on this host\n"
	"  show NAME         the files of that group, and what the kernel counts\n"
	"  clean             take every container and image of ours away\n"
	"\n"
	"  --memory SIZE     the limit (run, demo): 150m, 1.5G, 50% of RAM\n"
	"  --swap SIZE       and so much swap (run, demo); none unless asked for\n"
	"  --parent NAME     inside the playground NAME (run, demo)\n"
	"  --image NAME      another image, as julman99/eatmemory (run, demo)\n"
	"  --name NAME       of the container (run)\n"
	"  --keep            leave the container as it is, for where, show and stats\n"
	"                    (run, demo)\n"
	"  --once            one frame (stats)\n"
	"  --socket PATH     the engine's socket; else DOCKER_HOST, else\n"
	"                    /var/run/docker.sock\n"
	"  --json            print JSON\n"
	"  --help, --version\n"
	"\n"
	"exit status: 0 done, every limit held; 1 failed, or a limit did not hold;\n"
	"2 usage; 3 no engine that can be used; 4 no such container; 128+N ended by\n"
	"signal N.\n"
	"More: man groupies-docker\n";

enum {
	OPTION_SOCKET = 256,
	OPTION_IMAGE,
	OPTION_PARENT,
	OPTION_NAME,
	OPTION_MEMORY,
	OPTION_SWAP,
	OPTION_KEEP,
	OPTION_ONCE,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"image", required_argument, NULL, OPTION_IMAGE},
	{"parent", required_argument, NULL, OPTION_PARENT},
	{"name", required_argument, NULL, OPTION_NAME},
	{"memory", required_argument, NULL, OPTION_MEMORY},
	{"swap", required_argument, NULL, OPTION_SWAP},
	{"keep", no_argument, NULL, OPTION_KEEP},
	{"once", no_argument, NULL, OPTION_ONCE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

/* What each command takes: how many operands, called what, and which options beside the general. */
static const struct {
	const char *name;
	const char *operand;
	size_t least;
	size_t most;
	const char *options;
} commands[COMMAND_COUNT] = {
	[COMMAND_CHECK] = {"check", "", 0, 0, ""},
	[COMMAND_LOAD] = {"load", "", 0, 0, ""},
	[COMMAND_RUN] = {"run", "SIZE", 1, 1, "image,parent,name,memory,swap,keep"},
	[COMMAND_DEMO] = {"demo", "", 0, 0, "image,parent,memory,swap,keep"},
	[COMMAND_STATS] = {"stats", "NAME", 0, 1000, "once"},
	[COMMAND_WHERE] = {"where", "NAME", 1, 1, ""},
	[COMMAND_SHOW] = {"show", "NAME", 1, 1, ""},
	[COMMAND_CLEAN] = {"clean", "", 0, 0, ""},
};

static const char general[] = "socket,json";

/* One seen option, its value kept until it is known which command it belongs to. */
struct given {
	const char *memory;
	const char *swap;
	const char *seen[16];
	size_t count;
};

static const char *option_name(int option)
{
	const struct option *row;

	for (row = options; row->name; row++) {
		if (row->val == option)
			return row->name;
	}
	return "";
}

/* A word of the command line in a message: nothing in it may steer a terminal. */
struct quoted {
	char text[64];
};

static struct quoted quote(const char *word)
{
	struct quoted quoted = {""};

	(void)printable_copy(quoted.text, sizeof(quoted.text), word);
	return quoted;
}

static int option_complain(int answer, char **argv, struct error *err)
{
	const char *word = argv[optind - 1];

	if (answer == ':')
		return error_set(err, EINVAL, "%s: needs a value: see groupies-docker --help",
				 quote(word).text);
	if (optopt >= OPTION_SOCKET)
		return error_set(err, EINVAL, "--%s: takes no value: leave out what follows the =",
				 option_name(optopt));
	return error_set(err, EINVAL,
			 "%s: no such option, or short for several: see groupies-docker --help",
			 quote(word).text);
}

static int option_take(int option, struct request *request, struct given *given, struct error *err)
{
	const char **const texts[] = {
		[OPTION_SOCKET - OPTION_SOCKET] = &request->socket,
		[OPTION_IMAGE - OPTION_SOCKET] = &request->image,
		[OPTION_PARENT - OPTION_SOCKET] = &request->parent,
		[OPTION_NAME - OPTION_SOCKET] = &request->name,
		[OPTION_MEMORY - OPTION_SOCKET] = &given->memory,
		[OPTION_SWAP - OPTION_SOCKET] = &given->swap,
	};

	if (given->count == sizeof(given->seen) / sizeof(*given->seen))
		return error_set(err, EINVAL, "too many options");
	given->seen[given->count++] = option_name(option);
	if (option <= OPTION_SWAP)
		*texts[option - OPTION_SOCKET] = optarg;
	request->keep |= option == OPTION_KEEP;
	request->once |= option == OPTION_ONCE;
	request->json |= option == OPTION_JSON;
	return 0;
}

static int command_find(const char *word, enum command_id *ret_command, struct error *err)
{
	int index;

	for (index = 0; word && index < COMMAND_COUNT; index++) {
		if (strcmp(word, commands[index].name) == 0) {
			*ret_command = (enum command_id)index;
			return 0;
		}
	}
	return word ? error_set(err, EINVAL, "'%s' is not a command: see groupies-docker --help",
				quote(word).text)
		    : error_set(err, EINVAL, "a command is missing: see groupies-docker --help");
}

/* Refuses what would be taken and then ignored. */
static int given_check(const struct request *request, const struct given *given, struct error *err)
{
	const char *command = commands[request->command].name;
	size_t index;

	for (index = 0; index < given->count; index++) {
		if (!controllers_have(general, given->seen[index]) &&
		    !controllers_have(commands[request->command].options, given->seen[index]))
			return error_set(err, EINVAL, "--%s: does not go with %s",
					 given->seen[index], command);
	}
	if (request->operand_count < commands[request->command].least)
		return error_set(err, EINVAL, "%s: needs a %s", command,
				 commands[request->command].operand);
	if (request->operand_count > commands[request->command].most)
		return error_set(err, EINVAL, "%s: '%s' is too much", command,
				 quote(request->operands[commands[request->command].most]).text);
	return 0;
}

static int names_check(const struct request *request, struct error *err)
{
	bool are_containers = request->command != COMMAND_RUN;
	size_t index;

	for (index = 0; are_containers && index < request->operand_count; index++) {
		if (!container_name_is_valid(request->operands[index]))
			return error_set(err, EINVAL,
					 "'%s' is not the name or id of a container: letters, "
					 "digits, '_', '.' and '-' are",
					 quote(request->operands[index]).text);
	}
	if (request->name && !container_name_is_valid(request->name))
		return error_set(err, EINVAL,
				 "--name: '%s' is not a name for a container: letters, digits, "
				 "'_', '.' and '-' are",
				 quote(request->name).text);
	if (request->image && !image_name_is_valid(request->image))
		return error_set(err, EINVAL, "--image: '%s' is not the name of an image",
				 quote(request->image).text);
	if (request->parent && !playground_name_is_valid(request->parent))
		return error_set(err, EINVAL,
				 "--parent: '%s' is not the name of a playground: a letter, then "
				 "letters, digits and '_', 31 at most",
				 quote(request->parent).text);
	return 0;
}

/* Sizes need each other: `run 90%` is nine tenths of --memory. */
static int sizes_take(struct request *request, const struct given *given, struct error *err)
{
	uint64_t ram = host_memory_bytes();

	if (given->memory && size_parse(given->memory, ram, &request->memory_bytes, err) < 0)
		return error_context(err, "--memory");
	if (given->swap && size_parse(given->swap, ram, &request->swap_bytes, err) < 0)
		return error_context(err, "--swap");
	if (request->command == COMMAND_RUN &&
	    size_parse(request->operands[0], request->memory_bytes, &request->size_bytes, err) < 0)
		return error_context(err, "SIZE");
	if (request->command == COMMAND_RUN && request->size_bytes == 0)
		return error_set(err, EINVAL, "SIZE: nothing to eat: write 1 byte or more");
	if (request->memory_bytes == 0)
		return error_set(err, EINVAL, "--memory: 0 is no limit");
	return request->swap_bytes > INT64_MAX - request->memory_bytes
		       ? error_set(err, ERANGE, "--swap: more than any machine has")
		       : 0;
}

int request_parse(int argc, char **argv, struct request *ret_request, struct error *err)
{
	struct request request = {.memory_bytes = DEMO_MEMORY};
	struct given given = {0};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPTION_HELP)
			return REQUEST_HELP;
		if (option == OPTION_VERSION)
			return REQUEST_VERSION;
		if (option == ':' || option == '?')
			return option_complain(option, argv, err);
		if (option_take(option, &request, &given, err) < 0)
			return -err->code;
	}
	if (command_find(argv[optind], &request.command, err) < 0)
		return -err->code;
	request.operands = argv + optind + 1;
	request.operand_count = (size_t)(argc - optind - 1);
	if (given_check(&request, &given, err) < 0 || sizes_take(&request, &given, err) < 0 ||
	    names_check(&request, err) < 0)
		return -err->code;
	*ret_request = request;
	return REQUEST_COMMAND;
}
