/* Building directories: cuts, levels, sums, and what a change costs. */
#include "crypto.h"
#include "tree.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entries.h"
#include "golden.h"

/* A directory of count plain files, each with a size, inode and SHA-256 of its own, as in life. */
struct folder {
	struct test_pool pool;
	struct tusk_entry *entries;
	size_t count;
};

static void fill_folder(struct folder *folder, size_t count, uint64_t seed)
{
	struct test_random random = {seed};
	char name[48];

	*folder = (struct folder){.entries = calloc(count, sizeof(*folder->entries)), .count = count};
	assert_non_null(folder->entries);
	for (size_t i = 0; i < count; i++) {
		struct tusk_entry *entry = &folder->entries[i];

		*entry = (struct tusk_entry){
		    .type = TUSK_TYPE_FILE, .mode = 0644, .content = TUSK_CONTENT_CHUNK, .has_sha256 = true};
		snprintf(name, sizeof(name), "picture-%07zu.jpg", i);
		entry->name = test_pool_text(&folder->pool, name);
		entry->uid = entry->gid = 1000;
		entry->user = entry->group = (struct tusk_bytes){(const uint8_t *)"alice", 5};
		entry->mtime.tv_sec = 1700000000 + (time_t)test_random_below(&random, 1000000);
		entry->ctime = entry->mtime;
		entry->source_inode = 100000 + i;
		entry->nlink = 1;
		entry->size = entry->data_bytes = 1 + test_random_below(&random, 1 << 20);
		for (int k = 0; k < 4; k++)
			tusk_store_u64(entry->sha256 + 8 * k, test_random_next(&random));
	}
}

static void release_folder(struct folder *folder)
{
	test_pool_release(&folder->pool);
	free(folder->entries);
}

/* Blocks of b that a does not have. */
static size_t count_new(const struct test_store *a, const struct test_store *b)
{
	size_t new = 0;

	for (size_t i = 0; i < b->count; i++) {
		bool found = false;

		for (size_t k = 0; k < a->count && !found; k++)
			found = tusk_id_equal(&a->objects[k].id, &b->objects[i].id);
		new += !found;
	}
	return new;
}

static void an_empty_directory_has_no_block(void **state)
{
	struct test_store store = {0};
	struct tusk_subtree subtree = test_build(&store, NULL, 0);
	(void)state;

	assert_int_equal(store.count, 0);
	assert_true(tusk_id_is_zero(&subtree.id));
	assert_int_equal(subtree.entries + subtree.descendants + subtree.bytes + subtree.subdirs + subtree.level, 0);
	test_store_release(&store);
}

static void a_directory_of_one_leaf_has_no_index_block(void **state)
{
	struct folder folder;
	struct test_store store = {0};
	(void)state;

	fill_folder(&folder, 100, 1);
	struct tusk_subtree subtree = test_build(&store, folder.entries, folder.count);
	assert_int_equal(store.count, 1);
	assert_int_equal(subtree.level, 0);
	assert_int_equal(subtree.entries, 100);
	test_store_release(&store);
	release_folder(&folder);
}

/* A name whose hash ends a block: with it as the last entry, nothing is left over for a second leaf. */
static void a_cut_after_the_last_entry_makes_no_index_block(void **state)
{
	struct folder folder;
	(void)state;

	fill_folder(&folder, 1000, 2);
	for (size_t count = 100;; count++) {
		struct test_store store = {0};
		struct tusk_subtree subtree = test_build(&store, folder.entries, count);

		assert_int_equal(subtree.level, store.count > 1);
		bool second = store.count > 1;
		test_store_release(&store);
		if (second)
			break;
		assert_true(count < folder.count);
	}
	release_folder(&folder);
}

static void the_same_entries_give_the_same_blocks(void **state)
{
	struct folder folder;
	struct test_store a = {0}, b = {0};
	(void)state;

	fill_folder(&folder, 3000, 3);
	struct tusk_subtree first = test_build(&a, folder.entries, folder.count);
	struct tusk_subtree second = test_build(&b, folder.entries, folder.count);
	assert_true(tusk_id_equal(&first.id, &second.id));
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++)
		assert_true(tusk_id_equal(&a.objects[i].id, &b.objects[i].id));
	test_store_release(&a);
	test_store_release(&b);
	release_folder(&folder);
}

static void one_changed_entry_costs_a_block_a_level(void **state)
{
	struct folder folder;
	struct test_store before = {0};
	(void)state;

	fill_folder(&folder, 20000, 4);
	struct tusk_subtree old = test_build(&before, folder.entries, folder.count);
	assert_in_range(before.count, 40, 200);
	for (size_t at = 0; at < folder.count; at += 3333) {
		struct test_store after = {0};

		folder.entries[at].size++;
		folder.entries[at].data_bytes++;
		struct tusk_subtree subtree = test_build(&after, folder.entries, folder.count);
		folder.entries[at].size--;
		folder.entries[at].data_bytes--;
		assert_false(tusk_id_equal(&old.id, &subtree.id));
		assert_int_equal(subtree.bytes, old.bytes + 1);
		assert_int_equal(count_new(&before, &after), (size_t)old.level + 1);
		test_store_release(&after);
	}
	test_store_release(&before);
	release_folder(&folder);
}

static void an_entry_removed_or_added_moves_few_cuts(void **state)
{
	struct folder folder;
	struct test_store with = {0}, without = {0};
	(void)state;

	fill_folder(&folder, 20000, 5);
	struct tusk_subtree old = test_build(&with, folder.entries, folder.count);
	size_t at = 7777;
	memmove(&folder.entries[at], &folder.entries[at + 1], (folder.count - at - 1) * sizeof(*folder.entries));
	struct tusk_subtree new = test_build(&without, folder.entries, folder.count - 1);
	assert_int_equal(new.entries, old.entries - 1);
	/* A cut that moves is found again after a block or two. */
	assert_in_range(count_new(&with, &without), 1, 3 * (size_t)(old.level + 1));
	assert_in_range(count_new(&without, &with), 1, 3 * (size_t)(old.level + 1));
	test_store_release(&with);
	test_store_release(&without);
	release_folder(&folder);
}

static void every_name_of_100000_is_found_and_no_other(void **state)
{
	struct folder folder;
	struct test_store store = {0};
	char name[48];
	(void)state;

	fill_folder(&folder, 100000, 6);
	struct tusk_subtree subtree = test_build(&store, folder.entries, folder.count);
	assert_int_equal(subtree.entries, 100000);
	assert_int_equal(subtree.descendants, 100000);
	assert_in_range(subtree.level, 1, 2);
	/* Every 71st through the whole tree: a look-up decodes a block a level. */
	for (size_t i = 0; i < folder.count; i += 71) {
		snprintf(name, sizeof(name), "picture-%07zu.jpg", i);
		assert_true(test_lookup(&store, &subtree, name));
		if (i % 3 == 0) {
			snprintf(name, sizeof(name), "picture-%07zu.jp", i);
			assert_false(test_lookup(&store, &subtree, name));
		}
	}
	assert_false(test_lookup(&store, &subtree, "a"));
	assert_false(test_lookup(&store, &subtree, "z"));
	test_store_release(&store);
	release_folder(&folder);
}

struct progress {
	const struct folder *folder;
	size_t position;
};

static void expect_next(void *context, const struct tusk_entry *entry)
{
	struct progress *progress = context;
	const struct tusk_bytes *name = &progress->folder->entries[progress->position++].name;

	assert_int_equal(entry->name.len, name->len);
	assert_memory_equal(entry->name.data, name->data, name->len);
}

static void blocks_are_bounded_and_in_order(void **state)
{
	struct folder folder;
	struct test_store store = {0};
	(void)state;

	fill_folder(&folder, 30000, 7);
	struct tusk_subtree subtree = test_build(&store, folder.entries, folder.count);
	struct progress progress = {&folder, 0};
	test_walk(&store, &subtree, expect_next, &progress);
	assert_int_equal(progress.position, folder.count);
	for (size_t i = 0; i < store.count; i++) {
		/* 128 KiB of entries, one entry beyond, and the offsets. */
		assert_in_range(store.objects[i].len, 20, (128 << 10) + 512 + 4 * 4096);
		/* Only the last of a level is smaller than the least: there are at most three levels here. */
		if (i + 4 < store.count)
			assert_in_range(store.objects[i].len, 4 << 10, 1 << 20);
	}
	test_store_release(&store);
	release_folder(&folder);
}

/* Builds a directory of entries like the one given, of names that never end a block by their hash. */
static void build_without_cuts(struct test_store *store, const struct tusk_entry *like, unsigned count)
{
	struct tusk_tree_sink sink = test_store_sink(store);
	struct tusk_tree_builder *builder;
	struct tusk_entry entry = *like;
	struct tusk_subtree subtree;
	struct tusk_err err = {0};
	unsigned added = 0;
	uint8_t hash[32];
	char name[16];

	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	for (unsigned i = 0; added < count; i++) {
		int len = snprintf(name, sizeof(name), "%06x", i);

		tusk_sha256(name, (size_t)len, hash);
		if ((hash[0] & 0x1f) == 0)
			continue;
		entry.name = (struct tusk_bytes){(const uint8_t *)name, (size_t)len};
		assert_int_equal(tusk_tree_builder_add(builder, &entry, &err), 0);
		added++;
	}
	assert_int_equal(tusk_tree_builder_finish(builder, &subtree, &err), 0);
	assert_int_equal(subtree.entries, count);
	tusk_tree_builder_free(builder);
}

static void a_block_holds_at_most_4096_entries(void **state)
{
	struct tusk_entry fifo = {.type = TUSK_TYPE_FIFO, .nlink = 1};
	struct test_store store = {0};
	(void)state;

	build_without_cuts(&store, &fifo, 10000);
	assert_int_equal(store.count, 4);
	assert_int_equal(tusk_load_u32(store.objects[0].data + 4), 4096);
	assert_int_equal(tusk_load_u32(store.objects[1].data + 4), 4096);
	assert_int_equal(tusk_load_u32(store.objects[2].data + 4), 10000 - 2 * 4096);
	test_store_release(&store);
}

static void a_block_ends_at_128_kib_of_entries(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry file = test_plain_file(&pool, "x");
	struct test_store store = {0};
	(void)state;

	build_without_cuts(&store, &file, 5000);
	assert_true(store.count > 2);
	const struct test_object *first = &store.objects[0];
	size_t start = tusk_load_u32(first->data + 16);
	uint32_t count = tusk_load_u32(first->data + 4);
	size_t last = tusk_load_u32(first->data + 16 + 4 * ((size_t)count - 1));
	assert_true(first->len - start >= 128 << 10);
	assert_true(last - start < 128 << 10);
	test_store_release(&store);
	test_pool_release(&pool);
}

static void the_golden_index_block_is_what_is_written(void **state)
{
	struct folder folder;
	struct test_store store = {0};
	(void)state;

	fill_folder(&folder, 800, 8);
	struct tusk_subtree subtree = test_build(&store, folder.entries, folder.count);
	assert_int_equal(subtree.level, 1);
	const struct test_object *top = test_store_find(&store, &subtree.id);
	golden_compare("index", top->data, top->len);
	test_store_release(&store);
	release_folder(&folder);
}

static void sums_are_those_of_all_that_is_below(void **state)
{
	struct test_pool pool = {0};
	struct test_store store = {0};
	struct test_random random = {9};
	enum { COUNT = 5000 };
	struct tusk_entry *entries = calloc(COUNT, sizeof(*entries));
	uint64_t descendants = 0, bytes = 0, subdirs = 0;
	char name[16];
	(void)state;

	assert_non_null(entries);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%06d", i);
		entries[i] = test_random_entry(&pool, &random, name);
		/* Small enough that the sum stays exact. */
		entries[i].subtree.bytes &= 0xffffffff;
		if (entries[i].type == TUSK_TYPE_FILE)
			bytes += entries[i].size;
		bytes += entries[i].subtree.bytes;
		descendants += 1 + entries[i].subtree.descendants;
		subdirs += entries[i].type == TUSK_TYPE_DIRECTORY;
	}
	struct tusk_subtree subtree = test_build(&store, entries, COUNT);
	assert_true(subtree.level >= 1);
	assert_int_equal(subtree.entries, COUNT);
	assert_int_equal(subtree.descendants, descendants);
	assert_int_equal(subtree.bytes, bytes);
	assert_int_equal(subtree.subdirs, subdirs);
	const struct test_object *top = test_store_find(&store, &subtree.id);
	struct tusk_tree tree;
	struct tusk_err err;
	assert_int_equal(tusk_tree_decode(top->data, top->len, &tree, &err), 0);
	assert_int_equal(tree.descendants_before[tree.count], descendants);
	assert_int_equal(tree.entries_before[tree.count], COUNT);
	tusk_tree_release(&tree);
	test_store_release(&store);
	test_pool_release(&pool);
	free(entries);
}

static void a_builder_can_be_used_again(void **state)
{
	struct folder folder;
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_tree_builder *builder;
	struct tusk_subtree first, second;
	struct tusk_err err = {0};
	(void)state;

	fill_folder(&folder, 2000, 10);
	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	for (size_t i = 0; i < folder.count; i++)
		assert_int_equal(tusk_tree_builder_add(builder, &folder.entries[i], &err), 0);
	assert_int_equal(tusk_tree_builder_finish(builder, &first, &err), 0);
	for (size_t i = 0; i < folder.count; i++)
		assert_int_equal(tusk_tree_builder_add(builder, &folder.entries[i], &err), 0);
	assert_int_equal(tusk_tree_builder_finish(builder, &second, &err), 0);
	assert_memory_equal(&first.id, &second.id, sizeof(first.id));
	assert_int_equal(first.level, second.level);
	assert_int_equal(first.bytes, second.bytes);
	tusk_tree_builder_free(builder);
	test_store_release(&store);
	release_folder(&folder);
}

static void a_store_that_fails_is_reported_as_it_failed(void **state)
{
	struct folder folder;
	size_t blocks;
	(void)state;

	fill_folder(&folder, 2000, 11);
	struct test_store all = {0};
	test_build(&all, folder.entries, folder.count);
	blocks = all.count;
	test_store_release(&all);
	assert_true(blocks > 3);
	for (size_t fail_at = 1; fail_at <= blocks; fail_at++) {
		struct test_store store = {.fail_at = fail_at};
		struct tusk_tree_sink sink = test_store_sink(&store);
		struct tusk_tree_builder *builder;
		struct tusk_subtree subtree;
		struct tusk_err err = {0};
		int result = 0;

		assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
		for (size_t i = 0; i < folder.count && !result; i++)
			result = tusk_tree_builder_add(builder, &folder.entries[i], &err);
		if (!result)
			result = tusk_tree_builder_finish(builder, &subtree, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, TUSK_E_FULL);
		assert_int_equal(store.count, fail_at - 1);
		tusk_tree_builder_free(builder);
		test_store_release(&store);
	}
	release_folder(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_directory_has_no_block),
	    cmocka_unit_test(a_directory_of_one_leaf_has_no_index_block),
	    cmocka_unit_test(a_cut_after_the_last_entry_makes_no_index_block),
	    cmocka_unit_test(the_same_entries_give_the_same_blocks),
	    cmocka_unit_test(one_changed_entry_costs_a_block_a_level),
	    cmocka_unit_test(an_entry_removed_or_added_moves_few_cuts),
	    cmocka_unit_test(every_name_of_100000_is_found_and_no_other),
	    cmocka_unit_test(blocks_are_bounded_and_in_order),
	    cmocka_unit_test(a_block_holds_at_most_4096_entries),
	    cmocka_unit_test(a_block_ends_at_128_kib_of_entries),
	    cmocka_unit_test(the_golden_index_block_is_what_is_written),
	    cmocka_unit_test(sums_are_those_of_all_that_is_below),
	    cmocka_unit_test(a_builder_can_be_used_again),
	    cmocka_unit_test(a_store_that_fails_is_reported_as_it_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
