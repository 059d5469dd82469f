/* Damage is what it touches and nothing else; hostile trees are refused; what is wrong with the index does no harm. */
#include "handmade.h"
#include "tusk/reader.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECE 5000u
#define SIZE  (20 * PIECE)

static struct handmade made;

static int open_made(void **state)
{
	(void)state;
	handmade_open(&made, TUSK_SUITE_AES256_GCM);
	return 0;
}

static int close_made(void **state)
{
	(void)state;
	handmade_close(&made);
	return 0;
}

static struct tusk_file *open_path(struct tusk_view *view, const char *path)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	struct tusk_file *file = NULL;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_view_path(view, path, &entry, &err), &err);
	tusk_test_ok(tusk_file_open(view, &entry, &file, &err), &err);
	return file;
}

static struct tusk_id chunk_id(const uint8_t *data, size_t len)
{
	struct tusk_id id;
	tusk_ider_from_data(made.ider, TUSK_OBJECT_CHUNK, data, len, &id);
	return id;
}

/* One file of 20 chunks. */
static struct tusk_view *one_file(const uint8_t **ret_data)
{
	*ret_data = handmade_bytes(&made, SIZE, 1);
	struct tusk_entry entry = handmade_file(&made, "file", *ret_data, SIZE, PIECE);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	return handmade_view_tree(&made, &root);
}

/* Reads piece by piece: exactly the piece bad must fail (none when it is beyond the end). */
static void assert_only_bad(struct tusk_file *file, const uint8_t *data, size_t bad, struct tusk_err *ret_err)
{
	uint8_t buffer[PIECE];
	for (size_t i = 0; i < SIZE / PIECE; i++) {
		struct tusk_err err = {0};
		size_t got = 0;
		int status = tusk_file_pread(file, buffer, PIECE, i * PIECE, &got, &err);
		if (i == bad) {
			assert_int_equal(status, -1);
			assert_int_equal(err.code, TUSK_E_CORRUPT);
			*ret_err = err;
			continue;
		}
		tusk_test_ok(status, &err);
		assert_memory_equal(buffer, data + i * PIECE, PIECE);
	}
}

static void a_damaged_chunk_spoils_only_its_own_bytes(void **state)
{
	(void)state;
	const uint8_t *data;
	TUSK_AUTO_VIEW struct tusk_view *view = one_file(&data);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_id id = chunk_id(data + 7 * PIECE, PIECE);
	struct tusk_err err = {0};
	char pack[80], text[TUSK_ID_TEXT_SIZE];

	handmade_damage(&made, &id, pack);
	assert_only_bad(file, data, 7, &err);
	tusk_id_text(&id, text);
	assert_non_null(strstr(err.message, text));
	assert_non_null(strstr(err.message, pack));
	assert_non_null(strstr(err.message, "offset"));
	/* The index has forgotten the chunk by now; the message still says where it is. */
	assert_only_bad(file, data, 7, &err);
	assert_non_null(strstr(err.message, pack));
	struct tusk_slices slices;
	assert_int_equal(tusk_file_slices(file, 6 * PIECE, 2 * PIECE, &slices, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void a_repaired_chunk_is_read_without_a_restart(void **state)
{
	(void)state;
	const uint8_t *data;
	TUSK_AUTO_VIEW struct tusk_view *view = one_file(&data);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_id id = chunk_id(data + 7 * PIECE, PIECE);
	struct tusk_err err = {0};

	handmade_damage(&made, &id, NULL);
	assert_only_bad(file, data, 7, &err);
	handmade_damage(&made, &id, NULL); /* the same bit back */
	assert_only_bad(file, data, SIZE, &err);
}

static void a_second_copy_of_a_damaged_chunk_is_used(void **state)
{
	(void)state;
	const uint8_t *data;
	TUSK_AUTO_VIEW struct tusk_view *view = one_file(&data);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_id id = chunk_id(data + 7 * PIECE, PIECE);
	struct tusk_err err = {0};

	handmade_damage(&made, &id, NULL);
	assert_only_bad(file, data, 7, &err);
	handmade_put(&made, TUSK_OBJECT_CHUNK, data + 7 * PIECE, PIECE); /* as the next backup would */
	handmade_seal(&made);
	assert_only_bad(file, data, SIZE, &err);
}

static void a_missing_pack_is_damage_not_absence(void **state)
{
	(void)state;
	const uint8_t *data;
	TUSK_AUTO_VIEW struct tusk_view *view = one_file(&data);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_id id = chunk_id(data, PIECE), pack;
	struct tusk_err err = {0};
	uint8_t byte;
	size_t got;
	char name[80];

	handmade_where(&made, &id, &pack);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	assert_int_equal(tusk_file_pread(file, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, name));
}

static void an_object_stored_nowhere_is_damage(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 1000, 1);
	struct tusk_entry entry = handmade_file(&made, "file", data, 1000, 1000);
	memset(entry.sha256, 1, sizeof(entry.sha256));
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_err err = {0};
	uint8_t byte;
	size_t got;

	assert_int_equal(tusk_file_pread(file, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, "is not stored anywhere"));
}

static void a_lost_toc_does_not_keep_its_pack_from_being_read(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, SIZE, 1);
	struct tusk_entry entry = handmade_file(&made, "file", data, SIZE, PIECE);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	struct tusk_id id = handmade_snapshot(&made, &root, 1700000000);
	struct tusk_err err = {0};
	char name[80];

	for (size_t i = 0; i < made.toc_count; i++) {
		tusk_toc_name(&made.tocs[i].pack, name);
		handmade_remove(&made, name);
	}
	handmade_reopen(&made, true);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view(&made, &id);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	assert_only_bad(file, data, SIZE, &err);
}

static void a_chunk_of_another_length_than_the_file_says_is_refused(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 2000, 1);
	struct tusk_entry entries[] = {handmade_file(&made, "a", data, 2000, 2000),
				       handmade_file(&made, "b", data, 2000, 2000)};
	entries[1].size = entries[1].data_bytes = 1999;
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	uint8_t buffer[2000];
	size_t got;

	for (int cached = 0; cached < 2; cached++) {
		TUSK_AUTO_FILE struct tusk_file *right = open_path(view, "a");
		TUSK_AUTO_FILE struct tusk_file *wrong = open_path(view, "b");
		struct tusk_err err = {0};
		assert_int_equal(tusk_file_pread(wrong, buffer, 10, 0, &got, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		tusk_test_ok(tusk_file_pread(right, buffer, 2000, 0, &got, &err), &err);
		assert_memory_equal(buffer, data, 2000);
	}
}

static void a_damaged_tree_block_spoils_only_its_directory(void **state)
{
	(void)state;
	struct tusk_entry inner[] = {handmade_file(&made, "x", "1", 1, 1), handmade_file(&made, "y", "1", 1, 1)};
	struct tusk_entry entries[] = {handmade_directory(&made, "bad", &inner[0], 1),
				       handmade_directory(&made, "good", &inner[1], 1)};
	struct tusk_id bad = entries[0].subtree.id;
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry good = {0};
	struct tusk_entry entry;
	struct tusk_err err = {0};

	handmade_damage(&made, &bad, NULL);
	tusk_test_ok(tusk_view_path(view, "good/y", &good, &err), &err);
	assert_int_equal(good.number, 4);
	assert_int_equal(tusk_view_path(view, "bad/x", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_view_entry(view, 3, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

/* ---- hostile trees: well sealed, but lying ---- */

static void assert_root_is_refused(const struct tusk_subtree *root)
{
	struct tusk_id id = handmade_snapshot(&made, root, 1700000000);
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	struct tusk_entry entry;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_snapshot_list_load(made.repository, NULL, NULL, &list, &err), &err);
	assert_int_equal(list.count, 1);
	assert_true(tusk_id_equal(&list.items[0].id, &id));
	tusk_test_ok(tusk_view_open(made.repository, &list.items[0], &view, &err), &err);
	assert_int_equal(tusk_view_entry(view, root->descendants, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_view_path(view, "d", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static struct tusk_subtree honest_root(void)
{
	struct tusk_entry inner = handmade_file(&made, "x", "1", 1, 1);
	struct tusk_entry entries[] = {handmade_directory(&made, "d", &inner, 1), handmade_file(&made, "e", "1", 1, 1)};
	return handmade_tree(&made, entries, 2);
}

static void a_manifest_with_another_count_of_entries_is_refused(void **state)
{
	(void)state;
	struct tusk_subtree root = honest_root();
	root.entries++;
	assert_root_is_refused(&root);
}

static void a_manifest_with_another_count_of_descendants_is_refused(void **state)
{
	(void)state;
	struct tusk_subtree root = honest_root();
	root.descendants++;
	assert_root_is_refused(&root);
}

static void a_manifest_with_another_level_is_refused(void **state)
{
	(void)state;
	struct tusk_subtree root = honest_root();
	root.level++;
	assert_root_is_refused(&root);
}

static void a_directory_that_lies_about_what_is_below_it_is_refused(void **state)
{
	(void)state;
	struct tusk_entry inner = handmade_file(&made, "x", "1", 1, 1);
	struct tusk_entry entries[] = {handmade_directory(&made, "d", &inner, 1),
				       handmade_directory(&made, "e", &inner, 1)};
	entries[0].subtree.descendants = entries[0].subtree.entries = 2;
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry lying = {0};
	TUSK_AUTO_ENTRY struct tusk_entry honest = {0};
	struct tusk_entry entry;
	struct tusk_err err = {0};

	for (uint64_t number = 3; number <= 4; number++) {
		assert_int_equal(tusk_view_entry(view, number, &entry, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
	}
	tusk_test_ok(tusk_view_entry(view, 5, &honest, &err), &err);
	tusk_test_ok(tusk_view_path(view, "d", &lying, &err), &err);
	assert_int_equal(tusk_view_lookup(view, &lying, "x", 1, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	tusk_test_ok(tusk_dir_open(view, &lying, &dir, &err), &err);
	assert_int_equal(tusk_dir_next(dir, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

/* An index block over two leaves, as a writer with the key could make it up. */
struct child {
	const char *first_name;
	struct tusk_subtree leaf;
};

static struct tusk_subtree index_over(const struct child children[2])
{
	TUSK_AUTO_BUF struct tusk_buf items = {0};
	TUSK_AUTO_BUF struct tusk_buf block = {0};
	struct tusk_subtree sums = {.level = 1};
	size_t offsets[2];

	for (size_t i = 0; i < 2; i++) {
		const struct tusk_subtree *leaf = &children[i].leaf;
		offsets[i] = items.len;
		tusk_put_bytes(&items, children[i].first_name, strlen(children[i].first_name));
		tusk_put_raw(&items, &leaf->id, TUSK_ID_SIZE);
		tusk_put_varint(&items, leaf->entries);
		tusk_put_varint(&items, leaf->descendants);
		tusk_put_varint(&items, leaf->bytes);
		tusk_put_varint(&items, leaf->subdirs);
		sums.entries += leaf->entries;
		sums.descendants += leaf->descendants;
		sums.bytes += leaf->bytes;
		sums.subdirs += leaf->subdirs;
	}
	tusk_put_u32(&block, 1);
	tusk_put_u32(&block, 2);
	tusk_put_u64(&block, 0);
	for (size_t i = 0; i < 2; i++)
		tusk_put_u32(&block, (uint32_t)(16 + 8 + offsets[i]));
	tusk_put_raw(&block, items.data, items.len);
	sums.id = handmade_put(&made, TUSK_OBJECT_TREE, block.data, block.len);
	return sums;
}

static void two_leaves(struct child ret_children[2])
{
	struct tusk_entry low[] = {handmade_file(&made, "a", "1", 1, 1), handmade_file(&made, "b", "1", 1, 1)};
	struct tusk_entry high[] = {handmade_file(&made, "m", "1", 1, 1), handmade_file(&made, "n", "1", 1, 1)};
	ret_children[0] = (struct child){.first_name = "a", .leaf = handmade_tree(&made, low, 2)};
	ret_children[1] = (struct child){.first_name = "m", .leaf = handmade_tree(&made, high, 2)};
}

static void an_honest_index_block_by_hand_is_read(void **state)
{
	(void)state;
	struct child children[2];
	two_leaves(children);
	struct tusk_subtree root = index_over(children);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_view_path(view, "n", &entry, &err), &err);
	assert_int_equal(entry.number, 4);
}

static void assert_second_leaf_is_refused(const struct tusk_subtree *root)
{
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, root);
	TUSK_AUTO_ENTRY struct tusk_entry first = {0};
	struct tusk_entry entry;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_view_path(view, "a", &first, &err), &err);
	assert_int_equal(tusk_view_path(view, "n", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_view_entry(view, 4, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void an_index_block_with_wrong_counts_is_refused(void **state)
{
	(void)state;
	struct child children[2];
	two_leaves(children);
	children[1].leaf.entries = children[1].leaf.descendants = 3;
	struct tusk_subtree root = index_over(children);
	assert_second_leaf_is_refused(&root);
}

static void an_index_block_with_a_wrong_first_name_is_refused(void **state)
{
	(void)state;
	struct child children[2];
	two_leaves(children);
	children[1].first_name = "l";
	struct tusk_subtree root = index_over(children);
	assert_second_leaf_is_refused(&root);
}

static void an_index_block_over_index_blocks_of_the_wrong_level_is_refused(void **state)
{
	(void)state;
	struct child children[2], top[2];
	two_leaves(children);
	top[0] = children[0];
	top[1] = (struct child){.first_name = "a", .leaf = index_over(children)};
	top[1].first_name = "m";
	struct tusk_subtree root = index_over(top);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	struct tusk_entry entry;
	struct tusk_err err = {0};
	assert_int_equal(tusk_view_path(view, "n", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void a_tree_block_in_place_of_a_list_is_refused(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 200 * 1000, 1);
	struct tusk_entry entry = handmade_file(&made, "file", data, 200 * 1000, 1000);
	struct tusk_subtree other = honest_root();
	entry.content_bytes = (struct tusk_bytes){.data = other.id.bytes, .len = TUSK_ID_SIZE};
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_err err = {0};
	uint8_t byte;
	size_t got;
	assert_int_equal(tusk_file_pread(file, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void a_list_that_holds_less_than_its_file_is_refused(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 200 * 1000, 1);
	struct tusk_entry entry = handmade_file(&made, "file", data, 200 * 1000, 1000);
	entry.size = entry.data_bytes = 200 * 1000 + 1;
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	struct tusk_err err = {0};
	uint8_t byte;
	size_t got;
	assert_int_equal(tusk_file_pread(file, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_made, close_made)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_damaged_chunk_spoils_only_its_own_bytes),
	    TEST(a_repaired_chunk_is_read_without_a_restart),
	    TEST(a_second_copy_of_a_damaged_chunk_is_used),
	    TEST(a_missing_pack_is_damage_not_absence),
	    TEST(an_object_stored_nowhere_is_damage),
	    TEST(a_lost_toc_does_not_keep_its_pack_from_being_read),
	    TEST(a_chunk_of_another_length_than_the_file_says_is_refused),
	    TEST(a_damaged_tree_block_spoils_only_its_directory),
	    TEST(a_manifest_with_another_count_of_entries_is_refused),
	    TEST(a_manifest_with_another_count_of_descendants_is_refused),
	    TEST(a_manifest_with_another_level_is_refused),
	    TEST(a_directory_that_lies_about_what_is_below_it_is_refused),
	    TEST(an_honest_index_block_by_hand_is_read),
	    TEST(an_index_block_with_wrong_counts_is_refused),
	    TEST(an_index_block_with_a_wrong_first_name_is_refused),
	    TEST(an_index_block_over_index_blocks_of_the_wrong_level_is_refused),
	    TEST(a_tree_block_in_place_of_a_list_is_refused),
	    TEST(a_list_that_holds_less_than_its_file_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
