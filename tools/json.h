/* JSON lines: one object a line, each with "v":1 and "type". Times are RFC 3339 in UTC, sizes are bytes. Bytes that are
 * not UTF-8 become replacement characters, and the exact bytes follow in "KEY_b64". */
#ifndef TUSK_TOOLS_JSON_H
#define TUSK_TOOLS_JSON_H

#include "tusk/id.h"
#include "tusk/snapshot.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct tusk_json;

/* NULL when out of memory; every function below accepts NULL, and tusk_json_print then fails. */
struct tusk_json *tusk_json_new(const char *type);
void tusk_json_text(struct tusk_json *json, const char *key, const char *text);
void tusk_json_bytes(struct tusk_json *json, const char *key, const void *bytes, size_t len);
void tusk_json_count(struct tusk_json *json, const char *key, uint64_t count);
void tusk_json_integer(struct tusk_json *json, const char *key, int64_t number);
void tusk_json_flag(struct tusk_json *json, const char *key, bool flag);
void tusk_json_time(struct tusk_json *json, const char *key, struct timespec time);
void tusk_json_id(struct tusk_json *json, const char *key, const struct tusk_id *id);
void tusk_json_hex(struct tusk_json *json, const char *key, const void *bytes, size_t len); /* at most 32 bytes */
void tusk_json_strings(struct tusk_json *json, const char *key, const struct tusk_strings *strings);
/* Of lines that were printed: the last one of that type (NULL: of any) that has key; its value as text. false: there is
 * none. */
bool tusk_json_find(const char *lines, const char *type, const char *key, char *ret_text, size_t size);
/* The same for a count; 0 when there is none. */
uint64_t tusk_json_find_count(const char *lines, const char *type, const char *key);
/* How many lines of that type have key with that value as text. */
uint64_t tusk_json_matches(const char *lines, const char *type, const char *key, const char *value);
/* Writes the line and frees json. 0; -1 when memory was or is short (a failed write is seen on the stream). */
int tusk_json_print(struct tusk_json *json, FILE *out);

#endif
