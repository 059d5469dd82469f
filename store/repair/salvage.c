#include "repair_private.h"

#include "codec.h"

#include <string.h>

/* Packs are filled up to this, so that one damaged pack mostly becomes one new one. */
#define FULL_SIZE (TUSK_PACK_MAX_SIZE - 2 * TUSK_RECORD_MAX_RAW)

struct salvage {
	struct tusk_repository *repository;
	const struct repair_toc *from;
	const struct tusk_repair_options *options;
	struct tusk_pack *pack;          /* NULL: it cannot be opened */
	struct tusk_pack_writer *writer; /* NULL: none yet */
	struct tusk_aead *aead;
	struct tusk_ider *ider;
	struct tusk_compressor *compressor;
	struct tusk_buf data, scratch, packed, proof;
	struct repair_salvage result;
};

static void salvage_release(struct salvage *salvage)
{
	tusk_pack_close(salvage->pack);
	if (salvage->writer)
		tusk_pack_writer_abort(salvage->writer);
	tusk_aead_free(salvage->aead);
	tusk_ider_free(salvage->ider);
	tusk_compressor_free(salvage->compressor);
	tusk_buf_wipe(&salvage->data);
	tusk_buf_wipe(&salvage->scratch);
	tusk_buf_wipe(&salvage->packed);
	tusk_buf_wipe(&salvage->proof);
}

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

/* 0: salvage->data holds it; 1: it is lost; -1. */
static int read_record(struct salvage *salvage, const struct tusk_record *record, struct tusk_err *err)
{
	struct tusk_err why = {0};
	struct tusk_id id;

	salvage->data.len = 0;
	if (tusk_buf_reserve(&salvage->data, record->raw + 1u) != 0)
		return out_of_memory(err);
	if (tusk_pack_read(salvage->pack, salvage->aead, record, &salvage->scratch, salvage->data.data, &why) != 0) {
		if (repair_is_damage(why.code))
			return 1;
		*err = why;
		return -1;
	}
	tusk_ider_from_data(salvage->ider, record->type, salvage->data.data, record->raw, &id);
	return tusk_id_equal(&id, &record->id) ? 0 : 1;
}

/* Compressed as before; that it expands to the same bytes is proven, as for every record that is written. */
static int compress(struct salvage *salvage, const struct tusk_record *record, enum tusk_codec *ret_codec,
		    size_t *ret_len, struct tusk_err *err)
{
	*ret_codec = TUSK_CODEC_RAW;
	if (record->codec == TUSK_CODEC_RAW)
		return 0;
	if (tusk_buf_reserve(&salvage->packed, record->raw + 1u) != 0 ||
	    tusk_buf_reserve(&salvage->proof, record->raw + 1u) != 0)
		return out_of_memory(err);
	*ret_codec = tusk_compress(salvage->compressor, salvage->data.data, record->raw, salvage->packed.data, ret_len);
	if (*ret_codec == TUSK_CODEC_RAW)
		return 0;
	if (tusk_decompress(*ret_codec, salvage->packed.data, *ret_len, salvage->proof.data, record->raw, err) != 0)
		return tusk_err_prefix(err, "proving a compressed record");
	if (memcmp(salvage->proof.data, salvage->data.data, record->raw) != 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the compressor returned other bytes than it was given");
	return 0;
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
	enum tusk_codec codec;
	size_t len = record->raw;

	if (compress(salvage, record, &codec, &len, err) != 0)
		return -1;
	if (codec == TUSK_CODEC_RAW)
		len = record->raw;
	if (salvage->writer && tusk_pack_writer_size(salvage->writer) > FULL_SIZE && finish_pack(salvage, err) != 0)
		return -1;
	if (!salvage->writer && tusk_pack_writer_open(repository->node, &repository->keys, salvage->from->toc.kind,
						      &salvage->writer, err) != 0)
		return -1;
	const uint8_t *payload = codec == TUSK_CODEC_RAW ? salvage->data.data : salvage->packed.data;
	return tusk_pack_writer_add(salvage->writer, record->type, (uint8_t)codec, &record->id, payload, len,
				    record->raw, NULL, err);
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

	if (!salvage->aead || !salvage->ider || !salvage->compressor)
		return out_of_memory(err);
	if (open_pack(salvage, err) != 0)
		return -1;
	for (uint32_t i = 0; i < toc->count; i++)
		if (repair_go_on(salvage->options, err) != 0 || take_record(salvage, &toc->records[i], err) != 0)
			return -1;
	return finish_pack(salvage, err);
}

int repair_salvage(struct tusk_repository *repository, const struct repair_toc *toc,
		   const struct tusk_repair_options *options, struct repair_salvage *ret_salvage, struct tusk_err *err)
{
	struct salvage salvage TUSK_CLEANUP(salvage_release) = {.repository = repository,
								.from = toc,
								.options = options,
								.aead = tusk_aead_new(),
								.ider = tusk_ider_new(&repository->keys),
								.compressor = tusk_compressor_new()};
	struct tusk_err why = {0};

	if (run(&salvage, &why) != 0) {
		if (err)
			*err = why;
		return -1;
	}
	*ret_salvage = salvage.result;
	return 0;
}
