/* A growable byte buffer. Zero-initialised is empty and valid. */
#ifndef TUSK_BUF_H
#define TUSK_BUF_H

#include "tusk/cleanup.h"

#include <stddef.h>
#include <stdint.h>

/* Invariant: len <= capacity; data is NULL iff capacity == 0. */
struct tusk_buf {
	uint8_t *data;
	size_t len;
	size_t capacity;
};

/* Makes room for extra more bytes; 0 or -1 (out of memory; the buffer is unchanged). Capacity grows by doubling. */
int tusk_buf_reserve(struct tusk_buf *buf, size_t extra);
int tusk_buf_append(struct tusk_buf *buf, const void *data, size_t len);
/* Frees the storage; the buffer is empty and usable afterwards. */
void tusk_buf_release(struct tusk_buf *buf);
/* The same, wiping the bytes first. */
void tusk_buf_wipe(struct tusk_buf *buf);

#define TUSK_AUTO_BUF        TUSK_CLEANUP(tusk_buf_release)
#define TUSK_AUTO_SECRET_BUF TUSK_CLEANUP(tusk_buf_wipe)

#endif
