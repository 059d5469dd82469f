#include "claims.h"

#include "wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Sharded open addressing with linear probing. An id is a pseudo-random function's output, so that half of it is a key
 * without a collision in practice (2^-64 at four thousand million ids) and its first bytes are the hash. */

#define SHARDS      64
#define FIRST_SLOTS 64

struct key {
	uint64_t high, low; /* both zero: an empty slot */
};

struct shard {
	pthread_mutex_t lock;
	struct key *slots;
	size_t size, count; /* size is a power of two */
};

struct tusk_claims {
	struct shard shards[SHARDS];
};

struct tusk_claims *tusk_claims_new(void)
{
	struct tusk_claims *claims = calloc(1, sizeof *claims);
	if (!claims)
		return NULL;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&claims->shards[i].lock, NULL);
	return claims;
}

void tusk_claims_free(struct tusk_claims *claims)
{
	if (!claims)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&claims->shards[i].lock);
		free(claims->shards[i].slots);
	}
	free(claims);
}

static struct key key_of(const struct tusk_id *id)
{
	struct key key = {tusk_load_u64(id->bytes), tusk_load_u64(id->bytes + 8)};
	if (!key.high && !key.low)
		key.low = 1;
	return key;
}

static bool key_is_empty(const struct key *key)
{
	return !key->high && !key->low;
}

static struct shard *shard_of(struct tusk_claims *claims, const struct key *key)
{
	return &claims->shards[key->low % SHARDS];
}

/* The slot that holds key, or the empty one where it belongs. */
static size_t find_slot(const struct shard *shard, const struct key *key)
{
	size_t i = (size_t)key->high & (shard->size - 1);
	while (!key_is_empty(&shard->slots[i]) &&
	       (shard->slots[i].high != key->high || shard->slots[i].low != key->low))
		i = (i + 1) & (shard->size - 1);
	return i;
}

static int grow(struct shard *shard)
{
	struct shard bigger = {.size = shard->size ? shard->size * 2 : FIRST_SLOTS};
	bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
	if (!bigger.slots)
		return -1;
	for (size_t i = 0; i < shard->size; i++)
		if (!key_is_empty(&shard->slots[i]))
			bigger.slots[find_slot(&bigger, &shard->slots[i])] = shard->slots[i];
	free(shard->slots);
	shard->slots = bigger.slots;
	shard->size = bigger.size;
	return 0;
}

static int take_locked(struct shard *shard, const struct key *key)
{
	if (shard->count + 1 > shard->size / 4 * 3 && grow(shard) < 0)
		return -1;
	size_t i = find_slot(shard, key);
	if (!key_is_empty(&shard->slots[i]))
		return 0;
	shard->slots[i] = *key;
	shard->count++;
	return 1;
}

int tusk_claims_take(struct tusk_claims *claims, const struct tusk_id *id)
{
	struct key key = key_of(id);
	struct shard *shard = shard_of(claims, &key);
	pthread_mutex_lock(&shard->lock);
	int taken = take_locked(shard, &key);
	pthread_mutex_unlock(&shard->lock);
	return taken;
}

/* Removal without tombstones (Knuth, The Art of Computer Programming, volume 3, 6.4, algorithm R): moves back every
 * later key of the run that may not stay behind the gap. */
static void remove_slot(struct shard *shard, size_t gap)
{
	size_t mask = shard->size - 1;
	for (size_t i = (gap + 1) & mask; !key_is_empty(&shard->slots[i]); i = (i + 1) & mask) {
		size_t home = (size_t)shard->slots[i].high & mask;
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		shard->slots[gap] = shard->slots[i];
		gap = i;
	}
	shard->slots[gap] = (struct key){0, 0};
	shard->count--;
}

void tusk_claims_drop(struct tusk_claims *claims, const struct tusk_id *id)
{
	struct key key = key_of(id);
	struct shard *shard = shard_of(claims, &key);
	pthread_mutex_lock(&shard->lock);
	if (shard->size) {
		size_t i = find_slot(shard, &key);
		if (!key_is_empty(&shard->slots[i]))
			remove_slot(shard, i);
	}
	pthread_mutex_unlock(&shard->lock);
}
