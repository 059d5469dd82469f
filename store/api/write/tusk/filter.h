/* Which entries of the source a backup leaves out. */
#ifndef TUSK_FILTER_H
#define TUSK_FILTER_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stdint.h>

struct tusk_filter;

int tusk_filter_new(struct tusk_filter **ret_filter, struct tusk_err *err);
void tusk_filter_free(struct tusk_filter *filter);

/* Adds a pattern, as restic and gitignore read it: without a slash it matches a name at any depth; with one it matches
 * from the root ("/a/b") or any directory boundary ("a/b"); "*" and "?" and "[...]" stop at "/", "**" does not; a
 * trailing "/" matches directories only; "a/" followed by "**" matches what is below a, so that a itself stays, empty
 * (as gitignore; restic drops it); a leading "!" includes again what an earlier pattern left out. The last
 * matching pattern wins. */
int tusk_filter_exclude(struct tusk_filter *filter, const char *pattern, struct tusk_err *err);
/* One pattern a line; blank lines and lines that start with # are skipped; trailing white space is dropped. */
int tusk_filter_exclude_file(struct tusk_filter *filter, const char *path, struct tusk_err *err);
/* Leaves out the content of directories with a valid CACHEDIR.TAG (https://bford.info/cachedir/); the tag itself stays.
 */
void tusk_filter_exclude_caches(struct tusk_filter *filter);
/* Leaves out the content of directories that hold a file of that name; "NAME:HEADER" also wants it to begin with
 * HEADER. */
int tusk_filter_exclude_if_present(struct tusk_filter *filter, const char *name, struct tusk_err *err);
void tusk_filter_exclude_larger_than(struct tusk_filter *filter, uint64_t bytes);
void tusk_filter_exclude_nodump(struct tusk_filter *filter);
void tusk_filter_one_file_system(struct tusk_filter *filter);

#endif
