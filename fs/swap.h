/* A second session that takes the place of a mount, so that there is no moment in which nothing is mounted there. */
#ifndef TUSKFS_SWAP_H
#define TUSKFS_SWAP_H

#include "options.h"

#include "tusk/err.h"

#include <stdbool.h>

struct fuse_session;

/* Whether this user and this kernel can: root, MOVE_MOUNT_BENEATH (Linux 6.5). */
bool tuskfs_swap_is_possible(void);
/* Mounts session nowhere, for tuskfs_swap_in: *ret_fd is that mount. The session must not be unmounted by libfuse. */
int tuskfs_swap_mount(struct fuse_session *session, const struct tuskfs_options *options, const char *fsname,
		      int *ret_fd, struct tusk_err *err);
/* Puts that mount beneath the one that is at mountpoint now, and detaches that one: who uses it goes on to. Consumes
 * nothing. */
int tuskfs_swap_in(int fd, const char *mountpoint, struct tusk_err *err);

#endif
