#include "index_items.h"
#include "index_sync.h"

#include "wire.h"

#include <errno.h>
#include <string.h>

/* Of one record in a toc object, and what else is in it. */
#define TOC_RECORD_SIZE 42
#define TOC_OTHER_SIZE  144
/* Requests for single packs go out 16 at a time (tocs.c), a page of a listing has up to 1,000. */
#define LISTED_MIN   16u
#define LISTED_SHARE 64u

/* The node's packs against the index's. */
struct diff {
	const struct tusk_pack_list *listed;
	struct tusk_pack_list added, gone;
	uint64_t known, added_entries;
	bool is_suspect;
};

uint64_t tusk_index_entries_in(uint64_t toc_size)
{
	/* One that is too large is never loaded: what it promises must not decide how the index is built. */
	return toc_size > TOC_OTHER_SIZE && toc_size <= TUSK_TOC_MAX_SIZE
		   ? (toc_size - TOC_OTHER_SIZE) / TOC_RECORD_SIZE
		   : 0;
}

static int diff_add(struct diff *diff, const struct tusk_listed_pack *pack)
{
	diff->added_entries += tusk_index_entries_in(pack->size);
	return tusk_pack_list_append(&diff->added, &pack->id, pack->size, NULL) < 0 ? ENOMEM : 0;
}

/* The row that a pack's id leads to must lead back to it. */
static int check_row(const struct tusk_db *db, MDB_txn *txn, const uint8_t *id, const MDB_val *number_value,
		     bool *is_suspect)
{
	uint8_t key_bytes[TUSK_PACK_KEY_SIZE];
	MDB_val key = tusk_db_val(key_bytes, sizeof(key_bytes)), value;
	struct tusk_pack_row row;

	if (number_value->mv_size != sizeof(uint32_t))
		return MDB_CORRUPTED;
	uint32_t number = tusk_load_u32(number_value->mv_data);
	tusk_pack_key(number, key_bytes);
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_PACK], &key, &value);
	if (rc == MDB_NOTFOUND ||
	    (rc == 0 && (!tusk_pack_row_decode(db->seed, number, value.mv_data, value.mv_size, &row) ||
			 memcmp(row.id.bytes, id, TUSK_ID_SIZE) != 0))) {
		*is_suspect = true;
		return 0;
	}
	return rc;
}

/* Merges the sorted list with the sorted table. */
static int diff_packs(const struct tusk_db *db, MDB_txn *txn, MDB_cursor *cursor, struct diff *diff)
{
	const struct tusk_pack_list *listed = diff->listed;
	MDB_val key, value;
	size_t i = 0;
	int rc, failed = 0;

	while (!failed && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct tusk_id id;

		if (key.mv_size != TUSK_ID_SIZE)
			return MDB_CORRUPTED;
		memcpy(id.bytes, key.mv_data, TUSK_ID_SIZE);
		failed = check_row(db, txn, id.bytes, &value, &diff->is_suspect);
		diff->known++;
		while (!failed && i < listed->count && tusk_id_compare(&listed->packs[i].id, &id) < 0)
			failed = diff_add(diff, &listed->packs[i++]);
		if (i < listed->count && tusk_id_equal(&listed->packs[i].id, &id))
			i++;
		else if (!failed && tusk_pack_list_append(&diff->gone, &id, 0, NULL) < 0)
			failed = ENOMEM;
	}
	if (!failed && rc != MDB_NOTFOUND)
		failed = rc;
	while (!failed && i < listed->count)
		failed = diff_add(diff, &listed->packs[i++]);
	return failed;
}

static bool counts_agree(const struct tusk_db *db, MDB_txn *txn, const struct tusk_index_counters *counters)
{
	MDB_stat chunk, pack, packid;

	return mdb_stat(txn, db->tables[TUSK_TABLE_CHUNK], &chunk) == 0 &&
	       mdb_stat(txn, db->tables[TUSK_TABLE_PACK], &pack) == 0 &&
	       mdb_stat(txn, db->tables[TUSK_TABLE_PACKID], &packid) == 0 && chunk.ms_entries == counters->entries &&
	       pack.ms_entries == counters->packs && packid.ms_entries == counters->packs;
}

static int diff_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct tusk_index_counters counters;
	struct diff *diff = context;
	MDB_cursor *cursor;

	diff->added.count = diff->gone.count = 0;
	diff->known = diff->added_entries = 0;
	diff->is_suspect = false;
	int rc = tusk_db_counters_get(db, txn, &counters);
	if (rc == 0)
		rc = mdb_cursor_open(txn, db->tables[TUSK_TABLE_PACKID], &cursor);
	if (rc != 0)
		return rc;
	rc = diff_packs(db, txn, cursor, diff);
	mdb_cursor_close(cursor);
	diff->is_suspect = diff->is_suspect || diff->known != counters.packs || !counts_agree(db, txn, &counters);
	return rc;
}

/* A pack that is still there has only lost its toc object: its own copy serves. */
static int confirm_gone(struct tusk_node *node, struct tusk_pack_list *gone, struct tusk_err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < gone->count; i++) {
		char name[80];
		uint64_t size;

		tusk_pack_name(&gone->packs[i].id, name);
		int found = tusk_node_stat(node, name, &size, err);
		if (found < 0)
			return -1;
		if (found == TUSK_NODE_ABSENT)
			gone->packs[kept++] = gone->packs[i];
	}
	gone->count = kept;
	return 0;
}

/* Tocs that wait to be added in one transaction. */
struct batch {
	struct tusk_toc *tocs;
	uint64_t *sizes;
	size_t count, capacity, entries;
};

static void batch_clear(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		tusk_toc_release(&batch->tocs[i]);
	batch->count = batch->entries = 0;
}

static void batch_release(struct batch *batch)
{
	batch_clear(batch);
	free(batch->tocs);
	free(batch->sizes);
}

/* Takes toc. */
static int batch_append(struct batch *batch, struct tusk_toc *toc, uint64_t size, struct tusk_err *err)
{
	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? batch->capacity * 2 : 64;
		struct tusk_toc *tocs = reallocarray(batch->tocs, capacity, sizeof(*tocs));
		uint64_t *sizes = reallocarray(batch->sizes, capacity, sizeof(*sizes));

		batch->tocs = tocs ? tocs : batch->tocs;
		batch->sizes = sizes ? sizes : batch->sizes;
		if (!tocs || !sizes)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot add to the index: out of memory");
		batch->capacity = capacity;
	}
	batch->tocs[batch->count] = *toc;
	batch->sizes[batch->count++] = size;
	batch->entries += toc->count;
	*toc = (struct tusk_toc){0};
	return 0;
}

static int batch_flush(struct tusk_index *index, struct batch *batch, struct tusk_index_sync_result *result,
		       struct tusk_err *err)
{
	uint64_t added;

	if (batch->count == 0)
		return 0;
	if (tusk_index_add_counted(index, batch->tocs, batch->sizes, batch->count, &added, err) < 0)
		return -1;
	result->packs_added += batch->count;
	result->entries_added += added;
	batch_clear(batch);
	return 0;
}

/* Far away one listing, a page after the other, is weighed against the requests for single packs, some of which are
 * made at a time. */
static enum tusk_toc_sizes sizes_for(const struct tusk_node *node, uint64_t count, uint64_t total)
{
	bool is_listed = tusk_node_is_remote(node) && count >= LISTED_MIN && count * LISTED_SHARE >= total;

	return is_listed ? TUSK_SIZES_LISTED : TUSK_SIZES_ASKED;
}

int tusk_index_add_listed(struct tusk_index *index, struct tusk_node *node, const struct tusk_pack_list *list,
			  uint64_t total, struct tusk_index_sync_result *result, struct tusk_err *err)
{
	TUSK_AUTO_TOC_STREAM struct tusk_toc_stream *stream = NULL;
	struct batch batch TUSK_CLEANUP(batch_release) = {0};
	enum tusk_toc_state state;

	if (tusk_toc_stream_open(node, &index->keys, list, sizes_for(node, list->count, total), &stream, err) < 0)
		return -1;
	do {
		struct tusk_toc toc TUSK_AUTO_TOC = {0};
		uint64_t size = 0;

		if (tusk_toc_stream_next(stream, &state, &toc, &size, err) < 0)
			return -1;
		if (state == TUSK_TOC_DAMAGED)
			result->damaged++;
		if (state == TUSK_TOC_LOADED && batch.entries + toc.count > index->tuning.transaction_count &&
		    batch_flush(index, &batch, result, err) < 0)
			return -1;
		if (state == TUSK_TOC_LOADED && batch_append(&batch, &toc, size, err) < 0)
			return -1;
	} while (state != TUSK_TOC_END);
	return batch_flush(index, &batch, result, err);
}

static int read_diff(struct tusk_index *index, struct tusk_node *node, struct tusk_pack_list *listed, struct diff *diff,
		     struct tusk_err *err)
{
	if (tusk_pack_list_load(node, "toc/", listed, err) < 0 || tusk_index_prepare(index, false, NULL, err) < 0)
		return -1;
	diff->listed = listed;
	if (tusk_index_read(index, diff_work, diff, err) < 0)
		return -1;
	return confirm_gone(node, &diff->gone, err);
}

/* Something was looked for in vain and the node brought nothing new: before it is called missing, the index is made to
 * prove that it lost nothing by damage. Once, until something changes. */
static bool is_sound(struct tusk_index *index)
{
	if (!atomic_load(&index->missed) || atomic_exchange(&index->probed, true))
		return true;
	pthread_rwlock_rdlock(&index->gate);
	bool good = !index->db.env || index->mode == TUSK_MODE_TEMPORARY || tusk_probe_run(index);
	pthread_rwlock_unlock(&index->gate);
	return good;
}

static int apply_diff(struct tusk_index *index, struct tusk_node *node, const struct diff *diff,
		      struct tusk_index_sync_result *result, struct tusk_err *err)
{
	bool is_changed = diff->added.count > 0 || diff->gone.count > 0;

	if (diff->is_suspect || atomic_load(&index->suspect) ||
	    (diff->known == 0 && diff->added_entries >= index->tuning.rebuild_from_count) ||
	    (!is_changed && !is_sound(index)))
		return tusk_index_rebuild(index, node, result, err);
	if (diff->gone.count > 0 && tusk_index_forget(index, node, &diff->gone, result, err) < 0)
		return -1;
	if (diff->added.count > 0 &&
	    tusk_index_add_listed(index, node, &diff->added, diff->listed->count, result, err) < 0)
		return -1;
	if (is_changed)
		atomic_store(&index->probed, false);
	atomic_store(&index->stale, false);
	return 0;
}

int tusk_index_sync(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		    struct tusk_err *err)
{
	struct tusk_pack_list listed TUSK_AUTO_PACK_LIST = {0};
	struct tusk_index_sync_result result = {0};
	struct diff diff = {0};

	int status = read_diff(index, node, &listed, &diff, err);
	if (status == 0)
		status = apply_diff(index, node, &diff, &result, err);
	tusk_pack_list_release(&diff.added);
	tusk_pack_list_release(&diff.gone);
	if (status == 0)
		*ret_result = result;
	return status;
}

static int leave_full_disk(struct tusk_index *index, struct tusk_err *err)
{
	pthread_mutex_lock(&index->write_lock);
	pthread_rwlock_wrlock(&index->gate);
	int status = index->mode == TUSK_MODE_TEMPORARY ? -1 : tusk_index_env_leave(index, err);
	pthread_rwlock_unlock(&index->gate);
	pthread_mutex_unlock(&index->write_lock);
	return status;
}

int tusk_index_sync_to_read(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
			    struct tusk_err *err)
{
	struct tusk_err why = {0};

	if (tusk_index_sync(index, node, ret_result, &why) == 0)
		return 0;
	if (why.code == TUSK_E_FULL && leave_full_disk(index, &why) == 0) {
		tusk_err_clear(&why);
		if (tusk_index_sync(index, node, ret_result, &why) == 0)
			return 0;
	}
	if (err)
		*err = why;
	return -1;
}
