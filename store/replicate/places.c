#include "tusk/places.h"

#include "handle.h"
#include "holdings.h"
#include "ledger.h"
#include "nodeset.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const others[] = {"toc/",       "keys/",   "nodes/",  "marks/",
				     "forgotten/", "ledger/", "drills/", "leases/"};
static const char *const singles[] = {"tusk.repository", "epoch", "condemned"};

struct place {
	struct tusk_node_state state;
	struct tusk_holdings packs, snapshots;
	bool is_proven; /* every pack */
};

struct tusk_places {
	struct tusk_repository *repository;
	struct tusk_nodes nodes;
	size_t count;
	struct place places[TUSK_PLACES_MAX];
};

const char *tusk_snapshot_state_name(enum tusk_snapshot_state state)
{
	static const char *const names[] = {"local", "replicated", "verified", "degraded"};

	return names[state];
}

/* ---- one node ---- */

static void count(struct tusk_node_state *state, const struct tusk_holdings *holdings)
{
	state->objects += holdings->count;
	state->bytes += tusk_holdings_bytes(holdings);
}

static int count_others(struct tusk_node *node, struct tusk_node_state *state, struct tusk_err *err)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct tusk_holdings holdings TUSK_AUTO_HOLDINGS = {0};

		if (tusk_holdings_load(node, others[i], &holdings, err) < 0)
			return -1;
		count(state, &holdings);
	}
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		uint64_t size = 0;
		int found = tusk_node_stat(node, singles[i], &size, err);

		if (found < 0)
			return -1;
		state->objects += found == TUSK_NODE_FOUND;
		state->bytes += size;
	}
	return 0;
}

/* Without a ledger nothing is proven. The name of the only node in it is empty. */
static void count_proofs(const struct tusk_places *places, size_t i, struct place *place)
{
	struct tusk_repository *repository = places->repository;
	struct tusk_ledger ledger TUSK_AUTO_LEDGER = {0};
	const char *member = places->nodes.counter ? places->nodes.items[i].name : "";

	if (tusk_ledger_load(repository->node, &repository->keys, member, &ledger, NULL) < 0)
		return;
	for (size_t k = 0; k < place->packs.count; k++) {
		const struct tusk_proof *proof = tusk_ledger_find(&ledger, &place->packs.items[k].id);

		if (!proof || proof->is_bad)
			continue;
		if (place->state.proven_packs++ == 0 || proof->time_ms < place->state.oldest_proof_ms)
			place->state.oldest_proof_ms = proof->time_ms;
	}
	place->is_proven = place->state.proven_packs == place->packs.count;
}

static int load_place(struct tusk_places *places, size_t i, struct tusk_err *err)
{
	struct place *place = &places->places[i];
	struct tusk_node_state *state = &place->state;
	struct tusk_node *node;

	if (tusk_node_member(places->repository->node, i, &node, err) < 0 ||
	    tusk_holdings_load(node, "snapshots/", &place->snapshots, err) < 0 ||
	    tusk_holdings_load(node, "packs/", &place->packs, err) < 0 || count_others(node, state, err) < 0)
		return -1;
	count(state, &place->snapshots);
	count(state, &place->packs);
	state->packs = place->packs.count;
	state->snapshots = place->snapshots.count;
	(void)tusk_node_space(node, &state->free_bytes, &state->total_bytes, NULL);
	return 0;
}

struct visit {
	struct tusk_places *places;
	size_t number;
};

static void *visit_run(void *context)
{
	const struct visit *visit = context;
	struct place *place = &visit->places->places[visit->number];
	struct tusk_err why = {0};

	place->state.reachable = load_place(visit->places, visit->number, &why) == 0;
	if (!place->state.reachable) {
		tusk_holdings_release(&place->packs);
		tusk_holdings_release(&place->snapshots);
		place->state = (struct tusk_node_state){.why = why};
	}
	return NULL;
}

/* ---- all of them ---- */

static void visit_all(struct tusk_places *places)
{
	struct visit visits[TUSK_PLACES_MAX];
	pthread_t threads[TUSK_PLACES_MAX];
	bool started[TUSK_PLACES_MAX] = {false};

	for (size_t i = 0; i < places->count; i++) {
		visits[i] = (struct visit){places, i};
		started[i] = places->count > 1 && pthread_create(&threads[i], NULL, visit_run, &visits[i]) == 0;
		if (!started[i])
			visit_run(&visits[i]);
	}
	for (size_t i = 0; i < places->count; i++) {
		if (started[i])
			pthread_join(threads[i], NULL);
	}
}

/* What others have and this one has not. */
static void compare_with(struct place *place, const struct tusk_holdings *all_packs,
			 const struct tusk_holdings *all_snapshots)
{
	for (size_t i = 0; i < all_packs->count; i++) {
		if (tusk_holdings_find(&place->packs, &all_packs->items[i].id))
			continue;
		place->state.missing_packs++;
		place->state.missing_bytes += all_packs->items[i].size;
	}
	for (size_t i = 0; i < all_snapshots->count; i++)
		place->state.missing_snapshots += !tusk_holdings_find(&place->snapshots, &all_snapshots->items[i].id);
}

static int compare_all(struct tusk_places *places, struct tusk_err *err)
{
	struct tusk_holdings packs TUSK_AUTO_HOLDINGS = {0}, snapshots TUSK_AUTO_HOLDINGS = {0};

	if (places->count < 2)
		return 0;
	if (tusk_holdings_load(places->repository->node, "packs/", &packs, err) < 0 ||
	    tusk_holdings_load(places->repository->node, "snapshots/", &snapshots, err) < 0)
		return -1;
	for (size_t i = 0; i < places->count; i++) {
		if (places->places[i].state.reachable)
			compare_with(&places->places[i], &packs, &snapshots);
	}
	return 0;
}

int tusk_places_load(struct tusk_repository *repository, struct tusk_places **ret_places, struct tusk_err *err)
{
	struct tusk_places *places TUSK_AUTO_PLACES = calloc(1, sizeof(*places));

	if (!places)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot look at the nodes: out of memory");
	places->repository = repository;
	places->nodes = repository->nodes;
	places->count = repository->nodes.count;
	visit_all(places);
	if (compare_all(places, err) < 0)
		return -1;
	for (size_t i = 0; i < places->count; i++) {
		if (places->places[i].state.reachable)
			count_proofs(places, i, &places->places[i]);
	}
	*ret_places = TUSK_STEAL(places);
	return 0;
}

void tusk_places_free(struct tusk_places *places)
{
	if (!places)
		return;
	for (size_t i = 0; i < places->count; i++) {
		tusk_holdings_release(&places->places[i].packs);
		tusk_holdings_release(&places->places[i].snapshots);
	}
	free(places);
}

const struct tusk_node_state *tusk_places_node(const struct tusk_places *places, size_t i)
{
	return &places->places[i].state;
}

static bool has_manifest(const struct tusk_places *places, size_t i, const struct tusk_id *snapshot)
{
	return tusk_holdings_find(&places->places[i].snapshots, snapshot) != NULL;
}

bool tusk_places_has(const struct tusk_places *places, size_t i, const struct tusk_id *snapshot)
{
	return has_manifest(places, i, snapshot) && places->places[i].state.missing_packs == 0;
}

enum tusk_snapshot_state tusk_places_state(const struct tusk_places *places, const struct tusk_id *snapshot)
{
	unsigned by_role[TUSK_ROLE_COUNT] = {0}, required = 0, total = 0;
	bool proven = true, broken = false, enough = true;

	for (size_t i = 0; i < places->count; i++) {
		bool has = tusk_places_has(places, i, snapshot);

		broken = broken || (has_manifest(places, i, snapshot) && !has);
		total += has;
		by_role[places->nodes.items[i].role] += has;
		proven = proven && (!has || places->places[i].is_proven);
	}
	for (unsigned role = 0; role < TUSK_ROLE_COUNT; role++) {
		required += places->nodes.require[role];
		enough = enough && by_role[role] >= places->nodes.require[role];
	}
	enough = enough && (required > 0 || total == places->count);
	if (broken || total == 0 || (!enough && total > 1))
		return TUSK_SNAPSHOT_DEGRADED;
	if (enough && proven)
		return TUSK_SNAPSHOT_VERIFIED;
	return total > 1 ? TUSK_SNAPSHOT_REPLICATED : TUSK_SNAPSHOT_LOCAL;
}
