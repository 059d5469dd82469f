/* What each node of a repository holds, and where each snapshot is. */
#ifndef TUSK_PLACES_H
#define TUSK_PLACES_H

#include "tusk/nodes.h"

#define TUSK_PLACES_MAX (TUSK_NODES_MAX + 1)

struct tusk_node_state {
	bool reachable; /* else why says why not, and the rest is 0 */
	struct tusk_err why;
	uint64_t objects, bytes; /* all that the repository has there; not what lies in tmp/ and quarantine/ */
	uint64_t packs, snapshots;
	uint64_t missing_packs, missing_bytes, missing_snapshots; /* that another node has */
	uint64_t proven_packs;                                    /* once read and found right there (ledger) */
	int64_t oldest_proof_ms;                                  /* of these; since 1970; 0: there is none */
	uint64_t free_bytes, total_bytes;                         /* 0: not known */
};

enum tusk_snapshot_state {
	TUSK_SNAPSHOT_LOCAL,      /* on one node */
	TUSK_SNAPSHOT_REPLICATED, /* on as many as the policy requires, and on two at least */
	TUSK_SNAPSHOT_VERIFIED,   /* that, and every pack on them was once read and found right */
	TUSK_SNAPSHOT_DEGRADED    /* on fewer than the policy requires, or on a node that lacks packs */
};
/* "local", "replicated", "verified", "degraded". */
const char *tusk_snapshot_state_name(enum tusk_snapshot_state state);

struct tusk_places; /* immutable */

/* Asks every node, all at the same time; those that cannot be reached are passed over. */
int tusk_places_load(struct tusk_repository *repository, struct tusk_places **ret_places, struct tusk_err *err);
void tusk_places_free(struct tusk_places *places);
TUSK_DEFINE_CLEANUP(struct tusk_places, tusk_places, tusk_places_free)
#define TUSK_AUTO_PLACES TUSK_CLEANUP(tusk_places_cleanup)

/* As many as in tusk_nodes_get, in that order; borrowed. */
const struct tusk_node_state *tusk_places_node(const struct tusk_places *places, size_t i);
/* Whether node i has the snapshot, and all packs. */
bool tusk_places_has(const struct tusk_places *places, size_t i, const struct tusk_id *snapshot);
enum tusk_snapshot_state tusk_places_state(const struct tusk_places *places, const struct tusk_id *snapshot);

#endif
