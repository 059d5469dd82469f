/* What a builder takes and what it refuses. */
#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "entries.h"

static void a_sum_of_bytes_stops_at_the_largest_size(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_entry entries[2] = {test_plain_file(&pool, "a"), test_plain_file(&pool, "b")};
	(void)state;

	for (int i = 0; i < 2; i++) {
		entries[i].size = INT64_MAX;
		entries[i].has_holes = true;
		entries[i].content = TUSK_CONTENT_EMPTY;
		entries[i].data_bytes = 0;
		entries[i].extent_bytes = (struct tusk_bytes){(const uint8_t *)"\x00", 1};
	}
	struct tusk_subtree subtree = test_build(&store, entries, 2);
	assert_int_equal(subtree.bytes, INT64_MAX);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void more_entries_than_a_snapshot_can_number_are_a_limit(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_tree_builder *builder;
	struct tusk_entry entry = test_plain_file(&pool, "a");
	struct tusk_err err = {0};
	(void)state;

	entry.type = TUSK_TYPE_DIRECTORY;
	entry.subtree = (struct tusk_subtree){.entries = 1, .subdirs = 1};
	entry.subtree.id.bytes[0] = 1;
	entry.subtree.descendants = ((uint64_t)1 << 40) - 3;
	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), 0);
	entry.name = test_pool_text(&pool, "b");
	assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
	tusk_tree_builder_free(builder);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void entries_out_of_order_are_refused_and_the_builder_goes_on(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_entry entries[4] = {test_plain_file(&pool, "b"), test_plain_file(&pool, "a\n"),
					test_plain_file(&pool, "b"), test_plain_file(&pool, "c")};
	static const int expected[4] = {0, -1, -1, 0};
	struct tusk_tree_builder *builder;
	struct tusk_subtree subtree;
	struct tusk_err err = {0};
	(void)state;

	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(tusk_tree_builder_add(builder, &entries[i], &err), expected[i]);
		if (i == 1)
			assert_non_null(strstr(err.message, "\"a\\012\""));
		if (expected[i])
			assert_int_equal(err.code, TUSK_E_INTERNAL);
	}
	assert_int_equal(tusk_tree_builder_finish(builder, &subtree, &err), 0);
	assert_int_equal(subtree.entries, 2);
	assert_true(test_lookup(&store, &subtree, "b"));
	assert_true(test_lookup(&store, &subtree, "c"));
	tusk_tree_builder_free(builder);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void a_file_without_its_hash_is_refused(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_entry entry = test_plain_file(&pool, "a");
	struct tusk_tree_builder *builder;
	struct tusk_err err = {0};
	(void)state;

	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	entry.has_sha256 = false;
	assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	entry.content = TUSK_CONTENT_EMPTY;
	entry.data_bytes = 0;
	entry.has_holes = true;
	entry.extent_bytes = (struct tusk_bytes){(const uint8_t *)"\x00", 1};
	assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), -1);
	assert_non_null(strstr(err.message, "SHA-256"));
	entry.has_holes = false;
	entry.size = 0;
	assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), 0);
	tusk_tree_builder_free(builder);
	test_pool_release(&pool);
}

static void a_hard_link_that_lost_its_names_meanwhile_keeps_one(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_entry entry = test_plain_file(&pool, "a"), back;
	struct tusk_tree tree;
	struct tusk_err err;
	(void)state;

	entry.link_id = 9;
	entry.nlink = 0;
	test_build(&store, &entry, 1);
	assert_int_equal(tusk_tree_decode(store.objects[0].data, store.objects[0].len, &tree, &err), 0);
	tusk_tree_entry(&tree, 0, &back);
	assert_int_equal(back.nlink, 1);
	assert_int_equal(back.link_id, 9);
	tusk_tree_release(&tree);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void owner_names_stay_with_their_ids(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct tusk_entry entries[50];
	struct tusk_tree tree;
	struct tusk_err err;
	char text[16];
	(void)state;

	/* Ids fall, so that the table has to sort them; every third is unknown; user and group have the same number. */
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%02d", i);
		entries[i] = test_plain_file(&pool, text);
		entries[i].uid = entries[i].gid = (uint32_t)(1000 - 7 * (i / 2));
		snprintf(text, sizeof(text), "user%u", entries[i].uid);
		entries[i].user = i / 2 % 3 ? test_pool_text(&pool, text) : (struct tusk_bytes){0};
		snprintf(text, sizeof(text), "group%u", entries[i].gid);
		entries[i].group = test_pool_text(&pool, text);
	}
	test_build(&store, entries, 50);
	assert_int_equal(store.count, 1);
	assert_int_equal(tusk_tree_decode(store.objects[0].data, store.objects[0].len, &tree, &err), 0);
	assert_int_equal(tree.owner_count, 16 + 25);
	for (uint32_t i = 0; i < 50; i++) {
		struct tusk_entry entry;

		tusk_tree_entry(&tree, i, &entry);
		test_assert_same_entry(&entries[i], &entry);
	}
	tusk_tree_release(&tree);
	test_store_release(&store);
	test_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sum_of_bytes_stops_at_the_largest_size),
	    cmocka_unit_test(more_entries_than_a_snapshot_can_number_are_a_limit),
	    cmocka_unit_test(entries_out_of_order_are_refused_and_the_builder_goes_on),
	    cmocka_unit_test(a_file_without_its_hash_is_refused),
	    cmocka_unit_test(a_hard_link_that_lost_its_names_meanwhile_keeps_one),
	    cmocka_unit_test(owner_names_stay_with_their_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
