/* Entries on their way into the table of chunks, in the order of their keys. */
#ifndef TUSK_INDEX_ITEMS_H
#define TUSK_INDEX_ITEMS_H

#include "index_env.h"

/* entry.pack is the pack's place in numbers (see tusk_items_put), not yet its number. */
struct tusk_item {
	struct tusk_id id;
	struct tusk_entry entry;
};

/* Invariant: order has capacity places; it is a permutation of 0..count-1 after tusk_items_sort. */
struct tusk_items {
	struct tusk_item *items;
	uint32_t *order;
	size_t count, capacity;
};
void tusk_items_release(struct tusk_items *items);
#define TUSK_AUTO_ITEMS TUSK_CLEANUP(tusk_items_release)

/* The first eight bytes of an id as a number: ids are in the order of these. */
uint64_t tusk_item_prefix(const struct tusk_id *id);
struct tusk_item tusk_item_of(const struct tusk_record *record, uint32_t pack);

int tusk_items_reserve(struct tusk_items *items, size_t count, struct tusk_err *err);
int tusk_items_append(struct tusk_items *items, const struct tusk_toc *toc, uint32_t pack, struct tusk_err *err);
int tusk_items_sort(struct tusk_items *items, struct tusk_err *err);
/* Puts the items from..to-1 of the order into the table; numbers[entry.pack] is the number of an item's pack. An id
 * that is there with a valid entry keeps it. append: the items come after all that the table holds, as a rule. Adds
 * what was new to ret_added. An LMDB code. */
int tusk_items_put(const struct tusk_db *db, MDB_txn *txn, const struct tusk_items *items, size_t from, size_t to,
		   const uint32_t *numbers, bool append, uint64_t *ret_added);

/* Whether the value is a valid entry of id in a pack that the index knows. An LMDB code. ret_valid is set when
 * it is 0, ret_entry and ret_row when ret_valid is true. */
int tusk_entry_check(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *id, const MDB_val *value,
		     bool *ret_valid, struct tusk_entry *ret_entry, struct tusk_pack_row *ret_row);

/* Rows of the two tables of packs. */
int tusk_pack_row_put(const struct tusk_db *db, MDB_txn *txn, uint32_t number, const struct tusk_pack_row *row);
int tusk_pack_number_get(const struct tusk_db *db, MDB_txn *txn, const struct tusk_id *id, uint32_t *ret_number);

#endif
