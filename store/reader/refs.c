#include "refs.h"

#include "chunk_map.h"
#include "wire.h"

#include <string.h>

static int take_blob(const struct tusk_bytes *reference, const struct tusk_ref_sink *sink, struct tusk_err *err)
{
	struct tusk_ref ref = {.type = TUSK_OBJECT_BLOB};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, reference->data, reference->len);
	tusk_get_id(&cursor, &ref.id); /* the tree's decoder has checked that it is there */
	return sink->take(sink->context, &ref, err) < 0 ? -1 : 0;
}

bool tusk_ref_holds(const struct tusk_ref *ref, const struct tusk_list *list)
{
	return list->level == ref->level && list->starts[list->count] == ref->len;
}

void tusk_ref_key(const struct tusk_ref *ref, struct tusk_id *ret_key)
{
	uint8_t text[TUSK_ID_SIZE + 9];
	memcpy(text, ref->id.bytes, TUSK_ID_SIZE);
	tusk_store_u64(text + TUSK_ID_SIZE, ref->len);
	text[TUSK_ID_SIZE + 8] = ref->level;
	tusk_sha256(text, sizeof(text), ret_key->bytes);
}

/* There is nothing in a chunk to keep out of: the chunks after it are taken whatever the answer. */
static int take_one(const struct tusk_ref_sink *sink, const struct tusk_ref *ref, struct tusk_err *err)
{
	return sink->take(sink->context, ref, err) < 0 ? -1 : 0;
}

static int take_list(struct tusk_fetcher *fetcher, const struct tusk_ref *ref, const struct tusk_ref_sink *sink,
		     struct tusk_err *err)
{
	const struct tusk_list *list;
	int status = sink->take(sink->context, ref, err);
	if (status != 0)
		return status < 0 ? -1 : 0;
	if (tusk_fetcher_list(fetcher, &ref->id, &list, err) != 0)
		return -1;
	for (size_t i = 0; i < list->count && status == 0; i++) {
		struct tusk_ref child = {.id = list->refs[i].id,
					 .type = ref->level == 0 ? TUSK_OBJECT_CHUNK : TUSK_OBJECT_LIST,
					 .level = (uint8_t)(ref->level - 1),
					 .data_offset = ref->data_offset + list->starts[i],
					 .len = list->refs[i].len};
		if (child.type == TUSK_OBJECT_CHUNK)
			status = take_one(sink, &child, err);
		else
			status = take_list(fetcher, &child, sink, err);
	}
	tusk_list_release(list);
	return status < 0 ? -1 : 0;
}

static int take_content(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, const struct tusk_ref_sink *sink,
			struct tusk_err *err)
{
	struct tusk_chunk_map map = {0};
	int status = 0;
	if (tusk_chunk_map_load(fetcher, entry, &map, err) != 0)
		return -1;
	if (map.is_indirect) {
		struct tusk_ref ref = {
		    .id = map.list, .type = TUSK_OBJECT_LIST, .level = map.list_level, .len = map.data_bytes};
		status = take_list(fetcher, &ref, sink, err);
	}
	for (size_t i = 0; i < map.count && status == 0; i++) {
		struct tusk_ref ref = {.id = map.refs[i].id,
				       .type = TUSK_OBJECT_CHUNK,
				       .data_offset = map.starts[i],
				       .len = map.refs[i].len};
		status = take_one(sink, &ref, err);
	}
	tusk_chunk_map_release(&map);
	return status;
}

int tusk_refs_of(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, const struct tusk_ref_sink *sink,
		 struct tusk_err *err)
{
	if (entry->xattrs_in_blob && take_blob(&entry->xattr_bytes, sink, err) != 0)
		return -1;
	if (entry->extents_in_blob && take_blob(&entry->extent_bytes, sink, err) != 0)
		return -1;
	return entry->type == TUSK_TYPE_FILE ? take_content(fetcher, entry, sink, err) : 0;
}
