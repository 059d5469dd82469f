/* Giving back to a member what it lost or has damaged. */
#include "nodeset_private.h"
#include "objects.h"

#include <errno.h>
#include <string.h>

#define EMPTY_CONDEMNED_SIZE 100 /* header, number of packs, tag: FORMAT.md, Sealed notes */

bool set_is_avoided(struct set *set, const struct member *member, const char *name)
{
	bool found = false;

	pthread_mutex_lock(&set->lock);
	for (size_t i = 0; !found && i < set->avoided_count; i++)
		found = set->avoided[i].member == member->number && strcmp(set->avoided[i].name, name) == 0;
	pthread_mutex_unlock(&set->lock);
	return found;
}

static bool avoid(struct set *set, const struct member *member, const char *name)
{
	bool noted = false;

	pthread_mutex_lock(&set->lock);
	if (set->avoided_count < AVOIDED_MAX) {
		snprintf(set->avoided[set->avoided_count].name, TUSK_NODE_NAME_SIZE, "%s", name);
		set->avoided[set->avoided_count++].member = member->number;
		noted = true;
	}
	pthread_mutex_unlock(&set->lock);
	return noted;
}

static void note_healed(struct set *set, const char *name)
{
	pthread_mutex_lock(&set->lock);
	snprintf(set->healed[set->healed_count++ % HEALED_MAX], TUSK_NODE_NAME_SIZE, "%s", name);
	pthread_mutex_unlock(&set->lock);
}

/* Another thread may have healed what this one has read before. */
static bool was_healed(struct set *set, const char *name)
{
	bool found = false;

	pthread_mutex_lock(&set->lock);
	for (size_t i = 0; !found && i < HEALED_MAX; i++)
		found = strcmp(set->healed[i], name) == 0;
	pthread_mutex_unlock(&set->lock);
	return found;
}

/* Puts from's copy in the place of a bad or missing one. */
static int replace(struct member *member, struct tusk_node *node, struct member *from, struct tusk_node *from_node,
		   const char *name)
{
	struct tusk_copy copy = {.to = node, .name = name, .replace = true};
	struct tusk_err why = {0};

	if (tusk_copy_from_node(&copy, from_node, &why) == TUSK_NODE_FOUND) {
		note_healed(member->set, name);
		set_log(member->set, "healed %s on %s from %s", name, member->info.name, from->info.name);
		return 0;
	}
	set_log(member->set, "cannot heal %s on %s from %s: %s", name, member->info.name, from->info.name, why.message);
	return -1;
}

/* A member whose copy proved bad, until a good one is found. */
struct patient {
	struct member *member;
	struct tusk_node *node;
};

static bool treat(struct set *set, const struct patient *patients, size_t count, const struct turn *good,
		  const char *name)
{
	bool helped = count == 0 && was_healed(set, name);

	for (size_t i = 0; i < count; i++) {
		if (replace(patients[i].member, patients[i].node, good->member, good->node, name) == 0 ||
		    avoid(set, patients[i].member, name))
			helped = true;
	}
	return helped;
}

/* A disk that cannot read is damage; a service that answers with an error is not. */
static bool is_damage(const struct member *member, const struct tusk_err *why)
{
	return why->code == TUSK_E_CORRUPT || why->code == TUSK_E_LIMIT ||
	       (why->code == TUSK_E_IO && why->sys_errno == EIO && member_is_local(member));
}

/* Examines the members in the order in which they are read, up to the first good copy. */
static bool find_and_treat(struct set *set, const char *name)
{
	struct patient patients[MEMBERS_MAX];
	size_t count = 0;
	struct turn turn;

	for (turn_begin(set, &turn); turn_next(&turn);) {
		if (set_is_avoided(set, turn.member, name))
			continue;
		int found = tusk_object_examine(turn.node, name, &turn.why);
		if (found == TUSK_NODE_FOUND)
			return treat(set, patients, count, &turn, name);
		if (found == TUSK_NODE_ABSENT)
			turn.answered = true;
		else if (is_damage(turn.member, &turn.why))
			patients[count++] = (struct patient){turn.member, turn.node};
		else
			turn_failed(&turn);
	}
	return false;
}

int set_suspect(struct tusk_node *node, const char *name)
{
	struct set *set = set_of(node);

	if (!tusk_object_is_provable(name))
		return 0;
	pthread_mutex_lock(&set->heal_lock);
	bool helped = find_and_treat(set, name);
	pthread_mutex_unlock(&set->heal_lock);
	return helped;
}

/* "packs/ab/abc" <-> "toc/abc" */
static void partner_name(const char *name, char ret_partner[TUSK_NODE_NAME_SIZE])
{
	const char *digits = strrchr(name, '/') + 1;

	if (tusk_object_is_pack(name))
		snprintf(ret_partner, TUSK_NODE_NAME_SIZE, "toc/%s", digits);
	else
		snprintf(ret_partner, TUSK_NODE_NAME_SIZE, "packs/%.2s/%s", digits, digits);
}

/* A pack and its table of contents come and go together: one without the other is a loss, neither is not. A manifest
 * was lost if the member has all packs and nobody forgot the snapshot. The rest is the business of sync. */
static bool was_lost(struct set *set, struct tusk_node *node, const char *name)
{
	char partner[TUSK_NODE_NAME_SIZE];
	uint64_t size;

	/* While prune removes packs, what is absent may be meant to be. */
	int found = tusk_node_stat(node, "condemned", &size, NULL);
	if (found < 0 || (found == TUSK_NODE_FOUND && size > EMPTY_CONDEMNED_SIZE))
		return false;
	if (tusk_object_is_pack(name) || strncmp(name, "toc/", 4) == 0) {
		partner_name(name, partner);
		return tusk_node_stat(node, partner, &size, NULL) == TUSK_NODE_FOUND;
	}
	if (strncmp(name, "snapshots/", 10) != 0)
		return false;
	snprintf(partner, sizeof(partner), "forgotten/%s", name + 10);
	return set_stat(&set->base, partner, &size, NULL) == TUSK_NODE_ABSENT &&
	       set_member_is_complete(set, node, NULL) == 1;
}

void set_heal_absent(struct set *set, struct member *member, struct member *from, const char *name)
{
	struct tusk_node *node = member_node(member, 0, NULL), *from_node = member_node(from, 0, NULL);
	uint64_t size;

	if (!node || !from_node)
		return;
	pthread_mutex_lock(&set->heal_lock);
	if (tusk_node_stat(node, name, &size, NULL) == TUSK_NODE_ABSENT && was_lost(set, node, name))
		(void)replace(member, node, from, from_node, name);
	pthread_mutex_unlock(&set->heal_lock);
}
