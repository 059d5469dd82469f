/* What each snapshot takes. */
#ifndef TUSK_USAGE_H
#define TUSK_USAGE_H

#include "tusk/repository.h"
#include "tusk/snapshot.h"

#include <stdatomic.h>

/* ret_exclusive[i]: bytes in packs that only snapshot i of the list refers to: what prune may free when it alone is
 * forgotten. Goes through all trees, those that snapshots share twice at most; memory: 40 bytes and a bit for each
 * object stored. stop may be NULL. */
int tusk_usage_load(struct tusk_repository *repository, const struct tusk_snapshot_list *list, const atomic_bool *stop,
		    uint64_t *ret_exclusive, struct tusk_err *err);

#endif
