/* Bringing back a snapshot that was forgotten, as long as no prune has removed what it refers to. */
#include "handle.h"
#include "live.h"
#include "manifest.h"
#include "nodeset.h"
#include "notes.h"
#include "sealed.h"
#include "spare.h"
#include "tusk/cleanup.h"
#include "tusk/forget.h"
#include "work.h"

#include <string.h>

#define FORGOTTEN  "forgotten/"
#define SNAPSHOTS  "snapshots/"
#define HASH_SIZE  32u
#define PREFIX_MIN 4u

struct undo {
	struct tusk_repository *repository;
	const char *prefix;
	size_t matches;
	char note[80], manifest_name[80]; /* of the last match */
	struct tusk_tombstone tombstone;
	struct tusk_snapshot snapshot;
};

static void undo_release(struct undo *undo)
{
	tusk_tombstone_release(&undo->tombstone);
	tusk_snapshot_release(&undo->snapshot);
}

static int match(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct undo *undo = context;
	const char *digits = name + strlen(FORGOTTEN);

	(void)size;
	(void)err;
	if (strncmp(digits, undo->prefix, strlen(undo->prefix)) != 0)
		return 0;
	undo->matches++;
	snprintf(undo->note, sizeof(undo->note), "%s", name);
	snprintf(undo->manifest_name, sizeof(undo->manifest_name), SNAPSHOTS "%s", digits);
	return 0;
}

static int find_note(struct undo *undo, struct tusk_err *err)
{
	if (strlen(undo->prefix) < PREFIX_MIN)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: give at least %u digits of the snapshot's id",
				    undo->prefix, PREFIX_MIN);
	if (tusk_node_list(undo->repository->node, FORGOTTEN, match, undo, err) < 0)
		return -1;
	if (undo->matches > 1)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s may be one of %zu forgotten snapshots", undo->prefix,
				    undo->matches);
	if (undo->matches == 0)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "no snapshot %s was forgotten here", undo->prefix);
	return 0;
}

/* The manifest that the note has kept. */
static int load_note(struct undo *undo, struct tusk_err *err)
{
	const struct tusk_keys *keys = &undo->repository->keys;
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0}, manifest = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	const struct tusk_buf *sealed = &undo->tombstone.manifest;
	struct tusk_id id;
	int found = tusk_node_get(undo->repository->node, undo->note, TUSK_SEALED_MAX + HASH_SIZE, &object, err);

	if (found == TUSK_NODE_ABSENT || (found == TUSK_NODE_FOUND && object.len < HASH_SIZE))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is damaged", undo->note);
	if (found < 0 ||
	    tusk_sealed_open(keys, TUSK_SEALED_FORGOTTEN, undo->note, undo->note, object.data, object.len - HASH_SIZE,
			     &body, err) < 0 ||
	    tusk_tombstone_decode(body.data, body.len, &undo->tombstone, err) < 0)
		return -1;
	if (sealed->len == 0)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "the snapshot's manifest was too large to be kept");
	if (!aead || tusk_hex_decode(undo->note + strlen(FORGOTTEN), 2 * TUSK_ID_SIZE, id.bytes, TUSK_ID_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is not the name of a snapshot", undo->note);
	if (tusk_manifest_open(keys, aead, &id, sealed->data, sealed->len, &manifest, err) < 0 ||
	    tusk_manifest_decode_body(manifest.data, manifest.len, &undo->snapshot, err) < 0)
		return -1;
	undo->snapshot.id = id;
	return 0;
}

/* ---- the commit ---- */

/* As a backup does it; but what is damaged cannot be stored again here, so it is an error and no "missing". */
static int verify(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		  struct tusk_err *err)
{
	struct undo *undo = context;
	TUSK_AUTO_LIVE struct tusk_live *live = NULL;
	const struct tusk_live_options options = {.repository = undo->repository, .node = undo->repository->node};
	struct tusk_err why = {0};
	struct tusk_id first;
	uint64_t missing = 0;

	if (tusk_live_open(&options, &live, err) < 0)
		return -1;
	if (tusk_live_mark(live, &undo->snapshot.root.id, &why) < 0) {
		if (why.code == TUSK_E_CORRUPT || why.code == TUSK_E_ABSENT)
			return 1;
		*err = why;
		return -1;
	}
	if (tusk_live_missing(live, &missing, &first, err) < 0)
		return -1;
	if (missing)
		return 1;
	tusk_live_condemned(live, condemned);
	return tusk_live_needed(live, ret_needed, err);
}

static int publish(void *context, struct tusk_err *err)
{
	const struct undo *undo = context;
	const struct tusk_buf *manifest = &undo->tombstone.manifest;
	return tusk_node_put(undo->repository->node, undo->manifest_name, manifest->data, manifest->len, err);
}

static int withdraw(void *context, struct tusk_err *err)
{
	const struct undo *undo = context;
	return tusk_node_remove(undo->repository->node, undo->manifest_name, err);
}

/* A commit looks only for what prune has done since the session began; what it did before is looked at first. */
static int commit(struct undo *undo, struct tusk_err *err)
{
	struct tusk_repository *repository = undo->repository;
	TUSK_AUTO_SESSION struct tusk_session *session = NULL;
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids needed = {0};
	const struct tusk_commit how = {.root = undo->snapshot.root.id,
					.inherits = true,
					.verify = verify,
					.publish = publish,
					.withdraw = withdraw,
					.context = undo};

	tusk_spare_before_manifests(repository);
	if (tusk_session_begin(repository->node, &repository->keys, &session, err) < 0 ||
	    tusk_session_keep(session, err) < 0)
		return -1;
	int missing = verify(undo, tusk_session_condemned(session), &needed, err);
	int committed = missing == 0 ? tusk_session_commit(session, &how, err) : missing;
	if (committed == TUSK_COMMIT_STALE)
		return tusk_err_set(err, TUSK_E_ABSENT, 0,
				    "data of it were removed by a prune, or wait for it (tusk prune --undelete)");
	return committed;
}

/* A note that stayed on one node would take the snapshot from all of them again. */
static int need_all_nodes(struct tusk_node *node, struct tusk_err *err)
{
	struct tusk_node *member;

	for (size_t i = 0; i < tusk_node_member_count(node); i++)
		if (tusk_node_member(node, i, &member, err) < 0)
			return tusk_err_prefix(err, "all nodes are needed to undo this");
	return 0;
}

int tusk_snapshot_remember(struct tusk_repository *repository, const char *prefix, struct tusk_id *ret_id,
			   struct tusk_err *err)
{
	struct undo undo TUSK_CLEANUP(undo_release) = {.repository = repository, .prefix = prefix};

	if (need_all_nodes(repository->node, err) < 0 || find_note(&undo, err) < 0 || load_note(&undo, err) < 0)
		return -1;
	tusk_prune_make_room(repository->node);
	/* A crash in between leaves both: the snapshot is there, and the next undo removes the note. */
	if (commit(&undo, err) < 0 || tusk_node_remove(repository->node, undo.note, err) < 0)
		return -1;
	tusk_node_reserve(repository->node, true);
	*ret_id = undo.snapshot.id;
	return 0;
}
