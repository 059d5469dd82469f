/* A new environment beside the old one, filled in the order of its keys. */
#include "index_items.h"
#include "index_sync.h"
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#define NEW_PREFIX          TUSK_INDEX_FILE ".new-"
#define TRANSACTION_ENTRIES 200000
#define TRANSACTION_PACKS   20000
#define BYTES_PER_ENTRY     128 /* generously */

/* Pack i of packs gets number i + 1; row.kind is 0 when it could not be loaded. */
struct builder {
	struct tusk_index *index;
	struct tusk_node *node;
	struct tusk_db db;
	struct tusk_place place; /* borrowed: the folder */
	char name[64];           /* of the new file in it; empty: none */
	struct tusk_pack_list packs;
	struct tusk_pack_row *rows;
	uint32_t *numbers;
	struct tusk_items items;
	struct tusk_parts parts; /* fd -1: not needed */
	uint64_t expected;       /* entries, by the sizes of the tocs */
	size_t limit;            /* entries held at once */
	uint64_t damaged;
};

static void remove_new(const struct builder *builder)
{
	char lock[80];

	snprintf(lock, sizeof(lock), "%s-lock", builder->name);
	unlinkat(builder->place.fd, builder->name, 0);
	unlinkat(builder->place.fd, lock, 0);
}

static void builder_release(struct builder *builder)
{
	tusk_db_close(&builder->db);
	if (builder->name[0])
		remove_new(builder);
	tusk_pack_list_release(&builder->packs);
	free(builder->rows);
	free(builder->numbers);
	tusk_items_release(&builder->items);
	tusk_parts_close(&builder->parts);
}

/* What rebuilds that were killed have left. */
static void sweep(const struct tusk_place *place)
{
	int fd = openat(place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;

	while (dir && (item = readdir(dir))) {
		if (strncmp(item->d_name, NEW_PREFIX, strlen(NEW_PREFIX)) != 0)
			continue;
		long pid = strtol(item->d_name + strlen(NEW_PREFIX), NULL, 10);
		if (pid <= 0 || pid == (long)getpid() || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
			unlinkat(place->fd, item->d_name, 0);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static int list_packs(struct builder *builder, struct tusk_err *err)
{
	struct tusk_pack_list tocs TUSK_AUTO_PACK_LIST = {0};

	if (tusk_pack_list_load(builder->node, "packs/", &builder->packs, err) < 0 ||
	    tusk_pack_list_load(builder->node, "toc/", &tocs, err) < 0)
		return -1;
	for (size_t i = 0; i < tocs.count; i++)
		builder->expected += tusk_index_entries_in(tocs.packs[i].size);
	builder->rows = calloc(builder->packs.count + 1, sizeof(*builder->rows));
	builder->numbers = calloc(builder->packs.count + 1, sizeof(*builder->numbers));
	if (!builder->rows || !builder->numbers)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot rebuild the index: out of memory");
	for (size_t i = 0; i < builder->packs.count; i++)
		builder->numbers[i] = (uint32_t)i + 1;
	return 0;
}

static int open_new(struct builder *builder, struct tusk_err *err)
{
	size_t map_size = builder->index->tuning.map_size;
	char path[PATH_MAX];

	sweep(&builder->place);
	snprintf(builder->name, sizeof(builder->name), NEW_PREFIX "%ld", (long)getpid());
	if (snprintf(path, sizeof(path), "%s/%s", builder->place.path, builder->name) >= (int)sizeof(path))
		return tusk_err_set(err, TUSK_E_IO, ENAMETOOLONG, "cannot rebuild the index in %s",
				    builder->place.path);
	if (map_size < builder->expected * BYTES_PER_ENTRY)
		map_size = builder->expected * BYTES_PER_ENTRY;
	int rc = tusk_db_open(&builder->db, path, &builder->index->keys, TUSK_DB_CREATE, map_size);
	return rc == 0 ? 0 : tusk_db_error(rc, &builder->place, "rebuild", err);
}

struct piece {
	const struct builder *builder;
	size_t from, to; /* items, or packs */
};

static int put_items(MDB_txn *txn, const struct piece *piece)
{
	const struct builder *builder = piece->builder;
	uint64_t added = 0;

	return tusk_items_put(&builder->db, txn, &builder->items, piece->from, piece->to, builder->numbers, true,
			      &added);
}

static int put_rows(MDB_txn *txn, const struct piece *piece)
{
	const struct builder *builder = piece->builder;
	int rc = 0;

	for (size_t i = piece->from; rc == 0 && i < piece->to; i++)
		if (builder->rows[i].kind != 0)
			rc = tusk_pack_row_put(&builder->db, txn, builder->numbers[i], &builder->rows[i]);
	return rc;
}

static int put_counters(MDB_txn *txn, const struct piece *piece)
{
	const struct builder *builder = piece->builder;
	MDB_stat chunk, pack;
	int rc = mdb_stat(txn, builder->db.tables[TUSK_TABLE_CHUNK], &chunk);

	if (rc == 0)
		rc = mdb_stat(txn, builder->db.tables[TUSK_TABLE_PACK], &pack);
	if (rc != 0)
		return rc;
	const struct tusk_index_counters counters = {
	    .packs = pack.ms_entries, .entries = chunk.ms_entries, .next = builder->packs.count + 1};
	return tusk_db_counters_put(&builder->db, txn, &counters);
}

static int put_once(const struct piece *piece, int (*put)(MDB_txn *txn, const struct piece *piece))
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(piece->builder->db.env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	rc = put(txn, piece);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* Nobody else knows the new file: only its map may be too small. */
static int put_piece(const struct piece *piece, int (*put)(MDB_txn *txn, const struct piece *piece),
		     struct tusk_err *err)
{
	MDB_env *env = piece->builder->db.env;
	MDB_envinfo info;
	int rc;

	while ((rc = put_once(piece, put)) == MDB_MAP_FULL) {
		rc = mdb_env_info(env, &info);
		if (rc == 0)
			rc = mdb_env_set_mapsize(env, info.me_mapsize * 2);
		if (rc != 0)
			break;
	}
	return rc == 0 ? 0 : tusk_db_error(rc, &piece->builder->place, "rebuild", err);
}

static int put_pieces(const struct builder *builder, size_t count, size_t step,
		      int (*put)(MDB_txn *txn, const struct piece *piece), struct tusk_err *err)
{
	for (size_t from = 0; from < count; from += step) {
		size_t to = count - from < step ? count : from + step;
		const struct piece piece = {.builder = builder, .from = from, .to = to};

		if (put_piece(&piece, put, err) < 0)
			return -1;
	}
	return 0;
}

static int flush(struct builder *builder, struct tusk_err *err)
{
	if (tusk_items_sort(&builder->items, err) < 0 ||
	    put_pieces(builder, builder->items.count, TRANSACTION_ENTRIES, put_items, err) < 0)
		return -1;
	builder->items.count = 0;
	return 0;
}

static int take_toc(struct builder *builder, const struct tusk_toc *toc, uint32_t pack, struct tusk_err *err)
{
	if (builder->parts.fd >= 0)
		return tusk_parts_add(&builder->parts, toc, pack, err);
	if (builder->items.count + toc->count > builder->limit && flush(builder, err) < 0)
		return -1;
	return tusk_items_append(&builder->items, toc, pack, err);
}

static int take_tocs(struct builder *builder, struct tusk_err *err)
{
	TUSK_AUTO_TOC_STREAM struct tusk_toc_stream *stream = NULL;

	if (tusk_toc_stream_open(builder->node, &builder->index->keys, &builder->packs, TUSK_SIZES_GIVEN, &stream,
				 err) < 0)
		return -1;
	for (size_t i = 0; i < builder->packs.count; i++) {
		struct tusk_toc toc TUSK_AUTO_TOC = {0};
		struct tusk_pack_row *row = &builder->rows[i];
		enum tusk_toc_state state;

		*row = (struct tusk_pack_row){.id = builder->packs.packs[i].id};
		if (tusk_toc_stream_next(stream, &state, &toc, &row->size, err) < 0)
			return -1;
		builder->damaged += state == TUSK_TOC_DAMAGED;
		if (state != TUSK_TOC_LOADED)
			continue;
		row->records = toc.count;
		row->kind = (uint8_t)toc.kind;
		if (take_toc(builder, &toc, (uint32_t)i, err) < 0)
			return -1;
	}
	return 0;
}

/* A part may be larger than expected: who has the key can choose ids. */
static int put_part(struct builder *builder, unsigned part, struct tusk_err *err)
{
	struct tusk_part_reader reader = {.part = part};
	struct tusk_items *items = &builder->items;
	size_t count;
	int more;

	while ((more = tusk_parts_next(&builder->parts, &reader, &count, err)) > 0) {
		if (items->count + count > builder->limit && flush(builder, err) < 0)
			return -1;
		if (tusk_items_reserve(items, items->count + count, err) < 0)
			return -1;
		memcpy(items->items + items->count, reader.items, count * sizeof(*reader.items));
		items->count += count;
	}
	return more < 0 ? -1 : flush(builder, err);
}

/* More entries than may be held at once go through a temporary file: the index is then still written from its
 * beginning to its end. */
static int fill(struct builder *builder, struct tusk_err *err)
{
	uint64_t limit = builder->index->tuning.rebuild_count, parts = (builder->expected + limit - 1) / limit;

	parts = parts < TUSK_PARTS_MAX ? parts : TUSK_PARTS_MAX;
	builder->limit = limit + limit / 16; /* parts are not quite equal */
	if (parts > 1 && tusk_parts_open(&builder->parts, &builder->place, (unsigned)parts, err) < 0)
		return -1;
	if (take_tocs(builder, err) < 0 || flush(builder, err) < 0)
		return -1;
	for (unsigned i = 0; i < builder->parts.count; i++)
		if (put_part(builder, i, err) < 0)
			return -1;
	const struct piece all = {.builder = builder};
	if (put_pieces(builder, builder->packs.count, TRANSACTION_PACKS, put_rows, err) < 0)
		return -1;
	return put_piece(&all, put_counters, err);
}

static int build(struct builder *builder, struct tusk_index_sync_result *ret_result, struct tusk_err *err)
{
	struct tusk_index *index = builder->index;
	struct tusk_index_sync_result result = {0};

	if (tusk_index_prepare(index, true, NULL, err) < 0)
		return -1;
	pthread_rwlock_rdlock(&index->gate);
	builder->place = *tusk_index_place(index);
	pthread_rwlock_unlock(&index->gate);
	if (list_packs(builder, err) < 0 || open_new(builder, err) < 0 || fill(builder, err) < 0)
		return -1;
	tusk_db_close(&builder->db);
	pthread_rwlock_wrlock(&index->gate);
	int status = tusk_index_env_replace(index, builder->name, err);
	if (status == 0)
		atomic_store(&index->stale, false);
	pthread_rwlock_unlock(&index->gate);
	if (status == 0)
		status = tusk_index_count(index, &result.entries_added, &result.packs_added, err);
	result.damaged = builder->damaged;
	if (status == 0)
		*ret_result = result;
	return status;
}

int tusk_index_rebuild(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		       struct tusk_err *err)
{
	struct builder builder TUSK_CLEANUP(builder_release) = {.index = index, .node = node, .parts = {.fd = -1}};

	pthread_mutex_lock(&index->write_lock);
	int status = build(&builder, ret_result, err);
	pthread_mutex_unlock(&index->write_lock);
	return status;
}
