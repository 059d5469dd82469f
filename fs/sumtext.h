/* The text of sums/<id>.sha256: a line for every regular file of a snapshot, as sha256sum -c reads it. */
#ifndef TUSKFS_SUMTEXT_H
#define TUSKFS_SUMTEXT_H

#include "tusk/buf.h"
#include "tusk/reader.h"

#include <stdatomic.h>

/* A walk over the files of a snapshot, by number: it can begin anywhere. */
struct tuskfs_sumtext {
	struct tusk_view *view;
	/* The file with that number has this line; without digits only the length of the line is right. 0: go on, 1:
	 * enough, -1. */
	int (*line)(void *context, uint64_t number, const struct tusk_buf *line, struct tusk_err *err);
	void *context;
	bool digits;
	const atomic_bool *stop; /* may be NULL; then the walk ends with TUSK_E_INTERRUPTED */
};

/* Calls line for the files with numbers from first on. */
int tuskfs_sumtext_walk(const struct tuskfs_sumtext *walk, uint64_t first, struct tusk_err *err);

/* A line: digits (64 of them), two spaces, the path, a newline. As coreutils does it, a backslash comes first if there
 * is a backslash, newline or carriage return in the path, and these are escaped. path has no slash at its start. 0 or
 * -1 (memory). */
int tuskfs_sumtext_line(struct tusk_buf *out, const char *digits, const void *path, size_t len);

#endif
