/* The inside of the index: its environment and its transactions. Private to store/index and its tests. */
#ifndef TUSK_INDEX_ENV_H
#define TUSK_INDEX_ENV_H

#include "index.h"
#include "index_entry.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define TUSK_INDEX_FILE    "index.lmdb"
#define TUSK_INDEX_LOCK    "index.lmdb-lock"
#define TUSK_INDEX_DAMAGED "index.lmdb.damaged"
#define TUSK_INDEX_USERS   "index.users"
#define TUSK_INDEX_GUARD   "index.guard"
#define TUSK_INDEX_WRITER  "index.writer"
#define TUSK_INDEX_VERSION 1u

/* Figures that tests make small. */
struct tusk_index_tuning {
	size_t map_size;           /* bytes: the smallest map */
	unsigned lock_wait_ms;     /* how long to wait for another process */
	unsigned probe_ms;         /* time for a probe, plus one for every MiB of the file */
	size_t write_probe_size;   /* bytes: a file up to this size is probed before the first write to it */
	size_t transaction_count;  /* entries in one transaction of an existing index */
	size_t rebuild_count;      /* entries held in memory during a rebuild */
	size_t rebuild_from_count; /* a sync of an empty index that brings so many entries is a rebuild */
};
extern const struct tusk_index_tuning tusk_index_default_tuning;
int tusk_index_open_tuned(const char *dir, const struct tusk_keys *keys, const struct tusk_index_tuning *tuning,
			  struct tusk_index **ret_index, struct tusk_err *err);

enum tusk_table {
	TUSK_TABLE_CHUNK,
	TUSK_TABLE_PACK,
	TUSK_TABLE_PACKID,
	TUSK_TABLE_SNAPSHOT,
	TUSK_TABLE_META,
	TUSK_TABLE_COUNT
};

/* An open environment. */
struct tusk_db {
	MDB_env *env; /* NULL: closed */
	MDB_dbi tables[TUSK_TABLE_COUNT];
	uint64_t seed; /* of the tags */
};

/* A folder with an index in it. */
struct tusk_place {
	char *path; /* absolute, NULL: none */
	int fd;     /* -1: none */
};

enum tusk_index_mode {
	TUSK_MODE_SHARED,    /* the state folder: other processes may use it too */
	TUSK_MODE_READ_ONLY, /* the same, when we may not write there */
	TUSK_MODE_TEMPORARY  /* a folder of our own, removed at close */
};

#define TUSK_READER_POOL 32

/* Invariants: 1. db.env != NULL iff the index is open; it changes only under gate held for writing. 2. A transaction is
 * active only while gate is held for reading. 3. Transactions in readers are reset. */
struct tusk_index {
	struct tusk_index_tuning tuning;
	struct tusk_keys keys;
	struct tusk_place home, temporary;
	enum tusk_index_mode mode;
	bool is_full; /* read only for want of space */
	pthread_rwlock_t gate;
	pthread_mutex_t write_lock; /* one writer in this process; taken before gate */
	pthread_mutex_t pool_lock;  /* readers, reader_count */
	MDB_txn *readers[TUSK_READER_POOL];
	size_t reader_count;
	struct tusk_db db;
	ino_t inode;         /* of db's file */
	uint64_t generation; /* rises whenever db is opened; under gate */
	uint64_t written;    /* the generation that was probed for writing; under write_lock */
	int user_fd;         /* our file in index.users, or -1 */
	char user_name[64];
	atomic_bool stale;   /* made empty and not synced since */
	atomic_bool missed;  /* something was looked for in vain */
	atomic_bool suspect; /* a wrong tag or count was seen */
	atomic_bool probed;  /* and nothing has changed since */
};

static inline const struct tusk_place *tusk_index_place(const struct tusk_index *index)
{
	return index->mode == TUSK_MODE_TEMPORARY ? &index->temporary : &index->home;
}

/* Environments (db.c). The codes are LMDB's. */
enum tusk_db_open { TUSK_DB_EXISTING, TUSK_DB_CREATE, TUSK_DB_READ_ONLY };
int tusk_db_open(struct tusk_db *db, const char *path, const struct tusk_keys *keys, enum tusk_db_open how,
		 size_t map_size);
void tusk_db_close(struct tusk_db *db);
/* To be called once for every key looked up or written: now and then gives mapped pages back, so that the memory of the
 * process does not grow with the index (shed.c). */
void tusk_db_shed(const struct tusk_db *db);
/* Codes that mean that the file (not the call) is wrong. */
bool tusk_db_is_damage(int rc);
/* Says what failed. EIO on a full file system is TUSK_E_FULL. Returns -1. */
int tusk_db_error(int rc, const struct tusk_place *place, const char *doing, struct tusk_err *err);
int tusk_db_counters_get(const struct tusk_db *db, MDB_txn *txn, struct tusk_index_counters *ret_counters);
int tusk_db_counters_put(const struct tusk_db *db, MDB_txn *txn, const struct tusk_index_counters *counters);
/* To be called in every transaction that takes entries away (doubt.c). */
int tusk_db_doubt_raise(const struct tusk_db *db, MDB_txn *txn);
static inline MDB_val tusk_db_val(const void *data, size_t len)
{
	return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)data};
}

/* Opening and replacing what is in the folder (env.c). gate is held for writing. */
int tusk_index_env_open(struct tusk_index *index, struct tusk_err *err);
void tusk_index_env_close(struct tusk_index *index);
/* Puts our damaged environment aside (unless somebody else has already replaced it) and opens an empty one. */
int tusk_index_env_discard(struct tusk_index *index, struct tusk_err *err);
/* Makes file (in the folder) the index. */
int tusk_index_env_replace(struct tusk_index *index, const char *file, struct tusk_err *err);
/* Leaves the index for an empty temporary one. */
int tusk_index_env_leave(struct tusk_index *index, struct tusk_err *err);
/* The same for a read-only index that is to be written; TUSK_E_FULL where the disk is only full: that is for the user
 * to know. */
int tusk_index_env_make_writable(struct tusk_index *index, struct tusk_err *err);
/* Whether our environment is still the one in the folder. */
bool tusk_index_env_current(const struct tusk_index *index);

/* Other processes (users.c). */
/* Waits for the lock file name in the state folder (its holder's pid inside) and takes it. TUSK_E_LOCKED after the
 * tuned time. */
int tusk_index_lock(const struct tusk_index *index, const char *name, int *ret_fd, struct tusk_err *err);
void tusk_index_unlock(const int *fd);
#define TUSK_AUTO_INDEX_LOCK TUSK_CLEANUP(tusk_index_unlock)

struct tusk_file_pair {
	uint64_t data, lock; /* inode numbers of index.lmdb and its lock file; 0: missing */
};
/* Our own file in index.users, held locked while we live. */
int tusk_users_join(struct tusk_index *index, struct tusk_err *err);
int tusk_users_tell(const struct tusk_index *index, const struct tusk_file_pair *pair, struct tusk_err *err);
void tusk_users_leave(struct tusk_index *index);
/* ret_died: somebody ended without closing. ret_mixed: somebody alive uses one file of pair but not the other. */
int tusk_users_inspect(const struct tusk_index *index, const struct tusk_file_pair *pair, bool *ret_died,
		       bool *ret_mixed, struct tusk_err *err);
/* Removes the files of the dead. */
void tusk_users_sweep(const struct tusk_index *index);

/* Whether a file can be trusted (probe.c). */
bool tusk_probe_header(const struct tusk_place *place);
/* Reads the whole index in a child process, which may die of it. */
bool tusk_probe_run(const struct tusk_index *index);
/* What the child does: the pages first (pages.c), then what they hold. */
bool tusk_probe_walk(const struct tusk_db *db);
bool tusk_probe_pages(const struct tusk_db *db, MDB_txn *txn);

/* Sets how the keys of a table are compared (order.c). TUSK_TABLE_COUNT: the names of the tables. */
int tusk_db_order(MDB_txn *txn, MDB_dbi table, enum tusk_table which);

/* Runs work, which reads what may be damaged (guard.c). Where that kills (SIGBUS, SIGSEGV, an assertion of LMDB's) it
 * comes back with MDB_CORRUPTED; what work held at that moment is lost. So work takes no locks, and its transaction is
 * still to be ended. */
void tusk_guard_install(void); /* once for every environment that is opened */
int tusk_guard_run(int (*work)(void *context), void *context);
/* For whoever meets damage in the midst of LMDB: leaves the work; aborts where there is none. */
_Noreturn void tusk_guard_leave(void);
/* What LMDB calls before it aborts. */
void tusk_guard_assert(MDB_env *env, const char *message);

/* Transactions (txn.c). work returns an LMDB code and may be called again from the start: it must set its results
 * anew. A damaged index is replaced by an empty one under way, and work then sees that. */
typedef int tusk_index_work(const struct tusk_db *db, MDB_txn *txn, void *context);
int tusk_index_read(struct tusk_index *index, tusk_index_work *work, void *context, struct tusk_err *err);
int tusk_index_write(struct tusk_index *index, tusk_index_work *work, void *context, struct tusk_err *err);
void tusk_index_readers_clear(struct tusk_index *index);

#endif
