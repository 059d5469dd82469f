#include "chunk_map.h"

#include "wire.h"

#include <stdlib.h>

void tusk_chunk_map_release(struct tusk_chunk_map *map)
{
	free(map->refs);
	free(map->starts);
	*map = (struct tusk_chunk_map){0};
}

static int reserve(struct tusk_chunk_map *map, size_t count, struct tusk_err *err)
{
	map->count = count;
	map->refs = calloc(count, sizeof(*map->refs));
	map->starts = calloc(count + 1, sizeof(*map->starts));
	if (!map->refs || !map->starts)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

static int load_single(struct tusk_chunk_map *map, const struct tusk_entry *entry, struct tusk_err *err)
{
	if (entry->has_holes)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a file with holes gives no id for its chunk");
	if (reserve(map, 1, err) != 0)
		return -1;
	map->refs[0].len = map->starts[1] = entry->data_bytes;
	return tusk_fetcher_chunk_id(map->fetcher, entry->sha256, &map->refs[0].id, err);
}

static int load_list(struct tusk_chunk_map *map, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	if (entry->chunk_count == 0 || entry->chunk_count > TUSK_LIST_INLINE_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a file lists %llu chunks",
				    (unsigned long long)entry->chunk_count);
	if (reserve(map, (size_t)entry->chunk_count, err) != 0)
		return -1;
	tusk_cursor_init(&cursor, entry->content_bytes.data, entry->content_bytes.len);
	for (size_t i = 0; i < map->count; i++) {
		tusk_get_id(&cursor, &map->refs[i].id);
		map->refs[i].len = tusk_get_varint(&cursor);
		if (__builtin_add_overflow(map->starts[i], map->refs[i].len, &map->starts[i + 1]))
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the lengths of a file's chunks overflow");
	}
	if (!tusk_cursor_done(&cursor))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the list of a file's chunks is malformed");
	return 0;
}

static int load_indirect(struct tusk_chunk_map *map, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	tusk_cursor_init(&cursor, entry->content_bytes.data, entry->content_bytes.len);
	tusk_get_id(&cursor, &map->list);
	if (!tusk_cursor_done(&cursor))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the reference to a chunk list is malformed");
	map->is_indirect = true;
	map->list_level = entry->list_level;
	return 0;
}

int tusk_chunk_map_load(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, struct tusk_chunk_map *ret_map,
			struct tusk_err *err)
{
	struct tusk_chunk_map map = {.fetcher = fetcher, .data_bytes = entry->data_bytes};
	uint64_t inside = 0;
	int status = 0;

	if (entry->content == TUSK_CONTENT_CHUNK)
		status = load_single(&map, entry, err);
	else if (entry->content == TUSK_CONTENT_LIST)
		status = load_list(&map, entry, err);
	else if (entry->content == TUSK_CONTENT_INDIRECT)
		status = load_indirect(&map, entry, err);
	else if (entry->content == TUSK_CONTENT_INLINE)
		inside = entry->content_bytes.len;
	if (status == 0 && !map.is_indirect && (map.starts ? map.starts[map.count] : inside) != map.data_bytes)
		status = tusk_err_set(err, TUSK_E_CORRUPT, 0, "a file's content is not as long as its entry says");
	if (status != 0) {
		tusk_chunk_map_release(&map);
		return -1;
	}
	*ret_map = map;
	return 0;
}

/* The last i with starts[i] <= offset. */
static size_t last_at_most(const uint64_t *starts, size_t count, uint64_t offset)
{
	size_t low = 0, high = count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int set_place(const struct tusk_chunk_ref *ref, uint64_t start, struct tusk_chunk_place *ret_place,
		     struct tusk_err *err)
{
	char text[TUSK_ID_TEXT_SIZE];
	if (ref->len == 0 || ref->len > TUSK_RECORD_MAX_RAW) {
		tusk_id_text(&ref->id, text);
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a file says that chunk %s has %llu bytes", text,
				    (unsigned long long)ref->len);
	}
	*ret_place = (struct tusk_chunk_place){.id = ref->id, .start = start, .len = (uint32_t)ref->len};
	return 0;
}

/* Down the lists by binary search; each must be of the level and length that its parent says. */
static int find_indirect(const struct tusk_chunk_map *map, uint64_t data_offset, struct tusk_chunk_place *ret_place,
			 struct tusk_err *err)
{
	struct tusk_chunk_ref ref = {.id = map->list, .len = map->data_bytes};
	uint64_t start = 0;

	for (int level = map->list_level; level >= 0; level--) {
		const struct tusk_list *list;
		char text[TUSK_ID_TEXT_SIZE];
		if (tusk_fetcher_list(map->fetcher, &ref.id, &list, err) != 0)
			return -1;
		if (list->level != level || list->count == 0 || list->starts[list->count] != ref.len) {
			tusk_list_release(list);
			tusk_id_text(&ref.id, text);
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "chunk list %s is not what its parent says", text);
		}
		size_t i = last_at_most(list->starts, list->count, data_offset - start);
		ref = list->refs[i];
		start += list->starts[i];
		tusk_list_release(list);
	}
	return set_place(&ref, start, ret_place, err);
}

int tusk_chunk_map_find(const struct tusk_chunk_map *map, uint64_t data_offset, struct tusk_chunk_place *ret_place,
			struct tusk_err *err)
{
	if (map->is_indirect)
		return find_indirect(map, data_offset, ret_place, err);
	size_t i = last_at_most(map->starts, map->count, data_offset);
	return set_place(&map->refs[i], map->starts[i], ret_place, err);
}
