/* Entries and directories for tests: reproducible random ones, and a store that keeps the blocks of a builder. */
#ifndef TUSK_TEST_ENTRIES_H
#define TUSK_TEST_ENTRIES_H

#include "tree.h"

/* SplitMix64; the seed is the state. */
struct test_random {
	uint64_t state;
};
uint64_t test_random_next(struct test_random *random);
/* 0 to below - 1. */
uint64_t test_random_below(struct test_random *random, uint64_t below);

/* What the entries of one test point to; released at its end. */
struct test_pool {
	void **items;
	size_t count;
};
void *test_pool_take(struct test_pool *pool, size_t len);
struct tusk_bytes test_pool_text(struct test_pool *pool, const char *text);
void test_pool_release(struct test_pool *pool);

/* A plain file of one chunk. */
struct tusk_entry test_plain_file(struct test_pool *pool, const char *name);
/* Any legal entry with that name: every type, content and combination of fields comes up. */
struct tusk_entry test_random_entry(struct test_pool *pool, struct test_random *random, const char *name);
/* Fails unless all that is stored of an entry is the same. */
void test_assert_same_entry(const struct tusk_entry *a, const struct tusk_entry *b);

/* Objects that a builder puts; ids are the SHA-256. */
struct test_object {
	struct tusk_id id;
	uint8_t *data;
	size_t len;
};
struct test_store {
	struct test_object *objects;
	size_t count;
	size_t fail_at; /* the put with this number (from 1) fails; 0: none */
};
struct tusk_tree_sink test_store_sink(struct test_store *store);
/* Fails when there is none. */
const struct test_object *test_store_find(const struct test_store *store, const struct tusk_id *id);
void test_store_release(struct test_store *store);

/* Builds a directory, and walks one: visit sees every entry in order. */
struct tusk_subtree test_build(struct test_store *store, const struct tusk_entry *entries, size_t count);
void test_walk(const struct test_store *store, const struct tusk_subtree *subtree,
	       void (*visit)(void *context, const struct tusk_entry *entry), void *context);
/* Looks a name up from the top block. */
bool test_lookup(const struct test_store *store, const struct tusk_subtree *subtree, const char *name);

#endif
