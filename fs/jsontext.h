/* JSON and Prometheus text, appended to a buffer. Running out of memory sets failed; what is added then is lost. */
#ifndef TUSKFS_JSONTEXT_H
#define TUSKFS_JSONTEXT_H

#include "tusk/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct tuskfs_text {
	struct tusk_buf buf;
	bool failed;
	bool labels; /* Prometheus, which knows no \u: control characters become U+FFFD as well */
	bool comma;  /* a value has been written at this level: the next one needs a comma */
};

/* Raw text, printf's way. */
void tuskfs_text_add(struct tuskfs_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A quoted string. Bytes that are not UTF-8 become U+FFFD. */
void tuskfs_text_quote(struct tuskfs_text *text, const char *string);

/* Members of an object; key NULL: elements of an array. */
void tuskfs_json_open(struct tuskfs_text *text, const char *key, char bracket);
void tuskfs_json_close(struct tuskfs_text *text, char bracket);
void tuskfs_json_string(struct tuskfs_text *text, const char *key, const char *string);
void tuskfs_json_count(struct tuskfs_text *text, const char *key, uint64_t count);
void tuskfs_json_time(struct tuskfs_text *text, const char *key, struct timespec time);
void tuskfs_json_id(struct tuskfs_text *text, const char *key, const struct tusk_id *id);
void tuskfs_json_strings(struct tuskfs_text *text, const char *key, const struct tusk_strings *strings);

#endif
