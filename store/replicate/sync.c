/* Making nodes equal: every target has a thread that compares it with all nodes together and brings what it lacks. */
#include "handle.h"
#include "holdings.h"
#include "nodeset.h"
#include "session.h"
#include "spare.h"
#include "tusk/replicate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CARRIERS_MAX 4u

/* In this order: nothing is on a node before what it refers to. Snapshots come by another way, after all of these. */
static const char *const folders[] = {"keys/",  "packs/",  "toc/",    "nodes/",
				      "marks/", "ledger/", "drills/", "forgotten/"};
#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))
enum { KEYS = 0, PACKS = 1, TOCS = 2, FORGOTTEN = 7 };

struct sync {
	struct tusk_repository *repository;
	const struct tusk_sync_options *options;
	struct tusk_sync_progress own_progress, *progress;
	struct tusk_holdings all[FOLDER_COUNT], snapshots; /* of all nodes */
	struct tusk_sync_result *result;
};

struct target {
	struct sync *sync;
	size_t number;
	struct tusk_node *node;
	struct tusk_sync_target *outcome;
	pthread_mutex_t lock; /* outcome and the next two, while carriers run */
	size_t next;
	bool failed;
};

/* What carriers bring: the part of a folder that the target lacks. */
struct load {
	struct target *target;
	const char *folder;
	struct tusk_holdings missing;
};

static bool is_stopped(const struct sync *sync)
{
	return sync->options->stop && atomic_load(sync->options->stop);
}

static void note_error(struct target *target, const struct tusk_err *why)
{
	pthread_mutex_lock(&target->lock);
	if (target->outcome->why.code == TUSK_OK)
		target->outcome->why = *why;
	pthread_mutex_unlock(&target->lock);
}

/* ---- carriers ---- */

static void count_bytes(void *context, size_t bytes)
{
	struct target *target = context;

	atomic_fetch_add(&target->sync->progress->bytes, bytes);
	pthread_mutex_lock(&target->lock);
	target->outcome->bytes += bytes;
	pthread_mutex_unlock(&target->lock);
}

/* The next object to bring; false when there is none, or the target has failed. */
static bool claim(const struct load *load, struct tusk_holding *ret_holding)
{
	struct target *target = load->target;

	pthread_mutex_lock(&target->lock);
	bool more = !target->failed && target->next < load->missing.count && !is_stopped(target->sync);
	if (more)
		*ret_holding = load->missing.items[target->next++];
	pthread_mutex_unlock(&target->lock);
	return more;
}

/* Damage is noted and the rest is brought; a target that fails is left alone. */
static void carry(const struct load *load, const struct tusk_holding *holding)
{
	struct target *target = load->target;
	const struct tusk_copy_meter meter = {count_bytes, target};
	struct tusk_err why = {0};
	char name[80];

	tusk_holdings_name(load->folder, &holding->id, name);
	int result = tusk_nodeset_bring(target->sync->repository->node, target->number, name, false, &meter, &why);
	atomic_fetch_add(&target->sync->progress->objects, 1);
	/* What vanished since it was listed was removed on purpose. */
	if (result < 0 && why.code != TUSK_E_ABSENT)
		note_error(target, &why);
	pthread_mutex_lock(&target->lock);
	if (result == 0)
		target->outcome->packs += load->folder == folders[PACKS];
	else if (why.code == TUSK_E_CORRUPT)
		target->outcome->damaged++;
	else if (why.code != TUSK_E_ABSENT)
		target->failed = true;
	pthread_mutex_unlock(&target->lock);
}

static void *carrier_run(void *context)
{
	const struct load *load = context;
	struct tusk_holding holding;

	while (claim(load, &holding))
		carry(load, &holding);
	return NULL;
}

static void run_carriers(struct load *load)
{
	pthread_t threads[CARRIERS_MAX];
	unsigned count = 0;

	load->target->next = 0;
	/* This thread is one of them. */
	while (count + 1 < CARRIERS_MAX && count + 1 < load->missing.count &&
	       pthread_create(&threads[count], NULL, carrier_run, load) == 0)
		count++;
	carrier_run(load);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* ---- one target ---- */

/* A key that was removed is not brought back: its slot is in forgotten/ as snapshots are. Nor a toc whose pack nobody
 * has: it would tell of a loss. */
static bool is_wanted(const struct sync *sync, size_t folder, const struct tusk_id *id)
{
	if (folder == TOCS)
		return tusk_holdings_find(&sync->all[PACKS], id);
	return folder != KEYS || !tusk_holdings_find(&sync->all[FORGOTTEN], id);
}

static int find_missing(const struct target *target, size_t folder, struct tusk_holdings *ret_missing,
			struct tusk_err *err)
{
	struct tusk_holdings own TUSK_AUTO_HOLDINGS = {0};
	const struct tusk_holdings *all = &target->sync->all[folder];

	if (tusk_holdings_load(target->node, folders[folder], &own, err) < 0)
		return -1;
	for (size_t i = 0; i < all->count; i++) {
		const struct tusk_id *id = &all->items[i].id;

		if (tusk_holdings_find(&own, id) || !is_wanted(target->sync, folder, id))
			continue;
		if (tusk_holdings_append(ret_missing, &all->items[i]) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot compare the nodes: out of memory");
	}
	return 0;
}

static int bring_folder(struct target *target, size_t folder, struct tusk_err *err)
{
	struct load load = {.target = target, .folder = folders[folder]};
	int result = find_missing(target, folder, &load.missing, err);

	if (result == 0) {
		atomic_fetch_add(&target->sync->progress->objects_expected, load.missing.count);
		atomic_fetch_add(&target->sync->progress->bytes_expected, tusk_holdings_bytes(&load.missing));
		run_carriers(&load);
	}
	tusk_holdings_release(&load.missing);
	return result;
}

/* Removes from a folder of the target what was forgotten on any node. */
static int remove_forgotten(struct target *target, const char *folder, uint64_t *count, struct tusk_err *err)
{
	struct tusk_holdings own TUSK_AUTO_HOLDINGS = {0};
	char name[80];

	if (tusk_holdings_load(target->node, folder, &own, err) < 0)
		return -1;
	for (size_t i = 0; i < own.count; i++) {
		if (!tusk_holdings_find(&target->sync->all[FORGOTTEN], &own.items[i].id))
			continue;
		tusk_holdings_name(folder, &own.items[i].id, name);
		if (tusk_node_remove(target->node, name, err) < 0)
			return -1;
		++*count;
	}
	return 0;
}

static int bring_snapshots(struct target *target, struct tusk_err *err)
{
	struct tusk_holdings own TUSK_AUTO_HOLDINGS = {0};
	const struct tusk_holdings *all = &target->sync->snapshots;
	char name[80];

	if (tusk_holdings_load(target->node, "snapshots/", &own, err) < 0)
		return -1;
	for (size_t i = 0; i < all->count && !is_stopped(target->sync); i++) {
		struct tusk_err why = {0};

		if (tusk_holdings_find(&own, &all->items[i].id))
			continue;
		tusk_holdings_name("snapshots/", &all->items[i].id, name);
		if (tusk_nodeset_bring_manifest(target->sync->repository->node, target->number, name, &why) == 0)
			target->outcome->snapshots++;
		else if (why.code != TUSK_E_ABSENT)
			note_error(target, &why);
		target->outcome->damaged += why.code == TUSK_E_CORRUPT;
	}
	return 0;
}

static int catch_up(struct target *target, struct tusk_err *err)
{
	const struct tusk_repository *repository = target->sync->repository;
	TUSK_AUTO_SESSION struct tusk_session *session = NULL;
	struct tusk_err ignored = {0};
	uint64_t keys = 0;

	if (tusk_node_member(repository->node, target->number, &target->node, err) < 0)
		return -1;
	/* A sign for prune that what arrives here will be needed. Without it prune may take packs before their
	 * manifests come; those are then withheld until the next sync. */
	if (tusk_session_begin(target->node, &repository->keys, &session, &ignored) == 0)
		(void)tusk_session_keep(session, &ignored);
	for (size_t folder = 0; folder < FOLDER_COUNT && !target->failed; folder++) {
		if (bring_folder(target, folder, err) < 0)
			return -1;
	}
	if (target->failed)
		return -1;
	if (remove_forgotten(target, "snapshots/", &target->outcome->forgotten, err) < 0 ||
	    remove_forgotten(target, "keys/", &keys, err) < 0)
		return -1;
	return bring_snapshots(target, err);
}

static void *target_run(void *context)
{
	struct target *target = context;
	struct tusk_err why = {0};

	if (catch_up(target, &why) < 0 && why.code != TUSK_OK)
		note_error(target, &why);
	if (is_stopped(target->sync) && target->outcome->why.code == TUSK_OK)
		tusk_err_set(&target->outcome->why, TUSK_E_INTERRUPTED, 0, "interrupted; run it again to go on");
	target->outcome->complete = target->outcome->why.code == TUSK_OK;
	return NULL;
}

/* ---- all of them ---- */

static int choose_targets(struct sync *sync, struct tusk_err *err)
{
	const struct tusk_sync_options *options = sync->options;
	const struct tusk_nodes *nodes = &sync->repository->nodes;

	for (size_t k = 0; k < options->count; k++) {
		size_t i = tusk_nodes_find(nodes, options->names[k]);

		if (i == nodes->count)
			return tusk_err_set(err, TUSK_E_ABSENT, 0, "there is no node %s", options->names[k]);
		sync->result->items[i].asked = true;
	}
	for (size_t i = 0; i < nodes->count && options->count == 0; i++)
		sync->result->items[i].asked = true;
	return 0;
}

static int load_all(struct sync *sync, struct tusk_err *err)
{
	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		if (tusk_holdings_load(sync->repository->node, folders[i], &sync->all[i], err) < 0)
			return -1;
	}
	return tusk_holdings_load(sync->repository->node, "snapshots/", &sync->snapshots, err);
}

static void run_targets(struct sync *sync)
{
	struct target targets[TUSK_NODES_MAX + 1];
	pthread_t threads[TUSK_NODES_MAX + 1];
	bool started[TUSK_NODES_MAX + 1] = {false};
	size_t count = sync->result->count;

	for (size_t i = 0; i < count; i++) {
		targets[i] = (struct target){.sync = sync, .number = i, .outcome = &sync->result->items[i]};
		pthread_mutex_init(&targets[i].lock, NULL);
		if (!sync->result->items[i].asked)
			continue;
		started[i] = pthread_create(&threads[i], NULL, target_run, &targets[i]) == 0;
		if (!started[i])
			target_run(&targets[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (started[i])
			pthread_join(threads[i], NULL);
		pthread_mutex_destroy(&targets[i].lock);
	}
}

int tusk_nodes_sync(struct tusk_repository *repository, const struct tusk_sync_options *options,
		    struct tusk_sync_result *ret_result, struct tusk_err *err)
{
	struct tusk_sync_result result = {.count = repository->nodes.count};
	struct sync sync = {.repository = repository, .options = options, .result = &result};
	int status;

	if (result.count < 2)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "this repository has one node; see: tusk help node");
	tusk_spare_before_manifests(repository);
	sync.progress = options->progress ? options->progress : &sync.own_progress;
	status = choose_targets(&sync, err) < 0 || load_all(&sync, err) < 0 ? -1 : 0;
	if (status == 0)
		run_targets(&sync);
	for (size_t i = 0; i < FOLDER_COUNT; i++)
		tusk_holdings_release(&sync.all[i]);
	tusk_holdings_release(&sync.snapshots);
	if (status == 0)
		*ret_result = result;
	return status;
}
