/* The client's chunk index (FORMAT.md, The client's index): disposable, never the truth. The only module that includes
 * <lmdb.h>. */
#ifndef TUSK_INDEX_H
#define TUSK_INDEX_H

#include "pack.h"

struct tusk_index; /* thread-safe */

/* Prepares the index in dir (made if missing). Opens the environment at the first use, not here (processes may
 * daemonise in between); after that the process must not use it on the other side of a fork. One handle for a folder in
 * a process: the first use of a second one is TUSK_E_INTERNAL. keys are copied. A damaged, foreign or older index is
 * moved aside (index.lmdb.damaged) and made anew, empty: tusk_index_is_stale. Where dir cannot be written, an index
 * that is there is read; else, or when it would have to be written, a temporary one below $TMPDIR serves, removed at
 * close. An index on a full disk is read as well, but writing to it is TUSK_E_FULL.
 *
 * LMDB has no checksums, so reading a damaged file may kill the process (SIGBUS, SIGSEGV, abort). Every process that
 * uses the index, for reading or for writing, keeps a locked file in index.users until it closes; a file there without
 * a lock is the trace of one that died. The next to open the index then first reads all of it in a child process, and
 * replaces it if the child dies or objects; so does the first write of a session if the file has no more than 64 MiB.
 * So one damage costs at most one process, and nobody's help. A death for
 * other reasons only costs that reading (0.1 seconds for a million entries).
 *
 * All calls: TUSK_E_LOCKED (with the pid) when another process, stopped perhaps, keeps a lock for 30 seconds;
 * TUSK_E_FULL; TUSK_E_IO. Damage is never an error: the answers are then those of an empty index. */
int tusk_index_open(const char *dir, const struct tusk_keys *keys, struct tusk_index **ret_index, struct tusk_err *err);
void tusk_index_close(struct tusk_index *index);
/* True when the index was made empty and tusk_index_sync has not filled it since: its TUSK_INDEX_ABSENT says nothing.
 * Known after the first use. */
bool tusk_index_is_stale(struct tusk_index *index);

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
/* Records durable packs: all of them in one transaction (at most 8,192 entries each, else several). An id that is
 * already there keeps its place. */
int tusk_index_add(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
		   struct tusk_err *err);
/* Forgets an entry that proved wrong. */
int tusk_index_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err);

struct tusk_index_sync_result {
	uint64_t packs_added, packs_dropped, entries_added, damaged;
};
/* Makes the index agree with the node's list of tocs: adds packs it does not know, drops those that are gone. Costs one
 * listing when nothing has changed. When something had been looked for in vain, or an entry did not verify, it also
 * makes sure (once, until something changes) that the index lost nothing by damage, and builds it anew if it did. */
int tusk_index_sync(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		    struct tusk_err *err);
/* The same for those who only read from the node: where there is no space for what is new, the index is left for a
 * temporary one. */
int tusk_index_sync_to_read(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
			    struct tusk_err *err);
/* Builds a new environment beside the old one from the node and replaces it. */
int tusk_index_rebuild(struct tusk_index *index, struct tusk_node *node, struct tusk_index_sync_result *ret_result,
		       struct tusk_err *err);
/* Forgets packs although the node has them; unless one was forgotten, costs a look-up each. A sync finds them again. */
int tusk_index_forget_packs(struct tusk_index *index, struct tusk_node *node, const struct tusk_id *packs, size_t count,
			    struct tusk_err *err);
int tusk_index_count(struct tusk_index *index, uint64_t *ret_entries, uint64_t *ret_packs, struct tusk_err *err);

/* A number that rises whenever entries are dropped (of packs that are gone, or that proved wrong), and whether it is
 * the one that snapshot (NULL: none) was settled with. Never, in an index that was made anew since. A backup whose
 * parent is not settled looks up what it takes over. */
int tusk_index_doubt(struct tusk_index *index, const struct tusk_id *snapshot, uint64_t *ret_doubt,
		     bool *ret_is_settled, struct tusk_err *err);
/* All that snapshot refers to was in the index at a time when its number was doubt. Forgets the same of instead (NULL:
 * nothing). */
int tusk_index_settle(struct tusk_index *index, const struct tusk_id *snapshot, const struct tusk_id *instead,
		      uint64_t doubt, struct tusk_err *err);

/* The cache of manifests' bodies. ret_body: TUSK_INDEX_FOUND or ABSENT. */
int tusk_index_snapshot_get(struct tusk_index *index, const struct tusk_id *id, struct tusk_buf *ret_body,
			    struct tusk_err *err);
/* A failure to store is not worth more than a message: callers may ignore it. */
int tusk_index_snapshot_put(struct tusk_index *index, const struct tusk_id *id, const void *body, size_t len,
			    struct tusk_err *err);
/* The same for many, in one transaction. The bodies are overwritten. */
struct tusk_index_body {
	struct tusk_id id;
	struct tusk_buf body;
};
int tusk_index_snapshot_put_many(struct tusk_index *index, struct tusk_index_body *bodies, size_t count,
				 struct tusk_err *err);
int tusk_index_snapshot_drop(struct tusk_index *index, const struct tusk_id *id, struct tusk_err *err);

#endif
