#include "work.h"

#include "tusk/cleanup.h"

#include <string.h>

#define ROOM         (4u << 20)  /* bytes: with less on the disk the reserve is given back */
#define GRACE_S      (24 * 3600) /* without locks: between condemning and removing */
#define LEASE_GONE_S (24 * 3600) /* without locks: what a dead writer was about to publish counts that long */

void tusk_prune_work_release(struct tusk_prune_work *work)
{
	tusk_lease_release(&work->lease);
	tusk_pruner_release(&work->pruner);
	tusk_leases_release(&work->leases);
}

/* ---- leases ---- */

/* Another prune that lives. Two that began at once both see the other and end. */
static int check_alone(const struct tusk_prune_work *work, struct tusk_err *err)
{
	for (size_t i = 0; i < work->leases.count; i++) {
		const struct tusk_seen_lease *other = &work->leases.items[i];
		if (other->note.kind != TUSK_LEASE_PRUNE || other->life == TUSK_LIFE_DEAD ||
		    strcmp(other->name, work->lease.name) == 0)
			continue;
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "another prune is at work (process %llu on %s)",
				    (unsigned long long)other->note.owner.pid, other->note.owner.host);
	}
	return 0;
}

static bool is_buried(const struct tusk_prune_work *work, const struct tusk_seen_lease *seen)
{
	if (seen->life != TUSK_LIFE_DEAD || strcmp(seen->name, work->lease.name) == 0)
		return false;
	return work->pruner.has_locks || seen->note.kind == TUSK_LEASE_PRUNE ||
	       tusk_lease_env.wall() - seen->note.time >= LEASE_GONE_S;
}

/* Removes the leases of the dead, from the node and from our list. */
static int bury_dead(struct tusk_prune_work *work, struct tusk_err *err)
{
	struct tusk_leases *leases = &work->leases;
	size_t kept = 0;

	for (size_t i = 0; i < leases->count; i++) {
		struct tusk_seen_lease *seen = &leases->items[i];
		if (!is_buried(work, seen))
			leases->items[kept++] = *seen;
		else if (tusk_node_remove(work->node, seen->name, err) < 0)
			return -1;
	}
	leases->count = kept;
	return 0;
}

int tusk_prune_work_leases(struct tusk_prune_work *work, struct tusk_err *err)
{
	tusk_leases_release(&work->leases);
	return tusk_leases_load(work->node, work->keys, work->memory, &work->leases, err);
}

static int load_leases(struct tusk_prune_work *work, struct tusk_err *err)
{
	if (tusk_prune_work_leases(work, err) < 0 || check_alone(work, err) < 0)
		return -1;
	return bury_dead(work, err);
}

uint64_t tusk_prune_work_writers(const struct tusk_prune_work *work, uint64_t epoch)
{
	uint64_t count = 0;

	for (size_t i = 0; i < work->leases.count; i++) {
		const struct tusk_seen_lease *seen = &work->leases.items[i];
		count += seen->note.kind == TUSK_LEASE_WRITER && seen->life != TUSK_LIFE_DEAD &&
			 seen->note.epoch.number < epoch;
	}
	return count;
}

/* ---- the steps ---- */

void tusk_prune_make_room(struct tusk_node *node)
{
	uint64_t space, total;

	if (tusk_node_space(node, &space, &total, NULL) == 0 && total > 0 && space < ROOM)
		tusk_node_reserve(node, false);
}

/* Leases before manifests: a writer without a lock has its root in the one or the other. */
static int look(struct tusk_prune_work *work, struct tusk_err *err)
{
	if (load_leases(work, err) < 0)
		return -1;
	return work->view->look(work->view->context, &work->leases, err);
}

/* Takes out of the list what is needed of it. */
static int rescue(struct tusk_prune_work *work, struct tusk_err *err)
{
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids needed = {0};

	if (work->view->needed(work->view->context, &work->pruner.condemned, &needed, err) < 0)
		return -1;
	return tusk_pruner_rescue(&work->pruner, &needed, err);
}

static bool may_sweep(void *context, const struct tusk_condemned_pack *item)
{
	const struct tusk_prune_work *work = context;

	if (work->view->stopped(work->view->context) ||
	    (!work->pruner.has_locks && tusk_lease_env.wall() - item->time < GRACE_S))
		return false;
	return work->no_wait || tusk_prune_work_writers(work, item->epoch) == 0;
}

static void removed(void *context, const struct tusk_id *pack)
{
	const struct tusk_prune_work *work = context;
	work->view->removed(work->view->context, pack);
}

static int sweep(struct tusk_prune_work *work, struct tusk_err *err)
{
	const struct tusk_sweep how = {.may_sweep = may_sweep, .removed = removed, .context = work};

	for (size_t i = 0; i < work->pruner.rescued.count && work->waiting_for == 0 && !work->no_wait; i++)
		work->waiting_for = tusk_prune_work_writers(work, work->pruner.rescued.items[i].epoch);
	return tusk_pruner_sweep(&work->pruner, &how, err);
}

static int begin(struct tusk_prune_work *work, struct tusk_err *err)
{
	tusk_prune_make_room(work->node);
	if (tusk_lease_take(&work->lease, work->node, work->keys, TUSK_LEASE_PRUNE, err) < 0)
		return -1;
	work->pruner = (struct tusk_pruner){.node = work->node, .keys = work->keys, .lease = &work->lease};
	if (work->keeps && tusk_lease_keep(&work->lease, err) < 0)
		return -1;
	/* A prune that we hold for dead can change nothing from here on: we bury its lease before we take the lock to
	 * open, and it looks for it under the lock. */
	if (tusk_pruner_probe(&work->pruner, err) < 0 || load_leases(work, err) < 0)
		return -1;
	return tusk_pruner_open(&work->pruner, err);
}

int tusk_prune_work_run(struct tusk_prune_work *work, struct tusk_err *err)
{
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids chosen = {0};
	const struct tusk_prune_view *view = work->view;

	/* What an earlier run condemned goes first: it may be all that a full disk needs. */
	if (begin(work, err) < 0 || view->list(view->context, err) < 0 || look(work, err) < 0 ||
	    rescue(work, err) < 0 || sweep(work, err) < 0)
		return -1;
	/* Where there are no locks a writer cannot take back what was condemned: none of its packs may be. */
	if (!work->pruner.has_locks && tusk_prune_work_writers(work, UINT64_MAX) > 0) {
		work->waiting_for = tusk_prune_work_writers(work, UINT64_MAX);
		return 0;
	}
	if (view->choose(view->context, &work->pruner.condemned, &chosen, err) < 0)
		return -1;
	if (chosen.count == 0 || view->stopped(view->context))
		return 0;
	if (tusk_pruner_condemn(&work->pruner, &chosen, err) < 0 || look(work, err) < 0 || rescue(work, err) < 0)
		return -1;
	return sweep(work, err);
}

int tusk_prune_work_undelete(struct tusk_prune_work *work, uint64_t *ret_count, struct tusk_err *err)
{
	if (begin(work, err) < 0)
		return -1;
	*ret_count = work->pruner.condemned.count;
	return tusk_pruner_undelete(&work->pruner, err);
}
