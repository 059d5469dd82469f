/* Hashing of what a file holds. */
#ifndef TUSK_HASH_RANGE_H
#define TUSK_HASH_RANGE_H

#include "tusk/hash.h"

#include <stddef.h>
#include <stdint.h>

/* Adds the file's bytes from offset to end to hasher, read through the caller's buffer of size bytes.
 * 0; 1: the file ends before end; -1: it cannot be read, errno says why. */
int tusk_hash_range(struct tusk_hasher *hasher, int fd, uint64_t offset, uint64_t end, uint8_t *buffer, size_t size);

#endif
