/* Going down the blocks of one directory to the leaf that holds what is asked for (FORMAT.md: Tree block, Entry
 * numbers). */
#ifndef TUSK_DESCEND_H
#define TUSK_DESCEND_H

#include "fetcher.h"

/* A directory's place in the numbering: its children are first_child ... first_child + tree.entries - 1, then comes all
 * that is below them. */
struct tusk_range {
	struct tusk_subtree tree;
	uint64_t first_child;
};

/* A leaf of a directory. The block is pinned until tusk_leaf_release. */
struct tusk_leaf {
	struct tusk_block *block;
	uint64_t position; /* of its first entry within the directory */
	uint64_t below;    /* entries below the directories among the entries before it */
};
void tusk_leaf_release(struct tusk_leaf *leaf);
#define TUSK_AUTO_LEAF TUSK_CLEANUP(tusk_leaf_release)

/* Whether a directory's figures can be true at all: guards arithmetic on numbers. object names it in messages. */
int tusk_subtree_check(const struct tusk_subtree *subtree, struct tusk_err *err);

/* The leaf that holds the child at position (< subtree->entries). Each block on the way is checked against what its
 * parent says of it: TUSK_E_CORRUPT when they differ. */
int tusk_descend_position(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, uint64_t position,
			  struct tusk_leaf *ret_leaf, struct tusk_err *err);
/* The leaf with the directory below which the entry number rank lies, counted over all that is below the children
 * (< descendants - entries). */
int tusk_descend_below(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, uint64_t rank,
		       struct tusk_leaf *ret_leaf, struct tusk_err *err);
/* The leaf that may hold name: TUSK_FOUND, TUSK_ABSENT or -1. */
int tusk_descend_name(struct tusk_fetcher *fetcher, const struct tusk_subtree *subtree, const struct tusk_bytes *name,
		      struct tusk_leaf *ret_leaf, struct tusk_err *err);

/* Entry i of the leaf, with number and first_child; borrows the leaf's pin. */
void tusk_leaf_entry(const struct tusk_leaf *leaf, const struct tusk_range *directory, uint32_t i,
		     struct tusk_entry *ret_entry);
/* The index of the entry of the leaf below which rank lies. */
uint32_t tusk_leaf_below(const struct tusk_leaf *leaf, uint64_t rank);

#endif
