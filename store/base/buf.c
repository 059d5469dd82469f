#include "tusk/buf.h"

#include <string.h>

#define SMALLEST_CAPACITY 64

int tusk_buf_reserve(struct tusk_buf *buf, size_t extra)
{
	size_t need, capacity;
	uint8_t *data;

	if (extra <= buf->capacity - buf->len)
		return 0;
	if (__builtin_add_overflow(buf->len, extra, &need) || need > PTRDIFF_MAX)
		return -1;
	if (__builtin_mul_overflow(buf->capacity, (size_t)2, &capacity) || capacity < need)
		capacity = need;
	if (capacity < SMALLEST_CAPACITY)
		capacity = SMALLEST_CAPACITY;
	data = realloc(buf->data, capacity);
	if (!data)
		return -1;
	buf->data = data;
	buf->capacity = capacity;
	return 0;
}

int tusk_buf_append(struct tusk_buf *buf, const void *data, size_t len)
{
	if (tusk_buf_reserve(buf, len) < 0)
		return -1;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}

void tusk_buf_release(struct tusk_buf *buf)
{
	free(buf->data);
	*buf = (struct tusk_buf){0};
}

void tusk_buf_wipe(struct tusk_buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	tusk_buf_release(buf);
}
