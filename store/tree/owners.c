/* Owner tables: few items, so a sorted array. */
#include "owners.h"

#include "tree.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

struct tusk_owner_item {
	uint64_t key; /* kind and id: sorts as the table does */
	size_t name, name_len;
};

/* The first item whose key is not less. */
static size_t find(const struct tusk_owners *owners, uint64_t key)
{
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->items[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int tusk_owners_add(struct tusk_owners *owners, enum tusk_owner_kind kind, uint32_t id, const struct tusk_bytes *name)
{
	uint64_t key = (uint64_t)kind << 32 | id;
	size_t at = find(owners, key);

	if (at < owners->count && owners->items[at].key == key)
		return 0;
	if (name->len == 0 || name->len > TUSK_NAME_MAX || memchr(name->data, 0, name->len))
		return 0;
	if (owners->count == owners->capacity) {
		size_t capacity = owners->capacity ? 2 * owners->capacity : 8;
		struct tusk_owner_item *items = realloc(owners->items, capacity * sizeof(*items));

		if (!items)
			return -1;
		owners->items = items;
		owners->capacity = capacity;
	}
	size_t place = owners->names.len;
	if (tusk_buf_append(&owners->names, name->data, name->len))
		return -1;
	memmove(owners->items + at + 1, owners->items + at, (owners->count - at) * sizeof(*owners->items));
	owners->items[at] = (struct tusk_owner_item){key, place, name->len};
	owners->count++;
	return 0;
}

int tusk_owners_encode(const struct tusk_owners *owners, struct tusk_buf *out)
{
	if (tusk_put_varint(out, owners->count))
		return -1;
	for (size_t i = 0; i < owners->count; i++) {
		const struct tusk_owner_item *item = &owners->items[i];

		if (tusk_put_u8(out, (uint8_t)(item->key >> 32)) || tusk_put_varint(out, (uint32_t)item->key) ||
		    tusk_put_bytes(out, owners->names.data + item->name, item->name_len))
			return -1;
	}
	return 0;
}

void tusk_owners_clear(struct tusk_owners *owners)
{
	owners->count = 0;
	owners->names.len = 0;
}

void tusk_owners_release(struct tusk_owners *owners)
{
	free(owners->items);
	tusk_buf_release(&owners->names);
	*owners = (struct tusk_owners){0};
}
