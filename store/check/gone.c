/* Snapshots that must have been there, and nobody forgot them: the same client wrote another one after them, or this
 * client remembers that it wrote them. */
#include "check_private.h"

#include "nodeset.h"
#include "writer.h"

#include <fcntl.h>
#include <string.h>

/* Whether what is absent is absent everywhere: of a node that cannot be asked nobody knows. */
static bool asks_all(struct tusk_check *check)
{
	struct tusk_node *node = check->repository->node, *member;
	struct tusk_err why = {0};

	for (size_t i = 0; i < tusk_node_member_count(node); i++) {
		if (tusk_node_member(node, i, &member, &why) == 0)
			continue;
		tusk_err_prefix(&why, "whether snapshots are missing was not looked at");
		check_warn(check, &why);
		return false;
	}
	return true;
}

/* 1: it is neither there nor forgotten. In this order: who forgets leaves the note first. */
static int is_gone(struct tusk_check *check, const struct tusk_id *id, char ret_name[80], struct tusk_err *err)
{
	struct tusk_node *node = check->repository->node;
	char text[TUSK_ID_TEXT_SIZE], note[80];
	uint64_t size;

	tusk_id_text(id, text);
	snprintf(ret_name, 80, "snapshots/%s", text);
	snprintf(note, sizeof(note), "forgotten/%s", text);
	int found = tusk_node_stat(node, ret_name, &size, err);
	if (found == TUSK_NODE_ABSENT)
		found = tusk_node_stat(node, note, &size, err);
	return found < 0 ? -1 : found == TUSK_NODE_ABSENT;
}

static int look_before(struct tusk_check *check, struct tusk_keyset *known, const struct tusk_snapshot *next,
		       struct tusk_err *err)
{
	const struct tusk_id *id = &next->writer_previous;
	char name[80], text[TUSK_ID_TEXT_SIZE], what[120];
	int added = tusk_id_is_zero(id) ? 0 : tusk_keyset_add(known, id, 0, err);
	int gone = added > 0 ? is_gone(check, id, name, err) : added;

	if (gone <= 0)
		return gone;
	tusk_id_text(&next->id, text);
	snprintf(what, sizeof(what), "is missing, and was not forgotten: snapshot %.*s came after it", 16, text);
	check_object_damaged(check, name, what);
	return 0;
}

/* No other snapshot speaks of a client's last one. No damage, since what this client remembers may be of a copy of the
 * repository that has gone its own way. */
static int look_at_last(struct tusk_check *check, const struct tusk_keyset *known, struct tusk_err *err)
{
	int dir TUSK_AUTO_FD = open(check->repository->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tusk_writer self;
	struct tusk_err why = {0};
	char name[80];

	if (dir < 0 || !tusk_writer_load(dir, &self) || tusk_id_is_zero(&self.previous) ||
	    tusk_keyset_get(known, &self.previous, NULL))
		return 0;
	int gone = is_gone(check, &self.previous, name, err);
	if (gone <= 0)
		return gone;
	tusk_err_set(&why, TUSK_E_ABSENT, 0,
		     "%s, the last one that this client wrote, is not here and was not forgotten: this is an older "
		     "copy, or it was lost",
		     name);
	check_warn(check, &why);
	return 0;
}

int check_gone(struct tusk_check *check, struct tusk_err *err)
{
	const struct tusk_snapshot_list *list = &check->snapshots;
	struct tusk_keyset known = {0};
	int status = 0;

	if (!asks_all(check))
		return 0;
	for (size_t i = 0; i < list->count && status == 0; i++)
		status = tusk_keyset_add(&known, &list->items[i].id, 0, err) < 0 ? -1 : 0;
	for (size_t i = 0; i < list->count && status == 0; i++)
		status = look_before(check, &known, &list->items[i], err);
	if (status == 0)
		status = look_at_last(check, &known, err);
	tusk_keyset_release(&known);
	return status;
}
