/* What a writer does so that prune never takes what it relies on: begin before the first look at what is stored, commit
 * instead of publishing. On one node. */
#ifndef TUSK_SESSION_H
#define TUSK_SESSION_H

#include "lease.h"

struct tusk_session;

/* Takes a lease, then reads epoch and condemned packs. What the caller learns of the node (index, parent) it learns
 * afterwards, and relies on no pack that is condemned. Borrows node and keys. */
int tusk_session_begin(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_session **ret_session,
		       struct tusk_err *err);
/* Renews the lease from a thread of its own, until the end. */
int tusk_session_keep(struct tusk_session *session, struct tusk_err *err);
/* Ends it and removes the lease. NULL is fine. */
void tusk_session_end(struct tusk_session *session);
TUSK_DEFINE_CLEANUP(struct tusk_session, tusk_session, tusk_session_end)
#define TUSK_AUTO_SESSION TUSK_CLEANUP(tusk_session_cleanup)

/* As they were when the session began. */
const struct tusk_condemned *tusk_session_condemned(const struct tusk_session *session);
/* Makes prune keep what is below that block of a directory while the session lasts (the parent's root). Saves work;
 * nothing depends on it. */
int tusk_session_protect(struct tusk_session *session, const struct tusk_id *root, struct tusk_err *err);

/* Packs by name. */
struct tusk_pack_ids {
	struct tusk_id *items;
	size_t count, capacity;
};
int tusk_pack_ids_add(struct tusk_pack_ids *ids, const struct tusk_id *id, struct tusk_err *err);
void tusk_pack_ids_sort(struct tusk_pack_ids *ids);
bool tusk_pack_ids_contain(const struct tusk_pack_ids *sorted, const struct tusk_id *id);
void tusk_pack_ids_release(struct tusk_pack_ids *ids);
#define TUSK_AUTO_PACK_IDS TUSK_CLEANUP(tusk_pack_ids_release)

/* What is to be committed. verify: whether all that the snapshot refers to is on the node now: 0, or 1 when something
 * is missing; adds to ret_needed the condemned packs that alone hold something of it. publish: makes it visible,
 * durably; the commit point. withdraw: undoes publish (only where nodes have no locks). root: of the snapshot.
 * inherits: it refers to more than was stored or looked up in this session: to what a parent refers to. */
struct tusk_commit {
	struct tusk_id root;
	bool inherits;
	int (*verify)(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		      struct tusk_err *err);
	int (*publish)(void *context, struct tusk_err *err);
	int (*withdraw)(void *context, struct tusk_err *err);
	void *context;
};
/* TUSK_COMMITTED; TUSK_COMMIT_STALE: something that the snapshot refers to was removed meanwhile, nothing was
 * published, the caller stores it again in a new session; -1. */
enum tusk_committed { TUSK_COMMITTED = 0, TUSK_COMMIT_STALE = 1 };
int tusk_session_commit(struct tusk_session *session, const struct tusk_commit *commit, struct tusk_err *err);

#endif
