/* A cache of immutable, verified objects by id and type: least recently used goes first, pinned items stay, and several
 * threads that miss the same item load it once. Sharded; all functions are thread-safe. */
#ifndef TUSK_CACHE_H
#define TUSK_CACHE_H

#include "tusk/err.h"
#include "tusk/id.h"

#include <stddef.h>
#include <stdint.h>

struct tusk_cache;

/* The head of every cached item, its first member. The loader sets id, type and cost; the rest is the cache's.
 * Invariant: in the LRU list iff pins == 0. */
struct tusk_cached {
	struct tusk_id id;
	uint8_t type;
	size_t cost; /* bytes held in memory */
	struct tusk_cache *cache;
	unsigned pins;
	struct tusk_cached *next; /* in the hash chain, then among the victims */
	struct tusk_cached *newer, *older;
};

/* budget: bytes; exceeded only by what is pinned, and by one item larger than it. destroy frees an item. NULL when out
 * of memory. */
struct tusk_cache *tusk_cache_new(size_t budget, void (*destroy)(struct tusk_cached *item));
/* Nothing may be pinned. free(NULL) is fine. */
void tusk_cache_free(struct tusk_cache *cache);

/* How a missing item is made: called without locks, by one thread at a time for an id and type. */
struct tusk_cache_loader {
	int (*load)(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err);
	void *context;
};
/* The item, pinned; loads it when absent. A failed load is not remembered. */
int tusk_cache_get(struct tusk_cache *cache, const struct tusk_id *id, uint8_t type,
		   const struct tusk_cache_loader *loader, struct tusk_cached **ret_item, struct tusk_err *err);
/* The item, pinned, if it is there; else NULL. */
struct tusk_cached *tusk_cache_find(struct tusk_cache *cache, const struct tusk_id *id, uint8_t type);
struct tusk_cached *tusk_cached_retain(struct tusk_cached *item);
/* NULL is fine. */
void tusk_cached_release(struct tusk_cached *item);
/* Bytes held now. */
size_t tusk_cache_used(const struct tusk_cache *cache);

#endif
