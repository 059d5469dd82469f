/* Recovery codes (FORMAT.md, Key slot): 32 bytes as 52 base-32 digits (RFC 4648), the last four bits zero. */
#include "tusk/recovery.h"

#include <string.h>

#define DIGIT_COUNT 52
#define GROUP       4

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static unsigned bit(const uint8_t key[32], unsigned index)
{
	return index < 256 ? (key[index / 8] >> (7 - index % 8)) & 1u : 0;
}

void tusk_recovery_encode(const uint8_t key[32], char ret_text[TUSK_RECOVERY_TEXT_SIZE])
{
	char *out = ret_text;
	for (unsigned i = 0; i < DIGIT_COUNT; i++) {
		unsigned value = 0;
		for (unsigned b = 0; b < 5; b++)
			value = value << 1 | bit(key, i * 5 + b);
		if (i && i % GROUP == 0)
			*out++ = '-';
		*out++ = digits[value];
	}
	*out = '\0';
}

static int digit_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	const char *found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

int tusk_recovery_decode(const char *text, size_t len, uint8_t ret_key[32])
{
	uint8_t key[33] = {0};
	unsigned count = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '-' || text[i] == ' ')
			continue;
		int value = digit_value(text[i]);
		if (value < 0 || count == DIGIT_COUNT)
			return -1;
		for (unsigned b = 0; b < 5; b++) {
			unsigned at = count * 5 + b;
			if (value >> (4 - b) & 1)
				key[at / 8] = (uint8_t)(key[at / 8] | 1u << (7 - at % 8));
		}
		count++;
	}
	if (count != DIGIT_COUNT || key[32])
		return -1;
	memcpy(ret_key, key, 32);
	explicit_bzero(key, sizeof(key));
	return 0;
}

int tusk_secret_from_text(struct tusk_secret *secret, struct tusk_err *err)
{
	struct tusk_buf *text = &secret->secret;
	uint8_t key[32];

	if (text->len && text->data[text->len - 1] == '\n')
		text->len--;
	if (text->len == 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the password from %s is empty", secret->origin);
	secret->kind = TUSK_SECRET_PASSPHRASE;
	if (tusk_recovery_decode((const char *)text->data, text->len, key) == 0) {
		secret->kind = TUSK_SECRET_RECOVERY;
		memcpy(text->data, key, sizeof(key));
		text->len = sizeof(key);
		explicit_bzero(key, sizeof(key));
	}
	return 0;
}
