#include "descend.h"

#include <assert.h>
#include <string.h>

void tusk_leaf_release(struct tusk_leaf *leaf)
{
	tusk_block_release(leaf->block);
	leaf->block = NULL;
}

int tusk_subtree_check(const struct tusk_subtree *subtree, struct tusk_err *err)
{
	if (subtree->level >= TUSK_TREE_LEVELS)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a directory has %u levels of blocks", subtree->level + 1u);
	if (subtree->entries > subtree->descendants || subtree->descendants > UINT64_MAX / 4 ||
	    subtree->subdirs > subtree->entries || tusk_id_is_zero(&subtree->id) != (subtree->entries == 0))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the counts of a directory contradict each other");
	if (subtree->entries == 0 && subtree->descendants != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "an empty directory claims descendants");
	return 0;
}

/* Entries below the directories among the first i entries (leaf) or children (index). */
static uint64_t below_before(const struct tusk_tree *tree, uint32_t i)
{
	return tree->level == 0 ? tree->descendants_before[i] : tree->descendants_before[i] - tree->entries_before[i];
}

/* What is looked for, and which child of an index block has it (-1: none). */
struct goal {
	int64_t (*choose)(const struct tusk_tree *tree, const struct goal *goal, const struct tusk_leaf *reached);
	uint64_t number;
	const struct tusk_bytes *name;
};

/* The last i with values[i] <= number, for rising values that start with 0. */
static uint32_t last_at_most(const uint64_t *values, uint32_t count, uint64_t number)
{
	uint32_t low = 0, high = count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (values[middle] <= number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t choose_position(const struct tusk_tree *tree, const struct goal *goal, const struct tusk_leaf *reached)
{
	return last_at_most(tree->entries_before, tree->count, goal->number - reached->position);
}

static uint32_t last_below(const struct tusk_tree *tree, uint64_t rank)
{
	uint32_t low = 0, high = tree->count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (below_before(tree, middle) <= rank)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t choose_below(const struct tusk_tree *tree, const struct goal *goal, const struct tusk_leaf *reached)
{
	return last_below(tree, goal->number - reached->below);
}

static int64_t choose_name(const struct tusk_tree *tree, const struct goal *goal, const struct tusk_leaf *reached)
{
	(void)reached;
	return tusk_tree_find(tree, goal->name->data, goal->name->len);
}

/* What a parent says of a block. first_name.data is NULL for the top block. */
struct promise {
	struct tusk_id id;
	uint8_t level;
	uint64_t entries, descendants;
	struct tusk_bytes first_name;
};

static struct tusk_bytes first_name_of(const struct tusk_tree *tree)
{
	if (tree->level == 0) {
		struct tusk_entry entry;
		tusk_tree_entry(tree, 0, &entry);
		return entry.name;
	}
	struct tusk_tree_child child;
	tusk_tree_child(tree, 0, &child);
	return child.first_name;
}

/* Numbers and look-ups are right only if every block is what its parent counted on. */
static bool keeps_promise(const struct tusk_tree *tree, const struct promise *promise)
{
	uint64_t entries = tree->level == 0 ? tree->count : tree->entries_before[tree->count];
	uint64_t descendants = tree->descendants_before[tree->count] + (tree->level == 0 ? tree->count : 0);

	if (tree->count == 0 || tree->level != promise->level || entries != promise->entries ||
	    descendants != promise->descendants)
		return false;
	if (!promise->first_name.data)
		return true;
	struct tusk_bytes name = first_name_of(tree);
	return name.len == promise->first_name.len && memcmp(name.data, promise->first_name.data, name.len) == 0;
}

static int open_block(struct tusk_fetcher *fetcher, const struct promise *promise, struct tusk_leaf *leaf,
		      struct tusk_err *err)
{
	char text[TUSK_ID_TEXT_SIZE];
	struct tusk_block *block;
	if (tusk_fetcher_block(fetcher, &promise->id, &block, err) != 0)
		return -1;
	if (!keeps_promise(tusk_block_tree(block), promise)) {
		tusk_block_release(block);
		tusk_id_text(&promise->id, text);
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tree block %s is not what its parent says", text);
	}
	tusk_block_release(leaf->block); /* only now: first_name points into the parent */
	leaf->block = block;
	return 0;
}

static int descend(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, const struct goal *goal,
		   struct tusk_leaf *ret_leaf, struct tusk_err *err)
{
	TUSK_AUTO_LEAF struct tusk_leaf leaf = {0};
	struct promise promise = {.id = subtree->id,
				  .level = subtree->level,
				  .entries = subtree->entries,
				  .descendants = subtree->descendants};

	for (;;) {
		if (open_block(fetcher, &promise, &leaf, err) != 0)
			return -1;
		const struct tusk_tree *tree = tusk_block_tree(leaf.block);
		if (tree->level == 0)
			break;
		int64_t i = goal->choose(tree, goal, &leaf);
		if (i < 0)
			return TUSK_ABSENT;
		struct tusk_tree_child child;
		tusk_tree_child(tree, (uint32_t)i, &child);
		leaf.position += tree->entries_before[i];
		leaf.below += below_before(tree, (uint32_t)i);
		promise = (struct promise){.id = child.id,
					   .level = tree->level - 1,
					   .entries = child.entries,
					   .descendants = child.descendants,
					   .first_name = child.first_name};
	}
	*ret_leaf = leaf;
	leaf.block = NULL;
	return TUSK_FOUND;
}

int tusk_descend_position(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, uint64_t position,
			  struct tusk_leaf *ret_leaf, struct tusk_err *err)
{
	assert(position < subtree->entries);
	struct goal goal = {.choose = choose_position, .number = position};
	return descend(fetcher, subtree, &goal, ret_leaf, err);
}

int tusk_descend_below(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, uint64_t rank,
		       struct tusk_leaf *ret_leaf, struct tusk_err *err)
{
	assert(rank < subtree->descendants - subtree->entries);
	struct goal goal = {.choose = choose_below, .number = rank};
	return descend(fetcher, subtree, &goal, ret_leaf, err);
}

int tusk_descend_name(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, const struct tusk_bytes *name,
		      struct tusk_leaf *ret_leaf, struct tusk_err *err)
{
	struct goal goal = {.choose = choose_name, .name = name};
	if (subtree->entries == 0)
		return TUSK_ABSENT;
	return descend(fetcher, subtree, &goal, ret_leaf, err);
}

void tusk_leaf_entry(const struct tusk_leaf *leaf, const struct tusk_range *directory, uint32_t i,
		     struct tusk_entry *ret_entry)
{
	const struct tusk_tree *tree = tusk_block_tree(leaf->block);
	tusk_tree_entry(tree, i, ret_entry);
	ret_entry->pin = leaf->block;
	ret_entry->number = directory->first_child + leaf->position + i;
	if (ret_entry->type == TUSK_TYPE_DIRECTORY)
		ret_entry->first_child =
		    directory->first_child + directory->tree.entries + leaf->below + tree->descendants_before[i];
}

uint32_t tusk_leaf_below(const struct tusk_leaf *leaf, uint64_t rank)
{
	return last_below(tusk_block_tree(leaf->block), rank - leaf->below);
}
