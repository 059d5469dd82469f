/* Asking a filter. */
#ifndef TUSK_FILTER_MATCH_H
#define TUSK_FILTER_MATCH_H

#include "tusk/filter.h"

#include <stddef.h>

/* Whether the patterns leave out the entry at path (from the root: "/a/b", not terminated). The caller does not enter a
 * directory that is left out, so that all below it is left out too. filter may be NULL (all functions). */
bool tusk_filter_leaves_out(const struct tusk_filter *filter, const char *path, size_t len, bool is_directory);
bool tusk_filter_has_patterns(const struct tusk_filter *filter);
/* Whether a file of that size is left out. */
bool tusk_filter_is_too_large(const struct tusk_filter *filter, uint64_t size);
bool tusk_filter_wants_nodump(const struct tusk_filter *filter);
bool tusk_filter_stays_on_device(const struct tusk_filter *filter);
/* The i-th name whose presence leaves out a directory's content, and what its file has to begin with ("" for anything);
 * NULL after the last. */
const char *tusk_filter_tag(const struct tusk_filter *filter, size_t i, const char **ret_header);

#endif
