/* The sorted names of a directory. */
#ifndef TUSK_LISTING_H
#define TUSK_LISTING_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tusk_name_key {
	uint64_t prefix; /* the first eight bytes, big-endian: most comparisons end here */
	uint32_t offset; /* into the arena: NUL-terminated */
	uint32_t len;
};
struct tusk_names {
	char *arena;
	size_t arena_len, arena_capacity;
	struct tusk_name_key *keys;
	size_t count, capacity;
};
/* Reads all names of the directory at fd (from its start) but "." and "..", sorted as unsigned bytes. 0, or an errno.
 */
int tusk_names_read(int fd, struct tusk_names *ret_names);
int tusk_names_add(struct tusk_names *names, const char *name); /* 0 or ENOMEM */
void tusk_names_sort(struct tusk_names *names);
const char *tusk_names_get(const struct tusk_names *names, size_t i, size_t *ret_len);
/* Whether name is there. names must be sorted. */
bool tusk_names_contains(const struct tusk_names *names, const char *name);
void tusk_names_release(struct tusk_names *names);
/* As strcmp for names with lengths; bytes are unsigned. */
int tusk_name_compare(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
