#include "sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct sim *the_sim; /* for the clocks and owners, which have no context */

uint64_t sim_random(struct sim *sim, uint64_t below)
{
	/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014) */
	uint64_t z = sim->random += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % below;
}

static bool chance(struct sim *sim, unsigned in_ten_thousand)
{
	return sim->faults && sim_random(sim, 10000) < in_ten_thousand;
}

/* ---- the world of leases ---- */

static uint64_t boot(void)
{
	return the_sim->boot;
}

static int64_t wall(void)
{
	return the_sim->wall;
}

static void self(struct tusk_owner *ret_owner)
{
	*ret_owner = (struct tusk_owner){.pid = the_sim->current ? the_sim->current->pid : 0, .host = "sim"};
}

/* Whoever has crashed may be known as dead, or not yet. Whoever lives may be taken for dead, once that can be. */
static enum tusk_life life(const struct tusk_owner *owner)
{
	for (size_t i = 0; i < the_sim->actor_count; i++) {
		struct sim_actor *actor = &the_sim->actors[i];
		if (actor->pid != owner->pid)
			continue;
		if (actor->done || actor->crashed)
			return !the_sim->faults || sim_random(the_sim, 4) ? TUSK_LIFE_DEAD : TUSK_LIFE_UNKNOWN;
		return actor->taken_for_dead ? TUSK_LIFE_DEAD : TUSK_LIFE_ALIVE;
	}
	return TUSK_LIFE_DEAD;
}

/* ---- objects ---- */

static struct sim_object *find(const struct sim *sim, const char *name)
{
	for (size_t i = 0; i < sim->object_count; i++)
		if (strcmp(sim->objects[i].name, name) == 0)
			return (struct sim_object *)(uintptr_t)&sim->objects[i];
	return NULL;
}

const struct sim_object *sim_find(const struct sim *sim, const char *name)
{
	return find(sim, name);
}

bool sim_has_chunk(const struct sim *sim, unsigned chunk)
{
	for (size_t i = 0; i < sim->object_count; i++)
		if (strncmp(sim->objects[i].name, "packs/", 6) == 0 && sim->objects[i].data[0] == chunk)
			return true;
	return false;
}

static bool is_whole(const struct sim *sim, const struct sim_object *manifest)
{
	for (unsigned chunk = 0; chunk < SIM_CHUNKS; chunk++)
		if ((manifest->data[0] & 1u << chunk) && !sim_has_chunk(sim, chunk))
			return false;
	return true;
}

/* The promise: what was acknowledged is whole; where there are locks, so is all that is visible. */
static void check(struct sim *sim)
{
	for (size_t i = 0; i < sim->acknowledged_count; i++) {
		const struct sim_object *manifest = find(sim, sim->acknowledged[i]);
		if (!manifest || !is_whole(sim, manifest))
			sim->lost = "an acknowledged snapshot has lost a pack";
	}
	for (size_t i = 0; sim->has_locks && i < sim->object_count; i++)
		if (strncmp(sim->objects[i].name, "snapshots/", 10) == 0 && !is_whole(sim, &sim->objects[i]))
			sim->lost = "a visible snapshot has lost a pack";
}

void sim_acknowledge(struct sim *sim, const char *manifest)
{
	assert(sim->acknowledged_count < SIM_OBJECTS);
	snprintf(sim->acknowledged[sim->acknowledged_count++], SIM_NAME, "%s", manifest);
	check(sim);
}

static void forget(struct sim *sim, const char *manifest)
{
	for (size_t i = 0; i < sim->acknowledged_count; i++)
		if (strcmp(sim->acknowledged[i], manifest) == 0)
			memcpy(sim->acknowledged[i], sim->acknowledged[--sim->acknowledged_count], SIM_NAME);
}

static void set(struct sim *sim, const char *name, const void *data, size_t len)
{
	struct sim_object *object = find(sim, name);

	if (!object) {
		assert(sim->object_count < SIM_OBJECTS);
		object = &sim->objects[sim->object_count++];
		snprintf(object->name, sizeof(object->name), "%s", name);
		object->data = NULL;
	}
	free(object->data);
	object->data = malloc(len + 1);
	assert(object->data);
	memcpy(object->data, data, len);
	object->len = len;
	check(sim);
}

static void unset(struct sim *sim, const char *name)
{
	struct sim_object *object = find(sim, name);

	if (!object)
		return;
	free(object->data);
	*object = sim->objects[--sim->object_count];
	check(sim);
}

/* ---- the scheduler ---- */

static void yield(struct sim *sim)
{
	struct sim_actor *actor = sim->current;

	if (actor)
		swapcontext(&actor->context, &sim->scheduler);
}

static int broken(const char *name, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_IO, 0, "%s: the connection broke", name);
}

/* Before each operation the others have a turn. -1: it does not take place. */
static int enter(struct sim *sim, const char *what, const char *name, struct tusk_err *err)
{
	yield(sim);
	struct sim_actor *actor = sim->current;
	if (!actor)
		return 0;
	if (chance(sim, 30))
		actor->crashed = true;
	if (sim->trace)
		fprintf(stderr, "%-7s%llu  %-8s %.24s%s\n", actor->kind, (unsigned long long)actor->pid, what, name,
			actor->crashed ? "  CRASHED" : "");
	if (actor->crashed || chance(sim, 20))
		return broken(name, err);
	return 0;
}

/* An operation took place; its answer may get lost all the same. */
static int leave(struct sim *sim, const char *name, struct tusk_err *err)
{
	return chance(sim, 20) ? broken(name, err) : 0;
}

static void actor_main(void)
{
	struct sim *sim = the_sim;
	struct sim_actor *actor = sim->current;

	(void)actor->run(actor);
	actor->done = true;
	if (sim->lock_holder == actor)
		sim->lock_holder = NULL;
	setcontext(&sim->scheduler);
}

struct sim_actor *sim_actor_add(struct sim *sim, const char *kind, int (*run)(struct sim_actor *actor), unsigned delay)
{
	struct sim_actor *actor = &sim->actors[sim->actor_count];

	assert(sim->actor_count < SIM_ACTORS);
	*actor = (struct sim_actor){.sim = sim,
				    .kind = kind,
				    .run = run,
				    .pid = ++sim->actor_count,
				    .delay = delay,
				    .stack = malloc(SIM_STACK)};
	assert(actor->stack);
	getcontext(&actor->context);
	actor->context.uc_stack.ss_sp = actor->stack;
	actor->context.uc_stack.ss_size = SIM_STACK;
	makecontext(&actor->context, actor_main, 0);
	return actor;
}

/* Time passes, little or much; the clock of the wall jumps. Who was silent for long is taken for dead: everybody who is
 * not at work just then. */
static void advance(struct sim *sim)
{
	static const unsigned steps[] = {1, 60, 700, 2000, 7200, 90000};
	uint64_t step = steps[sim_random(sim, sizeof(steps) / sizeof(*steps))];

	sim->boot += step;
	sim->wall += (int64_t)step;
	if (chance(sim, 500))
		sim->wall += (int64_t)sim_random(sim, 630000000) - 315000000;
	if (step < TUSK_LEASE_DEAD_S)
		return;
	for (size_t i = 0; i < sim->actor_count; i++)
		sim->actors[i].taken_for_dead = !sim->actors[i].done && sim_random(sim, 2);
}

static struct sim_actor *pick(struct sim *sim)
{
	size_t alive = 0;

	for (size_t i = 0; i < sim->actor_count; i++)
		alive += !sim->actors[i].done;
	if (alive == 0)
		return NULL;
	size_t chosen = sim_random(sim, alive);
	for (size_t i = 0;; i++)
		if (!sim->actors[i].done && chosen-- == 0)
			return &sim->actors[i];
}

void sim_run(struct sim *sim)
{
	struct sim_actor *actor;

	while (!sim->lost && (actor = pick(sim))) {
		if (chance(sim, 400))
			advance(sim);
		if (actor->delay > 0) {
			actor->delay--;
			continue;
		}
		sim->current = actor;
		swapcontext(&sim->scheduler, &actor->context);
		sim->current = NULL;
	}
}

/* ---- the node ---- */

static struct sim *sim_of(struct tusk_node *node)
{
	return (struct sim *)(void *)node;
}

static int sim_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		   struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	if (enter(sim, "get", name, err) < 0)
		return -1;
	const struct sim_object *object = find(sim, name);
	if (!object)
		return TUSK_NODE_ABSENT;
	if (object->len > max)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: %zu bytes, more than %zu", name, object->len, max);
	ret_data->len = 0;
	return tusk_buf_append(ret_data, object->data, object->len) < 0 ? -1 : TUSK_NODE_FOUND;
}

/* A request may come twice: it is sent again when its answer is late. */
static int write_object(struct tusk_node *node, const char *what, const char *name, const void *data, size_t len,
			struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	for (unsigned times = chance(sim, 200) ? 2 : 1; times > 0; times--) {
		if (enter(sim, what, name, err) < 0)
			return -1;
		if (strcmp(what, "put") != 0 || !find(sim, name))
			set(sim, name, data, len);
	}
	return leave(sim, name, err);
}

static int sim_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	return write_object(node, "put", name, data, len, err);
}

static int sim_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	return write_object(node, "replace", name, data, len, err);
}

static int sim_list(struct tusk_node *node, const char *prefix,
		    int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		    struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	if (enter(sim, "list", prefix, err) < 0)
		return -1;
	for (size_t i = 0; i < sim->object_count; i++)
		if (strncmp(sim->objects[i].name, prefix, strlen(prefix)) == 0) {
			int result = visit(context, sim->objects[i].name, sim->objects[i].len, err);
			if (result != 0)
				return result;
		}
	return 0;
}

static int sim_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	if (enter(sim, "stat", name, err) < 0)
		return -1;
	const struct sim_object *object = find(sim, name);
	if (object)
		*ret_size = object->len;
	return object ? TUSK_NODE_FOUND : TUSK_NODE_ABSENT;
}

static int sim_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	for (unsigned times = chance(sim, 200) ? 2 : 1; times > 0; times--) {
		if (enter(sim, "remove", name, err) < 0)
			return -1;
		sim->swept += strncmp(name, "packs/", 6) == 0 && find(sim, name);
		/* A writer only takes back what it has not acknowledged. */
		if (sim->current && strcmp(sim->current->kind, "forget") == 0)
			forget(sim, name);
		unset(sim, name);
	}
	return leave(sim, name, err);
}

struct sim_lock {
	struct tusk_node_lock base;
	struct sim_actor *actor;
};

static void sim_unlock(struct tusk_node_lock *lock)
{
	struct sim_actor *actor = ((struct sim_lock *)lock)->actor;

	if (actor && actor->sim->lock_holder == actor)
		actor->sim->lock_holder = NULL;
	free(lock);
}

/* A lock ends with its holder: one that has crashed lets go at once, before it unwinds. */
static int sim_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	struct sim *sim = sim_of(node);

	if (!sim->has_locks)
		return TUSK_NODE_NO_LOCKS;
	do {
		if (enter(sim, "lock", "", err) < 0)
			return -1;
	} while (sim->lock_holder && !sim->lock_holder->crashed);
	struct sim_lock *lock = calloc(1, sizeof(*lock));
	assert(lock);
	lock->base.release = sim_unlock;
	lock->actor = sim->current;
	sim->lock_holder = sim->current;
	*ret_lock = &lock->base;
	return TUSK_NODE_LOCKED;
}

static int sim_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	(void)node;
	(void)err;
	*ret_free = *ret_total = 0;
	return 0;
}

static const struct tusk_node_ops ops = {.get = sim_get,
					 .space = sim_space,
					 .put = sim_put,
					 .list = sim_list,
					 .stat = sim_stat,
					 .remove = sim_remove,
					 .replace = sim_replace,
					 .lock = sim_lock};

void sim_random_name(struct sim *sim, const char *folder, char ret_name[SIM_NAME])
{
	uint8_t bytes[TUSK_ID_SIZE];
	char digits[TUSK_ID_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)sim_random(sim, 256);
	tusk_hex_encode(bytes, sizeof(bytes), digits);
	if (strcmp(folder, "packs/") == 0)
		snprintf(ret_name, SIM_NAME, "packs/%.2s/%s", digits, digits);
	else
		snprintf(ret_name, SIM_NAME, "%s%s", folder, digits);
}

void sim_open(struct sim *sim, uint64_t seed, bool has_locks)
{
	const uint8_t repository[16] = {1}, root[32] = {2};

	*sim = (struct sim){.node = {.ops = &ops},
			    .random = seed,
			    .has_locks = has_locks,
			    .boot = 1000000,
			    .wall = 1800000000,
			    .faults = true};
	if (tusk_keys_derive(TUSK_SUITE_NONE, repository, root, &sim->keys, NULL) < 0)
		abort();
	the_sim = sim;
	tusk_lease_env = (struct tusk_lease_env){.boot = boot, .wall = wall, .self = self, .life = life};
}

void sim_close(struct sim *sim)
{
	for (size_t i = 0; i < sim->actor_count; i++)
		free(sim->actors[i].stack);
	for (size_t i = 0; i < sim->object_count; i++)
		free(sim->objects[i].data);
}
