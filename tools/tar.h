/* Writing entries of a snapshot as a pax archive. */
#ifndef TUSK_TOOLS_TAR_H
#define TUSK_TOOLS_TAR_H

#include "tusk/reader.h"

struct tusk_tar;

/* Writes to fd, which stays the caller's. Names that are UTF-8 go as they are, others as raw bytes with the
 * hdrcharset=BINARY record. */
int tusk_tar_open(int fd, struct tusk_tar **ret_tar, struct tusk_err *err);
/* Adds an entry (path from the root of the snapshot, "/" first; stored without it). Later names of a hard-linked file
 * become links to the first. *ret_stored is false for a socket, which tar cannot hold. TUSK_E_CORRUPT: the content is
 * damaged; the archive is still well-formed, with zeros in place of what is missing. */
int tusk_tar_add(struct tusk_tar *tar, struct tusk_view *view, const char *path, const struct tusk_entry *entry,
		 bool *ret_stored, struct tusk_err *err);
/* Writes the end of the archive. */
int tusk_tar_finish(struct tusk_tar *tar, struct tusk_err *err);
void tusk_tar_free(struct tusk_tar *tar);
TUSK_DEFINE_CLEANUP(struct tusk_tar, tusk_tar, tusk_tar_free)
#define TUSK_AUTO_TAR TUSK_CLEANUP(tusk_tar_cleanup)

#endif
