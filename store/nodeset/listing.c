/* What the members hold, as one list. */
#include "nodeset_private.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

void listing_release(struct set_listing *listing)
{
	free(listing->items);
	*listing = (struct set_listing){0};
}

int listing_add(struct set_listing *listing, const struct tusk_id *id, uint64_t size)
{
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? 2 * listing->capacity : FIRST_CAPACITY;
		struct set_item *items = reallocarray(listing->items, capacity, sizeof(*items));

		if (!items)
			return -1;
		listing->items = items;
		listing->capacity = capacity;
	}
	listing->items[listing->count++] = (struct set_item){*id, size};
	return 0;
}

static int compare_items(const void *a, const void *b)
{
	return tusk_id_compare(&((const struct set_item *)a)->id, &((const struct set_item *)b)->id);
}

/* The sizes may differ when a copy is damaged: the sort of glibc is stable, so the first member's stays. */
void listing_seal(struct set_listing *listing)
{
	size_t kept = 0;

	if (listing->count)
		qsort(listing->items, listing->count, sizeof(listing->items[0]), compare_items);
	for (size_t i = 0; i < listing->count; i++) {
		if (kept == 0 || !tusk_id_equal(&listing->items[kept - 1].id, &listing->items[i].id))
			listing->items[kept++] = listing->items[i];
	}
	listing->count = kept;
}

bool listing_has(const struct set_listing *listing, const struct tusk_id *id)
{
	const struct set_item key = {.id = *id};

	return listing->count &&
	       bsearch(&key, listing->items, listing->count, sizeof(listing->items[0]), compare_items) != NULL;
}

int listing_id(const char *name, struct tusk_id *ret_id)
{
	const char *slash = strrchr(name, '/');

	return slash && strlen(slash + 1) == 2 * TUSK_ID_SIZE
		   ? tusk_hex_decode(slash + 1, 2 * TUSK_ID_SIZE, ret_id->bytes, TUSK_ID_SIZE)
		   : -1;
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_id id;

	if (listing_id(name, &id) == 0 && listing_add(context, &id, size) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the objects: out of memory");
	return 0;
}

int listing_load(struct tusk_node *node, const char *prefix, struct set_listing *ret_listing, struct tusk_err *err)
{
	struct set_listing listing TUSK_CLEANUP(listing_release) = {0};

	if (tusk_node_list(node, prefix, collect, &listing, err) != 0)
		return -1;
	listing_seal(&listing);
	*ret_listing = listing;
	listing = (struct set_listing){0};
	return 0;
}

/* Everything that any member lists. A member that cannot be asked is left out; all of them cannot be. */
static int load_union(struct set *set, const char *prefix, struct set_listing *ret_listing, struct tusk_err *err)
{
	struct set_listing listing TUSK_CLEANUP(listing_release) = {0};
	struct turn turn;

	for (turn_begin(set, &turn); turn_next(&turn);) {
		size_t before = listing.count;

		if (tusk_node_list(turn.node, prefix, collect, &listing, &turn.why) == 0) {
			turn.answered = true;
			continue;
		}
		listing.count = before;
		turn_failed(&turn);
	}
	if (!turn.answered)
		return turn_end(&turn, err);
	listing_seal(&listing);
	*ret_listing = listing;
	listing = (struct set_listing){0};
	return 0;
}

/* A snapshot that was forgotten on one member is forgotten; a key that was removed likewise. */
static int drop_forgotten(struct set *set, struct set_listing *listing, struct tusk_err *err)
{
	struct set_listing forgotten TUSK_CLEANUP(listing_release) = {0};
	size_t kept = 0;

	if (load_union(set, "forgotten/", &forgotten, err) < 0)
		return -1;
	for (size_t i = 0; i < listing->count; i++) {
		if (!listing_has(&forgotten, &listing->items[i].id))
			listing->items[kept++] = listing->items[i];
	}
	listing->count = kept;
	return 0;
}

static void item_name(const char *prefix, const struct set_item *item, char ret_name[TUSK_NODE_NAME_SIZE])
{
	char digits[TUSK_ID_TEXT_SIZE];

	tusk_id_text(&item->id, digits);
	if (strcmp(prefix, "packs/") == 0)
		snprintf(ret_name, TUSK_NODE_NAME_SIZE, "%s%.2s/%s", prefix, digits, digits);
	else
		snprintf(ret_name, TUSK_NODE_NAME_SIZE, "%s%s", prefix, digits);
}

int set_list(struct tusk_node *node, const char *prefix,
	     int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
	     struct tusk_err *err)
{
	struct set_listing listing TUSK_CLEANUP(listing_release) = {0};
	struct set *set = set_of(node);
	int result = 0;

	if (load_union(set, prefix, &listing, err) < 0)
		return -1;
	if ((strcmp(prefix, "snapshots/") == 0 || strcmp(prefix, "keys/") == 0) &&
	    drop_forgotten(set, &listing, err) < 0)
		return -1;
	for (size_t i = 0; result == 0 && i < listing.count; i++) {
		char name[TUSK_NODE_NAME_SIZE];

		item_name(prefix, &listing.items[i], name);
		result = visit(context, name, listing.items[i].size, err);
	}
	if (result == 0 && strcmp(prefix, "toc/") == 0)
		set_require_all(set, &listing);
	return result;
}
