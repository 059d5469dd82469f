/* Bounded decoding and encoding of the primitives in FORMAT.md. The only place where stored bytes become numbers. */
#ifndef TUSK_WIRE_H
#define TUSK_WIRE_H

#include "tusk/buf.h"
#include "tusk/id.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A cursor over borrowed bytes. The first failed read sets failed and makes all later reads fail (returning 0 or NULL),
 * so a decoder may read a whole record and test once. Invariant: position <= end. */
struct tusk_cursor {
	const uint8_t *position, *end;
	bool failed;
};

void tusk_cursor_init(struct tusk_cursor *cursor, const void *data, size_t len);
uint8_t tusk_get_u8(struct tusk_cursor *cursor);
uint16_t tusk_get_u16(struct tusk_cursor *cursor);
uint32_t tusk_get_u32(struct tusk_cursor *cursor);
uint64_t tusk_get_u64(struct tusk_cursor *cursor);
/* Shortest form only, at most 10 bytes. */
uint64_t tusk_get_varint(struct tusk_cursor *cursor);
int64_t tusk_get_zigzag(struct tusk_cursor *cursor);
/* The same as tusk_get_varint, inline and without a loop for up to 8 bytes: for decoders on the hot path. */
static inline uint64_t tusk_get_varint_quick(struct tusk_cursor *cursor)
{
	uint64_t word;

	if (!cursor->failed && cursor->end - cursor->position >= (ptrdiff_t)sizeof(word)) {
		if (!(*cursor->position & 0x80))
			return *cursor->position++;
		if ((uint8_t)(cursor->position[1] - 1) < 0x7f) {
			cursor->position += 2;
			return (uint64_t)(cursor->position[-2] & 0x7f) | (uint64_t)cursor->position[-1] << 7;
		}
		memcpy(&word, cursor->position, sizeof(word));
		word = le64toh(word);
		/* The top bits that are clear: the lowest of them is in the last byte, which is zero in no shortest
		 * form. */
		uint64_t stops = ~word & 0x8080808080808080;
		unsigned last = stops ? (unsigned)__builtin_ctzll(stops) & ~7u : 0;
		word &= stops ^ (stops - 1);
		if (last && word >> last) {
			cursor->position += last / 8 + 1;
			/* Closes the gaps of one bit between groups of 7, of two between those of 14, ... */
			word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
			word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
			return (word & 0x0fffffff) | (word & 0x0fffffff00000000) >> 4;
		}
	}
	return tusk_get_varint(cursor);
}
/* len raw bytes, borrowed; NULL on failure. */
const uint8_t *tusk_get_raw(struct tusk_cursor *cursor, size_t len);
/* Varint length, then that many bytes; fails when longer than max. */
const uint8_t *tusk_get_bytes(struct tusk_cursor *cursor, size_t max, size_t *ret_len);
void tusk_get_id(struct tusk_cursor *cursor, struct tusk_id *ret_id);
size_t tusk_cursor_left(const struct tusk_cursor *cursor);
/* True when nothing failed and nothing is left. */
bool tusk_cursor_done(const struct tusk_cursor *cursor);

/* Appending; each 0 or -1 (memory). */
int tusk_put_u8(struct tusk_buf *buf, uint8_t value);
int tusk_put_u16(struct tusk_buf *buf, uint16_t value);
int tusk_put_u32(struct tusk_buf *buf, uint32_t value);
int tusk_put_u64(struct tusk_buf *buf, uint64_t value);
int tusk_put_varint(struct tusk_buf *buf, uint64_t value);
int tusk_put_zigzag(struct tusk_buf *buf, int64_t value);
int tusk_put_bytes(struct tusk_buf *buf, const void *data, size_t len);
#define tusk_put_raw tusk_buf_append

/* Unaligned little-endian access to memory the caller has checked. */
uint16_t tusk_load_u16(const void *p);
uint32_t tusk_load_u32(const void *p);
uint64_t tusk_load_u64(const void *p);
void tusk_store_u16(void *p, uint16_t value);
void tusk_store_u32(void *p, uint32_t value);
void tusk_store_u64(void *p, uint64_t value);

#endif
