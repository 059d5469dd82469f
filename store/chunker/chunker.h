/* Content-defined chunking (FORMAT.md, Chunking). Pure: no allocation, no I/O, no state between calls. */
#ifndef TUSK_CHUNKER_H
#define TUSK_CHUNKER_H

#include <stddef.h>
#include <stdint.h>

struct tusk_chunker {
	uint64_t gear[256];
	uint64_t mask_small, mask_large;
	size_t min, average, max;
};

/* average a power of two, min < average < max. */
void tusk_chunker_init(struct tusk_chunker *chunker, const uint64_t gear[256], size_t min, size_t average, size_t max);
/* Length of the first chunk of data (1..max), or 0 when len bytes do not decide it: give more (up to max), or, at the
 * end of the file, take the rest as the last chunk. */
size_t tusk_chunker_cut(const struct tusk_chunker *chunker, const uint8_t *data, size_t len);

#endif
