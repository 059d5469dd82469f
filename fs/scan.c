#include "scan.h"

#define WINDOW_FIRST  4
#define WINDOW_LISTED 32 /* right after a listing, when a tree is being read */
#define WINDOW_MAX    256
#define NEAR          16 /* entries that a reader in order may leave out: directories, links, empty files */
#define SCORE_MAX     6
#define SCORE_TREE    2 /* from here on a listing alone is a reason to push */

/* Files that were pushed are read without our knowledge. So after some listings in silence one is left alone: if
 * somebody still reads, we hear of it; if nobody does, the scan is over. */
#define QUIET_PROBE 16
#define QUIET_END   24

static struct tuskfs_scan_folder *find(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number)
{
	for (unsigned i = 0; i < TUSKFS_SCAN_FOLDERS; i++) {
		struct tuskfs_scan_folder *folder = &scan->folders[i];
		if (folder->slot == slot && number >= folder->first && number < folder->end)
			return folder;
	}
	return NULL;
}

static struct tuskfs_scan_folder *replace_oldest(struct tuskfs_scan *scan)
{
	struct tuskfs_scan_folder *oldest = &scan->folders[0];
	for (unsigned i = 1; i < TUSKFS_SCAN_FOLDERS; i++) {
		if (scan->folders[i].used < oldest->used)
			oldest = &scan->folders[i];
	}
	*oldest = (struct tuskfs_scan_folder){.window = WINDOW_FIRST / 2};
	return oldest;
}

static bool start_run(struct tuskfs_scan_folder *folder, uint64_t from, struct tuskfs_scan_run *ret_run)
{
	uint64_t end = from + folder->window;
	if (end > folder->end)
		end = folder->end;
	if (from >= end)
		return false;
	*ret_run = (struct tuskfs_scan_run){folder->directory, from, end};
	folder->pushed_end = end;
	return true;
}

bool tuskfs_scan_listed(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, const struct tusk_entry *directory,
			uint64_t end, struct tuskfs_scan_run *ret_run)
{
	struct tuskfs_scan_folder *folder = find(scan, slot, directory->first_child);
	if (folder) {
		if (end > folder->end)
			folder->end = end;
		folder->used = ++scan->clock;
		return false;
	}
	folder = replace_oldest(scan);
	folder->slot = slot;
	folder->directory = directory->number;
	folder->first = folder->pushed_end = directory->first_child;
	folder->end = end;
	folder->used = ++scan->clock;
	if (++scan->quiet >= QUIET_END)
		scan->score = 0;
	if (scan->score < SCORE_TREE || scan->quiet >= QUIET_PROBE)
		return false;
	folder->window = WINDOW_LISTED;
	return start_run(folder, folder->first, ret_run);
}

static bool is_in_order(const struct tuskfs_scan_folder *folder, uint64_t number)
{
	uint64_t reach = folder->pushed_end > folder->next_read ? folder->pushed_end : folder->next_read;
	if (!folder->next_read)
		return number <= reach + NEAR;
	return number >= folder->next_read && number <= reach + NEAR;
}

bool tuskfs_scan_read(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number,
		      struct tuskfs_scan_run *ret_run)
{
	struct tuskfs_scan_folder *folder = find(scan, slot, number);
	scan->quiet = 0;
	if (!folder)
		return false;
	if (is_in_order(folder, number)) {
		folder->streak++;
		/* The second file of a folder, or the first one of the next folder, is what reading a tree looks
		 * like. */
		if (folder->streak <= 2 && scan->score < SCORE_MAX)
			scan->score++;
	} else {
		folder->streak = 1;
		folder->window = WINDOW_FIRST / 2;
		folder->pushed_end = number + 1;
	}
	folder->next_read = number + 1;
	folder->used = ++scan->clock;
	if (folder->streak < 2 || number + folder->window / 2 < folder->pushed_end)
		return false;
	folder->window = folder->window * 2 > WINDOW_MAX ? WINDOW_MAX : folder->window * 2;
	return start_run(folder, folder->pushed_end > number ? folder->pushed_end : number + 1, ret_run);
}

bool tuskfs_scan_has_passed(const struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number)
{
	for (unsigned i = 0; i < TUSKFS_SCAN_FOLDERS; i++) {
		const struct tuskfs_scan_folder *folder = &scan->folders[i];
		if (folder->slot == slot && number >= folder->first && number < folder->end)
			return number <= folder->next_read;
	}
	return false;
}

void tuskfs_scan_stopped_at(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number)
{
	struct tuskfs_scan_folder *folder = find(scan, slot, number);
	if (folder && folder->pushed_end > number)
		folder->pushed_end = number;
}
