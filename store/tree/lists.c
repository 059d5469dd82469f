/* Chunk lists: a tree over the chunks of a large file, cut by content as directories are. */
#include "leaf.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE      8
#define LIST_MIN         64
#define LIST_MAX         2048
#define CUT_MASK         0x1ffu
#define ITEM_SIZE(level) ((size_t)TUSK_ID_SIZE + ((level) ? 8 : 4))

static int corrupt(struct tusk_err *err, const char *wrong)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the chunk list %s", wrong);
}

int tusk_list_decode(const void *data, size_t len, uint8_t *ret_level, struct tusk_chunk_ref **ret_refs,
		     size_t *ret_count, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct tusk_chunk_ref *refs = NULL;
	struct tusk_cursor cursor;
	uint64_t sum = 0;

	tusk_cursor_init(&cursor, data, len);
	uint32_t level = tusk_get_u32(&cursor);
	uint32_t count = tusk_get_u32(&cursor);
	/* The level has one byte; the three after it are zero. */
	if (cursor.failed || level >= TUSK_LIST_LEVELS || count == 0 || count > LIST_MAX)
		return corrupt(err, "has a damaged header");
	if (tusk_cursor_left(&cursor) != count * ITEM_SIZE(level))
		return corrupt(err, "is cut short or has surplus bytes");
	refs = malloc(count * sizeof(*refs));
	if (!refs)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a chunk list");
	for (uint32_t i = 0; i < count; i++) {
		tusk_get_id(&cursor, &refs[i].id);
		refs[i].len = level ? tusk_get_u64(&cursor) : tusk_get_u32(&cursor);
		if (refs[i].len == 0 || (level == 0 && refs[i].len > TUSK_CHUNK_MAX) ||
		    refs[i].len > TUSK_SIZE_MAX - sum)
			return corrupt(err, "has an impossible length");
		sum += refs[i].len;
	}
	*ret_level = (uint8_t)level;
	*ret_refs = TUSK_STEAL(refs);
	*ret_count = count;
	return 0;
}

/* Invariant: items holds the header, unless it is empty, and count items of this level; bytes is the sum of their
 * lengths. */
struct level {
	struct tusk_buf items;
	uint32_t count;
	uint64_t bytes;
	uint64_t lists; /* put so far */
	struct tusk_id last;
};

struct tusk_list_builder {
	struct tusk_tree_sink sink;
	struct level levels[TUSK_LIST_LEVELS];
	uint64_t bytes;
};

static int no_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for the chunk lists of a file");
}

int tusk_list_builder_new(const struct tusk_tree_sink *sink, struct tusk_list_builder **ret_builder,
			  struct tusk_err *err)
{
	struct tusk_list_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return no_memory(err);
	builder->sink = *sink;
	*ret_builder = builder;
	return 0;
}

void tusk_list_builder_free(struct tusk_list_builder *builder)
{
	if (!builder)
		return;
	for (int i = 0; i < TUSK_LIST_LEVELS; i++)
		tusk_buf_release(&builder->levels[i].items);
	free(builder);
}

static void empty_level(struct level *level)
{
	level->items.len = 0;
	level->count = 0;
	level->bytes = 0;
}

static int put_list(struct tusk_list_builder *builder, unsigned depth, struct tusk_err *err)
{
	struct level *level = &builder->levels[depth];

	tusk_store_u32(level->items.data, depth);
	tusk_store_u32(level->items.data + 4, level->count);
	if (builder->sink.put(builder->sink.context, level->items.data, level->items.len, &level->last, err))
		return -1;
	level->lists++;
	empty_level(level);
	return 0;
}

static int add_item(struct level *level, unsigned depth, const struct tusk_chunk_ref *ref)
{
	static const uint8_t header[HEADER_SIZE];

	if (level->items.len == 0 && tusk_put_raw(&level->items, header, sizeof(header)))
		return -1;
	if (tusk_put_raw(&level->items, ref->id.bytes, TUSK_ID_SIZE) ||
	    (depth ? tusk_put_u64(&level->items, ref->len) : tusk_put_u32(&level->items, (uint32_t)ref->len)))
		return -1;
	level->count++;
	level->bytes += ref->len;
	return 0;
}

static bool is_full(const struct level *level, const struct tusk_id *id)
{
	if (level->count >= LIST_MAX)
		return true;
	return level->count >= LIST_MIN && (tusk_load_u16(id->bytes) & CUT_MASK) == 0;
}

/* Ends the list at depth and makes it an item of the level above, if there can be one; and so on upwards. */
static int cut(struct tusk_list_builder *builder, unsigned depth, struct tusk_err *err)
{
	for (;; depth++) {
		struct level *level = &builder->levels[depth];
		struct tusk_chunk_ref ref = {.len = level->bytes};

		if (put_list(builder, depth, err))
			return -1;
		if (depth + 1 == TUSK_LIST_LEVELS) {
			if (level->lists == 1)
				return 0;
			return tusk_err_set(err, TUSK_E_LIMIT, 0, "the file has too many chunks");
		}
		ref.id = level->last;
		if (add_item(level + 1, depth + 1, &ref))
			return no_memory(err);
		if (!is_full(level + 1, &ref.id))
			return 0;
	}
}

int tusk_list_builder_add(struct tusk_list_builder *builder, const struct tusk_chunk_ref *ref, struct tusk_err *err)
{
	struct level *bottom = &builder->levels[0];

	if (ref->len == 0 || ref->len > TUSK_CHUNK_MAX)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "a chunk has the impossible length %llu",
				    (unsigned long long)ref->len);
	if (ref->len > TUSK_SIZE_MAX - builder->bytes)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the file is too large");
	if (add_item(bottom, 0, ref))
		return no_memory(err);
	builder->bytes += ref->len;
	return is_full(bottom, &ref->id) ? cut(builder, 0, err) : 0;
}

int tusk_list_builder_finish(struct tusk_list_builder *builder, struct tusk_id *ret_id, uint8_t *ret_level,
			     struct tusk_err *err)
{
	unsigned depth = 0;

	if (builder->bytes == 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "a file without chunks has no chunk list");
	/* The lowest level with a single list is the top. */
	for (;; depth++) {
		if (builder->levels[depth].count && cut(builder, depth, err))
			return -1;
		if (builder->levels[depth].lists == 1)
			break;
	}
	*ret_id = builder->levels[depth].last;
	*ret_level = (uint8_t)depth;
	for (int i = 0; i < TUSK_LIST_LEVELS; i++) {
		empty_level(&builder->levels[i]);
		builder->levels[i].lists = 0;
	}
	builder->bytes = 0;
	return 0;
}
