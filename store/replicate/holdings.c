#include "holdings.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64u

void tusk_holdings_release(struct tusk_holdings *holdings)
{
	free(holdings->items);
	*holdings = (struct tusk_holdings){0};
}

int tusk_holdings_append(struct tusk_holdings *holdings, const struct tusk_holding *holding)
{
	if (holdings->count == holdings->capacity) {
		size_t capacity = holdings->capacity ? 2 * holdings->capacity : FIRST_CAPACITY;
		struct tusk_holding *items = reallocarray(holdings->items, capacity, sizeof(*items));

		if (!items)
			return -1;
		holdings->items = items;
		holdings->capacity = capacity;
	}
	holdings->items[holdings->count++] = *holding;
	return 0;
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	const char *digits = strrchr(name, '/') + 1;
	struct tusk_holding holding = {.size = size};

	if (tusk_hex_decode(digits, strlen(digits), holding.id.bytes, TUSK_ID_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "%s is not the name of an object", name);
	if (tusk_holdings_append(context, &holding) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the objects: out of memory");
	return 0;
}

static int compare(const void *a, const void *b)
{
	return tusk_id_compare(&((const struct tusk_holding *)a)->id, &((const struct tusk_holding *)b)->id);
}

int tusk_holdings_load(struct tusk_node *node, const char *prefix, struct tusk_holdings *ret_holdings,
		       struct tusk_err *err)
{
	struct tusk_holdings holdings TUSK_AUTO_HOLDINGS = {0};

	if (tusk_node_list(node, prefix, collect, &holdings, err) != 0)
		return -1;
	if (holdings.count)
		qsort(holdings.items, holdings.count, sizeof(holdings.items[0]), compare);
	tusk_holdings_release(ret_holdings);
	*ret_holdings = holdings;
	holdings = (struct tusk_holdings){0};
	return 0;
}

const struct tusk_holding *tusk_holdings_find(const struct tusk_holdings *holdings, const struct tusk_id *id)
{
	const struct tusk_holding key = {.id = *id};

	return holdings->count ? bsearch(&key, holdings->items, holdings->count, sizeof(key), compare) : NULL;
}

void tusk_holdings_name(const char *prefix, const struct tusk_id *id, char ret_name[80])
{
	char digits[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, digits);
	if (strcmp(prefix, "packs/") == 0)
		snprintf(ret_name, 80, "%s%.2s/%s", prefix, digits, digits);
	else
		snprintf(ret_name, 80, "%s%s", prefix, digits);
}

uint64_t tusk_holdings_bytes(const struct tusk_holdings *holdings)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < holdings->count; i++)
		bytes += holdings->items[i].size;
	return bytes;
}
