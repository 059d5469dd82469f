/* Building the text of requests. */
#ifndef TUSK_S3_TEXT_H
#define TUSK_S3_TEXT_H

#include "tusk/buf.h"

#include <stdbool.h>

/* Appends what printf would print, and a NUL that is not counted in len. 0 or -1 (memory). */
int tusk_s3_print(struct tusk_buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends text with everything but A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986, upper case), '/' too unless it is kept. */
int tusk_s3_encode(struct tusk_buf *out, const char *text, bool keep_slash);
/* Undoes %XX in place, and nothing else. -1 when broken or when a NUL comes out. */
int tusk_s3_decode(char *text);
/* Base 64 with padding (RFC 4648): 4 digits for 3 bytes, and a NUL. */
void tusk_s3_base64(const uint8_t *data, size_t len, char *ret_text);
/* The text of a buffer that tusk_s3_print or tusk_s3_encode filled; "" when it is empty. */
const char *tusk_s3_text(const struct tusk_buf *buf);

#endif
