#include "slab.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Four classes for each doubling from 16 KiB (16, 20, 24, 28, 32, 40, ...): at most a quarter of a buffer is wasted.
 * What is smaller is malloc's own business: it recycles well there. */
#define SMALLEST    ((size_t)16 << 10)
#define STEPS       4u
#define CLASS_COUNT (STEPS * 11u) /* up to 28 MiB */

struct free_slab {
	struct free_slab *next;
};

struct tusk_slabs {
	pthread_mutex_t lock;
	size_t largest, keep;
	size_t held; /* bytes in the lists */
	struct free_slab *lists[CLASS_COUNT];
};

static size_t class_size(unsigned rank)
{
	return (SMALLEST / STEPS * (STEPS + rank % STEPS)) << (rank / STEPS);
}

/* The smallest class that holds len, or CLASS_COUNT. */
static unsigned class_of(size_t len)
{
	unsigned rank = 0;
	while (rank < CLASS_COUNT && class_size(rank) < len)
		rank++;
	return rank;
}

struct tusk_slabs *tusk_slabs_new(size_t largest, size_t keep)
{
	struct tusk_slabs *slabs = calloc(1, sizeof(*slabs));
	if (!slabs)
		return NULL;
	pthread_mutex_init(&slabs->lock, NULL);
	slabs->largest = largest;
	slabs->keep = keep;
	return slabs;
}

void tusk_slabs_free(struct tusk_slabs *slabs)
{
	if (!slabs)
		return;
	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		while (slabs->lists[i]) {
			struct free_slab *slab = slabs->lists[i];
			slabs->lists[i] = slab->next;
			free(slab);
		}
	}
	pthread_mutex_destroy(&slabs->lock);
	free(slabs);
}

static struct free_slab *pop(struct tusk_slabs *slabs, unsigned rank)
{
	struct free_slab *slab = slabs->lists[rank];
	if (slab) {
		slabs->lists[rank] = slab->next;
		slabs->held -= class_size(rank);
	}
	return slab;
}

uint8_t *tusk_slab_take(struct tusk_slabs *slabs, size_t len, size_t *ret_capacity)
{
	unsigned rank = class_of(len);
	if (len < SMALLEST || len > slabs->largest || rank >= CLASS_COUNT) {
		*ret_capacity = len ? len : 1;
		return malloc(*ret_capacity);
	}
	pthread_mutex_lock(&slabs->lock);
	struct free_slab *slab = pop(slabs, rank);
	if (!slab && rank + 1 < CLASS_COUNT) {
		slab = pop(slabs, rank + 1); /* near enough, and already touched */
		rank += slab != NULL;
	}
	pthread_mutex_unlock(&slabs->lock);
	*ret_capacity = class_size(rank);
	return slab ? (uint8_t *)slab : malloc(*ret_capacity);
}

void tusk_slab_give(struct tusk_slabs *slabs, uint8_t *data, size_t capacity)
{
	if (!data)
		return;
	unsigned rank = class_of(capacity);
	if (rank < CLASS_COUNT && class_size(rank) == capacity) {
		pthread_mutex_lock(&slabs->lock);
		bool keeps = slabs->held + capacity <= slabs->keep;
		if (keeps) {
			struct free_slab *slab = (struct free_slab *)(void *)data;
			slab->next = slabs->lists[rank];
			slabs->lists[rank] = slab;
			slabs->held += capacity;
		}
		pthread_mutex_unlock(&slabs->lock);
		if (keeps)
			return;
	}
	free(data);
}
