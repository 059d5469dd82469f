/* Which chunk holds which bytes of a file's data. */
#ifndef TUSK_CHUNK_MAP_H
#define TUSK_CHUNK_MAP_H

#include "fetcher.h"

struct tusk_chunk_map {
	struct tusk_fetcher *fetcher; /* borrowed */
	uint64_t data_bytes;
	struct tusk_chunk_ref *refs; /* not for indirect lists: those are loaded when needed, through the cache */
	uint64_t *starts;
	size_t count;
	bool is_indirect;
	struct tusk_id list;
	uint8_t list_level;
};
/* For an entry whose content is in chunks; maps nothing for an empty or inline one. Checks that the lengths agree. */
int tusk_chunk_map_load(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, struct tusk_chunk_map *ret_map,
			struct tusk_err *err);
void tusk_chunk_map_release(struct tusk_chunk_map *map);

struct tusk_chunk_place {
	struct tusk_id id;
	uint64_t start; /* position of its first byte among the file's data */
	uint32_t len;
};
/* The chunk that holds the data byte data_offset (< data_bytes). */
int tusk_chunk_map_find(const struct tusk_chunk_map *map, uint64_t data_offset, struct tusk_chunk_place *ret_place,
			struct tusk_err *err);

#endif
