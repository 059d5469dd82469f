/* Work for the workers: batches of files from the walker, and chunks of large files from the worker that reads them.
 * Chunks come first. Thread-safe. */
#ifndef TUSK_QUEUE_H
#define TUSK_QUEUE_H

#include "dirjob.h"

/* A part of a large file's data. Held by the reader and by every chunk task that points into it. */
struct tusk_data_block {
	struct tusk_data_block *next; /* in the list of free blocks */
	unsigned references;          /* guarded by the queue */
	uint8_t *data;                /* tusk_queue_block_size() bytes */
};

/* The result of one chunk task. done is guarded by the queue. Lives as long as the lane: after an error the task may
 * still be running when the reader has gone. */
struct tusk_slot {
	struct tusk_chunk_ref ref;
	bool done;
};

struct tusk_chunk_task {
	struct tusk_data_block *block;
	const uint8_t *data;
	size_t len;
	struct tusk_slot *slot;
};

enum tusk_work {
	TUSK_WORK_NONE,  /* waiting functions: what was waited for has happened */
	TUSK_WORK_CHUNK, /* a chunk task to be run by the caller, then given to tusk_queue_chunk_done */
	TUSK_WORK_BATCH, /* files, linked by batch_next */
	TUSK_WORK_END    /* no more work, or the backup has failed */
};

struct tusk_queue;
struct tusk_queue *tusk_queue_new(struct tusk_ingest *ingest, unsigned workers);
void tusk_queue_free(struct tusk_queue *queue);
size_t tusk_queue_block_size(const struct tusk_queue *queue);
/* Memory of that size outside the queue (a reader may exchange it for a block's); NULL when there is none. */
uint8_t *tusk_queue_data_new(const struct tusk_queue *queue);
void tusk_queue_data_free(const struct tusk_queue *queue, uint8_t *data);

/* Walker: items linked by batch_next. */
void tusk_queue_push_batch(struct tusk_queue *queue, struct tusk_item *first);
/* Walker: no more batches. */
void tusk_queue_close(struct tusk_queue *queue);
/* Wakes everybody, after an error. */
void tusk_queue_wake(struct tusk_queue *queue);

/* Worker: the next work, waiting for it; never TUSK_WORK_NONE. */
enum tusk_work tusk_queue_next(struct tusk_queue *queue, struct tusk_chunk_task *ret_task,
			       struct tusk_item **ret_batch);
/* Worker: the batch that tusk_queue_next gave is done. */
void tusk_queue_batch_done(struct tusk_queue *queue);
/* Reader of a large file: a free block (TUSK_WORK_NONE), or a chunk to run first. */
enum tusk_work tusk_queue_block(struct tusk_queue *queue, struct tusk_data_block **ret_block,
				struct tusk_chunk_task *ret_task);
/* Reader: waits until slot is done (TUSK_WORK_NONE), or gives a chunk to run first. */
enum tusk_work tusk_queue_wait(struct tusk_queue *queue, const struct tusk_slot *slot,
			       struct tusk_chunk_task *ret_task);
bool tusk_queue_is_done(struct tusk_queue *queue, const struct tusk_slot *slot);
/* Reader: adds tasks and their references to their block. There is always room: blocks are the limit. */
void tusk_queue_push_chunks(struct tusk_queue *queue, const struct tusk_chunk_task *tasks, size_t count);
/* Takes up to max tasks that wait, to be run with one that was taken before; gives how many. */
size_t tusk_queue_more(struct tusk_queue *queue, struct tusk_chunk_task *ret_tasks, size_t max);
/* The reader's reference. */
void tusk_queue_release_block(struct tusk_queue *queue, struct tusk_data_block *block);
void tusk_queue_chunk_done(struct tusk_queue *queue, const struct tusk_chunk_task *task);

#endif
