#include "pack.h"

#include "codec.h"
#include "toc.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_SIZE    (1u << 20)
#define FIRST_RECORDS 256u
#define HIDDEN_BELOW  7 /* bits under the highest one */

/* Invariants: 1. size is the number of bytes appended so far; the last buffer.len of them are not in the upload yet;
 * the hasher has them all. 2. Record i begins where record i - 1 ends. */
struct tusk_pack_writer {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	struct tusk_upload *upload;
	struct tusk_aead *aead;
	struct tusk_hasher *hasher;
	struct tusk_object_key key;
	uint8_t header[TUSK_OBJECT_HEADER_SIZE];
	struct tusk_buf buffer, check;
	struct tusk_record *records;
	uint32_t count, capacity;
	enum tusk_pack_kind kind;
	uint64_t size;
	bool failed;
};

TUSK_DEFINE_CLEANUP(struct tusk_pack_writer, writer, tusk_pack_writer_abort)
#define AUTO_WRITER TUSK_CLEANUP(writer_cleanup)

void tusk_pack_writer_abort(struct tusk_pack_writer *writer)
{
	if (!writer)
		return;
	tusk_upload_abort(writer->upload);
	tusk_aead_free(writer->aead);
	tusk_hasher_free(writer->hasher);
	tusk_buf_release(&writer->buffer);
	tusk_buf_release(&writer->check);
	free(writer->records);
	tusk_object_key_wipe(&writer->key);
	free(writer);
}

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot write a pack: out of memory");
}

static int flush(struct tusk_pack_writer *writer, struct tusk_err *err)
{
	if (tusk_upload_write(writer->upload, writer->buffer.data, writer->buffer.len, err) < 0)
		return tusk_err_prefix(err, "cannot write a pack");
	writer->buffer.len = 0;
	return 0;
}

/* Takes the len bytes at the end of the buffer as part of the pack. */
static void append_done(struct tusk_pack_writer *writer, size_t len)
{
	tusk_hasher_update(writer->hasher, writer->buffer.data + writer->buffer.len, len);
	writer->buffer.len += len;
	writer->size += len;
}

int tusk_pack_writer_open(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_pack_kind kind,
			  struct tusk_pack_writer **ret_writer, struct tusk_err *err)
{
	struct tusk_pack_writer *writer AUTO_WRITER = calloc(1, sizeof(*writer));

	if (!writer)
		return out_of_memory(err);
	writer->node = node;
	writer->keys = keys;
	writer->kind = kind;
	writer->aead = tusk_aead_new();
	writer->hasher = tusk_hasher_new();
	if (!writer->aead || !writer->hasher || tusk_buf_reserve(&writer->buffer, FLUSH_SIZE) < 0)
		return out_of_memory(err);
	if (tusk_object_header_make(keys, keys->pack, TUSK_PACK_MAGIC, (uint8_t)kind, writer->header, &writer->key,
				    err) < 0)
		return -1;
	if (tusk_upload_begin(node, &writer->upload, err) < 0)
		return tusk_err_prefix(err, "cannot begin a pack");
	memcpy(writer->buffer.data, writer->header, sizeof(writer->header));
	append_done(writer, sizeof(writer->header));
	*ret_writer = TUSK_STEAL(writer);
	return 0;
}

uint64_t tusk_pack_writer_size(const struct tusk_pack_writer *writer)
{
	return writer->size;
}

uint32_t tusk_pack_writer_count(const struct tusk_pack_writer *writer)
{
	return writer->count;
}

/* Rounds up so that only the eight highest bits of a length remain visible: at most 0.8 % of it, 0.3 % on average.
 * Padme (Nikitin et al., PoPETs 2019) leaves six of a pack's, hides the size of one file, and costs 1.5 %; but here are
 * many files in one object. */
static uint64_t padded(uint64_t len)
{
	unsigned exponent = 63 - (unsigned)__builtin_clzll(len);
	uint64_t mask = exponent > HIDDEN_BELOW ? ((uint64_t)1 << (exponent - HIDDEN_BELOW)) - 1 : 0;

	return (len + mask) & ~mask;
}

/* The size of the finished pack when its records end at size. */
static uint64_t finished_size(const struct tusk_pack_writer *writer, uint64_t size, uint32_t count)
{
	uint64_t len = size + tusk_toc_sealed_size(count) + TUSK_PACK_TRAILER_SIZE;

	return writer->keys->suite == TUSK_SUITE_NONE ? len : padded(len);
}

static int check_limits(const struct tusk_pack_writer *writer, const struct tusk_record *record, size_t payload_len,
			struct tusk_err *err)
{
	if (payload_len > TUSK_RECORD_MAX_RAW || record->raw > TUSK_RECORD_MAX_RAW)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "a record of %zu bytes is larger than the format allows",
				    payload_len);
	if (!tusk_record_valid(record))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a record of type %u, codec %u, %lu bytes of %lu cannot be",
				    record->type, record->codec, (unsigned long)payload_len,
				    (unsigned long)record->raw);
	if (writer->count >= TUSK_PACK_MAX_RECORDS ||
	    finished_size(writer, writer->size + record->stored, writer->count + 1) > TUSK_PACK_MAX_SIZE)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the pack is full: %lu records, %llu bytes",
				    (unsigned long)writer->count, (unsigned long long)writer->size);
	return 0;
}

static int reserve_record(struct tusk_pack_writer *writer, struct tusk_err *err)
{
	uint32_t capacity = writer->capacity ? 2 * writer->capacity : FIRST_RECORDS;
	struct tusk_record *records;

	if (writer->count < writer->capacity)
		return 0;
	records = realloc(writer->records, capacity * sizeof(*records));
	if (!records)
		return out_of_memory(err);
	writer->records = records;
	writer->capacity = capacity;
	return 0;
}

/* Seals into the buffer. The hash is taken before the proof, so that it covers the very bytes that were proven. */
static int seal_and_prove(struct tusk_pack_writer *writer, const struct tusk_record *record, const void *payload,
			  size_t payload_len, struct tusk_err *err)
{
	uint8_t aad[TUSK_RECORD_AAD_SIZE];
	const uint8_t *sealed = writer->buffer.data + writer->buffer.len;

	tusk_record_aad(record, aad);
	if (tusk_aead_seal(writer->aead, &writer->key, record->offset, aad, sizeof(aad), payload, payload_len,
			   writer->buffer.data + writer->buffer.len, err) < 0)
		return -1;
	append_done(writer, record->stored);
	if (tusk_aead_open(writer->aead, &writer->key, record->offset, aad, sizeof(aad), sealed, record->stored,
			   writer->check.data, err) < 0 ||
	    memcmp(writer->check.data, payload, payload_len) != 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0,
				    "a record just sealed does not open to the same bytes: this machine's memory or "
				    "processor is faulty");
	return 0;
}

int tusk_pack_writer_add(struct tusk_pack_writer *writer, uint8_t type, uint8_t codec, const struct tusk_id *id,
			 const void *payload, size_t payload_len, uint32_t raw_len, struct tusk_record *ret_record,
			 struct tusk_err *err)
{
	struct tusk_record record = {.id = *id,
				     .offset = (uint32_t)writer->size,
				     .stored = (uint32_t)payload_len + TUSK_TAG_SIZE,
				     .raw = raw_len,
				     .type = type,
				     .codec = codec};

	/* A number must never seal two payloads. */
	if (writer->failed)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "this pack has failed before");
	if (check_limits(writer, &record, payload_len, err) < 0 || reserve_record(writer, err) < 0)
		return -1;
	writer->check.len = 0;
	if (tusk_buf_reserve(&writer->buffer, record.stored) < 0 ||
	    tusk_buf_reserve(&writer->check, payload_len + 1) < 0)
		return out_of_memory(err);
	writer->failed = true;
	if (seal_and_prove(writer, &record, payload, payload_len, err) < 0)
		return -1;
	if (writer->buffer.len >= FLUSH_SIZE && flush(writer, err) < 0)
		return -1;
	writer->failed = false;
	writer->records[writer->count++] = record;
	if (ret_record)
		*ret_record = record;
	return 0;
}

static int append_zeros(struct tusk_pack_writer *writer, uint64_t len, struct tusk_err *err)
{
	while (len) {
		size_t piece = len < FLUSH_SIZE ? (size_t)len : FLUSH_SIZE;

		if (tusk_buf_reserve(&writer->buffer, piece) < 0)
			return out_of_memory(err);
		memset(writer->buffer.data + writer->buffer.len, 0, piece);
		append_done(writer, piece);
		if (flush(writer, err) < 0)
			return -1;
		len -= piece;
	}
	return 0;
}

/* Padding, table of contents, trailer. The last two stay at the end of ret_toc_object, behind the header. */
static int write_end(struct tusk_pack_writer *writer, struct tusk_buf *ret_toc_object, struct tusk_err *err)
{
	uint64_t end = writer->size + tusk_toc_sealed_size(writer->count) + TUSK_PACK_TRAILER_SIZE;
	size_t len;

	if (append_zeros(writer, finished_size(writer, writer->size, writer->count) - end, err) < 0)
		return -1;
	if (tusk_buf_append(ret_toc_object, writer->header, sizeof(writer->header)) < 0)
		return out_of_memory(err);
	if (tusk_toc_seal(writer->aead, &writer->key, writer->records, writer->count, ret_toc_object, err) < 0)
		return -1;
	len = ret_toc_object->len - sizeof(writer->header);
	if (tusk_buf_reserve(&writer->buffer, len) < 0)
		return out_of_memory(err);
	memcpy(writer->buffer.data + writer->buffer.len, ret_toc_object->data + sizeof(writer->header), len);
	append_done(writer, len);
	return flush(writer, err);
}

/* The hash at its end, the proof that it decodes to the records written, and its publishing. */
static int publish_toc(struct tusk_pack_writer *writer, const struct tusk_id *pack, struct tusk_buf *object,
		       struct tusk_toc *ret_toc, struct tusk_err *err)
{
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	char name[80];
	uint8_t hash[32];

	tusk_sha256(object->data, object->len, hash);
	if (tusk_buf_append(object, hash, sizeof(hash)) < 0)
		return out_of_memory(err);
	if (tusk_toc_decode(writer->keys, writer->aead, pack, object->data, object->len, &toc, err) < 0)
		return tusk_err_prefix(err, "a table of contents just sealed");
	tusk_toc_name(pack, name);
	if (tusk_node_put(writer->node, name, object->data, object->len, err) < 0)
		return tusk_err_prefix(err, "cannot write the table of contents of a pack");
	*ret_toc = toc;
	toc.records = NULL;
	return 0;
}

int tusk_pack_writer_finish(struct tusk_pack_writer *writer, struct tusk_toc *ret_toc, uint64_t *ret_size,
			    struct tusk_err *err)
{
	struct tusk_pack_writer *mine AUTO_WRITER = writer;
	struct tusk_buf toc_object TUSK_AUTO_BUF = {0};
	struct tusk_id id;
	char name[80];
	uint64_t size;

	if (mine->failed || !mine->count)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "a pack that is empty or has failed cannot be finished");
	if (write_end(mine, &toc_object, err) < 0)
		return -1;
	size = mine->size;
	tusk_hasher_final(mine->hasher, id.bytes);
	tusk_pack_name(&id, name);
	if (tusk_upload_commit(TUSK_STEAL(mine->upload), name, err) < 0)
		return tusk_err_prefix(err, "cannot write a pack");
	if (publish_toc(mine, &id, &toc_object, ret_toc, err) < 0)
		return -1;
	*ret_size = size;
	return 0;
}
