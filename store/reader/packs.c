#include "packs.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT_MAX 64u

struct tusk_packs {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	pthread_mutex_t lock;
	uint64_t clock;
	unsigned count;
	struct tusk_open_pack *kept[KEPT_MAX];
};

struct tusk_packs *tusk_packs_new(struct tusk_node *node, const struct tusk_keys *keys)
{
	struct tusk_packs *packs = calloc(1, sizeof(*packs));
	if (!packs)
		return NULL;
	packs->node = node;
	packs->keys = keys;
	pthread_mutex_init(&packs->lock, NULL);
	return packs;
}

static void open_pack_free(struct tusk_open_pack *open)
{
	if (!open)
		return;
	tusk_pack_close(open->pack);
	free(open);
}

void tusk_packs_free(struct tusk_packs *packs)
{
	if (!packs)
		return;
	for (unsigned i = 0; i < packs->count; i++)
		open_pack_free(packs->kept[i]);
	pthread_mutex_destroy(&packs->lock);
	free(packs);
}

/* The functions below that end in _locked are called with the lock held. */
static struct tusk_open_pack *find_locked(struct tusk_packs *packs, const struct tusk_id *id)
{
	for (unsigned i = 0; i < packs->count; i++) {
		if (tusk_id_equal(&packs->kept[i]->id, id)) {
			packs->kept[i]->users++;
			packs->kept[i]->used_at = ++packs->clock;
			return packs->kept[i];
		}
	}
	return NULL;
}

/* Takes a pack out of the table; gives it back when nobody uses it, to be closed without the lock. */
static struct tusk_open_pack *drop_locked(struct tusk_packs *packs, unsigned i)
{
	struct tusk_open_pack *open = packs->kept[i];
	packs->kept[i] = packs->kept[--packs->count];
	open->kept = false;
	return open->users == 0 ? open : NULL;
}

/* Puts a pack into the table; gives the one that had to leave. */
static struct tusk_open_pack *keep_locked(struct tusk_packs *packs, struct tusk_open_pack *open)
{
	struct tusk_open_pack *victim = NULL;
	if (packs->count == KEPT_MAX) {
		unsigned oldest = 0;
		for (unsigned i = 1; i < packs->count; i++)
			if (packs->kept[i]->used_at < packs->kept[oldest]->used_at)
				oldest = i;
		victim = drop_locked(packs, oldest);
	}
	open->kept = true;
	open->users = 1;
	open->used_at = ++packs->clock;
	packs->kept[packs->count++] = open;
	return victim;
}

int tusk_packs_get(struct tusk_packs *packs, const struct tusk_id *id, struct tusk_open_pack **ret_open,
		   struct tusk_err *err)
{
	pthread_mutex_lock(&packs->lock);
	struct tusk_open_pack *open = find_locked(packs, id);
	pthread_mutex_unlock(&packs->lock);
	if (open) {
		*ret_open = open;
		return 0;
	}
	struct tusk_open_pack *made = calloc(1, sizeof(*made));
	if (!made)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	made->id = *id;
	if (tusk_pack_open(packs->node, packs->keys, id, &made->pack, err) != 0) {
		free(made);
		return -1;
	}
	struct tusk_open_pack *surplus;
	pthread_mutex_lock(&packs->lock);
	open = find_locked(packs, id); /* another thread may have been faster */
	if (open) {
		surplus = made;
	} else {
		surplus = keep_locked(packs, made);
		open = made;
	}
	pthread_mutex_unlock(&packs->lock);
	open_pack_free(surplus);
	*ret_open = open;
	return 0;
}

void tusk_packs_put(struct tusk_packs *packs, struct tusk_open_pack *open, bool stale)
{
	struct tusk_open_pack *victim = NULL;
	pthread_mutex_lock(&packs->lock);
	open->users--;
	if (open->kept && stale) {
		unsigned i = 0;
		while (packs->kept[i] != open)
			i++;
		victim = drop_locked(packs, i);
	} else if (!open->kept && open->users == 0) {
		victim = open;
	}
	pthread_mutex_unlock(&packs->lock);
	open_pack_free(victim);
}
