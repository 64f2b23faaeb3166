/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groupies/columns.h"
#include "groupies/config.h"
#include "groupies/limits.h"

#include "configs.h"

/* getopt_long() answers with FIRST_OPTION + the row of the table. */
#define FIRST_OPTION 1000
#define HELP_COLUMN  24 /* where what it means begins */
#define HELP_WIDTH   80

struct option_row {
	const char *name;
	const char *argument; /* what it takes, for --help; NULL: nothing */
	const char *help;
	unsigned commands; /* which know it */
	size_t offset;     /* of its bool or const char * in struct options */
	int (*check)(const char *value, struct error *err);
};

/* ---- what values must look like -------------------------------------------------------------- */

static int check_limit(enum limit_id id, const char *value, struct error *err)
{
	struct limit_value ignored = {0};
	size_t name = strlen(limit_table[id].name);

	if (limit_parse(&limit_table[id], value, &ignored, err) >= 0)
		return 0;
	/* The option's name stands in front already. */
	if (strncmp(err->text, limit_table[id].name, name) == 0 && err->text[name] == ':')
		memmove(err->text, err->text + name + 2, strlen(err->text + name + 2) + 1);
	return -err->code;
}

static int check_memory(const char *value, struct error *err)
{
	return check_limit(LIMIT_MEMORY_MAX, value, err);
}

static int check_swap(const char *value, struct error *err)
{
	return check_limit(LIMIT_MEMORY_SWAP_MAX, value, err);
}

static int check_tasks(const char *value, struct error *err)
{
	return check_limit(LIMIT_TASKS_MAX, value, err);
}

static int check_cpu(const char *value, struct error *err)
{
	return check_limit(LIMIT_CPU_QUOTA, value, err);
}

static int check_cpus(const char *value, struct error *err)
{
	return check_limit(LIMIT_ALLOWED_CPUS, value, err);
}

static int check_user_manager(const char *value, struct error *err)
{
	enum user_manager ignored;

	if (!user_manager_parse(value, &ignored))
		return error_set(err, EINVAL, "'%s' is not auto, inside or masked", value);
	return 0;
}

/* What useradd takes on every distribution; a user that exists may be called otherwise. */
static int check_account_name(const char *value, const char *what, struct error *err)
{
	size_t length = strlen(value);

	if (length == 0 || length > 32 || *value == '-' || strpbrk(value, ":/@, \t\n\\'\"") ||
	    strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return error_set(err, EINVAL,
				 "'%s' is no %s's name: write small letters, digits, _ and -, a "
				 "letter first, at most 32",
				 value, what);
	return 0;
}

static int check_user(const char *value, struct error *err)
{
	return check_account_name(value, "user", err);
}

static int check_group(const char *value, struct error *err)
{
	return check_account_name(value, "group", err);
}

static int check_url(const char *value, struct error *err)
{
	if (strncmp(value, "https://", 8) != 0 || !value[8])
		return error_set(err, EINVAL, "'%s' is not an https:// address", value);
	return 0;
}

static int check_sha256(const char *value, struct error *err)
{
	size_t length = strspn(value, "0123456789abcdefABCDEF");

	if (length != 64 || value[length])
		return error_set(err, EINVAL, "'%s' is not a SHA-256 checksum of 64 hex digits",
				 value);
	return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct options, field)
#define CHANGING  (IN_PROVISION | IN_APPLY | IN_REMOVE | IN_UNWIRE)
#define SPEAKING  (IN_ALL & ~IN_RUN)

static const struct option_row rows[] = {
	{"user", "NAME", "a member; created where it does not exist (repeatable)",
	 IN_PROVISION | IN_REMOVE, AT(users), check_user},
	{"group", "NAME", "every member of this Unix group; each gets a quarter of the limits",
	 IN_PROVISION, AT(group), check_group},
	{"playground", "NAME", "which playground; the default one is called " DEFAULT_PLAYGROUND,
	 IN_ALL & ~(IN_UNWIRE | IN_CHECK), AT(playground), playground_name_check},
	{"memory", "SIZE", "MemoryMax: 10M, 512K, 1.5G, bytes, or 50% of RAM", IN_PROVISION,
	 AT(memory), check_memory},
	{"swap", "SIZE", "MemorySwapMax: what may be swapped beside it; 0 is the default",
	 IN_PROVISION, AT(swap), check_swap},
	{"tasks", "N", "TasksMax: processes and threads", IN_PROVISION, AT(tasks), check_tasks},
	{"cpu", "PERCENT", "CPUQuota: of one CPU; 200% is two", IN_PROVISION, AT(cpu), check_cpu},
	{"cpus", "LIST", "AllowedCPUs: 0-3 or 0,2", IN_PROVISION, AT(cpus), check_cpus},
	{"user-manager", "HOW", "systemd --user of members: auto, inside or masked", IN_PROVISION,
	 AT(user_manager), check_user_manager},
	{"password-stdin", NULL, "read the new user's password from standard input, a line each",
	 IN_PROVISION, AT(password_stdin), NULL},
	{"locked", NULL, "give the new user no password: reached by su only", IN_PROVISION,
	 AT(locked), NULL},
	{"home-default", NULL, "make home directories the default for new users of this host",
	 IN_PROVISION, AT(home_default), NULL},
	{"fetch-hog", "URL", "install another hog from this https:// address", IN_PROVISION,
	 AT(fetch_hog), check_url},
	{"sha256", "HEX", "the checksum of that hog; --fetch-hog needs it", IN_PROVISION,
	 AT(sha256), check_sha256},
	{"adopt", NULL, "take over a control group that somebody made by hand",
	 IN_PROVISION | IN_APPLY, AT(adopt), NULL},
	{"adopt-container", NULL,
	 "in a container on v2: move what runs there into a group of its own",
	 IN_PROVISION | IN_APPLY, AT(adopt_container), NULL},
	{"force", NULL, "enrol even a user who is root's way in", IN_PROVISION | IN_APPLY,
	 AT(force), NULL},
	{"sweep", NULL, "move what members run already into the playground (without systemd)",
	 IN_PROVISION | IN_APPLY, AT(sweep), NULL},
	{"terminate", NULL, "end what members run already", IN_PROVISION | IN_REMOVE, AT(terminate),
	 NULL},
	{"delete-home", NULL, "delete the home directory too, whatever is in it", IN_REMOVE,
	 AT(delete_home), NULL},
	{"dry-run", NULL, "say every step, limit and member, and change nothing", CHANGING,
	 AT(dry_run), NULL},
	{"json", NULL, "answer in JSON", SPEAKING, AT(json), NULL},
	{"help", NULL, "print this", IN_ALL, 0, NULL},
	{"version", NULL, "print the version", IN_ALL, 0, NULL},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* One row of --help, which is as wide for a pager: NAME and what it takes, and what it means. */
static void print_row(const char *dashes, const char *name, const char *takes, const char *help)
{
	char left[HELP_COLUMN + 1];

	(void)snprintf(left, sizeof(left), "  %s%s%s%s", dashes, name, takes ? " " : "",
		       takes ? takes : "");
	(void)printf("%-*s", HELP_COLUMN, left);
	columns_print(stdout, HELP_WIDTH, HELP_COLUMN, HELP_COLUMN, help);
}

static void print_help(const struct command *command)
{
	const struct command *row;
	size_t index;

	if (command) {
		/* What stands behind run's "--" is its command's. */
		(void)printf("Usage: groupies-setup %s [OPTION]...%s%s\n%s.\n\nOptions:\n",
			     command->name, command->words ? " " : "",
			     command->words ? command->words : "", command->help);
	} else {
		(void)printf("Usage: groupies-setup [COMMAND] [OPTION]...\n"
			     "Put users into a control group with limits: a playground that they "
			     "cannot leave.\n\nCommands:\n");
		for (row = command_table; row->name; row++)
			print_row("", row->name, row->words, row->help);
		(void)printf("\nOptions (of provision, unless a command's own --help has them):\n");
	}
	for (index = 0; index < ROWS; index++) {
		if (!command || rows[index].commands & command->mask)
			print_row("--", rows[index].name, rows[index].argument, rows[index].help);
	}
	(void)printf("\nExit status: %s\nSee groupies-setup(8).\n",
		     command && command->mask == IN_RUN
			     ? "that of CMD; 126 or 127 when it cannot be started."
		     : command && command->mask == IN_CHECK
			     ? "0 no finding, 1 findings or failed, 2 bad usage."
			     : "0 done, 1 failed, 2 bad usage.");
}

/* ---- reading --------------------------------------------------------------------------------- */

static int bad(const char *option, const char *text)
{
	return complain(OPTIONS_BAD, "--%s: %s", option, text);
}

static bool add_user(struct options *options, const char *name)
{
	const char **grown;
	size_t index;

	for (index = 0; index < options->user_count; index++) {
		if (strcmp(options->users[index], name) == 0)
			return true;
	}
	grown = realloc(options->users, (options->user_count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	grown[options->user_count++] = name;
	options->users = grown;
	return true;
}

static int take(struct options *options, const struct option_row *row, const char *value)
{
	struct error err;
	void *field = (char *)options + row->offset;

	if (!row->argument) {
		*(bool *)field = true;
		return OPTIONS_RUN;
	}
	if (row->check(value, &err) < 0)
		return bad(row->name, err.text);
	if (row->offset == AT(users)) {
		if (!add_user(options, value))
			return complain(OPTIONS_BAD, "out of memory");
		return OPTIONS_RUN;
	}
	if (*(const char **)field && strcmp(*(const char **)field, value) != 0)
		return bad(row->name, "given twice, with different values");
	*(const char **)field = value;
	return OPTIONS_RUN;
}

/* An option that the command does not know would be ignored in silence otherwise. */
static int check_options_of(const struct command *command, const bool *given)
{
	size_t index;

	for (index = 0; index < ROWS; index++) {
		if (given[index] && !(rows[index].commands & command->mask))
			return complain(OPTIONS_BAD,
					"--%s means nothing to '%s': groupies-setup %s --help "
					"lists what does",
					rows[index].name, command->name, command->name);
	}
	return OPTIONS_RUN;
}

static int check_together(const struct options *options)
{
	if (options->fetch_hog && !options->sha256)
		return bad("fetch-hog", "needs --sha256 HEX: nothing is installed unchecked");
	if (options->sha256 && !options->fetch_hog)
		return bad("sha256", "means nothing without --fetch-hog URL");
	if (options->locked && options->password_stdin)
		return bad("locked", "and --password-stdin: choose one");
	if (options->sweep && options->terminate)
		return bad("sweep", "and --terminate: choose one");
	return OPTIONS_RUN;
}

/* `remove lab`, `run lab -- CMD`: the word in front is the playground. */
static int take_words(struct options *options, const struct command *command, char **words,
		      size_t count, char **rest, size_t rest_count)
{
	bool runs = command->mask == IN_RUN;
	struct error err;

	if (!command->words && count + rest_count > 0)
		return complain(OPTIONS_BAD, "'%s' takes no '%s'", command->name,
				count ? words[0] : rest[0]);
	if (!runs && count + rest_count > 1)
		return complain(OPTIONS_BAD, "'%s' takes one name, not '%s' as well", command->name,
				count > 1 ? words[1] : rest[count ? 0 : 1]);
	if (runs && rest_count == 0)
		return complain(OPTIONS_BAD,
				"'run' needs a command: groupies-setup run [NAME] -- CMD");
	if (runs && count > 1)
		return complain(OPTIONS_BAD, "'run' takes one name in front of --, not '%s' too",
				words[1]);
	if (count + (runs ? 0 : rest_count) > 0) {
		const char *name = count ? words[0] : rest[0];

		if (playground_name_check(name, &err) < 0)
			return complain(OPTIONS_BAD, "%s: %s", command->name, err.text);
		if (options->playground && strcmp(options->playground, name) != 0)
			return complain(OPTIONS_BAD, "%s: '%s' and --playground %s: name one",
					command->name, name, options->playground);
		options->playground = name;
	}
	options->words = runs ? rest : words;
	options->word_count = runs ? rest_count : count;
	return OPTIONS_RUN;
}

/* Words come in order ("-"), so that what stands in front of -- can be told from what follows. */
static enum options_answer read_all(int argc, char **argv, struct options *options,
				    const struct command **ret_command, char **words)
{
	struct option long_options[ROWS + 1] = {0};
	bool given[ROWS] = {false}, help = false;
	size_t index, count = 0;
	const struct command *command = NULL;
	int key;

	for (index = 0; index < ROWS; index++)
		long_options[index] = (struct option){
			.name = rows[index].name,
			.has_arg = rows[index].argument ? required_argument : no_argument,
			.val = FIRST_OPTION + (int)index};
	opterr = 0;
	while ((key = getopt_long(argc, argv, "-:", long_options, NULL)) != -1) {
		const struct option_row *row = NULL;

		if (key == 1) {
			if (command) {
				words[count++] = optarg;
			} else if (!(command = command_find(optarg))) {
				return (enum options_answer)complain(
					OPTIONS_BAD,
					"'%s' is no command: groupies-setup --help lists them",
					optarg);
			}
			continue;
		}
		if (key == ':')
			return (enum options_answer)complain(OPTIONS_BAD, "%s needs a value",
							     argv[optind - 1]);
		if (key < FIRST_OPTION)
			return (enum options_answer)complain(
				OPTIONS_BAD, "%s: no such option: groupies-setup --help lists them",
				argv[optind - 1]);
		row = &rows[key - FIRST_OPTION];
		given[key - FIRST_OPTION] = true;
		if (strcmp(row->name, "version") == 0) {
			(void)printf("groupies-setup %s\n", GROUPIES_VERSION);
			return OPTIONS_ANSWERED;
		}
		if (strcmp(row->name, "help") == 0)
			help = true;
		else if (take(options, row, optarg) != OPTIONS_RUN)
			return OPTIONS_BAD;
	}
	if (help) {
		print_help(command);
		return OPTIONS_ANSWERED;
	}
	if (!command)
		command = &command_table[0];
	options->command = command->name;
	*ret_command = command;
	if (check_options_of(command, given) != OPTIONS_RUN ||
	    check_together(options) != OPTIONS_RUN)
		return OPTIONS_BAD;
	return (enum options_answer)take_words(options, command, words, count, argv + optind,
					       (size_t)(argc - optind));
}

enum options_answer options_read(int argc, char **argv, struct options *ret_options,
				 const struct command **ret_command)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct options options = {0};
	enum options_answer answer;

	if (!words)
		return (enum options_answer)complain(OPTIONS_BAD, "out of memory");
	answer = read_all(argc, argv, &options, ret_command, words);
	if (options.words != words)
		free(words);
	*ret_options = options;
	return answer;
}

/* The words of `run` are argv's own; the others were collected. */
void options_clear(struct options *options)
{
	free(options->users);
	if (options->command && strcmp(options->command, "run") != 0)
		free(options->words);
	options->users = NULL;
	options->words = NULL;
}
