#include "radix.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool has_bit(const uint8_t *item, int bit)
{
	uint64_t key;

	memcpy(&key, item, sizeof(key));
	return key >> bit & 1;
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
			if (!has_bit(low, bit)) {
				low += size;
				continue;
			}
			high -= size;
			if (size == 12) /* a size that the compiler knows: no call */
				swap(low, high, 12);
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
	if (count > 1 && (size == 12 || size == 16))
		sort_bits(items, count, size, 63);
}
