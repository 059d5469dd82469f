/* Forgetting a snapshot. */
#include "tusk/forget.h"

#include "handle.h"
#include "manifest.h"
#include "marks.h"
#include "notes.h"
#include "sealed.h"
#include "tombstone.h"
#include "tusk/cleanup.h"
#include "work.h"

#include <string.h>

#define SNAPSHOTS "snapshots/"
#define MARKS     "marks/"

static void name_of(const char *folder, const struct tusk_id *id, char ret_name[80])
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	snprintf(ret_name, 80, "%s%s", folder, text);
}

int tusk_tombstone_put(struct tusk_repository *repository, const struct tusk_id *id, const struct tusk_buf *manifest,
		       struct tusk_err *err)
{
	struct tusk_tombstone tombstone = {.time = time(NULL), .manifest = *manifest};
	TUSK_AUTO_BUF struct tusk_buf body = {0};

	if (manifest->len > TUSK_SEALED_MAX / 2)
		tombstone.manifest.len = 0;
	if (tusk_tombstone_encode(&tombstone, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_sealed_bury(repository->node, &repository->keys, id, body.data, body.len, err);
}

/* What stays of them says nothing. */
static void remove_marks(struct tusk_repository *repository, const struct tusk_id *id)
{
	struct tusk_marks marks TUSK_AUTO_MARKS = {0};
	struct tusk_err ignored = {0};
	char name[80];

	if (tusk_marks_load(repository, &marks, &ignored) < 0)
		return;
	for (size_t i = 0; i < marks.count; i++) {
		if (!tusk_id_equal(&marks.items[i].snapshot, id))
			continue;
		name_of(MARKS, &marks.items[i].name, name);
		(void)tusk_node_remove(repository->node, name, NULL);
	}
}

int tusk_snapshot_forget(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf manifest = {0};
	char name[80];

	name_of(SNAPSHOTS, id, name);
	int found = tusk_node_get(repository->node, name, TUSK_MANIFEST_MAX, &manifest, err);
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is not there", name);
	tusk_prune_make_room(repository->node);
	/* The note first: without it a copy of the manifest on another node would bring the snapshot back. */
	if (found < 0 || tusk_tombstone_put(repository, id, &manifest, err) < 0 ||
	    tusk_node_remove(repository->node, name, err) < 0)
		return -1;
	remove_marks(repository, id);
	(void)tusk_index_snapshot_drop(repository->index, id, NULL);
	tusk_node_reserve(repository->node, true);
	return 0;
}
