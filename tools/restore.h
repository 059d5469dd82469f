/* Restoring: copies a snapshot's tree out of a mount (or out of the reader), several files at a time, and proves every
 * file by its SHA-256 read back from where it was written. */
#ifndef TUSK_TOOLS_RESTORE_H
#define TUSK_TOOLS_RESTORE_H

#include "tusk/err.h"
#include "tusk/reader.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What to do with a file that is there already. */
enum restore_overwrite {
	RESTORE_ALWAYS,     /* make it equal; one whose content already is equal is not written again */
	RESTORE_IF_CHANGED, /* the same, but size and mtime decide whether it is equal */
	RESTORE_IF_NEWER,   /* only when the snapshot's is newer */
	RESTORE_NEVER       /* leave it */
};

struct restore_counts {
	atomic_uint_fast64_t files, bytes;      /* regular files dealt with, and their apparent size */
	atomic_uint_fast64_t copied;            /* bytes written, of files that are not done as well */
	atomic_uint_fast64_t written, verified; /* files written; files whose SHA-256 was read back and is right */
	atomic_uint_fast64_t dirs, links, others, deleted, kept;
	atomic_uint_fast64_t mismatches, problems, attributes_refused, owners_refused;
};

struct restore_options {
	const char *path; /* within the snapshot; "": all of it */
	const char *dest; /* made if missing, and the folders above it */
	enum restore_overwrite overwrite;
	bool delete_extra, dry_run; /* delete_extra also lets a folder that is not empty give way to a file */
	unsigned threads;           /* 0: one per processor */
	int source_fd;              /* the snapshot's root in a mount, or -1: read in this process */
	/* What went wrong with one entry; serialised. path is bytes. TUSK_E_CORRUPT: damaged or not equal after
	 * writing. */
	void (*on_problem)(void *context, const char *path, const struct tusk_err *why);
	void *context;
	const atomic_bool *stop;
	struct restore_counts *counts;
};

/* 0 when every entry was dealt with, even if some had problems (see counts); -1 when it had to stop (full disk,
 * interrupted, no target). Nothing is ever created (but the folders above dest), followed or removed outside dest.
 * Running it again completes or corrects what is there. */
int restore_run(struct tusk_view *view, const struct restore_options *options, struct tusk_err *err);

#endif
