/* Which folders need how much: bytes that only they refer to. */
#ifndef TUSK_PIPELINE_FOLDERS_H
#define TUSK_PIPELINE_FOLDERS_H

#include "tusk/reader.h"

#include <stdatomic.h>

#define PIPELINE_FOLDERS_MAX       20000u
#define PIPELINE_FOLDERS_DEPTH_MAX 8u

/* A folder; those below it come later. What is deeper than the limit, or too much, counts for the folder above. */
struct pipeline_folder {
	char *name;
	size_t parent;  /* itself for the root */
	unsigned depth; /* the root has 0 */
	uint64_t own;   /* bytes that belong to it and to none below: of its files, or shared by what is below */
	uint64_t bytes; /* with everything below: what only this folder refers to */
};
struct pipeline_folders {
	struct pipeline_folder *items;
	size_t count, capacity;
};
void pipeline_folders_release(struct pipeline_folders *folders);
#define PIPELINE_AUTO_FOLDERS TUSK_CLEANUP(pipeline_folders_release)

/* Adds up the snapshots that list names, each below a folder of its own if there are several. Reads trees, no content.
 * A chunk belongs to the lowest folder that has all references to it. Memory is bounded: of many chunks a sample stands
 * for all. */
int pipeline_folders_measure(struct tusk_repository *repository, const struct tusk_snapshot *const *list, size_t count,
			     struct pipeline_folders *ret_folders, struct tusk_err *err);

#endif
