#include "text.h"

#include "tusk/id.h"

#include <stdarg.h>
#include <string.h>

int tusk_s3_print(struct tusk_buf *out, const char *format, ...)
{
	va_list list;
	int len, printed;

	va_start(list, format);
	len = vsnprintf(NULL, 0, format, list);
	va_end(list);
	if (len < 0 || tusk_buf_reserve(out, (size_t)len + 1) < 0)
		return -1;
	va_start(list, format);
	printed = vsnprintf((char *)out->data + out->len, (size_t)len + 1, format, list);
	va_end(list);
	if (printed != len)
		return -1;
	out->len += (size_t)len;
	return 0;
}

static bool is_plain(char c, bool keep_slash)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~' || (c == '/' && keep_slash);
}

int tusk_s3_encode(struct tusk_buf *out, const char *text, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to;

	if (tusk_buf_reserve(out, 3 * strlen(text) + 1) < 0)
		return -1;
	to = (char *)out->data + out->len;
	for (; *text; text++) {
		if (is_plain(*text, keep_slash)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(unsigned char)*text >> 4];
		*to++ = digits[(unsigned char)*text & 15];
	}
	*to = '\0';
	out->len = (size_t)(to - (char *)out->data);
	return 0;
}

int tusk_s3_decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (*text == '%') {
			if (strnlen(text + 1, 2) < 2 || tusk_hex_decode(text + 1, 2, &byte, 1) < 0 || byte == 0)
				return -1;
			text += 2;
		}
		*to++ = (char)byte;
	}
	*to = '\0';
	return 0;
}

void tusk_s3_base64(const uint8_t *data, size_t len, char *ret_text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
				(left > 2 ? data[i + 2] : 0u);

		for (size_t k = 0; k < 4; k++)
			*ret_text++ = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
	}
	*ret_text = '\0';
}

const char *tusk_s3_text(const struct tusk_buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}
