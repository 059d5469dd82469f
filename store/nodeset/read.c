/* Reading from the first member that has it intact. */
#include "nodeset_private.h"
#include "objects.h"
#include "tusk/clock.h"

#include <stdlib.h>
#include <string.h>

#define REMOTE_GENERATION_MS 30000 /* how often a member that is not local is asked what changed */

#define OBJECTS_MAX 4 /* how often an open object can move on to another member */

/* ---- whole objects ---- */

/* Members that were asked before the one that had it. */
struct losers {
	struct member *absent[MEMBERS_MAX];
	size_t absent_count;
	bool damaged;
};

/* What was found damaged first is kept: when no member has better, the caller sees it and says what is wrong. */
static int get_intact(struct turn *turn, const char *name, size_t max, struct tusk_buf *kept, struct losers *losers)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found = tusk_node_get(turn->node, name, max, &data, &turn->why);

	if (found == TUSK_NODE_ABSENT) {
		turn->answered = true;
		losers->absent[losers->absent_count++] = turn->member;
		return TUSK_NODE_ABSENT;
	}
	if (found < 0 && turn->why.code != TUSK_E_CORRUPT && turn->why.code != TUSK_E_LIMIT) {
		turn_failed(turn);
		return -1;
	}
	bool proves = found == TUSK_NODE_FOUND && tusk_object_proves(name, data.data, data.len);
	losers->damaged = losers->damaged || !proves;
	if (proves || (found == TUSK_NODE_FOUND && !kept->data)) {
		tusk_buf_release(kept);
		*kept = data;
		data = (struct tusk_buf){0};
	}
	return proves ? TUSK_NODE_FOUND : -1;
}

static void repair(struct set *set, const struct losers *losers, struct member *from, const char *name)
{
	if (losers->damaged)
		set_suspect(&set->base, name);
	for (size_t i = 0; i < losers->absent_count; i++)
		set_heal_absent(set, losers->absent[i], from, name);
}

int set_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err)
{
	struct tusk_buf kept TUSK_AUTO_SECRET_BUF = {0};
	struct losers losers = {0};
	struct turn turn;
	bool good = false;

	if (set_is_own(name)) {
		struct tusk_node *own = set_own_node(set_of(node), err);
		return own ? tusk_node_get(own, name, max, ret_data, err) : -1;
	}
	for (turn_begin(set_of(node), &turn); !good && turn_next(&turn);) {
		if (!set_is_avoided(turn.set, turn.member, name))
			good = get_intact(&turn, name, max, &kept, &losers) == TUSK_NODE_FOUND;
	}
	if (!good && !kept.data)
		return turn_end(&turn, err);
	if (good)
		repair(turn.set, &losers, turn.member, name);
	tusk_buf_release(ret_data);
	*ret_data = kept;
	kept = (struct tusk_buf){0};
	return TUSK_NODE_FOUND;
}

/* ---- ranges ---- */

/* An object on one member; on another one when that fails. Replaced objects stay open: other threads may be reading. */
struct set_object {
	struct tusk_object base;
	struct set *set;
	pthread_mutex_t lock; /* all below */
	size_t count;         /* the last one is used */
	struct tusk_object *objects[OBJECTS_MAX];
};

static int open_somewhere(struct set *set, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	struct losers losers = {0};
	struct turn turn;

	for (turn_begin(set, &turn); turn_next(&turn);) {
		if (set_is_avoided(set, turn.member, name))
			continue;
		int found = tusk_object_open(turn.node, name, ret_object, &turn.why);
		if (found == TUSK_NODE_FOUND) {
			repair(set, &losers, turn.member, name);
			return found;
		}
		turn_missed(&turn, found);
		if (found == TUSK_NODE_ABSENT)
			losers.absent[losers.absent_count++] = turn.member;
	}
	return turn_end(&turn, err);
}

static void note_failure(struct set *set, struct tusk_node *node, const struct tusk_err *why)
{
	for (size_t i = 0; i < set->count; i++)
		member_failed(&set->members[i], node, why);
}

/* With the object's lock. */
static int append_fresh(struct set_object *object)
{
	struct tusk_object *fresh = NULL;

	if (object->count == OBJECTS_MAX)
		return -1;
	if (open_somewhere(object->set, object->base.name, &fresh, NULL) != TUSK_NODE_FOUND)
		return -1;
	object->objects[object->count++] = fresh;
	return 0;
}

/* Opens it anew, where it is intact, unless another thread did so since the reader took object number. */
static int open_again(struct set_object *object, size_t number, const struct tusk_err *why)
{
	int result = 0;

	note_failure(object->set, object->objects[number - 1]->node, why);
	if (why->code == TUSK_E_CORRUPT || why->code == TUSK_E_IO)
		set_suspect(&object->set->base, object->base.name);
	pthread_mutex_lock(&object->lock);
	if (object->count == number)
		result = append_fresh(object);
	pthread_mutex_unlock(&object->lock);
	return result;
}

static int set_object_pread(struct tusk_object *base, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	struct set_object *object = (struct set_object *)base;
	struct tusk_err why = {0};

	for (;;) {
		pthread_mutex_lock(&object->lock);
		size_t number = object->count;
		struct tusk_object *current = object->objects[number - 1];
		pthread_mutex_unlock(&object->lock);
		if (tusk_object_pread(current, data, len, offset, &why) == 0)
			return 0;
		if (open_again(object, number, &why) < 0)
			break;
	}
	if (err)
		*err = why;
	return -1;
}

static void set_object_close(struct tusk_object *base)
{
	struct set_object *object = (struct set_object *)base;

	for (size_t i = 0; i < object->count; i++)
		tusk_object_close(object->objects[i]);
	pthread_mutex_destroy(&object->lock);
	free(object);
}

static const struct tusk_object_ops object_ops = {.close = set_object_close, .pread = set_object_pread};

int set_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	struct set_object *object TUSK_AUTO_FREE = calloc(1, sizeof(*object));
	int found;

	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	found = open_somewhere(set_of(node), name, &object->objects[0], err);
	if (found != TUSK_NODE_FOUND)
		return found;
	object->count = 1;
	object->set = set_of(node);
	object->base.ops = &object_ops;
	object->base.size = tusk_object_size(object->objects[0]);
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	pthread_mutex_init(&object->lock, NULL);
	*ret_object = &TUSK_STEAL(object)->base;
	return TUSK_NODE_FOUND;
}

/* ---- questions ---- */

int set_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	struct turn turn;

	if (set_is_own(name)) {
		struct tusk_node *own = set_own_node(set_of(node), err);
		return own ? tusk_node_stat(own, name, ret_size, err) : -1;
	}
	for (turn_begin(set_of(node), &turn); turn_next(&turn);) {
		int found = tusk_node_stat(turn.node, name, ret_size, &turn.why);

		if (found == TUSK_NODE_FOUND)
			return found;
		turn_missed(&turn, found);
	}
	return turn_end(&turn, err);
}

int set_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
	       struct tusk_err *err)
{
	struct turn turn;

	for (turn_begin(set_of(node), &turn); turn_next(&turn);) {
		int found = tusk_node_digest(turn.node, name, ret_sha256, ret_size, &turn.why);

		if (found == TUSK_NODE_FOUND)
			return found;
		turn_missed(&turn, found);
	}
	return turn_end(&turn, err);
}

static size_t generation_number(const char *prefix)
{
	static const char *const prefixes[GENERATIONS] = {"packs/", "toc/",   "snapshots/", "keys/",   "leases/",
							  "nodes/", "marks/", "forgotten/", "ledger/", "drills/"};
	size_t number = 0;

	while (number + 1 < GENERATIONS && strcmp(prefix, prefixes[number]) != 0)
		number++;
	return number;
}

/* The folder's generation on one member; one that is far away is asked now and then. */
static int member_generation(struct turn *turn, const char *prefix, uint64_t *ret_value)
{
	struct member *member = turn->member;
	size_t number = generation_number(prefix);
	bool is_fresh;

	pthread_mutex_lock(&member->lock);
	int64_t at_ms = member->generations[number].at_ms;
	*ret_value = member->generations[number].value;
	pthread_mutex_unlock(&member->lock);
	is_fresh = !member_is_local(member) && at_ms != 0 && tusk_now_ms() - at_ms < REMOTE_GENERATION_MS;
	if (is_fresh)
		return 0;
	if (tusk_node_generation(turn->node, prefix, ret_value, &turn->why) < 0)
		return -1;
	pthread_mutex_lock(&member->lock);
	member->generations[number].at_ms = tusk_now_ms();
	member->generations[number].value = *ret_value;
	pthread_mutex_unlock(&member->lock);
	return 0;
}

int set_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err)
{
	uint64_t hash = 0, value;
	struct turn turn;

	for (turn_begin(set_of(node), &turn); turn_next(&turn);) {
		if (member_generation(&turn, prefix, &value) < 0) {
			turn_failed(&turn);
			continue;
		}
		turn.answered = true;
		hash = (hash ^ value ^ turn.member->number) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	if (!turn.answered)
		return turn_end(&turn, err);
	*ret_generation = hash;
	return 0;
}

int set_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	struct turn turn;

	for (turn_begin(set_of(node), &turn); turn_next(&turn);) {
		if (tusk_node_space(turn.node, ret_free, ret_total, &turn.why) == 0)
			return 0;
		turn_failed(&turn);
	}
	return turn_end(&turn, err);
}
