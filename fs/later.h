/* Requests that take long are answered by a thread of their own, so that they hold up nobody else. */
#ifndef TUSKFS_LATER_H
#define TUSKFS_LATER_H

#include "tusk/err.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

struct tuskfs_later;

/* A request, as its operation got it. */
struct tuskfs_late {
	fuse_req_t req;
	fuse_ino_t ino;
	char name[256];
	size_t size;
	off_t offset;
	int whence;
	void (*answer)(const struct tuskfs_late *late); /* must reply */
};

int tuskfs_later_new(struct tuskfs_later **ret_later, struct tusk_err *err);
/* Ends the thread after the request at hand; the others get EINTR, and so do those that come afterwards. */
void tuskfs_later_stop(struct tuskfs_later *later);
/* NULL is fine. */
void tuskfs_later_free(struct tuskfs_later *later);

/* True: the request is in other hands now. False: later is NULL, or this is its thread: do it here. */
bool tuskfs_later_take(struct tuskfs_later *later, const struct tuskfs_late *late);

#endif
