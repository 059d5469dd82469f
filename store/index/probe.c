/* LMDB 0.9 has no checksums: a damaged file can crash its reader or answer wrongly. What is checked here finds nearly
 * all damage (the pages, the order of keys, the tag of every entry, the counts of two sources), in a child
 * process, because reading a damaged file may kill. */
#include "index_env.h"

#include "fileio.h"
#include "tusk/clock.h"
#include "tusk/sabotage.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Of LMDB 0.9 on 64 bits: the two first pages are copies of the root of everything; the one with the higher transaction
 * number counts. */
#define META_MAGIC      0xBEEFC0DEu
#define META_VERSION    1u
#define META_SIZE       152
#define META_AT_FLAGS   10
#define META_AT_MAGIC   16
#define META_AT_VERSION 20
#define META_AT_PAGE    40
#define META_AT_FREE    44 /* flags of the free list's tree, and of the environment */
#define META_AT_LAST    136
#define META_AT_TXN     144
#define META_AT_ROOTS   40 /* two of: u32, u16, u16 depth, 5 x u64, root in the last */
#define ROOT_SIZE       48
#define META_FLAG       0x08
#define FREE_FLAGS      0x4008 /* MDB_INTEGERKEY, MDB_NOSUBDIR */
#define DEPTH_MAX       32
#define HEADER_TRIES    3

#define PAGES_TRIES 3
#define NUMBERS_MAX (UINT64_C(1) << 28)

static bool check_roots(const uint8_t *meta, uint64_t last)
{
	for (int i = 0; i < 2; i++) {
		const uint8_t *root = meta + META_AT_ROOTS + (size_t)i * ROOT_SIZE;
		uint64_t page = tusk_load_u64(root + 40);

		if ((page != UINT64_MAX && page > last) || tusk_load_u16(root + 6) > DEPTH_MAX)
			return false;
	}
	return true;
}

static bool check_metas(int fd, uint32_t page_size)
{
	uint64_t last = 0, newest = 0, txns[2];
	struct stat status;
	size_t len;

	for (int i = 0; i < 2; i++) {
		uint8_t meta[META_SIZE];

		if (tusk_pread_full(fd, meta, sizeof(meta), (uint64_t)i * page_size, &len, TUSK_INDEX_FILE, NULL) < 0 ||
		    len != sizeof(meta) || tusk_load_u32(meta + META_AT_MAGIC) != META_MAGIC ||
		    tusk_load_u32(meta + META_AT_VERSION) != META_VERSION || tusk_load_u64(meta) != (uint64_t)i ||
		    tusk_load_u16(meta + META_AT_FLAGS) != META_FLAG ||
		    tusk_load_u32(meta + META_AT_PAGE) != page_size ||
		    tusk_load_u16(meta + META_AT_FREE) != FREE_FLAGS ||
		    !check_roots(meta, tusk_load_u64(meta + META_AT_LAST)))
			return false;
		txns[i] = tusk_load_u64(meta + META_AT_TXN);
		if (i == 0 || txns[i] > newest) {
			newest = txns[i];
			last = tusk_load_u64(meta + META_AT_LAST);
		}
	}
	/* Transactions take turns: even ones write the first page, odd ones the second. */
	if (txns[0] % 2 != 0 || (txns[1] % 2 != 1 && txns[1] != 0) || newest - txns[0] > 1 || newest - txns[1] > 1)
		return false;
	return fstat(fd, &status) == 0 && last < UINT64_MAX / page_size &&
	       (uint64_t)status.st_size / page_size >= last + 1;
}

bool tusk_probe_header(const struct tusk_place *place)
{
	int fd TUSK_AUTO_FD = openat(place->fd, TUSK_INDEX_FILE, O_RDONLY | O_CLOEXEC);
	uint32_t page_size = (uint32_t)sysconf(_SC_PAGESIZE);

	if (fd < 0)
		return false;
	/* Another process may be writing these very pages. */
	for (int i = 0; i < HEADER_TRIES; i++)
		if (check_metas(fd, page_size))
			return true;
	return false;
}

/* The walk of one table. page is where the last key lay: neighbours on different pages are looked up from the root,
 * which tries the branch page between them. */
struct walk {
	const struct tusk_db *db;
	MDB_txn *txn;
	uint8_t *known; /* bit n: there is a pack of number n */
	uint64_t next;
	uint64_t count;
};

typedef bool visit_entry(struct walk *walk, const MDB_val *key, const MDB_val *value);

static bool is_known(const struct walk *walk, uint32_t number)
{
	return number < walk->next && (walk->known[number / 8] >> (number % 8) & 1);
}

static bool visit_chunk(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	struct tusk_entry entry;

	return key->mv_size == TUSK_ID_SIZE &&
	       tusk_entry_decode(walk->db->seed, key->mv_data, value->mv_data, value->mv_size, &entry) &&
	       is_known(walk, entry.pack);
}

static bool visit_pack(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	struct tusk_pack_row row;

	if (key->mv_size != TUSK_PACK_KEY_SIZE)
		return false;
	uint32_t number = tusk_pack_key_number(key->mv_data);
	if (number >= walk->next || !tusk_pack_row_decode(walk->db->seed, number, value->mv_data, value->mv_size, &row))
		return false;
	walk->known[number / 8] |= (uint8_t)(1u << (number % 8));
	MDB_val id = tusk_db_val(row.id.bytes, TUSK_ID_SIZE), found;
	return mdb_get(walk->txn, walk->db->tables[TUSK_TABLE_PACKID], &id, &found) == 0 && found.mv_size == 4 &&
	       tusk_load_u32(found.mv_data) == number;
}

static bool visit_packid(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	return key->mv_size == TUSK_ID_SIZE && value->mv_size == 4 && is_known(walk, tusk_load_u32(value->mv_data));
}

static bool visit_snapshot(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	uint8_t tag[TUSK_SNAPSHOT_TAG_SIZE];

	if (key->mv_size != TUSK_ID_SIZE || value->mv_size < sizeof(tag))
		return false;
	size_t len = value->mv_size - sizeof(tag);
	tusk_snapshot_tag(walk->db->seed, key->mv_data, value->mv_data, len, tag);
	return memcmp((const uint8_t *)value->mv_data + len, tag, sizeof(tag)) == 0;
}

static bool found_from_root(const struct walk *walk, MDB_dbi table, const MDB_val *key, const MDB_val *value)
{
	MDB_val wanted = *key, found;

	return mdb_get(walk->txn, table, &wanted, &found) == 0 && found.mv_data == value->mv_data;
}

static bool walk_table(struct walk *walk, enum tusk_table which, visit_entry *visit)
{
	MDB_dbi table = walk->db->tables[which];
	MDB_val key, value, last_key = {0}, last_value = {0};
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	MDB_cursor *cursor;
	MDB_stat stat;
	bool good = true;
	int rc;

	if (mdb_stat(walk->txn, table, &stat) != 0 || mdb_cursor_open(walk->txn, table, &cursor) != 0)
		return false;
	walk->count = 0;
	while (good && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		bool first = walk->count++ == 0;
		bool turned = first || (uintptr_t)key.mv_data / page != (uintptr_t)last_key.mv_data / page;

		good = walk->count <= stat.ms_entries && visit(walk, &key, &value) &&
		       (first || mdb_cmp(walk->txn, table, &last_key, &key) < 0) &&
		       (!turned || found_from_root(walk, table, &key, &value)) &&
		       (!turned || first || found_from_root(walk, table, &last_key, &last_value));
		last_key = key;
		last_value = value;
	}
	mdb_cursor_close(cursor);
	return good && rc == MDB_NOTFOUND && walk->count == stat.ms_entries &&
	       (walk->count == 0 || found_from_root(walk, table, &last_key, &last_value));
}

static bool walk_all(struct walk *walk)
{
	struct tusk_index_counters counters;

	if (tusk_db_counters_get(walk->db, walk->txn, &counters) != 0 || counters.next > NUMBERS_MAX)
		return false;
	walk->next = counters.next;
	walk->known = calloc(counters.next / 8 + 1, 1);
	return walk->known && walk_table(walk, TUSK_TABLE_PACK, visit_pack) && walk->count == counters.packs &&
	       walk_table(walk, TUSK_TABLE_PACKID, visit_packid) && walk->count == counters.packs &&
	       walk_table(walk, TUSK_TABLE_CHUNK, visit_chunk) && walk->count == counters.entries &&
	       walk_table(walk, TUSK_TABLE_SNAPSHOT, visit_snapshot);
}

bool tusk_probe_walk(const struct tusk_db *db)
{
	struct walk walk = {.db = db};

	/* A writer may commit twice between the beginning of a transaction and a look at its meta page. */
	for (int i = 0; i < PAGES_TRIES; i++) {
		if (mdb_txn_begin(db->env, NULL, MDB_RDONLY, &walk.txn) != 0)
			return false;
		bool is_sound = tusk_probe_pages(db, walk.txn);
		bool good = is_sound && walk_all(&walk);
		mdb_txn_abort(walk.txn);
		free(walk.known);
		walk.known = NULL;
		if (is_sound)
			return good || TUSK_SABOTAGED(index_probe);
	}
	return false;
}

/* In the child: dies by default of whatever happens, quietly and without a core. */
static void calm_down(int keep_fd)
{
	static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGPIPE};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
	if (null >= 0 && keep_fd != STDERR_FILENO)
		dup2(null, STDERR_FILENO);
}

static void child_main(const struct tusk_index *index, int verdict_fd)
{
	struct tusk_db db = {0};
	char path[PATH_MAX];

	calm_down(verdict_fd);
	snprintf(path, sizeof(path), "%s/%s", tusk_index_place(index)->path, TUSK_INDEX_FILE);
	bool good = tusk_db_open(&db, path, &index->keys, TUSK_DB_READ_ONLY, index->tuning.map_size) == 0 &&
		    tusk_probe_walk(&db);
	tusk_db_close(&db);
	_exit(good && write(verdict_fd, "+", 1) == 1 ? 0 : 1);
}

/* True only when the child wrote its good verdict in time. */
static bool await_verdict(int fd, int64_t wait_ms)
{
	const int64_t end = tusk_now_ms() + wait_ms;
	struct pollfd item = {.fd = fd, .events = POLLIN};
	uint8_t verdict;

	for (int64_t now = tusk_now_ms(); now < end; now = tusk_now_ms()) {
		int ready = poll(&item, 1, (int)(end - now));

		if (ready > 0)
			return read(fd, &verdict, 1) == 1;
		if (ready < 0 && errno != EINTR)
			return false;
	}
	return false;
}

bool tusk_probe_run(const struct tusk_index *index)
{
	struct stat status;
	int fds[2];

	if (fstatat(tusk_index_place(index)->fd, TUSK_INDEX_FILE, &status, 0) < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return false;
	pid_t child = fork();
	if (child == 0)
		child_main(index, fds[1]);
	close(fds[1]);
	bool good = child > 0 && await_verdict(fds[0], index->tuning.probe_ms + (status.st_size >> 20));
	close(fds[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return good;
}
