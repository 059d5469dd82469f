/* The content of one file: read, cut, hashed, stored. */
#ifndef TUSK_CONTENT_H
#define TUSK_CONTENT_H

#include "dirjob.h"
#include "queue.h"
#include "ready.h"

/* Where the bytes come from. */
struct tusk_source {
	int fd;
	bool is_stream; /* read to its end; else at offsets, up to size */
	bool has_holes; /* extents are the data */
	const struct tusk_extent *extents;
	size_t extent_count;
	uint64_t size;                  /* apparent size (not for streams) */
	const struct tusk_ready *ready; /* the whole content, read and hashed already; or NULL */
	/* private */
	uint64_t done, hashed; /* offset in the file up to which data was read, zeros hashed */
	size_t extent;
	bool ended;
	int sys_errno;
};

enum tusk_reading {
	TUSK_READING_DONE = 0,
	TUSK_READING_FAILED = 1, /* the source: see source->sys_errno */
	TUSK_READING_SHORT = 2   /* a file with holes shrank: what was read is not a file's content */
};
/* Stores what source gives and sets the content of item->entry: content, size, data_bytes, SHA-256, has_holes.
 * -1: the repository failed. */
int tusk_content_store(struct tusk_lane *lane, struct tusk_source *source, struct tusk_item *item,
		       struct tusk_err *err);
/* Runs a chunk task that the queue gave, and others that wait; errors go to tusk_ingest_fail. */
void tusk_content_run(struct tusk_lane *lane, const struct tusk_chunk_task *task);

/* Data extents of fd, into lane->extents. True if the file has holes that can be recorded. */
bool tusk_holes_find(struct tusk_lane *lane, int fd, uint64_t size);
/* Sets the extents of item->entry from lane->extents. */
int tusk_holes_store(struct tusk_lane *lane, struct tusk_item *item, struct tusk_err *err);

#endif
