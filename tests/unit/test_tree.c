/* Decoding of tree blocks: every entry survives, everything else is refused. */
#include "tree.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "entries.h"
#include "golden.h"

struct expectation {
	const struct tusk_entry *entries;
	size_t position;
};

static void compare(void *context, const struct tusk_entry *entry)
{
	struct expectation *expected = context;

	test_assert_same_entry(&expected->entries[expected->position++], entry);
}

static void every_type_and_field_survives_a_round_trip(void **state)
{
	struct test_random random = {1};
	(void)state;

	for (int round = 0; round < 60; round++) {
		size_t count = 1 + (size_t)test_random_below(&random, 300);
		struct tusk_entry *entries = calloc(count, sizeof(*entries));
		struct test_pool pool = {0};
		struct test_store store = {0};
		char name[48];

		assert_non_null(entries);
		for (size_t i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "%06zu-%d", i, round);
			entries[i] = test_random_entry(&pool, &random, name);
		}
		struct tusk_subtree subtree = test_build(&store, entries, count);
		struct expectation expected = {entries, 0};
		assert_int_equal(subtree.entries, count);
		test_walk(&store, &subtree, compare, &expected);
		assert_int_equal(expected.position, count);
		test_store_release(&store);
		test_pool_release(&pool);
		free(entries);
	}
}

static void the_golden_leaf_is_what_is_written(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_entry entries[GOLDEN_ENTRIES];
	(void)state;

	golden_entries(&pool, entries);
	test_build(&store, entries, GOLDEN_ENTRIES);
	assert_int_equal(store.count, 1);
	golden_compare("leaf", store.objects[0].data, store.objects[0].len);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void the_golden_leaf_is_read_as_it_was_meant(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entries[GOLDEN_ENTRIES];
	struct tusk_buf block = {0};
	struct tusk_tree tree;
	struct tusk_err err;
	(void)state;

	golden_entries(&pool, entries);
	golden_load("leaf", &block);
	assert_int_equal(tusk_tree_decode(block.data, block.len, &tree, &err), 0);
	assert_int_equal(tree.count, GOLDEN_ENTRIES);
	for (uint32_t i = 0; i < tree.count; i++) {
		struct tusk_entry entry;

		tusk_tree_entry(&tree, i, &entry);
		test_assert_same_entry(&entries[i], &entry);
	}
	tusk_tree_release(&tree);
	tusk_buf_release(&block);
	test_pool_release(&pool);
}

/* Decodes from memory of exactly that size, so that the sanitizer sees every byte too far, and visits all of it. */
static bool decodes(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct tusk_tree tree;
	struct tusk_err err = {0};

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (tusk_tree_decode(copy, len, &tree, &err)) {
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		free(copy);
		return false;
	}
	for (uint32_t i = 0; i < tree.count; i++) {
		struct tusk_tree_child child;
		struct tusk_entry entry;

		if (tree.level == 0)
			tusk_tree_entry(&tree, i, &entry);
		else
			tusk_tree_child(&tree, i, &child);
		struct tusk_bytes name = tree.level ? child.first_name : entry.name;
		assert_int_equal(tusk_tree_find(&tree, name.data, name.len), i);
	}
	tusk_tree_release(&tree);
	free(copy);
	return true;
}

static void damage(const char *golden)
{
	static const uint8_t changes[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
	struct tusk_buf block = {0};
	size_t refused = 0;

	golden_load(golden, &block);
	for (size_t i = 0; i < block.len; i++) {
		for (size_t k = 0; k < sizeof(changes); k++) {
			block.data[i] ^= changes[k];
			refused += !decodes(block.data, block.len);
			block.data[i] ^= changes[k];
		}
	}
	/* Ids, hashes and times may be anything; the rest is structure. */
	assert_in_range(refused, block.len, block.len * sizeof(changes));
	for (size_t len = 0; len < block.len; len++)
		assert_false(decodes(block.data, len));
	assert_true(decodes(block.data, block.len));
	tusk_put_u8(&block, 0);
	assert_false(decodes(block.data, block.len));
	tusk_buf_release(&block);
}

static void a_damaged_leaf_is_refused_or_still_legal(void **state)
{
	(void)state;
	damage("leaf");
}

static void a_damaged_index_block_is_refused_or_still_legal(void **state)
{
	(void)state;
	damage("index");
}

static void a_name_is_found_exactly_when_it_is_there(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_entry entries[3] = {test_plain_file(&pool, "b"), test_plain_file(&pool, "ba"),
					test_plain_file(&pool, "\xff")};
	struct tusk_tree tree;
	struct tusk_err err;
	(void)state;

	test_build(&store, entries, 3);
	assert_int_equal(tusk_tree_decode(store.objects[0].data, store.objects[0].len, &tree, &err), 0);
	assert_int_equal(tusk_tree_find(&tree, "b", 1), 0);
	assert_int_equal(tusk_tree_find(&tree, "ba", 2), 1);
	assert_int_equal(tusk_tree_find(&tree, "\xff", 1), 2);
	assert_int_equal(tusk_tree_find(&tree, "", 0), -1);
	assert_int_equal(tusk_tree_find(&tree, "a", 1), -1);
	assert_int_equal(tusk_tree_find(&tree, "b\0", 2), -1);
	assert_int_equal(tusk_tree_find(&tree, "baa", 3), -1);
	assert_int_equal(tusk_tree_find(&tree, "\xff\xff", 2), -1);
	tusk_tree_release(&tree);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void the_root_entry_survives_a_round_trip(void **state)
{
	struct test_pool pool = {0};
	struct test_random random = {7};
	struct tusk_buf out = {0};
	struct tusk_err err = {0};
	(void)state;

	for (int round = 0; round < 200; round++) {
		struct tusk_entry entry = test_random_entry(&pool, &random, "anything"), back;
		bool directory = entry.type == TUSK_TYPE_DIRECTORY;

		out.len = 0;
		assert_int_equal(tusk_tree_encode_root(&out, &entry, &err), directory ? 0 : -1);
		if (!directory) {
			assert_int_equal(err.code, TUSK_E_INTERNAL);
			assert_int_equal(out.len, 0);
			continue;
		}
		assert_int_equal(tusk_tree_decode_root(out.data, out.len, &back, &err), 0);
		assert_int_equal(back.nlink, 2);
		assert_int_equal(back.user.len + back.group.len + back.name.len, 0);
		entry.name = entry.user = entry.group = (struct tusk_bytes){0};
		entry.nlink = 2;
		entry.subtree = (struct tusk_subtree){0};
		test_assert_same_entry(&entry, &back);
	}
	tusk_buf_release(&out);
	test_pool_release(&pool);
}

static void a_root_entry_with_another_name_is_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entry = test_plain_file(&pool, "boot"), back;
	struct tusk_buf out = {0};
	struct tusk_err err;
	(void)state;

	entry.type = TUSK_TYPE_DIRECTORY;
	assert_int_equal(tusk_tree_encode_root(&out, &entry, &err), 0);
	out.data[1] = 'b';
	assert_int_equal(tusk_tree_decode_root(out.data, out.len, &back, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	tusk_buf_release(&out);
	test_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_and_field_survives_a_round_trip),
	    cmocka_unit_test(the_golden_leaf_is_what_is_written),
	    cmocka_unit_test(the_golden_leaf_is_read_as_it_was_meant),
	    cmocka_unit_test(a_damaged_leaf_is_refused_or_still_legal),
	    cmocka_unit_test(a_damaged_index_block_is_refused_or_still_legal),
	    cmocka_unit_test(a_name_is_found_exactly_when_it_is_there),
	    cmocka_unit_test(the_root_entry_survives_a_round_trip),
	    cmocka_unit_test(a_root_entry_with_another_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
