/* The client's chunk index (FORMAT.md, The client's index): disposable, never the truth. The only module that includes
 * <lmdb.h>. */
#ifndef TUSK_INDEX_H
#define TUSK_INDEX_H

#include "pack.h"

struct tusk_index; /* thread-safe */

/* Prepares the index in dir (made if missing). Opens the environment at the first use, not here (processes may
 * daemonise in between). A damaged, foreign or older index is moved aside and made anew, empty (ret_fresh of the first
 * use; see tusk_index_sync). */
int tusk_index_open(const char *dir, const struct tusk_keys *keys, struct tusk_index **ret_index, struct tusk_err *err);
void tusk_index_close(struct tusk_index *index);

struct tusk_location {
	struct tusk_id pack;
	struct tusk_record record;
};
enum tusk_index_found { TUSK_INDEX_FOUND = 0, TUSK_INDEX_ABSENT = 1 };
/* Where the object is. An entry whose tag is wrong counts as absent and is dropped later. */
int tusk_index_find(struct tusk_index *index, const struct tusk_id *id, struct tusk_location *ret_location,
		    struct tusk_err *err);
/* The same for many ids under one read transaction: found[i] says whether locations[i] was set. */
int tusk_index_find_many(struct tusk_index *index, const struct tusk_id *ids, size_t count,
			 struct tusk_location *ret_locations, bool *ret_found, struct tusk_err *err);
/* Records durable packs: all of them in one transaction (at most 50,000 entries each, else several). An id that is
 * already there keeps its place. */
int tusk_index_add(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
		   struct tusk_err *err);
/* Forgets an entry that proved wrong. */
int tusk_index_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err);

struct tusk_index_sync_result {
	uint64_t packs_added, packs_dropped, entries_added, damaged;
};
/* Makes the index agree with the node's list of tocs: adds packs it does not know, drops those that are gone. */
int tusk_index_sync(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		    struct tusk_err *err);
/* Builds a new environment beside the old one from the node and replaces it. */
int tusk_index_rebuild(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		       struct tusk_err *err);
int tusk_index_count(struct tusk_index *index, uint64_t *ret_entries, uint64_t *ret_packs, struct tusk_err *err);

/* The cache of manifests' bodies. ret_body: TUSK_INDEX_FOUND or ABSENT. */
int tusk_index_snapshot_get(struct tusk_index *index, const struct tusk_id *id, struct tusk_buf *ret_body,
			    struct tusk_err *err);
/* A failure to store is not worth more than a message: callers may ignore it. */
int tusk_index_snapshot_put(struct tusk_index *index, const struct tusk_id *id, const void *body, size_t len,
			    struct tusk_err *err);
int tusk_index_snapshot_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err);

#endif
