#include "cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_COUNT  8u
#define BUCKET_COUNT 1024u /* per shard */

/* A load under way, on the stack of the thread that does it. */
struct flight {
	const struct tusk_id *id;
	uint8_t type;
	struct flight *next;
};

struct shard {
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct tusk_cached *buckets[BUCKET_COUNT];
	struct tusk_cached *newest, *oldest; /* unpinned items */
	struct flight *flights;
};

struct tusk_cache {
	size_t budget;
	void (*destroy)(struct tusk_cached *item);
	atomic_size_t used;
	atomic_uint hand; /* the shard that gives up an item next */
	struct shard shards[SHARD_COUNT];
};

struct tusk_cache *tusk_cache_new(size_t budget, void (*destroy)(struct tusk_cached *item))
{
	struct tusk_cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	cache->budget = budget;
	cache->destroy = destroy;
	for (unsigned i = 0; i < SHARD_COUNT; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		pthread_cond_init(&cache->shards[i].landed, NULL);
	}
	return cache;
}

static void shard_release(struct tusk_cache *cache, struct shard *shard)
{
	for (unsigned i = 0; i < BUCKET_COUNT; i++) {
		struct tusk_cached *item = shard->buckets[i];
		while (item) {
			struct tusk_cached *next = item->next;
			assert(item->pins == 0);
			cache->destroy(item);
			item = next;
		}
	}
	pthread_cond_destroy(&shard->landed);
	pthread_mutex_destroy(&shard->lock);
}

void tusk_cache_free(struct tusk_cache *cache)
{
	if (!cache)
		return;
	for (unsigned i = 0; i < SHARD_COUNT; i++)
		shard_release(cache, &cache->shards[i]);
	free(cache);
}

/* Ids are outputs of a hash: any of their bytes will do. */
static struct shard *shard_of(struct tusk_cache *cache, const struct tusk_id *id)
{
	return &cache->shards[id->bytes[TUSK_ID_SIZE - 1] % SHARD_COUNT];
}

static struct tusk_cached **bucket_of(struct shard *shard, const struct tusk_id *id)
{
	uint32_t hash;
	memcpy(&hash, id->bytes, sizeof(hash));
	return &shard->buckets[hash % BUCKET_COUNT];
}

static void list_remove(struct shard *shard, struct tusk_cached *item)
{
	*(item->newer ? &item->newer->older : &shard->newest) = item->older;
	*(item->older ? &item->older->newer : &shard->oldest) = item->newer;
	item->newer = item->older = NULL;
}

static void list_add(struct shard *shard, struct tusk_cached *item)
{
	item->newer = NULL;
	item->older = shard->newest;
	*(shard->newest ? &shard->newest->newer : &shard->oldest) = item;
	shard->newest = item;
}

static void pin(struct shard *shard, struct tusk_cached *item)
{
	if (item->pins++ == 0)
		list_remove(shard, item);
}

static struct tusk_cached *find(struct shard *shard, const struct tusk_id *id, uint8_t type)
{
	struct tusk_cached *item = *bucket_of(shard, id);
	while (item && !(item->type == type && tusk_id_equal(&item->id, id)))
		item = item->next;
	return item;
}

static bool is_flying(const struct shard *shard, const struct tusk_id *id, uint8_t type)
{
	for (const struct flight *flight = shard->flights; flight; flight = flight->next)
		if (flight->type == type && tusk_id_equal(flight->id, id))
			return true;
	return false;
}

static void flight_land(struct shard *shard, struct flight *flight)
{
	struct flight **link = &shard->flights;
	while (*link != flight)
		link = &(*link)->next;
	*link = flight->next;
	pthread_cond_broadcast(&shard->landed);
}

static struct tusk_cached *evict_oldest(struct tusk_cache *cache, struct shard *shard)
{
	pthread_mutex_lock(&shard->lock);
	struct tusk_cached *victim = shard->oldest;
	if (victim) {
		list_remove(shard, victim);
		struct tusk_cached **link = bucket_of(shard, &victim->id);
		while (*link != victim)
			link = &(*link)->next;
		*link = victim->next;
		atomic_fetch_sub(&cache->used, victim->cost);
	}
	pthread_mutex_unlock(&shard->lock);
	return victim;
}

/* One item of each shard in turn: with ids spread evenly that is close to one list for all. */
static void trim(struct tusk_cache *cache)
{
	unsigned barren = 0;
	while (atomic_load(&cache->used) > cache->budget && barren < SHARD_COUNT) {
		unsigned hand = atomic_fetch_add(&cache->hand, 1) % SHARD_COUNT;
		struct tusk_cached *victim = evict_oldest(cache, &cache->shards[hand]);
		barren = victim ? 0 : barren + 1;
		if (victim)
			cache->destroy(victim);
	}
}

/* Called with the shard locked. */
static void insert(struct tusk_cache *cache, struct shard *shard, struct tusk_cached *item)
{
	struct tusk_cached **bucket = bucket_of(shard, &item->id);
	item->cache = cache;
	item->pins = 1;
	item->newer = item->older = NULL;
	item->next = *bucket;
	*bucket = item;
	atomic_fetch_add(&cache->used, item->cost);
}

int tusk_cache_get(struct tusk_cache *cache, const struct tusk_id *id, uint8_t type,
		   const struct tusk_cache_loader *loader, struct tusk_cached **ret_item, struct tusk_err *err)
{
	struct shard *shard = shard_of(cache, id);
	struct tusk_cached *item;

	pthread_mutex_lock(&shard->lock);
	while (!(item = find(shard, id, type)) && is_flying(shard, id, type))
		pthread_cond_wait(&shard->landed, &shard->lock);
	if (item) {
		pin(shard, item);
		pthread_mutex_unlock(&shard->lock);
		*ret_item = item;
		return 0;
	}
	struct flight flight = {.id = id, .type = type, .next = shard->flights};
	shard->flights = &flight;
	pthread_mutex_unlock(&shard->lock);

	int status = loader->load(loader->context, id, &item, err);

	pthread_mutex_lock(&shard->lock);
	if (status == 0) {
		assert(item->type == type && tusk_id_equal(&item->id, id));
		insert(cache, shard, item);
	}
	flight_land(shard, &flight);
	pthread_mutex_unlock(&shard->lock);
	if (status != 0)
		return -1;
	trim(cache);
	*ret_item = item;
	return 0;
}

struct tusk_cached *tusk_cache_find(struct tusk_cache *cache, const struct tusk_id *id, uint8_t type)
{
	struct shard *shard = shard_of(cache, id);

	pthread_mutex_lock(&shard->lock);
	struct tusk_cached *item = find(shard, id, type);
	if (item)
		pin(shard, item);
	pthread_mutex_unlock(&shard->lock);
	return item;
}

struct tusk_cached *tusk_cached_retain(struct tusk_cached *item)
{
	struct shard *shard = shard_of(item->cache, &item->id);
	pthread_mutex_lock(&shard->lock);
	pin(shard, item);
	pthread_mutex_unlock(&shard->lock);
	return item;
}

void tusk_cached_release(struct tusk_cached *item)
{
	if (!item)
		return;
	struct shard *shard = shard_of(item->cache, &item->id);
	pthread_mutex_lock(&shard->lock);
	assert(item->pins > 0);
	if (--item->pins == 0)
		list_add(shard, item);
	pthread_mutex_unlock(&shard->lock);
}

size_t tusk_cache_used(const struct tusk_cache *cache)
{
	return atomic_load(&cache->used);
}
