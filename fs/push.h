/* Putting data into the kernel's page cache before it is asked for (FUSE_NOTIFY_STORE).
 *
 * A store waits for pages that a read has locked, so the thread that answers reads must never make one: the machine
 * would hang. One thread does nothing else, fed through a bounded queue from which work is dropped when it is full. */
#ifndef TUSKFS_PUSH_H
#define TUSKFS_PUSH_H

#include "files.h"
#include "slots.h"

#include "tusk/err.h"

struct fuse_session;
struct tuskfs_push;

/* Starts the thread. Borrows its arguments until free. */
int tuskfs_push_new(struct fuse_session *session, struct tuskfs_files *files, struct tuskfs_push **ret_push,
		    struct tusk_err *err);
/* Ends the thread; requests must still be served meanwhile. What is asked for later is dropped. */
void tuskfs_push_stop(struct tuskfs_push *push);
/* NULL is fine. */
void tuskfs_push_free(struct tuskfs_push *push);

/* Entries of a directory up to number end (exclusive) were sent with their attributes: the kernel knows these inodes
 * now. */
void tuskfs_push_listed(struct tuskfs_push *push, const struct tuskfs_slot *slot, const struct tusk_entry *directory,
			uint64_t end);
/* A file was read from its start. Reading files one after the other makes the next ones worth pushing. */
void tuskfs_push_read(struct tuskfs_push *push, const struct tuskfs_slot *slot, uint64_t number);
/* A few pages were read in the middle of a file: the rest of the chunk, decoded anyway, is worth pushing. */
void tuskfs_push_around(struct tuskfs_push *push, const struct tuskfs_slot *slot, uint64_t number, uint64_t offset);

#endif
