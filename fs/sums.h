/* sums/<id>.sha256 as files of true size that can be read anywhere, without their text being kept: the size and a mark
 * every few KiB come from one walk over the snapshot's metadata, a read walks from the nearest mark. */
#ifndef TUSKFS_SUMS_H
#define TUSKFS_SUMS_H

#include "slots.h"

#include "tusk/buf.h"
#include "tusk/err.h"

struct tuskfs_sums;
int tuskfs_sums_new(struct tuskfs_sums **ret_sums, struct tusk_err *err);
/* Makes walks end soon with TUSK_E_INTERRUPTED. */
void tuskfs_sums_stop(struct tuskfs_sums *sums);
/* NULL is fine. */
void tuskfs_sums_free(struct tuskfs_sums *sums);

/* Whether the size of that snapshot's list is known: else the calls below take long. */
bool tuskfs_sums_known(struct tuskfs_sums *sums, const struct tuskfs_slot *slot);
int tuskfs_sums_size(struct tuskfs_sums *sums, const struct tuskfs_slot *slot, uint64_t *ret_size,
		     struct tusk_err *err);
/* Appends len bytes from offset on; fewer only at the end. */
int tuskfs_sums_read(struct tuskfs_sums *sums, const struct tuskfs_slot *slot, uint64_t offset, size_t len,
		     struct tusk_buf *ret_text, struct tusk_err *err);

#endif
