/* tusk_prune_run: mark, condemn, rescue, sweep (DESIGN.md, Writers and prune). */
#include "tusk/prune.h"

#include "live.h"
#include "tusk/cleanup.h"

#include <string.h>
#include <time.h>

#define GRACE_S      (24 * 3600) /* without locks: between condemning and removing */
#define LEASE_GONE_S (24 * 3600) /* without locks: a lease counts that long after its holder was last seen alive */

struct run {
	struct tusk_repository *repository;
	const struct tusk_prune_options *options;
	struct tusk_prune_result result;
	struct tusk_lease lease;
	struct tusk_pruner pruner;
	struct tusk_leases leases;
	struct tusk_live_options look;
	struct tusk_live *live;
	struct tusk_pack_ids chosen; /* to be condemned */
};

static void run_release(struct run *run)
{
	tusk_lease_release(&run->lease);
	tusk_pruner_release(&run->pruner);
	tusk_leases_release(&run->leases);
	tusk_live_close(run->live);
	tusk_pack_ids_release(&run->chosen);
}

/* ---- leases ---- */

/* Another prune that lives, and began before us. */
static int check_alone(const struct run *run, struct tusk_err *err)
{
	for (size_t i = 0; i < run->leases.count; i++) {
		const struct tusk_seen_lease *other = &run->leases.items[i];
		if (other->note.kind != TUSK_LEASE_PRUNE || other->life == TUSK_LIFE_DEAD ||
		    strcmp(other->name, run->lease.name) == 0)
			continue;
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "another prune is at work (process %llu on %s)",
				    (unsigned long long)other->note.owner.pid, other->note.owner.host);
	}
	return 0;
}

/* Removes the leases of the dead, from the node and from our list. Where there are no locks, what a dead writer was
 * about to publish counts for a day. */
static int bury_dead(struct run *run, struct tusk_err *err)
{
	struct tusk_leases *leases = &run->leases;
	size_t kept = 0;

	for (size_t i = 0; i < leases->count; i++) {
		struct tusk_seen_lease *seen = &leases->items[i];
		bool counts = !run->pruner.has_locks && time(NULL) - seen->note.time < LEASE_GONE_S;
		if (seen->life != TUSK_LIFE_DEAD || counts || strcmp(seen->name, run->lease.name) == 0) {
			leases->items[kept++] = *seen;
			continue;
		}
		if (!run->options->dry_run && tusk_node_remove(run->repository->node, seen->name, err) < 0)
			return -1;
	}
	leases->count = kept;
	return 0;
}

static int load_leases(struct run *run, struct tusk_err *err)
{
	tusk_leases_release(&run->leases);
	if (tusk_leases_load(run->repository->node, &run->repository->keys, run->repository->state_dir, &run->leases,
			     err) < 0)
		return -1;
	return check_alone(run, err) < 0 ? -1 : bury_dead(run, err);
}

static bool is_writer(const struct run *run, size_t i)
{
	const struct tusk_seen_lease *seen = &run->leases.items[i];
	return seen->note.kind == TUSK_LEASE_WRITER && seen->life != TUSK_LIFE_DEAD;
}

/* Writers that began before the epoch: they may rely on what was condemned with it. */
static uint64_t writers_before(const struct run *run, uint64_t epoch)
{
	uint64_t count = 0;
	for (size_t i = 0; i < run->leases.count; i++)
		count += is_writer(run, i) && run->leases.items[i].note.epoch.number < epoch;
	return count;
}

/* ---- looking ---- */

static int check_missing(struct run *run, struct tusk_err *err)
{
	char text[TUSK_ID_TEXT_SIZE];
	struct tusk_id first;
	uint64_t missing;

	if (tusk_live_missing(run->live, &missing, &first, err) < 0)
		return -1;
	if (missing == 0)
		return 0;
	tusk_id_text(&first, text);
	return tusk_err_set(err, TUSK_E_CORRUPT, 0,
			    "%llu objects that snapshots refer to are in no pack (such as %s); nothing was removed",
			    (unsigned long long)missing, text);
}

/* All packs first, then leases, then manifests: whatever is published later refers to packs that are not among ours, or
 * finds them condemned when it commits. */
static int look_first(struct run *run, struct tusk_err *err)
{
	run->look = (struct tusk_live_options){.repository = run->repository,
					       .node = run->repository->node,
					       .stop = run->options->stop,
					       .on_stage = run->options->on_stage,
					       .context = run->options->context};
	if (tusk_live_open(&run->look, &run->live, err) < 0 || load_leases(run, err) < 0 ||
	    tusk_live_look(run->live, &run->leases, err) < 0)
		return -1;
	return check_missing(run, err);
}

/* Takes out of the list what the snapshots need of it. */
static int rescue(struct run *run, struct tusk_err *err)
{
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids needed = {0};

	tusk_live_condemned(run->live, &run->pruner.condemned);
	if (tusk_live_needed(run->live, &needed, err) < 0)
		return -1;
	return tusk_pruner_rescue(&run->pruner, &needed, err);
}

/* ---- choosing ---- */

static int choose(struct run *run, struct tusk_err *err)
{
	struct tusk_prune_result *result = &run->result;
	TUSK_AUTO_FREE uint32_t *kept = NULL;

	if (tusk_live_use(run->live, &kept, err) < 0)
		return -1;
	for (size_t i = 0; i < tusk_live_count(run->live); i++) {
		const struct tusk_live_pack *pack = tusk_live_pack(run->live, i);
		result->packs++;
		result->bytes += pack->size;
		result->unreadable_packs += pack->is_unreadable;
		if (pack->is_unreadable || pack->is_condemned || pack->live)
			continue;
		result->unused_packs++;
		result->unused_bytes += pack->size;
		if (tusk_pack_ids_add(&run->chosen, &pack->id, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- sweeping ---- */

static bool may_sweep(void *context, const struct tusk_condemned_pack *item)
{
	struct run *run = context;

	if (run->options->stop && atomic_load(run->options->stop))
		return false;
	if (!run->pruner.has_locks && time(NULL) - item->time < GRACE_S)
		return false;
	return run->options->no_wait || writers_before(run, item->epoch) == 0;
}

static uint64_t size_of(struct run *run, const struct tusk_id *pack)
{
	size_t low = 0, high = tusk_live_count(run->live);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = tusk_id_compare(&tusk_live_pack(run->live, middle)->id, pack);
		if (order == 0)
			return tusk_live_pack(run->live, middle)->size;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static void removed(void *context, const struct tusk_id *pack)
{
	struct run *run = context;
	uint64_t size = size_of(run, pack);

	run->result.removed_packs += size > 0;
	run->result.removed_bytes += size;
}

static int sweep(struct run *run, struct tusk_err *err)
{
	const struct tusk_sweep how = {.may_sweep = may_sweep, .removed = removed, .context = run};
	return tusk_pruner_sweep(&run->pruner, &how, err);
}

/* What is left for a later run. */
static int count_waiting(struct run *run, struct tusk_err *err)
{
	struct tusk_condemned left TUSK_AUTO_CONDEMNED = {0};
	uint64_t newest = 0;

	if (tusk_condemned_load(run->repository->node, &run->repository->keys, &left, err) < 0)
		return -1;
	for (size_t i = 0; i < left.count; i++) {
		run->result.waiting_packs++;
		run->result.waiting_bytes += size_of(run, &left.items[i].pack);
		newest = left.items[i].epoch > newest ? left.items[i].epoch : newest;
	}
	run->result.waiting_for = left.count ? writers_before(run, newest) : 0;
	return 0;
}

/* ---- the run ---- */

static int condemn_and_sweep(struct run *run, struct tusk_err *err)
{
	/* What an earlier run condemned goes first: it may be all that a full disk needs. */
	if (rescue(run, err) < 0 || sweep(run, err) < 0 || choose(run, err) < 0)
		return -1;
	if (run->chosen.count == 0)
		return 0;
	/* Where there are no locks a writer cannot take back what was condemned: none of its packs may be. */
	if (!run->pruner.has_locks && writers_before(run, UINT64_MAX) > 0) {
		run->result.waiting_for = writers_before(run, UINT64_MAX);
		return 0;
	}
	if (tusk_pruner_condemn(&run->pruner, &run->chosen, err) < 0 || load_leases(run, err) < 0 ||
	    tusk_live_look(run->live, &run->leases, err) < 0)
		return -1;
	return rescue(run, err) < 0 ? -1 : sweep(run, err);
}

static int take_lease(struct run *run, struct tusk_err *err)
{
	struct tusk_repository *repository = run->repository;

	if (tusk_lease_take(&run->lease, repository->node, &repository->keys, TUSK_LEASE_PRUNE, err) < 0)
		return -1;
	run->pruner = (struct tusk_pruner){.node = repository->node, .keys = &repository->keys, .lease = &run->lease};
	/* Two that began at once both see the other and end. */
	return load_leases(run, err);
}

static int prune(struct run *run, struct tusk_err *err)
{
	if (take_lease(run, err) < 0 || tusk_pruner_open(&run->pruner, err) < 0)
		return -1;
	if (run->options->undelete) {
		run->result.waiting_packs = run->pruner.condemned.count;
		return tusk_pruner_undelete(&run->pruner, err);
	}
	if (look_first(run, err) < 0 || condemn_and_sweep(run, err) < 0 || count_waiting(run, err) < 0)
		return -1;
	tusk_node_sweep(run->repository->node);
	return run->options->stop && atomic_load(run->options->stop)
		   ? tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted; the next prune goes on")
		   : 0;
}

static int count_only(struct run *run, struct tusk_err *err)
{
	struct tusk_repository *repository = run->repository;

	run->pruner = (struct tusk_pruner){.node = repository->node, .keys = &repository->keys, .lease = &run->lease};
	if (tusk_condemned_load(repository->node, &repository->keys, &run->pruner.condemned, err) < 0)
		return -1;
	if (look_first(run, err) < 0)
		return -1;
	tusk_live_condemned(run->live, &run->pruner.condemned);
	return choose(run, err) < 0 ? -1 : count_waiting(run, err);
}

int tusk_prune_run(struct tusk_repository *repository, const struct tusk_prune_options *options,
		   struct tusk_prune_result *ret_result, struct tusk_err *err)
{
	struct run run TUSK_CLEANUP(run_release) = {.repository = repository, .options = options};

	if ((options->dry_run ? count_only(&run, err) : prune(&run, err)) < 0)
		return -1;
	*ret_result = run.result;
	return 0;
}
