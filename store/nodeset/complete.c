/* Manifests: on a member only when it has every pack. */
#include "nodeset_private.h"
#include "objects.h"

#include <string.h>

/* What a member lacks from backups that did not reach it comes with the next one if it is no more than this: a minute
 * or a few on an ordinary line. More is for sync, which says how far it is. */
#define BRING_MAX (UINT64_C(256) << 20)

void set_require_pack(struct set *set, const char *name)
{
	struct tusk_id id;

	pthread_mutex_lock(&set->lock);
	/* Without memory the pack is not required: the member is then judged by the others. */
	if (listing_id(name, &id) == 0)
		(void)listing_add(&set->required, &id, 0);
	pthread_mutex_unlock(&set->lock);
}

void set_require_all(struct set *set, struct set_listing *listing)
{
	pthread_mutex_lock(&set->lock);
	for (size_t i = 0; i < listing->count; i++)
		(void)listing_add(&set->required, &listing->items[i].id, 0);
	listing_seal(&set->required);
	set->required_known = true;
	pthread_mutex_unlock(&set->lock);
}

static int ignore(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)context;
	(void)name;
	(void)size;
	(void)err;
	return 0;
}

static int learn_required(struct set *set, struct tusk_err *err)
{
	pthread_mutex_lock(&set->lock);
	bool known = set->required_known;
	pthread_mutex_unlock(&set->lock);
	return known ? 0 : set_list(&set->base, "toc/", ignore, NULL, err);
}

/* The first pack that is required and not listed; false when there is none. */
static bool next_missing(struct set *set, const struct set_listing *listed, size_t *number, struct tusk_id *ret_id)
{
	bool found = false;

	pthread_mutex_lock(&set->lock);
	for (; !found && *number < set->required.count; ++*number) {
		*ret_id = set->required.items[*number].id;
		found = !listing_has(listed, ret_id) && !listing_has(&set->lost, ret_id);
	}
	pthread_mutex_unlock(&set->lock);
	return found;
}

/* Calls visit for each pack that is required, that the node lacks, and that another has, until it returns not 0, which
 * is returned then. A pack that nobody has is no reason to withhold the rest. */
static int visit_missing(struct set *set, struct tusk_node *node,
			 int (*visit)(void *context, const char *digits, uint64_t size, struct tusk_err *err),
			 void *context, struct tusk_err *err)
{
	struct set_listing listed TUSK_CLEANUP(listing_release) = {0};
	char name[TUSK_NODE_NAME_SIZE], digits[TUSK_ID_TEXT_SIZE];
	struct tusk_id id;
	uint64_t size;
	int rc = 0;

	if (learn_required(set, err) < 0 || listing_load(node, "packs/", &listed, err) < 0)
		return -1;
	for (size_t number = 0; rc == 0 && next_missing(set, &listed, &number, &id);) {
		tusk_id_text(&id, digits);
		snprintf(name, sizeof(name), "packs/%.2s/%s", digits, digits);
		if (set_stat(&set->base, name, &size, NULL) == TUSK_NODE_FOUND)
			rc = visit(context, digits, size, err);
	}
	return rc;
}

static int refuse(void *context, const char *digits, uint64_t size, struct tusk_err *err)
{
	(void)context;
	(void)size;
	tusk_err_set(err, TUSK_E_NODE, 0, "packs/%.2s/%s is missing there", digits, digits);
	return 1;
}

int set_member_is_complete(struct set *set, struct tusk_node *node, struct tusk_err *err)
{
	int rc = visit_missing(set, node, refuse, NULL, err);

	return rc < 0 ? -1 : rc == 0;
}

/* ---- bringing what is missing ---- */

struct lack {
	struct set_listing packs;
	uint64_t bytes;
};

static int note_lack(void *context, const char *digits, uint64_t size, struct tusk_err *err)
{
	struct lack *lack = context;
	struct tusk_id id;

	lack->bytes += size;
	if (lack->bytes > BRING_MAX)
		return refuse(NULL, digits, size, err);
	if (tusk_hex_decode(digits, strlen(digits), id.bytes, TUSK_ID_SIZE) < 0 ||
	    listing_add(&lack->packs, &id, size) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot compare the nodes: out of memory");
	return 0;
}

/* Nothing is on a node before what it refers to. A toc that nobody has is in its pack. */
static int bring_pack(struct member *member, struct tusk_node *node, const struct tusk_id *id, struct tusk_err *err)
{
	char name[TUSK_NODE_NAME_SIZE], digits[TUSK_ID_TEXT_SIZE];
	struct tusk_copy copy = {.to = node, .name = name};
	struct tusk_err why = {0};

	tusk_id_text(id, digits);
	snprintf(name, sizeof(name), "packs/%.2s/%s", digits, digits);
	if (set_copy_to_member(member, &copy, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "toc/%s", digits);
	if (set_copy_to_member(member, &copy, &why) == 0 || why.code == TUSK_E_ABSENT)
		return 0;
	*err = why;
	return -1;
}

/* 0: it has all packs now; 1: it lacks more than comes with a backup; -1. */
static int bring_missing(struct member *member, struct tusk_err *err)
{
	struct tusk_node *node = member_node(member, -1, err);
	struct lack lack = {0};
	int rc = node ? visit_missing(member->set, node, note_lack, &lack, err) : -1;

	for (size_t i = 0; rc == 0 && i < lack.packs.count; i++)
		rc = bring_pack(member, node, &lack.packs.items[i].id, err);
	if (rc == 0 && lack.packs.count)
		set_log(member->set, "%s: %zu pack%s brought that it lacked from before", member->info.name,
			lack.packs.count, lack.packs.count == 1 ? "" : "s");
	listing_release(&lack.packs);
	return rc;
}

/* ---- publishing ---- */

/* 0; 1: packs are missing; -1. Who holds the set's lock has looked at what prune condemned there. */
static int publish_locked(struct set *set, struct member *member, struct tusk_node *node, const char *name,
			  const struct tusk_buf *data, struct tusk_err *err)
{
	int complete = set_member_is_complete(set, node, err);

	if (complete <= 0)
		return complete < 0 ? -1 : 1;
	if (tusk_node_put(node, name, data->data, data->len, err) == 0)
		return 0;
	member_failed(member, node, err);
	return -1;
}

static int ask_guard(const struct set *set, struct tusk_node *node, enum tusk_guard when, struct tusk_err *err)
{
	return set->guard ? set->guard(set->guard_context, node, when, err) : 0;
}

/* Without a lock: a prune that began meanwhile may not have seen the manifest. If one works there now, or packs went,
 * the manifest goes, too. */
static int make_sure(struct set *set, struct tusk_node *node, const char *name, struct tusk_err *err)
{
	if (ask_guard(set, node, TUSK_GUARD_AFTER, err) == 0 && set_member_is_complete(set, node, err) > 0)
		return 0;
	(void)tusk_node_remove(node, name, NULL);
	return -1;
}

/* As publish_locked. */
static int publish(struct set *set, struct member *member, const char *name, const struct tusk_buf *data,
		   struct tusk_err *err)
{
	struct tusk_node_lock *lock TUSK_AUTO_NODE_LOCK = NULL;
	struct tusk_node *node = member_node(member, -1, err);
	int locked = TUSK_NODE_LOCKED;

	if (!node)
		return -1;
	pthread_mutex_lock(&member->lock);
	bool is_held = member->lock_held;
	pthread_mutex_unlock(&member->lock);
	if (is_held)
		return publish_locked(set, member, node, name, data, err);
	locked = tusk_node_lock(node, &lock, err);
	if (locked < 0 ||
	    ask_guard(set, node, locked == TUSK_NODE_LOCKED ? TUSK_GUARD_LOCKED : TUSK_GUARD_BEFORE, err) != 0)
		return -1;
	int rc = publish_locked(set, member, node, name, data, err);
	return rc != 0 || locked == TUSK_NODE_LOCKED ? rc : make_sure(set, node, name, err);
}

int set_publish(struct set *set, struct member *member, const char *name, const struct tusk_buf *data,
		struct tusk_err *err)
{
	struct tusk_err why = {0};
	int rc = publish(set, member, name, data, err);

	/* What it lacked is brought without a lock, which others would wait for. If that cannot be had, the lack is the
	 * reason that is told. */
	if (rc > 0 && bring_missing(member, &why) == 0) {
		tusk_err_clear(err);
		rc = publish(set, member, name, data, err);
	}
	return rc == 0 ? 0 : -1;
}
