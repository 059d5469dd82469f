/* Leaf entries to bytes. */
#include "leaf.h"

#include <string.h>

int tusk_subtree_encode(struct tusk_buf *out, const struct tusk_subtree *subtree)
{
	if (tusk_put_raw(out, subtree->id.bytes, TUSK_ID_SIZE) || tusk_put_u8(out, subtree->level) ||
	    tusk_put_varint(out, subtree->entries) || tusk_put_varint(out, subtree->descendants) ||
	    tusk_put_varint(out, subtree->bytes) || tusk_put_varint(out, subtree->subdirs))
		return -1;
	return 0;
}

static uint64_t entry_flags(const struct tusk_entry *entry)
{
	uint64_t flags = (uint64_t)entry->type;

	if (entry->link_id)
		flags |= TUSK_LEAF_LINK;
	if (entry->has_holes)
		flags |= TUSK_LEAF_HOLES | (entry->extents_in_blob ? TUSK_LEAF_EXT_BLOB : 0);
	if (entry->has_xattrs)
		flags |= entry->xattrs_in_blob ? TUSK_LEAF_XATTR_BLOB : TUSK_LEAF_XATTRS;
	if (entry->type == TUSK_TYPE_FILE)
		flags |= (uint64_t)entry->content << TUSK_LEAF_CONTENT;
	return flags;
}

static int encode_head(struct tusk_buf *out, const struct tusk_entry *entry, uint64_t flags)
{
	uint64_t ctime_delta = (uint64_t)entry->ctime.tv_sec - (uint64_t)entry->mtime.tv_sec;

	if (tusk_put_varint(out, flags) || tusk_put_varint(out, entry->mode & 07777) ||
	    tusk_put_varint(out, entry->uid) || tusk_put_varint(out, entry->gid) ||
	    tusk_put_zigzag(out, entry->mtime.tv_sec) || tusk_put_varint(out, (uint64_t)entry->mtime.tv_nsec) ||
	    tusk_put_zigzag(out, (int64_t)ctime_delta) || tusk_put_varint(out, (uint64_t)entry->ctime.tv_nsec) ||
	    tusk_put_varint(out, entry->source_inode))
		return -1;
	return 0;
}

static int encode_options(struct tusk_buf *out, const struct tusk_entry *entry)
{
	const struct tusk_bytes *extents = &entry->extent_bytes, *xattrs = &entry->xattr_bytes;
	/* A file that lost its last name while it was read has none. */
	uint64_t nlink = entry->nlink ? entry->nlink : 1;

	if (entry->link_id && (tusk_put_varint(out, nlink) || tusk_put_varint(out, entry->link_id)))
		return -1;
	if (entry->has_holes && (tusk_put_varint(out, entry->data_bytes) ||
				 (entry->extents_in_blob ? tusk_put_raw(out, extents->data, extents->len)
							 : tusk_put_bytes(out, extents->data, extents->len))))
		return -1;
	if (entry->has_xattrs && (entry->xattrs_in_blob ? tusk_put_raw(out, xattrs->data, xattrs->len)
							: tusk_put_bytes(out, xattrs->data, xattrs->len)))
		return -1;
	return 0;
}

static int encode_file(struct tusk_buf *out, const struct tusk_entry *entry)
{
	const struct tusk_bytes *content = &entry->content_bytes;

	if (tusk_put_varint(out, entry->size))
		return -1;
	if (entry->content == TUSK_CONTENT_INLINE)
		return tusk_put_bytes(out, content->data, content->len);
	if (entry->content == TUSK_CONTENT_EMPTY && !entry->has_holes)
		return 0;
	if (tusk_put_raw(out, entry->sha256, sizeof(entry->sha256)))
		return -1;
	if (entry->content != TUSK_CONTENT_LIST && entry->content != TUSK_CONTENT_INDIRECT)
		return 0;
	if (tusk_put_varint(out, entry->chunk_count) ||
	    (entry->content == TUSK_CONTENT_INDIRECT && tusk_put_u8(out, entry->list_level)))
		return -1;
	return tusk_put_raw(out, content->data, content->len);
}

int tusk_leaf_encode(struct tusk_buf *out, const struct tusk_entry *entry, enum tusk_leaf_form form)
{
	struct tusk_bytes name = entry->name;

	if (form == TUSK_LEAF_ROOT)
		name = (struct tusk_bytes){(const uint8_t *)TUSK_ROOT_NAME, strlen(TUSK_ROOT_NAME)};
	if (tusk_put_bytes(out, name.data, name.len) || encode_head(out, entry, entry_flags(entry)) ||
	    encode_options(out, entry))
		return -1;
	switch (entry->type) {
	case TUSK_TYPE_FILE:
		return encode_file(out, entry);
	case TUSK_TYPE_DIRECTORY:
		return form == TUSK_LEAF_ROOT ? 0 : tusk_subtree_encode(out, &entry->subtree);
	case TUSK_TYPE_SYMLINK:
		return tusk_put_bytes(out, entry->target.data, entry->target.len);
	case TUSK_TYPE_CHARACTER_DEVICE:
	case TUSK_TYPE_BLOCK_DEVICE:
		return tusk_put_varint(out, entry->device_major) || tusk_put_varint(out, entry->device_minor) ? -1 : 0;
	default:
		return 0;
	}
}

int tusk_tree_encode_root(struct tusk_buf *out, const struct tusk_entry *entry, struct tusk_err *err)
{
	size_t before = out->len;
	struct tusk_entry check;
	struct tusk_err why;

	if (tusk_leaf_encode(out, entry, TUSK_LEAF_ROOT))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for the root entry");
	if (tusk_tree_decode_root(out->data + before, out->len - before, &check, &why)) {
		out->len = before;
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "cannot store the root entry: %s", why.message);
	}
	return 0;
}
