/* Dropping packs that the node no longer has, or that may go. */
#include "index_items.h"
#include "index_sync.h"

#include <errno.h>
#include <string.h>

#define NUMBERS_MAX (UINT64_C(1) << 28)

/* What is known of pack numbers: all of them below next. */
struct purge {
	const struct tusk_pack_list *gone;
	size_t limit;                 /* deletions in one transaction */
	uint64_t next;                /* pack numbers are below it */
	uint32_t *counts;             /* entries of each pack */
	bool *is_gone;                /* by number */
	struct tusk_id from, reached; /* the walk begins at from; reached is where it stopped */
	bool is_done;
	struct tusk_pack_list hiding; /* packs with fewer entries than records */
	uint64_t dropped;
};

/* Numbers are found anew in each transaction: another process may have replaced the index between two of them. */
static int find_numbers(const struct tusk_db *db, MDB_txn *txn, struct purge *purge)
{
	struct tusk_index_counters counters;
	int rc = tusk_db_counters_get(db, txn, &counters);

	if (rc != 0 || counters.next > NUMBERS_MAX)
		return rc != 0 ? rc : MDB_CORRUPTED;
	free(purge->counts);
	free(purge->is_gone);
	purge->next = counters.next;
	purge->counts = calloc(counters.next, sizeof(*purge->counts));
	purge->is_gone = calloc(counters.next, sizeof(*purge->is_gone));
	if (!purge->counts || !purge->is_gone)
		return ENOMEM;
	for (size_t i = 0; i < purge->gone->count; i++) {
		uint32_t number;

		rc = tusk_pack_number_get(db, txn, &purge->gone->packs[i].id, &number);
		if (rc == 0 && number < purge->next)
			purge->is_gone[number] = true;
		else if (rc != MDB_NOTFOUND)
			return rc != 0 ? rc : MDB_CORRUPTED;
	}
	return 0;
}

static bool must_go(const struct purge *purge, uint64_t seed, const struct tusk_id *id, const MDB_val *value)
{
	struct tusk_entry entry;

	return !tusk_entry_decode(seed, id, value->mv_data, value->mv_size, &entry) ||
	       (entry.pack < purge->next && purge->is_gone[entry.pack]);
}

/* Walks on from purge->from and deletes at most limit entries of packs that are gone, and those that are damaged. */
static int purge_entries(const struct tusk_db *db, MDB_cursor *cursor, struct purge *purge, uint64_t *deleted)
{
	MDB_val key = tusk_db_val(purge->from.bytes, TUSK_ID_SIZE), value;
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	while (rc == 0 && *deleted < purge->limit) {
		if (key.mv_size != TUSK_ID_SIZE)
			return MDB_CORRUPTED;
		memcpy(purge->reached.bytes, key.mv_data, TUSK_ID_SIZE);
		if (must_go(purge, db->seed, &purge->reached, &value)) {
			rc = mdb_cursor_del(cursor, 0);
			++*deleted;
		}
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	purge->is_done = rc == MDB_NOTFOUND;
	return purge->is_done ? 0 : rc;
}

static int purge_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct tusk_index_counters counters;
	struct purge *purge = context;
	uint64_t deleted = 0;
	MDB_cursor *cursor;

	int rc = tusk_db_counters_get(db, txn, &counters);
	if (rc == 0)
		rc = find_numbers(db, txn, purge);
	if (rc == 0)
		rc = mdb_cursor_open(txn, db->tables[TUSK_TABLE_CHUNK], &cursor);
	if (rc != 0)
		return rc;
	rc = purge_entries(db, cursor, purge, &deleted);
	mdb_cursor_close(cursor);
	counters.entries -= deleted;
	if (rc == 0 && deleted > 0)
		rc = tusk_db_doubt_raise(db, txn);
	return rc == 0 ? tusk_db_counters_put(db, txn, &counters) : rc;
}

/* Last: until then the next sync finds the packs gone again and goes on. */
static int rows_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct tusk_index_counters counters;
	struct purge *purge = context;
	int rc = tusk_db_counters_get(db, txn, &counters);

	purge->dropped = 0;
	for (size_t i = 0; rc == 0 && i < purge->gone->count; i++) {
		MDB_val id = tusk_db_val(purge->gone->packs[i].id.bytes, TUSK_ID_SIZE);
		uint8_t key_bytes[TUSK_PACK_KEY_SIZE];
		MDB_val key = tusk_db_val(key_bytes, sizeof(key_bytes));
		uint32_t number;

		rc = tusk_pack_number_get(db, txn, &purge->gone->packs[i].id, &number);
		if (rc == MDB_NOTFOUND) {
			rc = 0; /* another process forgot it */
			continue;
		}
		if (rc == 0)
			rc = mdb_del(txn, db->tables[TUSK_TABLE_PACKID], &id, NULL);
		tusk_pack_key(rc == 0 ? number : 0, key_bytes);
		if (rc == 0)
			rc = mdb_del(txn, db->tables[TUSK_TABLE_PACK], &key, NULL);
		purge->dropped++;
	}
	counters.packs -= purge->dropped;
	if (rc == 0 && purge->dropped > 0)
		rc = tusk_db_doubt_raise(db, txn);
	return rc == 0 ? tusk_db_counters_put(db, txn, &counters) : rc;
}

static int count_entries(const struct tusk_db *db, MDB_cursor *cursor, struct purge *purge)
{
	MDB_val key, value;
	int rc;

	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct tusk_entry entry;
		struct tusk_id id;

		if (key.mv_size != TUSK_ID_SIZE)
			return MDB_CORRUPTED;
		memcpy(id.bytes, key.mv_data, TUSK_ID_SIZE);
		if (tusk_entry_decode(db->seed, &id, value.mv_data, value.mv_size, &entry) && entry.pack < purge->next)
			purge->counts[entry.pack]++;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int find_hiding(const struct tusk_db *db, MDB_cursor *cursor, struct purge *purge)
{
	MDB_val key, value;
	int rc;

	purge->hiding.count = 0;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct tusk_pack_row row;

		if (key.mv_size != TUSK_PACK_KEY_SIZE)
			return MDB_CORRUPTED;
		uint32_t number = tusk_pack_key_number(key.mv_data);
		if (!tusk_pack_row_decode(db->seed, number, value.mv_data, value.mv_size, &row))
			return MDB_CORRUPTED;
		if (number < purge->next && purge->counts[number] < row.records &&
		    tusk_pack_list_append(&purge->hiding, &row.id, row.size, NULL) < 0)
			return ENOMEM;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* An id keeps the place it came with first, so a pack may hold others that the table does not show. */
static int hiding_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	MDB_cursor *chunks, *packs;
	int rc = find_numbers(db, txn, context);

	if (rc == 0)
		rc = mdb_cursor_open(txn, db->tables[TUSK_TABLE_CHUNK], &chunks);
	if (rc != 0)
		return rc;
	rc = count_entries(db, chunks, context);
	mdb_cursor_close(chunks);
	if (rc == 0)
		rc = mdb_cursor_open(txn, db->tables[TUSK_TABLE_PACK], &packs);
	if (rc != 0)
		return rc;
	rc = find_hiding(db, packs, context);
	mdb_cursor_close(packs);
	return rc;
}

static void purge_release(struct purge *purge)
{
	free(purge->counts);
	free(purge->is_gone);
	tusk_pack_list_release(&purge->hiding);
}

int tusk_index_forget(struct tusk_index *index, struct tusk_node *node, const struct tusk_pack_list *gone,
		      struct tusk_index_sync_result *result, struct tusk_err *err)
{
	struct purge purge TUSK_CLEANUP(purge_release) = {.gone = gone, .limit = index->tuning.transaction_count};
	struct tusk_index_sync_result found_again = {0};

	while (!purge.is_done) {
		if (tusk_index_write(index, purge_work, &purge, err) < 0)
			return -1;
		purge.from = purge.reached;
	}
	if (tusk_index_write(index, rows_work, &purge, err) < 0 || tusk_index_read(index, hiding_work, &purge, err) < 0)
		return -1;
	if (purge.hiding.count > 0 &&
	    tusk_index_add_listed(index, node, &purge.hiding, UINT64_MAX, &found_again, err) < 0)
		return -1;
	result->packs_dropped += purge.dropped;
	return 0;
}

/* Those of many packs that the index knows. */
struct known {
	const struct tusk_id *packs;
	size_t count;
	struct tusk_pack_list list;
};

static void known_release(struct known *known)
{
	tusk_pack_list_release(&known->list);
}

static int known_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct known *known = context;

	known->list.count = 0;
	for (size_t i = 0; i < known->count; i++) {
		uint32_t number;
		int rc = tusk_pack_number_get(db, txn, &known->packs[i], &number);
		if (rc == MDB_NOTFOUND)
			continue;
		if (rc != 0)
			return rc;
		if (tusk_pack_list_append(&known->list, &known->packs[i], 0, NULL) < 0)
			return ENOMEM;
	}
	return 0;
}

int tusk_index_forget_packs(struct tusk_index *index, struct tusk_node *node, const struct tusk_id *packs, size_t count,
			    struct tusk_err *err)
{
	struct known known TUSK_CLEANUP(known_release) = {.packs = packs, .count = count};
	struct tusk_index_sync_result ignored = {0};

	if (tusk_index_read(index, known_work, &known, err) < 0)
		return -1;
	return known.list.count ? tusk_index_forget(index, node, &known.list, &ignored, err) : 0;
}
