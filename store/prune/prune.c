/* tusk_prune_run: what the protocol must know of a repository, and what the user is told. */
#include "tusk/prune.h"

#include "choose.h"
#include "nodeset.h"
#include "tusk/cleanup.h"
#include "work.h"

struct run {
	struct tusk_repository *repository;
	struct tusk_node *node; /* that is pruned: one member where there are several */
	const struct tusk_prune_options *options;
	struct tusk_prune_result result;
	struct tusk_live_options look;
	struct tusk_live *live;
};

static void run_release(struct run *run)
{
	tusk_live_close(run->live);
}

static int list(void *context, struct tusk_err *err)
{
	struct run *run = context;

	run->look = (struct tusk_live_options){.repository = run->repository,
					       .node = run->node,
					       .stop = run->options->stop,
					       .on_stage = run->options->on_stage,
					       .context = run->options->context};
	return tusk_live_open(&run->look, &run->live, err);
}

static int look(void *context, const struct tusk_leases *leases, struct tusk_err *err)
{
	struct run *run = context;
	char text[TUSK_ID_TEXT_SIZE];
	struct tusk_id first;
	uint64_t missing;

	if (tusk_live_look(run->live, leases, err) < 0 || tusk_live_missing(run->live, &missing, &first, err) < 0)
		return -1;
	if (missing == 0)
		return 0;
	tusk_id_text(&first, text);
	return tusk_err_set(err, TUSK_E_CORRUPT, 0,
			    "%llu objects that snapshots refer to are in no pack (such as %s); nothing was removed",
			    (unsigned long long)missing, text);
}

static int needed(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		  struct tusk_err *err)
{
	struct run *run = context;

	tusk_live_condemned(run->live, condemned);
	return tusk_live_needed(run->live, ret_needed, err);
}

static void count_all(struct run *run)
{
	for (size_t i = 0; i < tusk_live_count(run->live); i++) {
		run->result.packs++;
		run->result.bytes += tusk_live_pack(run->live, i)->size;
	}
}

static int choose(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_packs,
		  struct tusk_err *err)
{
	struct run *run = context;
	const struct tusk_choice choice = {.repository = run->repository,
					   .node = run->node,
					   .live = run->live,
					   .options = run->options,
					   .result = &run->result};
	bool wrote = false;

	tusk_live_condemned(run->live, condemned);
	count_all(run);
	if (tusk_choose(&choice, ret_packs, &wrote, err) < 0)
		return -1;
	if (!wrote)
		return 0;
	/* With the new packs; the look that follows marks all anew. */
	tusk_live_close(TUSK_STEAL(run->live));
	return list(run, err);
}

static bool stopped(void *context)
{
	const struct run *run = context;
	return run->options->stop && atomic_load(run->options->stop);
}

/* The pack among those that were listed, or NULL. */
static struct tusk_live_pack *find(struct run *run, const struct tusk_id *pack)
{
	size_t low = 0, high = tusk_live_count(run->live);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct tusk_live_pack *found = tusk_live_pack(run->live, middle);
		int order = tusk_id_compare(&found->id, pack);
		if (order == 0)
			return found;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* From now on it holds nothing: what a later snapshot refers to must be elsewhere. */
static void removed(void *context, const struct tusk_id *pack)
{
	struct run *run = context;
	struct tusk_live_pack *found = find(run, pack);

	if (!found)
		return;
	found->is_gone = true;
	run->result.removed_packs++;
	run->result.removed_bytes += found->size;
}

/* ---- the run ---- */

/* What is left for a later run. */
static int count_waiting(struct run *run, struct tusk_err *err)
{
	struct tusk_condemned left TUSK_AUTO_CONDEMNED = {0};

	if (tusk_condemned_load(run->node, &run->repository->keys, &left, err) < 0)
		return -1;
	run->result.waiting_packs = left.count;
	for (size_t i = 0; i < left.count; i++) {
		const struct tusk_live_pack *pack = find(run, &left.items[i].pack);
		run->result.waiting_bytes += pack ? pack->size : 0;
	}
	return 0;
}

static int count_only(struct run *run, struct tusk_prune_work *work, struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids chosen = {0};

	if (tusk_condemned_load(work->node, work->keys, &condemned, err) < 0 || list(run, err) < 0 ||
	    tusk_prune_work_leases(work, err) < 0 || look(run, &work->leases, err) < 0 ||
	    choose(run, &condemned, &chosen, err) < 0)
		return -1;
	work->waiting_for = tusk_prune_work_writers(work, UINT64_MAX);
	return 0;
}

static int prune(struct run *run, struct tusk_prune_work *work, struct tusk_err *err)
{
	if (tusk_prune_work_run(work, err) < 0)
		return -1;
	tusk_node_sweep(work->node);
	tusk_node_reserve(work->node, true);
	return stopped(run) ? tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted; the next prune goes on") : 0;
}

static int prune_node(struct tusk_repository *repository, struct tusk_node *node,
		      const struct tusk_prune_options *options, struct tusk_prune_result *ret_result,
		      struct tusk_err *err)
{
	struct run run TUSK_CLEANUP(run_release) = {.repository = repository, .node = node, .options = options};
	const struct tusk_prune_view view = {.list = list,
					     .look = look,
					     .needed = needed,
					     .choose = choose,
					     .removed = removed,
					     .stopped = stopped,
					     .context = &run};
	struct tusk_prune_work work TUSK_AUTO_PRUNE_WORK = {.node = node,
							    .keys = &repository->keys,
							    .memory = repository->state_dir,
							    .view = &view,
							    .no_wait = options->no_wait,
							    .keeps = true};
	int result;

	if (options->undelete)
		result = tusk_prune_work_undelete(&work, &run.result.waiting_packs, err);
	else
		result = options->dry_run ? count_only(&run, &work, err) : prune(&run, &work, err);
	if (result == 0 && !options->undelete) {
		run.result.waiting_for = work.waiting_for;
		result = count_waiting(&run, err);
	}
	if (result == 0)
		*ret_result = run.result;
	return result;
}

static void add(struct tusk_prune_result *sum, const struct tusk_prune_result *result)
{
	sum->packs += result->packs;
	sum->bytes += result->bytes;
	sum->unused_packs += result->unused_packs;
	sum->unused_bytes += result->unused_bytes;
	sum->repacked_packs += result->repacked_packs;
	sum->repacked_bytes += result->repacked_bytes;
	sum->written_bytes += result->written_bytes;
	sum->removed_packs += result->removed_packs;
	sum->removed_bytes += result->removed_bytes;
	sum->waiting_packs += result->waiting_packs;
	sum->waiting_bytes += result->waiting_bytes;
	sum->waiting_for += result->waiting_for;
	sum->wasted_bytes += result->wasted_bytes;
	sum->unreadable_packs += result->unreadable_packs;
}

/* Each node by itself, under its own lock and epoch: what it holds must serve its own snapshots. One that cannot be
 * reached keeps what it has until it is pruned. */
int tusk_prune_run(struct tusk_repository *repository, const struct tusk_prune_options *options,
		   struct tusk_prune_result *ret_result, struct tusk_err *err)
{
	struct tusk_prune_options each = *options;
	struct tusk_prune_result sum = {0}, result;
	size_t count = tusk_node_member_count(repository->node), reached = 0;

	/* A pack written anew on one node is another one than that of the next node: they would no longer be equal. */
	if (count > 1)
		each.max_unused = 100;
	for (size_t i = 0; i < count; i++) {
		struct tusk_node *node;

		if (tusk_node_member(repository->node, i, &node, err) < 0)
			continue;
		result = (struct tusk_prune_result){0};
		if (prune_node(repository, node, &each, &result, err) < 0)
			return -1;
		add(&sum, &result);
		reached++;
	}
	if (reached == 0)
		return -1;
	*ret_result = sum;
	return 0;
}
