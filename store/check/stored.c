#include "stored.h"

#include "radix.h"
#include "wire.h"

#include <stdlib.h>

static uint64_t prefix_of(const struct tusk_id *id)
{
	return tusk_load_u64(id->bytes) & 0xffffffffffff;
}

static uint64_t prefix_at(const struct tusk_stored *stored, size_t i)
{
	return (uint64_t)stored->items[i].high << 32 | stored->items[i].low;
}

void tusk_stored_release(struct tusk_stored *stored)
{
	free(stored->items);
	*stored = (struct tusk_stored){0};
}

int tusk_stored_add(struct tusk_stored *stored, const struct tusk_id *id, uint32_t pack, struct tusk_err *err)
{
	if (stored->count == stored->capacity) {
		/* By halves: at this size doubling would be most of the memory that check needs. */
		size_t wanted = stored->capacity + stored->capacity / 2 + 4096;
		struct tusk_stored_item *grown = reallocarray(stored->items, wanted, sizeof(*grown));
		if (!grown)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		stored->items = grown;
		stored->capacity = wanted;
	}
	uint64_t prefix = prefix_of(id);
	stored->items[stored->count++] =
	    (struct tusk_stored_item){.high = (uint16_t)(prefix >> 32), .low = (uint32_t)prefix, .pack = pack};
	return 0;
}

void tusk_stored_sort(struct tusk_stored *stored)
{
	tusk_radix_sort(stored->items, stored->count, sizeof(*stored->items));
}

const struct tusk_stored_item *tusk_stored_find(const struct tusk_stored *stored, const struct tusk_id *id,
						size_t *ret_count)
{
	uint64_t prefix = prefix_of(id);
	size_t low = 0, high = stored->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (prefix_at(stored, middle) < prefix)
			low = middle + 1;
		else
			high = middle;
	}
	size_t end = low;
	while (end < stored->count && prefix_at(stored, end) == prefix)
		end++;
	*ret_count = end - low;
	return end > low ? &stored->items[low] : NULL;
}
