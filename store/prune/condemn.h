/* The objects `epoch` and `condemned` of one node, and how prune changes them (DESIGN.md, Writers and prune). */
#ifndef TUSK_CONDEMN_H
#define TUSK_CONDEMN_H

#include "session.h"

/* An object that is absent is epoch 0, or an empty list. */
int tusk_epoch_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_epoch *ret_epoch,
		    struct tusk_err *err);
/* A new epoch with that number; for the holder of the lock. */
int tusk_epoch_begin(struct tusk_node *node, const struct tusk_keys *keys, uint64_t number, struct tusk_err *err);
int tusk_condemned_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_condemned *ret_condemned,
			struct tusk_err *err);
int tusk_condemned_store(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_condemned *condemned,
			 struct tusk_err *err);
/* Takes packs (which it sorts) out of the list on the node; for the holder of its lock. */
int tusk_condemned_spare(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_pack_ids *packs,
			 struct tusk_err *err);

/* One prune of one node. Borrowed. */
struct tusk_pruner {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	struct tusk_lease *lease;
	bool has_locks;                  /* set by tusk_pruner_probe and those below */
	struct tusk_condemned condemned; /* as last read; invariant: no entry's epoch is beyond the node's */
	struct tusk_condemned rescued; /* those that a look at all snapshots, after their epoch began, left condemned */
};
/* Sets has_locks. */
int tusk_pruner_probe(struct tusk_pruner *pruner, struct tusk_err *err);
/* Reads the state; finishes what a killed prune left half done (an epoch that was not begun). */
int tusk_pruner_open(struct tusk_pruner *pruner, struct tusk_err *err);
void tusk_pruner_release(struct tusk_pruner *pruner);
#define TUSK_AUTO_PRUNER TUSK_CLEANUP(tusk_pruner_release)
/* Adds packs to the list, durably, then begins a new epoch. */
int tusk_pruner_condemn(struct tusk_pruner *pruner, const struct tusk_pack_ids *packs, struct tusk_err *err);
/* To be called with what a look at all leases and snapshots found needed of pruner->condemned, when that look began
 * after pruner->condemned was read: takes the needed packs out of the list; the rest may be swept. */
int tusk_pruner_rescue(struct tusk_pruner *pruner, struct tusk_pack_ids *needed, struct tusk_err *err);
/* Takes all packs out of the list. */
int tusk_pruner_undelete(struct tusk_pruner *pruner, struct tusk_err *err);
/* Removes rescued packs for which may_sweep says yes, each with its toc first, then takes them out of the list.
 * removed: told of each. */
struct tusk_sweep {
	bool (*may_sweep)(void *context, const struct tusk_condemned_pack *item);
	void (*removed)(void *context, const struct tusk_id *pack);
	void *context;
};
int tusk_pruner_sweep(struct tusk_pruner *pruner, const struct tusk_sweep *sweep, struct tusk_err *err);

#endif
