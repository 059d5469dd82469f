/* All states of the protocol of writers and prune, for one chunk: a breadth-first search over every order of steps,
 * with a crash and the end of a lease possible at each. See store/DESIGN.md, Writers and prune.
 *
 *   prune_model [--no-locks] [--without commit_check|rescue|post_verify|begin_list]   prints the number of states; 1: a
 * pack was lost
 *
 * One pack that nobody needs is there at first. Two writers each want a snapshot of the chunk: they rely on a pack that
 * is listed and not condemned, or store one of their own. Two prunes, one at a time. Nothing here knows of time: a
 * lease may end at any moment. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKS   5u /* the first one, and two of each writer */
#define WRITERS 2u
#define NOBODY  7u

enum writer_step { W_BEGIN, W_LIST, W_STORE, W_COMMIT, W_VERIFY, W_PUBLISH, W_ACK, W_DONE };
enum prune_step { P_IDLE, P_OPEN, P_MARK, P_CONDEMN, P_EPOCH, P_RESCUE, P_SPARE, P_SWEEP, P_DONE };

struct writer {
	uint8_t step, pack;  /* pack: relied upon */
	uint8_t epoch, skip; /* as seen when it began: skip is the list of condemned packs */
	uint8_t stored;      /* packs of its own so far */
	uint8_t visible, acknowledged, in_lease, has_lease;
};

struct state {
	uint8_t present, condemned, epoch; /* sets of packs */
	struct writer writers[WRITERS];
	uint8_t prune, prunes, live, mine, rescued, swept; /* prunes: begun so far */
};

static bool has_locks = true;
static const char *without = "";

static bool is_without(const char *step)
{
	return strcmp(without, step) == 0;
}

/* ---- the set of states ---- */

static struct state *states;
static uint32_t *slots;
static size_t count, capacity, slot_count;

static uint64_t hash(const struct state *state)
{
	const uint8_t *bytes = (const uint8_t *)state;
	uint64_t value = 14695981039346656037u; /* FNV-1a */
	for (size_t i = 0; i < sizeof(*state); i++)
		value = (value ^ bytes[i]) * 1099511628211u;
	return value;
}

static void place(uint32_t number)
{
	size_t i = hash(&states[number]) & (slot_count - 1);
	while (slots[i])
		i = (i + 1) & (slot_count - 1);
	slots[i] = number + 1;
}

static void grow(void)
{
	capacity = capacity ? 2 * capacity : 1 << 16;
	states = realloc(states, capacity * sizeof(*states));
	free(slots);
	slot_count = 4 * capacity;
	slots = calloc(slot_count, sizeof(*slots));
	if (!states || !slots)
		abort();
	for (size_t i = 0; i < count; i++)
		place((uint32_t)i);
}

static void add(const struct state *state)
{
	if (count == capacity)
		grow();
	size_t i = hash(state) & (slot_count - 1);
	for (; slots[i]; i = (i + 1) & (slot_count - 1))
		if (memcmp(&states[slots[i] - 1], state, sizeof(*state)) == 0)
			return;
	states[count++] = *state;
	slots[i] = (uint32_t)count;
}

/* ---- writers ---- */

static uint8_t bit(unsigned pack)
{
	return (uint8_t)(1u << pack);
}

static void again(struct writer *writer)
{
	writer->step = W_BEGIN;
	writer->in_lease = writer->has_lease = 0;
	writer->pack = NOBODY;
}

/* Publishes under the lock if the pack is there; takes it out of the list of condemned ones. */
static void commit_locked(struct state *state, struct writer *writer)
{
	bool is_known = state->epoch == writer->epoch || is_without("commit_check");

	if (!is_known && !(state->present & bit(writer->pack))) {
		again(writer);
		return;
	}
	if (!is_known)
		state->condemned &= (uint8_t)~bit(writer->pack);
	writer->visible = writer->acknowledged = 1;
	writer->has_lease = 0;
	writer->step = W_DONE;
}

static void verify_lockless(const struct state *state, struct writer *writer)
{
	bool good = (state->present & bit(writer->pack)) && !(state->condemned & bit(writer->pack));

	if (good || state->epoch == writer->epoch || is_without("post_verify"))
		writer->step++;
	else if (writer->visible) {
		writer->visible = 0;
		again(writer);
	} else {
		again(writer);
	}
}

/* One step of a writer. false: it has none. */
static bool step_writer(struct state *state, unsigned which)
{
	struct writer *writer = &state->writers[which];

	switch ((enum writer_step)writer->step) {
	case W_BEGIN: /* lease, then epoch */
		writer->has_lease = 1;
		writer->epoch = state->epoch;
		writer->step = W_LIST;
		return true;
	case W_LIST: /* the list of condemned packs; then what is listed and not among them may be relied upon */
		writer->skip = is_without("begin_list") ? 0 : state->condemned;
		writer->pack = NOBODY;
		for (unsigned pack = 0; pack < PACKS; pack++)
			if ((state->present & bit(pack)) && !(writer->skip & bit(pack)))
				writer->pack = (uint8_t)pack;
		writer->step = writer->pack == NOBODY ? W_STORE : W_COMMIT;
		return true;
	case W_STORE:
		if (writer->stored == 2)
			return false; /* the search ends here */
		writer->pack = (uint8_t)(1 + 2 * which + writer->stored++);
		state->present |= bit(writer->pack);
		writer->step = W_COMMIT;
		return true;
	case W_COMMIT:
		if (has_locks)
			commit_locked(state, writer);
		else {
			writer->in_lease = writer->has_lease;
			writer->step = W_VERIFY;
		}
		return true;
	case W_VERIFY:
		verify_lockless(state, writer);
		return true;
	case W_PUBLISH:
		writer->visible = 1;
		writer->step = W_ACK;
		return true;
	case W_ACK: /* the lease is there still, or all is looked at once more */
		if (writer->has_lease || is_without("post_verify"))
			writer->step = W_DONE;
		else
			verify_lockless(state, writer);
		writer->acknowledged = writer->step == W_DONE;
		if (writer->acknowledged)
			writer->has_lease = writer->in_lease = 0;
		return true;
	case W_DONE:
		return false;
	}
	return false;
}

/* ---- prune ---- */

static uint8_t needed(const struct state *state)
{
	uint8_t live = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		if (state->writers[i].visible || (!has_locks && state->writers[i].in_lease))
			live |= bit(state->writers[i].pack);
	return live;
}

/* Without locks: nothing is condemned while a lease of a writer lies there. */
static bool must_wait(const struct state *state)
{
	return !has_locks && (state->writers[0].has_lease || state->writers[1].has_lease);
}

static bool step_prune(struct state *state)
{
	switch ((enum prune_step)state->prune) {
	case P_IDLE:
		if (state->prunes == 2)
			return false;
		state->prunes++;
		state->prune = P_OPEN;
		return true;
	case P_OPEN: /* what a killed prune left: its epoch begins now at the latest */
		state->mine = state->condemned;
		if (state->condemned && state->epoch < 3)
			state->epoch++;
		state->prune = state->condemned ? P_RESCUE : P_MARK;
		return true;
	case P_MARK:
		state->live = needed(state);
		state->mine = (uint8_t)(state->present & ~state->live);
		state->prune = state->mine && !must_wait(state) ? P_CONDEMN : P_DONE;
		return true;
	case P_CONDEMN:
		state->condemned |= state->mine;
		state->prune = P_EPOCH;
		return true;
	case P_EPOCH:
		state->epoch++;
		state->prune = P_RESCUE;
		return true;
	case P_RESCUE: /* looks */
		state->live = is_without("rescue") ? 0 : needed(state);
		state->prune = P_SPARE;
		return true;
	case P_SPARE: /* acts upon it */
		state->condemned &= (uint8_t)~state->live;
		state->rescued = (uint8_t)(state->mine & ~state->live);
		state->prune = P_SWEEP;
		return true;
	case P_SWEEP: /* one pack at a time, with a look at the list */
		for (unsigned pack = 0; pack < PACKS; pack++)
			if (state->rescued & state->condemned & bit(pack)) {
				state->present &= (uint8_t)~bit(pack);
				state->condemned &= (uint8_t)~bit(pack);
				return true;
			}
		state->prune = P_DONE;
		return true;
	case P_DONE:
		state->prune = P_IDLE;
		state->live = state->mine = state->rescued = 0;
		return true;
	}
	return false;
}

/* With a lock, condemning and the new epoch are one step to all who take the lock: a writer's commit. */
static bool is_locked(const struct state *state)
{
	return has_locks && state->prune == P_EPOCH;
}

/* ---- the search ---- */

static bool is_lost(const struct state *state)
{
	for (unsigned i = 0; i < WRITERS; i++) {
		const struct writer *writer = &state->writers[i];
		if ((has_locks ? writer->visible : writer->acknowledged) && !(state->present & bit(writer->pack)))
			return true;
	}
	return false;
}

static void expand(const struct state *from)
{
	for (unsigned i = 0; i < WRITERS; i++) {
		struct state next = *from;
		if (!(is_locked(from) && next.writers[i].step == W_COMMIT) && step_writer(&next, i))
			add(&next);
		next = *from; /* it crashes; what is visible stays so */
		if (next.writers[i].step != W_DONE) {
			next.writers[i].step = W_DONE;
			add(&next);
		}
		next = *from; /* it is taken for dead */
		if (next.writers[i].has_lease) {
			next.writers[i].has_lease = next.writers[i].in_lease = 0;
			add(&next);
		}
	}
	struct state next = *from;
	if (step_prune(&next))
		add(&next);
	next = *from; /* it crashes */
	if (next.prune != P_IDLE) {
		next.prune = P_IDLE;
		next.live = next.mine = next.rescued = 0;
		add(&next);
	}
}

int main(int argc, char **argv)
{
	struct state first;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-locks") == 0)
			has_locks = false;
		else if (strcmp(argv[i], "--without") == 0 && i + 1 < argc)
			without = argv[++i];
		else
			return fprintf(stderr, "prune_model: %s?\n", argv[i]), 2;
	}
	memset(&first, 0, sizeof(first));
	first.present = 1;
	first.writers[0].pack = first.writers[1].pack = NOBODY;
	add(&first);
	for (size_t i = 0; i < count; i++) {
		struct state state = states[i];
		if (is_lost(&state)) {
			printf("state %zu: a snapshot has lost its pack\n", i);
			free(states);
			free(slots);
			return 1;
		}
		expand(&state);
	}
	printf("%zu states, no loss\n", count);
	free(states);
	free(slots);
	return 0;
}
