/* Snapshots without a backup: packs, trees and manifests put together by hand. Any failure ends the program. */
#ifndef TUSK_TEST_HANDMADE_H
#define TUSK_TEST_HANDMADE_H

#include "fetcher.h"
#include "fixture_repository.h"
#include "tusk/snapshot.h"

struct handmade {
	char path[64];
	struct tusk_repository *repository;
	struct tusk_ider *ider;
	struct tusk_pack_writer *chunks, *trees; /* being written; NULL: none yet */
	struct tusk_toc *tocs;                   /* of the packs that are finished */
	size_t toc_count;
	void **memory; /* what the entries point to */
	size_t memory_count;
	uint8_t *slab; /* what is left of the last piece */
	size_t slab_left;
};

void handmade_open(struct handmade *made, enum tusk_suite suite);
void handmade_close(struct handmade *made);
/* A new process, as it were; without the client's index when it is to be forgotten. */
void handmade_reopen(struct handmade *made, bool forgets_index);

/* Memory that lives until close. */
void *handmade_take(struct handmade *made, size_t len);
/* Bytes that look random, the same for the same seed. */
uint8_t *handmade_bytes(struct handmade *made, size_t len, uint64_t seed);

struct tusk_id handmade_put(struct handmade *made, uint8_t type, const void *data, size_t len);
/* Ends the packs being written. */
void handmade_seal(struct handmade *made);

/* An entry of any type with plausible metadata and nothing in it. name: a C string, copied. */
struct tusk_entry handmade_entry(struct handmade *made, const char *name, enum tusk_type type);
/* A file cut into chunks of piece bytes; the content's form follows from their number as FORMAT.md says. */
struct tusk_entry handmade_file(struct handmade *made, const char *name, const void *data, size_t len, size_t piece);
/* A file with holes: data are the bytes of the extents, one after another, cut into chunks of piece bytes. */
struct handmade_holes {
	uint64_t size;
	const struct tusk_extent *extents;
	size_t count;
	const uint8_t *data;
	size_t data_len, piece;
};
struct tusk_entry handmade_holed(struct handmade *made, const char *name, const struct handmade_holes *holes);
/* Puts an entry's extents or extended attributes into a blob. */
void handmade_set_xattrs(struct handmade *made, struct tusk_entry *entry, const struct tusk_xattr *items, size_t count,
			 bool in_blob);
void handmade_move_extents(struct handmade *made, struct tusk_entry *entry);
/* Sorts entries by name and builds the directory. */
struct tusk_subtree handmade_tree(struct handmade *made, struct tusk_entry *entries, size_t count);
struct tusk_entry handmade_directory(struct handmade *made, const char *name, struct tusk_entry *entries, size_t count);

/* Seals, then publishes a manifest with that root. seconds: its time. */
struct tusk_id handmade_snapshot(struct handmade *made, const struct tusk_subtree *root, time_t seconds);
/* The same with other fields given: root_entry, times and counters are set here. */
struct tusk_id handmade_publish(struct handmade *made, struct tusk_snapshot *snapshot, time_t seconds);
/* Opens a snapshot that was made here. */
struct tusk_view *handmade_view(struct handmade *made, const struct tusk_id *id);
struct tusk_view *handmade_view_tree(struct handmade *made, const struct tusk_subtree *root);

/* Where an object was stored. */
const struct tusk_record *handmade_where(const struct handmade *made, const struct tusk_id *id,
					 struct tusk_id *ret_pack);
/* Changes one byte of an object of the node. */
void handmade_flip(struct handmade *made, const char *name, size_t offset);
/* Changes a byte of a stored record, so that it no longer verifies; ret_pack_name may be NULL. */
void handmade_damage(struct handmade *made, const struct tusk_id *id, char ret_pack_name[80]);
void handmade_remove(struct handmade *made, const char *name);

#endif
