/* Chunk lists, extent lists and lists of extended attributes. */
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

/* ---- chunk lists ---- */

static void make_refs(struct tusk_chunk_ref *refs, size_t count, uint64_t seed)
{
	struct test_random random = {seed};

	for (size_t i = 0; i < count; i++) {
		fill_random(refs[i].id.bytes, TUSK_ID_SIZE, seed * 1000003 + i * 8191);
		refs[i].len = 1 + test_random_below(&random, 16 << 20);
	}
}

static uint8_t build_list(struct test_store *store, const struct tusk_chunk_ref *refs, size_t count,
			  struct tusk_id *ret_id)
{
	struct tusk_tree_sink sink = test_store_sink(store);
	struct tusk_list_builder *builder;
	struct tusk_err err = {0};
	uint8_t level;

	assert_int_equal(tusk_list_builder_new(&sink, &builder, &err), 0);
	for (size_t i = 0; i < count; i++)
		if (tusk_list_builder_add(builder, &refs[i], &err))
			fail_msg("%s", err.message);
	if (tusk_list_builder_finish(builder, ret_id, &level, &err))
		fail_msg("%s", err.message);
	tusk_list_builder_free(builder);
	return level;
}

/* Compares what is below a list with refs from *position on; returns the bytes below. */
static uint64_t compare_list(const struct test_store *store, const struct tusk_id *id, uint8_t level,
			     const struct tusk_chunk_ref *refs, size_t *position)
{
	const struct test_object *object = test_store_find(store, id);
	struct tusk_chunk_ref *items;
	struct tusk_err err = {0};
	uint8_t found_level;
	uint64_t sum = 0;
	size_t count;

	if (tusk_list_decode(object->data, object->len, &found_level, &items, &count, &err))
		fail_msg("%s", err.message);
	assert_int_equal(found_level, level);
	for (size_t i = 0; i < count; i++) {
		sum += items[i].len;
		if (level > 0) {
			assert_int_equal(compare_list(store, &items[i].id, level - 1, refs, position), items[i].len);
			continue;
		}
		assert_true(tusk_id_equal(&items[i].id, &refs[*position].id));
		assert_int_equal(items[i].len, refs[*position].len);
		(*position)++;
	}
	free(items);
	return sum;
}

static void a_list_of_any_length_survives_a_round_trip(void **state)
{
	static const size_t counts[] = {1, 63, 64, 65, 600, 2048, 2049, 100000};
	struct tusk_chunk_ref *refs = calloc(100000, sizeof(*refs));
	(void)state;

	assert_non_null(refs);
	make_refs(refs, 100000, 1);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct test_store store = {0};
		struct tusk_id id;
		size_t position = 0;

		uint8_t level = build_list(&store, refs, counts[i], &id);
		compare_list(&store, &id, level, refs, &position);
		assert_int_equal(position, counts[i]);
		if (counts[i] < 65)
			assert_int_equal(store.count, 1);
		test_store_release(&store);
	}
	free(refs);
}

static void one_changed_chunk_costs_a_list_a_level(void **state)
{
	enum { COUNT = 50000 };
	struct tusk_chunk_ref *refs = calloc(COUNT, sizeof(*refs));
	struct test_store before = {0}, after = {0};
	struct tusk_id id;
	size_t new = 0;
	(void)state;

	assert_non_null(refs);
	make_refs(refs, COUNT, 2);
	uint8_t level = build_list(&before, refs, COUNT, &id);
	assert_true(level >= 1);
	refs[30000].id.bytes[5] ^= 1; /* no part of the cut rule */
	build_list(&after, refs, COUNT, &id);
	assert_int_equal(before.count, after.count);
	for (size_t i = 0; i < after.count; i++)
		new += !tusk_id_equal(&before.objects[i].id, &after.objects[i].id);
	assert_int_equal(new, (size_t)level + 1);
	test_store_release(&before);
	test_store_release(&after);
	free(refs);
}

/* Also the chunk whose id says that a list ends: without a least length each list would hold one. */
static void a_file_that_repeats_one_chunk_has_few_levels(void **state)
{
	struct tusk_chunk_ref ref = {.len = 131072};
	(void)state;

	for (int round = 0; round < 2; round++) {
		struct test_store store = {0};
		struct tusk_tree_sink sink = test_store_sink(&store);
		struct tusk_list_builder *builder;
		struct tusk_id id;
		struct tusk_err err;
		uint8_t level;

		ref.id.bytes[0] = round ? 1 : 0;
		assert_int_equal(tusk_list_builder_new(&sink, &builder, &err), 0);
		for (int i = 0; i < 100000; i++)
			assert_int_equal(tusk_list_builder_add(builder, &ref, &err), 0);
		assert_int_equal(tusk_list_builder_finish(builder, &id, &level, &err), 0);
		assert_in_range(level, 1, 2);
		for (size_t i = 0; i < store.count; i++)
			assert_in_range(tusk_load_u32(store.objects[i].data + 4), 2, 2048);
		tusk_list_builder_free(builder);
		test_store_release(&store);
	}
}

static void a_list_builder_can_be_used_again(void **state)
{
	struct tusk_chunk_ref refs[200];
	struct test_store store = {0};
	struct tusk_tree_sink sink = test_store_sink(&store);
	struct tusk_list_builder *builder;
	struct tusk_id ids[2];
	struct tusk_err err;
	uint8_t level;
	(void)state;

	make_refs(refs, 200, 3);
	assert_int_equal(tusk_list_builder_new(&sink, &builder, &err), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++)
			assert_int_equal(tusk_list_builder_add(builder, &refs[i], &err), 0);
		assert_int_equal(tusk_list_builder_finish(builder, &ids[round], &level, &err), 0);
	}
	assert_true(tusk_id_equal(&ids[0], &ids[1]));
	assert_int_equal(tusk_list_builder_finish(builder, &ids[0], &level, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	refs[0].len = 0;
	assert_int_equal(tusk_list_builder_add(builder, &refs[0], &err), -1);
	refs[0].len = (16 << 20) + 1;
	assert_int_equal(tusk_list_builder_add(builder, &refs[0], &err), -1);
	tusk_list_builder_free(builder);
	test_store_release(&store);
}

static void the_golden_list_is_what_is_written_and_read(void **state)
{
	struct tusk_chunk_ref refs[3], *back;
	struct test_store store = {0};
	struct tusk_buf golden = {0};
	struct tusk_err err;
	struct tusk_id id;
	uint8_t level;
	size_t count;
	(void)state;

	for (int i = 0; i < 3; i++) {
		memset(refs[i].id.bytes, 0x10 + i, TUSK_ID_SIZE);
		refs[i].len = (uint64_t)0x1234 << 4 * i;
	}
	build_list(&store, refs, 3, &id);
	golden_compare("list", store.objects[0].data, store.objects[0].len);
	golden_load("list", &golden);
	assert_int_equal(tusk_list_decode(golden.data, golden.len, &level, &back, &count, &err), 0);
	assert_int_equal(level, 0);
	assert_int_equal(count, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(tusk_id_equal(&refs[i].id, &back[i].id));
		assert_int_equal(refs[i].len, back[i].len);
	}
	free(back);
	tusk_buf_release(&golden);
	test_store_release(&store);
}

static void refuse_list(const struct tusk_buf *list)
{
	uint8_t *copy = malloc(list->len ? list->len : 1);
	struct tusk_chunk_ref *refs;
	struct tusk_err err;
	uint8_t level;
	size_t count;

	assert_non_null(copy);
	if (list->len)
		memcpy(copy, list->data, list->len);
	assert_int_equal(tusk_list_decode(copy, list->len, &level, &refs, &count, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	free(copy);
}

static void a_damaged_list_is_refused(void **state)
{
	struct tusk_buf list = {0};
	(void)state;

	golden_load("list", &list);
	size_t len = list.len;
	for (list.len = 0; list.len < len; list.len++)
		refuse_list(&list);
	for (size_t i = 0; i < 8; i++) { /* level and count: nothing else fits the length */
		list.data[i] ^= 0x01;
		refuse_list(&list);
		list.data[i] ^= 0x81;
		refuse_list(&list);
		list.data[i] ^= 0x80;
	}
	tusk_store_u32(list.data + 8 + 32, 0);
	refuse_list(&list);
	tusk_store_u32(list.data + 8 + 32, (16 << 20) + 1);
	refuse_list(&list);
	tusk_store_u32(list.data + 8 + 32, 1);
	tusk_put_u8(&list, 0);
	refuse_list(&list);
	tusk_buf_release(&list);
}

static void lengths_below_a_list_that_overflow_are_refused(void **state)
{
	struct tusk_buf list = {0};
	static const uint8_t id[TUSK_ID_SIZE];
	(void)state;

	tusk_put_u32(&list, 1);
	tusk_put_u32(&list, 2);
	for (int i = 0; i < 2; i++) {
		tusk_put_raw(&list, id, sizeof(id));
		tusk_put_u64(&list, (uint64_t)1 << 62);
	}
	refuse_list(&list);
	tusk_buf_release(&list);
}

/* ---- extents ---- */

static void extents_survive_a_round_trip(void **state)
{
	struct test_random random = {4};
	(void)state;

	for (int round = 0; round < 500; round++) {
		struct tusk_extent extents[50], *back;
		size_t count = (size_t)test_random_below(&random, 51), back_count;
		uint64_t end = 0, sum = 0;
		struct tusk_buf list = {0};
		struct tusk_err err;

		for (size_t i = 0; i < count; i++) {
			extents[i].offset = end + (i > 0) + test_random_below(&random, 1 << 20);
			extents[i].len = 1 + test_random_below(&random, (uint64_t)1 << 40);
			end = extents[i].offset + extents[i].len;
			sum += extents[i].len;
		}
		assert_int_equal(tusk_extents_encode(&list, extents, count), 0);
		assert_int_equal(tusk_extents_decode(list.data, list.len, end, sum, &back, &back_count, &err), 0);
		assert_int_equal(back_count, count);
		if (count)
			assert_memory_equal(back, extents, count * sizeof(*extents));
		free(back);
		assert_int_equal(tusk_extents_decode(list.data, list.len, end, sum + 1, &back, &back_count, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		if (count)
			assert_int_equal(
			    tusk_extents_decode(list.data, list.len, end - 1, sum, &back, &back_count, &err), -1);
		assert_int_equal(tusk_extents_decode(list.data, list.len - 1, end, sum, &back, &back_count, &err), -1);
		tusk_buf_release(&list);
	}
}

/* ---- extended attributes ---- */

static void xattrs_survive_a_round_trip(void **state)
{
	static uint8_t big[TUSK_XATTR_VALUE_MAX];
	const struct tusk_xattr items[] = {
	    {{(const uint8_t *)"security.capability", 19}, {(const uint8_t *)"\x01\x00\x00\x02", 4}},
	    {{(const uint8_t *)"system.posix_acl_access", 23}, {(const uint8_t *)"", 0}},
	    {{(const uint8_t *)"user.big", 8}, {big, sizeof(big)}},
	};
	struct tusk_buf list = {0};
	struct tusk_xattrs back;
	struct tusk_err err;
	(void)state;

	fill_random(big, sizeof(big), 5);
	assert_int_equal(tusk_xattrs_encode(&list, items, 3), 0);
	assert_int_equal(tusk_xattrs_decode(list.data, list.len, &back, &err), 0);
	size_t len = list.len;
	memset(list.data, 0, list.len); /* the result is a copy */
	tusk_buf_release(&list);
	assert_int_equal(back.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(back.items[i].name.len, items[i].name.len);
		assert_memory_equal(back.items[i].name.data, items[i].name.data, items[i].name.len);
		assert_int_equal(back.items[i].value.len, items[i].value.len);
		if (items[i].value.len)
			assert_memory_equal(back.items[i].value.data, items[i].value.data, items[i].value.len);
	}
	assert_true(len > sizeof(big));
	tusk_xattrs_release(&back);
	assert_null(back.items);
}

static void a_truncated_list_of_xattrs_is_refused(void **state)
{
	const struct tusk_xattr items[] = {
	    {{(const uint8_t *)"user.a", 6}, {(const uint8_t *)"1", 1}},
	    {{(const uint8_t *)"user.b", 6}, {(const uint8_t *)"2", 1}},
	};
	struct tusk_buf list = {0};
	struct tusk_xattrs back;
	struct tusk_err err;
	(void)state;

	assert_int_equal(tusk_xattrs_encode(&list, items, 2), 0);
	for (size_t len = 0; len < list.len; len++) {
		assert_int_equal(tusk_xattrs_decode(list.data, len, &back, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
	}
	tusk_buf_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_of_any_length_survives_a_round_trip),
	    cmocka_unit_test(one_changed_chunk_costs_a_list_a_level),
	    cmocka_unit_test(a_file_that_repeats_one_chunk_has_few_levels),
	    cmocka_unit_test(a_list_builder_can_be_used_again),
	    cmocka_unit_test(the_golden_list_is_what_is_written_and_read),
	    cmocka_unit_test(a_damaged_list_is_refused),
	    cmocka_unit_test(lengths_below_a_list_that_overflow_are_refused),
	    cmocka_unit_test(extents_survive_a_round_trip),
	    cmocka_unit_test(xattrs_survive_a_round_trip),
	    cmocka_unit_test(a_truncated_list_of_xattrs_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
