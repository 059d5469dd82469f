#include "session.h"

#include "condemn.h"
#include "pack.h"
#include "tusk/cleanup.h"
#include "tusk/sabotage.h"

#include <string.h>

#define COMMIT_TRIES 5u /* prune began anew during each look at what the snapshot needs */

struct tusk_session {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	struct tusk_lease lease;
	struct tusk_epoch epoch;         /* when it began */
	struct tusk_condemned condemned; /* the same */
};

/* ---- lists of packs ---- */

int tusk_pack_ids_add(struct tusk_pack_ids *ids, const struct tusk_id *id, struct tusk_err *err)
{
	if (ids->count == ids->capacity) {
		size_t capacity = ids->capacity ? 2 * ids->capacity : 64;
		struct tusk_id *items = reallocarray(ids->items, capacity, sizeof(*items));
		if (!items)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		ids->items = items;
		ids->capacity = capacity;
	}
	ids->items[ids->count++] = *id;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return tusk_id_compare(a, b);
}

void tusk_pack_ids_sort(struct tusk_pack_ids *ids)
{
	if (ids->count > 1)
		qsort(ids->items, ids->count, sizeof(*ids->items), compare_ids);
}

bool tusk_pack_ids_contain(const struct tusk_pack_ids *sorted, const struct tusk_id *id)
{
	return sorted->count && bsearch(id, sorted->items, sorted->count, sizeof(*sorted->items), compare_ids);
}

void tusk_pack_ids_release(struct tusk_pack_ids *ids)
{
	free(ids->items);
	*ids = (struct tusk_pack_ids){0};
}

/* ---- begin and end ---- */

int tusk_session_begin(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_session **ret_session,
		       struct tusk_err *err)
{
	TUSK_AUTO_SESSION struct tusk_session *session = calloc(1, sizeof(*session));

	if (!session)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	session->node = node;
	session->keys = keys;
	/* The epoch before the list: an old list with a new epoch would be relied upon. What prune does from here on
	 * changes the epoch, which the commit sees; the lease only makes that rare. */
	if (tusk_epoch_load(node, keys, &session->epoch, err) < 0 ||
	    tusk_lease_take_writer(&session->lease, node, keys, &session->epoch, err) < 0 ||
	    tusk_condemned_load(node, keys, &session->condemned, err) < 0)
		return -1;
	*ret_session = TUSK_STEAL(session);
	return 0;
}

int tusk_session_keep(struct tusk_session *session, struct tusk_err *err)
{
	return tusk_lease_keep(&session->lease, err);
}

void tusk_session_end(struct tusk_session *session)
{
	if (!session)
		return;
	tusk_lease_release(&session->lease);
	tusk_condemned_release(&session->condemned);
	free(session);
}

const struct tusk_condemned *tusk_session_condemned(const struct tusk_session *session)
{
	return &session->condemned;
}

int tusk_session_protect(struct tusk_session *session, const struct tusk_id *root, struct tusk_err *err)
{
	return tusk_lease_root_soon(&session->lease, root, err);
}

/* What a commit asks first, asked together. */
static void look_ahead(const struct tusk_session *session)
{
	const char *const names[] = {session->lease.name, "epoch"};

	tusk_node_foreseen_drop(session->node); /* what is asked for from here on is asked anew */
	tusk_node_foresee(session->node, names, sizeof(names) / sizeof(names[0]));
}

/* ---- commit ---- */

/* What a look at the node said about the snapshot's packs. */
struct look {
	bool done;
	struct tusk_epoch epoch; /* when it began */
	struct tusk_pack_ids needed;
};

static void look_release(struct look *look)
{
	tusk_pack_ids_release(&look->needed);
}

/* 0; 1: something is missing; -1. The list of condemned packs belongs to look->epoch. */
static int look_again(struct look *look, const struct tusk_condemned *condemned, const struct tusk_commit *commit,
		      struct tusk_err *err)
{
	look->needed.count = 0;
	int missing = commit->verify(commit->context, condemned, &look->needed, err);
	look->done = missing == 0;
	return missing;
}

/* Whether packs that were condemned when we looked are still there; then they are no longer condemned. 0, 1: one is
 * gone, -1. For the holder of the lock. */
static int spare_needed(const struct tusk_session *session, struct look *look, struct tusk_err *err)
{
	for (size_t i = 0; i < look->needed.count; i++) {
		char name[80];
		uint64_t size;

		tusk_pack_name(&look->needed.items[i], name);
		int found = tusk_node_stat(session->node, name, &size, err);
		if (found != TUSK_NODE_FOUND)
			return found < 0 ? -1 : 1;
	}
	return tusk_condemned_spare(session->node, session->keys, &look->needed, err);
}

enum turn { TURN_DONE, TURN_STALE, TURN_LOOK, TURN_NO_LOCKS, TURN_FAILED = -1 };

/* Whether nothing can have been taken from the snapshot: no pack was condemned since the session began, and none that
 * was before is relied upon. Of what a parent refers to this is only known when none was: a prune that was in its
 * rescue may have missed both our lease and a parent that was forgotten then. */
static bool is_untouched(const struct tusk_session *session, const struct tusk_commit *commit,
			 const struct tusk_epoch *now)
{
	if (TUSK_SABOTAGED(commit_check))
		return true;
	return tusk_epoch_equal(now, &session->epoch) && (!commit->inherits || session->condemned.count == 0);
}

/* The commit-time check and the publication under one hold of the node's lock: nothing is condemned or removed between
 * them. TURN_LOOK: a new epoch has begun since the caller knew that all is there; look and condemned are set for a
 * look.
 */
static enum turn try_locked(struct tusk_session *session, const struct tusk_commit *commit, struct look *look,
			    struct tusk_condemned *condemned, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_epoch epoch;
	int locked = tusk_node_lock(session->node, &lock, err);

	if (locked != TUSK_NODE_LOCKED)
		return locked < 0 ? TURN_FAILED : TURN_NO_LOCKS;
	look_ahead(session);
	int holds = tusk_lease_holds(&session->lease, err);
	if (holds < 0 || tusk_epoch_load(session->node, session->keys, &epoch, err) < 0)
		return TURN_FAILED;
	bool is_known =
	    look->done ? tusk_epoch_equal(&epoch, &look->epoch) : holds && is_untouched(session, commit, &epoch);
	if (!is_known) {
		look->epoch = epoch;
		return tusk_condemned_load(session->node, session->keys, condemned, err) < 0 ? TURN_FAILED : TURN_LOOK;
	}
	int gone = spare_needed(session, look, err);
	if (gone != 0)
		return gone < 0 ? TURN_FAILED : TURN_STALE;
	return commit->publish(commit->context, err) < 0 ? TURN_FAILED : TURN_DONE;
}

/* 0; 1: something that the snapshot needs is missing, or condemned: it may go at any time; -1. */
static int verify_lockless(struct tusk_session *session, const struct tusk_commit *commit, struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids needed = {0};
	struct tusk_epoch epoch;

	if (tusk_epoch_load(session->node, session->keys, &epoch, err) < 0)
		return -1;
	if (is_untouched(session, commit, &epoch))
		return 0;
	if (tusk_condemned_load(session->node, session->keys, &condemned, err) < 0)
		return -1;
	int missing = commit->verify(commit->context, &condemned, &needed, err);
	return missing != 0 ? missing : needed.count > 0;
}

/* Without a lock the order does it. First the lease names the new root, durably; then epoch and condemned packs are
 * read. If a prune condemned a pack of ours before that, we see it here and do not publish. If it does so later, its
 * look at leases and snapshots comes later still and finds the root in the lease, or the snapshot. */
static int commit_lockless(struct tusk_session *session, const struct tusk_commit *commit, struct tusk_err *err)
{
	if (tusk_lease_root(&session->lease, &commit->root, err) < 0)
		return -1;
	look_ahead(session);
	int holds = tusk_lease_holds(&session->lease, err);
	int missing = holds < 0 ? -1 : TUSK_SABOTAGED(post_verify) ? 0 : verify_lockless(session, commit, err);
	if (missing < 0)
		return -1;
	if (missing || !holds)
		return TUSK_COMMIT_STALE;
	if (commit->publish(commit->context, err) < 0)
		return -1;
	/* Whoever took the lease away has waited a day for us; is all still there? */
	holds = tusk_lease_holds(&session->lease, err);
	missing = holds == 0 ? verify_lockless(session, commit, err) : 0;
	if (holds >= 0 && missing == 0)
		return TUSK_COMMITTED;
	if (commit->withdraw(commit->context, err) < 0 || holds < 0 || missing < 0)
		return -1;
	return TUSK_COMMIT_STALE;
}

int tusk_session_commit(struct tusk_session *session, const struct tusk_commit *commit, struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	struct look look TUSK_CLEANUP(look_release) = {0};

	for (unsigned tries = 0; tries < COMMIT_TRIES; tries++) {
		enum turn turn = try_locked(session, commit, &look, &condemned, err);
		if (turn == TURN_NO_LOCKS)
			return commit_lockless(session, commit, err);
		if (turn == TURN_FAILED)
			return -1;
		if (turn != TURN_LOOK)
			return turn == TURN_DONE ? TUSK_COMMITTED : TUSK_COMMIT_STALE;
		int missing = look_again(&look, &condemned, commit, err);
		if (missing != 0)
			return missing < 0 ? -1 : TUSK_COMMIT_STALE;
	}
	return tusk_err_set(err, TUSK_E_LOCKED, 0, "prune removes packs again and again; the snapshot was not written");
}
