#include "file_private.h"

#include "prefetch.h"
#include "view_private.h"

#include <stdlib.h>
#include <string.h>

int tusk_file_open(struct tusk_view *view, const struct tusk_entry *entry, struct tusk_file **ret_file,
		   struct tusk_err *err)
{
	if (entry->type != TUSK_TYPE_FILE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "not a regular file");
	TUSK_AUTO_FILE struct tusk_file *file = calloc(1, sizeof(*file));
	if (!file)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	atomic_init(&file->users, 1);
	file->fetcher = view->fetcher;
	if (tusk_extents_load(view->fetcher, entry, &file->extents, err) != 0 ||
	    tusk_chunk_map_load(view->fetcher, entry, &file->map, err) != 0)
		return -1;
	file->is_inline = entry->content == TUSK_CONTENT_INLINE;
	file->content = entry->content_bytes;
	file->pin = tusk_block_retain(entry->pin);
	*ret_file = TUSK_STEAL(file);
	return 0;
}

struct tusk_file *tusk_file_retain(struct tusk_file *file)
{
	atomic_fetch_add(&file->users, 1);
	return file;
}

void tusk_file_close(struct tusk_file *file)
{
	if (!file || atomic_fetch_sub(&file->users, 1) != 1)
		return;
	tusk_extents_release(&file->extents);
	tusk_chunk_map_release(&file->map);
	tusk_block_release(file->pin);
	free(file);
}

uint64_t tusk_file_size(const struct tusk_file *file)
{
	return file->extents.size;
}

/* ---- walking ---- */

static int walk_inline(struct tusk_file *file, uint64_t data_offset, uint64_t len, const struct tusk_piece_sink *sink,
		       struct tusk_err *err)
{
	struct tusk_piece piece = {.data = file->content.data + data_offset,
				   .len = (size_t)len,
				   .pin = tusk_cached_retain(tusk_block_pin(file->pin))};
	return sink->take(sink->context, &piece, err);
}

static int walk_chunks(struct tusk_file *file, uint64_t data_offset, uint64_t len, const struct tusk_piece_sink *sink,
		       struct tusk_err *err)
{
	while (len > 0) {
		struct tusk_chunk_place place;
		struct tusk_chunk *chunk;
		size_t chunk_len;
		if (tusk_chunk_map_find(&file->map, data_offset, &place, err) != 0 ||
		    tusk_fetcher_chunk(file->fetcher, &place.id, place.len, &chunk, err) != 0)
			return -1;
		size_t within = (size_t)(data_offset - place.start);
		const uint8_t *data = tusk_chunk_data(chunk, &chunk_len);
		size_t part = chunk_len - within < len ? chunk_len - within : (size_t)len;
		struct tusk_piece piece = {.data = data + within, .len = part, .pin = tusk_chunk_pin(chunk)};
		if (sink->take(sink->context, &piece, err) != 0)
			return -1;
		data_offset += part;
		len -= part;
	}
	return 0;
}

int tusk_file_walk(struct tusk_file *file, uint64_t offset, uint64_t len, const struct tusk_piece_sink *sink,
		   struct tusk_err *err)
{
	while (len > 0) {
		struct tusk_stretch stretch;
		int status;
		tusk_extents_at(&file->extents, offset, &stretch);
		if (stretch.len > len)
			stretch.len = len;
		if (!stretch.is_data) {
			struct tusk_piece hole = {.len = (size_t)stretch.len};
			status = sink->take(sink->context, &hole, err);
		} else if (file->is_inline) {
			status = walk_inline(file, stretch.data_offset, stretch.len, sink, err);
		} else {
			status = walk_chunks(file, stretch.data_offset, stretch.len, sink, err);
		}
		if (status != 0)
			return -1;
		offset += stretch.len;
		len -= stretch.len;
	}
	return 0;
}

/* ---- reading ---- */

static int copy_piece(void *context, const struct tusk_piece *piece, struct tusk_err *err)
{
	uint8_t **out = context;
	(void)err;
	if (piece->data)
		memcpy(*out, piece->data, piece->len);
	else
		memset(*out, 0, piece->len);
	*out += piece->len;
	tusk_cached_release(piece->pin);
	return 0;
}

bool tusk_file_is_single(const struct tusk_file *file)
{
	return !file->is_inline && !file->map.is_indirect && file->map.count == 1 &&
	       file->map.data_bytes == tusk_file_size(file);
}

int tusk_file_pread(struct tusk_file *file, void *data, size_t len, uint64_t offset, size_t *ret_len,
		    struct tusk_err *err)
{
	uint64_t size = tusk_file_size(file);
	uint64_t left = offset < size ? size - offset : 0;
	uint8_t *out = data;
	struct tusk_piece_sink sink = {.take = copy_piece, .context = &out};

	if (len > left)
		len = (size_t)left;
	*ret_len = len;
	if (len == size && tusk_file_is_single(file))
		return tusk_fetcher_chunk_into(file->fetcher, &file->map.refs[0].id, size, data, err);
	return tusk_file_walk(file, offset, len, &sink, err);
}

int tusk_file_seek(struct tusk_file *file, uint64_t offset, bool data, uint64_t *ret_offset, struct tusk_err *err)
{
	uint64_t size = tusk_file_size(file);
	struct tusk_stretch stretch;

	(void)err;
	if (offset >= size)
		return TUSK_ABSENT;
	tusk_extents_at(&file->extents, offset, &stretch);
	if (stretch.is_data != data)
		offset += stretch.len; /* what follows is of the other kind, or the end */
	if (data && offset >= size)
		return TUSK_ABSENT;
	*ret_offset = offset;
	return TUSK_FOUND;
}

int tusk_file_chunks(struct tusk_file *file,
		     int (*visit)(void *context, const struct tusk_id *id, uint64_t data_offset, uint32_t len,
				  struct tusk_err *err),
		     void *context, struct tusk_err *err)
{
	uint64_t offset = file->is_inline ? file->map.data_bytes : 0;
	while (offset < file->map.data_bytes) {
		struct tusk_chunk_place place;
		if (tusk_chunk_map_find(&file->map, offset, &place, err) != 0)
			return -1;
		int status = visit(context, &place.id, place.start, place.len, err);
		if (status != 0)
			return status;
		offset = place.start + place.len;
	}
	return 0;
}

/* ---- ahead of the reader ---- */

static bool warm_data(struct tusk_file *file, uint64_t data_offset, uint64_t len, bool with_first)
{
	uint64_t end = data_offset + len;
	while (data_offset < end) {
		struct tusk_chunk_place place;
		struct tusk_chunk *chunk;
		if (tusk_chunk_map_find(&file->map, data_offset, &place, NULL) != 0)
			return false;
		if (with_first || place.start >= data_offset) {
			if (tusk_fetcher_chunk(file->fetcher, &place.id, place.len, &chunk, NULL) != 0)
				return false;
			tusk_chunk_release(chunk);
		}
		data_offset = place.start + place.len;
	}
	return true;
}

void tusk_file_warm(struct tusk_file *file, uint64_t offset, uint64_t len, bool with_first)
{
	while (len > 0) {
		struct tusk_stretch stretch;
		tusk_extents_at(&file->extents, offset, &stretch);
		if (stretch.len > len)
			stretch.len = len;
		if (stretch.is_data && !warm_data(file, stretch.data_offset, stretch.len, with_first))
			return;
		with_first = false;
		offset += stretch.len;
		len -= stretch.len;
	}
}

void tusk_file_prefetch(struct tusk_file *file, uint64_t offset, uint64_t len)
{
	uint64_t size = tusk_file_size(file);
	if (file->is_inline || offset >= size || len == 0)
		return;
	struct tusk_prefetch *prefetch = tusk_fetcher_prefetch(file->fetcher);
	if (prefetch)
		tusk_prefetch_add(prefetch, file, offset, len < size - offset ? len : size - offset);
}
