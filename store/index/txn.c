#include "index_env.h"
#include "index_sync.h"

#include <errno.h>
#include <sys/stat.h>

/* A map can double 40 times, a file be found damaged once or twice: more attempts mean that something else is wrong. */
#define ATTEMPTS_MAX 64

void tusk_index_readers_clear(struct tusk_index *index)
{
	pthread_mutex_lock(&index->pool_lock);
	while (index->reader_count > 0)
		mdb_txn_abort(index->readers[--index->reader_count]);
	pthread_mutex_unlock(&index->pool_lock);
}

/* Renewing a transaction that was reset costs a tenth of beginning one. */
static int reader_take(struct tusk_index *index, MDB_txn **ret_txn)
{
	MDB_txn *txn = NULL;

	pthread_mutex_lock(&index->pool_lock);
	if (index->reader_count > 0)
		txn = index->readers[--index->reader_count];
	pthread_mutex_unlock(&index->pool_lock);
	if (!txn)
		return mdb_txn_begin(index->db.env, NULL, MDB_RDONLY, ret_txn);
	int rc = mdb_txn_renew(txn);
	if (rc != 0)
		mdb_txn_abort(txn);
	else
		*ret_txn = txn;
	return rc;
}

static void reader_give(struct tusk_index *index, MDB_txn *txn)
{
	mdb_txn_reset(txn);
	pthread_mutex_lock(&index->pool_lock);
	if (index->reader_count < TUSK_READER_POOL) {
		index->readers[index->reader_count++] = txn;
		txn = NULL;
	}
	pthread_mutex_unlock(&index->pool_lock);
	if (txn)
		mdb_txn_abort(txn);
}

/* gate is held for writing. Stale readers keep old pages: without them the map may be large enough. */
static int grow(struct tusk_index *index)
{
	MDB_envinfo info;
	int dead = 0;

	int rc = mdb_env_info(index->db.env, &info);
	if (rc != 0)
		return rc;
	(void)mdb_reader_check(index->db.env, &dead);
	return mdb_env_set_mapsize(index->db.env, info.me_mapsize * 2);
}

/* Does what rc calls for, so that the transaction can be tried again; -1 when nothing helps. */
static int recover(struct tusk_index *index, int rc, uint64_t generation, struct tusk_err *err)
{
	const struct tusk_place *place = tusk_index_place(index);
	int result = 0, dead;

	pthread_rwlock_wrlock(&index->gate);
	if (!index->db.env || index->generation != generation)
		rc = 0; /* another thread was here first */
	else if (rc == MDB_MAP_FULL)
		rc = grow(index);
	else if (rc == MDB_MAP_RESIZED)
		rc = mdb_env_set_mapsize(index->db.env, 0);
	else if (rc == MDB_READERS_FULL)
		rc = mdb_reader_check(index->db.env, &dead) == 0 && dead > 0 ? 0 : rc;
	else if (tusk_db_is_damage(rc))
		rc = result = tusk_index_env_discard(index, err);
	else
		result = tusk_db_error(rc, place, "use", err);
	if (result == 0 && rc != 0)
		result = tusk_db_error(rc, place, "grow", err);
	pthread_rwlock_unlock(&index->gate);
	return result;
}

/* Takes gate for reading with an open environment behind it. */
static int enter(struct tusk_index *index, struct tusk_err *err)
{
	for (;;) {
		pthread_rwlock_rdlock(&index->gate);
		if (index->db.env)
			return 0;
		pthread_rwlock_unlock(&index->gate);
		pthread_rwlock_wrlock(&index->gate);
		int result = index->db.env ? 0 : tusk_index_env_open(index, err);
		pthread_rwlock_unlock(&index->gate);
		if (result < 0)
			return -1;
	}
}

static int gave_up(const struct tusk_index *index, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the index in %s fails again and again", index->home.path);
}

struct reading {
	struct tusk_index *index;
	tusk_index_work *work;
	void *context;
	MDB_txn *txn;
};

static int read_once(void *context)
{
	struct reading *reading = context;
	int rc = reader_take(reading->index, &reading->txn);

	return rc == 0 ? reading->work(&reading->index->db, reading->txn, reading->context) : rc;
}

int tusk_index_read(struct tusk_index *index, tusk_index_work *work, void *context, struct tusk_err *err)
{
	for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		struct reading reading = {.index = index, .work = work, .context = context};

		if (enter(index, err) < 0)
			return -1;
		uint64_t generation = index->generation;
		int rc = tusk_guard_run(read_once, &reading);
		if (reading.txn)
			reader_give(index, reading.txn);
		pthread_rwlock_unlock(&index->gate);
		if (rc == 0)
			return 0;
		if (recover(index, rc, generation, err) < 0)
			return -1;
	}
	return gave_up(index, err);
}

int tusk_index_prepare(struct tusk_index *index, bool is_writable, bool *ret_shared, struct tusk_err *err)
{
	int result = 0;

	if (enter(index, err) < 0)
		return -1;
	bool is_shared = index->mode == TUSK_MODE_SHARED;
	bool ready = (index->mode != TUSK_MODE_READ_ONLY || !is_writable) && tusk_index_env_current(index);
	pthread_rwlock_unlock(&index->gate);
	if (!ready) {
		pthread_rwlock_wrlock(&index->gate);
		if (index->mode == TUSK_MODE_READ_ONLY && is_writable) {
			result = tusk_index_env_make_writable(index, err);
		} else if (!index->db.env || !tusk_index_env_current(index)) {
			tusk_index_env_close(index);
			result = tusk_index_env_open(index, err);
		}
		is_shared = index->mode == TUSK_MODE_SHARED;
		pthread_rwlock_unlock(&index->gate);
	}
	if (result == 0 && ret_shared)
		*ret_shared = is_shared;
	return result;
}

/* LMDB trusts what a page says of itself and would write outside of it. Where it takes no time worth mentioning, the
 * file proves itself before the first write of a session; a large one only after a death. */
static int probe_before_write(struct tusk_index *index, struct tusk_err *err)
{
	struct stat status;
	int fd, result = 0;
	bool good = true;

	if (enter(index, err) < 0)
		return -1;
	uint64_t generation = index->generation;
	if (generation != index->written && index->mode == TUSK_MODE_SHARED &&
	    mdb_env_get_fd(index->db.env, &fd) == 0 && fstat(fd, &status) == 0 &&
	    (uint64_t)status.st_size <= index->tuning.write_probe_size)
		good = tusk_probe_run(index);
	pthread_rwlock_unlock(&index->gate);
	index->written = generation;
	if (good)
		return 0;
	pthread_rwlock_wrlock(&index->gate);
	if (index->db.env && index->generation == generation)
		result = tusk_index_env_discard(index, err);
	pthread_rwlock_unlock(&index->gate);
	return result;
}

static int write_once(struct tusk_index *index, tusk_index_work *work, void *context, uint64_t *ret_generation,
		      int *ret_rc, struct tusk_err *err)
{
	int writer TUSK_AUTO_INDEX_LOCK = -1;
	bool is_shared;
	MDB_txn *txn;

	if (tusk_index_prepare(index, true, &is_shared, err) != 0 || probe_before_write(index, err) < 0)
		return -1;
	/* LMDB's own lock waits for ever, also for a process that is stopped. */
	if (is_shared && tusk_index_lock(index, TUSK_INDEX_WRITER, &writer, err) < 0)
		return -1;
	if (enter(index, err) < 0)
		return -1;
	*ret_generation = index->generation;
	int rc = mdb_txn_begin(index->db.env, NULL, 0, &txn);
	if (rc == 0) {
		rc = work(&index->db, txn, context);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	pthread_rwlock_unlock(&index->gate);
	*ret_rc = rc;
	return 0;
}

int tusk_index_write(struct tusk_index *index, tusk_index_work *work, void *context, struct tusk_err *err)
{
	int result = 1;

	pthread_mutex_lock(&index->write_lock);
	for (int attempt = 0; result == 1 && attempt < ATTEMPTS_MAX; attempt++) {
		uint64_t generation;
		int rc;

		if (write_once(index, work, context, &generation, &rc, err) < 0)
			result = -1;
		else if (rc == 0)
			result = 0;
		else if (recover(index, rc, generation, err) < 0)
			result = -1;
	}
	pthread_mutex_unlock(&index->write_lock);
	atomic_store(&index->probed, false);
	return result == 1 ? gave_up(index, err) : result;
}
