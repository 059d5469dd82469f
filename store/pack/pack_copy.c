#include "codec.h"
#include "toc.h"

int tusk_pack_copier_init(struct tusk_pack_copier *copier, const struct tusk_keys *keys, struct tusk_err *err)
{
	*copier = (struct tusk_pack_copier){.aead = tusk_aead_new(), .ider = tusk_ider_new(keys)};
	if (!copier->aead || !copier->ider)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

void tusk_pack_copier_release(struct tusk_pack_copier *copier)
{
	tusk_aead_free(copier->aead);
	tusk_ider_free(copier->ider);
	tusk_buf_wipe(&copier->raw);
	tusk_buf_wipe(&copier->scratch);
	*copier = (struct tusk_pack_copier){0};
}

int tusk_pack_copier_read(struct tusk_pack_copier *copier, struct tusk_pack *pack, const struct tusk_record *record,
			  struct tusk_err *err)
{
	struct tusk_id id;

	if (record->raw > TUSK_RECORD_MAX_RAW)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a record is larger than the format allows");
	copier->raw.len = 0;
	if (tusk_buf_reserve(&copier->raw, record->raw + 1u) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_pack_read(pack, copier->aead, record, &copier->scratch, copier->raw.data, err) < 0)
		return -1;
	tusk_ider_from_data(copier->ider, record->type, copier->raw.data, record->raw, &id);
	if (tusk_id_equal(&id, &record->id))
		return 0;
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the record at offset %u is not what its id says", record->offset);
}

int tusk_pack_copier_write(const struct tusk_pack_copier *copier, const struct tusk_record *record,
			   struct tusk_pack_writer *writer, struct tusk_err *err)
{
	bool is_raw = record->codec == TUSK_CODEC_RAW;
	const uint8_t *payload = is_raw ? copier->raw.data : tusk_pack_compressed(record, &copier->scratch);

	return tusk_pack_writer_add(writer, record->type, record->codec, &record->id, payload,
				    is_raw ? record->raw : record->stored - TUSK_TAG_SIZE, record->raw, NULL, err);
}
