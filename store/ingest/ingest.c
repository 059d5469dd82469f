#include "ingest.h"

#include "chunks.h"
#include "dirjob.h"
#include "queue.h"
#include "ready.h"
#include "writers.h"

#include <stdlib.h>

static struct tusk_compressor *compressor_for(const struct tusk_backup_options *options)
{
	const unsigned level = options->compression_level ? options->compression_level : TUSK_ZSTD_LEVEL_DEFAULT;

	switch (options->compression) {
	case TUSK_COMPRESSION_NONE:
		return tusk_compressor_new_for(TUSK_CODEC_RAW, 0);
	case TUSK_COMPRESSION_ZSTD:
		return tusk_compressor_new_for(TUSK_CODEC_ZSTD, (int)level);
	case TUSK_COMPRESSION_AUTO:
	case TUSK_COMPRESSION_LZ4:
		break;
	}
	return tusk_compressor_new();
}

int tusk_lane_init(struct tusk_lane *lane, struct tusk_ingest *ingest, bool for_files, struct tusk_err *err)
{
	*lane = (struct tusk_lane){.ingest = ingest};
	lane->ider = tusk_ider_new(&ingest->repository->keys);
	lane->hasher = tusk_hasher_new();
	lane->compressor = compressor_for(ingest->options);
	if (for_files) {
		lane->block = tusk_queue_data_new(ingest->queue);
		lane->slots = calloc(TUSK_SLOT_COUNT, sizeof *lane->slots);
	}
	bool has_ready = !for_files || tusk_ready_new(ingest, &lane->ready) == 0;
	if (has_ready && lane->ider && lane->hasher && lane->compressor && (!for_files || (lane->block && lane->slots)))
		return 0;
	tusk_lane_release(lane);
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

void tusk_lane_release(struct tusk_lane *lane)
{
	if (lane->writer)
		tusk_pack_writer_abort(lane->writer);
	tusk_ider_free(lane->ider);
	tusk_hasher_free(lane->hasher);
	tusk_compressor_free(lane->compressor);
	tusk_compressor_free(lane->dense);
	if (lane->block)
		tusk_queue_data_free(lane->ingest->queue, lane->block);
	free(lane->slots);
	tusk_ready_free(lane->ready);
	tusk_buf_release(&lane->packed);
	tusk_buf_release(&lane->proof);
	tusk_buf_release(&lane->xattr_names);
	tusk_buf_release(&lane->values);
	tusk_buf_release(&lane->extents);
	*lane = (struct tusk_lane){0};
}

int tusk_ingest_fail(struct tusk_ingest *ingest, const struct tusk_err *err)
{
	pthread_mutex_lock(&ingest->err_lock);
	if (!atomic_load(&ingest->failed)) {
		ingest->err = *err;
		atomic_store(&ingest->failed, true);
	}
	pthread_mutex_unlock(&ingest->err_lock);
	if (ingest->queue)
		tusk_queue_wake(ingest->queue);
	if (ingest->items)
		tusk_items_wake(ingest->items);
	if (ingest->writers)
		tusk_writers_wake(ingest->writers);
	return -1;
}

bool tusk_ingest_stopped(struct tusk_ingest *ingest)
{
	const atomic_bool *stop = ingest->options->stop;
	if (atomic_load_explicit(&ingest->failed, memory_order_relaxed))
		return true;
	if (!stop || !atomic_load_explicit(stop, memory_order_relaxed))
		return false;
	struct tusk_err err = {0};
	tusk_err_set(&err, TUSK_E_INTERRUPTED, 0, "interrupted: no snapshot was written");
	tusk_ingest_fail(ingest, &err);
	return true;
}

static void tell_problem(struct tusk_ingest *ingest, enum tusk_problem problem, const char *path, int sys_errno)
{
	const struct tusk_backup_options *options = ingest->options;
	if (!options->on_problem)
		return;
	pthread_mutex_lock(&ingest->report_lock);
	options->on_problem(options->context, problem, path, sys_errno);
	pthread_mutex_unlock(&ingest->report_lock);
}

void tusk_ingest_problem_path(struct tusk_ingest *ingest, enum tusk_problem problem, const char *path, int sys_errno)
{
	tusk_count(&ingest->progress->errors, 1);
	tell_problem(ingest, problem, path, sys_errno);
}

void tusk_ingest_alarm(struct tusk_ingest *ingest, const struct tusk_dirjob *dir, const char *name)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	bool known = tusk_dirjob_path(dir, name, &path) == 0;
	tell_problem(ingest, TUSK_PROBLEM_ROTTEN, known ? (const char *)path.data : name, 0);
}

void tusk_ingest_problem(struct tusk_ingest *ingest, enum tusk_problem problem, const struct tusk_dirjob *dir,
			 const char *name, int sys_errno)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	bool known = tusk_dirjob_path(dir, name, &path) == 0;
	tusk_ingest_problem_path(ingest, problem, known ? (const char *)path.data : name, sys_errno);
}

void tusk_ingest_tell(struct tusk_ingest *ingest, char fate, const struct tusk_dirjob *dir, const char *name,
		      uint64_t size)
{
	const struct tusk_backup_options *options = ingest->options;
	if (!options->on_entry)
		return;
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	if (tusk_dirjob_path(dir, name, &path) < 0)
		return;
	pthread_mutex_lock(&ingest->report_lock);
	options->on_entry(options->context, fate, (const char *)path.data, size);
	pthread_mutex_unlock(&ingest->report_lock);
}

/* The index is only a cache of the node: what it cannot answer is learned again, once. */
static int rebuild_index(struct tusk_ingest *ingest, struct tusk_err *err)
{
	int result = 0;
	pthread_mutex_lock(&ingest->index_lock);
	if (!ingest->index_rebuilt) {
		struct tusk_index_sync_result rebuilt;
		struct tusk_repository *repository = ingest->repository;
		tusk_err_clear(err);
		result = tusk_index_rebuild(repository->index, repository->node, &rebuilt, err);
		ingest->index_rebuilt = result == 0;
	}
	pthread_mutex_unlock(&ingest->index_lock);
	return result;
}

int tusk_ingest_find(struct tusk_ingest *ingest, const struct tusk_id *id, struct tusk_location *ret_location,
		     struct tusk_err *err)
{
	struct tusk_index *index = ingest->repository->index;
	int found = tusk_index_find(index, id, ret_location, err);
	if (found < 0) {
		if (rebuild_index(ingest, err) < 0)
			return -1;
		tusk_err_clear(err);
		found = tusk_index_find(index, id, ret_location, err);
	}
	if (found != TUSK_INDEX_FOUND || !tusk_ingest_is_condemned(ingest, ret_location))
		return found;
	/* Another process has made the index agree with the node meanwhile. The new place must not find this one there.
	 */
	return tusk_index_drop(index, id, err) < 0 ? -1 : TUSK_INDEX_ABSENT;
}

int tusk_ingest_index_add(struct tusk_ingest *ingest, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
			  struct tusk_err *err)
{
	if (tusk_index_add(ingest->repository->index, tocs, sizes, count, err) == 0)
		return 0;
	if (rebuild_index(ingest, err) < 0)
		return -1;
	tusk_err_clear(err);
	return tusk_index_add(ingest->repository->index, tocs, sizes, count, err);
}
