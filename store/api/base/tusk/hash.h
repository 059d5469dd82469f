/* SHA-256. Needs no memory but for tusk_hasher_new, which is NULL without. */
#ifndef TUSK_HASH_H
#define TUSK_HASH_H

#include "tusk/cleanup.h"

#include <stddef.h>
#include <stdint.h>

#define TUSK_SHA256_SIZE 32

void tusk_sha256(const void *data, size_t len, uint8_t ret_hash[TUSK_SHA256_SIZE]);

struct tusk_hasher; /* incremental; reusable, one thread at a time */
struct tusk_hasher *tusk_hasher_new(void);
void tusk_hasher_free(struct tusk_hasher *hasher);
void tusk_hasher_reset(struct tusk_hasher *hasher);
void tusk_hasher_update(struct tusk_hasher *hasher, const void *data, size_t len);
void tusk_hasher_final(struct tusk_hasher *hasher, uint8_t ret_hash[TUSK_SHA256_SIZE]); /* resets */
TUSK_DEFINE_CLEANUP(struct tusk_hasher, tusk_hasher, tusk_hasher_free)
#define TUSK_AUTO_HASHER TUSK_CLEANUP(tusk_hasher_cleanup)

#endif
