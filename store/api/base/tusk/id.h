/* 32-byte identifiers and their hexadecimal text. */
#ifndef TUSK_ID_H
#define TUSK_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUSK_ID_SIZE         32
#define TUSK_ID_TEXT_SIZE    (2 * TUSK_ID_SIZE + 1)
#define TUSK_SHORT_ID_LENGTH 8 /* digits shown to people */

struct tusk_id {
	uint8_t bytes[TUSK_ID_SIZE];
};

/* Writes 2 * len lower-case digits and a NUL. */
void tusk_hex_encode(const void *data, size_t len, char *ret_text);
/* Reads exactly 2 * len lower- or upper-case digits; 0 or -1. */
int tusk_hex_decode(const char *text, size_t text_len, void *ret_data, size_t len);

void tusk_id_text(const struct tusk_id *id, char ret_text[TUSK_ID_TEXT_SIZE]);
bool tusk_id_equal(const struct tusk_id *a, const struct tusk_id *b);
int tusk_id_compare(const struct tusk_id *a, const struct tusk_id *b);
bool tusk_id_is_zero(const struct tusk_id *id);

#endif
