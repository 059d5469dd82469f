#include "condemn.h"

#include "pack.h"
#include "sealed.h"
#include "tusk/cleanup.h"
#include "tusk/sabotage.h"

#include <string.h>

#define EPOCH       "epoch"
#define CONDEMNED   "condemned"
#define SWEEP_BATCH 32u /* packs removed under one hold of the node's lock */

/* ---- the two objects ---- */

static int load(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *name,
		struct tusk_buf *ret_body, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	int found = tusk_node_get(node, name, TUSK_SEALED_MAX, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	return tusk_sealed_open(keys, kind, name, name, object.data, object.len, ret_body, err);
}

static int store(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *name,
		 const struct tusk_buf *body, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};

	if (tusk_sealed_make(keys, kind, name, body->data, body->len, &object, err) < 0)
		return -1;
	return tusk_node_replace(node, name, object.data, object.len, err);
}

int tusk_epoch_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_epoch *ret_epoch,
		    struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	int found = load(node, keys, TUSK_SEALED_EPOCH, EPOCH, &body, err);

	if (found == TUSK_NODE_ABSENT)
		*ret_epoch = (struct tusk_epoch){0};
	if (found != TUSK_NODE_FOUND)
		return found < 0 ? -1 : 0;
	return tusk_epoch_decode(body.data, body.len, ret_epoch, err);
}

int tusk_condemned_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_condemned *ret_condemned,
			struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	int found = load(node, keys, TUSK_SEALED_CONDEMNED, CONDEMNED, &body, err);

	if (found == TUSK_NODE_ABSENT)
		tusk_condemned_release(ret_condemned);
	if (found != TUSK_NODE_FOUND)
		return found < 0 ? -1 : 0;
	return tusk_condemned_decode(body.data, body.len, ret_condemned, err);
}

int tusk_condemned_store(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_condemned *condemned,
			 struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};

	if (tusk_condemned_encode(condemned, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return store(node, keys, TUSK_SEALED_CONDEMNED, CONDEMNED, &body, err);
}

int tusk_epoch_begin(struct tusk_node *node, const struct tusk_keys *keys, uint64_t number, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_epoch epoch = {.number = number};

	if (tusk_random(epoch.tag, sizeof(epoch.tag), err) < 0)
		return -1;
	if (tusk_epoch_encode(&epoch, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return store(node, keys, TUSK_SEALED_EPOCH, EPOCH, &body, err);
}

int tusk_condemned_spare(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_pack_ids *packs,
			 struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	size_t kept = 0;

	if (packs->count == 0)
		return 0;
	if (tusk_condemned_load(node, keys, &condemned, err) < 0)
		return -1;
	tusk_pack_ids_sort(packs);
	for (size_t i = 0; i < condemned.count; i++)
		if (!tusk_pack_ids_contain(packs, &condemned.items[i].pack))
			condemned.items[kept++] = condemned.items[i];
	if (kept == condemned.count)
		return 0;
	condemned.count = kept;
	return tusk_condemned_store(node, keys, &condemned, err);
}

/* ---- prune ---- */

void tusk_pruner_release(struct tusk_pruner *pruner)
{
	tusk_condemned_release(&pruner->condemned);
	tusk_condemned_release(&pruner->rescued);
}

/* Takes the node's lock where it has one. Only one prune works at a time, by its lease: one that others have taken for
 * dead stops here, and where there is a lock no later than before its next change. */
static int begin(struct tusk_pruner *pruner, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	int locked = tusk_node_lock(pruner->node, ret_lock, err);

	if (locked < 0)
		return -1;
	pruner->has_locks = locked == TUSK_NODE_LOCKED;
	int holds = tusk_lease_holds(pruner->lease, err);
	if (holds < 0)
		return -1;
	return holds ? 0 : tusk_err_set(err, TUSK_E_LOCKED, 0, "the lease of this prune has ended; run it again");
}

/* The list as the node has it; an epoch that it speaks of has begun. */
static int read_state(struct tusk_pruner *pruner, struct tusk_epoch *ret_epoch, struct tusk_err *err)
{
	struct tusk_epoch epoch = {0};
	uint64_t newest = 0;

	if (tusk_epoch_load(pruner->node, pruner->keys, &epoch, err) < 0 ||
	    tusk_condemned_load(pruner->node, pruner->keys, &pruner->condemned, err) < 0)
		return -1;
	for (size_t i = 0; i < pruner->condemned.count; i++)
		if (pruner->condemned.items[i].epoch > newest)
			newest = pruner->condemned.items[i].epoch;
	if (newest > epoch.number) {
		if (tusk_epoch_begin(pruner->node, pruner->keys, newest, err) < 0)
			return -1;
		epoch.number = newest;
	}
	*ret_epoch = epoch;
	return 0;
}

int tusk_pruner_probe(struct tusk_pruner *pruner, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	return begin(pruner, &lock, err);
}

int tusk_pruner_open(struct tusk_pruner *pruner, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_epoch epoch;

	return begin(pruner, &lock, err) < 0 ? -1 : read_state(pruner, &epoch, err);
}

static int compare_items(const void *a, const void *b)
{
	return tusk_id_compare(&((const struct tusk_condemned_pack *)a)->pack,
			       &((const struct tusk_condemned_pack *)b)->pack);
}

/* pruner->condemned with packs; those that are in it keep their epoch. */
static int add_packs(struct tusk_pruner *pruner, const struct tusk_pack_ids *packs, uint64_t epoch,
		     struct tusk_err *err)
{
	struct tusk_condemned *list = &pruner->condemned;
	size_t before = list->count;
	struct tusk_condemned_pack *items = reallocarray(list->items, before + packs->count + 1, sizeof(*items));

	if (!items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	list->items = items;
	for (size_t i = 0; i < packs->count; i++) {
		struct tusk_condemned known = {items, before};
		if (tusk_condemned_find(&known, &packs->items[i]))
			continue;
		if (list->count == TUSK_CONDEMNED_MAX)
			break; /* for the next run */
		items[list->count++] = (struct tusk_condemned_pack){
		    .pack = packs->items[i], .epoch = epoch, .time = tusk_lease_env.wall()};
	}
	if (list->count > 1)
		qsort(items, list->count, sizeof(*items), compare_items);
	return 0;
}

int tusk_pruner_condemn(struct tusk_pruner *pruner, const struct tusk_pack_ids *packs, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_epoch epoch;

	if (begin(pruner, &lock, err) < 0 || read_state(pruner, &epoch, err) < 0 ||
	    add_packs(pruner, packs, epoch.number + 1, err) < 0 ||
	    tusk_condemned_store(pruner->node, pruner->keys, &pruner->condemned, err) < 0)
		return -1;
	/* After the list: whoever sees the old epoch may not rely on an old list. */
	if (TUSK_SABOTAGED(epoch))
		return 0;
	return tusk_epoch_begin(pruner->node, pruner->keys, epoch.number + 1, err);
}

int tusk_pruner_rescue(struct tusk_pruner *pruner, struct tusk_pack_ids *needed, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_condemned *rescued = &pruner->rescued;

	if (TUSK_SABOTAGED(rescue))
		needed->count = 0;
	if (begin(pruner, &lock, err) < 0 || tusk_condemned_spare(pruner->node, pruner->keys, needed, err) < 0)
		return -1;
	tusk_pack_ids_sort(needed);
	tusk_condemned_release(rescued);
	rescued->items = calloc(pruner->condemned.count + 1, sizeof(*rescued->items));
	if (!rescued->items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < pruner->condemned.count; i++)
		if (!tusk_pack_ids_contain(needed, &pruner->condemned.items[i].pack))
			rescued->items[rescued->count++] = pruner->condemned.items[i];
	return 0;
}

int tusk_pruner_undelete(struct tusk_pruner *pruner, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_condemned none = {0};

	if (begin(pruner, &lock, err) < 0 || tusk_condemned_store(pruner->node, pruner->keys, &none, err) < 0)
		return -1;
	tusk_condemned_release(&pruner->rescued);
	return 0;
}

/* toc first: whoever finds a toc listed finds its pack, or the pack in the list of condemned ones. */
static int remove_pack(const struct tusk_pruner *pruner, const struct tusk_id *pack, struct tusk_err *err)
{
	char name[80];

	tusk_toc_name(pack, name);
	if (tusk_node_remove(pruner->node, name, err) < 0)
		return -1;
	tusk_pack_name(pack, name);
	return tusk_node_remove(pruner->node, name, err);
}

/* The same pack condemned again later is another matter: a snapshot may have needed it in between. */
static bool is_condemned_still(const struct tusk_condemned *now, const struct tusk_condemned_pack *item)
{
	const struct tusk_condemned_pack *found = tusk_condemned_find(now, &item->pack);
	return found && found->epoch == item->epoch;
}

/* Removes rescued packs from *at on, at most a batch, under the node's lock. */
static int sweep_batch(struct tusk_pruner *pruner, const struct tusk_sweep *sweep, size_t *at, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_condemned now TUSK_AUTO_CONDEMNED = {0};
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids gone = {0};

	if (begin(pruner, &lock, err) < 0 || tusk_condemned_load(pruner->node, pruner->keys, &now, err) < 0)
		return -1;
	for (; *at < pruner->rescued.count && gone.count < SWEEP_BATCH; ++*at) {
		const struct tusk_condemned_pack *item = &pruner->rescued.items[*at];
		if (!is_condemned_still(&now, item) || !sweep->may_sweep(sweep->context, item))
			continue;
		if (remove_pack(pruner, &item->pack, err) < 0 || tusk_pack_ids_add(&gone, &item->pack, err) < 0)
			return -1;
		sweep->removed(sweep->context, &item->pack);
	}
	return tusk_condemned_spare(pruner->node, pruner->keys, &gone, err);
}

int tusk_pruner_sweep(struct tusk_pruner *pruner, const struct tusk_sweep *sweep, struct tusk_err *err)
{
	for (size_t at = 0; at < pruner->rescued.count;)
		if (sweep_batch(pruner, sweep, &at, err) < 0)
			return -1;
	return 0;
}
