#include "pack.h"

#include "codec.h"
#include "toc.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

struct tusk_pack {
	struct tusk_object *object;
	struct tusk_object_key key;
	char name[80];
};

TUSK_DEFINE_CLEANUP(struct tusk_pack, pack, tusk_pack_close)
#define AUTO_PACK TUSK_CLEANUP(pack_cleanup)

void tusk_pack_close(struct tusk_pack *pack)
{
	if (!pack)
		return;
	tusk_object_close(pack->object);
	tusk_object_key_wipe(&pack->key);
	free(pack);
}

static int try_header(struct tusk_pack *pack, const struct tusk_keys *keys, struct tusk_err *err)
{
	uint8_t header[TUSK_OBJECT_HEADER_SIZE];
	enum tusk_pack_kind kind;

	if (tusk_object_pread(pack->object, header, sizeof(header), 0, err) < 0)
		return -1;
	return tusk_pack_header_open(keys, header, pack->name, &kind, &pack->key, err);
}

/* What a cache gave is read again, from the node, before it is called damaged. */
static int open_header(struct tusk_pack *pack, const struct tusk_keys *keys, struct tusk_err *err)
{
	struct tusk_err why = {0};
	int result = try_header(pack, keys, &why);

	if (result < 0 && why.code == TUSK_E_CORRUPT && tusk_object_doubt(pack->object)) {
		tusk_err_clear(&why);
		result = try_header(pack, keys, &why);
	}
	if (result < 0 && err)
		*err = why;
	return result;
}

/* header: NULL for the pack's own. */
static int open_pack(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id,
		     const uint8_t *header, struct tusk_pack **ret_pack, struct tusk_err *err)
{
	struct tusk_pack *pack AUTO_PACK = calloc(1, sizeof(*pack));
	enum tusk_pack_kind kind;
	int found;

	if (!pack)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open a pack: out of memory");
	tusk_pack_name(id, pack->name);
	found = tusk_object_open(node, pack->name, &pack->object, err);
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is missing", pack->name);
	if (found < 0)
		return -1;
	if (tusk_object_size(pack->object) > TUSK_PACK_MAX_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is larger than a pack can be: %llu bytes", pack->name,
				    (unsigned long long)tusk_object_size(pack->object));
	int opened = header ? tusk_pack_header_open(keys, header, pack->name, &kind, &pack->key, err)
			    : open_header(pack, keys, err);
	if (opened < 0)
		return -1;
	*ret_pack = TUSK_STEAL(pack);
	return 0;
}

int tusk_pack_open(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id,
		   struct tusk_pack **ret_pack, struct tusk_err *err)
{
	return open_pack(node, keys, id, NULL, ret_pack, err);
}

int tusk_pack_open_headed(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id,
			  const uint8_t header[TUSK_OBJECT_HEADER_SIZE], struct tusk_pack **ret_pack,
			  struct tusk_err *err)
{
	return open_pack(node, keys, id, header, ret_pack, err);
}

int tusk_pack_pread(struct tusk_pack *pack, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	return tusk_object_pread(pack->object, data, len, offset, err);
}

static int check_record(const struct tusk_pack *pack, const struct tusk_record *record, struct tusk_err *err)
{
	if (tusk_record_valid(record))
		return 0;
	return tusk_err_set(err, TUSK_E_CORRUPT, 0,
			    "%s: a record of type %u, codec %u, %lu bytes of %lu at offset %lu cannot be", pack->name,
			    record->type, record->codec, (unsigned long)record->stored, (unsigned long)record->raw,
			    (unsigned long)record->offset);
}

/* plain: room for the compressed bytes; not used for raw records. */
static int decode(const struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		  const uint8_t *sealed, uint8_t *plain, uint8_t *out, struct tusk_err *err)
{
	bool raw = record->codec == TUSK_CODEC_RAW;
	uint8_t aad[TUSK_RECORD_AAD_SIZE];
	int result;

	tusk_record_aad(record, aad);
	result = tusk_aead_open(aead, &pack->key, record->offset, aad, sizeof(aad), sealed, record->stored,
				raw ? out : plain, err);
	if (result == 0 && !raw)
		result = tusk_decompress((enum tusk_codec)record->codec, plain, record->stored - TUSK_TAG_SIZE, out,
					 record->raw, err);
	if (result < 0)
		return tusk_err_prefix(err, "%s: record at offset %lu", pack->name, (unsigned long)record->offset);
	return 0;
}

static int reserve_scratch(struct tusk_buf *scratch, size_t len, const struct tusk_pack *pack, struct tusk_err *err)
{
	scratch->len = 0;
	if (tusk_buf_reserve(scratch, len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", pack->name);
	return 0;
}

int tusk_pack_decode(struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		     const uint8_t *sealed, struct tusk_buf *scratch, uint8_t *out, struct tusk_err *err)
{
	if (check_record(pack, record, err) < 0 || reserve_scratch(scratch, record->stored, pack, err) < 0)
		return -1;
	return decode(pack, aead, record, sealed, scratch->data, out, err);
}

static int read_once(struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		     struct tusk_buf *scratch, uint8_t *out, struct tusk_err *err)
{
	if (check_record(pack, record, err) < 0 || reserve_scratch(scratch, 2 * (size_t)record->stored, pack, err) < 0)
		return -1;
	if (tusk_object_pread(pack->object, scratch->data, record->stored, record->offset, err) < 0)
		return -1;
	return decode(pack, aead, record, scratch->data, scratch->data + record->stored, out, err);
}

const uint8_t *tusk_pack_compressed(const struct tusk_record *record, const struct tusk_buf *scratch)
{
	return scratch->data + record->stored;
}

/* As open_header. */
int tusk_pack_read(struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		   struct tusk_buf *scratch, uint8_t *out, struct tusk_err *err)
{
	struct tusk_err why = {0};
	int result = read_once(pack, aead, record, scratch, out, &why);

	if (result < 0 && why.code == TUSK_E_CORRUPT && tusk_object_doubt(pack->object)) {
		tusk_err_clear(&why);
		result = read_once(pack, aead, record, scratch, out, &why);
	}
	if (result < 0 && err)
		*err = why;
	return result;
}
