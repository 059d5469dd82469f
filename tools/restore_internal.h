/* What the parts of restore share. */
#ifndef TUSK_TOOLS_RESTORE_INTERNAL_H
#define TUSK_TOOLS_RESTORE_INTERNAL_H

#include "restore.h"

#include "tusk/hash.h"

#include <pthread.h>
#include <sys/stat.h>

#define RESTORE_BUFFER_SIZE (1u << 20)
#define RESTORE_QUEUE_SIZE  256

struct restore;
struct restore_links;

/* A directory of the target that is open. It ends, with its metadata set, when the walk and all files in it are done.
 * Invariant: fd is open while refs > 0 (except in a dry run, where a directory that does not exist has -1). */
struct restore_dir {
	struct restore_dir *parent;
	uint64_t number;    /* of the snapshot's entry */
	int fd, source_fd;  /* in the target; in the mount or -1 */
	bool keep_metadata; /* the target itself, when all of a snapshot is restored into it */
	atomic_uint refs;
};

struct restore_task {
	struct restore_dir *dir;
	uint64_t number;
};

/* One worker's tools. */
struct restore_worker {
	struct restore *restore;
	uint8_t *buffer;
	struct tusk_hasher *hasher;
	struct restore_proof *proof; /* of the file being written, when it is large */
	pthread_t thread;
};

struct restore {
	const struct restore_options *options;
	struct restore_counts *counts;
	struct tusk_view *view;
	bool root; /* we may give files away and make devices */
	int dest_fd;
	char *dest_name; /* the name of the single file to restore, when path names no directory */
	struct restore_links *links;
	pthread_mutex_t lock; /* queue, fatal, on_problem */
	pthread_cond_t can_put, can_take;
	struct restore_task queue[RESTORE_QUEUE_SIZE];
	unsigned queue_first, queue_count;
	bool closed;
	atomic_bool stopped;
	struct tusk_err fatal;
};

/* restore.c */
/* Counts and reports a problem with one entry; a full disk stops everything. Always returns -1. */
int restore_problem(struct restore *restore, uint64_t number, const struct tusk_err *why);
bool restore_stopped(const struct restore *restore);
int restore_put_task(struct restore *restore, struct restore_dir *dir, uint64_t number);

/* restore_walk.c */
int restore_walk(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *directory, unsigned depth);
struct restore_dir *restore_dir_new(struct restore_dir *parent, uint64_t number);
void restore_dir_unref(struct restore *restore, struct restore_dir *dir);

/* restore_file.c: a regular file, written, proven, given its metadata. */
int restore_file(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
		 const char *name, struct tusk_err *err);

/* restore_proof.c: a large file is read back and hashed by a thread of its own, right behind the one that writes it;
 * else the hash would come after the last write, and a large file take twice as long. */
#define RESTORE_PROOF_MIN (4u << 20)
struct restore_proof;
/* fd: borrowed; of size bytes already. NULL: no memory or thread for it. */
struct restore_proof *restore_proof_start(int fd, uint64_t size);
/* All before end is as it will stay. */
void restore_proof_written(struct restore_proof *proof, uint64_t end);
/* Frees proof. give_up: the file was not completed, ret_sha256 means nothing. */
int restore_proof_finish(struct restore_proof *proof, bool give_up, uint8_t ret_sha256[TUSK_SHA256_SIZE],
			 struct tusk_err *err);

/* restore_special.c: symlinks, devices, FIFOs, sockets. */
int restore_special(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry, const char *name,
		    struct tusk_err *err);
/* Removes name below dirfd, a directory with all that is in it; never follows a symlink. */
int restore_remove(int dirfd, const char *name, struct tusk_err *err);
/* The same for what stands in the place of an entry: a directory that is not empty goes only when the user has asked
 * for deletion (TUSK_E_EXISTS). */
int restore_make_way(const struct restore *restore, int dirfd, const char *name, struct tusk_err *err);

/* restore_meta.c: owner, xattrs, mode, times. fd of the object, or -1: what dirfd and name are now, looked at once. */
int restore_metadata(struct restore *restore, int dirfd, const char *name, int fd, const struct tusk_entry *entry,
		     struct tusk_err *err);

/* restore_links.c: links of one file. */
struct restore_links *restore_links_new(void);
void restore_links_free(struct restore_links *links);
/* True when this is the first link of its file: the caller restores it and then says so with restore_links_done. False:
 * another did or does. */
bool restore_links_first(struct restore_links *links, uint64_t link_id);
/* Where the first link is, by number; ok false when it could not be restored. */
void restore_links_done(struct restore_links *links, uint64_t link_id, uint64_t number, const struct stat *st, bool ok);
/* Waits for the first link and links name in dir to it. 1: done; 0: the caller must restore a copy (the first failed,
 * or linking did); -1. */
int restore_links_join(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry,
		       const char *name, struct tusk_err *err);

#endif
