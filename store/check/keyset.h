/* A set of 32-byte keys (hash outputs), each with a number. */
#ifndef TUSK_KEYSET_H
#define TUSK_KEYSET_H

#include "tusk/err.h"
#include "tusk/id.h"

#include <stddef.h>
#include <stdint.h>

struct tusk_keyset_item {
	struct tusk_id key;
	uint32_t value;
	bool used;
};

/* Open addressing; invariants: capacity is 0 or a power of two, at most three quarters are used. */
struct tusk_keyset {
	struct tusk_keyset_item *items;
	size_t count, capacity;
};
void tusk_keyset_release(struct tusk_keyset *set);
/* 1: added; 0: was there (its value stays); -1: out of memory. */
int tusk_keyset_add(struct tusk_keyset *set, const struct tusk_id *key, uint32_t value, struct tusk_err *err);
bool tusk_keyset_get(const struct tusk_keyset *set, const struct tusk_id *key, uint32_t *ret_value);
/* Where its value is, until the next key is added; NULL when it is not there. */
uint32_t *tusk_keyset_value(const struct tusk_keyset *set, const struct tusk_id *key);

#endif
