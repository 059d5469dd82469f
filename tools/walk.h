/* Walking everything below a directory of a snapshot, in order, with memory for one path and one block a level. */
#ifndef TUSK_TOOLS_WALK_H
#define TUSK_TOOLS_WALK_H

#include "tusk/reader.h"

struct tusk_walker {
	/* An entry: path is bytes from the root of the snapshot, NUL-terminated. 0: go on; 1: not into this directory;
	 * -1 with err: end. */
	int (*visit)(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err);
	/* A directory cannot be read further. 0: go on beside it; -1: end with this error. NULL: always end. */
	int (*broken)(void *context, const char *path, struct tusk_err *err);
	void *context;
};

/* Visits what is below top (top itself is not visited), whose path is given. 0 or -1. */
int tusk_walk(const struct tusk_walker *walker, struct tusk_view *view, const struct tusk_entry *top, const char *path,
	      struct tusk_err *err);

/* Appends "/" (unless path ends with it) and the name, with an uncounted NUL. 0 or -1. */
int tusk_path_push(struct tusk_buf *path, const struct tusk_bytes *name, struct tusk_err *err);
/* Back to len bytes. */
void tusk_path_cut(struct tusk_buf *path, size_t len);

#endif
