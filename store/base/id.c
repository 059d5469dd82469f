#include "tusk/id.h"

#include <string.h>

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

void tusk_hex_encode(const void *data, size_t len, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++) {
		ret_text[2 * i] = digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_text[2 * len] = '\0';
}

int tusk_hex_decode(const char *text, size_t text_len, void *ret_data, size_t len)
{
	uint8_t *bytes = ret_data;

	if (text_len % 2 || text_len / 2 != len)
		return -1;
	/* First all digits are checked: the output is untouched on failure. */
	for (size_t i = 0; i < text_len; i++)
		if (digit_value(text[i]) < 0)
			return -1;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)((unsigned)digit_value(text[2 * i]) << 4 | (unsigned)digit_value(text[2 * i + 1]));
	return 0;
}

void tusk_id_text(const struct tusk_id *id, char ret_text[TUSK_ID_TEXT_SIZE])
{
	tusk_hex_encode(id->bytes, TUSK_ID_SIZE, ret_text);
}

bool tusk_id_equal(const struct tusk_id *a, const struct tusk_id *b)
{
	return memcmp(a->bytes, b->bytes, TUSK_ID_SIZE) == 0;
}

int tusk_id_compare(const struct tusk_id *a, const struct tusk_id *b)
{
	return memcmp(a->bytes, b->bytes, TUSK_ID_SIZE);
}

bool tusk_id_is_zero(const struct tusk_id *id)
{
	static const struct tusk_id zero;

	return tusk_id_equal(id, &zero);
}
