/* Snapshots that no backup would write: libtusk's encoders without their checks. */
#ifndef TUSK_TEST_HOSTILE_H
#define TUSK_TEST_HOSTILE_H

#include "handmade.h"
#include "leaf.h"

struct hostile {
	struct handmade made;
	const char *outside;     /* a folder that nothing may ever be written to */
	struct tusk_entry good;  /* a file that stays readable whatever else is in its snapshot */
	struct tusk_entry chunk; /* of one chunk */
	unsigned count;
};

/* What must become of the case: */
enum hostile_fate {
	HOSTILE_REFUSED,  /* EIO in the mount, and an error of restore (exit 4) */
	HOSTILE_HARMLESS, /* shown and restored, as far as the file system and the user's rights allow */
	HOSTILE_FOUND     /* looks right until its bytes are compared with their hash: restore says so (exit 4) */
};

/* Publishes one snapshot: "good", and the folder "bad/inner", of which bad is said. */
void hostile_tree(struct hostile *hostile, const char *name, enum hostile_fate fate, const struct tusk_subtree *bad);
/* The same with a leaf block of these entries, in this order, as they are. */
void hostile_entries(struct hostile *hostile, const char *name, enum hostile_fate fate,
		     const struct tusk_entry *entries, size_t count);
static inline void hostile_entry(struct hostile *hostile, const char *name, enum hostile_fate fate,
				 const struct tusk_entry *entry)
{
	hostile_entries(hostile, name, fate, entry, 1);
}
/* Publishes a manifest with that root, unchecked: the whole snapshot is hostile. snapshot: other fields, may be NULL.
 */
void hostile_manifest(struct hostile *hostile, const char *name, enum hostile_fate fate,
		      const struct tusk_subtree *root, const struct tusk_snapshot *snapshot);
/* A root with "good" in it. */
struct tusk_subtree hostile_good_root(struct hostile *hostile);

/* ---- raw parts ---- */

/* A leaf block of these entries, and what its parent says of it when nobody lies. */
struct tusk_subtree hostile_leaf(struct hostile *hostile, const struct tusk_entry *entries, size_t count);
/* An index block over children that all begin with the names given. */
struct hostile_child {
	const char *first;
	struct tusk_subtree below;
};
struct tusk_subtree hostile_index(struct hostile *hostile, uint8_t level, const struct hostile_child *children,
				  size_t count);
/* Any bytes as a tree block. */
struct tusk_subtree hostile_block(struct hostile *hostile, const void *block, size_t len);
struct tusk_entry hostile_directory(struct hostile *hostile, const char *name, const struct tusk_subtree *below);
struct tusk_entry hostile_named(struct hostile *hostile, const void *name, size_t len, enum tusk_type type);

/* ---- the cases ---- */

void hostile_names(struct hostile *hostile);    /* cases_names.c */
void hostile_links(struct hostile *hostile);    /* and what is special */
void hostile_metadata(struct hostile *hostile); /* cases_metadata.c */
void hostile_files(struct hostile *hostile);    /* cases_files.c */
void hostile_trees(struct hostile *hostile);    /* cases_trees.c */
void hostile_roots(struct hostile *hostile);

#endif
