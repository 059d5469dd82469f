/* Golden vectors: tests/data/tree/NAME.hex, hexadecimal text with line breaks; and what they are made from. */
#ifndef TUSK_TEST_GOLDEN_H
#define TUSK_TEST_GOLDEN_H

#include "entries.h"

/* One entry of each type and each kind of content. */
#define GOLDEN_ENTRIES 14
void golden_entries(struct test_pool *pool, struct tusk_entry ret_entries[GOLDEN_ENTRIES]);

void golden_load(const char *name, struct tusk_buf *ret_data);
/* Fails unless data is the golden vector. The bytes are then shown, so that an intended change of the format can be
 * pasted. */
void golden_compare(const char *name, const void *data, size_t len);

#endif
