/* Giving a snapshot other tags, or a pin. */
#include "tusk/forget.h"

#include "marks.h"
#include "sealed.h"
#include "tusk/cleanup.h"

#include <string.h>

#define FOLDER "marks/"

static void remove_mark(struct tusk_repository *repository, const struct tusk_id *name)
{
	char object[80] = FOLDER;

	tusk_id_text(name, object + strlen(FOLDER));
	/* What stays only takes space: a newer mark holds. */
	(void)tusk_node_remove(repository->node, object, NULL);
}

int tusk_snapshot_mark(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
		       const struct tusk_strings *tags, bool pinned, struct tusk_err *err)
{
	struct tusk_mark mark = {.snapshot = snapshot->id, .tags = *tags, .pinned = pinned}, unused;
	struct tusk_marks marks TUSK_AUTO_MARKS = {0};
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_id name;

	if (tusk_marks_load(repository, &marks, err) < 0)
		return -1;
	for (size_t i = 0; i < marks.count; i++)
		if (tusk_id_equal(&marks.items[i].snapshot, &snapshot->id) && marks.items[i].counter >= mark.counter)
			mark.counter = marks.items[i].counter + 1;
	clock_gettime(CLOCK_REALTIME, &mark.time);
	if (tusk_mark_encode(&mark, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_mark_decode(body.data, body.len, &unused, NULL) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there are too many tags, or one is too long");
	tusk_mark_release(&unused);
	if (tusk_sealed_put(repository->node, &repository->keys, TUSK_SEALED_MARK, FOLDER, body.data, body.len, &name,
			    err) < 0)
		return -1;
	for (size_t i = 0; i < marks.count; i++)
		if (tusk_id_equal(&marks.items[i].snapshot, &snapshot->id))
			remove_mark(repository, &marks.items[i].name);
	return 0;
}
