#include "check_private.h"

#include "pool.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define READ_SIZE    ((size_t)1 << 20)
#define HASH_SIZE    32u
#define HEADER_SIZE  ((size_t)TUSK_OBJECT_HEADER_SIZE)
#define RECORD_LINES 16u /* damaged records of one pack that are reported one by one */

/* One thread's work on one pack. */
struct scan {
	struct tusk_check *check;
	uint32_t number;
	struct tusk_pack *pack;
	struct tusk_pack_copier copier;
	struct tusk_hasher *hasher;
	struct tusk_buf buffer; /* bytes of the pack as they are stored */
	unsigned bad_records;
};

static void scan_release(struct scan *scan)
{
	tusk_pack_close(scan->pack);
	tusk_pack_copier_release(&scan->copier);
	tusk_hasher_free(scan->hasher);
	tusk_buf_release(&scan->buffer);
}

/* 0 when the error was damage to the pack and has been reported. */
static int judge(struct scan *scan, const struct tusk_err *why, struct tusk_err *err)
{
	if (check_is_damage(why->code)) {
		check_pack_damaged(scan->check, scan->number, NULL, why->message);
		return 0;
	}
	*err = *why;
	return -1;
}

static int check_hash(struct scan *scan, struct tusk_err *err)
{
	const struct check_pack *pack = &scan->check->packs[scan->number];
	struct tusk_id hash;

	if (tusk_buf_reserve(&scan->buffer, READ_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (uint64_t offset = 0; offset < pack->size;) {
		size_t part = pack->size - offset < READ_SIZE ? (size_t)(pack->size - offset) : READ_SIZE;
		if (check_go_on(scan->check, err) != 0 ||
		    tusk_pack_pread(scan->pack, scan->buffer.data, part, offset, err) != 0)
			return -1;
		tusk_hasher_update(scan->hasher, scan->buffer.data, part);
		offset += part;
	}
	tusk_hasher_final(scan->hasher, hash.bytes);
	if (!tusk_id_equal(&hash, &pack->id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "bytes do not hash to the name");
	return 0;
}

/* Whether the table inside the pack is that of the toc object, byte by byte. */
static int check_inner_toc(struct scan *scan, struct tusk_err *err)
{
	const struct check_pack *pack = &scan->check->packs[scan->number];
	TUSK_AUTO_BUF struct tusk_buf toc = {0};
	char name[80];

	tusk_toc_name(&pack->id, name);
	int found = tusk_node_get(scan->check->repository->node, name, TUSK_TOC_MAX_SIZE, &toc, err);
	if (found != TUSK_NODE_FOUND || toc.len < HEADER_SIZE + HASH_SIZE)
		return found < 0 ? -1 : 0; /* reported when the tocs were read */
	size_t len = toc.len - HASH_SIZE - HEADER_SIZE;
	scan->buffer.len = 0;
	if (tusk_buf_reserve(&scan->buffer, len > HEADER_SIZE ? len : HEADER_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (len > pack->size)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is shorter than its table of contents");
	if (tusk_pack_pread(scan->pack, scan->buffer.data, len, pack->size - len, err) != 0)
		return -1;
	bool same = memcmp(scan->buffer.data, toc.data + HEADER_SIZE, len) == 0;
	if (tusk_pack_pread(scan->pack, scan->buffer.data, HEADER_SIZE, 0, err) != 0)
		return -1;
	if (!same || memcmp(scan->buffer.data, toc.data, HEADER_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "its table of contents differs from the one in toc/");
	return 0;
}

/* A damaged copy harms nobody while the reader finds another one. */
static bool has_other_copy(struct scan *scan, const struct tusk_record *record)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	size_t copies;
	(void)tusk_stored_find(&scan->check->stored, &record->id, &copies);
	return copies > 1 &&
	       tusk_fetcher_read(scan->check->fetcher, &record->id, record->type, record->raw, &data, NULL) == 0;
}

static int check_record(struct scan *scan, const struct tusk_record *record, struct tusk_err *err)
{
	struct tusk_err why = {0};
	if (tusk_pack_copier_read(&scan->copier, scan->pack, record, &why) == 0)
		return 0;
	if (!check_is_damage(why.code)) {
		*err = why;
		return -1;
	}
	if (scan->bad_records++ < RECORD_LINES)
		check_pack_damaged(scan->check, scan->number, &record->id, why.message);
	if (has_other_copy(scan, record))
		return 0;
	return check_add_damage(scan->check, &record->id, scan->number, why.message, err);
}

static int check_records(struct scan *scan, struct tusk_err *err)
{
	struct tusk_check *check = scan->check;
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	struct tusk_err why = {0};

	if (tusk_toc_load(check->repository->node, &check->repository->keys, scan->copier.aead,
			  &check->packs[scan->number].id, &toc, &why) != 0)
		return judge(scan, &why, err);
	for (uint32_t i = 0; i < toc.count; i++)
		if (check_go_on(check, err) != 0 || check_record(scan, &toc.records[i], err) != 0)
			return -1;
	return 0;
}

/* Once more, if another node had the pack intact. */
static int hash_healed(struct scan *scan)
{
	struct tusk_check *check = scan->check;
	const struct tusk_id *id = &check->packs[scan->number].id;
	struct tusk_pack *fresh = NULL;
	char name[80];

	tusk_pack_name(id, name);
	if (!tusk_node_suspect(check->repository->node, name) ||
	    tusk_pack_open(check->repository->node, &check->repository->keys, id, &fresh, NULL) != 0)
		return -1;
	tusk_pack_close(scan->pack);
	scan->pack = fresh;
	tusk_hasher_reset(scan->hasher);
	return check_hash(scan, NULL);
}

static int check_one(struct scan *scan, struct tusk_err *err)
{
	struct tusk_check *check = scan->check;
	struct tusk_err why = {0};

	if (tusk_pack_open(check->repository->node, &check->repository->keys, &check->packs[scan->number].id,
			   &scan->pack, &why) != 0)
		return judge(scan, &why, err);
	if (check_hash(scan, &why) != 0 && hash_healed(scan) != 0 && judge(scan, &why, err) != 0)
		return -1;
	tusk_err_clear(&why);
	if (check->packs[scan->number].has_toc && check_inner_toc(scan, &why) != 0 && judge(scan, &why, err) != 0)
		return -1;
	return check_records(scan, err);
}

struct progress {
	struct tusk_check *check;
	uint64_t done, total;
};

static int run(void *context, void *job, struct tusk_err *err)
{
	struct progress *progress = context;
	struct tusk_check *check = progress->check;
	struct check_pack *pack = job;
	struct scan scan = {.check = check, .number = (uint32_t)(pack - check->packs), .hasher = tusk_hasher_new()};

	int status = tusk_pack_copier_init(&scan.copier, &check->repository->keys, err);
	if (status == 0 && !scan.hasher)
		status = tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (status == 0)
		status = check_one(&scan, err);
	scan_release(&scan);
	pthread_mutex_lock(&check->lock);
	pack->is_read = status == 0;
	check->result.packs_read += status == 0;
	check->result.bytes_read += pack->size;
	uint64_t done = progress->done += pack->size;
	pthread_mutex_unlock(&check->lock);
	check_stage(check, "data", done, progress->total);
	return status;
}

int check_data(struct tusk_check *check, struct tusk_err *err)
{
	struct progress progress = {.check = check};
	struct tusk_pool_work work = {.run = run, .context = &progress};
	struct tusk_pool *pool;

	for (size_t i = 0; i < check->pack_count; i++)
		progress.total += check->packs[i].is_wanted ? check->packs[i].size : 0;
	if (tusk_pool_new(&work, check->threads, &pool, err) != 0)
		return -1;
	for (size_t i = 0; i < check->pack_count; i++)
		if (check->packs[i].is_wanted)
			tusk_pool_add(pool, &check->packs[i]);
	return tusk_pool_finish(pool, err);
}
