#include "view_private.h"

#include <assert.h>
#include <stdlib.h>

struct tusk_dir {
	struct tusk_view *view;
	struct tusk_range range;
	uint64_t position;
	struct tusk_leaf leaf; /* the last one used; none at first */
};

int tusk_dir_open(struct tusk_view *view, const struct tusk_entry *directory, struct tusk_dir **ret_dir,
		  struct tusk_err *err)
{
	assert(directory->type == TUSK_TYPE_DIRECTORY);
	if (tusk_subtree_check(&directory->subtree, err) != 0)
		return -1;
	struct tusk_dir *dir = calloc(1, sizeof(*dir));
	if (!dir)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	dir->view = view;
	dir->range = (struct tusk_range){.tree = directory->subtree, .first_child = directory->first_child};
	*ret_dir = dir;
	return 0;
}

void tusk_dir_close(struct tusk_dir *dir)
{
	if (!dir)
		return;
	tusk_leaf_release(&dir->leaf);
	free(dir);
}

void tusk_dir_seek(struct tusk_dir *dir, uint64_t position)
{
	dir->position = position;
}

static bool leaf_holds(const struct tusk_leaf *leaf, uint64_t position)
{
	return leaf->block && position >= leaf->position &&
	       position - leaf->position < tusk_block_tree(leaf->block)->count;
}

int tusk_dir_next(struct tusk_dir *dir, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	if (dir->position >= dir->range.tree.entries)
		return 0;
	if (!leaf_holds(&dir->leaf, dir->position)) {
		struct tusk_leaf leaf = {0};
		if (tusk_descend_position(dir->view->fetcher, &dir->range.tree, dir->position, &leaf, err) != 0)
			return -1;
		tusk_leaf_release(&dir->leaf);
		dir->leaf = leaf;
	}
	tusk_leaf_entry(&dir->leaf, &dir->range, (uint32_t)(dir->position - dir->leaf.position), ret_entry);
	dir->position++;
	return 1;
}
