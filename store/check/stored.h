/* Which pack holds which id, for all ids of a repository at 10 bytes each: 10 million chunks in 100 MB. */
#ifndef TUSK_STORED_H
#define TUSK_STORED_H

#include "tusk/err.h"
#include "tusk/id.h"

#include <stddef.h>
#include <stdint.h>

/* An id is known by its first 6 bytes: with 10 million stored ids, one lost id in 28 million would be taken for
 * another. Invariant after sort: rising by these. */
struct tusk_stored_item {
	uint16_t high;
	uint32_t low, pack;
} __attribute__((packed));

struct tusk_stored {
	struct tusk_stored_item *items;
	size_t count, capacity;
};
void tusk_stored_release(struct tusk_stored *stored);
int tusk_stored_add(struct tusk_stored *stored, const struct tusk_id *id, uint32_t pack, struct tusk_err *err);
/* In place, in time that no choice of ids can make quadratic. */
void tusk_stored_sort(struct tusk_stored *stored);
/* The first item of id (sorted), NULL for none; ret_count says how many there are. */
const struct tusk_stored_item *tusk_stored_find(const struct tusk_stored *stored, const struct tusk_id *id,
						size_t *ret_count);

#endif
