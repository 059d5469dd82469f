/* File descriptors: complete reads and writes, durable publishing. The only file that calls rename and fsync
 * (scripts/check enforces it). */
#ifndef TUSK_FILEIO_H
#define TUSK_FILEIO_H

#include "tusk/buf.h"
#include "tusk/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads len bytes at offset, through EINTR and short reads; ret_len is less only at the end of the file. object is for
 * messages. */
int tusk_pread_full(int fd, void *data, size_t len, uint64_t offset, size_t *ret_len, const char *object,
		    struct tusk_err *err);
int tusk_write_full(int fd, const void *data, size_t len, const char *object, struct tusk_err *err);
/* The whole of a file below dirfd, at most max bytes (TUSK_E_LIMIT beyond). ENOENT is TUSK_E_ABSENT. */
int tusk_read_file(int dirfd, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err);

/* A file being written under a temporary name in <root>/tmp, to be published durably later. */
struct tusk_pending {
	int root_fd; /* borrowed */
	int fd;
	char temporary[64]; /* "tmp/<random>" */
};
/* O_CREAT | O_EXCL | O_CLOEXEC, mode 0600; under a shared flock, which says that its writer lives. */
int tusk_pending_open(struct tusk_pending *pending, int root_fd, struct tusk_err *err);
/* fdatasync, then rename without replacing to name (relative to root, its folder must exist), then fsync of that
 * folder. A name that already exists is success (objects are named by content) and the temporary goes away. No error is
 * ever retried on the same descriptor. Consumes pending. Durable on return. */
int tusk_pending_publish(struct tusk_pending *pending, const char *name, struct tusk_err *err);
/* Replaces name if it exists (only for files that are not content-named, such as client state). */
int tusk_pending_replace(struct tusk_pending *pending, const char *name, struct tusk_err *err);
/* Unlinks the temporary. No effect after publish. Suitable for TUSK_CLEANUP. */
void tusk_pending_abort(struct tusk_pending *pending);
#define TUSK_AUTO_PENDING TUSK_CLEANUP(tusk_pending_abort)

/* The whole way for small objects. */
int tusk_durable_put(int root_fd, const char *name, const void *data, size_t len, struct tusk_err *err);
/* mkdirat (an existing directory is fine) and fsync of the parent. */
int tusk_durable_mkdir(int root_fd, const char *name, mode_t mode, struct tusk_err *err);
/* Unlink and fsync of the folder; ENOENT is success. */
int tusk_durable_unlink(int root_fd, const char *name, struct tusk_err *err);
/* Renames below root and syncs both folders. 0 (also when from does not exist), 1 when to exists, -1. */
int tusk_durable_move(int root_fd, const char *from, const char *to, struct tusk_err *err);
/* mkdir -p below "/" or the current folder; not durable; for client state. */
int tusk_make_directories(const char *path, mode_t mode, struct tusk_err *err);

#endif
