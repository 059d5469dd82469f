#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (64u << 10)

int tusk_name_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	if (order != 0)
		return order;
	return a_len < b_len ? -1 : a_len > b_len;
}

static uint64_t prefix_of(const char *name, size_t len)
{
	uint64_t prefix = 0;
	for (size_t i = 0; i < 8; i++)
		prefix = prefix << 8 | (i < len ? (uint8_t)name[i] : 0);
	return prefix;
}

static int reserve(struct tusk_names *names, size_t len)
{
	if (names->arena_len + len > names->arena_capacity) {
		size_t capacity = names->arena_capacity ? names->arena_capacity * 2 : 4096;
		char *arena = realloc(names->arena, capacity);
		if (!arena)
			return ENOMEM;
		names->arena = arena;
		names->arena_capacity = capacity;
	}
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? names->capacity * 2 : 128;
		struct tusk_name_key *keys = realloc(names->keys, capacity * sizeof *keys);
		if (!keys)
			return ENOMEM;
		names->keys = keys;
		names->capacity = capacity;
	}
	return 0;
}

int tusk_names_add(struct tusk_names *names, const char *name)
{
	size_t len = strlen(name);
	if (names->arena_len > UINT32_MAX - 4096 || reserve(names, len + 1) != 0)
		return ENOMEM;
	names->keys[names->count++] = (struct tusk_name_key){
	    .prefix = prefix_of(name, len), .offset = (uint32_t)names->arena_len, .len = (uint32_t)len};
	memcpy(names->arena + names->arena_len, name, len + 1);
	names->arena_len += len + 1;
	return 0;
}

static int compare_keys(const void *a, const void *b, void *arena)
{
	const struct tusk_name_key *x = a, *y = b;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	const char *base = arena;
	return tusk_name_compare(base + x->offset, x->len, base + y->offset, y->len);
}

void tusk_names_sort(struct tusk_names *names)
{
	if (names->count > 1)
		qsort_r(names->keys, names->count, sizeof *names->keys, compare_keys, names->arena);
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

static int add_records(struct tusk_names *names, const char *records, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *record = (const struct dirent64 *)(const void *)(records + at);
		if (!is_dot(record->d_name) && tusk_names_add(names, record->d_name) != 0)
			return ENOMEM;
		at += record->d_reclen;
	}
	return 0;
}

int tusk_names_read(int fd, struct tusk_names *ret_names)
{
	/* Aligned for struct dirent64; most directories fit the first read of this size. */
	char *records = aligned_alloc(16, READ_SIZE);
	if (!records)
		return ENOMEM;
	struct tusk_names names = {0};
	int result = 0;
	while (result == 0) {
		ssize_t got = getdents64(fd, records, READ_SIZE);
		if (got < 0)
			result = errno;
		if (got <= 0)
			break;
		result = add_records(&names, records, (size_t)got);
	}
	free(records);
	if (result != 0) {
		tusk_names_release(&names);
		return result;
	}
	tusk_names_sort(&names);
	*ret_names = names;
	return 0;
}

const char *tusk_names_get(const struct tusk_names *names, size_t i, size_t *ret_len)
{
	*ret_len = names->keys[i].len;
	return names->arena + names->keys[i].offset;
}

bool tusk_names_contains(const struct tusk_names *names, const char *name)
{
	size_t low = 0, high = names->count, len = strlen(name);
	while (low < high) {
		size_t middle = low + (high - low) / 2, middle_len;
		const char *candidate = tusk_names_get(names, middle, &middle_len);
		int order = tusk_name_compare(name, len, candidate, middle_len);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void tusk_names_release(struct tusk_names *names)
{
	free(names->arena);
	free(names->keys);
	*names = (struct tusk_names){0};
}
