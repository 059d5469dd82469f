#include "pack.h"

#include "codec.h"
#include "toc.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SIZE  32
#define ENTRY_SIZE 42
/* The last number is never a record's offset. */
#define TOC_NUMBER UINT64_MAX

static const char trailer_magic[8] = "tuskEND1";

void tusk_toc_release(struct tusk_toc *toc)
{
	free(toc->records);
	*toc = (struct tusk_toc){0};
}

void tusk_pack_name(const struct tusk_id *id, char ret_name[80])
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	snprintf(ret_name, 80, "packs/%.2s/%s", text, text);
}

void tusk_toc_name(const struct tusk_id *id, char ret_name[80])
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	snprintf(ret_name, 80, "toc/%s", text);
}

bool tusk_record_valid(const struct tusk_record *record)
{
	if (record->type < TUSK_OBJECT_CHUNK || record->type > TUSK_OBJECT_BLOB)
		return false;
	if (record->raw > TUSK_RECORD_MAX_RAW || record->stored < TUSK_TAG_SIZE)
		return false;
	if (record->codec == TUSK_CODEC_RAW)
		return record->stored == record->raw + TUSK_TAG_SIZE;
	return (record->codec == TUSK_CODEC_LZ4 || record->codec == TUSK_CODEC_ZSTD) &&
	       record->stored > TUSK_TAG_SIZE && record->stored <= record->raw + TUSK_TAG_SIZE;
}

void tusk_record_aad(const struct tusk_record *record, uint8_t ret_aad[TUSK_RECORD_AAD_SIZE])
{
	ret_aad[0] = record->type;
	ret_aad[1] = record->codec;
	memcpy(ret_aad + 2, record->id.bytes, TUSK_ID_SIZE);
	tusk_store_u32(ret_aad + 34, record->raw);
	tusk_store_u32(ret_aad + 38, record->stored);
	tusk_store_u32(ret_aad + 42, record->offset);
}

void tusk_object_key_wipe(struct tusk_object_key *key)
{
	tusk_wipe(key, sizeof(*key));
}

static void toc_aad(uint32_t count, uint8_t ret_aad[7])
{
	memcpy(ret_aad, "toc", 3);
	tusk_store_u32(ret_aad + 3, count);
}

size_t tusk_toc_sealed_size(uint32_t count)
{
	return (size_t)count * ENTRY_SIZE + TUSK_TAG_SIZE;
}

int tusk_toc_seal(struct tusk_aead *aead, const struct tusk_object_key *key, const struct tusk_record *records,
		  uint32_t count, struct tusk_buf *out, struct tusk_err *err)
{
	size_t plain_len = (size_t)count * ENTRY_SIZE, sealed_len = tusk_toc_sealed_size(count);
	struct tusk_buf plain TUSK_AUTO_BUF = {0};
	uint8_t aad[7];

	if (tusk_buf_reserve(&plain, plain_len) < 0 || tusk_buf_reserve(out, sealed_len + TUSK_PACK_TRAILER_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot write the table of contents: out of memory");
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *entry = plain.data + (size_t)i * ENTRY_SIZE;

		memcpy(entry, records[i].id.bytes, TUSK_ID_SIZE);
		tusk_store_u32(entry + 32, records[i].stored);
		tusk_store_u32(entry + 36, records[i].raw);
		entry[40] = records[i].type;
		entry[41] = records[i].codec;
	}
	toc_aad(count, aad);
	if (tusk_aead_seal(aead, key, TOC_NUMBER, aad, sizeof(aad), plain.data, plain_len, out->data + out->len, err) <
	    0)
		return -1;
	out->len += sealed_len;
	tusk_store_u32(out->data + out->len, (uint32_t)sealed_len);
	tusk_store_u32(out->data + out->len + 4, count);
	memcpy(out->data + out->len + 8, trailer_magic, sizeof(trailer_magic));
	out->len += TUSK_PACK_TRAILER_SIZE;
	return 0;
}

/* Checks the trailer: the number of records, if it agrees with the length of the table and the limits. */
static int decode_trailer(const uint8_t trailer[TUSK_PACK_TRAILER_SIZE], const char *name, uint32_t *ret_count,
			  struct tusk_err *err)
{
	uint32_t sealed_len = tusk_load_u32(trailer), count = tusk_load_u32(trailer + 4);

	if (memcmp(trailer + 8, trailer_magic, sizeof(trailer_magic)) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s does not end as a pack does", name);
	if (count > TUSK_PACK_MAX_RECORDS || sealed_len != tusk_toc_sealed_size(count))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0,
				    "%s: a table of contents of %lu records in %lu bytes cannot be", name,
				    (unsigned long)count, (unsigned long)sealed_len);
	*ret_count = count;
	return 0;
}

/* Turns the opened table into records; their sum must stay below limit, where the table itself begins. */
static int decode_records(const uint8_t *plain, uint32_t count, uint64_t limit, const char *name,
			  struct tusk_record *records, struct tusk_err *err)
{
	uint64_t offset = TUSK_OBJECT_HEADER_SIZE;
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, plain, (size_t)count * ENTRY_SIZE);
	for (uint32_t i = 0; i < count; i++) {
		struct tusk_record *record = &records[i];

		tusk_get_id(&cursor, &record->id);
		record->stored = tusk_get_u32(&cursor);
		record->raw = tusk_get_u32(&cursor);
		record->type = tusk_get_u8(&cursor);
		record->codec = tusk_get_u8(&cursor);
		record->offset = (uint32_t)offset;
		offset += record->stored;
		if (cursor.failed || !tusk_record_valid(record) || offset > limit)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: record %lu of %lu is impossible", name,
					    (unsigned long)i, (unsigned long)count);
	}
	return 0;
}

/* The parts of a table of contents, wherever they were stored. All borrowed. */
struct toc_parts {
	const uint8_t *header, *sealed, *trailer;
	uint64_t limit; /* where the last record must end */
	const char *name;
};

int tusk_pack_header_open(const struct tusk_keys *keys, const uint8_t header[TUSK_OBJECT_HEADER_SIZE], const char *name,
			  enum tusk_pack_kind *ret_kind, struct tusk_object_key *ret_key, struct tusk_err *err)
{
	uint8_t kind = header[11];

	if (kind != TUSK_PACK_CHUNKS && kind != TUSK_PACK_TREES)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is of an unknown kind (%u)", name, kind);
	if (tusk_object_header_open(keys, keys->pack, TUSK_PACK_MAGIC, kind, header, name, ret_key, err) < 0)
		return -1;
	*ret_kind = (enum tusk_pack_kind)kind;
	return 0;
}

static int decode_parts(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *pack,
			const struct toc_parts *parts, struct tusk_toc *ret_toc, struct tusk_err *err)
{
	struct tusk_toc toc TUSK_AUTO_TOC = {.pack = *pack};
	struct tusk_buf plain TUSK_AUTO_BUF = {0};
	struct tusk_object_key key TUSK_AUTO_OBJECT_KEY = {0};
	uint8_t aad[7];

	if (decode_trailer(parts->trailer, parts->name, &toc.count, err) < 0)
		return -1;
	if (tusk_pack_header_open(keys, parts->header, parts->name, &toc.kind, &key, err) < 0)
		return -1;
	toc.records = calloc(toc.count ? toc.count : 1, sizeof(*toc.records));
	if (!toc.records || tusk_buf_reserve(&plain, (size_t)toc.count * ENTRY_SIZE + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", parts->name);
	toc_aad(toc.count, aad);
	if (tusk_aead_open(aead, &key, TOC_NUMBER, aad, sizeof(aad), parts->sealed, tusk_toc_sealed_size(toc.count),
			   plain.data, err) < 0)
		return tusk_err_prefix(err, "%s: table of contents", parts->name);
	if (decode_records(plain.data, toc.count, parts->limit, parts->name, toc.records, err) < 0)
		return -1;
	*ret_toc = toc;
	toc.records = NULL;
	return 0;
}

int tusk_toc_decode(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *pack, const void *data,
		    size_t len, struct tusk_toc *ret_toc, struct tusk_err *err)
{
	const uint8_t *bytes = data;
	size_t around = TUSK_OBJECT_HEADER_SIZE + TUSK_PACK_TRAILER_SIZE + HASH_SIZE, sealed_len;
	char name[80];
	struct toc_parts parts = {.header = bytes, .name = name};
	uint8_t hash[HASH_SIZE];

	tusk_toc_name(pack, name);
	if (len < around + TUSK_TAG_SIZE || len > TUSK_TOC_MAX_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s has an impossible size of %zu bytes", name, len);
	tusk_sha256(bytes, len - HASH_SIZE, hash);
	if (memcmp(hash, bytes + len - HASH_SIZE, HASH_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s does not hash to what its end says", name);
	sealed_len = len - around;
	parts.sealed = bytes + TUSK_OBJECT_HEADER_SIZE;
	parts.trailer = parts.sealed + sealed_len;
	parts.limit = TUSK_PACK_MAX_SIZE - sealed_len - TUSK_PACK_TRAILER_SIZE;
	if (tusk_load_u32(parts.trailer) != sealed_len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s has a table of another length than it says", name);
	return decode_parts(keys, aead, pack, &parts, ret_toc, err);
}

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

/* The copy at the end of the pack. */
static int load_from_pack(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_aead *aead,
			  const struct tusk_id *pack, struct tusk_toc *ret_toc, struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	uint8_t header[TUSK_OBJECT_HEADER_SIZE], trailer[TUSK_PACK_TRAILER_SIZE];
	struct tusk_buf sealed TUSK_AUTO_BUF = {0};
	char name[80];
	struct toc_parts parts = {.header = header, .trailer = trailer, .name = name};
	uint64_t size, sealed_len;
	uint32_t count;
	int found;

	tusk_pack_name(pack, name);
	found = tusk_object_open(node, name, &object, err);
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is missing", name);
	if (found < 0)
		return -1;
	size = tusk_object_size(object);
	if (size > TUSK_PACK_MAX_SIZE || size < TUSK_OBJECT_HEADER_SIZE + TUSK_TAG_SIZE + TUSK_PACK_TRAILER_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s has an impossible size of %llu bytes", name,
				    (unsigned long long)size);
	if (tusk_object_pread(object, header, sizeof(header), 0, err) < 0 ||
	    tusk_object_pread(object, trailer, sizeof(trailer), size - sizeof(trailer), err) < 0 ||
	    decode_trailer(trailer, name, &count, err) < 0)
		return -1;
	sealed_len = tusk_toc_sealed_size(count);
	if (sealed_len > size - TUSK_OBJECT_HEADER_SIZE - TUSK_PACK_TRAILER_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated: its table of contents is longer", name);
	parts.limit = size - TUSK_PACK_TRAILER_SIZE - sealed_len;
	if (tusk_buf_reserve(&sealed, sealed_len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", name);
	if (tusk_object_pread(object, sealed.data, sealed_len, parts.limit, err) < 0)
		return -1;
	parts.sealed = sealed.data;
	return decode_parts(keys, aead, pack, &parts, ret_toc, err);
}

int tusk_toc_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_aead *aead,
		  const struct tusk_id *pack, struct tusk_toc *ret_toc, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err first = {0}, second = {0};
	char name[80];
	int found;

	tusk_toc_name(pack, name);
	found = tusk_node_get(node, name, TUSK_TOC_MAX_SIZE, &data, &first);
	if (found == TUSK_NODE_FOUND && tusk_toc_decode(keys, aead, pack, data.data, data.len, ret_toc, &first) == 0)
		return 0;
	if (found == TUSK_NODE_ABSENT)
		tusk_err_set(&first, TUSK_E_ABSENT, 0, "%s is missing, and so is its pack", name);
	if (load_from_pack(node, keys, aead, pack, ret_toc, &second) == 0)
		return 0;
	/* The more telling of the two. */
	if (err)
		*err = first.code == TUSK_E_ABSENT && second.code != TUSK_E_ABSENT ? second : first;
	return -1;
}
