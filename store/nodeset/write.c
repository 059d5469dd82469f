/* Writing to all members. */
#include "nodeset_private.h"

#include <stdlib.h>
#include <string.h>

/* The first member that is local and can be used: others copy from it. */
struct member *set_lead(struct set *set, struct tusk_node **ret_node)
{
	for (size_t i = 0; i < set->count; i++) {
		struct member *member = &set->members[set->order[i]];
		struct tusk_node *node = member_is_local(member) ? member_node(member, -1, NULL) : NULL;

		if (node) {
			*ret_node = node;
			return member;
		}
	}
	return NULL;
}

bool set_is_own(const char *name)
{
	return strcmp(name, "epoch") == 0 || strcmp(name, "condemned") == 0;
}

struct tusk_node *set_own_node(struct set *set, struct tusk_err *err)
{
	struct tusk_node *node = NULL;

	if (set_lead(set, &node))
		return node;
	for (size_t i = 0; !node && i < set->count; i++)
		node = member_node(&set->members[set->order[i]], -1, err);
	return node;
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* ---- packs ---- */

struct set_upload {
	struct tusk_upload base;
	struct set *set;
	struct member *lead;
	struct tusk_upload *upload;
};

static int lead_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err)
{
	return tusk_upload_write(((struct set_upload *)upload)->upload, data, len, err);
}

static void lead_abort(struct tusk_upload *base)
{
	struct set_upload *upload = (struct set_upload *)base;

	tusk_upload_abort(upload->upload);
	free(upload);
}

/* Has every member but skip fetch or get the object. */
static int push_to_others(struct set *set, const struct member *skip, const char *name, const struct tusk_buf *data,
			  struct tusk_err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		if (&set->members[i] == skip)
			continue;
		struct job *job = job_new(name, data ? data->data : NULL, data ? data->len : 0, NULL);
		if (!job)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot send %s: out of memory", name);
		queue_push(&set->members[i], job);
	}
	return 0;
}

static int lead_commit(struct tusk_upload *base, const char *name, struct tusk_err *err)
{
	struct set_upload *upload = (struct set_upload *)base;
	int result = tusk_upload_commit(TUSK_STEAL(upload->upload), name, err);

	if (result == 0) {
		set_require_pack(upload->set, name);
		result = push_to_others(upload->set, upload->lead, name, NULL, err);
	}
	free(upload);
	return result;
}

static const struct tusk_upload_ops upload_ops = {.write = lead_write, .commit = lead_commit, .abort = lead_abort};

int set_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	struct set *set = set_of(node);
	struct tusk_node *lead_node;
	struct member *lead = set_lead(set, &lead_node);

	if (!lead)
		return spool_upload_begin(set, ret_upload, err);
	struct set_upload *upload TUSK_AUTO_FREE = calloc(1, sizeof(*upload));
	if (!upload)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot begin to write an object: out of memory");
	upload->base.ops = &upload_ops;
	upload->set = set;
	upload->lead = lead;
	if (tusk_upload_begin(lead_node, &upload->upload, err) < 0)
		return -1;
	*ret_upload = &TUSK_STEAL(upload)->base;
	return 0;
}

/* A folder takes what it gets. */
bool set_is_behind(struct tusk_node *node)
{
	struct set *set = set_of(node);

	for (size_t i = 0; i < set->count; i++) {
		if (tusk_role_of_url(set->members[i].info.url) != TUSK_ROLE_LOCAL && queue_is_behind(&set->members[i]))
			return true;
	}
	return false;
}

/* ---- small objects ---- */

static void set_delivery(struct member *member, enum tusk_delivery delivery, const struct tusk_err *why)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	queue->delivery = delivery;
	if (why)
		queue->why = *why;
	pthread_mutex_unlock(&queue->lock);
}

/* Whether any member but skip got the last manifest; waits for all. */
static bool delivered_elsewhere(struct set *set, const struct member *skip)
{
	bool any = false;

	for (size_t i = 0; i < set->count; i++) {
		struct queue *queue = &set->members[i].queue;

		if (&set->members[i] == skip)
			continue;
		queue_settle(&set->members[i], NULL);
		pthread_mutex_lock(&queue->lock);
		any = any || queue->delivery == TUSK_DELIVERY_DONE;
		pthread_mutex_unlock(&queue->lock);
	}
	return any;
}

/* The lead first: then the snapshot is safe, whatever becomes of the rest. If the lead lacks packs and another member
 * is complete, the snapshot is safe there; if nobody is, the lead takes it all the same: all members together have it.
 */
static int put_manifest(struct set *set, const char *name, const struct tusk_buf *data, struct tusk_err *err)
{
	struct tusk_node *lead_node;
	struct member *lead = set_lead(set, &lead_node);
	struct tusk_err why = {0};

	if (push_to_others(set, lead, name, data, err) < 0)
		return -1;
	if (lead && set_publish(set, lead, name, data, &why) == 0) {
		set_delivery(lead, TUSK_DELIVERY_DONE, NULL);
		return 0;
	}
	if (lead)
		set_delivery(lead, TUSK_DELIVERY_OWED, &why);
	if (delivered_elsewhere(set, lead))
		return 0;
	if (lead && why.code == TUSK_E_NODE)
		return tusk_node_put(lead_node, name, data->data, data->len, err);
	if (!lead)
		(void)queue_has_failed(&set->members[set->order[0]], &why);
	return tusk_err_set(err, why.code ? why.code : TUSK_E_NODE, 0, "no node takes %s: %s", name, why.message);
}

static int put_toc(struct set *set, const char *name, const struct tusk_buf *data, struct tusk_err *err)
{
	struct tusk_node *lead_node;
	struct member *lead = set_lead(set, &lead_node);

	if (lead && tusk_node_put(lead_node, name, data->data, data->len, err) < 0)
		return -1;
	return push_to_others(set, lead, name, data, err);
}

/* What a call on every member came to. */
struct chorus {
	struct set *set;
	size_t done, failed;
	struct tusk_err why;
};

/* The i-th member to call; NULL when it cannot be reached, which is noted. */
static struct tusk_node *chorus_node(struct chorus *chorus, size_t i)
{
	struct tusk_node *node = member_node(&chorus->set->members[chorus->set->order[i]], -1, &chorus->why);

	chorus->failed += !node;
	return node;
}

static void chorus_note(struct chorus *chorus, size_t i, struct tusk_node *node, int result)
{
	chorus->done += result == 0;
	chorus->failed += result != 0;
	if (result != 0)
		member_failed(&chorus->set->members[chorus->set->order[i]], node, &chorus->why);
}

/* Done where it could be: the others are owed it. */
static int chorus_end(const struct chorus *chorus, struct tusk_err *err)
{
	if (chorus->done > 0)
		return 0;
	if (err)
		*err = chorus->why;
	return -1;
}

int set_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	struct tusk_buf copy TUSK_AUTO_BUF = {0};
	struct chorus chorus = {.set = set_of(node)};

	if (has_prefix(name, "toc/") || has_prefix(name, "snapshots/")) {
		if (tusk_buf_append(&copy, data, len) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot send %s: out of memory", name);
		return (has_prefix(name, "toc/") ? put_toc : put_manifest)(set_of(node), name, &copy, err);
	}
	for (size_t i = 0; i < chorus.set->count; i++) {
		struct tusk_node *member = chorus_node(&chorus, i);

		if (member)
			chorus_note(&chorus, i, member, tusk_node_put(member, name, data, len, &chorus.why));
	}
	return chorus_end(&chorus, err);
}

int set_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	struct chorus chorus = {.set = set_of(node)};

	if (set_is_own(name)) {
		struct tusk_node *own = set_own_node(chorus.set, err);
		return own ? tusk_node_replace(own, name, data, len, err) : -1;
	}
	for (size_t i = 0; i < chorus.set->count; i++) {
		struct tusk_node *member = chorus_node(&chorus, i);

		if (member)
			chorus_note(&chorus, i, member, tusk_node_replace(member, name, data, len, &chorus.why));
	}
	return chorus_end(&chorus, err);
}

int set_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct chorus chorus = {.set = set_of(node)};

	if (set_is_own(name)) {
		struct tusk_node *own = set_own_node(chorus.set, err);
		return own ? tusk_node_remove(own, name, err) : -1;
	}
	for (size_t i = 0; i < chorus.set->count; i++) {
		struct tusk_node *member = chorus_node(&chorus, i);

		if (member)
			chorus_note(&chorus, i, member, tusk_node_remove(member, name, &chorus.why));
	}
	return chorus_end(&chorus, err);
}

int set_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	(void)node;
	return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: damage is put into quarantine on the node that has it", name);
}

void set_sweep(struct tusk_node *node)
{
	struct tusk_node *lead_node;

	if (set_lead(set_of(node), &lead_node))
		tusk_node_sweep(lead_node);
}

void set_reserve(struct tusk_node *node, bool keep)
{
	struct tusk_node *lead_node;

	if (set_lead(set_of(node), &lead_node))
		tusk_node_reserve(lead_node, keep);
}

/* ---- the lock ---- */

struct set_lock {
	struct tusk_node_lock base;
	struct member *member;
	struct tusk_node_lock *lock;
};

static void mark_lock(struct member *member, bool is_held)
{
	pthread_mutex_lock(&member->lock);
	member->lock_held = is_held;
	pthread_mutex_unlock(&member->lock);
}

static void set_unlock(struct tusk_node_lock *base)
{
	struct set_lock *lock = (struct set_lock *)base;

	mark_lock(lock->member, false);
	tusk_node_unlock(lock->lock);
	free(lock);
}

/* That of the lead: what is checked and written under it is checked and written there. Manifests take the lock of every
 * member that they are put on. */
int set_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	struct tusk_node *lead_node;
	struct member *lead = set_lead(set_of(node), &lead_node);
	struct set_lock *lock TUSK_AUTO_FREE = calloc(1, sizeof(*lock));

	if (!lock)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot lock the node: out of memory");
	if (!lead)
		return TUSK_NODE_NO_LOCKS;
	int result = tusk_node_lock(lead_node, &lock->lock, err);
	if (result != TUSK_NODE_LOCKED)
		return result;
	mark_lock(lead, true);
	lock->member = lead;
	lock->base.release = set_unlock;
	*ret_lock = &TUSK_STEAL(lock)->base;
	return TUSK_NODE_LOCKED;
}
