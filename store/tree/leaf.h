/* Leaf entries as bytes, shared by the decoder and the builder. Private to this module. */
#ifndef TUSK_LEAF_H
#define TUSK_LEAF_H

#include "tree.h"
#include "wire.h"

#define TUSK_SIZE_MAX        ((uint64_t)INT64_MAX)
#define TUSK_ENTRIES_LIMIT   ((uint64_t)1 << 40) /* entry numbers are below this */
#define TUSK_BLOCK_ENTRIES   4096
#define TUSK_CHUNK_MAX       (16u << 20)
#define TUSK_LIST_LEVELS     4
#define TUSK_LEAF_TYPE_MASK  0xfu
#define TUSK_LEAF_LINK       (1u << 4)
#define TUSK_LEAF_HOLES      (1u << 5)
#define TUSK_LEAF_XATTRS     (1u << 6)
#define TUSK_LEAF_XATTR_BLOB (1u << 7)
#define TUSK_LEAF_EXT_BLOB   (1u << 8)
#define TUSK_LEAF_CONTENT    9
#define TUSK_LEAF_FLAG_BITS  12

/* An entry of a directory, or the manifest's root entry, which has no subtree. */
enum tusk_leaf_form { TUSK_LEAF_ENTRY, TUSK_LEAF_ROOT };

/* Decodes one entry that fills data exactly. Owner names stay empty; the variable parts are borrowed and only
 * delimited. Returns NULL, or what is wrong with the entry: constant text that follows "the entry". */
const char *tusk_leaf_parse(const void *data, size_t len, enum tusk_leaf_form form, struct tusk_entry *ret_entry);
/* The other half of validation: the variable parts of a parsed entry. */
const char *tusk_leaf_check(const struct tusk_entry *entry);
/* Appends one entry; does not validate (parse what was written). 0 or -1 (memory). */
int tusk_leaf_encode(struct tusk_buf *out, const struct tusk_entry *entry, enum tusk_leaf_form form);

/* The same for the parts: NULL or what is wrong. */
const char *tusk_name_check(const uint8_t *name, size_t len);
const char *tusk_extents_check(const struct tusk_bytes *bytes, uint64_t size, uint64_t data_bytes);
const char *tusk_xattrs_check(const struct tusk_bytes *bytes);
/* The directory's part: reads it, and says what is wrong with it. */
const char *tusk_subtree_parse(struct tusk_cursor *cursor, struct tusk_subtree *ret_subtree);

/* Unsigned bytes, the shorter first: the order of names everywhere. */
int tusk_bytes_compare(const struct tusk_bytes *a, const void *b, size_t b_len);

#endif
