/* The cache of manifests' bodies. */
#include "index_env.h"

#include <errno.h>
#include <string.h>

#define BODY_MAX ((size_t)16 << 20)

struct body {
	const struct tusk_id *id;
	struct tusk_buf data; /* get: what was found; put: the body and its tag */
	bool found;
};

static int get_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	struct body *body = context;
	MDB_val key = tusk_db_val(body->id->bytes, TUSK_ID_SIZE), value;
	uint8_t tag[TUSK_SNAPSHOT_TAG_SIZE];
	int rc = mdb_get(txn, db->tables[TUSK_TABLE_SNAPSHOT], &key, &value);

	body->found = false;
	body->data.len = 0;
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (value.mv_size < sizeof(tag) || value.mv_size - sizeof(tag) > BODY_MAX)
		return 0;
	size_t len = value.mv_size - sizeof(tag);
	tusk_snapshot_tag(db->seed, body->id, value.mv_data, len, tag);
	if (memcmp((const uint8_t *)value.mv_data + len, tag, sizeof(tag)) != 0)
		return 0;
	body->found = true;
	return tusk_buf_append(&body->data, value.mv_data, len) < 0 ? ENOMEM : 0;
}

int tusk_index_snapshot_get(struct tusk_index *index, const struct tusk_id *id, struct tusk_buf *ret_body,
			    struct tusk_err *err)
{
	struct body body = {.id = id};
	int result = tusk_index_read(index, get_work, &body, err);

	if (result < 0 || !body.found) {
		tusk_buf_release(&body.data);
		return result < 0 ? -1 : TUSK_INDEX_ABSENT;
	}
	tusk_buf_release(ret_body);
	*ret_body = body.data;
	return TUSK_INDEX_FOUND;
}

static int put_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct body *body = context;
	MDB_val key = tusk_db_val(body->id->bytes, TUSK_ID_SIZE), value = tusk_db_val(NULL, body->data.len);

	size_t len = body->data.len - TUSK_SNAPSHOT_TAG_SIZE;
	tusk_snapshot_tag(db->seed, body->id, body->data.data, len, body->data.data + len);
	value.mv_data = body->data.data;
	return mdb_put(txn, db->tables[TUSK_TABLE_SNAPSHOT], &key, &value, 0);
}

int tusk_index_snapshot_put(struct tusk_index *index, const struct tusk_id *id, const void *body, size_t len,
			    struct tusk_err *err)
{
	static const uint8_t room_for_tag[TUSK_SNAPSHOT_TAG_SIZE];
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	if (len > BODY_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "a manifest of %zu bytes is too large for the index", len);
	if (tusk_buf_append(&data, body, len) < 0 || tusk_buf_append(&data, room_for_tag, sizeof(room_for_tag)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot keep a manifest in the index: out of memory");
	struct body work = {.id = id, .data = data};
	return tusk_index_write(index, put_work, &work, err);
}

struct bodies {
	struct tusk_index_body *items;
	size_t count;
};

static int put_many_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct bodies *bodies = context;

	for (size_t i = 0; i < bodies->count; i++) {
		struct body body = {.id = &bodies->items[i].id, .data = bodies->items[i].body};
		int rc = put_work(db, txn, &body);

		if (rc != 0)
			return rc;
	}
	return 0;
}

int tusk_index_snapshot_put_many(struct tusk_index *index, struct tusk_index_body *bodies, size_t count,
				 struct tusk_err *err)
{
	static const uint8_t room_for_tag[TUSK_SNAPSHOT_TAG_SIZE];
	struct bodies work = {.items = bodies, .count = count};

	for (size_t i = 0; i < count; i++)
		if (tusk_buf_append(&bodies[i].body, room_for_tag, sizeof(room_for_tag)) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot keep manifests in the index: out of memory");
	return tusk_index_write(index, put_many_work, &work, err);
}

static int drop_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct body *body = context;
	MDB_val key = tusk_db_val(body->id->bytes, TUSK_ID_SIZE);
	int rc = mdb_del(txn, db->tables[TUSK_TABLE_SNAPSHOT], &key, NULL);

	return rc == MDB_NOTFOUND ? 0 : rc;
}

int tusk_index_snapshot_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err)
{
	struct body body = {.id = id};

	return tusk_index_write(index, drop_work, &body, err);
}
