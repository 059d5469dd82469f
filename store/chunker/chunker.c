#include "chunker.h"

#include <assert.h>
#include <string.h>

/* Normalised chunking, level 2: so many bits more and less than log2(average). */
#define NORMALISATION 2
#define STEP          8

static uint64_t top_bits(unsigned count)
{
	return UINT64_MAX << (64 - count);
}

void tusk_chunker_init(struct tusk_chunker *chunker, const uint64_t gear[256], size_t min, size_t average, size_t max)
{
	unsigned bits = (unsigned)__builtin_ctzll(average);

	assert(average >= 64 && average == (size_t)1 << bits);
	assert(min < average && average < max);
	memcpy(chunker->gear, gear, sizeof(chunker->gear));
	chunker->mask_small = top_bits(bits + NORMALISATION);
	chunker->mask_large = top_bits(bits - NORMALISATION);
	chunker->min = min;
	chunker->average = average;
	chunker->max = max;
}

/* Rolls the hash over data[from..to) and returns the offset after the first byte where it has no bit of mask, or 0. The
 * mask is the topmost bits, so that is a comparison; eight bytes a step leave no loop test between them. Together that
 * is about one cycle a byte. */
static inline size_t scan(const uint64_t gear[256], uint64_t mask, const uint8_t *data, size_t from, size_t to,
			  uint64_t *hash)
{
	const uint64_t limit = 0 - mask;
	uint64_t h = *hash;
	size_t i = from;

	for (; to - i >= STEP; i += STEP) {
#pragma GCC unroll 8
		for (size_t k = 0; k < STEP; k++) {
			h = (h << 1) + gear[data[i + k]];
			if (h < limit)
				return i + k + 1;
		}
	}
	for (; i < to; i++) {
		h = (h << 1) + gear[data[i]];
		if (h < limit)
			return i + 1;
	}
	*hash = h;
	return 0;
}

size_t tusk_chunker_cut(const struct tusk_chunker *chunker, const uint8_t *data, size_t len)
{
	size_t end = len < chunker->max ? len : chunker->max;
	size_t normal = end < chunker->average ? end : chunker->average;
	uint64_t hash = 0;
	size_t cut;

	if (end <= chunker->min)
		return 0;
	cut = scan(chunker->gear, chunker->mask_small, data, chunker->min, normal, &hash);
	if (!cut)
		cut = scan(chunker->gear, chunker->mask_large, data, normal, end, &hash);
	if (cut)
		return cut;
	return end == chunker->max ? end : 0;
}
