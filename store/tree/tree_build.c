/* Directories into tree blocks. One block per level is being filled at any time; a block that is cut becomes an item of
 * the level above. */
#include "crypto.h"
#include "leaf.h"
#include "owners.h"
#include "tusk/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_MIN  ((size_t)16 << 10)
#define INDEX_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)128 << 10)
#define CUT_MASK  0x1f

/* Invariants: 1. offsets holds count numbers, the places of the items within items. 2. first is the name of the first
 * item if there is one. 3. sums is that of the items. */
struct level {
	struct tusk_buf items;
	struct tusk_buf offsets; /* u32 each */
	uint32_t count;
	uint8_t first[TUSK_NAME_MAX];
	size_t first_len;
	struct tusk_subtree sums;
	uint64_t blocks;          /* put so far */
	struct tusk_subtree last; /* the last block put */
};

struct tusk_tree_builder {
	struct tusk_tree_sink sink;
	struct level levels[TUSK_TREE_LEVELS];
	struct tusk_owners owners; /* of the leaf block */
	struct tusk_buf block;     /* scratch */
	uint8_t last_name[TUSK_NAME_MAX];
	size_t last_name_len;
	uint64_t descendants; /* of the whole directory so far */
};

static int no_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a directory");
}

int tusk_tree_builder_new(const struct tusk_tree_sink *sink, struct tusk_tree_builder **ret_builder,
			  struct tusk_err *err)
{
	struct tusk_tree_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return no_memory(err);
	builder->sink = *sink;
	*ret_builder = builder;
	return 0;
}

void tusk_tree_builder_free(struct tusk_tree_builder *builder)
{
	if (!builder)
		return;
	for (int i = 0; i < TUSK_TREE_LEVELS; i++) {
		tusk_buf_release(&builder->levels[i].items);
		tusk_buf_release(&builder->levels[i].offsets);
	}
	tusk_owners_release(&builder->owners);
	tusk_buf_release(&builder->block);
	free(builder);
}

static void empty_level(struct level *level)
{
	level->items.len = 0;
	level->offsets.len = 0;
	level->count = 0;
	level->sums = (struct tusk_subtree){0};
}

static void reset(struct tusk_tree_builder *builder)
{
	for (int i = 0; i < TUSK_TREE_LEVELS; i++) {
		empty_level(&builder->levels[i]);
		builder->levels[i].blocks = 0;
	}
	tusk_owners_clear(&builder->owners);
	builder->last_name_len = 0;
	builder->descendants = 0;
}

/* Lays the block of a level out in builder->block. */
static int lay_out(struct tusk_tree_builder *builder, unsigned depth)
{
	const struct level *level = &builder->levels[depth];
	struct tusk_buf *block = &builder->block;
	size_t table = 16;
	size_t owners = table + 4 * (size_t)level->count;

	block->len = 0;
	if (tusk_put_u32(block, depth) || tusk_put_u32(block, level->count) || tusk_put_u64(block, 0) ||
	    tusk_put_raw(block, level->offsets.data, level->offsets.len) ||
	    (depth == 0 && tusk_owners_encode(&builder->owners, block)))
		return -1;
	size_t entries = block->len;
	tusk_store_u32(block->data + 8, (uint32_t)(entries - owners));
	for (uint8_t *p = block->data + table; p < block->data + owners; p += 4)
		tusk_store_u32(p, tusk_load_u32(p) + (uint32_t)entries);
	return tusk_put_raw(block, level->items.data, level->items.len);
}

/* Whether a block ends after the item whose name is given. */
static bool is_full(const struct level *level, size_t min, const uint8_t *name, size_t name_len)
{
	uint8_t hash[32];

	if (level->items.len < min && level->count < TUSK_BLOCK_ENTRIES)
		return false;
	if (level->items.len >= BLOCK_MAX || level->count >= TUSK_BLOCK_ENTRIES)
		return true;
	tusk_sha256(name, name_len, hash);
	return (hash[0] & CUT_MASK) == 0;
}

static void add_sums(struct tusk_subtree *sums, const struct tusk_subtree *more)
{
	sums->entries += more->entries;
	sums->descendants += more->descendants;
	sums->subdirs += more->subdirs;
	sums->bytes += more->bytes;
	if (sums->bytes > TUSK_SIZE_MAX)
		sums->bytes = TUSK_SIZE_MAX;
}

/* Counts the item that begins at start of level->items. */
static int count_item(struct level *level, size_t start, const uint8_t *name, size_t name_len,
		      const struct tusk_subtree *sums)
{
	if (tusk_put_u32(&level->offsets, (uint32_t)start))
		return -1;
	if (level->count == 0) {
		memcpy(level->first, name, name_len);
		level->first_len = name_len;
	}
	level->count++;
	add_sums(&level->sums, sums);
	return 0;
}

/* Puts the block of a level. Its place and sums are then in level->last. */
static int put_block(struct tusk_tree_builder *builder, unsigned depth, struct tusk_err *err)
{
	struct level *level = &builder->levels[depth];

	if (lay_out(builder, depth))
		return no_memory(err);
	level->last = level->sums;
	level->last.level = (uint8_t)depth;
	if (builder->sink.put(builder->sink.context, builder->block.data, builder->block.len, &level->last.id, err))
		return -1;
	level->blocks++;
	empty_level(level);
	if (depth == 0)
		tusk_owners_clear(&builder->owners);
	return 0;
}

/* Makes the block just put at depth an item of the level above. */
static int add_child(struct tusk_tree_builder *builder, unsigned depth, struct tusk_err *err)
{
	const struct level *below = &builder->levels[depth];
	struct level *level = &builder->levels[depth + 1];
	const struct tusk_subtree *child = &below->last;
	size_t start = level->items.len;

	if (tusk_put_bytes(&level->items, below->first, below->first_len) ||
	    tusk_put_raw(&level->items, child->id.bytes, TUSK_ID_SIZE) ||
	    tusk_put_varint(&level->items, child->entries) || tusk_put_varint(&level->items, child->descendants) ||
	    tusk_put_varint(&level->items, child->bytes) || tusk_put_varint(&level->items, child->subdirs) ||
	    count_item(level, start, below->first, below->first_len, child))
		return no_memory(err);
	return 0;
}

/* Ends the block at depth, and those above that are full by it. */
static int cut(struct tusk_tree_builder *builder, unsigned depth, struct tusk_err *err)
{
	for (;; depth++) {
		const struct level *level = &builder->levels[depth];

		if (put_block(builder, depth, err))
			return -1;
		if (depth + 1 == TUSK_TREE_LEVELS) {
			if (level->blocks == 1)
				return 0;
			return tusk_err_set(err, TUSK_E_LIMIT, 0, "the directory has too many entries");
		}
		if (add_child(builder, depth, err))
			return -1;
		if (!is_full(level + 1, INDEX_MIN, level->first, level->first_len))
			return 0;
	}
}

/* Errors that name an entry: name is made printable. */
static int refuse(struct tusk_err *err, enum tusk_code code, const struct tusk_bytes *name, const char *wrong)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};

	if (tusk_text_escape(&text, name->data, name->len))
		return no_memory(err);
	return tusk_err_set(err, code, 0, "cannot store the entry \"%s\": it %s", (const char *)text.data, wrong);
}

/* Appends the encoded entry to the leaf's items and proves that it decodes. */
static int append_entry(struct tusk_tree_builder *builder, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_buf *items = &builder->levels[0].items;
	size_t start = items->len;
	struct tusk_entry check;
	const char *wrong;

	if (tusk_leaf_encode(items, entry, TUSK_LEAF_ENTRY))
		return no_memory(err);
	wrong = tusk_leaf_parse(items->data + start, items->len - start, TUSK_LEAF_ENTRY, &check);
	if (!wrong)
		wrong = tusk_leaf_check(&check);
	if (wrong) {
		items->len = start;
		return refuse(err, TUSK_E_INTERNAL, &entry->name, wrong);
	}
	return 0;
}

static bool needs_sha256(const struct tusk_entry *entry)
{
	if (entry->type != TUSK_TYPE_FILE || entry->content == TUSK_CONTENT_INLINE)
		return false;
	return entry->content != TUSK_CONTENT_EMPTY || entry->has_holes;
}

static int check_addition(const struct tusk_tree_builder *builder, const struct tusk_entry *entry, struct tusk_err *err)
{
	const char *wrong = tusk_name_check(entry->name.data, entry->name.len);

	if (!wrong && builder->last_name_len &&
	    tusk_bytes_compare(&entry->name, builder->last_name, builder->last_name_len) <= 0)
		wrong = "is not in the order of names";
	if (!wrong && (entry->type < TUSK_TYPE_FILE || entry->type > TUSK_TYPE_SOCKET))
		wrong = "has an unknown type";
	/* Not to be seen in the encoded entry, where it would be zeros: a wrong hash for ever. */
	if (!wrong && needs_sha256(entry) && !entry->has_sha256)
		wrong = "has no SHA-256";
	if (wrong)
		return refuse(err, TUSK_E_INTERNAL, &entry->name, wrong);
	if (entry->subtree.descendants >= TUSK_ENTRIES_LIMIT ||
	    builder->descendants + 1 + entry->subtree.descendants >= TUSK_ENTRIES_LIMIT)
		return refuse(err, TUSK_E_LIMIT, &entry->name, "makes more entries than a snapshot can hold");
	return 0;
}

int tusk_tree_builder_add(struct tusk_tree_builder *builder, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct level *leaf = &builder->levels[0];
	size_t start = leaf->items.len;
	struct tusk_subtree sums = {.entries = 1, .descendants = 1};

	if (check_addition(builder, entry, err) || append_entry(builder, entry, err))
		return -1;
	if (entry->type == TUSK_TYPE_FILE)
		sums.bytes = entry->size;
	if (entry->type == TUSK_TYPE_DIRECTORY) {
		sums.descendants += entry->subtree.descendants;
		sums.bytes = entry->subtree.bytes;
		sums.subdirs = 1;
	}
	if (tusk_owners_add(&builder->owners, TUSK_OWNER_USER, entry->uid, &entry->user) ||
	    tusk_owners_add(&builder->owners, TUSK_OWNER_GROUP, entry->gid, &entry->group) ||
	    count_item(leaf, start, entry->name.data, entry->name.len, &sums))
		return no_memory(err);
	builder->descendants += sums.descendants;
	memcpy(builder->last_name, entry->name.data, entry->name.len);
	builder->last_name_len = entry->name.len;
	if (is_full(leaf, LEAF_MIN, entry->name.data, entry->name.len))
		return cut(builder, 0, err);
	return 0;
}

int tusk_tree_builder_finish(struct tusk_tree_builder *builder, struct tusk_subtree *ret_subtree, struct tusk_err *err)
{
	struct tusk_subtree top = {0};

	if (builder->descendants > 0) {
		unsigned depth = 0;

		/* The lowest level with a single block is the top. */
		for (;; depth++) {
			assert(depth < TUSK_TREE_LEVELS);
			if (builder->levels[depth].count && cut(builder, depth, err))
				return -1;
			if (builder->levels[depth].blocks == 1)
				break;
		}
		top = builder->levels[depth].last;
	}
	reset(builder);
	*ret_subtree = top;
	return 0;
}
