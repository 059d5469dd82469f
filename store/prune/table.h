/* Which packs hold which objects, and which objects are live: 16 bytes and a bit for each record. */
#ifndef TUSK_TABLE_H
#define TUSK_TABLE_H

#include "tusk/err.h"
#include "tusk/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object is known by 96 bits of a hash of its id, under a key that is made for each table: the chance that two of 10
 * million are taken for one is 10^-15, and nobody can choose ids so that they are. */
struct tusk_table_item {
	uint64_t high;
	uint32_t low, pack;
};

/* Invariant after tusk_table_sort: items rise by high; live has a bit for each. */
struct tusk_table {
	uint64_t key[3][8];
	struct tusk_table_item *items;
	size_t count, capacity;
	uint8_t *live;
};
int tusk_table_init(struct tusk_table *table, struct tusk_err *err);
void tusk_table_release(struct tusk_table *table);
int tusk_table_add(struct tusk_table *table, const struct tusk_id *id, uint32_t pack, struct tusk_err *err);
int tusk_table_sort(struct tusk_table *table, struct tusk_err *err);
/* Calls for all items of an object in a row: *at is the first, the return value their number; 0: there is none. */
size_t tusk_table_find(const struct tusk_table *table, const struct tusk_id *id, size_t *at);
/* The number of items of the object at i, which is the first of them. */
size_t tusk_table_group(const struct tusk_table *table, size_t i);
bool tusk_table_is_live(const struct tusk_table *table, size_t i);
enum tusk_table_mark { TUSK_MARK_NEW, TUSK_MARK_OLD, TUSK_MARK_UNKNOWN };
enum tusk_table_mark tusk_table_mark(struct tusk_table *table, const struct tusk_id *id);

#endif
