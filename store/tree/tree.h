/* Tree blocks: decoding with full validation, and building directories block by block (FORMAT.md, Tree block). */
#ifndef TUSK_TREE_H
#define TUSK_TREE_H

#include "tusk/buf.h"
#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/reader.h"

#define TUSK_NAME_MAX           255
#define TUSK_TARGET_MAX         4095
#define TUSK_INLINE_MAX         256
#define TUSK_LIST_INLINE_MAX    64
#define TUSK_EXTENTS_INLINE_MAX 4096 /* longer lists of extents and xattrs go into a blob */
#define TUSK_XATTRS_INLINE_MAX  4096
#define TUSK_XATTR_VALUE_MAX    65536
#define TUSK_TREE_LEVELS        6
#define TUSK_ROOT_NAME          "root"

/* ---- decoding ---- */

/* Child of an index block. */
struct tusk_tree_child {
	struct tusk_bytes first_name;
	struct tusk_id id;
	uint64_t entries, descendants, bytes, subdirs;
};

/* A validated block. Invariants: all of FORMAT.md hold, so the accessors below cannot fail. */
struct tusk_tree {
	uint8_t level;
	uint32_t count;
	const uint8_t *data;
	size_t len;
	uint64_t *descendants_before; /* leaf: sum of the descendants of entries 0..i-1; index: sum of the children's;
					 count + 1 items */
	uint64_t *entries_before;     /* index blocks only; count + 1 items */
	/* owner table, decoded: private to tree_decode.c */
	struct tusk_tree_owner *owners;
	uint32_t owner_count;
};
/* Borrows data until release. TUSK_E_CORRUPT for anything that FORMAT.md does not allow. The fuzz target. */
int tusk_tree_decode(const void *data, size_t len, struct tusk_tree *ret_tree, struct tusk_err *err);
void tusk_tree_release(struct tusk_tree *tree);
/* Leaf entry i: everything but pin, number and first_child, which are zeroed. */
void tusk_tree_entry(const struct tusk_tree *tree, uint32_t i, struct tusk_entry *ret_entry);
void tusk_tree_child(const struct tusk_tree *tree, uint32_t i, struct tusk_tree_child *ret_child);
/* Leaf: position of name or -1. Index: the child that may hold name (the last whose first name is <= name), or -1. */
int64_t tusk_tree_find(const struct tusk_tree *tree, const void *name, size_t name_len);
/* The manifest's root entry: one leaf entry with the name "root" and no subtree. ret_entry borrows data; its name is
 * empty (reader.h, invariant 2), its subtree is zero (the manifest has it), nlink is 2. */
int tusk_tree_decode_root(const void *data, size_t len, struct tusk_entry *ret_entry, struct tusk_err *err);

/* ---- encoding ---- */

/* Appends the root entry to out; entry's name and subtree are ignored. Of entries in general, encoding uses: type,
 * name, mode, uid, gid, mtime, ctime, source_inode, nlink, link_id, size, data_bytes, has_holes, content, chunk_count,
 * list_level, content_bytes, has_sha256 and sha256 (required but for INLINE and for EMPTY without holes), extent_bytes,
 * extents_in_blob, has_xattrs, xattr_bytes, xattrs_in_blob, target, device_*, subtree. content_bytes: CONTENT_INLINE
 * the data; LIST n x (id, varint length); INDIRECT the 32 bytes of the list id. extent_bytes: `varint n, n x (gap,
 * length)`, or, in a blob, `id (32), varint length`. xattr_bytes: the encoded list, or `id (32), varint length`. user
 * and group go into the block's owner table. */
int tusk_tree_encode_root(struct tusk_buf *out, const struct tusk_entry *entry, struct tusk_err *err);

/* Builds one directory. Blocks are handed out as they are cut, children before parents. */
struct tusk_tree_builder;
struct tusk_tree_sink {
	/* Stores a block (type tree) and gives its id. */
	int (*put)(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err);
	void *context;
};
int tusk_tree_builder_new(const struct tusk_tree_sink *sink, struct tusk_tree_builder **ret_builder,
			  struct tusk_err *err);
void tusk_tree_builder_free(struct tusk_tree_builder *builder);
/* Entries in rising order of name. TUSK_E_INTERNAL for that and for an entry that FORMAT.md does not allow (the message
 * names it; the builder goes on without it); TUSK_E_LIMIT beyond what a snapshot can hold. After any other failure only
 * free is allowed. Copies what it needs. */
int tusk_tree_builder_add(struct tusk_tree_builder *builder, const struct tusk_entry *entry, struct tusk_err *err);
/* Writes the last blocks; the builder may then be used for another directory. An empty directory has a zero id and puts
 * nothing. */
int tusk_tree_builder_finish(struct tusk_tree_builder *builder, struct tusk_subtree *ret_subtree, struct tusk_err *err);

/* ---- the small encodings beside ---- */

/* xattr lists. Pairs must be sorted by name, and legal. 0 or -1 (memory). */
int tusk_xattrs_encode(struct tusk_buf *out, const struct tusk_xattr *items, size_t count);
int tusk_xattrs_decode(const void *data, size_t len, struct tusk_xattrs *ret_xattrs, struct tusk_err *err); /* copies */

struct tusk_extent {
	uint64_t offset, len;
};
/* Extents sorted, not empty, not touching. 0 or -1 (memory). */
int tusk_extents_encode(struct tusk_buf *out, const struct tusk_extent *extents, size_t count);
/* Validates against size and data_bytes. ret_extents: freed by the caller. */
int tusk_extents_decode(const void *data, size_t len, uint64_t size, uint64_t data_bytes,
			struct tusk_extent **ret_extents, size_t *ret_count, struct tusk_err *err);

/* The directory's part of an entry: also the manifest's root. */
int tusk_subtree_encode(struct tusk_buf *out, const struct tusk_subtree *subtree);
int tusk_subtree_decode(const void *data, size_t len, struct tusk_subtree *ret_subtree, struct tusk_err *err);

/* Chunk lists. */
struct tusk_chunk_ref {
	struct tusk_id id;
	uint64_t len; /* level 0: bytes of the chunk; else bytes below the list */
};
int tusk_list_decode(const void *data, size_t len, uint8_t *ret_level, struct tusk_chunk_ref **ret_refs,
		     size_t *ret_count, struct tusk_err *err); /* ret_refs: freed by the caller */
/* Builds the lists of one file; put stores a list (type list). Finish gives the top list and makes the builder ready
 * for another file; a file without chunks has no list (TUSK_E_INTERNAL). */
struct tusk_list_builder;
int tusk_list_builder_new(const struct tusk_tree_sink *sink, struct tusk_list_builder **ret_builder,
			  struct tusk_err *err);
void tusk_list_builder_free(struct tusk_list_builder *builder);
int tusk_list_builder_add(struct tusk_list_builder *builder, const struct tusk_chunk_ref *ref, struct tusk_err *err);
int tusk_list_builder_finish(struct tusk_list_builder *builder, struct tusk_id *ret_id, uint8_t *ret_level,
			     struct tusk_err *err);

#endif
