/* An open-addressing table with linear probing, at most three quarters full. */
#include "linkmap.h"

#include <stdlib.h>

static struct tusk_linkmap_slot *find(struct tusk_linkmap_slot *slots, size_t capacity, uint64_t link_id)
{
	size_t at = (size_t)(link_id * UINT64_C(0x9e3779b97f4a7c15)) & (capacity - 1);
	while (slots[at].link_id && slots[at].link_id != link_id)
		at = (at + 1) & (capacity - 1);
	return &slots[at];
}

static int grow(struct tusk_linkmap *map)
{
	size_t capacity = map->capacity ? 2 * map->capacity : 256;
	struct tusk_linkmap_slot *slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return -1;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].link_id)
			*find(slots, capacity, map->slots[i].link_id) = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->capacity = capacity;
	return 0;
}

int tusk_linkmap_first(struct tusk_linkmap *map, uint64_t link_id, uint64_t number, uint64_t *ret_first)
{
	if (4 * (map->count + 1) > 3 * map->capacity && grow(map) < 0)
		return -1;
	struct tusk_linkmap_slot *slot = find(map->slots, map->capacity, link_id);
	if (!slot->link_id) {
		*slot = (struct tusk_linkmap_slot){link_id, number};
		map->count++;
	}
	*ret_first = slot->number;
	return 0;
}

void tusk_linkmap_release(struct tusk_linkmap *map)
{
	free(map->slots);
	*map = (struct tusk_linkmap){0};
}
