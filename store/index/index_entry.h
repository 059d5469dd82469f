/* Keys and values of the index's tables as FORMAT.md lays them out ("The client's index"). Pure; no LMDB. */
#ifndef TUSK_INDEX_ENTRY_H
#define TUSK_INDEX_ENTRY_H

#include "tusk/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUSK_ENTRY_SIZE        24
#define TUSK_PACK_ROW_SIZE     48
#define TUSK_COUNTERS_SIZE     24
#define TUSK_SNAPSHOT_TAG_SIZE 6
#define TUSK_PACK_KEY_SIZE     4

/* Where an object is, by the number of its pack. */
struct tusk_entry {
	uint32_t pack, offset, stored, raw;
	uint8_t type, codec;
};
void tusk_entry_encode(uint64_t seed, const struct tusk_id *id, const struct tusk_entry *entry,
		       uint8_t ret_value[TUSK_ENTRY_SIZE]);
/* False when the length or the tag is wrong. */
bool tusk_entry_decode(uint64_t seed, const struct tusk_id *id, const void *value, size_t len,
		       struct tusk_entry *ret_entry);

struct tusk_pack_row {
	struct tusk_id id;
	uint64_t size; /* bytes of the pack */
	uint32_t records;
	uint8_t kind;
};
/* Big-endian, so that the table is in the order of numbers. */
void tusk_pack_key(uint32_t number, uint8_t ret_key[TUSK_PACK_KEY_SIZE]);
uint32_t tusk_pack_key_number(const uint8_t key[TUSK_PACK_KEY_SIZE]);
void tusk_pack_row_encode(uint64_t seed, uint32_t number, const struct tusk_pack_row *row,
			  uint8_t ret_value[TUSK_PACK_ROW_SIZE]);
bool tusk_pack_row_decode(uint64_t seed, uint32_t number, const void *value, size_t len, struct tusk_pack_row *ret_row);

/* next: the number that the next new pack gets; never given twice. */
struct tusk_index_counters {
	uint64_t packs, entries, next;
};
void tusk_index_counters_encode(const struct tusk_index_counters *counters, uint8_t ret_value[TUSK_COUNTERS_SIZE]);
bool tusk_index_counters_decode(const void *value, size_t len, struct tusk_index_counters *ret_counters);

/* The tag of a manifest's cached body. */
void tusk_snapshot_tag(uint64_t seed, const struct tusk_id *id, const void *body, size_t len,
		       uint8_t ret_tag[TUSK_SNAPSHOT_TAG_SIZE]);

#endif
