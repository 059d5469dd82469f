/* Where an object is stored: the index, and what to do when it does not know or is wrong (the index is never the
 * truth). Thread-safe. */
#ifndef TUSK_LOCATOR_H
#define TUSK_LOCATOR_H

#include "handle.h"

struct tusk_locator;

/* Borrows repository until free. NULL when out of memory. */
struct tusk_locator *tusk_locator_new(struct tusk_repository *repository);
void tusk_locator_free(struct tusk_locator *locator);

/* Asks the index; if it does not know, makes it agree with the node once for each generation of the node's tocs and
 * asks again. TUSK_INDEX_FOUND, TUSK_INDEX_ABSENT or -1. */
int tusk_locator_find(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location,
		      struct tusk_err *err);
/* As find; then where the object was before it proved damaged; then the tables of contents on the node themselves (a
 * limited number of fruitless searches for each generation). */
int tusk_locator_search(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location,
			struct tusk_err *err);
/* What find or search gave proved wrong: forgets it, so that the next backup stores the object again, and looks for
 * another copy. TUSK_INDEX_FOUND with that copy, TUSK_INDEX_ABSENT or -1. */
int tusk_locator_replace(struct tusk_locator *locator, const struct tusk_id *id, const struct tusk_location *wrong,
			 struct tusk_location *ret_location, struct tusk_err *err);

#endif
