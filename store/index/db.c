#include "index_env.h"

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define READERS_MAX   512
#define MAP_SIZE_MIN  ((size_t)1 << 20)
#define LOCK_SIZE     (READERS_MAX * 64 + 4096)
#define LOW_SPACE     ((uint64_t)16 << 20)
#define VERSION_KEY   "version"
#define REPOSITORY    "repository"
#define COUNTERS_KEY  "counters"
#define REPOSITORY_ID 16

static const char *const table_names[TUSK_TABLE_COUNT] = {"chunk", "pack", "packid", "snapshot", "meta"};

static int meta_get(const struct tusk_db *db, MDB_txn *txn, const char *name, MDB_val *ret_value)
{
	MDB_val key = tusk_db_val(name, strlen(name));

	return mdb_get(txn, db->tables[TUSK_TABLE_META], &key, ret_value);
}

static int meta_put(const struct tusk_db *db, MDB_txn *txn, const char *name, const void *data, size_t len)
{
	MDB_val key = tusk_db_val(name, strlen(name)), value = tusk_db_val(data, len);

	return mdb_put(txn, db->tables[TUSK_TABLE_META], &key, &value, 0);
}

int tusk_db_counters_get(const struct tusk_db *db, MDB_txn *txn, struct tusk_index_counters *ret_counters)
{
	MDB_val value;
	int rc = meta_get(db, txn, COUNTERS_KEY, &value);

	if (rc == 0 && !tusk_index_counters_decode(value.mv_data, value.mv_size, ret_counters))
		rc = MDB_CORRUPTED;
	return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

int tusk_db_counters_put(const struct tusk_db *db, MDB_txn *txn, const struct tusk_index_counters *counters)
{
	uint8_t value[TUSK_COUNTERS_SIZE];

	tusk_index_counters_encode(counters, value);
	return meta_put(db, txn, COUNTERS_KEY, value, sizeof(value));
}

static int write_meta(const struct tusk_db *db, MDB_txn *txn, const struct tusk_keys *keys)
{
	const struct tusk_index_counters counters = {.next = 1};
	uint8_t version[4];
	int rc;

	tusk_store_u32(version, TUSK_INDEX_VERSION);
	rc = meta_put(db, txn, VERSION_KEY, version, sizeof(version));
	if (rc == 0)
		rc = meta_put(db, txn, REPOSITORY, keys->repository, REPOSITORY_ID);
	return rc == 0 ? tusk_db_counters_put(db, txn, &counters) : rc;
}

/* An index of another version or of another repository counts as damaged: it is as useless. */
static int check_meta(const struct tusk_db *db, MDB_txn *txn, const struct tusk_keys *keys)
{
	struct tusk_index_counters counters;
	MDB_val value;
	int rc = meta_get(db, txn, VERSION_KEY, &value);

	if (rc == 0 && (value.mv_size != 4 || tusk_load_u32(value.mv_data) != TUSK_INDEX_VERSION))
		rc = MDB_INVALID;
	if (rc == 0)
		rc = meta_get(db, txn, REPOSITORY, &value);
	if (rc == 0 && (value.mv_size != REPOSITORY_ID || memcmp(value.mv_data, keys->repository, REPOSITORY_ID) != 0))
		rc = MDB_INVALID;
	return rc == 0 ? tusk_db_counters_get(db, txn, &counters) : rc;
}

struct opening {
	struct tusk_db *db;
	const struct tusk_keys *keys;
	bool create;
	MDB_txn *txn;
};

static int use_tables(void *context)
{
	struct opening *opening = context;
	struct tusk_db *db = opening->db;
	MDB_dbi names;
	int rc = mdb_txn_begin(db->env, NULL, opening->create ? 0 : MDB_RDONLY, &opening->txn);

	if (rc == 0)
		rc = mdb_dbi_open(opening->txn, NULL, 0, &names);
	if (rc == 0)
		rc = tusk_db_order(opening->txn, names, TUSK_TABLE_COUNT);
	for (int i = 0; rc == 0 && i < TUSK_TABLE_COUNT; i++) {
		rc = mdb_dbi_open(opening->txn, table_names[i], opening->create ? MDB_CREATE : 0, &db->tables[i]);
		if (rc == 0)
			rc = tusk_db_order(opening->txn, db->tables[i], (enum tusk_table)i);
	}
	if (rc == 0)
		rc = opening->create ? write_meta(db, opening->txn, opening->keys)
				     : check_meta(db, opening->txn, opening->keys);
	return rc;
}

static int open_tables(struct tusk_db *db, const struct tusk_keys *keys, enum tusk_db_open how)
{
	struct opening opening = {.db = db, .keys = keys, .create = how == TUSK_DB_CREATE};
	int rc = opening.create ? use_tables(&opening) : tusk_guard_run(use_tables, &opening);

	if (rc != 0) {
		mdb_txn_abort(opening.txn);
		return rc == MDB_NOTFOUND ? MDB_INVALID : rc;
	}
	return mdb_txn_commit(opening.txn); /* keeps the handles of the tables */
}

static unsigned flags_for(const char *path, enum tusk_db_open how)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
	struct stat status;

	if (how == TUSK_DB_READ_ONLY)
		flags |= MDB_RDONLY;
	if (stat(path, &status) == 0 && status.st_size / page > pages)
		flags |= MDB_NORDAHEAD;
	return flags;
}

static int open_env(struct tusk_db *db, const char *path, unsigned flags, size_t map_size)
{
	int rc = mdb_env_create(&db->env), fd;

	if (rc != 0)
		return rc;
	rc = mdb_env_set_mapsize(db->env, map_size);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(db->env, TUSK_TABLE_COUNT);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(db->env, READERS_MAX);
	if (rc == 0)
		rc = mdb_env_set_assert(db->env, tusk_guard_assert);
	if (rc == 0)
		rc = mdb_env_open(db->env, path, flags, 0600);
	/* LMDB 0.9.24 forgets it for this one of its three. */
	if (rc == 0 && mdb_env_get_fd(db->env, &fd) == 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (rc != 0)
		tusk_db_close(db);
	return rc;
}

/* LMDB makes its lock file with holes and writes to it through a map: on a full disk that would be a SIGBUS. Only while
 * this process does not have it open, since closing any descriptor of it drops the locks. */
static int reserve_lock(const char *path)
{
	char lock[PATH_MAX];

	if (snprintf(lock, sizeof(lock), "%s-lock", path) >= (int)sizeof(lock))
		return ENAMETOOLONG;
	int fd TUSK_AUTO_FD = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	int rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOCK_SIZE) < 0 ? errno : 0;
	return rc == ENOSPC || rc == EDQUOT ? rc : 0;
}

/* A process with little address space gets a smaller map. One that may not write the lock file reads without it: only
 * then, and the tags tell if somebody else writes meanwhile. */
int tusk_db_open(struct tusk_db *db, const char *path, const struct tusk_keys *keys, enum tusk_db_open how,
		 size_t map_size)
{
	unsigned flags = flags_for(path, how);
	int dead, rc;

	tusk_guard_install();
	db->seed = tusk_load_u64(keys->index);
	rc = how == TUSK_DB_READ_ONLY ? 0 : reserve_lock(path);
	if (rc != 0)
		return rc;
	for (;;) {
		rc = open_env(db, path, flags, map_size);
		if (rc == EACCES && how == TUSK_DB_READ_ONLY && !(flags & MDB_NOLOCK))
			flags |= MDB_NOLOCK;
		else if ((rc == ENOMEM || rc == EINVAL) && map_size > MAP_SIZE_MIN)
			map_size /= 2;
		else
			break;
	}
	if (rc != 0)
		return rc;
	if (!(flags & MDB_NOLOCK))
		(void)mdb_reader_check(db->env, &dead);
	rc = open_tables(db, keys, how);
	if (rc != 0)
		tusk_db_close(db);
	return rc;
}

void tusk_db_close(struct tusk_db *db)
{
	if (db->env)
		mdb_env_close(db->env);
	db->env = NULL;
}

bool tusk_db_is_damage(int rc)
{
	switch (rc) {
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_PANIC:
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN:
	case MDB_BAD_VALSIZE:
	case MDB_BAD_DBI:
	case EBADF:
	case EINVAL:
		return true;
	default:
		return false;
	}
}

static bool is_space_low(const struct tusk_place *place)
{
	struct statvfs status;

	return fstatvfs(place->fd, &status) == 0 && (uint64_t)status.f_bavail * status.f_frsize < LOW_SPACE;
}

int tusk_db_error(int rc, const struct tusk_place *place, const char *doing, struct tusk_err *err)
{
	if (rc == EIO && is_space_low(place))
		rc = ENOSPC;
	if (rc == ENOMEM)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot %s the index in %s: out of memory", doing,
				    place->path);
	if (rc > 0)
		return tusk_err_set(err, TUSK_E_IO, rc, "cannot %s the index in %s", doing, place->path);
	if (tusk_db_is_damage(rc))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "cannot %s the index in %s: it is damaged (%s)", doing,
				    place->path, mdb_strerror(rc));
	return tusk_err_set(err, TUSK_E_INTERNAL, 0, "cannot %s the index in %s: %s", doing, place->path,
			    mdb_strerror(rc));
}
