/* One backup in progress: what its threads share. Private to ingest/.
 *
 * Threads: the walker (the caller's thread) compares the source with the parent snapshot and hands out work; workers
 * read, chunk, hash and store; one committer makes finished packs durable. A directory is built by whichever thread
 * completes the entry at its head.
 */
#ifndef TUSK_INGEST_H
#define TUSK_INGEST_H

#include "chunker.h"
#include "codec.h"
#include "handle.h"
#include "session.h"
#include "tusk/backup.h"
#include "tusk/reader.h"

#include <pthread.h>
#include <stdatomic.h>

#define TUSK_DEPTH_MAX       1024
#define TUSK_BLOB_THRESHOLD  1024        /* longer xattr lists and extent lists go into a blob */
#define TUSK_BLOB_MAX        (16u << 20) /* FORMAT.md, Limits */
#define TUSK_SLOT_COUNT      1024        /* chunks of a large file on their way */
#define TUSK_XATTR_VALUE_MAX 65536       /* the kernel's own limit */

struct tusk_dirjob;
struct tusk_item;
struct tusk_ready_set;

struct tusk_ingest {
	struct tusk_repository *repository;
	const struct tusk_backup_options *options;
	struct tusk_progress *progress; /* the caller's, or own_progress */
	struct tusk_progress own_progress;
	struct tusk_chunker chunker;
	struct tusk_claims *claims;
	struct tusk_writers *writers;
	struct tusk_queue *queue;
	struct tusk_items *items;
	struct tusk_links *links;
	struct tusk_accounts *accounts;
	int stream_fd; /* the one file of --stdin or --command; -1: none */
	struct tusk_boxes *boxes;
	struct tusk_view *parent;     /* NULL: none */
	struct tusk_session *session; /* NULL: a dry run */
	struct timespec racy;         /* an entry of the parent with a ctime from here on proves nothing (backup.c) */
	uint64_t doubt;               /* tusk_index_doubt when the walk began */
	bool distrusts;               /* what the parent's entries refer to is looked up before they are taken over */
	uint64_t removed_files;       /* walker only */
	uint32_t slices, slice;       /* of the unchanged files those of this slice are read; 0: none are (sample.c) */
	atomic_bool has_xattrs;
	struct tusk_subtree root; /* set when root_done */
	struct tusk_buf root_entry;
	bool root_done;
	pthread_mutex_t jobs_lock;
	struct tusk_dirjob *jobs; /* every directory in flight, for an abort */

	atomic_bool failed;
	pthread_mutex_t err_lock;    /* guards err */
	pthread_mutex_t report_lock; /* serialises the caller's functions */
	pthread_mutex_t index_lock;  /* one rebuild of the index at a time */
	bool index_rebuilt;
	struct tusk_err err;
};

/* What one thread needs of its own. */
struct tusk_lane {
	struct tusk_ingest *ingest;
	struct tusk_ider *ider;
	struct tusk_hasher *hasher;
	struct tusk_compressor *compressor, *dense; /* dense: NULL until a node is behind (chunks.c) */
	struct tusk_pack_writer *writer;            /* the chunk pack in hand, or NULL */
	struct tusk_buf packed, proof;              /* a compressed record; the same decompressed again */
	struct tusk_buf xattr_names, values;        /* metadata.c */
	uint8_t *block;                             /* workers: tusk_queue_block_size() bytes for whole small files */
	struct tusk_slot *slots;                    /* workers: TUSK_SLOT_COUNT, for the large file being read */
	struct tusk_buf extents;                    /* holes.c: struct tusk_extent each */
	struct tusk_ready_set *ready;               /* workers: small files read ahead of being stored; may be NULL */
	struct tusk_bytes user, group;              /* the last owner looked up */
	uint32_t uid, gid;
	bool has_user, has_group;
};
/* for_files: with what content.c needs. */
int tusk_lane_init(struct tusk_lane *lane, struct tusk_ingest *ingest, bool for_files, struct tusk_err *err);
/* Aborts the pack in hand. */
void tusk_lane_release(struct tusk_lane *lane);

/* Keeps the first error and makes every thread stop; returns -1. Never for a source problem. */
int tusk_ingest_fail(struct tusk_ingest *ingest, const struct tusk_err *err);
/* Whether to stop: an error was kept, or the caller's stop flag is set (which becomes the error). */
bool tusk_ingest_stopped(struct tusk_ingest *ingest);

/* A source problem with name in dir (name NULL: dir itself). Counts it and tells the caller. */
void tusk_ingest_problem(struct tusk_ingest *ingest, enum tusk_problem problem, const struct tusk_dirjob *dir,
			 const char *name, int sys_errno);
void tusk_ingest_problem_path(struct tusk_ingest *ingest, enum tusk_problem problem, const char *path, int sys_errno);
/* Tells the caller of content that has changed by itself. */
void tusk_ingest_alarm(struct tusk_ingest *ingest, const struct tusk_dirjob *dir, const char *name);
/* Tells the caller an entry's fate, if it wants to know. */
void tusk_ingest_tell(struct tusk_ingest *ingest, char fate, const struct tusk_dirjob *dir, const char *name,
		      uint64_t size);

static inline void tusk_count(atomic_uint_fast64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/* tusk_index_find; an index that cannot answer is rebuilt once from the node. What lies in a condemned pack counts as
 * absent. */
int tusk_ingest_find(struct tusk_ingest *ingest, const struct tusk_id *id, struct tusk_location *ret_location,
		     struct tusk_err *err);
/* Whether an entry of the parent can be taken over: all that it refers to is still stored (kept.c). */
bool tusk_ingest_keeps(struct tusk_ingest *ingest, const struct tusk_entry *old);
/* tusk_index_add, with the same rule. */
int tusk_ingest_index_add(struct tusk_ingest *ingest, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
			  struct tusk_err *err);

/* Worker threads (worker.c). */
struct tusk_workers;
int tusk_workers_start(struct tusk_ingest *ingest, unsigned count, struct tusk_workers **ret_workers,
		       struct tusk_err *err);
/* Waits for all of them; the queue must be closed. free(NULL) is fine. */
void tusk_workers_join(struct tusk_workers *workers);

/* Walks the source below the plan (paths.h). -1: see ingest->err. */
struct tusk_plan;
int tusk_walk_run(struct tusk_ingest *ingest, const struct tusk_plan *plan);
/* Stores the one file of a stream instead (stream.c). */
int tusk_stream_run(struct tusk_ingest *ingest);
/* Starts options->stream_command; its output comes from *ret_fd. */
int tusk_stream_spawn(const char *const *command, int *ret_fd, pid_t *ret_pid, struct tusk_err *err);
/* Waits for it, with end_it after asking it to end. TUSK_E_SOURCE unless it ended with status 0. */
int tusk_stream_wait(const char *const *command, pid_t pid, bool end_it, struct tusk_err *err);

/* What a manifest says that the walk does not know. */
struct tusk_publish {
	const struct tusk_strings *paths;
	const struct tusk_snapshot *parent;         /* may be NULL */
	const struct tusk_snapshot_list *snapshots; /* there when the backup began; may be empty */
	const char *host;
	struct timespec time;
};
/* The session (commit.c): before anything is looked up, and to make the index agree with the node. */
int tusk_ingest_begin(struct tusk_ingest *ingest, struct tusk_err *err);
/* Whether id's place may not be relied upon. */
bool tusk_ingest_is_condemned(const struct tusk_ingest *ingest, const struct tusk_location *location);
/* Publishes the manifest if all that it refers to is there. As tusk_session_commit. */
int tusk_ingest_commit(struct tusk_ingest *ingest, struct tusk_snapshot *snapshot, struct tusk_err *err);

/* Makes the manifest from ingest's root and counters and, unless it is a dry run, publishes it: the commit point
 * (publish.c). Fills ret_result. TUSK_COMMIT_STALE: prune took something away; nothing was published. */
int tusk_publish_snapshot(struct tusk_ingest *ingest, const struct tusk_publish *what,
			  struct tusk_backup_result *ret_result, struct tusk_err *err);

#endif
