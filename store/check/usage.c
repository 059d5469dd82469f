/* Whose objects are whose: each object belongs to the first snapshot that was seen to refer to it, until a second one
 * does. A block that turns out to be shared is gone into once more, since all below it is shared, too. */
#include "tusk/usage.h"

#include "fetcher.h"
#include "keyset.h"
#include "refs.h"
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#define SHARED UINT32_MAX

struct tally {
	struct tusk_fetcher *fetcher;
	struct tusk_keyset owners; /* id -> number of the snapshot, or SHARED */
	uint32_t current;
	const atomic_bool *stop;
};

/* 0: new to this snapshot; 1: nothing changes, nor below it; -1. */
static int claim(struct tally *tally, const struct tusk_id *id, struct tusk_err *err)
{
	uint32_t *owner = tusk_keyset_value(&tally->owners, id);

	if (!owner)
		return tusk_keyset_add(&tally->owners, id, tally->current, err) < 0 ? -1 : 0;
	if (*owner == tally->current || *owner == SHARED)
		return 1;
	*owner = SHARED;
	return 0;
}

static int on_block(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_id *key, bool *ret_skip,
		    struct tusk_err *err)
{
	struct tally *tally = walk->context;
	int claimed;

	(void)key;
	if (tally->stop && atomic_load(tally->stop))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	claimed = claim(tally, block, err);
	*ret_skip = claimed == 1;
	return claimed < 0 ? -1 : 0;
}

/* What is below damage cannot be counted. */
static int on_damage(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_err *why,
		     struct tusk_err *err)
{
	(void)walk;
	(void)block;
	if (err)
		*err = *why;
	return -1;
}

static int on_ref(void *context, const struct tusk_ref *ref, struct tusk_err *err)
{
	return claim(context, &ref->id, err);
}

static int on_entry(struct tusk_walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tally *tally = walk->context;
	const struct tusk_ref_sink sink = {.take = on_ref, .context = tally};

	if (entry->type != TUSK_TYPE_FILE && !entry->xattrs_in_blob)
		return 0;
	return tusk_refs_of(tally->fetcher, entry, &sink, err);
}

static int walk_all(struct tally *tally, const struct tusk_snapshot_list *list, struct tusk_err *err)
{
	static const struct tusk_walk_visitor visitor = {.enter = on_block, .damaged = on_damage, .entry = on_entry};
	struct tusk_walk walk = {.fetcher = tally->fetcher, .visitor = &visitor, .context = tally};
	int status = 0;

	for (size_t i = 0; i < list->count && status == 0; i++) {
		tally->current = (uint32_t)i;
		status = tusk_walk_tree(&walk, &list->items[i].root, err);
	}
	tusk_walk_end(&walk);
	return status;
}

static int add_up(struct tally *tally, uint64_t *exclusive, struct tusk_err *err)
{
	for (size_t i = 0; i < tally->owners.capacity; i++) {
		const struct tusk_keyset_item *item = &tally->owners.items[i];
		struct tusk_location location;

		if (!item->used || item->value == SHARED)
			continue;
		int found = tusk_fetcher_locate(tally->fetcher, &item->key, &location, err);
		if (found < 0)
			return -1;
		if (found == TUSK_INDEX_FOUND)
			exclusive[item->value] += location.record.stored;
	}
	return 0;
}

int tusk_usage_load(struct tusk_repository *repository, const struct tusk_snapshot_list *list, const atomic_bool *stop,
		    uint64_t *ret_exclusive, struct tusk_err *err)
{
	struct tally tally = {.stop = stop};
	int status = tusk_fetcher_get(repository, &tally.fetcher, err);

	memset(ret_exclusive, 0, list->count * sizeof(*ret_exclusive));
	if (status == 0)
		status = walk_all(&tally, list, err);
	if (status == 0)
		status = add_up(&tally, ret_exclusive, err);
	tusk_keyset_release(&tally.owners);
	return status < 0 ? -1 : 0;
}
