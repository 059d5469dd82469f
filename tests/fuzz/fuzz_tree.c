/* Tree blocks: what decodes can be visited, found, and built again to blocks that say the same. */
#include "crypto.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The last block that a builder put. */
struct last_block {
	uint8_t *data;
	size_t len, count;
};

static int keep(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	struct last_block *last = context;

	(void)err;
	last->data = realloc(last->data, len);
	require(last->data);
	memcpy(last->data, block, len);
	last->len = len;
	last->count++;
	tusk_sha256(block, len, ret_id->bytes);
	return 0;
}

/* The owner table may hold names that no entry has; otherwise a block is built again as it was. */
static void build_again(const struct tusk_tree *tree)
{
	struct last_block last = {0};
	struct tusk_tree_sink sink = {keep, &last};
	struct tusk_tree_builder *builder;
	struct tusk_subtree subtree;
	struct tusk_tree again;
	struct tusk_err err;

	require(tusk_tree_builder_new(&sink, &builder, &err) == 0);
	for (uint32_t i = 0; i < tree->count; i++) {
		struct tusk_entry entry;

		tusk_tree_entry(tree, i, &entry);
		require(tusk_tree_builder_add(builder, &entry, &err) == 0);
	}
	require(tusk_tree_builder_finish(builder, &subtree, &err) == 0);
	require(subtree.entries == tree->count);
	require(subtree.descendants == tree->count + tree->descendants_before[tree->count]);
	require(tusk_tree_decode(last.data, last.len, &again, &err) == 0);
	if (last.count == 1) {
		size_t entries = tree->len, entries_again = again.len;
		uint32_t first, first_again;

		memcpy(&first, tree->data + 16, 4);
		memcpy(&first_again, again.data + 16, 4);
		require(entries - first == entries_again - first_again);
		require(memcmp(tree->data + first, again.data + first_again, entries - first) == 0);
	}
	tusk_tree_release(&again);
	tusk_tree_builder_free(builder);
	free(last.data);
}

/* The variable parts that have been validated decode on their own. */
static void visit_parts(const struct tusk_entry *entry)
{
	struct tusk_extent *extents;
	struct tusk_xattrs xattrs;
	struct tusk_err err;
	size_t count;

	if (entry->has_holes && !entry->extents_in_blob) {
		require(tusk_extents_decode(entry->extent_bytes.data, entry->extent_bytes.len, entry->size,
					    entry->data_bytes, &extents, &count, &err) == 0);
		free(extents);
	}
	if (entry->has_xattrs && !entry->xattrs_in_blob) {
		require(tusk_xattrs_decode(entry->xattr_bytes.data, entry->xattr_bytes.len, &xattrs, &err) == 0);
		tusk_xattrs_release(&xattrs);
	}
}

static void check_root(const uint8_t *data, size_t size)
{
	struct tusk_buf out = {0};
	struct tusk_entry entry;
	struct tusk_err err;

	if (tusk_tree_decode_root(data, size, &entry, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return;
	}
	require(tusk_tree_encode_root(&out, &entry, &err) == 0);
	require(out.len == size && memcmp(out.data, data, size) == 0);
	tusk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_tree tree;
	struct tusk_err err;

	check_root(data, size);
	if (tusk_tree_decode(data, size, &tree, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return 0;
	}
	for (uint32_t i = 0; i < tree.count; i++) {
		struct tusk_tree_child child;
		struct tusk_entry entry;
		struct tusk_bytes name;

		if (tree.level > 0) {
			tusk_tree_child(&tree, i, &child);
			name = child.first_name;
		} else {
			tusk_tree_entry(&tree, i, &entry);
			visit_parts(&entry);
			name = entry.name;
		}
		require(tusk_tree_find(&tree, name.data, name.len) == i);
	}
	if (tree.level == 0)
		build_again(&tree);
	tusk_tree_release(&tree);
	return 0;
}
