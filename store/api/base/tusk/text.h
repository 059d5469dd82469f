/* Text for people: names as bytes made printable, sizes, times, edit distance. */
#ifndef TUSK_TEXT_H
#define TUSK_TEXT_H

#include "tusk/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Appends a name of arbitrary bytes so that it is safe on a terminal: valid UTF-8 stays, control characters, invalid
 * bytes and backslash become \ooo or \\ as GNU ls -b does; then a NUL that is not counted in len. 0 or -1 (memory). */
int tusk_text_escape(struct tusk_buf *out, const void *name, size_t len);
bool tusk_text_is_utf8(const void *text, size_t len);

/* "0 B", "512 B", "1.5 KiB", "640 MiB", "1.2 TiB". */
void tusk_text_bytes(uint64_t bytes, char ret_text[16]);
/* "4,761" */
void tusk_text_count(uint64_t count, char ret_text[32]);
/* "0:42", "1:02:03" */
void tusk_text_duration(uint64_t seconds, char ret_text[16]);
/* UTC: "2026-11-22T14:07:22.123456789Z" (RFC 3339) */
void tusk_text_time_rfc3339(struct timespec time, char ret_text[40]);
/* UTC without colons, for directory names: "2026-11-22T14-07-22Z" */
void tusk_text_time_name(struct timespec time, char ret_text[32]);
/* Local: "2026-11-22 14:07:22" */
void tusk_text_time_local(struct timespec time, char ret_text[32]);
/* "128K", "20M", "1G", "512": powers of 1024; 0 or -1. */
int tusk_text_parse_size(const char *text, uint64_t *ret_bytes);

/* Damerau-Levenshtein distance, for "did you mean". */
unsigned tusk_text_distance(const char *a, const char *b);
/* The candidate nearest to word if it is near enough to suggest, else NULL. candidates ends with NULL. */
const char *tusk_text_nearest(const char *word, const char *const *candidates);

#endif
