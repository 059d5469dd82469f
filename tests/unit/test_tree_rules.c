/* The rules of FORMAT.md for leaf entries, one at a time: what breaks one is neither read nor written. */
#include "leaf.h"
#include "tree.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entries.h"

/* A leaf block of entries that nobody has checked. */
static void force_block(const struct tusk_entry *entries, uint32_t count, struct tusk_buf *ret_block)
{
	struct tusk_buf items = {0};

	tusk_put_u32(ret_block, 0);
	tusk_put_u32(ret_block, count);
	tusk_put_u32(ret_block, 1);
	tusk_put_u32(ret_block, 0);
	for (uint32_t i = 0; i < count; i++) {
		tusk_put_u32(ret_block, (uint32_t)(17 + 4 * count + items.len));
		assert_int_equal(tusk_leaf_encode(&items, &entries[i], TUSK_LEAF_ENTRY), 0);
	}
	tusk_put_u8(ret_block, 0);
	tusk_put_raw(ret_block, items.data, items.len);
	tusk_buf_release(&items);
}

/* Neither the decoder nor the builder takes the entry, and both say why. */
static void assert_refused(const struct tusk_entry *entry, const char *why)
{
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_tree_builder *builder;
	struct tusk_buf block = {0};
	struct tusk_tree tree;
	struct tusk_err err = {0};

	force_block(entry, 1, &block);
	assert_int_equal(tusk_tree_decode(block.data, block.len, &tree, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	if (!strstr(err.message, why))
		fail_msg("\"%s\" does not say \"%s\"", err.message, why);
	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	assert_int_equal(tusk_tree_builder_add(builder, entry, &err), -1);
	assert_true(err.code == TUSK_E_INTERNAL || err.code == TUSK_E_LIMIT);
	tusk_tree_builder_free(builder);
	test_store_release(&store);
	tusk_buf_release(&block);
}

static void illegal_names_are_refused(void **state)
{
	static const char *const names[] = {".", "..", "a/b", "/"};
	struct test_pool pool = {0};
	struct tusk_entry entry = test_plain_file(&pool, "x");
	static const uint8_t with_nul[] = {'a', 0, 'b'};
	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		entry.name = test_pool_text(&pool, names[i]);
		assert_refused(&entry, "has");
	}
	entry.name = (struct tusk_bytes){with_nul, sizeof(with_nul)};
	assert_refused(&entry, "slash or NUL");
	entry.name.len = 0;
	assert_refused(&entry, "empty");
	entry.name = (struct tusk_bytes){test_pool_take(&pool, 256), 256};
	assert_refused(&entry, "cut short");
	test_pool_release(&pool);
}

static void numbers_out_of_range_are_refused(void **state)
{
	struct test_pool pool = {0};
	const struct tusk_entry good = test_plain_file(&pool, "x");
	struct tusk_entry entry = good;
	(void)state;

	entry.mtime.tv_nsec = 1000000000;
	assert_refused(&entry, "nanoseconds");
	entry = good;
	entry.ctime.tv_nsec = 1000000000;
	assert_refused(&entry, "nanoseconds");
	entry = good;
	entry.link_id = (uint64_t)1 << 62;
	entry.nlink = 2;
	assert_refused(&entry, "link id");
	entry.link_id = 5;
	entry.nlink = (uint64_t)1 << 32;
	assert_refused(&entry, "number of links");
	entry = good;
	entry.size = (uint64_t)1 << 63;
	assert_refused(&entry, "impossible size");
	test_pool_release(&pool);
}

static void contents_that_contradict_the_size_are_refused(void **state)
{
	struct test_pool pool = {0};
	const struct tusk_entry good = test_plain_file(&pool, "x");
	struct tusk_entry entry = good;
	(void)state;

	entry.content = TUSK_CONTENT_EMPTY;
	assert_refused(&entry, "contradicts its size");
	entry = good;
	entry.size = 0;
	assert_refused(&entry, "contradicts its size");
	entry.size = (16 << 20) + 1;
	assert_refused(&entry, "single chunk");
	entry.content = TUSK_CONTENT_INLINE;
	entry.content_bytes = test_pool_text(&pool, "hello");
	entry.size = 6;
	assert_refused(&entry, "inline content");
	entry.content = TUSK_CONTENT_INDIRECT;
	entry.content_bytes = (struct tusk_bytes){good.sha256, 32};
	entry.size = entry.data_bytes = (uint64_t)100 << 20;
	entry.chunk_count = 6;
	assert_refused(&entry, "number of chunks");
	entry.chunk_count = entry.size + 1;
	assert_refused(&entry, "number of chunks");
	entry.chunk_count = 800;
	entry.list_level = 4;
	assert_refused(&entry, "levels of chunk lists");
	entry = good;
	entry.has_holes = true;
	entry.extent_bytes = (struct tusk_bytes){(const uint8_t *)"\x01\x00\x88\x27", 4};
	assert_refused(&entry, "single chunk");
	test_pool_release(&pool);
}

/* A file of the chunks given by their lengths. */
static struct tusk_entry file_of_chunks(struct test_pool *pool, const uint64_t *lens, size_t count, uint64_t size)
{
	struct tusk_entry entry = test_plain_file(pool, "x");
	struct tusk_buf list = {0};

	for (size_t i = 0; i < count; i++) {
		tusk_put_raw(&list, entry.sha256, TUSK_ID_SIZE);
		tusk_put_varint(&list, lens[i]);
	}
	uint8_t *bytes = test_pool_take(pool, list.len);
	if (list.len)
		memcpy(bytes, list.data, list.len);
	entry.content_bytes = (struct tusk_bytes){bytes, list.len};
	entry.content = TUSK_CONTENT_LIST;
	entry.chunk_count = count;
	entry.size = entry.data_bytes = size;
	tusk_buf_release(&list);
	return entry;
}

static void chunk_lists_that_do_not_add_up_are_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entry;
	uint64_t many[65];
	(void)state;

	entry = file_of_chunks(&pool, (uint64_t[]){10, 20}, 2, 31);
	assert_refused(&entry, "do not add up");
	entry = file_of_chunks(&pool, (uint64_t[]){10, 20}, 2, 29);
	assert_refused(&entry, "impossible length");
	entry = file_of_chunks(&pool, (uint64_t[]){10, 0}, 2, 10);
	assert_refused(&entry, "impossible length");
	entry = file_of_chunks(&pool, (uint64_t[]){10, (16 << 20) + 1}, 2, (16 << 20) + 11);
	assert_refused(&entry, "impossible length");
	entry = file_of_chunks(&pool, (uint64_t[]){10}, 1, 10);
	assert_refused(&entry, "number of chunks");
	entry = file_of_chunks(&pool, (uint64_t[]){10, 20, 5}, 3, 35);
	entry.chunk_count = 2;
	assert_refused(&entry, "surplus bytes after its chunks");
	for (size_t i = 0; i < 65; i++)
		many[i] = 1;
	entry = file_of_chunks(&pool, many, 65, 65);
	assert_refused(&entry, "number of chunks");
	test_pool_release(&pool);
}

static void extents_against_the_rules_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
	    {"\x01\x05\x00", 3, "empty or touch"},
	    {"\x02\x05\x05\x00\x05", 5, "empty or touch"},
	    {"\x01\x5f\x0a", 3, "beyond its size"},
	    {"\x01\x65\x0a", 3, "beyond its size"},
	    {"\x01\x05\x09", 3, "do not add up"},
	    {"\x02\x05\x05\x01\x06", 5, "do not add up"},
	    {"\x02\x05\x0a", 3, "cut short"},
	    {"\x01\x05\x0a\x00", 4, "surplus bytes"},
	    {"", 0, "cut short"},
	    {"\xff\xff\xff\xff\x0f\x01\x01", 7, "cut short"},
	    {"\x02\x05\x05\x01\x80\x80\x01", 7, "beyond its size"},
	};
	struct test_pool pool = {0};
	struct tusk_entry entry = file_of_chunks(&pool, (uint64_t[]){10}, 1, 10);
	(void)state;

	entry.size = 100;
	entry.has_holes = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		entry.extent_bytes = (struct tusk_bytes){(const uint8_t *)cases[i].bytes, cases[i].len};
		assert_refused(&entry, cases[i].why);
	}
	test_pool_release(&pool);
}

static void xattrs_against_the_rules_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"", 0},                 /* nothing */
	    {"\x00", 1},             /* an empty list */
	    {"\x01\x00\x00\x00", 4}, /* an empty name */
	    {"\x01\x03"
	     "a\0b"
	     "\x00",
	     6}, /* NUL in a name */
	    {"\x02\x01"
	     "b\x00\x01"
	     "a\x00",
	     7}, /* not sorted */
	    {"\x02\x01"
	     "a\x00\x01"
	     "a\x00",
	     7}, /* twice */
	    {"\x01\x01"
	     "a\x01",
	     4}, /* a value cut short */
	    {"\x01\x01"
	     "a\x00\x00",
	     5}, /* surplus */
	};
	struct test_pool pool = {0};
	struct tusk_entry entry = test_plain_file(&pool, "x");
	(void)state;

	entry.has_xattrs = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		entry.xattr_bytes = (struct tusk_bytes){(const uint8_t *)cases[i].bytes, cases[i].len};
		assert_refused(&entry, "extended attribute");
	}
	test_pool_release(&pool);
}

static void directories_with_impossible_sums_are_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry good = test_plain_file(&pool, "x");
	struct tusk_entry entry;
	(void)state;

	good.type = TUSK_TYPE_DIRECTORY;
	memset(good.subtree.id.bytes, 7, TUSK_ID_SIZE);
	good.subtree.entries = 10;
	good.subtree.subdirs = 2;
	good.subtree.descendants = 20;
	entry = good;
	entry.subtree.subdirs = 11;
	assert_refused(&entry, "contradict");
	entry = good;
	entry.subtree.descendants = 9;
	assert_refused(&entry, "contradict");
	entry = good;
	entry.subtree.subdirs = 0;
	assert_refused(&entry, "contradict");
	entry = good;
	entry.subtree.descendants = (uint64_t)1 << 40;
	assert_refused(&entry, "too large");
	entry = good;
	entry.subtree.bytes = (uint64_t)1 << 63;
	assert_refused(&entry, "too large");
	entry = good;
	entry.subtree.level = TUSK_TREE_LEVELS;
	assert_refused(&entry, "levels");
	entry = good;
	memset(entry.subtree.id.bytes, 0, TUSK_ID_SIZE);
	assert_refused(&entry, "no block");
	entry.subtree = (struct tusk_subtree){.bytes = 1};
	assert_refused(&entry, "is empty but");
	entry = good;
	entry.link_id = 3;
	entry.nlink = 2;
	assert_refused(&entry, "hard links");
	test_pool_release(&pool);
}

static void symlinks_without_a_legal_target_are_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entry = test_plain_file(&pool, "x");
	(void)state;

	entry.type = TUSK_TYPE_SYMLINK;
	assert_refused(&entry, "legal target");
	entry.target = (struct tusk_bytes){(const uint8_t *)"a\0b", 3};
	assert_refused(&entry, "legal target");
	uint8_t *long_target = test_pool_take(&pool, 4096);
	memset(long_target, 'a', 4096);
	entry.target = (struct tusk_bytes){long_target, 4096};
	assert_refused(&entry, "legal target");
	test_pool_release(&pool);
}

static void entries_out_of_order_are_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entries[2] = {test_plain_file(&pool, "b"), test_plain_file(&pool, "a")};
	struct tusk_buf block = {0};
	struct tusk_tree tree;
	struct tusk_err err;
	(void)state;

	for (int round = 0; round < 2; round++) {
		block.len = 0;
		force_block(entries, 2, &block);
		assert_int_equal(tusk_tree_decode(block.data, block.len, &tree, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		assert_non_null(strstr(err.message, "entry 1"));
		assert_non_null(strstr(err.message, "order of names"));
		entries[1].name = entries[0].name; /* the same name twice */
	}
	tusk_buf_release(&block);
	test_pool_release(&pool);
}

static void sums_of_a_block_beyond_the_limit_are_refused(void **state)
{
	struct test_pool pool = {0};
	struct tusk_entry entries[2] = {test_plain_file(&pool, "a"), test_plain_file(&pool, "b")};
	struct tusk_buf block = {0};
	struct tusk_tree tree;
	struct tusk_err err;
	(void)state;

	for (int i = 0; i < 2; i++) {
		entries[i].type = TUSK_TYPE_DIRECTORY;
		entries[i].subtree = (struct tusk_subtree){.entries = 1, .subdirs = 1};
		entries[i].subtree.id.bytes[0] = 1;
		entries[i].subtree.descendants = ((uint64_t)1 << 39) - 1;
	}
	force_block(entries, 2, &block); /* 2^40 with the two entries */
	assert_int_equal(tusk_tree_decode(block.data, block.len, &tree, &err), -1);
	assert_non_null(strstr(err.message, "too large"));
	entries[1].subtree.descendants--;
	block.len = 0;
	force_block(entries, 2, &block);
	assert_int_equal(tusk_tree_decode(block.data, block.len, &tree, &err), 0);
	assert_int_equal(tree.descendants_before[2], ((uint64_t)1 << 40) - 3);
	tusk_tree_release(&tree);
	tusk_buf_release(&block);
	test_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(illegal_names_are_refused),
	    cmocka_unit_test(numbers_out_of_range_are_refused),
	    cmocka_unit_test(contents_that_contradict_the_size_are_refused),
	    cmocka_unit_test(chunk_lists_that_do_not_add_up_are_refused),
	    cmocka_unit_test(extents_against_the_rules_are_refused),
	    cmocka_unit_test(xattrs_against_the_rules_are_refused),
	    cmocka_unit_test(directories_with_impossible_sums_are_refused),
	    cmocka_unit_test(symlinks_without_a_legal_target_are_refused),
	    cmocka_unit_test(entries_out_of_order_are_refused),
	    cmocka_unit_test(sums_of_a_block_beyond_the_limit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
