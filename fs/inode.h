/* Node ids and inode numbers: arithmetic only, no table, so that FORGET costs nothing and an NFS handle stays valid. */
#ifndef TUSKFS_INODE_H
#define TUSKFS_INODE_H

#include "tusk/id.h"

#include <stdbool.h>
#include <stdint.h>

/* nodeid = slot << 40 | entry number. Slot 0 holds the virtual folders; a snapshot has a slot of 22 bits. */
#define TUSKFS_NUMBER_BITS 40
#define TUSKFS_SLOT_BITS   22
#define TUSKFS_NUMBER_MAX  ((UINT64_C(1) << TUSKFS_NUMBER_BITS) - 1)
#define TUSKFS_SLOT_MAX    ((UINT32_C(1) << TUSKFS_SLOT_BITS) - 1)
#define TUSKFS_LINK_BIT    (UINT64_C(1) << 62) /* only in inode numbers of hard-linked files */
#define TUSKFS_PATH_BIT    (UINT64_C(1) << 63) /* a folder of versions/: the path of that entry of that slot */

/* Node ids of slot 0 with this bit are computed from a snapshot's slot; without it they are of the catalogue. */
#define TUSKFS_COMPUTED_BIT (UINT64_C(1) << (TUSKFS_NUMBER_BITS - 1))

enum tuskfs_computed {
	TUSKFS_COMPUTED_LINK = 1, /* a link to the snapshot, in at/ */
	TUSKFS_COMPUTED_SUMS      /* its list of checksums, in sums/ */
};

static inline uint64_t tuskfs_inode_pack(uint32_t slot, uint64_t number)
{
	return (uint64_t)slot << TUSKFS_NUMBER_BITS | number;
}

static inline uint32_t tuskfs_inode_slot(uint64_t nodeid)
{
	return (uint32_t)(nodeid >> TUSKFS_NUMBER_BITS);
}

static inline uint64_t tuskfs_inode_number(uint64_t nodeid)
{
	return nodeid & TUSKFS_NUMBER_MAX;
}

/* The slot that a snapshot gets unless another one has it: 1 .. TUSKFS_SLOT_MAX. */
uint32_t tuskfs_inode_first_slot(const struct tusk_id *snapshot);
/* The slot to try after that one. */
uint32_t tuskfs_inode_next_slot(uint32_t slot);

/* The inode number of a file that is one of several hard links: equal for equal arguments; never equal for two link
 * ids (below 2^62) of one snapshot; never equal to a node id. */
uint64_t tuskfs_inode_of_link(const struct tusk_id *snapshot, uint64_t link_id);

static inline uint64_t tuskfs_inode_computed(enum tuskfs_computed kind, uint32_t slot)
{
	return TUSKFS_COMPUTED_BIT | (uint64_t)kind << TUSKFS_SLOT_BITS | slot;
}

/* False: the node id is not of that kind. */
static inline bool tuskfs_inode_is_computed(uint64_t nodeid, enum tuskfs_computed kind, uint32_t *ret_slot)
{
	*ret_slot = nodeid & TUSKFS_SLOT_MAX;
	return *ret_slot && nodeid == tuskfs_inode_computed(kind, *ret_slot);
}

/* A virtual node's id from where it is and what it points to: 16 .. TUSKFS_COMPUTED_BIT - 1. A link with another
 * target gets another id, so the kernel cannot show a cached target. */
uint64_t tuskfs_inode_virtual(uint64_t parent, const char *name, const char *target);

#endif
