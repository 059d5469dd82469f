/* Blocks of packs on the client's disk: one file each, which proves itself. Losing any of it costs a request. */
#ifndef TUSK_CACHE_STORE_H
#define TUSK_CACHE_STORE_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUSK_CACHE_BLOCK_SIZE (256u << 10)

struct tusk_cache_store; /* thread-safe; processes may share the folder */

/* folder is made when something is stored. max: bytes that may be kept. NULL when there is no memory. */
struct tusk_cache_store *tusk_cache_store_new(const char *folder, uint64_t max);
void tusk_cache_store_free(struct tusk_cache_store *store);
/* A block of the object with these 64 digits, into TUSK_CACHE_BLOCK_SIZE bytes; false when it is not there or damaged.
 */
bool tusk_cache_store_load(struct tusk_cache_store *store, const char *digits, uint32_t block, uint8_t *data,
			   size_t *ret_len, uint64_t *ret_object_size);
bool tusk_cache_store_has(struct tusk_cache_store *store, const char *digits, uint32_t block);
/* Keeps a block, and drops those not used for longest when there is too much. A failure is no matter. */
void tusk_cache_store_save(struct tusk_cache_store *store, const char *digits, uint32_t block, const uint8_t *data,
			   size_t len, uint64_t object_size);
/* Drops the first count blocks of an object. */
void tusk_cache_store_drop(struct tusk_cache_store *store, const char *digits, uint32_t count);

#endif
