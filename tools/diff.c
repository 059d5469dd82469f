/* Comparing two trees: a merge of sorted directories. */
#include "diff.h"

#include "tusk/cleanup.h"
#include "walk.h"

#include <string.h>

#define DEPTH_MAX 1024

static bool bytes_equal(const struct tusk_bytes *a, const struct tusk_bytes *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool times_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int same_content(const struct tusk_entry *a, const struct tusk_entry *b, bool *ret_same, struct tusk_err *err)
{
	uint8_t of_a[32], of_b[32];
	*ret_same = false;
	switch (a->type) {
	case TUSK_TYPE_FILE:
		if (a->size != b->size)
			return 0;
		if (tusk_entry_sha256(a, of_a, err) < 0 || tusk_entry_sha256(b, of_b, err) < 0)
			return -1;
		*ret_same = memcmp(of_a, of_b, sizeof(of_a)) == 0;
		return 0;
	case TUSK_TYPE_SYMLINK:
		*ret_same = bytes_equal(&a->target, &b->target);
		return 0;
	case TUSK_TYPE_CHARACTER_DEVICE:
	case TUSK_TYPE_BLOCK_DEVICE:
		*ret_same = a->device_major == b->device_major && a->device_minor == b->device_minor;
		return 0;
	default:
		*ret_same = true;
		return 0;
	}
}

/* The encoding of a list of attributes is canonical (sorted), so equal bytes or an equal blob id mean equal lists. */
static bool same_metadata(const struct tusk_entry *a, const struct tusk_entry *b)
{
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid)
		return false;
	if (!bytes_equal(&a->user, &b->user) || !bytes_equal(&a->group, &b->group))
		return false;
	if (a->type != TUSK_TYPE_DIRECTORY && !times_equal(&a->mtime, &b->mtime))
		return false;
	return a->has_xattrs == b->has_xattrs && a->xattrs_in_blob == b->xattrs_in_blob &&
	       bytes_equal(&a->xattr_bytes, &b->xattr_bytes);
}

int tusk_diff_entries(const struct tusk_entry *before, const struct tusk_entry *after, enum tusk_change *ret_change,
		      struct tusk_err *err)
{
	bool same;
	if (before->type != after->type) {
		*ret_change = TUSK_CHANGE_TYPE;
		return 0;
	}
	if (same_content(before, after, &same, err) < 0)
		return -1;
	*ret_change = !same                          ? TUSK_CHANGE_CONTENT
		      : same_metadata(before, after) ? TUSK_CHANGE_NONE
						     : TUSK_CHANGE_METADATA;
	return 0;
}

struct diff {
	struct tusk_view *before, *after;
	const struct tusk_diff_sink *sink;
	struct tusk_buf path;
	unsigned depth;
};

static int tell(struct diff *diff, enum tusk_change change, const struct tusk_entry *before,
		const struct tusk_entry *after, struct tusk_err *err)
{
	return diff->sink->change(diff->sink->context, change, (const char *)diff->path.data, before, after, err);
}

static int visit_added(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct diff *diff = context;
	return diff->sink->change(diff->sink->context, TUSK_CHANGE_ADDED, path, NULL, entry, err);
}

static int visit_removed(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct diff *diff = context;
	return diff->sink->change(diff->sink->context, TUSK_CHANGE_REMOVED, path, entry, NULL, err);
}

/* Everything below a directory that is there on one side only. */
static int tell_below(struct diff *diff, bool added, const struct tusk_entry *entry, struct tusk_err *err)
{
	if (entry->type != TUSK_TYPE_DIRECTORY)
		return 0;
	struct tusk_walker walker = {.visit = added ? visit_added : visit_removed, .context = diff};
	return tusk_walk(&walker, added ? diff->after : diff->before, entry, (const char *)diff->path.data, err);
}

static int tell_one_sided(struct diff *diff, bool added, const struct tusk_entry *entry, struct tusk_err *err)
{
	size_t len = diff->path.len;
	if (tusk_path_push(&diff->path, &entry->name, err) < 0)
		return -1;
	int rc =
	    added ? tell(diff, TUSK_CHANGE_ADDED, NULL, entry, err) : tell(diff, TUSK_CHANGE_REMOVED, entry, NULL, err);
	if (rc == 0)
		rc = tell_below(diff, added, entry, err);
	tusk_path_cut(&diff->path, len);
	return rc;
}

static int compare_directories(struct diff *diff, const struct tusk_entry *before, const struct tusk_entry *after,
			       struct tusk_err *err);

/* Two entries at diff->path. */
static int compare(struct diff *diff, const struct tusk_entry *before, const struct tusk_entry *after,
		   struct tusk_err *err)
{
	enum tusk_change change;
	if (tusk_diff_entries(before, after, &change, err) < 0)
		return -1;
	if (change != TUSK_CHANGE_NONE && tell(diff, change, before, after, err) < 0)
		return -1;
	if (change == TUSK_CHANGE_TYPE)
		return tell_below(diff, false, before, err) < 0 ? -1 : tell_below(diff, true, after, err);
	if (before->type == TUSK_TYPE_DIRECTORY)
		return compare_directories(diff, before, after, err);
	return 0;
}

static int compare_named(struct diff *diff, const struct tusk_entry *before, const struct tusk_entry *after,
			 struct tusk_err *err)
{
	size_t len = diff->path.len;
	if (tusk_path_push(&diff->path, &before->name, err) < 0)
		return -1;
	int rc = compare(diff, before, after, err);
	tusk_path_cut(&diff->path, len);
	return rc;
}

static int order(const struct tusk_bytes *a, const struct tusk_bytes *b)
{
	int rc = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
	return rc ? rc : (a->len > b->len) - (a->len < b->len);
}

static int merge(struct diff *diff, struct tusk_dir *before, struct tusk_dir *after, struct tusk_err *err)
{
	struct tusk_entry left, right;
	int has_left = tusk_dir_next(before, &left, err);
	int has_right = has_left < 0 ? -1 : tusk_dir_next(after, &right, err);
	while (has_left > 0 || has_right > 0) {
		if (has_left < 0 || has_right < 0)
			return -1;
		int side = !has_left ? 1 : !has_right ? -1 : order(&left.name, &right.name);
		int rc = side < 0   ? tell_one_sided(diff, false, &left, err)
			 : side > 0 ? tell_one_sided(diff, true, &right, err)
				    : compare_named(diff, &left, &right, err);
		if (rc < 0)
			return -1;
		if (side <= 0)
			has_left = tusk_dir_next(before, &left, err);
		if (side >= 0 && has_left >= 0)
			has_right = tusk_dir_next(after, &right, err);
	}
	return has_left < 0 || has_right < 0 ? -1 : 0;
}

static int compare_directories(struct diff *diff, const struct tusk_entry *before, const struct tusk_entry *after,
			       struct tusk_err *err)
{
	if (tusk_id_equal(&before->subtree.id, &after->subtree.id) && before->subtree.level == after->subtree.level)
		return 0;
	if (diff->depth == DEPTH_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "directories are nested more than %d deep", DEPTH_MAX);
	TUSK_AUTO_DIR struct tusk_dir *left = NULL, *right = NULL;
	if (tusk_dir_open(diff->before, before, &left, err) < 0 || tusk_dir_open(diff->after, after, &right, err) < 0)
		return tusk_err_prefix(err, "%s", (const char *)diff->path.data);
	diff->depth++;
	int rc = merge(diff, left, right, err);
	diff->depth--;
	return rc;
}

int tusk_diff_run(const struct tusk_diff_side *before, const struct tusk_diff_side *after, const char *path,
		  const struct tusk_diff_sink *sink, struct tusk_err *err)
{
	struct diff diff = {.before = before->view, .after = after->view, .sink = sink};
	size_t len = strlen(path);
	if (tusk_buf_append(&diff.path, path, len + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	diff.path.len = len;
	int rc = compare(&diff, before->entry, after->entry, err);
	tusk_buf_release(&diff.path);
	return rc;
}
