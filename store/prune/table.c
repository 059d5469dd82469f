#include "table.h"

#include "crypto.h"
#include "radix.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

int tusk_table_init(struct tusk_table *table, struct tusk_err *err)
{
	*table = (struct tusk_table){0};
	return tusk_random(table->key, sizeof(table->key), err);
}

void tusk_table_release(struct tusk_table *table)
{
	free(table->items);
	free(table->live);
	*table = (struct tusk_table){0};
}

/* Multilinear hashing (Dietzfelbinger, "Universal hashing and k-wise independent random variables via integer
 * arithmetic without primes", STACS 1996): the upper half of a sum of products with random numbers. */
static uint32_t hash(const uint64_t key[8], const struct tusk_id *id)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < 8; i++)
		sum += key[i] * tusk_load_u32(id->bytes + 4 * i);
	return (uint32_t)(sum >> 32);
}

static struct tusk_table_item item_of(const struct tusk_table *table, const struct tusk_id *id, uint32_t pack)
{
	return (struct tusk_table_item){.high = (uint64_t)hash(table->key[0], id) << 32 | hash(table->key[1], id),
					.low = hash(table->key[2], id),
					.pack = pack};
}

int tusk_table_add(struct tusk_table *table, const struct tusk_id *id, uint32_t pack, struct tusk_err *err)
{
	if (table->count == table->capacity) {
		/* By halves: doubling would be most of the memory that is needed. */
		size_t capacity = table->capacity + table->capacity / 2 + 4096;
		struct tusk_table_item *items = reallocarray(table->items, capacity, sizeof(*items));
		if (!items)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		table->items = items;
		table->capacity = capacity;
	}
	table->items[table->count++] = item_of(table, id, pack);
	return 0;
}

/* Objects whose first 64 bits are equal, which does not happen, by the rest. */
static void sort_low(struct tusk_table_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct tusk_table_item item = items[i];
		size_t k = i;
		for (; k > 0 && items[k - 1].high == item.high && items[k - 1].low > item.low; k--)
			items[k] = items[k - 1];
		items[k] = item;
	}
}

int tusk_table_sort(struct tusk_table *table, struct tusk_err *err)
{
	free(table->live);
	table->live = calloc(table->count / 8 + 1, 1);
	if (!table->live)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_radix_sort(table->items, table->count, sizeof(*table->items));
	sort_low(table->items, table->count);
	return 0;
}

size_t tusk_table_group(const struct tusk_table *table, size_t i)
{
	size_t end = i + 1;
	while (end < table->count && table->items[end].high == table->items[i].high &&
	       table->items[end].low == table->items[i].low)
		end++;
	return end - i;
}

size_t tusk_table_find(const struct tusk_table *table, const struct tusk_id *id, size_t *at)
{
	const struct tusk_table_item wanted = item_of(table, id, 0);
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tusk_table_item *item = &table->items[middle];
		if (item->high < wanted.high || (item->high == wanted.high && item->low < wanted.low))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->count || table->items[low].high != wanted.high || table->items[low].low != wanted.low)
		return 0;
	*at = low;
	return tusk_table_group(table, low);
}

bool tusk_table_is_live(const struct tusk_table *table, size_t i)
{
	return table->live[i / 8] & 1u << i % 8;
}

enum tusk_table_mark tusk_table_mark(struct tusk_table *table, const struct tusk_id *id)
{
	size_t at, count = tusk_table_find(table, id, &at);

	if (count == 0)
		return TUSK_MARK_UNKNOWN;
	if (tusk_table_is_live(table, at))
		return TUSK_MARK_OLD;
	for (size_t i = at; i < at + count; i++)
		table->live[i / 8] |= (uint8_t)(1u << i % 8);
	return TUSK_MARK_NEW;
}
