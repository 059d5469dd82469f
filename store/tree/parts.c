/* The small encodings that entries contain or point to: extent lists, xattr lists, the directory's part. */
#include "leaf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EXTENT_MIN 2 /* bytes of the shortest extent, gap and length */
#define XATTR_MIN  3 /* of the shortest attribute: a name of one byte and an empty value */

int tusk_subtree_decode(const void *data, size_t len, struct tusk_subtree *ret_subtree, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	struct tusk_subtree subtree;

	tusk_cursor_init(&cursor, data, len);
	const char *wrong = tusk_subtree_parse(&cursor, &subtree);
	if (!wrong && !tusk_cursor_done(&cursor))
		wrong = "has surplus bytes";
	if (wrong)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the directory %s", wrong);
	*ret_subtree = subtree;
	return 0;
}

/* ---- extents ---- */

int tusk_extents_encode(struct tusk_buf *out, const struct tusk_extent *extents, size_t count)
{
	uint64_t end = 0;

	if (tusk_put_varint(out, count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		assert(extents[i].len > 0 && (i == 0 || extents[i].offset > end));
		if (tusk_put_varint(out, extents[i].offset - end) || tusk_put_varint(out, extents[i].len))
			return -1;
		end = extents[i].offset + extents[i].len;
	}
	return 0;
}

/* Reads the list; into extents, unless that is NULL, as many as the list says. */
static const char *walk_extents(const struct tusk_bytes *bytes, uint64_t size, uint64_t data_bytes,
				struct tusk_extent *extents)
{
	struct tusk_cursor cursor;
	uint64_t position = 0, sum = 0;

	tusk_cursor_init(&cursor, bytes->data, bytes->len);
	uint64_t count = tusk_get_varint(&cursor);
	if (cursor.failed || count > tusk_cursor_left(&cursor) / EXTENT_MIN)
		return "has a list of extents that is cut short";
	for (uint64_t i = 0; i < count; i++) {
		uint64_t gap = tusk_get_varint(&cursor);
		uint64_t len = tusk_get_varint(&cursor);

		if (len == 0 || (gap == 0 && i > 0))
			return "has extents that are empty or touch";
		if (gap > size - position || len > size - position - gap)
			return "has extents beyond its size";
		position += gap;
		if (extents)
			extents[i] = (struct tusk_extent){position, len};
		position += len;
		sum += len; /* no more than position */
	}
	if (!tusk_cursor_done(&cursor))
		return "has a list of extents with surplus bytes";
	return sum == data_bytes ? NULL : "has extents that do not add up to its data";
}

const char *tusk_extents_check(const struct tusk_bytes *bytes, uint64_t size, uint64_t data_bytes)
{
	return walk_extents(bytes, size, data_bytes, NULL);
}

int tusk_extents_decode(const void *data, size_t len, uint64_t size, uint64_t data_bytes,
			struct tusk_extent **ret_extents, size_t *ret_count, struct tusk_err *err)
{
	struct tusk_bytes bytes = {data, len};
	struct tusk_cursor cursor;
	const char *wrong = walk_extents(&bytes, size, data_bytes, NULL);

	if (wrong)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the file %s", wrong);
	tusk_cursor_init(&cursor, data, len);
	size_t count = (size_t)tusk_get_varint(&cursor);
	struct tusk_extent *extents = calloc(count + 1, sizeof(*extents));
	if (!extents)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for the extents of a file");
	walk_extents(&bytes, size, data_bytes, extents);
	*ret_extents = extents;
	*ret_count = count;
	return 0;
}

/* ---- extended attributes ---- */

static bool is_xattr_legal(const struct tusk_xattr *item)
{
	return item->name.len > 0 && item->name.len <= TUSK_NAME_MAX && !memchr(item->name.data, 0, item->name.len) &&
	       item->value.len <= TUSK_XATTR_VALUE_MAX;
}

int tusk_xattrs_encode(struct tusk_buf *out, const struct tusk_xattr *items, size_t count)
{
	if (tusk_put_varint(out, count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct tusk_xattr *item = &items[i];

		assert(is_xattr_legal(item));
		assert(i == 0 || tusk_bytes_compare(&items[i - 1].name, item->name.data, item->name.len) < 0);
		if (tusk_put_bytes(out, item->name.data, item->name.len) ||
		    tusk_put_bytes(out, item->value.data, item->value.len))
			return -1;
	}
	return 0;
}

static const char *walk_xattrs(const struct tusk_bytes *bytes, struct tusk_xattr *items)
{
	struct tusk_cursor cursor;
	struct tusk_bytes last = {0};

	tusk_cursor_init(&cursor, bytes->data, bytes->len);
	uint64_t count = tusk_get_varint(&cursor);
	if (cursor.failed || count == 0 || count > tusk_cursor_left(&cursor) / XATTR_MIN)
		return "has a list of extended attributes that is empty or cut short";
	for (uint64_t i = 0; i < count; i++) {
		struct tusk_xattr item;

		item.name.data = tusk_get_bytes(&cursor, TUSK_NAME_MAX, &item.name.len);
		item.value.data = tusk_get_bytes(&cursor, TUSK_XATTR_VALUE_MAX, &item.value.len);
		if (cursor.failed || !is_xattr_legal(&item))
			return "has an extended attribute that is not legal";
		if (tusk_bytes_compare(&last, item.name.data, item.name.len) >= 0)
			return "has extended attributes that are not sorted";
		if (items)
			items[i] = item;
		last = item.name;
	}
	return tusk_cursor_done(&cursor) ? NULL : "has surplus bytes after its extended attributes";
}

const char *tusk_xattrs_check(const struct tusk_bytes *bytes)
{
	return walk_xattrs(bytes, NULL);
}

int tusk_xattrs_decode(const void *data, size_t len, struct tusk_xattrs *ret_xattrs, struct tusk_err *err)
{
	struct tusk_bytes bytes = {data, len};
	struct tusk_xattrs xattrs = {0};
	struct tusk_cursor cursor;
	const char *wrong = walk_xattrs(&bytes, NULL);

	if (wrong)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the entry %s", wrong);
	tusk_cursor_init(&cursor, data, len);
	xattrs.count = (size_t)tusk_get_varint(&cursor);
	xattrs.items = calloc(xattrs.count, sizeof(*xattrs.items));
	if (!xattrs.items || tusk_buf_append(&xattrs.buffer, data, len)) {
		tusk_xattrs_release(&xattrs);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for extended attributes");
	}
	bytes.data = xattrs.buffer.data;
	walk_xattrs(&bytes, xattrs.items);
	*ret_xattrs = xattrs;
	return 0;
}

void tusk_xattrs_release(struct tusk_xattrs *xattrs)
{
	free(xattrs->items);
	tusk_buf_release(&xattrs->buffer);
	*xattrs = (struct tusk_xattrs){0};
}
