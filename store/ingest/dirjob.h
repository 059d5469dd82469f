/* Directories being stored and their entries in flight. */
#ifndef TUSK_DIRJOB_H
#define TUSK_DIRJOB_H

#include "chunks.h"
#include "ingest.h"
#include "listing.h"

#include <sys/stat.h>

struct tusk_link;
struct tusk_plan;

enum tusk_item_state { TUSK_ITEM_PENDING, TUSK_ITEM_READY, TUSK_ITEM_DROPPED };

/* One entry on its way into its directory. */
struct tusk_item {
	struct tusk_item *next;       /* in its directory, by name; or in a list of free items */
	struct tusk_item *batch_next; /* in a worker's task; or among the links that wait for the first one */
	struct tusk_item *queue_next; /* first items only: the next task */
	struct tusk_dirjob *dir;
	enum tusk_item_state state; /* guarded by dir->lock once the item is in its directory */
	bool is_dirjob;             /* the first member of a struct tusk_dirjob, not one of tusk_items */
	char fate;                  /* 'N' new, 'M' changed, 'R' read again though the parent says it is unchanged */
	uint8_t old_sha256[32];     /* fate 'R' */
	uint64_t old_size;
	bool is_settled; /* fate 'R': if the content has changed all the same, it was by itself */
	struct stat stat;
	struct tusk_link *link; /* the first of several hard links */
	/* What is stored; its pointers are to name, to the buffers, to flat and to strings that outlive the item. */
	struct tusk_entry entry;
	struct tusk_buf content, xattrs, extents;
	void *flat;
	char name[TUSK_NAME_MAX + 1];
};

/* Items are recycled; at most a fixed number is in flight, which bounds memory. Thread-safe. */
struct tusk_items;
struct tusk_items *tusk_items_new(size_t max_dirs);
void tusk_items_free(struct tusk_items *items);
/* NULL when too many are in flight or memory is short: see tusk_items_wait. */
struct tusk_item *tusk_items_take(struct tusk_items *items);
void tusk_items_give(struct tusk_items *items, struct tusk_item *item);
/* Waits until tusk_items_take is likely to succeed and few directories are open, or until ingest stops. */
void tusk_items_wait(struct tusk_items *items, struct tusk_ingest *ingest);
/* Too many directories wait to be completed: wait before opening another. */
bool tusk_items_crowded(struct tusk_items *items);
/* The walker has left a directory (1), or one that it had left is complete (-1). */
void tusk_items_count_dir(struct tusk_items *items, int change);
void tusk_items_wake(struct tusk_items *items);
/* Copies entry with all that it points to, into one allocation (ret_flat, for free()). name is not copied. */
int tusk_entry_flatten(const struct tusk_entry *entry, struct tusk_entry *ret_entry, void **ret_flat,
		       struct tusk_err *err);

/* One directory. The walker's part is the walker's alone; the rest is guarded by lock.
 * Invariants: 1. while building is false, entries 0..same_count - 1 of the parent snapshot's directory are this
 * directory's first entries, unchanged, and nothing is in the list; 2. the parent of a directory that is building is
 * building; 3. item is in the parent's list iff building is true or the directory's own metadata changed. */
struct tusk_dirjob {
	struct tusk_item item; /* the directory as an entry of item.dir (NULL: the root) */
	struct tusk_ingest *ingest;
	struct tusk_dirjob *all_next, *all_previous;

	/* The walker's. */
	int fd; /* -1: cannot be read. Workers open files below it: closed when the directory is finished */
	unsigned depth;
	dev_t device; /* that --one-file-system stays on */
	const struct tusk_plan *plan;
	struct tusk_names names;
	size_t cursor;
	struct tusk_entry old; /* in the parent snapshot; only values and what the parent's directory pins */
	struct tusk_dir *old_dir;
	struct tusk_entry old_child; /* valid while has_old_child; pinned by old_dir */
	bool has_old, has_old_child;
	bool old_failed;    /* the parent snapshot's directory cannot be read on */
	bool takes_old;     /* item.dir's old_child has this name */
	bool metadata_same; /* as in the parent snapshot */
	bool covered;       /* it or a directory above it is wanted whole */
	bool is_path;       /* fd is O_PATH: only on the way to wanted paths */
	bool building;
	uint64_t same_count;
	size_t path_len;            /* of its path in the walker's buffer */
	struct tusk_counters tally; /* the walker's counters when the directory was entered */

	pthread_mutex_t lock;
	struct tusk_item *head, **tail;
	bool draining, walked;
	bool counted; /* by tusk_items_count_dir */
	struct tusk_box *box;
};

/* Made by the walker. Linked into the list of all directories, so that an abort finds it. */
int tusk_dirjob_new(struct tusk_ingest *ingest, struct tusk_dirjob *parent, const char *name,
		    struct tusk_dirjob **ret_job, struct tusk_err *err);
void tusk_dirjob_free(struct tusk_dirjob *job);
/* After an abort, when no thread uses them. */
void tusk_dirjob_free_all(struct tusk_ingest *ingest);

/* Starts to build: takes a builder. Walker only. */
int tusk_dirjob_build(struct tusk_dirjob *job, struct tusk_err *err);
/* Adds an entry that is complete, after all those before it. Walker only; job is building. -1 with err. */
int tusk_dirjob_add_ready(struct tusk_dirjob *job, struct tusk_lane *lane, const struct tusk_entry *entry,
			  struct tusk_item *spare, struct tusk_err *err);
/* Whether tusk_dirjob_add_ready needs a spare item, because entries before it are not complete. */
bool tusk_dirjob_needs_item(struct tusk_dirjob *job);
/* Puts an item at the end of the list, to be completed later. Walker only. */
void tusk_dirjob_append(struct tusk_dirjob *job, struct tusk_item *item);
/* Any thread: item is ready or dropped. Adds what can be added and finishes directories that are complete. */
int tusk_dirjob_complete(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state state,
			 struct tusk_err *err);
/* The same for an entry that is not a directory; counts it and tells the caller its fate. */
int tusk_item_complete(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state state,
		       struct tusk_err *err);
/* Walker only: the parent snapshot's directory is not to be believed. */
void tusk_dirjob_forget_old(struct tusk_dirjob *job);
/* Walker only: nothing will be opened below job any more, which waits to be completed as an entry. */
void tusk_dirjob_close(struct tusk_dirjob *job);
/* Walker only: there will be no more entries. job must not be used after this. */
int tusk_dirjob_walked(struct tusk_lane *lane, struct tusk_dirjob *job, struct tusk_err *err);

/* Walker only: the root is the same as the parent snapshot's; item.entry is complete. Frees job. */
int tusk_dirjob_finish_root(struct tusk_dirjob *job, struct tusk_err *err);

/* "/a/b/name" (name NULL: the directory itself); appends with an uncounted NUL. */
int tusk_dirjob_path(const struct tusk_dirjob *job, const char *name, struct tusk_buf *ret_path);

#endif
