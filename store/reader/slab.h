/* Recycled memory for decoded objects: a fresh page costs a fault of 2 to 4 us, so a buffer that was touched once is
 * kept and handed out again instead of going back to the system. Thread-safe. */
#ifndef TUSK_SLAB_H
#define TUSK_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct tusk_slabs;

/* largest: bytes of the largest recycled buffer; larger ones come from malloc. keep: bytes of free buffers to hold on
 * to. NULL when out of memory. */
struct tusk_slabs *tusk_slabs_new(size_t largest, size_t keep);
/* Every buffer must have been given back. free(NULL) is fine. */
void tusk_slabs_free(struct tusk_slabs *slabs);

/* A buffer of at least len bytes, its content undefined; ret_capacity is to be passed back. NULL when out of memory. */
uint8_t *tusk_slab_take(struct tusk_slabs *slabs, size_t len, size_t *ret_capacity);
/* NULL is fine. */
void tusk_slab_give(struct tusk_slabs *slabs, uint8_t *data, size_t capacity);

#endif
