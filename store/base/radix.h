/* Sorting of large arrays in place. */
#ifndef TUSK_RADIX_H
#define TUSK_RADIX_H

#include <stddef.h>

/* Sorts count items of size bytes (12 or 16) by the 64-bit number in host order that each begins with. Equal ones come
 * in any order. Radix exchange (Knuth, TAOCP 5.2.2, algorithm R): no memory but 64 calls of stack, and no choice of
 * keys makes it slower than 64 passes. */
void tusk_radix_sort(void *items, size_t count, size_t size);

#endif
