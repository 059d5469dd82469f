#include "repack.h"

#include "tusk/cleanup.h"

#include <string.h>

#define RECORDS_MAX 32768u
#define KINDS       2u

struct tusk_repack {
	struct tusk_repository *repository;
	struct tusk_node *node;
	const struct tusk_live *live;
	struct tusk_pack_copier copier;
	struct tusk_pack_writer *writers[KINDS]; /* chunks, trees */
	struct tusk_toc other;                   /* the last keeper's table of contents, for tusk_repack_is_spare */
	uint64_t written;
};

TUSK_DEFINE_CLEANUP(struct tusk_pack, pack, tusk_pack_close)
#define AUTO_PACK TUSK_CLEANUP(pack_cleanup)

int tusk_repack_new(struct tusk_repository *repository, struct tusk_node *node, const struct tusk_live *live,
		    struct tusk_repack **ret_repack, struct tusk_err *err)
{
	TUSK_AUTO_REPACK struct tusk_repack *repack = calloc(1, sizeof(*repack));

	if (!repack)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	repack->repository = repository;
	repack->node = node;
	repack->live = live;
	if (tusk_pack_copier_init(&repack->copier, &repository->keys, err) < 0)
		return -1;
	*ret_repack = TUSK_STEAL(repack);
	return 0;
}

void tusk_repack_free(struct tusk_repack *repack)
{
	if (!repack)
		return;
	for (size_t i = 0; i < KINDS; i++)
		if (repack->writers[i])
			tusk_pack_writer_abort(repack->writers[i]);
	tusk_pack_copier_release(&repack->copier);
	tusk_toc_release(&repack->other);
	free(repack);
}

/* ---- writing ---- */

static int finish(struct tusk_repack *repack, struct tusk_pack_writer **writer, struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	uint64_t size;

	if (tusk_pack_writer_finish(TUSK_STEAL(*writer), &toc, &size, err) < 0)
		return -1;
	repack->written += size;
	return 0;
}

static int write_record(struct tusk_repack *repack, enum tusk_pack_kind kind, const struct tusk_record *record,
			struct tusk_err *err)
{
	struct tusk_pack_writer **writer = &repack->writers[kind == TUSK_PACK_TREES];

	if (!*writer && tusk_pack_writer_open(repack->node, &repack->repository->keys, kind, writer, err) < 0)
		return -1;
	if (tusk_pack_copier_write(&repack->copier, record, *writer, err) < 0)
		return -1;
	if (tusk_pack_writer_size(*writer) < repack->repository->parameters.pack_size &&
	    tusk_pack_writer_count(*writer) < RECORDS_MAX)
		return 0;
	return finish(repack, writer, err);
}

int tusk_repack_copy(struct tusk_repack *repack, const struct tusk_toc *toc, size_t number, struct tusk_err *err)
{
	AUTO_PACK struct tusk_pack *pack = NULL;

	if (tusk_pack_open(repack->node, &repack->repository->keys, &toc->pack, &pack, err) < 0)
		return -1;
	for (uint32_t i = 0; i < toc->count; i++) {
		const struct tusk_record *record = &toc->records[i];
		size_t keeper;
		if (!tusk_live_keeper(repack->live, &record->id, &keeper) || keeper != number)
			continue;
		if (tusk_pack_copier_read(&repack->copier, pack, record, err) < 0 ||
		    write_record(repack, toc->kind, record, err) < 0)
			return -1;
	}
	return 0;
}

int tusk_repack_finish(struct tusk_repack *repack, uint64_t *ret_written, struct tusk_err *err)
{
	for (size_t i = 0; i < KINDS; i++)
		if (repack->writers[i] && finish(repack, &repack->writers[i], err) < 0)
			return -1;
	*ret_written = repack->written;
	return 0;
}

/* ---- copies ---- */

static bool is_damage(enum tusk_code code)
{
	return code == TUSK_E_CORRUPT || code == TUSK_E_ABSENT || code == TUSK_E_LIMIT || code == TUSK_E_VERSION;
}

/* The record of id in another pack. NULL: it is not there. */
static const struct tusk_record *find_record(struct tusk_repack *repack, const struct tusk_id *pack,
					     const struct tusk_id *id, struct tusk_err *err)
{
	if (!tusk_id_equal(&repack->other.pack, pack)) {
		tusk_toc_release(&repack->other);
		repack->other = (struct tusk_toc){0};
		if (tusk_toc_load(repack->node, &repack->repository->keys, repack->copier.aead, pack, &repack->other,
				  err) < 0)
			return NULL;
	}
	for (uint32_t i = 0; i < repack->other.count; i++)
		if (tusk_id_equal(&repack->other.records[i].id, id))
			return &repack->other.records[i];
	tusk_err_set(err, TUSK_E_CORRUPT, 0, "an object is not where it should be");
	return NULL;
}

static int read_copy(struct tusk_repack *repack, const struct tusk_id *keeper, const struct tusk_id *id,
		     struct tusk_err *err)
{
	AUTO_PACK struct tusk_pack *pack = NULL;
	const struct tusk_record *record = find_record(repack, keeper, id, err);

	if (!record || tusk_pack_open(repack->node, &repack->repository->keys, keeper, &pack, err) < 0)
		return -1;
	return tusk_pack_copier_read(&repack->copier, pack, record, err);
}

int tusk_repack_is_spare(struct tusk_repack *repack, const struct tusk_toc *toc, struct tusk_err *err)
{
	for (uint32_t i = 0; i < toc->count; i++) {
		const struct tusk_id *id = &toc->records[i].id, *keeper;
		struct tusk_err why = {0};
		size_t number;
		if (!tusk_live_keeper(repack->live, id, &number))
			continue;
		keeper = tusk_live_id(repack->live, number);
		if (tusk_id_equal(keeper, &toc->pack))
			return 0;
		if (read_copy(repack, keeper, id, &why) == 0)
			continue;
		if (is_damage(why.code))
			return 0;
		*err = why;
		return -1;
	}
	return 1;
}
