/* Going through the blocks of a snapshot's directories, damage and all. */
#ifndef TUSK_WALK_H
#define TUSK_WALK_H

#include "fetcher.h"

struct tusk_walk;

/* What a visit does. All return 0 to go on and -1 to stop. */
struct tusk_walk_visitor {
	/* A block, under a key that stands for it and for all that its parent says of it; ret_skip when it need not be
	 * gone into. */
	int (*enter)(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_id *key, bool *ret_skip,
		     struct tusk_err *err);
	/* The block cannot be read, or is not what its parent says. */
	int (*damaged)(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_err *why,
		       struct tusk_err *err);
	/* An entry, directories included, before what is below it. Its path is walk->path. */
	int (*entry)(struct tusk_walk *walk, const struct tusk_entry *entry, struct tusk_err *err);
	/* The block and all below it are done; is_clean: nothing was added to walk->found since it was entered. May be
	 * NULL. */
	int (*leave)(struct tusk_walk *walk, const struct tusk_id *key, bool is_clean, struct tusk_err *err);
};

struct tusk_walk {
	struct tusk_fetcher *fetcher;
	const struct tusk_walk_visitor *visitor;
	void *context;
	struct tusk_buf path; /* "/a/b"; of the directory when a block is visited */
	unsigned depth;
	uint64_t found;      /* the visitor counts here what is wrong */
	bool is_claim;       /* why is about what a parent says of a block, not about the block */
	struct tusk_err why; /* here and not on the stack: the recursion may be 1,024 directories deep */
};

/* Walks a directory; path and depth are those of walk. */
int tusk_walk_tree(struct tusk_walk *walk, const struct tusk_subtree *subtree, struct tusk_err *err);
void tusk_walk_end(struct tusk_walk *walk);

#endif
