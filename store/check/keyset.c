#include "keyset.h"

#include "wire.h"

#include <stdlib.h>

void tusk_keyset_release(struct tusk_keyset *set)
{
	free(set->items);
	*set = (struct tusk_keyset){0};
}

/* The item with that key, or the free place where it belongs. */
static struct tusk_keyset_item *place_of(const struct tusk_keyset *set, const struct tusk_id *key)
{
	size_t i = (size_t)tusk_load_u64(key->bytes + 8) & (set->capacity - 1);
	while (set->items[i].used && !tusk_id_equal(&set->items[i].key, key))
		i = (i + 1) & (set->capacity - 1);
	return &set->items[i];
}

static int grow(struct tusk_keyset *set, struct tusk_err *err)
{
	struct tusk_keyset larger = {.count = set->count, .capacity = set->capacity ? 2 * set->capacity : 1024};
	larger.items = calloc(larger.capacity, sizeof(*larger.items));
	if (!larger.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < set->capacity; i++)
		if (set->items[i].used)
			*place_of(&larger, &set->items[i].key) = set->items[i];
	free(set->items);
	*set = larger;
	return 0;
}

int tusk_keyset_add(struct tusk_keyset *set, const struct tusk_id *key, uint32_t value, struct tusk_err *err)
{
	if (set->count >= set->capacity / 4 * 3 && grow(set, err) != 0)
		return -1;
	struct tusk_keyset_item *item = place_of(set, key);
	if (item->used)
		return 0;
	*item = (struct tusk_keyset_item){.key = *key, .value = value, .used = true};
	set->count++;
	return 1;
}

uint32_t *tusk_keyset_value(const struct tusk_keyset *set, const struct tusk_id *key)
{
	if (set->capacity == 0)
		return NULL;
	struct tusk_keyset_item *item = place_of(set, key);
	return item->used ? &item->value : NULL;
}

bool tusk_keyset_get(const struct tusk_keyset *set, const struct tusk_id *key, uint32_t *ret_value)
{
	const uint32_t *value = tusk_keyset_value(set, key);
	if (value && ret_value)
		*ret_value = *value;
	return value != NULL;
}
