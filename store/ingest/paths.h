/* The paths to back up, as a tree of names from the root. */
#ifndef TUSK_PATHS_H
#define TUSK_PATHS_H

#include "tusk/err.h"
#include "tusk/snapshot.h"

#include <stdbool.h>

/* A directory entry on the way to a path, or a path itself. Children are sorted by name. */
struct tusk_plan {
	char *name;
	bool wanted; /* all that is below; else only the children */
	bool follow; /* "link/": what the link leads to */
	struct tusk_plan **children;
	size_t count;
};
/* Makes paths absolute and cleans them: "." and doubled slashes go away, ".." is resolved by name. A path below another
 * is left out, unless keep_mounts and it lies on another device. ret_paths: those that are left, sorted. missing (may
 * be NULL) is called for a path that does not exist, which stays in ret_paths but not in the plan. TUSK_E_USAGE for an
 * empty path or no path, TUSK_E_SOURCE when none exists. */
struct tusk_plan_options {
	const char *const *paths;
	size_t count;
	bool keep_mounts;
	void (*missing)(void *context, const char *path, int sys_errno);
	void *context;
};
int tusk_plan_make(const struct tusk_plan_options *options, struct tusk_plan **ret_plan, struct tusk_strings *ret_paths,
		   struct tusk_err *err);
void tusk_plan_free(struct tusk_plan *plan);
/* NULL when there is none; plan may be NULL. */
const struct tusk_plan *tusk_plan_child(const struct tusk_plan *plan, const char *name);

/* "/a/./b//../c/" -> "/a/c"; relative paths from cwd. Freed by the caller; NULL: out of memory. */
char *tusk_path_clean(const char *cwd, const char *path);

void tusk_strings_free(struct tusk_strings *strings);
int tusk_strings_add(struct tusk_strings *strings, const char *text); /* copies; 0 or -1 */

#endif
