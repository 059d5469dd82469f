/* The walker: one thread that goes through the source in the order of names, beside the parent snapshot. */
#ifndef TUSK_WALK_PRIVATE_H
#define TUSK_WALK_PRIVATE_H

#include "dirjob.h"
#include "paths.h"
#include "queue.h"

struct tusk_place {
	dev_t device;
	ino_t inode;
};

struct walk {
	struct tusk_ingest *ingest;
	struct tusk_lane lane;
	struct tusk_dirjob *current;  /* with those above it: the stack */
	struct tusk_entry root_entry; /* in the parent snapshot; pins what the root directory's old entry points to */
	struct tusk_counters tally;   /* unchanged entries and directories so far */
	struct tusk_item *batch, **batch_end;
	size_t batch_count;
	uint64_t batch_bytes;
	struct tusk_buf path;      /* of the entry looked at, for the filter */
	struct tusk_place skip[2]; /* the repository, the state folder */
	size_t skip_count;
	dev_t *mounts; /* of tusk itself */
	size_t mount_count;
	struct tusk_err err;
};

/* Enters the root. As tusk_walk_build. */
int tusk_walk_begin(struct walk *walk, const struct tusk_plan *plan);
void tusk_walk_release(struct walk *walk);

/* job, opened, becomes the current directory. As tusk_walk_build. */
int tusk_walk_enter(struct walk *walk, struct tusk_dirjob *job);
/* Opens job and lists its names. What cannot be listed is a problem and stays empty. True: it is gone,
 * or too deep. */
bool tusk_walk_open(struct walk *walk, struct tusk_dirjob *job);
/* Fills in job's own entry, all but the subtree. */
int tusk_walk_describe(struct walk *walk, struct tusk_dirjob *job);

/* job and all above it have changed: makes sure that they are being built. 0: go on. 1: the parent snapshot's directory
 * could not be read again, so that one of them is walked anew from its start without it; job may be gone; go back to
 * the loop. -1: walk->err. */
int tusk_walk_build(struct walk *walk, struct tusk_dirjob *job);

/* A free item; waits for one. NULL: walk->err, or the backup is stopping. */
struct tusk_item *tusk_walk_take_item(struct walk *walk);
/* Adds a file to the next task of the workers. */
void tusk_walk_batch(struct walk *walk, struct tusk_item *item);
void tusk_walk_flush(struct walk *walk);

/* Whether a directory is the repository's, the client's own or a mount of tusk. */
bool tusk_walk_skips(const struct walk *walk, const struct tusk_dirjob *above, const struct stat *stat);
int tusk_walk_find_skips(struct walk *walk);

#endif
