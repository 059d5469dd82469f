#include "queue.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK_MIN       ((size_t)4 << 20)
#define MEMORY_FOR_HUGE ((size_t)64 << 20) /* blocks of more than the usual size share this much */

struct tusk_queue {
	struct tusk_ingest *ingest;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t block_size;

	struct tusk_item *first_batch, **last_batch;
	unsigned running; /* batches in the hands of workers: they may still bring chunks */
	bool closed;

	struct tusk_chunk_task *tasks; /* a ring */
	size_t task_capacity, task_first, task_count;

	struct tusk_data_block *free_blocks, *blocks;
	size_t block_count;
};

/* Two chunks of the greatest length fit a block, so that at least one is cut from each. */
static size_t choose_block_size(const struct tusk_ingest *ingest)
{
	size_t wanted = 2 * ingest->chunker.max;
	return wanted > BLOCK_MIN ? wanted : BLOCK_MIN;
}

/* Each reader holds two blocks while it moves on to the next one: fewer would be a deadlock. */
static size_t choose_block_count(size_t block_size, unsigned workers)
{
	size_t count = 2 * (size_t)workers + 2;
	if (block_size > BLOCK_MIN && count * block_size > MEMORY_FOR_HUGE)
		count = 2 * (size_t)workers;
	return count;
}

uint8_t *tusk_queue_data_new(const struct tusk_queue *queue)
{
	/* Untouched pages of a small backup cost nothing. */
	void *data = mmap(NULL, queue->block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return data == MAP_FAILED ? NULL : data;
}

void tusk_queue_data_free(const struct tusk_queue *queue, uint8_t *data)
{
	if (data)
		munmap(data, queue->block_size);
}

static int make_blocks(struct tusk_queue *queue)
{
	queue->blocks = calloc(queue->block_count, sizeof *queue->blocks);
	if (!queue->blocks)
		return -1;
	for (size_t i = 0; i < queue->block_count; i++) {
		struct tusk_data_block *block = &queue->blocks[i];
		block->data = tusk_queue_data_new(queue);
		if (!block->data)
			return -1;
		block->next = queue->free_blocks;
		queue->free_blocks = block;
	}
	return 0;
}

struct tusk_queue *tusk_queue_new(struct tusk_ingest *ingest, unsigned workers)
{
	struct tusk_queue *queue = calloc(1, sizeof *queue);
	if (!queue)
		return NULL;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	queue->ingest = ingest;
	queue->last_batch = &queue->first_batch;
	queue->block_size = choose_block_size(ingest);
	queue->block_count = choose_block_count(queue->block_size, workers);
	queue->task_capacity = queue->block_count * (queue->block_size / ingest->chunker.min + 2);
	queue->tasks = calloc(queue->task_capacity, sizeof *queue->tasks);
	if (!queue->tasks || make_blocks(queue) < 0) {
		tusk_queue_free(queue);
		return NULL;
	}
	return queue;
}

void tusk_queue_free(struct tusk_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; queue->blocks && i < queue->block_count; i++)
		tusk_queue_data_free(queue, queue->blocks[i].data);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
	free(queue->blocks);
	free(queue->tasks);
	free(queue);
}

size_t tusk_queue_block_size(const struct tusk_queue *queue)
{
	return queue->block_size;
}

void tusk_queue_push_batch(struct tusk_queue *queue, struct tusk_item *first)
{
	pthread_mutex_lock(&queue->lock);
	*queue->last_batch = first;
	queue->last_batch = &first->queue_next;
	/* Not signal: it could wake a reader that waits for a block only. */
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void tusk_queue_close(struct tusk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void tusk_queue_wake(struct tusk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

static bool take_task(struct tusk_queue *queue, struct tusk_chunk_task *ret_task)
{
	if (queue->task_count == 0)
		return false;
	*ret_task = queue->tasks[queue->task_first];
	queue->task_first = (queue->task_first + 1) % queue->task_capacity;
	queue->task_count--;
	return true;
}

static bool take_batch(struct tusk_queue *queue, struct tusk_item **ret_batch)
{
	struct tusk_item *first = queue->first_batch;
	if (!first)
		return false;
	queue->first_batch = first->queue_next;
	if (!queue->first_batch)
		queue->last_batch = &queue->first_batch;
	first->queue_next = NULL;
	queue->running++;
	*ret_batch = first;
	return true;
}

void tusk_queue_batch_done(struct tusk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->running--;
	if (queue->closed && queue->running == 0)
		pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

static bool has_failed(const struct tusk_queue *queue)
{
	return atomic_load(&queue->ingest->failed);
}

enum tusk_work tusk_queue_next(struct tusk_queue *queue, struct tusk_chunk_task *ret_task, struct tusk_item **ret_batch)
{
	enum tusk_work work = TUSK_WORK_NONE;
	pthread_mutex_lock(&queue->lock);
	while (work == TUSK_WORK_NONE) {
		if (has_failed(queue))
			work = TUSK_WORK_END;
		else if (take_task(queue, ret_task))
			work = TUSK_WORK_CHUNK;
		else if (take_batch(queue, ret_batch))
			work = TUSK_WORK_BATCH;
		else if (queue->closed && queue->running == 0)
			work = TUSK_WORK_END;
		else
			pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return work;
}

enum tusk_work tusk_queue_block(struct tusk_queue *queue, struct tusk_data_block **ret_block,
				struct tusk_chunk_task *ret_task)
{
	enum tusk_work work = TUSK_WORK_END;
	pthread_mutex_lock(&queue->lock);
	while (!has_failed(queue)) {
		if (queue->free_blocks) {
			*ret_block = queue->free_blocks;
			queue->free_blocks = (*ret_block)->next;
			(*ret_block)->references = 1;
			work = TUSK_WORK_NONE;
			break;
		}
		if (take_task(queue, ret_task)) {
			work = TUSK_WORK_CHUNK;
			break;
		}
		pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return work;
}

enum tusk_work tusk_queue_wait(struct tusk_queue *queue, const struct tusk_slot *slot, struct tusk_chunk_task *ret_task)
{
	enum tusk_work work = TUSK_WORK_END;
	pthread_mutex_lock(&queue->lock);
	while (!has_failed(queue)) {
		if (slot->done) {
			work = TUSK_WORK_NONE;
			break;
		}
		if (take_task(queue, ret_task)) {
			work = TUSK_WORK_CHUNK;
			break;
		}
		pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return work;
}

bool tusk_queue_is_done(struct tusk_queue *queue, const struct tusk_slot *slot)
{
	pthread_mutex_lock(&queue->lock);
	bool done = slot->done;
	pthread_mutex_unlock(&queue->lock);
	return done;
}

void tusk_queue_push_chunks(struct tusk_queue *queue, const struct tusk_chunk_task *tasks, size_t count)
{
	pthread_mutex_lock(&queue->lock);
	for (size_t i = 0; i < count; i++) {
		size_t last = (queue->task_first + queue->task_count) % queue->task_capacity;
		queue->tasks[last] = tasks[i];
		queue->task_count++;
		tasks[i].block->references++;
	}
	if (count)
		pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

size_t tusk_queue_more(struct tusk_queue *queue, struct tusk_chunk_task *ret_tasks, size_t max)
{
	size_t count = 0;
	if (max == 0)
		return 0;
	pthread_mutex_lock(&queue->lock);
	while (count < max && take_task(queue, &ret_tasks[count]))
		count++;
	pthread_mutex_unlock(&queue->lock);
	return count;
}

static void release_locked(struct tusk_queue *queue, struct tusk_data_block *block)
{
	if (--block->references > 0)
		return;
	block->next = queue->free_blocks;
	queue->free_blocks = block;
}

void tusk_queue_release_block(struct tusk_queue *queue, struct tusk_data_block *block)
{
	pthread_mutex_lock(&queue->lock);
	release_locked(queue, block);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void tusk_queue_chunk_done(struct tusk_queue *queue, const struct tusk_chunk_task *task)
{
	pthread_mutex_lock(&queue->lock);
	task->slot->done = true;
	release_locked(queue, task->block);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}
