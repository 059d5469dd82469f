/* A node: one complete copy of a repository's objects. Names are those of FORMAT.md ("packs/ab/abcd..."). */
#ifndef TUSK_NODE_H
#define TUSK_NODE_H

#include "tusk/buf.h"
#include "tusk/err.h"

#include <stdbool.h>
#include <stdint.h>

struct tusk_node;   /* thread-safe */
struct tusk_object; /* an object open for reading; thread-safe */
struct tusk_upload; /* an object being written; one thread at a time */
struct tusk_node_lock;

enum tusk_node_find { TUSK_NODE_FOUND = 0, TUSK_NODE_ABSENT = 1 };
enum tusk_node_locked { TUSK_NODE_LOCKED = 0, TUSK_NODE_NO_LOCKS = 1 };

/* Opens the node at url. It need not hold a repository. TUSK_E_NO_REPOSITORY when the place does not exist. */
int tusk_node_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
/* Makes the folders of an empty repository (packs/00..ff, toc, snapshots, keys, tmp), durably. TUSK_E_EXISTS when the
 * place is not empty. */
int tusk_node_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
/* Undoes tusk_node_create (only removes what is empty but for tmp). */
void tusk_node_uncreate(struct tusk_node *node);
void tusk_node_close(struct tusk_node *node);
TUSK_DEFINE_CLEANUP(struct tusk_node, tusk_node, tusk_node_close)
#define TUSK_AUTO_NODE TUSK_CLEANUP(tusk_node_cleanup)
/* The place as the user wrote it, for messages; for a local node an absolute path. */
const char *tusk_node_url(const struct tusk_node *node);
/* Whether every request takes a journey: then reading goes through a cache, and many requests are made at once. */
bool tusk_node_is_remote(const struct tusk_node *node);

/* Whole small objects. TUSK_E_LIMIT when larger than max; TUSK_NODE_ABSENT; -1. */
int tusk_node_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		  struct tusk_err *err);
/* Durable on return; an object that is already there is success. */
int tusk_node_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);

/* Says what will be asked for next: objects (tusk_node_get) and folders ("toc/": tusk_node_list). A far node asks at
 * once for all of them, so that the answers come together; NULL among the names: what follows is asked for when all
 * before it is answered. Each answer is given to one caller, who then sees the node as it was at some time since this
 * call; what we write there ourselves makes an answer void. Names that an earlier call
 * foresaw are passed over; twice in one call is for two callers. */
void tusk_node_foresee(struct tusk_node *node, const char *const *names, size_t count);
/* Nothing of that will be asked for: later callers see the node as it is then. */
void tusk_node_foreseen_drop(struct tusk_node *node);

/* Ranges of large objects. Also TUSK_NODE_ABSENT. */
int tusk_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err);
void tusk_object_close(struct tusk_object *object);
uint64_t tusk_object_size(const struct tusk_object *object);
/* Exactly len bytes; fewer there are TUSK_E_CORRUPT ("is truncated"). */
int tusk_object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err);

/* What was read there did not verify: whatever a cache has of it is dropped. True: reading it again may help. */
bool tusk_object_doubt(struct tusk_object *object);

/* How many uploads are worth being committed at the same time: 1 or more. */
unsigned tusk_node_uploads(const struct tusk_node *node);
/* Whether uploads wait for the way to the node: bytes are dearer than processors' time then. Never for a folder. */
bool tusk_node_is_behind(struct tusk_node *node);
/* Streaming a large object whose name is known only at its end. */
int tusk_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err);
int tusk_upload_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err);
/* Consumes upload in every case. Durable on return. */
int tusk_upload_commit(struct tusk_upload *upload, const char *name, struct tusk_err *err);
void tusk_upload_abort(struct tusk_upload *upload);

/* Calls visit for every object below prefix ("packs/", "toc/", "snapshots/", "keys/", "leases/", "nodes/", "marks/",
 * "forgotten/", "ledger/", "drills/"), in no order. Stops at a non-zero answer and returns it. A failure to list is -1,
 * never an empty list; but a missing folder of the last six is empty. Names that FORMAT.md does not allow are skipped.
 */
int tusk_node_list(struct tusk_node *node, const char *prefix,
		   int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		   struct tusk_err *err);
/* TUSK_NODE_FOUND, TUSK_NODE_ABSENT or -1. */
int tusk_node_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err);
int tusk_node_remove(struct tusk_node *node, const char *name, struct tusk_err *err); /* absent is success; durable */
/* The few small objects that change ("epoch", "condemned", "leases/<id>"; TUSK_E_USAGE for any other name): replaced as
 * a whole, atomically for every reader; durable on return. */
int tusk_node_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
/* The node's lock: at most one holder among all programs and machines. It ends with its holder: the process, or the
 * connection of a remote one. Waits up to 30 seconds, then TUSK_E_LOCKED with the holder's pid where that is known.
 * TUSK_NODE_NO_LOCKS: this kind of node has none (and *ret_lock is NULL). */
int tusk_node_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err);
void tusk_node_unlock(struct tusk_node_lock *lock); /* NULL is fine */
TUSK_DEFINE_CLEANUP(struct tusk_node_lock, tusk_node_lock, tusk_node_unlock)
#define TUSK_AUTO_NODE_LOCK TUSK_CLEANUP(tusk_node_lock_cleanup)
/* SHA-256 of an object's bytes, taken where the object lies if that is possible. Also TUSK_NODE_ABSENT. */
int tusk_node_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		     struct tusk_err *err);
/* Says that what was read of that object does not verify. 1: the node has found a good copy elsewhere, and reading
 * again gives that; 0: it cannot help. A node of several (nodeset.h) heals; the others have nothing to heal from. */
int tusk_node_suspect(struct tusk_node *node, const char *name);
/* Bytes of objects that were read from the node since it was opened. */
uint64_t tusk_node_read_bytes(const struct tusk_node *node);
/* Moves a damaged object to "quarantine/<its name, each / a _>.<number>"; durable. Absent is success. */
int tusk_node_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err);
/* Changes whenever an object may have been added below prefix or removed. Right after a change (2 s) it differs from
 * call to call, since two changes may bear the same time stamp. */
int tusk_node_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err);
/* Removes from tmp/ what writers left there that died more than a day ago, as far as that can be known. */
void tusk_node_sweep(struct tusk_node *node);
/* Space for prune on a full disk (a file that is only there to be removed): keep: makes sure that it is there, as far
 * as the disk has room; else gives it back. Other kinds of node than a local one have none. */
void tusk_node_reserve(struct tusk_node *node, bool keep);
/* Free and total bytes of the place; 0 and 0 when unknown. */
int tusk_node_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err);

#endif
