/* A deterministic world for the protocol of writers and prune: one node in memory, actors that are interleaved at every
 * operation on it, clocks of our own, crashes, lost and doubled requests. Everything follows from the seed. */
#ifndef TUSK_SIM_H
#define TUSK_SIM_H

#include "node_ops.h"
#include "work.h"

#include <ucontext.h>

#define SIM_ACTORS  8u
#define SIM_CHUNKS  4u
#define SIM_STACK   (192u << 10)
#define SIM_NAME    80u
#define SIM_OBJECTS 400u

struct sim;

struct sim_actor {
	struct sim *sim;
	const char *kind;
	int (*run)(struct sim_actor *actor);
	ucontext_t context;
	void *stack;
	uint64_t pid;
	unsigned delay; /* turns before it begins */
	bool done, crashed, holds_lock, taken_for_dead;
};

struct sim_object {
	char name[SIM_NAME];
	uint8_t *data;
	size_t len;
};

struct sim {
	struct tusk_node node; /* first: what the protocol gets */
	struct tusk_keys keys;
	uint64_t random;
	bool has_locks, trace;
	struct sim_object objects[SIM_OBJECTS];
	size_t object_count;
	struct sim_actor actors[SIM_ACTORS];
	size_t actor_count;
	struct sim_actor *current, *lock_holder;
	ucontext_t scheduler;
	uint64_t boot;
	int64_t wall;
	/* Acknowledged snapshots that nobody has forgotten, by the name of their manifest. */
	char acknowledged[SIM_OBJECTS][SIM_NAME];
	size_t acknowledged_count;
	const char *lost; /* what went wrong, or NULL */
	uint64_t commits, stales, swept;
	bool faults;
};

void sim_open(struct sim *sim, uint64_t seed, bool has_locks);
void sim_close(struct sim *sim);
struct sim_actor *sim_actor_add(struct sim *sim, const char *kind, int (*run)(struct sim_actor *actor), unsigned delay);
/* Runs all actors to their end, or until something is lost. */
void sim_run(struct sim *sim);
uint64_t sim_random(struct sim *sim, uint64_t below);
/* An object by name, or NULL. */
const struct sim_object *sim_find(const struct sim *sim, const char *name);
/* Whether a pack with that chunk is there. */
bool sim_has_chunk(const struct sim *sim, unsigned chunk);
void sim_acknowledge(struct sim *sim, const char *manifest);
void sim_random_name(struct sim *sim, const char *folder, char ret_name[SIM_NAME]);

#endif
