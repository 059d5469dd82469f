/* Packs: the input as a pack on a node in memory, and, sealed as a compressed record, as what a pack holds. */
#include "codec.h"
#include "node_ops.h"
#include "pack.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE  80u
#define TRAILER_SIZE 16u
#define ENTRY_SIZE   42u
#define AAD_SIZE     46u
#define RAW_MAX      65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tusk_id pack_id = {{0xab}};
static struct tusk_keys keys;
static struct tusk_object_key key;
static struct tusk_aead *aead;
static uint8_t header[HEADER_SIZE];

/* ---- a node that has one pack and nothing else ---- */

static struct {
	struct tusk_node node;
	struct tusk_object object; /* the pack, open; at most once at a time */
	const uint8_t *data;
} memory;

static void object_close(struct tusk_object *object)
{
	(void)object;
}

static int object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	if (offset > object->size || len > object->size - offset)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is truncated");
	if (len)
		memcpy(data, memory.data + offset, len);
	return 0;
}

static int object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	static const struct tusk_object_ops ops = {.close = object_close, .pread = object_pread};
	(void)node;
	(void)name;
	(void)err;
	memory.object.ops = &ops;
	*ret_object = &memory.object;
	return TUSK_NODE_FOUND;
}

static int get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err)
{
	(void)node;
	(void)name;
	(void)max;
	(void)ret_data;
	(void)err;
	return TUSK_NODE_ABSENT;
}

static void prepare(void)
{
	static const struct tusk_node_ops ops = {.get = get, .object_open = object_open};

	if (aead)
		return;
	memory.node.ops = &ops;
	aead = tusk_aead_new();
	if (!aead ||
	    tusk_keys_derive(TUSK_SUITE_NONE, (const uint8_t[16]){1}, (const uint8_t[32]){2}, &keys, NULL) < 0 ||
	    tusk_object_header_make(&keys, keys.pack, "tuskPACK", TUSK_PACK_CHUNKS, header, &key, NULL) < 0)
		abort();
}

/* Reads all that the pack says it holds. */
static void check(const void *data, size_t size)
{
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct tusk_buf scratch TUSK_AUTO_BUF = {0};
	struct tusk_pack *pack = NULL;
	struct tusk_err err = {0};

	memory.data = data;
	memory.object.size = size;
	if (tusk_toc_load(&memory.node, &keys, aead, &pack_id, &toc, &err) < 0) {
		if (err.code == TUSK_OK)
			abort();
		return;
	}
	if (tusk_pack_open(&memory.node, &keys, &pack_id, &pack, NULL) < 0)
		return;
	for (uint32_t i = 0; i < toc.count; i++) {
		uint8_t *out TUSK_AUTO_FREE = malloc(toc.records[i].raw + 1u);

		if (!out)
			abort();
		(void)tusk_pack_read(pack, aead, &toc.records[i], &scratch, out, NULL);
	}
	tusk_pack_close(pack);
}

static void seal(uint64_t number, const void *aad, size_t aad_len, const void *plain, size_t len, struct tusk_buf *pack)
{
	if (tusk_buf_reserve(pack, len + TUSK_TAG_SIZE) < 0 ||
	    tusk_aead_seal(aead, &key, number, aad, aad_len, plain, len, pack->data + pack->len, NULL) < 0)
		abort();
	pack->len += len + TUSK_TAG_SIZE;
}

/* The entry of the table of contents for a record; its associated data has the same fields in another order. */
static void describe(uint32_t stored, uint32_t raw, uint8_t ret_entry[ENTRY_SIZE], uint8_t ret_aad[AAD_SIZE])
{
	memset(ret_entry, 7, 32);
	tusk_store_u32(ret_entry + 32, stored);
	tusk_store_u32(ret_entry + 36, raw);
	ret_entry[40] = TUSK_OBJECT_CHUNK;
	ret_entry[41] = TUSK_CODEC_LZ4;
	ret_aad[0] = TUSK_OBJECT_CHUNK;
	ret_aad[1] = TUSK_CODEC_LZ4;
	memset(ret_aad + 2, 7, 32);
	tusk_store_u32(ret_aad + 34, raw);
	tusk_store_u32(ret_aad + 38, stored);
	tusk_store_u32(ret_aad + 42, HEADER_SIZE);
}

/* The first two bytes are the raw length, the rest the LZ4 block. */
static void check_sealed(const uint8_t *data, size_t size)
{
	static const uint8_t toc_aad[7] = {'t', 'o', 'c', 1, 0, 0, 0};
	struct tusk_buf pack TUSK_AUTO_BUF = {0};
	uint8_t entry[ENTRY_SIZE], aad[AAD_SIZE], trailer[TRAILER_SIZE];

	if (size < 2 || size > RAW_MAX)
		return;
	describe((uint32_t)size - 2 + TUSK_TAG_SIZE, tusk_load_u16(data), entry, aad);
	if (tusk_buf_append(&pack, header, sizeof(header)) < 0)
		abort();
	seal(HEADER_SIZE, aad, sizeof(aad), data + 2, size - 2, &pack);
	seal(UINT64_MAX, toc_aad, sizeof(toc_aad), entry, sizeof(entry), &pack);
	tusk_store_u32(trailer, ENTRY_SIZE + TUSK_TAG_SIZE);
	tusk_store_u32(trailer + 4, 1);
	memcpy(trailer + 8, "tuskEND1", 8);
	if (tusk_buf_append(&pack, trailer, sizeof(trailer)) < 0)
		abort();
	check(pack.data, pack.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	check(data, size);
	check_sealed(data, size);
	return 0;
}
