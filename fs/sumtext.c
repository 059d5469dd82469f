/* Entry numbers rise folder by folder (FORMAT.md, Entry numbers): behind the last entry of a folder comes the first one
 * of the next folder that has any. So a walk needs no stack, and goes on from any number. */
#include "sumtext.h"

#include <errno.h>
#include <string.h>

#define DIGITS 64

static const char *escape_of(char c)
{
	return c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
}

static bool needs_escape(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (escape_of(path[i]))
			return true;
	}
	return false;
}

int tuskfs_sumtext_line(struct tusk_buf *out, const char *digits, const void *bytes, size_t len)
{
	const char *path = bytes;
	bool escape = needs_escape(path, len);
	/* "-" alone would be standard input. */
	const char *prefix = len == 1 && *path == '-' ? "  ./" : "  ";
	if ((escape && tusk_buf_append(out, "\\", 1) < 0) || tusk_buf_append(out, digits, DIGITS) < 0 ||
	    tusk_buf_append(out, prefix, strlen(prefix)) < 0)
		return -1;
	for (size_t i = 0, plain; escape && i < len; i += plain) {
		const char *text = escape_of(path[i]);
		for (plain = 0; i + plain < len && !escape_of(path[i + plain]); plain++)
			;
		if (text ? tusk_buf_append(out, text, 2) < 0 : tusk_buf_append(out, path + i, plain) < 0)
			return -1;
		plain += text != NULL;
	}
	if (!escape && tusk_buf_append(out, path, len) < 0)
		return -1;
	return tusk_buf_append(out, "\n", 1);
}

struct folder {
	struct tusk_entry entry;
	struct tusk_buf path; /* of the file at hand; prefix: up to and with the folder's slash */
	size_t prefix;
	struct tusk_buf line;
};

static void release_folder(struct folder *folder)
{
	tusk_entry_release(&folder->entry);
	tusk_buf_release(&folder->path);
	tusk_buf_release(&folder->line);
}

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list checksums");
}

/* The folder in which the entry with that number is. */
static int find_folder(struct tusk_view *view, uint64_t number, struct folder *folder, struct tusk_err *err)
{
	if (tusk_view_path_of(view, number, &folder->path, err) < 0)
		return -1;
	char *path = (char *)folder->path.data, *slash = strrchr(path, '/');
	*slash = 0;
	if (tusk_view_path(view, path, &folder->entry, err) < 0)
		return -1;
	*slash = '/';
	folder->prefix = (size_t)(slash + 1 - path);
	return 0;
}

static int give_line(const struct tuskfs_sumtext *walk, struct folder *folder, const struct tusk_entry *file,
		     struct tusk_err *err)
{
	char digits[DIGITS + 1];
	uint8_t sha256[DIGITS / 2] = {0};
	if (walk->digits && tusk_entry_sha256(file, sha256, err) < 0)
		return -1;
	tusk_hex_encode(sha256, sizeof(sha256), digits);
	folder->path.len = folder->prefix;
	folder->line.len = 0;
	if (tusk_buf_append(&folder->path, file->name.data, file->name.len) < 0 ||
	    tuskfs_sumtext_line(&folder->line, digits, folder->path.data + 1, folder->path.len - 1) < 0)
		return out_of_memory(err);
	return walk->line(walk->context, file->number, &folder->line, err);
}

/* Lines for the rest of a folder. */
static int walk_folder(const struct tuskfs_sumtext *walk, struct folder *folder, uint64_t first, struct tusk_err *err)
{
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry = {0};
	int more, result = 0;
	if (tusk_dir_open(walk->view, &folder->entry, &dir, err) < 0)
		return -1;
	tusk_dir_seek(dir, first - folder->entry.first_child);
	while (result == 0 && (more = tusk_dir_next(dir, &entry, err)) != 0) {
		if (more < 0)
			return -1;
		if (walk->stop && *walk->stop)
			return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "stopped");
		if (entry.type == TUSK_TYPE_FILE)
			result = give_line(walk, folder, &entry, err);
	}
	return result;
}

int tuskfs_sumtext_walk(const struct tuskfs_sumtext *walk, uint64_t first, struct tusk_err *err)
{
	uint64_t number = first ? first : 1; /* the root is no file */
	while (number < tusk_view_entry_count(walk->view)) {
		TUSK_CLEANUP(release_folder) struct folder folder = {0};
		if (find_folder(walk->view, number, &folder, err) < 0)
			return -1;
		int result = walk_folder(walk, &folder, number, err);
		if (result != 0)
			return result < 0 ? -1 : 0;
		uint64_t next = folder.entry.first_child + folder.entry.subtree.entries;
		if (next <= number)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "entry %llu does not lie where the counts say",
					    (unsigned long long)number);
		number = next;
	}
	return 0;
}
