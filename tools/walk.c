/* The walk: recursion over directories, at most 1,024 deep (FORMAT.md, Limits). */
#include "walk.h"

#include "tusk/cleanup.h"

#include <string.h>

#define DEPTH_MAX 1024

int tusk_path_push(struct tusk_buf *path, const struct tusk_bytes *name, struct tusk_err *err)
{
	bool slash = path->len == 0 || path->data[path->len - 1] != '/';
	if (tusk_buf_reserve(path, name->len + 2) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (slash)
		path->data[path->len++] = '/';
	memcpy(path->data + path->len, name->data, name->len);
	path->len += name->len;
	path->data[path->len] = '\0';
	return 0;
}

void tusk_path_cut(struct tusk_buf *path, size_t len)
{
	path->len = len;
	path->data[len] = '\0';
}

struct walk {
	const struct tusk_walker *walker;
	struct tusk_view *view;
	struct tusk_buf path;
	unsigned depth;
};

static int walk_directory(struct walk *walk, const struct tusk_entry *directory, struct tusk_err *err);

static int walk_entry(struct walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	size_t len = walk->path.len;
	if (tusk_path_push(&walk->path, &entry->name, err) < 0)
		return -1;
	const char *path = (const char *)walk->path.data;
	int rc = walk->walker->visit(walk->walker->context, path, entry, err);
	if (rc == 0 && entry->type == TUSK_TYPE_DIRECTORY)
		rc = walk_directory(walk, entry, err);
	tusk_path_cut(&walk->path, len);
	return rc < 0 ? -1 : 0;
}

/* -1 with *ret_damaged: this directory cannot be read (further); -1 without it: a visitor ended the walk. */
static int read_directory(struct walk *walk, const struct tusk_entry *directory, bool *ret_damaged,
			  struct tusk_err *err)
{
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	*ret_damaged = true;
	if (tusk_dir_open(walk->view, directory, &dir, err) < 0)
		return -1;
	for (;;) {
		struct tusk_entry entry;
		int more = tusk_dir_next(dir, &entry, err);
		if (more <= 0)
			return more;
		*ret_damaged = false;
		if (walk_entry(walk, &entry, err) < 0)
			return -1;
		*ret_damaged = true;
	}
}

static int walk_directory(struct walk *walk, const struct tusk_entry *directory, struct tusk_err *err)
{
	if (walk->depth == DEPTH_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "directories are nested more than %d deep", DEPTH_MAX);
	bool damaged;
	walk->depth++;
	int rc = read_directory(walk, directory, &damaged, err);
	walk->depth--;
	if (rc < 0 && damaged && walk->walker->broken)
		return walk->walker->broken(walk->walker->context, (const char *)walk->path.data, err);
	return rc;
}

int tusk_walk(const struct tusk_walker *walker, struct tusk_view *view, const struct tusk_entry *top, const char *path,
	      struct tusk_err *err)
{
	struct walk walk = {.walker = walker, .view = view};
	TUSK_AUTO_BUF struct tusk_buf buffer = {0};
	size_t len = strlen(path);
	if (tusk_buf_append(&buffer, path, len + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	walk.path = buffer;
	walk.path.len = len;
	int rc = walk_directory(&walk, top, err);
	buffer = walk.path;
	return rc;
}
