/* Bytes in tests: comparison with hexadecimal text, and reproducible pseudorandom data. Include after cmocka.h. */
#ifndef TUSK_TEST_BYTES_H
#define TUSK_TEST_BYTES_H

#include "tusk/id.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fails unless data is what hex says; both are shown as text. */
static inline void assert_hex(const void *data, size_t len, const char *hex)
{
	char *text = malloc(2 * len + 1);

	assert_non_null(text);
	tusk_hex_encode(data, len, text);
	assert_string_equal(text, hex);
	free(text);
}

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), little-endian. */
static inline void fill_random(void *data, size_t len, uint64_t seed)
{
	uint8_t *bytes = data;
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0) {
			seed += 0x9e3779b97f4a7c15;
			word = seed;
			word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
			word = (word ^ word >> 27) * 0x94d049bb133111eb;
			word ^= word >> 31;
		}
		bytes[i] = (uint8_t)(word >> (8 * (i % 8)));
	}
}

#endif
