#include "index_items.h"

#include "fileio.h"
#include "index_sync.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

const struct tusk_index_tuning tusk_index_default_tuning = {
    .map_size = (size_t)1 << 30,
    .lock_wait_ms = 30000,
    .probe_ms = 10000,
    .write_probe_size = (size_t)64 << 20,
    .transaction_count = 8192, /* each may dirty a page of its own, held in memory until the commit */
    .rebuild_count = 1000000,
    .rebuild_from_count = 50000,
};

static void place_release(struct tusk_place *place)
{
	free(place->path);
	if (place->fd >= 0)
		close(place->fd);
	*place = (struct tusk_place){.fd = -1};
}

static void remove_temporary(const struct tusk_place *place)
{
	static const char *const files[] = {TUSK_INDEX_FILE, TUSK_INDEX_LOCK, TUSK_INDEX_DAMAGED};

	if (!place->path)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(place->fd, files[i], 0);
	rmdir(place->path);
}

/* A folder that cannot be made or opened is no failure: the index is then a temporary one. */
static int open_home(struct tusk_index *index, const char *dir, struct tusk_err *err)
{
	struct tusk_err why = {0};
	int result = tusk_make_directories(dir, 0700, &why);

	if (result < 0 && why.code == TUSK_E_NOMEM)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open the index in %s: out of memory", dir);
	/* Absolute, because a daemon changes its folder before the first use. */
	index->home.path = realpath(dir, NULL);
	if (index->home.path)
		index->home.fd = open(index->home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		index->home.path = strdup(dir);
	if (!index->home.path)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open the index in %s: out of memory", dir);
	if (index->home.fd < 0)
		index->mode = TUSK_MODE_TEMPORARY;
	return 0;
}

/* Reading threads come and go without pause: one that wants to grow the map shall not wait for ever. */
static void init_locks(struct tusk_index *index)
{
	pthread_rwlockattr_t attributes;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&index->gate, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	pthread_mutex_init(&index->write_lock, NULL);
	pthread_mutex_init(&index->pool_lock, NULL);
}

int tusk_index_open_tuned(const char *dir, const struct tusk_keys *keys, const struct tusk_index_tuning *tuning,
			  struct tusk_index **ret_index, struct tusk_err *err)
{
	struct tusk_index *index = calloc(1, sizeof(*index));

	if (!index)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open the index in %s: out of memory", dir);
	index->tuning = *tuning;
	index->keys = *keys;
	index->home.fd = index->temporary.fd = index->user_fd = -1;
	init_locks(index);
	if (open_home(index, dir, err) < 0) {
		tusk_index_close(index);
		return -1;
	}
	*ret_index = index;
	return 0;
}

int tusk_index_open(const char *dir, const struct tusk_keys *keys, struct tusk_index **ret_index, struct tusk_err *err)
{
	return tusk_index_open_tuned(dir, keys, &tusk_index_default_tuning, ret_index, err);
}

void tusk_index_close(struct tusk_index *index)
{
	if (!index)
		return;
	tusk_index_env_close(index);
	remove_temporary(&index->temporary);
	place_release(&index->temporary);
	place_release(&index->home);
	pthread_rwlock_destroy(&index->gate);
	pthread_mutex_destroy(&index->write_lock);
	pthread_mutex_destroy(&index->pool_lock);
	tusk_keys_wipe(&index->keys);
	free(index);
}

bool tusk_index_is_stale(struct tusk_index *index)
{
	return atomic_load(&index->stale);
}

struct find {
	const struct tusk_id *ids;
	size_t count;
	struct tusk_location *locations;
	bool *found;
	bool missed, suspect;
};

static int find_one(const struct tusk_db *db, MDB_txn *txn, struct find *find, size_t i)
{
	const struct tusk_id *id = &find->ids[i];
	MDB_val key = tusk_db_val(id->bytes, TUSK_ID_SIZE), value;
	struct tusk_pack_row row;
	struct tusk_entry entry;

	find->found[i] = false;
	tusk_db_shed(db);
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_CHUNK], &key, &value);
	if (rc == MDB_NOTFOUND) {
		find->missed = true;
		return 0;
	}
	if (rc == 0)
		rc = tusk_entry_check(db, txn, id, &value, &find->found[i], &entry, &row);
	if (rc != 0)
		return rc;
	if (!find->found[i]) {
		find->missed = find->suspect = true;
		return 0;
	}
	find->locations[i] = (struct tusk_location){.pack = row.id,
						    .record = {.id = *id,
							       .offset = entry.offset,
							       .stored = entry.stored,
							       .raw = entry.raw,
							       .type = entry.type,
							       .codec = entry.codec}};
	return 0;
}

static int find_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct find *find = context;
	int rc = 0;

	find->missed = find->suspect = false;
	for (size_t i = 0; rc == 0 && i < find->count; i++)
		rc = find_one(db, txn, find, i);
	return rc;
}

static void note(atomic_bool *flag, bool seen)
{
	if (seen && !atomic_load_explicit(flag, memory_order_relaxed))
		atomic_store_explicit(flag, true, memory_order_relaxed);
}

int tusk_index_find_many(struct tusk_index *index, const struct tusk_id *ids, size_t count,
			 struct tusk_location *ret_locations, bool *ret_found, struct tusk_err *err)
{
	struct find find = {.ids = ids, .count = count, .locations = ret_locations, .found = ret_found};

	if (tusk_index_read(index, find_work, &find, err) < 0)
		return -1;
	note(&index->missed, find.missed);
	note(&index->suspect, find.suspect);
	return 0;
}

int tusk_index_find(struct tusk_index *index, const struct tusk_id *id, struct tusk_location *ret_location,
		    struct tusk_err *err)
{
	bool found = false;

	if (tusk_index_find_many(index, id, 1, ret_location, &found, err) < 0)
		return -1;
	return found ? TUSK_INDEX_FOUND : TUSK_INDEX_ABSENT;
}

struct add {
	const struct tusk_toc *tocs;
	const uint64_t *sizes;
	size_t count;
	const struct tusk_items *items;
	uint32_t *numbers;
	uint64_t added;
};

/* Rows come before entries, so that entries put earlier in the same transaction count as valid. */
static int add_row(const struct tusk_db *db, MDB_txn *txn, struct add *add, size_t i,
		   struct tusk_index_counters *counters)
{
	const struct tusk_toc *toc = &add->tocs[i];
	const struct tusk_pack_row row = {
	    .id = toc->pack, .size = add->sizes[i], .records = toc->count, .kind = (uint8_t)toc->kind};
	int rc = tusk_pack_number_get(db, txn, &toc->pack, &add->numbers[i]);

	if (rc != MDB_NOTFOUND)
		return rc;
	if (counters->next > UINT32_MAX)
		return MDB_CORRUPTED;
	add->numbers[i] = (uint32_t)counters->next;
	rc = tusk_pack_row_put(db, txn, add->numbers[i], &row);
	counters->next++;
	counters->packs++;
	return rc;
}

static int add_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct tusk_index_counters counters;
	struct add *add = context;
	int rc = tusk_db_counters_get(db, txn, &counters);

	add->added = 0;
	for (size_t i = 0; rc == 0 && i < add->count; i++)
		rc = add_row(db, txn, add, i, &counters);
	if (rc == 0)
		rc = tusk_items_put(db, txn, add->items, 0, add->items->count, add->numbers, false, &add->added);
	counters.entries += add->added;
	return rc == 0 ? tusk_db_counters_put(db, txn, &counters) : rc;
}

static int add_batch(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
		     uint64_t *added, struct tusk_err *err)
{
	struct tusk_items items TUSK_AUTO_ITEMS = {0};
	uint32_t *numbers TUSK_AUTO_FREE = calloc(count, sizeof(*numbers));
	struct add add = {.tocs = tocs, .sizes = sizes, .count = count, .items = &items, .numbers = numbers};

	if (!numbers)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot add to the index: out of memory");
	for (size_t i = 0; i < count; i++)
		if (tusk_items_append(&items, &tocs[i], (uint32_t)i, err) < 0)
			return -1;
	if (tusk_items_sort(&items, err) < 0 || tusk_index_write(index, add_work, &add, err) < 0)
		return -1;
	*added += add.added;
	return 0;
}

/* A pack is never split: one that is known is known whole. */
int tusk_index_add_counted(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
			   uint64_t *ret_added, struct tusk_err *err)
{
	uint64_t added = 0;

	for (size_t from = 0, to; from < count; from = to) {
		size_t entries = tocs[from].count;

		for (to = from + 1; to < count && entries + tocs[to].count <= index->tuning.transaction_count; to++)
			entries += tocs[to].count;
		if (add_batch(index, tocs + from, sizes + from, to - from, &added, err) < 0)
			return -1;
	}
	*ret_added = added;
	return 0;
}

int tusk_index_add(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
		   struct tusk_err *err)
{
	uint64_t added;

	return tusk_index_add_counted(index, tocs, sizes, count, &added, err);
}

static int drop_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct tusk_id *id = context;
	MDB_val key = tusk_db_val(id->bytes, TUSK_ID_SIZE);
	struct tusk_index_counters counters;
	int rc = tusk_db_counters_get(db, txn, &counters);

	if (rc == 0)
		rc = mdb_del(txn, db->tables[TUSK_TABLE_CHUNK], &key, NULL);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	counters.entries--;
	rc = tusk_db_doubt_raise(db, txn);
	return rc == 0 ? tusk_db_counters_put(db, txn, &counters) : rc;
}

int tusk_index_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err)
{
	struct tusk_id copy = *id;

	return tusk_index_write(index, drop_work, &copy, err);
}

static int count_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	return tusk_db_counters_get(db, txn, context);
}

int tusk_index_count(struct tusk_index *index, uint64_t *ret_entries, uint64_t *ret_packs, struct tusk_err *err)
{
	struct tusk_index_counters counters;

	if (tusk_index_read(index, count_work, &counters, err) < 0)
		return -1;
	*ret_entries = counters.entries;
	*ret_packs = counters.packs;
	return 0;
}
