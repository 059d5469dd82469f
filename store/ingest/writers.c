#include "writers.h"

#include "claims.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MAX    2 /* full packs before workers wait for the node */
#define COMMITTERS_MAX 16
#define INDEX_BATCH    50000 /* entries a transaction (reliability: LMDB 0.9.24 spills) */
#define BATCH_PACKS    256
#define RECORDS_MAX    32768 /* of tiny chunks: a writer and its table of contents keep about 100 bytes for each */

struct tusk_writers {
	struct tusk_ingest *ingest;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct tusk_pack_writer **idle; /* a stack */
	size_t idle_count, idle_capacity;
	struct tusk_pack_writer *waiting[WAITING_MAX];
	size_t waiting_count;
	bool closed;
	pthread_t committers[COMMITTERS_MAX]; /* as many as the node takes uploads at a time */
	unsigned committer_count;

	pthread_mutex_t tree_lock; /* guards tree */
	struct tusk_pack_writer *tree;

	pthread_mutex_t batch_lock; /* guards what follows */
	/* Durable packs that the index does not know yet. */
	struct tusk_toc tocs[BATCH_PACKS];
	uint64_t sizes[BATCH_PACKS];
	size_t toc_count, entry_count;
};

static int index_batch(struct tusk_writers *writers, struct tusk_err *err)
{
	if (writers->toc_count == 0)
		return 0;
	if (tusk_ingest_index_add(writers->ingest, writers->tocs, writers->sizes, writers->toc_count, err) < 0)
		return -1;
	for (size_t i = 0; i < writers->toc_count; i++) {
		for (uint32_t k = 0; k < writers->tocs[i].count; k++)
			tusk_claims_drop(writers->ingest->claims, &writers->tocs[i].records[k].id);
		tusk_toc_release(&writers->tocs[i]);
	}
	writers->toc_count = writers->entry_count = 0;
	return 0;
}

static int add_to_batch(struct tusk_writers *writers, struct tusk_toc *toc, uint64_t size, struct tusk_err *err)
{
	size_t i = writers->toc_count++;
	writers->tocs[i] = *toc;
	*toc = (struct tusk_toc){0};
	writers->sizes[i] = size;
	writers->entry_count += writers->tocs[i].count;
	if (writers->entry_count >= INDEX_BATCH || writers->toc_count == BATCH_PACKS)
		return index_batch(writers, err);
	return 0;
}

static int commit_one(struct tusk_writers *writers, struct tusk_pack_writer *writer, struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	uint64_t size;
	if (tusk_pack_writer_finish(writer, &toc, &size, err) < 0)
		return -1;
	tusk_count(&writers->ingest->progress->bytes_stored, size);
	pthread_mutex_lock(&writers->batch_lock);
	int result = add_to_batch(writers, &toc, size, err);
	pthread_mutex_unlock(&writers->batch_lock);
	return result;
}

/* The next pack to commit, or NULL when there will be none. */
static struct tusk_pack_writer *next_waiting(struct tusk_writers *writers)
{
	struct tusk_pack_writer *writer = NULL;
	pthread_mutex_lock(&writers->lock);
	while (writers->waiting_count == 0 && !writers->closed && !atomic_load(&writers->ingest->failed))
		pthread_cond_wait(&writers->changed, &writers->lock);
	if (writers->waiting_count && !atomic_load(&writers->ingest->failed)) {
		writer = writers->waiting[0];
		writers->waiting_count--;
		memmove(writers->waiting, writers->waiting + 1, writers->waiting_count * sizeof *writers->waiting);
		pthread_cond_broadcast(&writers->changed);
	}
	pthread_mutex_unlock(&writers->lock);
	return writer;
}

/* Several may run; each flushes the batch at its end, so that what the last one adds is in it too. */
static void *committer_main(void *context)
{
	struct tusk_writers *writers = context;
	struct tusk_err err = {0};
	struct tusk_pack_writer *writer;
	while ((writer = next_waiting(writers)) != NULL)
		if (commit_one(writers, writer, &err) < 0) {
			tusk_ingest_fail(writers->ingest, &err);
			return NULL;
		}
	pthread_mutex_lock(&writers->batch_lock);
	if (!atomic_load(&writers->ingest->failed) && index_batch(writers, &err) < 0)
		tusk_ingest_fail(writers->ingest, &err);
	pthread_mutex_unlock(&writers->batch_lock);
	return NULL;
}

/* One is needed; the others only make it faster. */
static int start_committers(struct tusk_writers *writers, struct tusk_err *err)
{
	unsigned wanted = tusk_node_uploads(writers->ingest->repository->node);
	while (writers->committer_count < wanted && writers->committer_count < COMMITTERS_MAX) {
		pthread_t *committer = &writers->committers[writers->committer_count];
		int result = pthread_create(committer, NULL, committer_main, writers);
		if (result != 0 && writers->committer_count == 0)
			return tusk_err_set(err, TUSK_E_INTERNAL, result, "cannot start a thread");
		if (result != 0)
			break;
		writers->committer_count++;
	}
	return 0;
}

int tusk_writers_start(struct tusk_ingest *ingest, struct tusk_writers **ret_writers, struct tusk_err *err)
{
	struct tusk_writers *writers = calloc(1, sizeof *writers);
	if (!writers)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	writers->ingest = ingest;
	pthread_mutex_init(&writers->lock, NULL);
	pthread_mutex_init(&writers->tree_lock, NULL);
	pthread_mutex_init(&writers->batch_lock, NULL);
	pthread_cond_init(&writers->changed, NULL);
	if (start_committers(writers, err) < 0) {
		tusk_writers_free(writers);
		return -1;
	}
	*ret_writers = writers;
	return 0;
}

int tusk_writers_take(struct tusk_writers *writers, struct tusk_pack_writer **ret_writer, struct tusk_err *err)
{
	struct tusk_pack_writer *writer = NULL;
	pthread_mutex_lock(&writers->lock);
	if (writers->idle_count)
		writer = writers->idle[--writers->idle_count];
	pthread_mutex_unlock(&writers->lock);
	if (!writer) {
		const struct tusk_repository *repository = writers->ingest->repository;
		return tusk_pack_writer_open(repository->node, &repository->keys, TUSK_PACK_CHUNKS, ret_writer, err);
	}
	*ret_writer = writer;
	return 0;
}

bool tusk_writers_is_full(const struct tusk_writers *writers, const struct tusk_pack_writer *writer)
{
	return tusk_pack_writer_size(writer) >= writers->ingest->repository->parameters.pack_size ||
	       tusk_pack_writer_count(writer) >= RECORDS_MAX;
}

/* Consumes writer. */
static void hand_to_committer(struct tusk_writers *writers, struct tusk_pack_writer *writer)
{
	pthread_mutex_lock(&writers->lock);
	while (writers->waiting_count == WAITING_MAX && !atomic_load(&writers->ingest->failed))
		pthread_cond_wait(&writers->changed, &writers->lock);
	bool failed = atomic_load(&writers->ingest->failed);
	if (!failed) {
		writers->waiting[writers->waiting_count++] = writer;
		pthread_cond_broadcast(&writers->changed);
	}
	pthread_mutex_unlock(&writers->lock);
	if (failed)
		tusk_pack_writer_abort(writer);
}

static int push_idle(struct tusk_writers *writers, struct tusk_pack_writer *writer)
{
	if (writers->idle_count == writers->idle_capacity) {
		size_t capacity = writers->idle_capacity ? writers->idle_capacity * 2 : 8;
		struct tusk_pack_writer **bigger = realloc(writers->idle, capacity * sizeof *bigger);
		if (!bigger)
			return -1;
		writers->idle = bigger;
		writers->idle_capacity = capacity;
	}
	writers->idle[writers->idle_count++] = writer;
	return 0;
}

void tusk_writers_give(struct tusk_writers *writers, struct tusk_pack_writer *writer)
{
	if (!tusk_writers_is_full(writers, writer)) {
		pthread_mutex_lock(&writers->lock);
		int pushed = push_idle(writers, writer);
		pthread_mutex_unlock(&writers->lock);
		if (pushed == 0)
			return;
	}
	hand_to_committer(writers, writer);
}

int tusk_writers_add_meta(struct tusk_writers *writers, const struct tusk_writers_record *record, struct tusk_err *err)
{
	const struct tusk_repository *repository = writers->ingest->repository;
	struct tusk_pack_writer *full = NULL;
	pthread_mutex_lock(&writers->tree_lock);
	int result = 0;
	if (!writers->tree)
		result =
		    tusk_pack_writer_open(repository->node, &repository->keys, TUSK_PACK_TREES, &writers->tree, err);
	if (result == 0)
		result = tusk_pack_writer_add(writers->tree, record->type, record->codec, record->id, record->payload,
					      record->payload_len, record->raw_len, NULL, err);
	if (result == 0 && tusk_writers_is_full(writers, writers->tree))
		full = TUSK_STEAL(writers->tree);
	pthread_mutex_unlock(&writers->tree_lock);
	if (full)
		hand_to_committer(writers, full);
	return result;
}

static void close_committers(struct tusk_writers *writers)
{
	pthread_mutex_lock(&writers->lock);
	writers->closed = true;
	pthread_cond_broadcast(&writers->changed);
	pthread_mutex_unlock(&writers->lock);
	while (writers->committer_count)
		pthread_join(writers->committers[--writers->committer_count], NULL);
}

void tusk_writers_finish(struct tusk_writers *writers)
{
	while (writers->idle_count)
		hand_to_committer(writers, writers->idle[--writers->idle_count]);
	if (writers->tree)
		hand_to_committer(writers, TUSK_STEAL(writers->tree));
	close_committers(writers);
}

void tusk_writers_wake(struct tusk_writers *writers)
{
	pthread_mutex_lock(&writers->lock);
	pthread_cond_broadcast(&writers->changed);
	pthread_mutex_unlock(&writers->lock);
}

void tusk_writers_free(struct tusk_writers *writers)
{
	if (!writers)
		return;
	close_committers(writers);
	for (size_t i = 0; i < writers->idle_count; i++)
		tusk_pack_writer_abort(writers->idle[i]);
	for (size_t i = 0; i < writers->waiting_count; i++)
		tusk_pack_writer_abort(writers->waiting[i]);
	if (writers->tree)
		tusk_pack_writer_abort(writers->tree);
	for (size_t i = 0; i < writers->toc_count; i++)
		tusk_toc_release(&writers->tocs[i]);
	pthread_mutex_destroy(&writers->lock);
	pthread_mutex_destroy(&writers->tree_lock);
	pthread_mutex_destroy(&writers->batch_lock);
	pthread_cond_destroy(&writers->changed);
	free(writers->idle);
	free(writers);
}
