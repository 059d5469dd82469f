/* Everything around the mount itself: the place, dead mounts, going into the background, unmounting. */
#ifndef TUSKFS_MOUNTING_H
#define TUSKFS_MOUNTING_H

#include "options.h"

#include "tusk/err.h"

#include <stdbool.h>

struct fuse_session;

/* The absolute form of a repository's name: real path of a directory (also of "file:///..."), or the URL as it is.
 * ret_name is owned by the caller. TUSK_E_NO_REPOSITORY if the path does not exist. */
int tuskfs_mounting_repository(const char *repository, char **ret_name, struct tusk_err *err);

/* Makes directory ready to be mounted on and gives its absolute path: detaches dead mounts of ours there; refuses what
 * is no directory, what holds the repository or lies in it, and what already is a mount of ours. TUSK_E_MOUNT. */
int tuskfs_mounting_place(const char *directory, const char *repository, char **ret_mountpoint, struct tusk_err *err);

/* A session with the mount options that options and the user's rights give. userdata is for the operations. */
int tuskfs_mounting_session(const struct tuskfs_options *options, const char *fsname, void *userdata,
			    struct fuse_session **ret_session, struct tusk_err *err);

/* Lets the kernel read 1 MiB ahead. Only root may; without it reading is slower, so failure is silent. */
void tuskfs_mounting_raise_read_ahead(const char *mountpoint);

/* Going into the background. The parent gets a number above 0 and waits; the child gets 0 and reports. */
struct tuskfs_daemon {
	int fd; /* of the pipe between the two; -1: in the foreground */
};
int tuskfs_daemon_fork(struct tuskfs_daemon *ret_daemon, struct tusk_err *err);
/* Parent: blocks until the child has reported, once. 0: it is mounted; -1 with the child's error; 1 with an error when
 * it died without a word. */
int tuskfs_daemon_wait(struct tuskfs_daemon *daemon, struct tusk_err *err);
/* Child: mounted (err NULL) or failed. After success the terminal is let go. No effect the second time. */
void tuskfs_daemon_report(struct tuskfs_daemon *daemon, const struct tusk_err *err);

#endif
