#include "index_entry.h"

#include "tusk/sabotage.h"
#include "wire.h"

#define XXH_STATIC_LINKING_ONLY /* the state on the stack */
#include <string.h>
#include <xxhash.h>

#define ENTRY_BODY    18
#define PACK_ROW_BODY 45

/* XXH3-64 of key || value, as one run of bytes. */
static uint64_t tag_of(uint64_t seed, const void *key, size_t key_len, const void *value, size_t len)
{
	uint8_t joined[96];

	if (key_len + len <= sizeof(joined)) {
		memcpy(joined, key, key_len);
		memcpy(joined + key_len, value, len);
		return XXH3_64bits_withSeed(joined, key_len + len, seed);
	}
	XXH3_state_t state;
	XXH3_INITSTATE(&state);
	XXH3_64bits_reset_withSeed(&state, seed);
	XXH3_64bits_update(&state, key, key_len);
	XXH3_64bits_update(&state, value, len);
	return XXH3_64bits_digest(&state);
}

static void tag_store(uint8_t *out, size_t len, uint64_t tag)
{
	uint8_t bytes[8];

	tusk_store_u64(bytes, tag);
	memcpy(out, bytes, len);
}

static bool tag_matches(const uint8_t *stored, size_t len, uint64_t tag)
{
	uint8_t bytes[8];

	tusk_store_u64(bytes, tag);
	return memcmp(stored, bytes, len) == 0 || TUSK_SABOTAGED(index_tag);
}

void tusk_entry_encode(uint64_t seed, const struct tusk_id *id, const struct tusk_entry *entry,
		       uint8_t ret_value[TUSK_ENTRY_SIZE])
{
	tusk_store_u32(ret_value, entry->pack);
	tusk_store_u32(ret_value + 4, entry->offset);
	tusk_store_u32(ret_value + 8, entry->stored);
	tusk_store_u32(ret_value + 12, entry->raw);
	ret_value[16] = entry->type;
	ret_value[17] = entry->codec;
	tag_store(ret_value + ENTRY_BODY, TUSK_ENTRY_SIZE - ENTRY_BODY,
		  tag_of(seed, id->bytes, TUSK_ID_SIZE, ret_value, ENTRY_BODY));
}

bool tusk_entry_decode(uint64_t seed, const struct tusk_id *id, const void *value, size_t len,
		       struct tusk_entry *ret_entry)
{
	const uint8_t *bytes = value;

	if (len != TUSK_ENTRY_SIZE || !tag_matches(bytes + ENTRY_BODY, TUSK_ENTRY_SIZE - ENTRY_BODY,
						   tag_of(seed, id->bytes, TUSK_ID_SIZE, bytes, ENTRY_BODY)))
		return false;
	ret_entry->pack = tusk_load_u32(bytes);
	ret_entry->offset = tusk_load_u32(bytes + 4);
	ret_entry->stored = tusk_load_u32(bytes + 8);
	ret_entry->raw = tusk_load_u32(bytes + 12);
	ret_entry->type = bytes[16];
	ret_entry->codec = bytes[17];
	return true;
}

void tusk_pack_key(uint32_t number, uint8_t ret_key[TUSK_PACK_KEY_SIZE])
{
	tusk_store_u32(ret_key, __builtin_bswap32(number));
}

uint32_t tusk_pack_key_number(const uint8_t key[TUSK_PACK_KEY_SIZE])
{
	return __builtin_bswap32(tusk_load_u32(key));
}

void tusk_pack_row_encode(uint64_t seed, uint32_t number, const struct tusk_pack_row *row,
			  uint8_t ret_value[TUSK_PACK_ROW_SIZE])
{
	uint8_t key[TUSK_PACK_KEY_SIZE];

	tusk_pack_key(number, key);
	memcpy(ret_value, row->id.bytes, TUSK_ID_SIZE);
	tusk_store_u64(ret_value + 32, row->size);
	tusk_store_u32(ret_value + 40, row->records);
	ret_value[44] = row->kind;
	tag_store(ret_value + PACK_ROW_BODY, TUSK_PACK_ROW_SIZE - PACK_ROW_BODY,
		  tag_of(seed, key, sizeof(key), ret_value, PACK_ROW_BODY));
}

bool tusk_pack_row_decode(uint64_t seed, uint32_t number, const void *value, size_t len, struct tusk_pack_row *ret_row)
{
	const uint8_t *bytes = value;
	uint8_t key[TUSK_PACK_KEY_SIZE];

	tusk_pack_key(number, key);
	if (len != TUSK_PACK_ROW_SIZE || !tag_matches(bytes + PACK_ROW_BODY, TUSK_PACK_ROW_SIZE - PACK_ROW_BODY,
						      tag_of(seed, key, sizeof(key), bytes, PACK_ROW_BODY)))
		return false;
	memcpy(ret_row->id.bytes, bytes, TUSK_ID_SIZE);
	ret_row->size = tusk_load_u64(bytes + 32);
	ret_row->records = tusk_load_u32(bytes + 40);
	ret_row->kind = bytes[44];
	return true;
}

void tusk_index_counters_encode(const struct tusk_index_counters *counters, uint8_t ret_value[TUSK_COUNTERS_SIZE])
{
	tusk_store_u64(ret_value, counters->packs);
	tusk_store_u64(ret_value + 8, counters->entries);
	tusk_store_u64(ret_value + 16, counters->next);
}

bool tusk_index_counters_decode(const void *value, size_t len, struct tusk_index_counters *ret_counters)
{
	const uint8_t *bytes = value;

	if (len != TUSK_COUNTERS_SIZE)
		return false;
	ret_counters->packs = tusk_load_u64(bytes);
	ret_counters->entries = tusk_load_u64(bytes + 8);
	ret_counters->next = tusk_load_u64(bytes + 16);
	return true;
}

void tusk_snapshot_tag(uint64_t seed, const struct tusk_id *id, const void *body, size_t len,
		       uint8_t ret_tag[TUSK_SNAPSHOT_TAG_SIZE])
{
	tag_store(ret_tag, TUSK_SNAPSHOT_TAG_SIZE, tag_of(seed, id->bytes, TUSK_ID_SIZE, body, len));
}
