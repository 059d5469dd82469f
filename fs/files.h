/* Open files by node id: the kernel sends no open and no close (NO_OPEN_SUPPORT), so the latest ones used stay open. */
#ifndef TUSKFS_FILES_H
#define TUSKFS_FILES_H

#include "slots.h"

#include "tusk/err.h"
#include "tusk/reader.h"

struct tuskfs_files;
int tuskfs_files_new(struct tuskfs_files **ret_files, struct tusk_err *err);
/* No file may be held any more. NULL is fine. */
void tuskfs_files_free(struct tuskfs_files *files);

struct tuskfs_open_file;
/* The file of an entry number, opened if it is not; TUSK_E_USAGE if the entry is no regular file. Dropped by the
 * caller. Thread-safe. */
int tuskfs_files_hold(struct tuskfs_files *files, const struct tuskfs_slot *slot, uint64_t number,
		      struct tuskfs_open_file **ret_file, struct tusk_err *err);
void tuskfs_files_drop(struct tuskfs_open_file *file);
TUSK_DEFINE_CLEANUP(struct tuskfs_open_file, tuskfs_open_file, tuskfs_files_drop)
#define TUSKFS_AUTO_OPEN_FILE TUSK_CLEANUP(tuskfs_open_file_cleanup)

struct tusk_file *tuskfs_open_file_get(struct tuskfs_open_file *file);

/* Notes a read of [offset, offset + len) and has what probably comes next decoded ahead of it. True if the read goes
 * on where one before it ended (or starts the file). */
bool tuskfs_open_file_advance(struct tuskfs_open_file *file, uint64_t offset, uint64_t len);

#endif
