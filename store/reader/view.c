#include "view_private.h"

#include "tusk/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void tusk_entry_release(struct tusk_entry *entry)
{
	tusk_block_release(entry->pin);
	entry->pin = NULL;
}

/* ---- the view and its root ---- */

static int decode_root(struct tusk_view *view, const struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	struct tusk_entry *root = &view->root;
	if (tusk_tree_decode_root(view->root_bytes.data, view->root_bytes.len, root, err) != 0)
		return -1;
	if (root->type != TUSK_TYPE_DIRECTORY)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the root is not a directory");
	root->pin = NULL;
	root->number = 0;
	root->name = (struct tusk_bytes){.data = (const uint8_t *)"", .len = 0};
	root->subtree = snapshot->root;
	root->first_child = 1;
	root->nlink = 2 + root->subtree.subdirs;
	return tusk_subtree_check(&root->subtree, err);
}

int tusk_view_open(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
		   struct tusk_view **ret_view, struct tusk_err *err)
{
	char text[TUSK_ID_TEXT_SIZE];
	TUSK_AUTO_VIEW struct tusk_view *view = calloc(1, sizeof(*view));
	if (!view || tusk_buf_append(&view->root_bytes, snapshot->root_entry.data, snapshot->root_entry.len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	view->repository = repository;
	if (tusk_fetcher_get(repository, &view->fetcher, err) != 0)
		return -1;
	if (decode_root(view, snapshot, err) != 0) {
		tusk_id_text(&snapshot->id, text);
		return tusk_err_prefix(err, "snapshot %s", text);
	}
	*ret_view = TUSK_STEAL(view);
	return 0;
}

void tusk_view_close(struct tusk_view *view)
{
	if (!view)
		return;
	tusk_buf_release(&view->root_bytes);
	free(view);
}

uint64_t tusk_view_entry_count(const struct tusk_view *view)
{
	return 1 + view->root.subtree.descendants;
}

/* ---- by number ---- */

/* Called with every directory on the way down to a number, and the entry itself. */
struct trail {
	int (*step)(void *context, const struct tusk_entry *entry, struct tusk_err *err);
	void *context;
};

static int take_step(const struct trail *trail, const struct tusk_entry *entry, struct tusk_err *err)
{
	return trail ? trail->step(trail->context, entry, err) : 0;
}

/* The child of directory that is the number itself, or below which the number lies. */
static int step_towards(struct tusk_view *view, const struct tusk_range *directory, uint64_t number,
			struct tusk_leaf *ret_leaf, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	uint64_t position = number - directory->first_child;
	if (position < directory->tree.entries) {
		if (tusk_descend_position(view->fetcher, &directory->tree, position, ret_leaf, err) != 0)
			return -1;
		tusk_leaf_entry(ret_leaf, directory, (uint32_t)(position - ret_leaf->position), ret_entry);
		return 0;
	}
	uint64_t rank = position - directory->tree.entries;
	if (tusk_descend_below(view->fetcher, &directory->tree, rank, ret_leaf, err) != 0)
		return -1;
	tusk_leaf_entry(ret_leaf, directory, tusk_leaf_below(ret_leaf, rank), ret_entry);
	if (ret_entry->type != TUSK_TYPE_DIRECTORY || number < ret_entry->first_child ||
	    number - ret_entry->first_child >= ret_entry->subtree.descendants)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "entry %llu does not lie where the counts say",
				    (unsigned long long)number);
	return tusk_subtree_check(&ret_entry->subtree, err);
}

static int find_number(struct tusk_view *view, uint64_t number, const struct trail *trail, struct tusk_entry *ret_entry,
		       struct tusk_err *err)
{
	TUSK_AUTO_LEAF struct tusk_leaf leaf = {0};
	struct tusk_entry entry = view->root;

	for (unsigned depth = 0; entry.number != number; depth++) {
		struct tusk_range directory = {.tree = entry.subtree, .first_child = entry.first_child};
		struct tusk_leaf next = {0};
		if (depth == TUSK_DEPTH_MAX)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "directories are nested more than %u deep",
					    TUSK_DEPTH_MAX);
		int status = step_towards(view, &directory, number, &next, &entry, err);
		tusk_leaf_release(&leaf);
		leaf = next;
		if (status != 0 || take_step(trail, &entry, err) != 0)
			return -1;
	}
	*ret_entry = entry;
	leaf.block = NULL; /* the pin is the entry's now */
	return 0;
}

static int check_number(const struct tusk_view *view, uint64_t number, struct tusk_err *err)
{
	if (number < tusk_view_entry_count(view))
		return 0;
	return tusk_err_set(err, TUSK_E_ABSENT, 0, "there is no entry %llu, the snapshot has %llu",
			    (unsigned long long)number, (unsigned long long)tusk_view_entry_count(view));
}

int tusk_view_entry(struct tusk_view *view, uint64_t number, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	if (check_number(view, number, err) != 0)
		return -1;
	return find_number(view, number, NULL, ret_entry, err);
}

static int append_name(void *context, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_buf *path = context;
	if (tusk_buf_append(path, "/", 1) != 0 || tusk_buf_append(path, entry->name.data, entry->name.len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

int tusk_view_path_of(struct tusk_view *view, uint64_t number, struct tusk_buf *ret_path, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	struct trail trail = {.step = append_name, .context = &path};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};

	if (check_number(view, number, err) != 0 || find_number(view, number, &trail, &entry, err) != 0)
		return -1;
	if (number == 0 && tusk_buf_append(&path, "/", 1) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_buf_append(&path, "", 1) != 0 || tusk_buf_append(ret_path, path.data, path.len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	ret_path->len--;
	return 0;
}

/* ---- by name ---- */

int tusk_view_lookup(struct tusk_view *view, const struct tusk_entry *directory, const void *name, size_t name_len,
		     struct tusk_entry *ret_entry, struct tusk_err *err)
{
	struct tusk_range range = {.tree = directory->subtree, .first_child = directory->first_child};
	struct tusk_bytes wanted = {.data = name, .len = name_len};
	TUSK_AUTO_LEAF struct tusk_leaf leaf = {0};

	assert(directory->type == TUSK_TYPE_DIRECTORY);
	if (tusk_subtree_check(&range.tree, err) != 0)
		return -1;
	int found = tusk_descend_name(view->fetcher, &range.tree, &wanted, &leaf, err);
	if (found != TUSK_FOUND)
		return found;
	int64_t i = tusk_tree_find(tusk_block_tree(leaf.block), name, name_len);
	if (i < 0)
		return TUSK_ABSENT;
	tusk_leaf_entry(&leaf, &range, (uint32_t)i, ret_entry);
	leaf.block = NULL;
	return TUSK_FOUND;
}

static int fail_component(enum tusk_code code, const char *name, size_t len, const char *why, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	if (tusk_text_escape(&text, name, len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_err_set(err, code, 0, "\"%s\" %s", (const char *)text.data, why);
}

/* Replaces *entry by its child of that name. */
static int walk_into(struct tusk_view *view, struct tusk_entry *entry, const char *name, size_t len,
		     struct tusk_err *err)
{
	struct tusk_entry child;
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return fail_component(TUSK_E_USAGE, name, len, "cannot be part of a path in a snapshot", err);
	int found =
	    entry->type == TUSK_TYPE_DIRECTORY ? tusk_view_lookup(view, entry, name, len, &child, err) : TUSK_ABSENT;
	if (found < 0)
		return -1;
	if (found == TUSK_ABSENT)
		return fail_component(TUSK_E_ABSENT, name, len, "does not exist in the snapshot", err);
	tusk_entry_release(entry);
	*entry = child;
	return 0;
}

int tusk_view_path(struct tusk_view *view, const char *path, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = view->root;
	const char *at = path;

	for (unsigned depth = 0;; depth++) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 0)
			break;
		if (depth == TUSK_DEPTH_MAX)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "the path has more than %u components",
					    TUSK_DEPTH_MAX);
		if (walk_into(view, &entry, at, len, err) != 0) {
			TUSK_AUTO_BUF struct tusk_buf text = {0};
			if (tusk_text_escape(&text, path, (size_t)(at - path) + len) == 0)
				tusk_err_prefix(err, "%s", (const char *)text.data);
			return -1;
		}
		at += len;
	}
	*ret_entry = entry;
	entry.pin = NULL;
	return 0;
}
