#include "paths.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void tusk_strings_free(struct tusk_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct tusk_strings){0};
}

int tusk_strings_add(struct tusk_strings *strings, const char *text)
{
	char *copy = strdup(text);
	char **items = copy ? realloc(strings->items, (strings->count + 1) * sizeof *items) : NULL;
	if (!items) {
		free(copy);
		return -1;
	}
	strings->items = items;
	items[strings->count++] = copy;
	return 0;
}

/* Appends the components of path to the clean path out ("" is the root) and gives its new length. */
static size_t append_clean(char *out, size_t len, const char *path)
{
	while (*path) {
		size_t name_len = strcspn(path, "/");
		if (name_len == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (name_len > 0 && (name_len != 1 || path[0] != '.')) {
			out[len++] = '/';
			memcpy(out + len, path, name_len);
			len += name_len;
		}
		path += name_len;
		path += strspn(path, "/");
	}
	return len;
}

char *tusk_path_clean(const char *cwd, const char *path)
{
	char *out = malloc(strlen(cwd) + strlen(path) + 4);
	if (!out)
		return NULL;
	size_t len = 0;
	if (path[0] != '/')
		len = append_clean(out, len, cwd);
	len = append_clean(out, len, path);
	if (len == 0)
		out[len++] = '/';
	out[len] = 0;
	return out;
}

void tusk_plan_free(struct tusk_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		tusk_plan_free(plan->children[i]);
	free(plan->children);
	free(plan->name);
	free(plan);
}

/* Where name is among the children, or where it would be. */
static size_t position(const struct tusk_plan *plan, const char *name, size_t len, bool *ret_found)
{
	size_t low = 0, high = plan->count;
	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = plan->children[middle]->name;
		int order = strncmp(name, other, len);
		if (order == 0 && other[len])
			order = -1;
		if (order == 0)
			*ret_found = true;
		if (order <= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct tusk_plan *tusk_plan_child(const struct tusk_plan *plan, const char *name)
{
	bool found = false;
	size_t at = plan ? position(plan, name, strlen(name), &found) : 0;
	return found ? plan->children[at] : NULL;
}

static struct tusk_plan *add_child(struct tusk_plan *plan, const char *name, size_t len)
{
	bool found;
	size_t at = position(plan, name, len, &found);
	if (found)
		return plan->children[at];
	struct tusk_plan **children = realloc(plan->children, (plan->count + 1) * sizeof *children);
	if (!children)
		return NULL;
	plan->children = children;
	struct tusk_plan *child = calloc(1, sizeof *child);
	if (child)
		child->name = strndup(name, len);
	if (!child || !child->name) {
		free(child);
		return NULL;
	}
	memmove(children + at + 1, children + at, (plan->count - at) * sizeof *children);
	children[at] = child;
	plan->count++;
	return child;
}

/* One path as the user gave it. */
struct wish {
	char *path;
	bool follow;
	bool covered;
	int sys_errno; /* it cannot be looked at */
	struct stat stat;
};

static int compare_wishes(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);
	if (len == 1)
		return true;
	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == 0);
}

/* Whether an earlier wish stores this one too. Sorted, so that what lies above comes first. */
static int find_cover(struct wish *wishes, size_t i, bool keep_mounts, struct tusk_err *err)
{
	struct wish *wish = &wishes[i];
	for (size_t k = i; k-- > 0;) {
		struct wish *above = &wishes[k];
		if (above->covered || above->sys_errno || !is_below(wish->path, above->path))
			continue;
		bool same = strcmp(wish->path, above->path) == 0;
		if (!same && S_ISLNK(above->stat.st_mode))
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    "%s is a symlink, so that %s cannot be stored as well: name it \"%s/\"",
					    above->path, wish->path, above->path);
		above->follow |= same && wish->follow;
		wish->covered = same || !keep_mounts || above->stat.st_dev == wish->stat.st_dev;
		return 0;
	}
	return 0;
}

static int plan_wish(struct tusk_plan *root, const struct wish *wish)
{
	struct tusk_plan *at = root;
	const char *name = wish->path + 1;
	while (*name && at) {
		size_t len = strcspn(name, "/");
		at = add_child(at, name, len);
		name += len + (name[len] == '/');
	}
	if (!at)
		return -1;
	at->wanted = true;
	at->follow = wish->follow;
	return 0;
}

static int make_wishes(const struct tusk_plan_options *options, struct wish *wishes, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *cwd = getcwd(NULL, 0);
	for (size_t i = 0; i < options->count; i++) {
		const char *path = options->paths[i];
		size_t len = strlen(path);
		if (len == 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "an empty path cannot be backed up");
		if (path[0] != '/' && !cwd)
			return tusk_err_set(err, TUSK_E_SOURCE, errno, "cannot find the current directory for \"%s\"",
					    path);
		wishes[i].path = tusk_path_clean(cwd ? cwd : "/", path);
		if (!wishes[i].path)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		wishes[i].follow = path[len - 1] == '/';
		int looked =
		    wishes[i].follow ? stat(wishes[i].path, &wishes[i].stat) : lstat(wishes[i].path, &wishes[i].stat);
		wishes[i].sys_errno = looked < 0 ? errno : 0;
	}
	qsort(wishes, options->count, sizeof *wishes, compare_wishes);
	return 0;
}

static int use_wishes(const struct tusk_plan_options *options, struct wish *wishes, struct tusk_plan *plan,
		      struct tusk_strings *paths, struct tusk_err *err)
{
	size_t planned = 0;
	for (size_t i = 0; i < options->count; i++)
		if (!wishes[i].sys_errno && find_cover(wishes, i, options->keep_mounts, err) < 0)
			return -1;
	for (size_t i = 0; i < options->count; i++) {
		if (wishes[i].covered)
			continue;
		if (tusk_strings_add(paths, wishes[i].path) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		if (wishes[i].sys_errno)
			continue;
		if (plan_wish(plan, &wishes[i]) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		planned++;
	}
	if (planned == 0)
		return tusk_err_set(err, TUSK_E_SOURCE, wishes[0].sys_errno, "%s", wishes[0].path);
	for (size_t i = 0; i < options->count; i++)
		if (wishes[i].sys_errno && options->missing)
			options->missing(options->context, wishes[i].path, wishes[i].sys_errno);
	return 0;
}

int tusk_plan_make(const struct tusk_plan_options *options, struct tusk_plan **ret_plan, struct tusk_strings *ret_paths,
		   struct tusk_err *err)
{
	if (options->count == 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no path to back up");
	struct tusk_plan *plan = calloc(1, sizeof *plan);
	TUSK_AUTO_FREE struct wish *wishes = calloc(options->count, sizeof *wishes);
	struct tusk_strings paths = {0};
	int result = plan && wishes ? 0 : tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (result == 0)
		result = make_wishes(options, wishes, err);
	if (result == 0)
		result = use_wishes(options, wishes, plan, &paths, err);
	for (size_t i = 0; wishes && i < options->count; i++)
		free(wishes[i].path);
	if (result < 0) {
		tusk_plan_free(plan);
		tusk_strings_free(&paths);
		return -1;
	}
	*ret_plan = plan;
	*ret_paths = paths;
	return 0;
}
