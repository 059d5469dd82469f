#include "verify_internal.h"

#include <stdlib.h>

/* Two tables with open addressing: link id -> first number, (device, inode) -> first number. */
struct link_key {
	uint64_t a, b, first; /* first: number + 1; 0 is a free slot */
};

struct link_table {
	struct link_key *slots;
	size_t capacity, used;
};

struct verify_links {
	struct link_table snapshot, copy;
};

struct verify_links *verify_links_new(void)
{
	return calloc(1, sizeof(struct verify_links));
}

void verify_links_free(struct verify_links *links)
{
	if (!links)
		return;
	free(links->snapshot.slots);
	free(links->copy.slots);
	free(links);
}

static struct link_key *find(struct link_key *slots, size_t capacity, uint64_t a, uint64_t b)
{
	size_t i = ((a ^ b * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u) >> 20 & (capacity - 1);

	while (slots[i].first && (slots[i].a != a || slots[i].b != b))
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

static int grow(struct link_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	struct link_key *slots = calloc(capacity, sizeof *slots);

	if (!slots)
		return -1;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].first)
			*find(slots, capacity, table->slots[i].a, table->slots[i].b) = table->slots[i];
	free(table->slots);
	table->slots = slots;
	table->capacity = capacity;
	return 0;
}

/* The number first seen with this key, which is number itself the first time. */
static int see(struct link_table *table, uint64_t a, uint64_t b, uint64_t number, uint64_t *ret_first)
{
	if (table->used * 4 >= table->capacity * 3 && grow(table))
		return -1;
	struct link_key *slot = find(table->slots, table->capacity, a, b);
	if (!slot->first) {
		*slot = (struct link_key){a, b, number + 1};
		table->used++;
	}
	*ret_first = slot->first - 1;
	return 0;
}

int verify_links_see(struct verify_links *links, uint64_t link_id, const struct stat *st, uint64_t number,
		     uint64_t *ret_snapshot, uint64_t *ret_copy)
{
	*ret_snapshot = number;
	if (link_id && see(&links->snapshot, link_id, 0, number, ret_snapshot))
		return -1;
	return see(&links->copy, st->st_dev, st->st_ino, number, ret_copy);
}
