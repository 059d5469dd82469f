/* Tables of contents: the input as a toc object, as one with a right hash, and, sealed, as the table itself. */
#include "pack.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE  80u
#define TRAILER_SIZE 16u
#define HASH_SIZE    32u
#define ENTRY_SIZE   42u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tusk_keys keys;
static struct tusk_object_key key;
static struct tusk_aead *aead;
static uint8_t header[HEADER_SIZE];

static void prepare(void)
{
	if (aead)
		return;
	aead = tusk_aead_new();
	if (!aead ||
	    tusk_keys_derive(TUSK_SUITE_NONE, (const uint8_t[16]){1}, (const uint8_t[32]){2}, &keys, NULL) < 0 ||
	    tusk_object_header_make(&keys, keys.pack, "tuskPACK", TUSK_PACK_CHUNKS, header, &key, NULL) < 0)
		abort();
}

static void check(const void *data, size_t size)
{
	static const struct tusk_id pack = {{3}};
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct tusk_err err = {0};
	uint64_t offset = HEADER_SIZE;

	if (tusk_toc_decode(&keys, aead, &pack, data, size, &toc, &err) < 0) {
		if (err.code == TUSK_OK)
			abort();
		return;
	}
	for (uint32_t i = 0; i < toc.count; i++) {
		if (toc.records[i].offset != offset || toc.records[i].raw > TUSK_RECORD_MAX_RAW)
			abort();
		offset += toc.records[i].stored;
	}
	if (offset > TUSK_PACK_MAX_SIZE)
		abort();
}

static void check_hashed(const uint8_t *data, size_t size)
{
	struct tusk_buf object TUSK_AUTO_BUF = {0};
	uint8_t hash[HASH_SIZE];

	tusk_sha256(data, size, hash);
	if (tusk_buf_append(&object, data, size) < 0 || tusk_buf_append(&object, hash, sizeof(hash)) < 0)
		abort();
	check(object.data, object.len);
}

static void check_sealed(const uint8_t *data, size_t size)
{
	uint32_t count = (uint32_t)(size / ENTRY_SIZE);
	size_t plain_len = (size_t)count * ENTRY_SIZE, sealed_len = plain_len + TUSK_TAG_SIZE;
	struct tusk_buf object TUSK_AUTO_BUF = {0};
	uint8_t aad[7] = {'t', 'o', 'c'}, *end;

	tusk_store_u32(aad + 3, count);
	if (tusk_buf_reserve(&object, HEADER_SIZE + sealed_len + TRAILER_SIZE) < 0)
		abort();
	memcpy(object.data, header, HEADER_SIZE);
	if (tusk_aead_seal(aead, &key, UINT64_MAX, aad, sizeof(aad), data, plain_len, object.data + HEADER_SIZE, NULL) <
	    0)
		abort();
	end = object.data + HEADER_SIZE + sealed_len;
	tusk_store_u32(end, (uint32_t)sealed_len);
	tusk_store_u32(end + 4, count);
	memcpy(end + 8, "tuskEND1", 8);
	check_hashed(object.data, HEADER_SIZE + sealed_len + TRAILER_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	check(data, size);
	check_hashed(data, size);
	check_sealed(data, size);
	return 0;
}
