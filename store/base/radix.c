#include "radix.h"

#include <stdint.h>
#include <string.h>

static uint64_t key_of(const uint8_t *item, size_t size)
{
	uint64_t key;
	uint32_t low;
	uint16_t high;

	if (size == 16) {
		memcpy(&key, item, sizeof(key));
		return key;
	}
	memcpy(&high, item, sizeof(high));
	memcpy(&low, item + sizeof(high), sizeof(low));
	return (uint64_t)high << 32 | low;
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t held[16];

	memcpy(held, a, size);
	memcpy(a, b, size);
	memcpy(b, held, size);
}

static void sort_bits(uint8_t *items, size_t count, size_t size, int bit)
{
	while (count > 1 && bit >= 0) {
		uint8_t *low = items, *high = items + count * size;

		while (low < high) {
			if (!(key_of(low, size) >> bit & 1)) {
				low += size;
				continue;
			}
			high -= size;
			if (size == 10) /* a size that the compiler knows: no call */
				swap(low, high, 10);
			else
				swap(low, high, 16);
		}
		bit--;
		size_t lower = (size_t)(low - items) / size;
		sort_bits(items, lower, size, bit);
		items = low;
		count -= lower;
	}
}

void tusk_radix_sort(void *items, size_t count, size_t size)
{
	sort_bits(items, count, size, size == 16 ? 63 : 47);
}
