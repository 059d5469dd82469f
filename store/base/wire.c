#include "wire.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define VARINT_MAX_BYTES 10

uint16_t tusk_load_u16(const void *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return le16toh(value);
}

uint32_t tusk_load_u32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

uint64_t tusk_load_u64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

void tusk_store_u16(void *p, uint16_t value)
{
	value = htole16(value);
	memcpy(p, &value, sizeof(value));
}

void tusk_store_u32(void *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

void tusk_store_u64(void *p, uint64_t value)
{
	value = htole64(value);
	memcpy(p, &value, sizeof(value));
}

void tusk_cursor_init(struct tusk_cursor *cursor, const void *data, size_t len)
{
	static const uint8_t nothing;

	assert(data || !len);
	/* An empty cursor must not do arithmetic on NULL. */
	cursor->position = len ? data : &nothing;
	cursor->end = cursor->position + len;
	cursor->failed = false;
}

size_t tusk_cursor_left(const struct tusk_cursor *cursor)
{
	assert(cursor->position <= cursor->end);
	return (size_t)(cursor->end - cursor->position);
}

bool tusk_cursor_done(const struct tusk_cursor *cursor)
{
	return !cursor->failed && tusk_cursor_left(cursor) == 0;
}

const uint8_t *tusk_get_raw(struct tusk_cursor *cursor, size_t len)
{
	const uint8_t *data = cursor->position;

	if (cursor->failed || len > tusk_cursor_left(cursor)) {
		cursor->failed = true;
		return NULL;
	}
	cursor->position += len;
	return data;
}

uint8_t tusk_get_u8(struct tusk_cursor *cursor)
{
	const uint8_t *p = tusk_get_raw(cursor, 1);

	return p ? *p : 0;
}

uint16_t tusk_get_u16(struct tusk_cursor *cursor)
{
	const uint8_t *p = tusk_get_raw(cursor, 2);

	return p ? tusk_load_u16(p) : 0;
}

uint32_t tusk_get_u32(struct tusk_cursor *cursor)
{
	const uint8_t *p = tusk_get_raw(cursor, 4);

	return p ? tusk_load_u32(p) : 0;
}

uint64_t tusk_get_u64(struct tusk_cursor *cursor)
{
	const uint8_t *p = tusk_get_raw(cursor, 8);

	return p ? tusk_load_u64(p) : 0;
}

uint64_t tusk_get_varint(struct tusk_cursor *cursor)
{
	size_t left = cursor->failed ? 0 : tusk_cursor_left(cursor);
	uint64_t value = 0;

	if (left > VARINT_MAX_BYTES)
		left = VARINT_MAX_BYTES;
	for (size_t i = 0; i < left; i++) {
		uint8_t byte = cursor->position[i];

		/* The tenth byte holds bit 63 only. */
		if (i == VARINT_MAX_BYTES - 1 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		if (byte == 0 && i > 0)
			break; /* not the shortest form */
		cursor->position += i + 1;
		return value;
	}
	cursor->failed = true;
	return 0;
}

int64_t tusk_get_zigzag(struct tusk_cursor *cursor)
{
	uint64_t coded = tusk_get_varint(cursor);

	return (int64_t)(coded >> 1 ^ (0 - (coded & 1)));
}

const uint8_t *tusk_get_bytes(struct tusk_cursor *cursor, size_t max, size_t *ret_len)
{
	uint64_t len = tusk_get_varint(cursor);
	const uint8_t *data;

	if (len > max)
		cursor->failed = true;
	data = tusk_get_raw(cursor, (size_t)len);
	*ret_len = data ? (size_t)len : 0;
	return data;
}

void tusk_get_id(struct tusk_cursor *cursor, struct tusk_id *ret_id)
{
	const uint8_t *p = tusk_get_raw(cursor, TUSK_ID_SIZE);

	if (p)
		memcpy(ret_id->bytes, p, TUSK_ID_SIZE);
	else
		memset(ret_id->bytes, 0, TUSK_ID_SIZE);
}

int tusk_put_u8(struct tusk_buf *buf, uint8_t value)
{
	return tusk_buf_append(buf, &value, 1);
}

int tusk_put_u16(struct tusk_buf *buf, uint16_t value)
{
	value = htole16(value);
	return tusk_buf_append(buf, &value, sizeof(value));
}

int tusk_put_u32(struct tusk_buf *buf, uint32_t value)
{
	value = htole32(value);
	return tusk_buf_append(buf, &value, sizeof(value));
}

int tusk_put_u64(struct tusk_buf *buf, uint64_t value)
{
	value = htole64(value);
	return tusk_buf_append(buf, &value, sizeof(value));
}

int tusk_put_varint(struct tusk_buf *buf, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t len = 0;

	while (value >= 0x80) {
		bytes[len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	bytes[len++] = (uint8_t)value;
	return tusk_buf_append(buf, bytes, len);
}

int tusk_put_zigzag(struct tusk_buf *buf, int64_t value)
{
	uint64_t sign = value < 0 ? UINT64_MAX : 0;

	return tusk_put_varint(buf, (uint64_t)value << 1 ^ sign);
}

int tusk_put_bytes(struct tusk_buf *buf, const void *data, size_t len)
{
	/* Room for both first, so that a failure leaves the buffer unchanged. */
	if (len > SIZE_MAX - VARINT_MAX_BYTES || tusk_buf_reserve(buf, len + VARINT_MAX_BYTES) < 0)
		return -1;
	if (tusk_put_varint(buf, len) < 0)
		return -1;
	return tusk_buf_append(buf, data, len);
}
