#include "inode.h"

#include <string.h>

#define LINK_MASK (TUSKFS_LINK_BIT - 1)

/* Node ids below this are the fixed virtual folders (views.h). */
#define VIRTUAL_FIRST 16

static uint64_t load_u64(const uint8_t *bytes)
{
	uint64_t value = 0;
	for (size_t i = 0; i < sizeof(value); i++)
		value = value << 8 | bytes[i];
	return value;
}

uint32_t tuskfs_inode_first_slot(const struct tusk_id *snapshot)
{
	return 1 + (uint32_t)(load_u64(snapshot->bytes) % TUSKFS_SLOT_MAX);
}

uint32_t tuskfs_inode_next_slot(uint32_t slot)
{
	return slot < TUSKFS_SLOT_MAX ? slot + 1 : 1;
}

/* Every step is a bijection of 62-bit numbers (odd factor, xor with a constant, xor with a right shift of itself), so
 * two link ids of a snapshot cannot meet; the snapshot's key keeps two snapshots apart. */
uint64_t tuskfs_inode_of_link(const struct tusk_id *snapshot, uint64_t link_id)
{
	uint64_t hash = (link_id ^ load_u64(snapshot->bytes + 8)) & LINK_MASK;
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) & LINK_MASK;
	hash ^= hash >> 31;
	hash ^= load_u64(snapshot->bytes + 16) & LINK_MASK;
	hash = hash * UINT64_C(0xbf58476d1ce4e5b9) & LINK_MASK;
	hash ^= hash >> 29;
	return TUSKFS_LINK_BIT | hash;
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). The terminating NUL is hashed too: it separates. */
static uint64_t fnv1a(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t tuskfs_inode_virtual(uint64_t parent, const char *name, const char *target)
{
	uint64_t hash = fnv1a(UINT64_C(0xcbf29ce484222325), &parent, sizeof(parent));
	hash = fnv1a(hash, name, strlen(name) + 1);
	if (target)
		hash = fnv1a(hash, target, strlen(target) + 1);
	hash ^= hash >> TUSKFS_NUMBER_BITS;
	return VIRTUAL_FIRST + (hash & TUSKFS_NUMBER_MAX) % (TUSKFS_COMPUTED_BIT - VIRTUAL_FIRST);
}
