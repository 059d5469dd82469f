/* Whether what was stored once is still stored: a number that rises whenever entries go, and for each snapshot the
 * number at which all that it refers to was last looked up. */
#include "index_env.h"

#include "wire.h"

#include <string.h>

#define DOUBT_KEY  "doubt"
#define KEPT_KEY   "kept"
#define VALUE_SIZE (8 + TUSK_SNAPSHOT_TAG_SIZE)
#define KEY_MAX    (sizeof(KEPT_KEY) - 1 + TUSK_ID_SIZE)

static MDB_val make_key(const struct tusk_id *snapshot, uint8_t bytes[KEY_MAX])
{
	const char *name = snapshot ? KEPT_KEY : DOUBT_KEY;
	size_t len = strlen(name);

	memcpy(bytes, name, len);
	if (snapshot)
		memcpy(bytes + len, snapshot->bytes, TUSK_ID_SIZE);
	return tusk_db_val(bytes, len + (snapshot ? TUSK_ID_SIZE : 0));
}

static void tag(const struct tusk_db *db, const struct tusk_id *snapshot, uint8_t value[VALUE_SIZE])
{
	static const struct tusk_id none;
	tusk_snapshot_tag(db->seed, snapshot ? snapshot : &none, value, 8, value + 8);
}

/* snapshot NULL: the number itself. MDB_NOTFOUND also when the value is damaged. */
static int number_get(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *snapshot, uint64_t *ret_number)
{
	uint8_t bytes[KEY_MAX], expected[VALUE_SIZE];
	MDB_val key = make_key(snapshot, bytes), value;
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_META], &key, &value);

	if (rc != 0 || value.mv_size != VALUE_SIZE)
		return rc != 0 ? rc : MDB_NOTFOUND;
	memcpy(expected, value.mv_data, 8);
	tag(db, snapshot, expected);
	if (memcmp(expected, value.mv_data, VALUE_SIZE) != 0)
		return MDB_NOTFOUND;
	*ret_number = tusk_load_u64(value.mv_data);
	return 0;
}

static int number_put(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *snapshot, uint64_t number)
{
	uint8_t bytes[KEY_MAX], data[VALUE_SIZE];
	MDB_val key = make_key(snapshot, bytes), value = tusk_db_val(data, sizeof(data));

	tusk_store_u64(data, number);
	tag(db, snapshot, data);
	return mdb_put(txn, db->tables[TUSK_TABLE_META], &key, &value, 0);
}

int tusk_db_doubt_raise(const struct tusk_db *db, MDB_txn *txn)
{
	uint64_t doubt = 0;
	int rc = number_get(db, txn, NULL, &doubt);

	return rc == 0 || rc == MDB_NOTFOUND ? number_put(db, txn, NULL, doubt + 1) : rc;
}

struct inquiry {
	const struct tusk_id *snapshot;
	uint64_t doubt;
	bool is_settled;
};

static int doubt_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct inquiry *inquiry = context;
	uint64_t settled = 0;
	int rc = number_get(db, txn, NULL, &inquiry->doubt);

	if (rc == MDB_NOTFOUND)
		inquiry->doubt = 0;
	else if (rc != 0)
		return rc;
	rc = number_get(db, txn, inquiry->snapshot, &settled);
	inquiry->is_settled = rc == 0 && settled == inquiry->doubt;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int tusk_index_doubt(struct tusk_index *index, const struct tusk_id *snapshot, uint64_t *ret_doubt,
		     bool *ret_is_settled, struct tusk_err *err)
{
	struct inquiry inquiry = {.snapshot = snapshot};

	if (tusk_index_read(index, doubt_work, &inquiry, err) < 0)
		return -1;
	*ret_doubt = inquiry.doubt;
	*ret_is_settled = inquiry.is_settled;
	return 0;
}

struct settlement {
	const struct tusk_id *snapshot, *instead;
	uint64_t doubt;
};

static int settle_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct settlement *settlement = context;
	uint8_t bytes[KEY_MAX];
	int rc = number_put(db, txn, settlement->snapshot, settlement->doubt);

	if (rc != 0 || !settlement->instead)
		return rc;
	MDB_val key = make_key(settlement->instead, bytes);
	rc = mdb_del(txn, db->tables[TUSK_TABLE_META], &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int tusk_index_settle(struct tusk_index *index, const struct tusk_id *snapshot, const struct tusk_id *instead,
		      uint64_t doubt, struct tusk_err *err)
{
	struct settlement settlement = {.snapshot = snapshot, .instead = instead, .doubt = doubt};

	return tusk_index_write(index, settle_work, &settlement, err);
}
