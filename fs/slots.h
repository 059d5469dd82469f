/* The snapshots that this mount has ever shown, each with its slot (inode.h), its name and its reader. */
#ifndef TUSKFS_SLOTS_H
#define TUSKFS_SLOTS_H

#include "tusk/err.h"
#include "tusk/reader.h"
#include "tusk/snapshot.h"

#include <stdint.h>

/* Never changes and never goes away while the table lives: a forgotten snapshot keeps its slot and name, so neither
 * can come to mean another snapshot during a mount. */
struct tuskfs_slot {
	uint32_t slot;
	struct tusk_id id;
	struct timespec time;
	bool has_xattrs;
	struct tusk_view *view; /* NULL: could not be opened; see why */
	enum tusk_code why;
	char source[256]; /* "": none */
	char name[48];    /* "2026-11-22T14-07-22Z", the second one of a second has "-2" added */
};

struct tuskfs_slots;
int tuskfs_slots_new(struct tuskfs_slots **ret_slots, struct tusk_err *err);
void tuskfs_slots_free(struct tuskfs_slots *slots);

/* Makes sure that every snapshot of the list has a slot. Deterministic: the same list in a new table gives the same
 * slots and names. */
int tuskfs_slots_assign(struct tuskfs_slots *slots, struct tusk_repository *repository,
			const struct tusk_snapshot_list *list, struct tusk_err *err);

/* Whether any snapshot that has a slot has extended attributes. */
bool tuskfs_slots_have_xattrs(struct tuskfs_slots *slots);
/* NULL when there is none. */
const struct tuskfs_slot *tuskfs_slots_find(struct tuskfs_slots *slots, uint32_t slot);
const struct tuskfs_slot *tuskfs_slots_find_id(struct tuskfs_slots *slots, const struct tusk_id *id);

#endif
