/* Snapshots that arrive on a node after their backup committed on another one. */
#ifndef TUSK_SPARE_H
#define TUSK_SPARE_H

#include "handle.h"

/* From now on, before a manifest is put on a member of the repository's nodes where prune has condemned packs, all of
 * them are taken out of the list there: which of them the manifest needs is not known at that place. Costs the next
 * prune some work. No effect on a repository with one node. */
void tusk_spare_before_manifests(struct tusk_repository *repository);

#endif
