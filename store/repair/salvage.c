#include "repair_private.h"

#include <string.h>

/* Packs are filled up to this, so that one damaged pack mostly becomes one new one. */
#define FULL_SIZE (TUSK_PACK_MAX_SIZE - 2 * TUSK_RECORD_MAX_RAW)

struct salvage {
	struct tusk_repository *repository;
	const struct repair_toc *from;
	const struct tusk_repair_options *options;
	struct tusk_pack *pack;          /* NULL: it cannot be opened */
	struct tusk_pack_writer *writer; /* NULL: none yet */
	struct tusk_pack_copier copier;
	struct repair_salvage result;
};

static void salvage_release(struct salvage *salvage)
{
	tusk_pack_close(salvage->pack);
	if (salvage->writer)
		tusk_pack_writer_abort(salvage->writer);
	tusk_pack_copier_release(&salvage->copier);
}

/* 0: salvage->copier holds it; 1: it is lost; -1. */
static int read_record(struct salvage *salvage, const struct tusk_record *record, struct tusk_err *err)
{
	struct tusk_err why = {0};

	if (tusk_pack_copier_read(&salvage->copier, salvage->pack, record, &why) == 0)
		return 0;
	if (repair_is_damage(why.code))
		return 1;
	*err = why;
	return -1;
}

static int finish_pack(struct salvage *salvage, struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	char name[80], *names = salvage->result.packs;
	size_t used = strlen(names);
	uint64_t size;

	if (!salvage->writer)
		return 0;
	if (tusk_pack_writer_finish(TUSK_STEAL(salvage->writer), &toc, &size, err) != 0)
		return -1;
	tusk_pack_name(&toc.pack, name);
	snprintf(names + used, sizeof(salvage->result.packs) - used, "%s%s", used ? ", " : "", name);
	return 0;
}

static int write_record(struct salvage *salvage, const struct tusk_record *record, struct tusk_err *err)
{
	struct tusk_repository *repository = salvage->repository;

	if (salvage->writer && tusk_pack_writer_size(salvage->writer) > FULL_SIZE && finish_pack(salvage, err) != 0)
		return -1;
	if (!salvage->writer && tusk_pack_writer_open(repository->node, &repository->keys, salvage->from->toc.kind,
						      &salvage->writer, err) != 0)
		return -1;
	return tusk_pack_copier_write(&salvage->copier, record, salvage->writer, err);
}

static int take_record(struct salvage *salvage, const struct tusk_record *record, struct tusk_err *err)
{
	int is_lost = salvage->pack ? read_record(salvage, record, err) : 1;
	if (is_lost < 0)
		return -1;
	salvage->result.lost += is_lost == 1;
	salvage->result.saved += is_lost == 0;
	return is_lost || salvage->options->dry_run ? 0 : write_record(salvage, record, err);
}

/* With the header that the table of contents was found with: the pack's own may be what is damaged. */
static int open_pack(struct salvage *salvage, struct tusk_err *err)
{
	struct tusk_repository *repository = salvage->repository;
	struct tusk_err why = {0};

	if (tusk_pack_open_headed(repository->node, &repository->keys, &salvage->from->toc.pack,
				  salvage->from->object.data, &salvage->pack, &why) == 0 ||
	    repair_is_damage(why.code))
		return 0;
	*err = why;
	return -1;
}

static int run(struct salvage *salvage, struct tusk_err *err)
{
	const struct tusk_toc *toc = &salvage->from->toc;

	if (tusk_pack_copier_init(&salvage->copier, &salvage->repository->keys, err) != 0 ||
	    open_pack(salvage, err) != 0)
		return -1;
	for (uint32_t i = 0; i < toc->count; i++)
		if (repair_go_on(salvage->options, err) != 0 || take_record(salvage, &toc->records[i], err) != 0)
			return -1;
	return finish_pack(salvage, err);
}

int repair_salvage(struct tusk_repository *repository, const struct repair_toc *toc,
		   const struct tusk_repair_options *options, struct repair_salvage *ret_salvage, struct tusk_err *err)
{
	struct salvage salvage TUSK_CLEANUP(salvage_release) = {
	    .repository = repository, .from = toc, .options = options};
	struct tusk_err why = {0};

	if (run(&salvage, &why) != 0) {
		if (err)
			*err = why;
		return -1;
	}
	*ret_salvage = salvage.result;
	return 0;
}
