/* One prune of one node, from its lease to the last removed pack: the order of things, whatever snapshots and packs
 * look like. The simulation in tests/model drives this with its own. */
#ifndef TUSK_PRUNE_WORK_H
#define TUSK_PRUNE_WORK_H

#include "condemn.h"

/* What prune must know of the repository. All return 0 or -1. */
struct tusk_prune_view {
	/* Lists the packs, before anything else is looked at. */
	int (*list)(void *context, struct tusk_err *err);
	/* Marks what the snapshots on the node refer to, and the roots of these leases: adds to what was marked before.
	 */
	int (*look)(void *context, const struct tusk_leases *leases, struct tusk_err *err);
	/* The condemned packs that alone hold something that is marked. */
	int (*needed)(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		      struct tusk_err *err);
	/* The packs that hold nothing that is marked and are not condemned; may write others first, and then names also
	 * those whose content was copied. */
	int (*choose)(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_packs,
		      struct tusk_err *err);
	/* A pack was removed: what comes later must not be thought to be in it. */
	void (*removed)(void *context, const struct tusk_id *pack);
	bool (*stopped)(void *context);
	void *context;
};

struct tusk_prune_work {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	const char *memory; /* tusk_leases_load */
	const struct tusk_prune_view *view;
	bool no_wait;
	bool keeps; /* renews its lease from a thread */
	/* below: the work's own */
	struct tusk_lease lease;
	struct tusk_pruner pruner;
	struct tusk_leases leases;
	uint64_t waiting_for; /* set: writers that live and keep something from being removed */
};
/* Gives the reserve of a node back if it is full. */
void tusk_prune_make_room(struct tusk_node *node);
void tusk_prune_work_release(struct tusk_prune_work *work);
#define TUSK_AUTO_PRUNE_WORK TUSK_CLEANUP(tusk_prune_work_release)

int tusk_prune_work_run(struct tusk_prune_work *work, struct tusk_err *err);
/* Takes everything out of the list of condemned packs; ret_count: how many. */
int tusk_prune_work_undelete(struct tusk_prune_work *work, uint64_t *ret_count, struct tusk_err *err);
/* For a dry run: reads the leases, changes nothing. */
int tusk_prune_work_leases(struct tusk_prune_work *work, struct tusk_err *err);
/* Writers that live and began before that epoch: they may rely on what was condemned with it. */
uint64_t tusk_prune_work_writers(const struct tusk_prune_work *work, uint64_t epoch);

#endif
