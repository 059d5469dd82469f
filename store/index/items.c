#include "index_items.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_BITS    16
#define PREFETCH_COUNT 16
#define BUCKET_COUNT   ((size_t)1 << BUCKET_BITS)

void tusk_items_release(struct tusk_items *items)
{
	free(items->items);
	free(items->order);
	*items = (struct tusk_items){0};
}

uint64_t tusk_item_prefix(const struct tusk_id *id)
{
	return __builtin_bswap64(tusk_load_u64(id->bytes));
}

int tusk_items_reserve(struct tusk_items *items, size_t count, struct tusk_err *err)
{
	if (count <= items->capacity)
		return 0;
	size_t capacity = items->capacity + items->capacity / 2 > count ? items->capacity + items->capacity / 2 : count;
	struct tusk_item *grown = reallocarray(items->items, capacity, sizeof(*grown));
	if (grown)
		items->items = grown;
	uint32_t *order = grown ? reallocarray(items->order, capacity, sizeof(*order)) : NULL;
	if (!order)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot hold %zu entries of the index: out of memory", count);
	items->order = order;
	items->capacity = capacity;
	return 0;
}

struct tusk_item tusk_item_of(const struct tusk_record *record, uint32_t pack)
{
	return (struct tusk_item){.id = record->id,
				  .entry = {.pack = pack,
					    .offset = record->offset,
					    .stored = record->stored,
					    .raw = record->raw,
					    .type = record->type,
					    .codec = record->codec}};
}

int tusk_items_append(struct tusk_items *items, const struct tusk_toc *toc, uint32_t pack, struct tusk_err *err)
{
	if (tusk_items_reserve(items, items->count + toc->count, err) < 0)
		return -1;
	for (uint32_t i = 0; i < toc->count; i++)
		items->items[items->count++] = tusk_item_of(&toc->records[i], pack);
	return 0;
}

/* Equal ids stay in the order in which they came, so that the first pack wins. */
static int compare_items(const void *a, const void *b, void *context)
{
	const struct tusk_item *items = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	int order = memcmp(items[left].id.bytes, items[right].id.bytes, TUSK_ID_SIZE);

	return order != 0 ? order : (left > right) - (left < right);
}

/* Ids are hashes: dealing them into as many buckets as the range of their first bytes allows leaves a few in each. */
int tusk_items_sort(struct tusk_items *items, struct tusk_err *err)
{
	uint64_t low = UINT64_MAX, high = 0;
	unsigned shift = 0;

	for (size_t i = 0; i < items->count; i++) {
		uint64_t prefix = tusk_item_prefix(&items->items[i].id);

		low = prefix < low ? prefix : low;
		high = prefix > high ? prefix : high;
	}
	if (items->count < 2)
		low = high = 0;
	while ((high - low) >> shift >= BUCKET_COUNT)
		shift++;
	size_t *ends TUSK_AUTO_FREE = calloc(BUCKET_COUNT + 1, sizeof(*ends));
	if (!ends)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot sort entries of the index: out of memory");
	for (size_t i = 0; i < items->count; i++)
		ends[((tusk_item_prefix(&items->items[i].id) - low) >> shift) % BUCKET_COUNT + 1]++;
	for (size_t i = 1; i <= BUCKET_COUNT; i++)
		ends[i] += ends[i - 1];
	/* ends[b] begins as the start of bucket b and is its end when all are dealt. */
	for (size_t i = 0; i < items->count; i++)
		items->order[ends[((tusk_item_prefix(&items->items[i].id) - low) >> shift) % BUCKET_COUNT]++] =
		    (uint32_t)i;
	for (size_t b = 0, start = 0; b < BUCKET_COUNT; start = ends[b++])
		if (ends[b] - start > 1)
			qsort_r(items->order + start, ends[b] - start, sizeof(*items->order), compare_items,
				items->items);
	return 0;
}

int tusk_entry_check(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *id, const MDB_val *value,
		     bool *ret_valid, struct tusk_entry *ret_entry, struct tusk_pack_row *ret_row)
{
	uint8_t number[TUSK_PACK_KEY_SIZE];
	MDB_val key = tusk_db_val(number, sizeof(number)), row;

	*ret_valid = false;
	if (!tusk_entry_decode(db->seed, id, value->mv_data, value->mv_size, ret_entry))
		return 0;
	tusk_pack_key(ret_entry->pack, number);
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_PACK], &key, &row);
	if (rc == 0)
		*ret_valid = tusk_pack_row_decode(db->seed, ret_entry->pack, row.mv_data, row.mv_size, ret_row);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int put_one(const struct tusk_db *db, MDB_txn *txn, const struct tusk_item *item, uint32_t number,
		   unsigned *flags, uint64_t *added)
{
	MDB_dbi table = db->tables[TUSK_TABLE_CHUNK];
	struct tusk_entry entry = item->entry, old;
	struct tusk_pack_row row;
	uint8_t bytes[TUSK_ENTRY_SIZE];
	MDB_val key = tusk_db_val(item->id.bytes, TUSK_ID_SIZE), value = tusk_db_val(bytes, sizeof(bytes));
	bool is_valid;

	entry.pack = number;
	tusk_entry_encode(db->seed, &item->id, &entry, bytes);
	int rc = mdb_put(txn, table, &key, &value, *flags);
	if (rc == MDB_KEYEXIST && *flags == MDB_APPEND) {
		*flags = MDB_NOOVERWRITE; /* a duplicate, or not the last key */
		rc = mdb_put(txn, table, &key, &value, *flags);
	}
	if (rc != MDB_KEYEXIST) {
		*added += rc == 0;
		return rc;
	}
	rc = tusk_entry_check(db, txn, &item->id, &value, &is_valid, &old, &row);
	if (rc != 0 || is_valid)
		return rc;
	value = tusk_db_val(bytes, sizeof(bytes));
	return mdb_put(txn, table, &key, &value, 0);
}

int tusk_items_put(const struct tusk_db *db, MDB_txn *txn, const struct tusk_items *items, size_t from, size_t to,
		   const uint32_t *numbers, bool append, uint64_t *ret_added)
{
	unsigned flags = append ? MDB_APPEND : MDB_NOOVERWRITE;
	int rc = 0;

	for (size_t i = from; rc == 0 && i < to; i++) {
		const struct tusk_item *item = &items->items[items->order[i]];

		/* They lie where they came from, all over the memory. */
		if (i + PREFETCH_COUNT < to)
			__builtin_prefetch(&items->items[items->order[i + PREFETCH_COUNT]]);
		if (i > from && append && tusk_id_equal(&item->id, &items->items[items->order[i - 1]].id))
			continue;
		tusk_db_shed(db);
		rc = put_one(db, txn, item, numbers[item->entry.pack], &flags, ret_added);
	}
	return rc;
}

int tusk_pack_row_put(const struct tusk_db *db, MDB_txn *txn, uint32_t number, const struct tusk_pack_row *row)
{
	uint8_t key_bytes[TUSK_PACK_KEY_SIZE], bytes[TUSK_PACK_ROW_SIZE], number_bytes[4];
	MDB_val key = tusk_db_val(key_bytes, sizeof(key_bytes)), value = tusk_db_val(bytes, sizeof(bytes));
	MDB_val id = tusk_db_val(row->id.bytes, TUSK_ID_SIZE),
		id_value = tusk_db_val(number_bytes, sizeof(number_bytes));

	tusk_pack_key(number, key_bytes);
	tusk_pack_row_encode(db->seed, number, row, bytes);
	tusk_store_u32(number_bytes, number);
	int rc = mdb_put(txn, db->tables[TUSK_TABLE_PACK], &key, &value, 0);
	return rc == 0 ? mdb_put(txn, db->tables[TUSK_TABLE_PACKID], &id, &id_value, 0) : rc;
}

int tusk_pack_number_get(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *id, uint32_t *ret_number)
{
	MDB_val key = tusk_db_val(id->bytes, TUSK_ID_SIZE), value;
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_PACKID], &key, &value);

	if (rc == 0 && value.mv_size != sizeof(uint32_t))
		return MDB_CORRUPTED;
	if (rc == 0)
		*ret_number = tusk_load_u32(value.mv_data);
	return rc;
}
