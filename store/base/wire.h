/* Bounded decoding and encoding of the primitives in FORMAT.md. The only place where stored bytes become numbers. */
#ifndef TUSK_WIRE_H
#define TUSK_WIRE_H

#include "tusk/buf.h"
#include "tusk/id.h"

#include <stdbool.h>
#include <stdint.h>

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
