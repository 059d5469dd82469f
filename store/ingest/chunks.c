#include "chunks.h"

#include "claims.h"
#include "wire.h"
#include "writers.h"

#include <string.h>

/* 1: this thread has to store id; 0: it is stored or being stored; -1. The claim comes first: packs are added to the
 * index before their claims are dropped, so that an id is never in neither. */
static int must_store(struct tusk_ingest *ingest, const struct tusk_id *id, struct tusk_err *err)
{
	int taken = tusk_claims_take(ingest->claims, id);
	if (taken < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (taken == 0)
		return 0;
	struct tusk_location location;
	int found = tusk_ingest_find(ingest, id, &location, err);
	if (found == TUSK_INDEX_FOUND)
		tusk_claims_drop(ingest->claims, id);
	return found == TUSK_INDEX_ABSENT ? 1 : found;
}

/* lz4, unless what it leaves would only wait for its way to a far node. */
static struct tusk_compressor *choose_compressor(struct tusk_lane *lane)
{
	const struct tusk_ingest *ingest = lane->ingest;
	if (ingest->options->compression != TUSK_COMPRESSION_AUTO || !tusk_node_is_behind(ingest->repository->node))
		return lane->compressor;
	if (!lane->dense)
		lane->dense = tusk_compressor_new_for(TUSK_CODEC_ZSTD, TUSK_ZSTD_LEVEL_DEFAULT);
	return lane->dense ? lane->dense : lane->compressor;
}

/* Compresses into lane->packed. What does not decompress to the same bytes is not trusted. */
static int compress(struct tusk_lane *lane, struct tusk_writers_record *record, const void *data, struct tusk_err *err)
{
	size_t len = record->raw_len, packed_len = 0;
	lane->packed.len = lane->proof.len = 0;
	if (tusk_buf_reserve(&lane->packed, len) < 0 || tusk_buf_reserve(&lane->proof, len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	record->codec = TUSK_CODEC_RAW;
	record->payload = data;
	record->payload_len = len;
	enum tusk_codec codec = tusk_compress(choose_compressor(lane), data, len, lane->packed.data, &packed_len);
	if (codec == TUSK_CODEC_RAW)
		return 0;
	if (tusk_decompress(codec, lane->packed.data, packed_len, lane->proof.data, len, err) < 0)
		return tusk_err_prefix(err, "proving a compressed record");
	if (memcmp(lane->proof.data, data, len) != 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the compressor returned other bytes than it was given");
	record->codec = (uint8_t)codec;
	record->payload = lane->packed.data;
	record->payload_len = packed_len;
	return 0;
}

static int write_chunk(struct tusk_lane *lane, const struct tusk_writers_record *record, struct tusk_err *err)
{
	struct tusk_writers *writers = lane->ingest->writers;
	if (!lane->writer && tusk_writers_take(writers, &lane->writer, err) < 0)
		return -1;
	if (tusk_pack_writer_add(lane->writer, record->type, record->codec, record->id, record->payload,
				 record->payload_len, record->raw_len, NULL, err) < 0)
		return -1;
	if (tusk_writers_is_full(writers, lane->writer))
		tusk_lane_rest(lane);
	return 0;
}

static int store(struct tusk_lane *lane, uint8_t type, const void *data, size_t len, const struct tusk_id *id,
		 struct tusk_err *err)
{
	struct tusk_ingest *ingest = lane->ingest;
	int result = must_store(ingest, id, err);
	if (result <= 0)
		return result;
	tusk_count(&ingest->progress->bytes_new, len);
	if (ingest->options->dry_run)
		return 0;
	struct tusk_writers_record record = {.type = type, .id = id, .raw_len = (uint32_t)len};
	if (compress(lane, &record, data, err) < 0)
		return -1;
	if (type == TUSK_OBJECT_CHUNK)
		return write_chunk(lane, &record, err);
	return tusk_writers_add_meta(ingest->writers, &record, err);
}

int tusk_store_chunk(struct tusk_lane *lane, const void *data, size_t len, const uint8_t sha256[32],
		     struct tusk_id *ret_id, struct tusk_err *err)
{
	if (sha256)
		tusk_ider_from_hash(lane->ider, TUSK_OBJECT_CHUNK, sha256, ret_id);
	else
		tusk_ider_from_data(lane->ider, TUSK_OBJECT_CHUNK, data, len, ret_id);
	return store(lane, TUSK_OBJECT_CHUNK, data, len, ret_id, err);
}

int tusk_store_meta(struct tusk_lane *lane, uint8_t type, const void *data, size_t len, struct tusk_id *ret_id,
		    struct tusk_err *err)
{
	if (len > TUSK_RECORD_MAX_RAW)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "a record of %zu bytes is too long", len);
	tusk_ider_from_data(lane->ider, type, data, len, ret_id);
	return store(lane, type, data, len, ret_id, err);
}

int tusk_store_list(void *lane, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	return tusk_store_meta(lane, TUSK_OBJECT_LIST, block, len, ret_id, err);
}

int tusk_store_blob(struct tusk_lane *lane, const void *data, size_t len, struct tusk_buf *ret_reference,
		    struct tusk_err *err)
{
	struct tusk_id id;
	if (tusk_store_meta(lane, TUSK_OBJECT_BLOB, data, len, &id, err) < 0)
		return -1;
	ret_reference->len = 0;
	if (tusk_put_raw(ret_reference, id.bytes, sizeof id.bytes) < 0 || tusk_put_varint(ret_reference, len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

void tusk_lane_rest(struct tusk_lane *lane)
{
	if (lane->writer)
		tusk_writers_give(lane->ingest->writers, TUSK_STEAL(lane->writer));
}
