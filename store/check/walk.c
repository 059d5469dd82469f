#include "walk.h"

#include "check_private.h"
#include "view_private.h"
#include "wire.h"

#include <string.h>

/* A block as its parent describes it. */
struct branch {
	struct tusk_subtree claim;
	struct tusk_bytes first_name; /* data NULL: the parent does not say */
};

static int walk_block(struct tusk_walk *walk, const struct branch *branch, struct tusk_err *err);

void tusk_walk_end(struct tusk_walk *walk)
{
	tusk_buf_release(&walk->path);
}

/* The same block under other claims is another thing to check. */
static void branch_key(const struct branch *branch, struct tusk_id *ret_key)
{
	uint8_t text[TUSK_ID_SIZE + 4 * 8 + 1 + 1 + TUSK_NAME_MAX];
	size_t name_len = branch->first_name.len;

	memcpy(text, branch->claim.id.bytes, TUSK_ID_SIZE);
	tusk_store_u64(text + 32, branch->claim.entries);
	tusk_store_u64(text + 40, branch->claim.descendants);
	tusk_store_u64(text + 48, branch->claim.bytes);
	tusk_store_u64(text + 56, branch->claim.subdirs);
	text[64] = branch->claim.level;
	text[65] = branch->first_name.data != NULL;
	if (branch->first_name.data)
		memcpy(text + 66, branch->first_name.data, name_len);
	tusk_sha256(text, 66 + name_len, ret_key->bytes);
}

static void add_bytes(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more > (uint64_t)INT64_MAX ? (uint64_t)INT64_MAX : *sum + more; /* as the builder does */
}

static void sum_leaf(const struct tusk_tree *tree, struct tusk_subtree *sums, struct tusk_bytes *ret_first)
{
	sums->entries = tree->count;
	sums->descendants = tree->count + tree->descendants_before[tree->count];
	for (uint32_t i = 0; i < tree->count; i++) {
		struct tusk_entry entry;
		tusk_tree_entry(tree, i, &entry);
		if (i == 0)
			*ret_first = entry.name;
		if (entry.type == TUSK_TYPE_FILE)
			add_bytes(&sums->bytes, entry.size);
		if (entry.type == TUSK_TYPE_DIRECTORY) {
			add_bytes(&sums->bytes, entry.subtree.bytes);
			sums->subdirs++;
		}
	}
}

static void sum_index(const struct tusk_tree *tree, struct tusk_subtree *sums, struct tusk_bytes *ret_first)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		struct tusk_tree_child child;
		tusk_tree_child(tree, i, &child);
		if (i == 0)
			*ret_first = child.first_name;
		sums->entries += child.entries;
		sums->descendants += child.descendants;
		sums->subdirs += child.subdirs;
		add_bytes(&sums->bytes, child.bytes);
	}
}

static bool keeps_claim(const struct tusk_tree *tree, const struct branch *branch)
{
	const struct tusk_subtree *claim = &branch->claim;
	struct tusk_subtree sums = {0};
	struct tusk_bytes first = {0};

	if (tree->level != claim->level)
		return false;
	if (tree->level == 0)
		sum_leaf(tree, &sums, &first);
	else
		sum_index(tree, &sums, &first);
	if (sums.entries != claim->entries || sums.descendants != claim->descendants || sums.bytes != claim->bytes ||
	    sums.subdirs != claim->subdirs)
		return false;
	return !branch->first_name.data ||
	       (first.len == branch->first_name.len && memcmp(first.data, branch->first_name.data, first.len) == 0);
}

/* Goes below a directory whose path is walk->path. */
static int walk_directory(struct tusk_walk *walk, const struct tusk_subtree *subtree, struct tusk_err *err)
{
	struct branch branch = {.claim = *subtree};
	if (subtree->entries == 0)
		return 0;
	if (walk->depth == TUSK_DEPTH_MAX) {
		walk->is_claim = true;
		tusk_err_set(&walk->why, TUSK_E_CORRUPT, 0, "directories are nested more than %u deep", TUSK_DEPTH_MAX);
		return walk->visitor->damaged(walk, &subtree->id, &walk->why, err);
	}
	walk->depth++;
	int status = walk_block(walk, &branch, err);
	walk->depth--;
	return status;
}

int tusk_walk_tree(struct tusk_walk *walk, const struct tusk_subtree *subtree, struct tusk_err *err)
{
	walk->is_claim = true;
	if (tusk_subtree_check(subtree, &walk->why) != 0)
		return walk->visitor->damaged(walk, &subtree->id, &walk->why, err);
	return walk_directory(walk, subtree, err);
}

static int walk_entry(struct tusk_walk *walk, const struct tusk_tree *tree, uint32_t i, struct tusk_err *err)
{
	struct tusk_entry entry;
	size_t len = walk->path.len;

	tusk_tree_entry(tree, i, &entry);
	if (tusk_buf_append(&walk->path, "/", 1) != 0 ||
	    tusk_buf_append(&walk->path, entry.name.data, entry.name.len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	int status = walk->visitor->entry(walk, &entry, err);
	if (status == 0 && entry.type == TUSK_TYPE_DIRECTORY)
		status = walk_directory(walk, &entry.subtree, err);
	walk->path.len = len;
	return status;
}

static int walk_child(struct tusk_walk *walk, const struct tusk_tree *tree, uint32_t i, struct tusk_err *err)
{
	struct tusk_tree_child child;
	tusk_tree_child(tree, i, &child);
	struct branch branch = {.claim = {.id = child.id,
					  .level = tree->level - 1,
					  .entries = child.entries,
					  .descendants = child.descendants,
					  .bytes = child.bytes,
					  .subdirs = child.subdirs},
				.first_name = child.first_name};
	return walk_block(walk, &branch, err);
}

static int open_block(struct tusk_walk *walk, const struct branch *branch, struct tusk_block **ret_block)
{
	struct tusk_block *block;
	walk->is_claim = false;
	if (tusk_fetcher_block(walk->fetcher, &branch->claim.id, &block, &walk->why) != 0)
		return -1;
	if (!keeps_claim(tusk_block_tree(block), branch)) {
		tusk_block_release(block);
		walk->is_claim = true;
		return tusk_err_set(&walk->why, TUSK_E_CORRUPT, 0, "a tree block is not what its parent says");
	}
	*ret_block = block;
	return 0;
}

static int walk_block(struct tusk_walk *walk, const struct branch *branch, struct tusk_err *err)
{
	struct tusk_block *block = NULL;
	struct tusk_id key;
	uint64_t found = walk->found;
	bool skip = false;

	branch_key(branch, &key);
	if (walk->visitor->enter(walk, &branch->claim.id, &key, &skip, err) != 0)
		return -1;
	if (skip)
		return 0;
	if (open_block(walk, branch, &block) != 0) {
		if (check_is_damage(walk->why.code))
			return walk->visitor->damaged(walk, &branch->claim.id, &walk->why, err);
		if (err)
			*err = walk->why;
		return -1;
	}
	const struct tusk_tree *tree = tusk_block_tree(block);
	int status = 0;
	for (uint32_t i = 0; i < tree->count && status == 0; i++)
		status = tree->level == 0 ? walk_entry(walk, tree, i, err) : walk_child(walk, tree, i, err);
	tusk_block_release(block);
	if (status == 0 && walk->visitor->leave)
		status = walk->visitor->leave(walk, &key, walk->found == found, err);
	return status == 0 ? 0 : -1;
}
