/* A restore drill at one node: some files come out of it, through a mount, and are judged as a user's would be. */
#ifndef TUSK_TOOLS_DRILL_H
#define TUSK_TOOLS_DRILL_H

#include "globals.h"
#include "tusk/drills.h"

#include <stdatomic.h>

struct drill_options {
	const char *name;                 /* of the node, for messages and the note */
	const struct tusk_secret *secret; /* what opened the repository */
	uint64_t sample;                  /* files */
	const atomic_bool *stop;
	/* What is wrong with a file; path is bytes. */
	void (*on_problem)(void *context, const char *path, const char *what);
	void *context;
};

/* Restores a sample of the newest snapshot of every source to a temporary folder, compares content and metadata, adds a
 * note to the node. The sample goes on where the last drill of that node ended, so that drills go through everything.
 * ret_drill->failures counts the files that differ. -1: it could not be done. */
int drill_run(struct tusk_cli *cli, struct tusk_repository *repository, const struct drill_options *options,
	      struct tusk_drill *ret_drill, struct tusk_err *err);

#endif
