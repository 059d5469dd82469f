/* One object to one member, from wherever it is intact. */
#include "nodeset_private.h"

#include <string.h>

/* The next thing to do after a source failed: -1 to end with why, else 0. */
static int judge_failure(struct turn *turn, const struct tusk_copy *copy)
{
	if (!copy->source_failed)
		return -1;
	turn_failed(turn);
	/* What is damaged there is healed from a member that comes later, and taken from that one. */
	if (turn->why.code == TUSK_E_CORRUPT)
		(void)set_suspect(&turn->set->base, copy->name);
	return 0;
}

int set_copy_to_member(struct member *member, struct tusk_copy *copy, struct tusk_err *err)
{
	struct tusk_err failure = {0};
	struct turn turn;

	for (turn_begin(member->set, &turn); turn_next(&turn);) {
		if (turn.member == member || set_is_avoided(member->set, turn.member, copy->name))
			continue;
		int found = tusk_copy_from_node(copy, turn.node, &turn.why);
		if (found == TUSK_NODE_FOUND)
			return 0;
		if (found == TUSK_NODE_ABSENT)
			continue;
		failure = turn.why;
		if (judge_failure(&turn, copy) < 0)
			break;
	}
	if (failure.code == TUSK_OK)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is on no other node", copy->name);
	if (err)
		*err = failure;
	return -1;
}

static void note_lost(struct set *set, const char *name)
{
	struct tusk_id id;

	pthread_mutex_lock(&set->lock);
	if (listing_id(name, &id) == 0 && listing_add(&set->lost, &id, 0) == 0)
		listing_seal(&set->lost);
	pthread_mutex_unlock(&set->lock);
}

int tusk_nodeset_bring(struct tusk_node *node, size_t i, const char *name, bool replace,
		       const struct tusk_copy_meter *meter, struct tusk_err *err)
{
	struct member *member = &set_of(node)->members[i];
	struct tusk_copy copy = {.name = name, .replace = replace, .meter = meter};
	struct tusk_err why = {0};

	copy.to = member_node(member, -1, err);
	if (!copy.to)
		return -1;
	if (set_copy_to_member(member, &copy, &why) == 0)
		return 0;
	if (copy.source_failed && why.code == TUSK_E_CORRUPT && tusk_object_is_pack(name))
		note_lost(member->set, name);
	if (!copy.source_failed)
		member_failed(member, copy.to, &why);
	if (err)
		*err = why;
	return -1;
}

int tusk_nodeset_bring_manifest(struct tusk_node *node, size_t i, const char *name, struct tusk_err *err)
{
	struct set *set = set_of(node);
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found = set_get(node, name, TUSK_SMALL_OBJECT_MAX, &data, err);

	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is gone", name);
	if (found < 0)
		return -1;
	if (!tusk_object_proves(name, data.data, data.len))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is damaged on all nodes that have it", name);
	return set_publish(set, &set->members[i], name, &data, err);
}
