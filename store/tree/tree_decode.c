/* Tree blocks from bytes. Everything is checked once, here, so that the accessors only take things apart. */
#include "leaf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE         16
#define OWNER_MIN           3 /* bytes of the shortest owner, with an empty name */
#define OWNER_KEY(kind, id) ((uint64_t)(kind) << 32 | (id))

struct tusk_tree_owner {
	uint64_t key; /* kind and id: sorts as the table does */
	struct tusk_bytes name;
};

static int corrupt(struct tusk_err *err, const char *wrong)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the tree block %s", wrong);
}

static uint32_t entry_offset(const struct tusk_tree *tree, uint32_t i)
{
	return tusk_load_u32(tree->data + HEADER_SIZE + 4 * (size_t)i);
}

static size_t entry_end(const struct tusk_tree *tree, uint32_t i)
{
	return i + 1 < tree->count ? entry_offset(tree, i + 1) : tree->len;
}

/* The name that every kind of entry begins with; its length prefix has been checked. */
static struct tusk_bytes entry_name(const struct tusk_tree *tree, uint32_t i)
{
	const uint8_t *p = tree->data + entry_offset(tree, i);
	size_t len = *p++;

	if (len & 0x80)
		len = (len & 0x7f) | (size_t)*p++ << 7;
	return (struct tusk_bytes){p, len};
}

static int decode_owners(struct tusk_tree *tree, struct tusk_cursor *cursor, struct tusk_err *err)
{
	uint64_t count = tusk_get_varint(cursor);
	uint64_t last_key = 0;

	if (cursor->failed || count > tusk_cursor_left(cursor) / OWNER_MIN)
		return corrupt(err, "has a damaged owner table");
	if (count == 0)
		return tusk_cursor_done(cursor) ? 0 : corrupt(err, "has surplus bytes in its owner table");
	tree->owners = malloc(count * sizeof(*tree->owners));
	if (!tree->owners)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a tree block");
	tree->owner_count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		struct tusk_tree_owner *owner = &tree->owners[i];
		uint8_t kind = tusk_get_u8(cursor);
		uint64_t id = tusk_get_varint(cursor);

		owner->name.data = tusk_get_bytes(cursor, TUSK_NAME_MAX, &owner->name.len);
		if (cursor->failed || kind > 1 || id > UINT32_MAX || owner->name.len == 0 ||
		    memchr(owner->name.data, 0, owner->name.len))
			return corrupt(err, "has a damaged owner table");
		owner->key = OWNER_KEY(kind, id);
		if (i > 0 && owner->key <= last_key)
			return corrupt(err, "has an owner table that is not sorted");
		last_key = owner->key;
	}
	return tusk_cursor_done(cursor) ? 0 : corrupt(err, "has surplus bytes in its owner table");
}

static struct tusk_bytes find_owner(const struct tusk_tree *tree, uint64_t key)
{
	uint32_t low = 0, high = tree->owner_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (tree->owners[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < tree->owner_count && tree->owners[low].key == key)
		return tree->owners[low].name;
	return (struct tusk_bytes){0};
}

/* The offsets rise and the entries fill the rest of the block: then each entry only has to fill its own part. */
static int check_offsets(const struct tusk_tree *tree, size_t first, struct tusk_err *err)
{
	size_t last = first;

	if (entry_offset(tree, 0) != first)
		return corrupt(err, "has entries in another place than its header says");
	for (uint32_t i = 1; i < tree->count; i++) {
		size_t offset = entry_offset(tree, i);

		if (offset <= last)
			return corrupt(err, "has offsets that do not rise");
		last = offset;
	}
	return last < tree->len ? 0 : corrupt(err, "is cut short");
}

static int decode_header(const void *data, size_t len, struct tusk_tree *tree, struct tusk_err *err)
{
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	uint32_t level = tusk_get_u32(&cursor);
	uint32_t count = tusk_get_u32(&cursor);
	uint32_t owners_len = tusk_get_u32(&cursor);
	uint32_t zero = tusk_get_u32(&cursor);
	tusk_get_raw(&cursor, 4 * (size_t)count);
	const uint8_t *owners = tusk_get_raw(&cursor, owners_len);
	if (cursor.failed || len > UINT32_MAX)
		return corrupt(err, "is cut short");
	/* The level has one byte; the three after it are zero. */
	if (zero || level >= TUSK_TREE_LEVELS || count == 0 || count > TUSK_BLOCK_ENTRIES)
		return corrupt(err, "has a damaged header");
	if ((level == 0) != (owners_len > 0))
		return corrupt(err, "has an owner table that does not fit its level");
	*tree = (struct tusk_tree){.level = (uint8_t)level, .count = count, .data = data, .len = len};
	if (check_offsets(tree, len - tusk_cursor_left(&cursor), err))
		return -1;
	if (level > 0)
		return 0;
	tusk_cursor_init(&cursor, owners, owners_len);
	return decode_owners(tree, &cursor, err);
}

static const char *parse_child(const struct tusk_tree *tree, uint32_t i, struct tusk_tree_child *child)
{
	struct tusk_cursor cursor;
	uint32_t offset = entry_offset(tree, i);

	tusk_cursor_init(&cursor, tree->data + offset, entry_end(tree, i) - offset);
	child->first_name.data = tusk_get_bytes(&cursor, TUSK_NAME_MAX, &child->first_name.len);
	tusk_get_id(&cursor, &child->id);
	child->entries = tusk_get_varint(&cursor);
	child->descendants = tusk_get_varint(&cursor);
	child->bytes = tusk_get_varint(&cursor);
	child->subdirs = tusk_get_varint(&cursor);
	if (!tusk_cursor_done(&cursor))
		return "is cut short or has surplus bytes";
	if (tusk_id_is_zero(&child->id) || child->entries == 0)
		return "is an empty block";
	if (child->descendants >= TUSK_ENTRIES_LIMIT || child->bytes > TUSK_SIZE_MAX)
		return "has sums that are too large";
	if (child->subdirs > child->entries || child->entries > child->descendants ||
	    (child->subdirs == 0 && child->entries != child->descendants))
		return "has counts that contradict each other";
	return tusk_name_check(child->first_name.data, child->first_name.len);
}

static const char *parse_entry(const struct tusk_tree *tree, uint32_t i, struct tusk_entry *entry)
{
	uint32_t offset = entry_offset(tree, i);

	return tusk_leaf_parse(tree->data + offset, entry_end(tree, i) - offset, TUSK_LEAF_ENTRY, entry);
}

/* Checks entry i and adds it to the sums. */
static const char *check_item(struct tusk_tree *tree, uint32_t i, struct tusk_bytes *last_name)
{
	struct tusk_bytes name;
	uint64_t descendants;
	const char *wrong;

	if (tree->level == 0) {
		struct tusk_entry entry;

		wrong = parse_entry(tree, i, &entry);
		if (!wrong)
			wrong = tusk_leaf_check(&entry);
		name = entry.name;
		descendants = entry.subtree.descendants;
	} else {
		struct tusk_tree_child child;

		wrong = parse_child(tree, i, &child);
		name = child.first_name;
		descendants = child.descendants;
		/* Both below 2^40, and fewer than 2^13 of them. */
		tree->entries_before[i + 1] = tree->entries_before[i] + child.entries;
	}
	if (wrong)
		return wrong;
	if (i > 0 && tusk_bytes_compare(last_name, name.data, name.len) >= 0)
		return "is not in the order of names";
	tree->descendants_before[i + 1] = tree->descendants_before[i] + descendants;
	*last_name = name;
	return NULL;
}

static int decode_items(struct tusk_tree *tree, struct tusk_err *err)
{
	struct tusk_bytes last_name = {0};
	size_t sums = (size_t)tree->count + 1;

	tree->descendants_before = malloc(sums * sizeof(uint64_t));
	if (tree->level > 0)
		tree->entries_before = malloc(sums * sizeof(uint64_t));
	if (!tree->descendants_before || (tree->level > 0 && !tree->entries_before))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a tree block");
	tree->descendants_before[0] = 0;
	if (tree->level > 0)
		tree->entries_before[0] = 0;
	for (uint32_t i = 0; i < tree->count; i++) {
		const char *wrong = check_item(tree, i, &last_name);

		if (wrong)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "entry %u of the tree block %s", i, wrong);
	}
	uint64_t own = tree->level == 0 ? tree->count : 0;
	if (own + tree->descendants_before[tree->count] >= TUSK_ENTRIES_LIMIT)
		return corrupt(err, "has sums that are too large");
	return 0;
}

int tusk_tree_decode(const void *data, size_t len, struct tusk_tree *ret_tree, struct tusk_err *err)
{
	struct tusk_tree tree = {0};

	if (decode_header(data, len, &tree, err) || decode_items(&tree, err)) {
		tusk_tree_release(&tree);
		return -1;
	}
	*ret_tree = tree;
	return 0;
}

void tusk_tree_release(struct tusk_tree *tree)
{
	free(tree->descendants_before);
	free(tree->entries_before);
	free(tree->owners);
	*tree = (struct tusk_tree){0};
}

void tusk_tree_entry(const struct tusk_tree *tree, uint32_t i, struct tusk_entry *ret_entry)
{
	assert(tree->level == 0 && i < tree->count);
	const char *wrong = parse_entry(tree, i, ret_entry);
	assert(!wrong);
	(void)wrong;
	ret_entry->user = find_owner(tree, OWNER_KEY(0, ret_entry->uid));
	ret_entry->group = find_owner(tree, OWNER_KEY(1, ret_entry->gid));
}

void tusk_tree_child(const struct tusk_tree *tree, uint32_t i, struct tusk_tree_child *ret_child)
{
	assert(tree->level > 0 && i < tree->count);
	const char *wrong = parse_child(tree, i, ret_child);
	assert(!wrong);
	(void)wrong;
}

int64_t tusk_tree_find(const struct tusk_tree *tree, const void *name, size_t name_len)
{
	uint32_t low = 0, high = tree->count;

	/* The first entry beyond name. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct tusk_bytes at = entry_name(tree, middle);

		if (tusk_bytes_compare(&at, name, name_len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return -1;
	struct tusk_bytes at = entry_name(tree, low - 1);
	if (tree->level == 0 && tusk_bytes_compare(&at, name, name_len) != 0)
		return -1;
	return (int64_t)low - 1;
}
