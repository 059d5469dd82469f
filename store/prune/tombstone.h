/* The note that a snapshot was forgotten. */
#ifndef TUSK_TOMBSTONE_H
#define TUSK_TOMBSTONE_H

#include "handle.h"

/* manifest: its bytes, kept for an undo if they are not too many; or empty. */
int tusk_tombstone_put(struct tusk_repository *repository, const struct tusk_id *id, const struct tusk_buf *manifest,
		       struct tusk_err *err);

#endif
