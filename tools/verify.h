/* Judging a copy of a snapshot that any program made: content, type, mode, owner, times, links, extended attributes,
 * holes. */
#ifndef TUSK_TOOLS_VERIFY_H
#define TUSK_TOOLS_VERIFY_H

#include "tusk/err.h"
#include "tusk/reader.h"

#include <stdatomic.h>
#include <stdbool.h>

struct verify_counts {
	atomic_uint_fast64_t entries, files, bytes, differences; /* atomic: another thread may look on */
};

struct verify_options {
	const char *path; /* within the snapshot; "": all of it */
	const char *dir;  /* the copy; for a single file: the file, or the folder that has it */
	/* One difference: path is bytes (below the snapshot's root); what is a word such as "mode"; both values are
	 * printable. */
	void (*on_difference)(void *context, const char *path, const char *what, const char *snapshot,
			      const char *copy);
	void *context;
	const atomic_bool *stop;
};

/* Compares everything; 0 even when there are differences (see ret_counts); -1 when it could not go on. The directory
 * that stands for the root of the whole snapshot is not itself compared. Holes: every hole of the snapshot must be one
 * in the copy; a copy may have more. */
int verify_run(struct tusk_view *view, const struct verify_options *options, struct verify_counts *ret_counts,
	       struct tusk_err *err);

#endif
