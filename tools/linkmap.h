/* Which entry of a hard-linked file came first: link id -> entry number, 16 bytes a file. */
#ifndef TUSK_TOOLS_LINKMAP_H
#define TUSK_TOOLS_LINKMAP_H

#include <stddef.h>
#include <stdint.h>

struct tusk_linkmap {
	struct tusk_linkmap_slot {
		uint64_t link_id; /* 0: free */
		uint64_t number;
	} * slots;
	size_t capacity, count; /* capacity is zero or a power of two */
};

/* The number stored for link_id (not 0); a new link_id gets number stored. 0 or -1 (memory). */
int tusk_linkmap_first(struct tusk_linkmap *map, uint64_t link_id, uint64_t number, uint64_t *ret_first);
void tusk_linkmap_release(struct tusk_linkmap *map);

#endif
