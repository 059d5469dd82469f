/* Writers, prunes and people who forget snapshots, at once, over the real code of store/prune: no acknowledged snapshot
 * ever loses a pack.
 *
 *   prune_sim [--seeds N] [--first SEED] [--no-locks] [--trace] [--expect-loss]
 *
 * Built with the sabotage switches: TUSK_SABOTAGE names a step to leave out, and --expect-loss turns the result round.
 */
#include "sim.h"

#include "tusk/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define PACKS_MAX 128u

/* ---- what is on the node, as an actor sees it ---- */

struct seen_pack {
	struct tusk_id id;
	uint8_t chunk; /* SIM_CHUNKS: cannot be read */
};

struct seen {
	struct sim *sim;
	struct seen_pack packs[PACKS_MAX];
	size_t count;
};

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct seen *seen = context;

	(void)size;
	(void)err;
	if (seen->count == PACKS_MAX)
		return 0;
	const char *digits = strrchr(name, '/') + 1;
	return tusk_hex_decode(digits, 2 * TUSK_ID_SIZE, seen->packs[seen->count++].id.bytes, TUSK_ID_SIZE);
}

static void name_of(const char *folder, const struct tusk_id *id, char ret_name[SIM_NAME])
{
	char digits[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, digits);
	if (strcmp(folder, "packs/") == 0)
		snprintf(ret_name, SIM_NAME, "packs/%.2s/%s", digits, digits);
	else
		snprintf(ret_name, SIM_NAME, "%s%s", folder, digits);
}

/* Lists packs or tocs, then reads each: others work in between. */
static int see(struct seen *seen, const char *folder, struct tusk_err *err)
{
	seen->count = 0;
	if (tusk_node_list(&seen->sim->node, folder, collect, seen, err) != 0)
		return -1;
	for (size_t i = 0; i < seen->count; i++) {
		TUSK_AUTO_BUF struct tusk_buf data = {0};
		char name[SIM_NAME];
		name_of(folder, &seen->packs[i].id, name);
		int found = tusk_node_get(&seen->sim->node, name, 16, &data, err);
		if (found < 0)
			return -1;
		seen->packs[i].chunk = found == TUSK_NODE_FOUND ? data.data[0] : SIM_CHUNKS;
	}
	return 0;
}

/* The condemned packs that alone hold a chunk of mask; ret_missing: chunks that are in no pack. */
static int judge(const struct seen *seen, uint8_t mask, const struct tusk_condemned *condemned,
		 struct tusk_pack_ids *ret_needed, bool *ret_missing, struct tusk_err *err)
{
	*ret_missing = false;
	for (unsigned chunk = 0; chunk < SIM_CHUNKS; chunk++) {
		bool elsewhere = false, anywhere = false;
		if (!(mask & 1u << chunk))
			continue;
		for (size_t i = 0; i < seen->count; i++)
			if (seen->packs[i].chunk == chunk) {
				anywhere = true;
				elsewhere = elsewhere || !tusk_condemned_find(condemned, &seen->packs[i].id);
			}
		*ret_missing = *ret_missing || !anywhere;
		for (size_t i = 0; i < seen->count && !elsewhere; i++)
			if (seen->packs[i].chunk == chunk && tusk_pack_ids_add(ret_needed, &seen->packs[i].id, err) < 0)
				return -1;
	}
	return 0;
}

/* A root stands for the chunks below it. */
static struct tusk_id root_of(uint8_t mask)
{
	return (struct tusk_id){.bytes = {1, mask}};
}

/* ---- writers ---- */

struct backup {
	struct sim *sim;
	uint8_t mask;
	char manifest[SIM_NAME];
};

static int verify(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		  struct tusk_err *err)
{
	const struct backup *backup = context;
	struct seen seen = {.sim = backup->sim};
	bool missing;

	if (see(&seen, "packs/", err) < 0 || judge(&seen, backup->mask, condemned, ret_needed, &missing, err) < 0)
		return -1;
	return missing;
}

static int publish(void *context, struct tusk_err *err)
{
	struct backup *backup = context;
	return tusk_node_put(&backup->sim->node, backup->manifest, &backup->mask, 1, err);
}

static int withdraw(void *context, struct tusk_err *err)
{
	struct backup *backup = context;
	return tusk_node_remove(&backup->sim->node, backup->manifest, err);
}

struct manifests {
	char names[32][SIM_NAME];
	size_t count;
};

static int collect_manifest(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct manifests *manifests = context;

	(void)size;
	(void)err;
	if (manifests->count < 32)
		snprintf(manifests->names[manifests->count++], SIM_NAME, "%s", name);
	return 0;
}

/* A random snapshot of the node: 1 and its content, 0 when there is none, -1. */
static int pick_snapshot(struct sim *sim, char ret_name[SIM_NAME], uint8_t *ret_mask, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct manifests manifests = {0};

	if (tusk_node_list(&sim->node, "snapshots/", collect_manifest, &manifests, err) != 0)
		return -1;
	if (manifests.count == 0)
		return 0;
	const char *name = manifests.names[sim_random(sim, manifests.count)];
	int found = tusk_node_get(&sim->node, name, 16, &data, err);
	if (found != TUSK_NODE_FOUND)
		return found < 0 ? -1 : 0;
	snprintf(ret_name, SIM_NAME, "%s", name);
	*ret_mask = data.data[0];
	return 1;
}

static int store_chunk(struct sim *sim, uint8_t chunk, struct tusk_err *err)
{
	char pack[SIM_NAME], toc[SIM_NAME];

	sim_random_name(sim, "packs/", pack);
	snprintf(toc, sizeof(toc), "toc/%s", strrchr(pack, '/') + 1);
	return tusk_node_put(&sim->node, pack, &chunk, 1, err) < 0 || tusk_node_put(&sim->node, toc, &chunk, 1, err) < 0
		   ? -1
		   : 0;
}

/* Stores what no pack holds that may be relied upon. */
static int store_all(struct sim *sim, const struct tusk_session *session, uint8_t mask, struct tusk_err *err)
{
	struct seen seen = {.sim = sim};

	if (see(&seen, "toc/", err) < 0)
		return -1;
	for (uint8_t chunk = 0; chunk < SIM_CHUNKS; chunk++) {
		bool stored = false;
		for (size_t i = 0; i < seen.count; i++)
			stored = stored || (seen.packs[i].chunk == chunk &&
					    !tusk_condemned_find(tusk_session_condemned(session), &seen.packs[i].id));
		if ((mask & 1u << chunk) && !stored && store_chunk(sim, chunk, err) < 0)
			return -1;
	}
	return 0;
}

/* As tusk_committed. inherit: builds upon a snapshot that is there. */
static int backup_once(struct backup *backup, bool inherit, struct tusk_err *err)
{
	TUSK_AUTO_SESSION struct tusk_session *session = NULL;
	struct sim *sim = backup->sim;
	uint8_t own = backup->mask, parent_mask = 0;
	char parent[SIM_NAME];

	if (tusk_session_begin(&sim->node, &sim->keys, &session, err) < 0)
		return -1;
	int found = inherit ? pick_snapshot(sim, parent, &parent_mask, err) : 0;
	if (found < 0)
		return -1;
	const struct tusk_id root = root_of(parent_mask);
	if (found && tusk_session_protect(session, &root, err) < 0)
		return -1;
	/* The source has both from now on: a second run stores all of it. */
	backup->mask |= parent_mask;
	if (store_all(sim, session, found ? own : backup->mask, err) < 0)
		return -1;
	sim_random_name(sim, "snapshots/", backup->manifest);
	const struct tusk_commit commit = {.root = root_of(backup->mask),
					   .inherits = found,
					   .verify = verify,
					   .publish = publish,
					   .withdraw = withdraw,
					   .context = backup};
	return tusk_session_commit(session, &commit, err);
}

static int run_writer(struct sim_actor *actor)
{
	struct sim *sim = actor->sim;
	struct tusk_err err = {0};

	for (unsigned backups = 1 + (unsigned)sim_random(sim, 2); backups > 0; backups--) {
		struct backup backup = {.sim = sim, .mask = (uint8_t)(1 + sim_random(sim, (1u << SIM_CHUNKS) - 1))};
		int result = backup_once(&backup, sim_random(sim, 2), &err);
		for (unsigned i = 0; i < 3 && result == TUSK_COMMIT_STALE; i++) {
			sim->stales++;
			result = backup_once(&backup, false, &err);
		}
		if (result == TUSK_COMMITTED) {
			sim->commits++;
			if (sim_find(sim, backup.manifest))
				sim_acknowledge(sim, backup.manifest);
		}
	}
	return 0;
}

static int run_forget(struct sim_actor *actor)
{
	struct sim *sim = actor->sim;
	struct tusk_err err = {0};
	char name[SIM_NAME];
	uint8_t mask;

	for (unsigned times = 1 + (unsigned)sim_random(sim, 3); times > 0; times--) {
		if (pick_snapshot(sim, name, &mask, &err) != 1)
			continue;
		(void)tusk_node_remove(&sim->node, name, &err);
	}
	return 0;
}

/* ---- prune ---- */

struct pruning {
	struct sim *sim;
	struct seen seen;
	uint8_t live;
};

static int prune_list(void *context, struct tusk_err *err)
{
	struct pruning *pruning = context;
	return see(&pruning->seen, "packs/", err);
}

static int prune_look(void *context, const struct tusk_leases *leases, struct tusk_err *err)
{
	struct pruning *pruning = context;
	struct manifests manifests = {0};

	for (size_t i = 0; i < leases->count; i++)
		for (size_t k = 0; k < leases->items[i].note.root_count; k++)
			pruning->live |= leases->items[i].note.roots[k].bytes[1];
	if (tusk_node_list(&pruning->sim->node, "snapshots/", collect_manifest, &manifests, err) != 0)
		return -1;
	for (size_t i = 0; i < manifests.count; i++) {
		TUSK_AUTO_BUF struct tusk_buf data = {0};
		int found = tusk_node_get(&pruning->sim->node, manifests.names[i], 16, &data, err);
		if (found < 0)
			return -1;
		if (found == TUSK_NODE_FOUND)
			pruning->live |= data.data[0];
	}
	return 0;
}

static int prune_needed(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
			struct tusk_err *err)
{
	const struct pruning *pruning = context;
	bool missing;

	for (size_t i = 0; i < pruning->seen.count; i++)
		if (pruning->seen.packs[i].chunk == SIM_CHUNKS &&
		    tusk_condemned_find(condemned, &pruning->seen.packs[i].id) &&
		    tusk_pack_ids_add(ret_needed, &pruning->seen.packs[i].id, err) < 0)
			return -1;
	return judge(&pruning->seen, pruning->live, condemned, ret_needed, &missing, err);
}

/* What is not live; and of what is, all copies but one, as after a repack. */
static int prune_choose(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_packs,
			struct tusk_err *err)
{
	const struct pruning *pruning = context;
	unsigned kept = 0;

	for (size_t i = 0; i < pruning->seen.count; i++) {
		const struct seen_pack *pack = &pruning->seen.packs[i];
		if (pack->chunk == SIM_CHUNKS || tusk_condemned_find(condemned, &pack->id))
			continue;
		bool keep = (pruning->live & 1u << pack->chunk) && !(kept & 1u << pack->chunk);
		kept |= 1u << pack->chunk;
		if (!keep && tusk_pack_ids_add(ret_packs, &pack->id, err) < 0)
			return -1;
	}
	return 0;
}

static void prune_removed(void *context, const struct tusk_id *pack)
{
	struct pruning *pruning = context;

	for (size_t i = 0; i < pruning->seen.count; i++)
		if (tusk_id_equal(&pruning->seen.packs[i].id, pack))
			pruning->seen.packs[i].chunk = SIM_CHUNKS;
}

static bool prune_stopped(void *context)
{
	(void)context;
	return false;
}

static int prune_once(struct sim *sim, bool no_wait)
{
	struct pruning pruning = {.sim = sim, .seen.sim = sim};
	const struct tusk_prune_view view = {.list = prune_list,
					     .look = prune_look,
					     .needed = prune_needed,
					     .choose = prune_choose,
					     .removed = prune_removed,
					     .stopped = prune_stopped,
					     .context = &pruning};
	struct tusk_prune_work work TUSK_AUTO_PRUNE_WORK = {
	    .node = &sim->node, .keys = &sim->keys, .view = &view, .no_wait = no_wait};
	struct tusk_err err = {0};

	return tusk_prune_work_run(&work, &err);
}

static int run_prune(struct sim_actor *actor)
{
	for (unsigned times = 1 + (unsigned)sim_random(actor->sim, 2); times > 0; times--)
		(void)prune_once(actor->sim, sim_random(actor->sim, 2));
	return 0;
}

/* ---- a run ---- */

/* After the storm one prune, alone, a few days later: it must get through, and leave nothing that is not needed. */
static void clean_up(struct sim *sim)
{
	sim->faults = false;
	sim->current = NULL;
	sim->lock_holder = NULL;
	for (size_t i = 0; i < sim->actor_count; i++)
		sim->actors[i].done = true;
	for (unsigned i = 0; i < 4 && !sim->lost; i++) {
		sim->boot += 200000;
		sim->wall += 400000000;
		(void)prune_once(sim, true);
	}
	if (!sim->lost && prune_once(sim, true) < 0)
		sim->lost = "the last prune failed";
	uint8_t live = 0;
	for (size_t i = 0; i < sim->object_count; i++)
		if (strncmp(sim->objects[i].name, "snapshots/", 10) == 0)
			live |= sim->objects[i].data[0];
	for (size_t i = 0; i < sim->object_count && !sim->lost; i++) {
		const struct sim_object *object = &sim->objects[i];
		if (strncmp(object->name, "packs/", 6) == 0 && !(live & 1u << object->data[0]))
			sim->lost = "the last prune left a pack that nobody needs";
		if (strncmp(object->name, "leases/", 7) == 0)
			sim->lost = "the last prune left a lease";
	}
}

struct totals {
	uint64_t commits, stales, swept;
};

/* NULL, or what went wrong. */
static const char *run_seed(uint64_t seed, bool has_locks, bool trace, struct totals *totals)
{
	static struct sim sim;

	sim_open(&sim, seed, has_locks);
	sim.trace = trace;
	sim_actor_add(&sim, "writer", run_writer, 0);
	sim_actor_add(&sim, "writer", run_writer, (unsigned)sim_random(&sim, 200));
	sim_actor_add(&sim, "writer", run_writer, (unsigned)sim_random(&sim, 400));
	sim_actor_add(&sim, "forget", run_forget, (unsigned)sim_random(&sim, 300));
	sim_actor_add(&sim, "prune", run_prune, (unsigned)sim_random(&sim, 200));
	sim_actor_add(&sim, "prune", run_prune, (unsigned)sim_random(&sim, 400));
	sim_run(&sim);
	if (!sim.lost)
		clean_up(&sim);
	totals->commits += sim.commits;
	totals->stales += sim.stales;
	totals->swept += sim.swept;
	sim_close(&sim);
	return sim.lost;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 1000, first = 1, lost = 0;
	bool has_locks = true, trace = false, expect_loss = false;
	struct totals totals = {0};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
			seeds = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			first = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--no-locks") == 0)
			has_locks = false;
		else if (strcmp(argv[i], "--trace") == 0)
			trace = true;
		else if (strcmp(argv[i], "--expect-loss") == 0)
			expect_loss = true;
		else
			return fprintf(stderr, "prune_sim: %s?\n", argv[i]), 2;
	}
	for (uint64_t seed = first; seed < first + seeds && !(expect_loss && lost); seed++) {
		const char *what = run_seed(seed, has_locks, trace, &totals);
		if (!what)
			continue;
		printf("seed %llu%s: %s\n", (unsigned long long)seed, has_locks ? "" : " --no-locks", what);
		lost += !expect_loss || strstr(what, "lost a pack");
	}
	printf("%llu seeds from %llu: %llu snapshots committed, %llu done again, %llu packs removed, %llu losses\n",
	       (unsigned long long)seeds, (unsigned long long)first, (unsigned long long)totals.commits,
	       (unsigned long long)totals.stales, (unsigned long long)totals.swept, (unsigned long long)lost);
	return expect_loss ? lost == 0 : lost != 0;
}
