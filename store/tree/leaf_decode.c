/* Leaf entries from bytes. Scalars are read in one run and tested once: a failed cursor gives zeros. */
#include "leaf.h"

#include <string.h>
#include <sys/stat.h>

#define NS_PER_S      1000000000u
#define LINK_ID_LIMIT ((uint64_t)1 << 62)

static const uint32_t type_modes[] = {
    [TUSK_TYPE_FILE] = S_IFREG,         [TUSK_TYPE_DIRECTORY] = S_IFDIR,
    [TUSK_TYPE_SYMLINK] = S_IFLNK,      [TUSK_TYPE_CHARACTER_DEVICE] = S_IFCHR,
    [TUSK_TYPE_BLOCK_DEVICE] = S_IFBLK, [TUSK_TYPE_FIFO] = S_IFIFO,
    [TUSK_TYPE_SOCKET] = S_IFSOCK,
};

/* Not a constant, so that the C library clears an entry: what gcc generates for a known size of this order takes
 * several times as long, and is then a tenth of the whole decoding. */
static const volatile size_t entry_size = sizeof(struct tusk_entry);

static inline int64_t get_zigzag(struct tusk_cursor *cursor)
{
	uint64_t coded = tusk_get_varint_quick(cursor);

	return (int64_t)(coded >> 1 ^ (0 - (coded & 1)));
}

int tusk_bytes_compare(const struct tusk_bytes *a, const void *b, size_t b_len)
{
	size_t common = a->len < b_len ? a->len : b_len;
	int order = common ? memcmp(a->data, b, common) : 0;

	return order ? order : (a->len > b_len) - (a->len < b_len);
}

const char *tusk_name_check(const uint8_t *name, size_t len)
{
	if (len == 0 || len > TUSK_NAME_MAX)
		return "has a name that is empty or too long";
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return "has the name . or ..";
	if (memchr(name, '/', len) || memchr(name, 0, len))
		return "has a name with a slash or NUL";
	return NULL;
}

const char *tusk_subtree_parse(struct tusk_cursor *cursor, struct tusk_subtree *ret_subtree)
{
	struct tusk_subtree *subtree = ret_subtree;

	tusk_get_id(cursor, &subtree->id);
	subtree->level = tusk_get_u8(cursor);
	subtree->entries = tusk_get_varint_quick(cursor);
	subtree->descendants = tusk_get_varint_quick(cursor);
	subtree->bytes = tusk_get_varint_quick(cursor);
	subtree->subdirs = tusk_get_varint_quick(cursor);
	if (cursor->failed)
		return "is cut short";
	if (subtree->level >= TUSK_TREE_LEVELS)
		return "has too many levels of blocks";
	if (subtree->descendants >= TUSK_ENTRIES_LIMIT || subtree->bytes > TUSK_SIZE_MAX)
		return "has sums that are too large";
	if (subtree->subdirs > subtree->entries || subtree->entries > subtree->descendants)
		return "has counts that contradict each other";
	if (subtree->subdirs == 0 && subtree->entries != subtree->descendants)
		return "has counts that contradict each other";
	if (tusk_id_is_zero(&subtree->id) != (subtree->entries == 0))
		return "has a block but no entries, or entries but no block";
	if (subtree->entries == 0 && (subtree->level || subtree->bytes))
		return "is empty but has a level or bytes";
	return NULL;
}

static const char *check_head(const struct tusk_entry *entry, uint64_t flags, const uint64_t *numbers)
{
	uint64_t content = flags >> TUSK_LEAF_CONTENT;

	if (flags >> TUSK_LEAF_FLAG_BITS || content > TUSK_CONTENT_INDIRECT)
		return "has unknown flags";
	if (entry->type < TUSK_TYPE_FILE || entry->type > TUSK_TYPE_SOCKET)
		return "has an unknown type";
	if (numbers[0] > 07777)
		return "has unknown permission bits";
	if (numbers[1] > UINT32_MAX || numbers[2] > UINT32_MAX)
		return "has an owner out of range";
	if (numbers[3] >= NS_PER_S || numbers[4] >= NS_PER_S)
		return "has a time with too many nanoseconds";
	if (entry->type != TUSK_TYPE_FILE && (content || flags & (TUSK_LEAF_HOLES | TUSK_LEAF_EXT_BLOB)))
		return "has flags of a file but is none";
	if (entry->type == TUSK_TYPE_DIRECTORY && flags & TUSK_LEAF_LINK)
		return "is a directory with hard links";
	if (flags & TUSK_LEAF_EXT_BLOB && !(flags & TUSK_LEAF_HOLES))
		return "has extents but no holes";
	if (flags & TUSK_LEAF_XATTRS && flags & TUSK_LEAF_XATTR_BLOB)
		return "has extended attributes twice";
	return tusk_name_check(entry->name.data, entry->name.len);
}

/* What every entry begins with. */
static const char *parse_head(struct tusk_cursor *cursor, struct tusk_entry *entry, uint64_t *ret_flags)
{
	uint64_t flags, ctime_delta;
	uint64_t numbers[5]; /* permissions, uid, gid, ns of mtime and ctime */

	entry->name.data = tusk_get_bytes(cursor, TUSK_NAME_MAX, &entry->name.len);
	flags = tusk_get_varint_quick(cursor);
	numbers[0] = tusk_get_varint_quick(cursor);
	numbers[1] = tusk_get_varint_quick(cursor);
	numbers[2] = tusk_get_varint_quick(cursor);
	entry->mtime.tv_sec = get_zigzag(cursor);
	numbers[3] = tusk_get_varint_quick(cursor);
	ctime_delta = (uint64_t)get_zigzag(cursor);
	numbers[4] = tusk_get_varint_quick(cursor);
	entry->source_inode = tusk_get_varint_quick(cursor);
	if (cursor->failed)
		return "is cut short";
	entry->type = flags & TUSK_LEAF_TYPE_MASK;
	const char *wrong = check_head(entry, flags, numbers);
	if (wrong)
		return wrong;
	entry->mode = type_modes[entry->type] | (uint32_t)numbers[0];
	entry->uid = (uint32_t)numbers[1];
	entry->gid = (uint32_t)numbers[2];
	entry->mtime.tv_nsec = (long)numbers[3];
	entry->ctime.tv_sec = (time_t)((uint64_t)entry->mtime.tv_sec + ctime_delta);
	entry->ctime.tv_nsec = (long)numbers[4];
	entry->has_holes = flags & TUSK_LEAF_HOLES;
	entry->extents_in_blob = flags & TUSK_LEAF_EXT_BLOB;
	entry->has_xattrs = flags & (TUSK_LEAF_XATTRS | TUSK_LEAF_XATTR_BLOB);
	entry->xattrs_in_blob = flags & TUSK_LEAF_XATTR_BLOB;
	entry->content = flags >> TUSK_LEAF_CONTENT;
	*ret_flags = flags;
	return NULL;
}

/* An id and a length, as one range of bytes. */
static struct tusk_bytes get_blob_reference(struct tusk_cursor *cursor)
{
	const uint8_t *start = tusk_get_raw(cursor, TUSK_ID_SIZE);

	/* An empty blob, or one beyond what a record holds, is no blob. */
	uint64_t len = tusk_get_varint_quick(cursor);
	if (cursor->failed || len == 0 || len > TUSK_CHUNK_MAX) {
		cursor->failed = true;
		return (struct tusk_bytes){0};
	}
	return (struct tusk_bytes){start, (size_t)(cursor->position - start)};
}

/* What the flags add, but for the part that depends on the type. */
static const char *parse_options(struct tusk_cursor *cursor, struct tusk_entry *entry, uint64_t flags)
{
	if (flags & TUSK_LEAF_LINK) {
		entry->nlink = tusk_get_varint_quick(cursor);
		entry->link_id = tusk_get_varint_quick(cursor);
		if (entry->nlink == 0 || entry->nlink > UINT32_MAX)
			return "has an impossible number of links";
		if (entry->link_id == 0 || entry->link_id >= LINK_ID_LIMIT)
			return "has a link id out of range";
	} else {
		entry->nlink = 1;
	}
	if (entry->has_holes) {
		struct tusk_bytes *extents = &entry->extent_bytes;

		entry->data_bytes = tusk_get_varint_quick(cursor);
		if (entry->extents_in_blob)
			*extents = get_blob_reference(cursor);
		else
			extents->data = tusk_get_bytes(cursor, TUSK_EXTENTS_INLINE_MAX, &extents->len);
	}
	if (entry->xattrs_in_blob)
		entry->xattr_bytes = get_blob_reference(cursor);
	else if (entry->has_xattrs)
		entry->xattr_bytes.data = tusk_get_bytes(cursor, TUSK_XATTRS_INLINE_MAX, &entry->xattr_bytes.len);
	return cursor->failed ? "is cut short" : NULL;
}

static void get_sha256(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	const uint8_t *sha256 = tusk_get_raw(cursor, sizeof(entry->sha256));

	if (sha256)
		memcpy(entry->sha256, sha256, sizeof(entry->sha256));
	entry->has_sha256 = true;
}

static const char *parse_list(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	get_sha256(cursor, entry);
	entry->chunk_count = tusk_get_varint_quick(cursor);
	if (entry->chunk_count < (entry->has_holes ? 1 : 2) || entry->chunk_count > TUSK_LIST_INLINE_MAX)
		return "has an impossible number of chunks";
	/* The list is the last part of the entry; tusk_leaf_check walks it. */
	entry->content_bytes.len = tusk_cursor_left(cursor);
	entry->content_bytes.data = tusk_get_raw(cursor, entry->content_bytes.len);
	return NULL;
}

static const char *parse_indirect(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	get_sha256(cursor, entry);
	entry->chunk_count = tusk_get_varint_quick(cursor);
	entry->list_level = tusk_get_u8(cursor);
	entry->content_bytes.data = tusk_get_raw(cursor, TUSK_ID_SIZE);
	entry->content_bytes.len = TUSK_ID_SIZE;
	if (entry->list_level >= TUSK_LIST_LEVELS)
		return "has too many levels of chunk lists";
	/* Chunks are neither empty nor larger than TUSK_CHUNK_MAX. */
	if (entry->chunk_count > entry->data_bytes ||
	    entry->chunk_count < (entry->data_bytes + TUSK_CHUNK_MAX - 1) / TUSK_CHUNK_MAX)
		return "has an impossible number of chunks";
	return NULL;
}

static const char *parse_content(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	bool whole = !entry->has_holes;

	switch (entry->content) {
	case TUSK_CONTENT_EMPTY:
		if (!whole)
			get_sha256(cursor, entry);
		return NULL;
	case TUSK_CONTENT_INLINE:
		entry->content_bytes.data = tusk_get_bytes(cursor, TUSK_INLINE_MAX, &entry->content_bytes.len);
		return whole && entry->content_bytes.len == entry->size ? NULL : "has inline content of another size";
	case TUSK_CONTENT_CHUNK:
		get_sha256(cursor, entry);
		entry->chunk_count = 1;
		return whole && entry->size <= TUSK_CHUNK_MAX ? NULL : "has a single chunk of another size";
	case TUSK_CONTENT_LIST:
		return parse_list(cursor, entry);
	case TUSK_CONTENT_INDIRECT:
		return parse_indirect(cursor, entry);
	}
	return "has an unknown content";
}

static const char *parse_file(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	entry->size = tusk_get_varint_quick(cursor);
	if (!entry->has_holes)
		entry->data_bytes = entry->size;
	if (cursor->failed)
		return "is cut short";
	if (entry->size > TUSK_SIZE_MAX || entry->data_bytes > entry->size)
		return "has an impossible size";
	if ((entry->content == TUSK_CONTENT_EMPTY) != (entry->data_bytes == 0))
		return "has a content that contradicts its size";
	return parse_content(cursor, entry);
}

/* The part that depends on the type. */
static const char *parse_body(struct tusk_cursor *cursor, struct tusk_entry *entry)
{
	uint64_t major, minor;

	switch (entry->type) {
	case TUSK_TYPE_FILE:
		return parse_file(cursor, entry);
	case TUSK_TYPE_SYMLINK:
		entry->target.data = tusk_get_bytes(cursor, TUSK_TARGET_MAX, &entry->target.len);
		entry->size = entry->target.len;
		if (!entry->target.data || entry->target.len == 0 || memchr(entry->target.data, 0, entry->target.len))
			return "is a symlink without a legal target";
		return NULL;
	case TUSK_TYPE_CHARACTER_DEVICE:
	case TUSK_TYPE_BLOCK_DEVICE:
		major = tusk_get_varint_quick(cursor);
		minor = tusk_get_varint_quick(cursor);
		entry->device_major = (uint32_t)major;
		entry->device_minor = (uint32_t)minor;
		return major <= UINT32_MAX && minor <= UINT32_MAX ? NULL : "has a device number out of range";
	default:
		return NULL;
	}
}

const char *tusk_leaf_parse(const void *data, size_t len, enum tusk_leaf_form form, struct tusk_entry *ret_entry)
{
	struct tusk_cursor cursor;
	uint64_t flags;
	const char *wrong;

	memset(ret_entry, 0, entry_size);
	tusk_cursor_init(&cursor, data, len);
	wrong = parse_head(&cursor, ret_entry, &flags);
	if (!wrong)
		wrong = parse_options(&cursor, ret_entry, flags);
	if (wrong)
		return wrong;
	if (form == TUSK_LEAF_ENTRY && ret_entry->type == TUSK_TYPE_DIRECTORY) {
		wrong = tusk_subtree_parse(&cursor, &ret_entry->subtree);
		ret_entry->nlink = 2 + ret_entry->subtree.subdirs;
	} else {
		wrong = parse_body(&cursor, ret_entry);
	}
	if (!wrong && !tusk_cursor_done(&cursor))
		return "is cut short or has surplus bytes";
	return wrong;
}

static const char *check_chunks(const struct tusk_entry *entry)
{
	struct tusk_cursor cursor;
	uint64_t left = entry->data_bytes;

	tusk_cursor_init(&cursor, entry->content_bytes.data, entry->content_bytes.len);
	for (uint64_t i = 0; i < entry->chunk_count; i++) {
		tusk_get_raw(&cursor, TUSK_ID_SIZE);
		uint64_t len = tusk_get_varint_quick(&cursor);
		if (len == 0 || len > TUSK_CHUNK_MAX || len > left)
			return "has a chunk of an impossible length";
		left -= len;
	}
	if (!tusk_cursor_done(&cursor))
		return "has surplus bytes after its chunks";
	return left == 0 ? NULL : "has chunks that do not add up to its size";
}

const char *tusk_leaf_check(const struct tusk_entry *entry)
{
	const char *wrong = NULL;

	if (entry->has_xattrs && !entry->xattrs_in_blob)
		wrong = tusk_xattrs_check(&entry->xattr_bytes);
	if (!wrong && entry->has_holes && !entry->extents_in_blob)
		wrong = tusk_extents_check(&entry->extent_bytes, entry->size, entry->data_bytes);
	if (!wrong && entry->content == TUSK_CONTENT_LIST)
		wrong = check_chunks(entry);
	return wrong;
}

int tusk_tree_decode_root(const void *data, size_t len, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	struct tusk_entry entry;
	const char *wrong = tusk_leaf_parse(data, len, TUSK_LEAF_ROOT, &entry);

	if (!wrong)
		wrong = tusk_leaf_check(&entry);
	if (!wrong && entry.type != TUSK_TYPE_DIRECTORY)
		wrong = "is not a directory";
	if (!wrong && tusk_bytes_compare(&entry.name, TUSK_ROOT_NAME, strlen(TUSK_ROOT_NAME)) != 0)
		wrong = "has another name than root";
	if (wrong)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the root entry %s", wrong);
	entry.name = (struct tusk_bytes){0};
	entry.nlink = 2;
	*ret_entry = entry;
	return 0;
}
