/* Leases: who works on a node now. They decide costs only, never what is safe (DESIGN.md, Writers and prune). */
#ifndef TUSK_LEASE_H
#define TUSK_LEASE_H

#include "crypto.h"
#include "node.h"
#include "notes.h"

#include <pthread.h>

#define TUSK_LEASE_RENEW_S 120  /* its holder renews it */
#define TUSK_LEASE_FENCE_S 1200 /* without a renewal its holder no longer relies on it */
#define TUSK_LEASE_DEAD_S  1800 /* others hold it for dead that long after the first look at an unchanged counter */

/* This process; and whether the process of an owner lives, as far as that can be known from here. */
void tusk_owner_self(struct tusk_owner *ret_owner);
enum tusk_life { TUSK_LIFE_UNKNOWN, TUSK_LIFE_ALIVE, TUSK_LIFE_DEAD };
enum tusk_life tusk_owner_life(const struct tusk_owner *owner);

/* The world, as far as leases depend on it. A variable only so that the simulation can have its own. */
struct tusk_lease_env {
	uint64_t (*boot)(void); /* seconds since the boot, suspended time included (CLOCK_BOOTTIME) */
	int64_t (*wall)(void);  /* seconds since 1970, right or wrong */
	void (*self)(struct tusk_owner *ret_owner);
	enum tusk_life (*life)(const struct tusk_owner *owner);
};
extern struct tusk_lease_env tusk_lease_env;

/* A lease of our own. Invariant: name is set iff it may lie on the node. */
struct tusk_lease {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	char name[80];
	pthread_mutex_t lock; /* guards all below */
	struct tusk_lease_note note;
	uint64_t renewed; /* tusk_lease_env.boot of the last success */
	pthread_t thread;
	pthread_cond_t stopped;
	bool has_thread, stop;
	bool has_soon; /* a root that the thread is to add */
	struct tusk_id soon;
};
/* Durable on return. lease: zeroed, or released. */
int tusk_lease_take(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
		    enum tusk_lease_kind kind, struct tusk_err *err);
/* The lease of a writer, which says what epoch its holder has seen. */
int tusk_lease_take_writer(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
			   const struct tusk_epoch *epoch, struct tusk_err *err);
/* Renews it from a thread of its own until it is released. */
int tusk_lease_keep(struct tusk_lease *lease, struct tusk_err *err);
/* Adds a root to it, if there is room and it is not in it already. */
int tusk_lease_root(struct tusk_lease *lease, const struct tusk_id *root, struct tusk_err *err);
/* The same soon, by the thread that renews it (at once where there is none): for what only saves work. */
int tusk_lease_root_soon(struct tusk_lease *lease, const struct tusk_id *root, struct tusk_err *err);
/* Whether its holder may rely on it: it still lies on the node as last written, and not too long ago. 1, 0, or -1:
 * cannot say. */
int tusk_lease_holds(struct tusk_lease *lease, struct tusk_err *err);
/* Removes it from the node; what fails is left for prune. */
void tusk_lease_release(struct tusk_lease *lease);
#define TUSK_AUTO_LEASE TUSK_CLEANUP(tusk_lease_release)

/* All leases of a node. One that does not decode is of kind 0. */
struct tusk_seen_lease {
	char name[80];
	struct tusk_lease_note note;
	enum tusk_life life;
};
struct tusk_leases {
	struct tusk_seen_lease *items;
	size_t count;
};
void tusk_leases_release(struct tusk_leases *leases);
#define TUSK_AUTO_LEASES TUSK_CLEANUP(tusk_leases_release)
/* memory: a folder in which it is remembered when a counter was first seen (NULL: nothing is remembered, and only what
 * the kernel knows makes a lease dead). */
int tusk_leases_load(struct tusk_node *node, const struct tusk_keys *keys, const char *memory,
		     struct tusk_leases *ret_leases, struct tusk_err *err);

#endif
