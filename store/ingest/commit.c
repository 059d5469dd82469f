/* A backup among prunes: its session on the node, and its commit (DESIGN.md, Writers and prune). */
#include "ingest.h"
#include "live.h"
#include "manifest.h"
#include "spare.h"

#include "tusk/sabotage.h"

#include <string.h>

/* Only packs that the node lists now may be relied upon. */
static int sync_index(struct tusk_ingest *ingest, struct tusk_err *err)
{
	struct tusk_index_sync_result result;
	struct tusk_repository *repository = ingest->repository;
	if (TUSK_SABOTAGED(stale_index))
		return 0;
	if (tusk_index_sync(repository->index, repository->node, &result, err) == 0)
		return 0;
	tusk_err_clear(err);
	ingest->index_rebuilt = true;
	return tusk_index_rebuild(repository->index, repository->node, &result, err);
}

/* Of those that it lists, none that may go. */
static int drop_condemned(struct tusk_ingest *ingest, struct tusk_err *err)
{
	const struct tusk_condemned *condemned = tusk_session_condemned(ingest->session);
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids packs = {0};
	for (size_t i = 0; i < condemned->count; i++)
		if (tusk_pack_ids_add(&packs, &condemned->items[i].pack, err) < 0)
			return -1;
	if (packs.count == 0)
		return 0;
	struct tusk_repository *repository = ingest->repository;
	return tusk_index_forget_packs(repository->index, repository->node, packs.items, packs.count, err);
}

int tusk_ingest_begin(struct tusk_ingest *ingest, struct tusk_err *err)
{
	struct tusk_repository *repository = ingest->repository;
	if (ingest->options->dry_run)
		return sync_index(ingest, err);
	tusk_node_reserve(repository->node, true);
	tusk_spare_before_manifests(repository);
	/* The session first: what is listed after it stays unless its epoch changes. */
	if (tusk_session_begin(repository->node, &repository->keys, &ingest->session, err) < 0 ||
	    tusk_session_keep(ingest->session, err) < 0 || sync_index(ingest, err) < 0)
		return -1;
	return drop_condemned(ingest, err);
}

bool tusk_ingest_is_condemned(const struct tusk_ingest *ingest, const struct tusk_location *location)
{
	return ingest->session && tusk_condemned_find(tusk_session_condemned(ingest->session), &location->pack);
}

struct publication {
	struct tusk_ingest *ingest;
	struct tusk_snapshot *snapshot;
};

/* Damage means the same as absence here: the second run stores it again. */
static int look(struct tusk_live *live, const struct tusk_id *root, struct tusk_err *err)
{
	struct tusk_id first;
	uint64_t missing;
	if (tusk_live_mark(live, root, err) < 0)
		return err->code == TUSK_E_CORRUPT || err->code == TUSK_E_ABSENT ? 1 : -1;
	if (tusk_live_missing(live, &missing, &first, err) < 0)
		return -1;
	return missing > 0;
}

static int verify(void *context, const struct tusk_condemned *condemned, struct tusk_pack_ids *ret_needed,
		  struct tusk_err *err)
{
	const struct publication *publication = context;
	const struct tusk_ingest *ingest = publication->ingest;
	TUSK_AUTO_LIVE struct tusk_live *live = NULL;
	struct tusk_live_options options = {
	    .repository = ingest->repository, .node = ingest->repository->node, .stop = ingest->options->stop};
	struct tusk_err why = {0};
	int missing = tusk_live_open(&options, &live, &why);
	if (missing == 0)
		missing = look(live, &publication->snapshot->root.id, &why);
	if (missing < 0)
		*err = why;
	if (missing != 0)
		return missing;
	tusk_live_condemned(live, condemned);
	return tusk_live_needed(live, ret_needed, err);
}

static int publish(void *context, struct tusk_err *err)
{
	const struct publication *publication = context;
	struct tusk_repository *repository = publication->ingest->repository;
	return tusk_manifest_publish(repository->node, &repository->keys, publication->snapshot, err);
}

static int withdraw(void *context, struct tusk_err *err)
{
	const struct publication *publication = context;
	char name[80] = "snapshots/";
	tusk_id_text(&publication->snapshot->id, name + strlen(name));
	return tusk_node_remove(publication->ingest->repository->node, name, err);
}

int tusk_ingest_commit(struct tusk_ingest *ingest, struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	struct publication publication = {ingest, snapshot};
	const struct tusk_commit commit = {.root = snapshot->root.id,
					   .inherits = ingest->parent != NULL,
					   .verify = verify,
					   .publish = publish,
					   .withdraw = withdraw,
					   .context = &publication};
	return tusk_session_commit(ingest->session, &commit, err);
}
