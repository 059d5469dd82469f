/* What df shows. Counting the repository's objects takes long, so a thread of its own does it and answers. */
#ifndef TUSKFS_STATFS_H
#define TUSKFS_STATFS_H

#include "tusk/repository.h"

struct fuse_req;
struct tuskfs_statfs;
/* Borrows repository until free. */
int tuskfs_statfs_new(struct tusk_repository *repository, struct tuskfs_statfs **ret_statfs, struct tusk_err *err);
/* Answers what is waiting. NULL is fine. */
void tuskfs_statfs_free(struct tuskfs_statfs *statfs);

/* Replies to the request: used is the repository's bytes, available the free bytes of the disk it is on. At once when
 * figures are there, which are counted anew in the background when older than ten seconds; else when they are. */
void tuskfs_statfs_answer(struct tuskfs_statfs *statfs, struct fuse_req *req);

#endif
