/* What became of an entry: counted, told, handed to its directory. */
#include "metadata.h"

#include <string.h>

static bool is_as_before(const struct tusk_item *item)
{
	uint8_t sha256[32] = {0};
	const struct tusk_entry *entry = &item->entry;
	if (entry->size != item->old_size)
		return false;
	tusk_content_sha256(entry, sha256);
	return memcmp(sha256, item->old_sha256, sizeof sha256) == 0;
}

static void count_file(struct tusk_progress *progress, char fate)
{
	if (fate == 'N')
		tusk_count(&progress->files_new, 1);
	else if (fate == 'M')
		tusk_count(&progress->files_changed, 1);
	else
		tusk_count(&progress->files_same, 1);
}

static void count(struct tusk_lane *lane, const struct tusk_item *item)
{
	struct tusk_progress *progress = lane->ingest->progress;
	const struct tusk_entry *entry = &item->entry;
	char fate = item->fate;
	if (fate == 'R') {
		fate = is_as_before(item) ? 'U' : 'M';
		if (fate == 'M' && item->is_settled)
			tusk_ingest_alarm(lane->ingest, item->dir, item->name);
	}
	if (entry->type == TUSK_TYPE_FILE) {
		count_file(progress, fate);
		tusk_count(&progress->files_done, 1);
		tusk_count(&progress->bytes_done, entry->size);
	} else {
		tusk_count(&progress->others_done, 1);
	}
	tusk_ingest_tell(lane->ingest, fate, item->dir, item->name, entry->size);
}

int tusk_item_complete(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state state, struct tusk_err *err)
{
	if (state == TUSK_ITEM_READY)
		count(lane, item);
	return tusk_dirjob_complete(lane, item, state, err);
}
