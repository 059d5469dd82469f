/* Packs of which much is unused: what is used of them is written into new packs. */
#ifndef TUSK_REPACK_H
#define TUSK_REPACK_H

#include "live.h"

struct tusk_repack;

/* Borrows all. */
int tusk_repack_new(struct tusk_repository *repository, struct tusk_node *node, const struct tusk_live *live,
		    struct tusk_repack **ret_repack, struct tusk_err *err);
/* Gives up what is not finished. */
void tusk_repack_free(struct tusk_repack *repack);
TUSK_DEFINE_CLEANUP(struct tusk_repack, tusk_repack, tusk_repack_free)
#define TUSK_AUTO_REPACK TUSK_CLEANUP(tusk_repack_cleanup)
/* Copies what is to be kept in the pack with that table of contents and number; each record is verified before and
 * after. TUSK_E_CORRUPT: a record cannot be read; the pack must stay. */
int tusk_repack_copy(struct tusk_repack *repack, const struct tusk_toc *toc, size_t number, struct tusk_err *err);
/* Everything that was copied is durable on return. ret_written: bytes of new packs. */
int tusk_repack_finish(struct tusk_repack *repack, uint64_t *ret_written, struct tusk_err *err);
/* Whether what the pack holds is stored elsewhere, too, and can be read there: then it may go although it is used. 1, 0
 * or -1. */
int tusk_repack_is_spare(struct tusk_repack *repack, const struct tusk_toc *toc, struct tusk_err *err);

#endif
