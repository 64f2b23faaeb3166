/* SPDX-License-Identifier: MIT */
#include "pam_stack.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "groupies/cleanup.h"
#include "groupies/file.h"

#define MODULE    "pam_groupies.so"
#define DEPTH_MAX 16 /* libpam gives up at 32 levels of substacks */

static const char *const directories[] = {"/etc/pam.d", "/usr/lib/pam.d"};

/* Where the walk is: what may already have ended it, on the way to the line at hand. */
struct walk {
	struct pam_stack *stack;
	bool may_be_over;
	unsigned depth;
};

static FILE *service_open(const char *service)
{
	char path[512];
	size_t index;

	for (index = 0; index < sizeof(directories) / sizeof(*directories); index++) {
		FILE *file;

		if (*service == '/')
			(void)snprintf(path, sizeof(path), "%s", service);
		else
			(void)snprintf(path, sizeof(path), "%s/%s", directories[index], service);
		file = fopen(path, "re");
		if (file)
			return file;
	}
	return NULL;
}

/* The next line, with what was continued behind a backslash, and without comments. */
static bool line_read(FILE *file, char *line, size_t size)
{
	char part[1024];
	size_t used = 0;
	bool any = false;

	*line = '\0';
	while (fgets(part, sizeof(part), file)) {
		size_t length = strcspn(part, "#\n");
		bool goes_on = length > 0 && part[length] == '\n' && part[length - 1] == '\\';

		any = true;
		length -= goes_on;
		if (used + length + 2 > size)
			return true;
		memcpy(line + used, part, length);
		used += length;
		line[used] = '\0';
		if (!goes_on)
			return true;
		line[used++] = ' ';
		line[used] = '\0';
	}
	return any;
}

/* Takes the next word off *TEXT; what stands in brackets is one word. NULL: no more. */
static char *word_take(char **text)
{
	char *word = *text + strspn(*text, " \t"), *end;

	if (!*word)
		return NULL;
	end = *word == '[' ? strchr(word, ']') : NULL;
	end = end ? end + 1 : word + strcspn(word, " \t");
	*text = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* The value of NAME in a control like [success=ok default=die], or NULL. */
static const char *control_value(const char *control, const char *name)
{
	size_t length = strlen(name);
	const char *at = control;

	while ((at = strstr(at, name))) {
		if (at[length] == '=' && (at == control || strchr("[ \t", at[-1])))
			return at + length + 1;
		at += length;
	}
	return NULL;
}

/* How many lines behind it CONTROL may jump over; -1: it may end the stack. */
static int control_skips(const char *control)
{
	static const char *const outcomes[] = {"success", "default", "ignore", "new_authtok_reqd"};
	int skips = 0;
	size_t index;

	if (strcasecmp(control, "sufficient") == 0)
		return -1;
	if (*control != '[')
		return 0;
	for (index = 0; index < sizeof(outcomes) / sizeof(*outcomes); index++) {
		const char *value = control_value(control, outcomes[index]);

		if (!value)
			continue;
		/* A stack that dies opens no session; one that is done opens it without us. */
		if (strncmp(value, "done", 4) == 0)
			return -1;
		if (isdigit((unsigned char)*value) && atoi(value) > skips)
			skips = atoi(value);
	}
	return skips;
}

/* Does a refusal of ours end the login under CONTROL? */
static bool control_is_strict(const char *control)
{
	const char *otherwise;

	if (strcasecmp(control, "required") == 0 || strcasecmp(control, "requisite") == 0)
		return true;
	if (*control != '[')
		return false;
	otherwise = control_value(control, "perm_denied");
	if (!otherwise)
		otherwise = control_value(control, "default");
	return otherwise &&
	       (strncmp(otherwise, "die", 3) == 0 || strncmp(otherwise, "bad", 3) == 0);
}

static void take_module(struct walk *walk, const char *control, char *rest, bool may_be_skipped)
{
	struct pam_stack *stack = walk->stack;
	bool evaded = walk->may_be_over || may_be_skipped, first = !stack->reaches;
	const char *word;

	/* The module stands there twice; the better of them counts. */
	stack->reaches = true;
	stack->is_evaded = first ? evaded : stack->is_evaded && evaded;
	stack->is_weak |= !control_is_strict(control);
	stack->is_left = false;
	while ((word = word_take(&rest))) {
		stack->allows |= strcmp(word, "onerr=allow") == 0;
		stack->is_left |= strcmp(word, "step=before") == 0;
	}
}

/* These put a login into a group of their own. */
static bool moves_logins(const char *module)
{
	return strcmp(module, "pam_systemd.so") == 0 || strcmp(module, "pam_elogind.so") == 0;
}

static bool walk_file(const char *service, struct walk *walk);

/* One line. JUMPED is how many session lines, from this one on, may be jumped over. */
static void walk_line(char *line, struct walk *walk, int *jumped)
{
	char *type = word_take(&line), *control, *module;
	const char *base;
	int skips;

	if (!type)
		return;
	if (strcasecmp(type, "@include") == 0) {
		module = word_take(&line);
		if (module)
			(void)walk_file(module, walk);
		return;
	}
	control = word_take(&line);
	module = control ? word_take(&line) : NULL;
	if (!module || strcasecmp(type + (*type == '-'), "session") != 0)
		return;
	if (strcasecmp(control, "include") == 0) {
		(void)walk_file(module, walk);
		return;
	}
	if (strcasecmp(control, "substack") == 0) {
		/* What is over in a substack is over there only. */
		bool before = walk->may_be_over;

		(void)walk_file(module, walk);
		walk->may_be_over = before;
		return;
	}
	walk->stack->opens_sessions = true;
	base = strrchr(module, '/');
	base = base ? base + 1 : module;
	if (strcmp(base, MODULE) == 0)
		take_module(walk, control, line, *jumped > 0);
	walk->stack->is_left |= walk->stack->reaches && moves_logins(base);
	skips = control_skips(control);
	walk->may_be_over |= skips < 0;
	*jumped = *jumped > 0 ? *jumped - 1 : 0;
	*jumped = skips > *jumped ? skips : *jumped;
}

static bool walk_file(const char *service, struct walk *walk)
{
	cleanup_file FILE *file = walk->depth < DEPTH_MAX ? service_open(service) : NULL;
	char line[4096];
	int jumped = 0;

	if (!file)
		return false;
	walk->depth++;
	while (line_read(file, line, sizeof(line)))
		walk_line(line, walk, &jumped);
	walk->depth--;
	return true;
}

bool pam_stack_read(const char *service, struct pam_stack *ret_stack)
{
	struct pam_stack stack = {0};
	struct walk walk = {.stack = &stack};

	if (!walk_file(service, &walk))
		return false;
	*ret_stack = stack;
	return true;
}

static bool is_service(const char *name)
{
	static const char *const endings[] = {"~",       ".bak",     ".orig",        ".pam-old",
					      ".rpmnew", ".rpmsave", ".groupies-old"};
	size_t index, length = strlen(name);

	if (*name == '.' || strncmp(name, "common-", 7) == 0 || strstr(name, ".dpkg-"))
		return false;
	for (index = 0; index < sizeof(endings) / sizeof(*endings); index++) {
		size_t end = strlen(endings[index]);

		if (length > end && strcmp(name + length - end, endings[index]) == 0)
			return false;
	}
	return true;
}

/* ---- the services ---------------------------------------------------------------------------- */

struct services {
	char **list;
	size_t count;
};

static void services_clear(struct services *services)
{
	size_t index;

	for (index = 0; index < services->count; index++)
		free(services->list[index]);
	free(services->list);
}

static int services_add(struct services *services, const char *name, struct error *err)
{
	char **grown = reallocarray(services->list, services->count + 1, sizeof(*grown));

	if (!grown)
		return error_errno(err, "services");
	services->list = grown;
	grown[services->count] = strdup(name);
	if (!grown[services->count])
		return error_errno(err, "services");
	services->count++;
	return 0;
}

/* Adds those of DIRECTORY; a file of the same name in ABOVE hides one, as for libpam. */
static int services_add_from(const char *directory, const char *above, struct services *services,
			     struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, directory, &entries, err);

	if (more <= 0)
		return more;
	while ((more = directory_next(entries, &entry, err)) > 0) {
		char path[512];
		int hidden = 0;

		if (!is_service(entry->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", above ? above : "", entry->d_name);
		if (above)
			hidden = file_stands(AT_FDCWD, path, err);
		if (hidden < 0 || (!hidden && services_add(services, entry->d_name, err) < 0))
			return -err->code;
	}
	return more < 0 ? error_context(err, "%s", directory) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int pam_services_visit(void (*visit)(const char *service, void *data), void *data,
		       struct error *err)
{
	__attribute__((cleanup(services_clear))) struct services services = {0};
	size_t index;

	for (index = 0; index < sizeof(directories) / sizeof(*directories); index++) {
		if (services_add_from(directories[index], index ? directories[0] : NULL, &services,
				      err) < 0)
			return -err->code;
	}
	if (services.count)
		qsort(services.list, services.count, sizeof(*services.list), by_name);
	for (index = 0; index < services.count; index++)
		visit(services.list[index], data);
	return 0;
}

/* ---- the modules ----------------------------------------------------------------------------- */

/* Is there FILE in DIRECTORY/security, or in such a folder of an architecture's below? */
static int module_find_in(const char *directory, const char *file, char ret_path[PATH_MAX],
			  struct error *err)
{
	cleanup_dir DIR *entries = NULL;
	const struct dirent *entry;
	int more = directory_find(AT_FDCWD, directory, &entries, err);

	if (more <= 0)
		return more;
	(void)snprintf(ret_path, PATH_MAX, "%s/security/%s", directory, file);
	do {
		int stands = file_stands(AT_FDCWD, ret_path, err);

		if (stands)
			return stands;
		more = directory_next(entries, &entry, err);
		if (more > 0)
			(void)snprintf(ret_path, PATH_MAX, "%s/%s/security/%s", directory,
				       entry->d_name, file);
	} while (more > 0);
	return more < 0 ? error_context(err, "%s", directory) : 0;
}

int pam_module_find(const char *file, char ret_path[PATH_MAX], struct error *err)
{
	static const char *const places[] = {"/usr/lib", "/lib", "/usr/lib64", "/lib64"};
	size_t index;
	int found = 0;

	for (index = 0; index < sizeof(places) / sizeof(*places) && found == 0; index++)
		found = module_find_in(places[index], file, ret_path, err);
	return found;
}
