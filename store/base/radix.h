/* Sorting of large arrays in place. */
#ifndef TUSK_RADIX_H
#define TUSK_RADIX_H

#include <stddef.h>

/* Sorts count items by the number in host order that each begins with: items of 16 bytes by 64 bits, items of 10 bytes
 * by 48 (the upper 16 first, then the lower 32). Equal ones come in any order. Radix exchange (Knuth, TAOCP 5.2.2,
 * algorithm R): no memory but 64 calls of stack, and no choice of keys makes it slower than 64 passes. */
void tusk_radix_sort(void *items, size_t count, size_t size);

#endif
