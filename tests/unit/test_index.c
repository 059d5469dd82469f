#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_fixture.h"
#include "wire.h"

static struct tusk_index_sync_result sync_index(struct index_fixture *f)
{
	struct tusk_index_sync_result result;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_sync(f->index, f->node, &result, &err), &err);
	return result;
}

static void a_value_is_laid_out_as_the_format_page_says(void **state)
{
	const struct tusk_entry entry = {0x01020304, 0x11121314, 0x21222324, 0x31323334, 1, 0};
	const struct tusk_pack_row row = {.id = test_id(1), .size = 0x0102030405060708, .records = 9, .kind = 2};
	struct tusk_id id = test_id(5);
	uint8_t value[TUSK_ENTRY_SIZE], row_value[TUSK_PACK_ROW_SIZE], key[TUSK_PACK_KEY_SIZE];

	(void)state;
	tusk_entry_encode(0, &id, &entry, value);
	assert_hex(value, 18,
		   "0403020114131211242322213433323101"
		   "00");
	tusk_pack_row_encode(0, 0x01020304, &row, row_value);
	assert_hex(row_value + 32, 13,
		   "0807060504030201"
		   "09000000"
		   "02");
	tusk_pack_key(0x01020304, key);
	assert_hex(key, sizeof(key), "01020304");
}

static void every_changed_bit_of_an_entry_is_seen(void **state)
{
	const struct tusk_entry entry = {1, 2, 3, 4, 1, 1};
	const struct tusk_pack_row row = {.id = test_id(1), .size = 5, .records = 6, .kind = 1};
	uint8_t value[TUSK_ENTRY_SIZE], row_value[TUSK_PACK_ROW_SIZE];
	struct tusk_id id = test_id(5), other = test_id(6);
	struct tusk_pack_row row_out;
	struct tusk_entry out;

	(void)state;
	tusk_entry_encode(99, &id, &entry, value);
	assert_true(tusk_entry_decode(99, &id, value, sizeof(value), &out));
	assert_false(tusk_entry_decode(98, &id, value, sizeof(value), &out));
	assert_false(tusk_entry_decode(99, &other, value, sizeof(value), &out));
	assert_false(tusk_entry_decode(99, &id, value, sizeof(value) - 1, &out));
	for (size_t bit = 0; bit < 8 * sizeof(value); bit++) {
		value[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(tusk_entry_decode(99, &id, value, sizeof(value), &out));
		value[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	tusk_pack_row_encode(99, 3, &row, row_value);
	assert_true(tusk_pack_row_decode(99, 3, row_value, sizeof(row_value), &row_out));
	assert_false(tusk_pack_row_decode(99, 4, row_value, sizeof(row_value), &row_out));
	for (size_t bit = 0; bit < 8 * sizeof(row_value); bit++) {
		row_value[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(tusk_pack_row_decode(99, 3, row_value, sizeof(row_value), &row_out));
		row_value[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void what_was_added_is_found_also_after_reopening(void **state)
{
	struct index_fixture *f = *state;

	assert_false(is_in_pack(f->index, 1, 1, 0));
	assert_true(tusk_index_is_stale(f->index));
	test_add(f->index, 1, 0, 300);
	for (int round = 0; round < 2; round++) {
		for (uint64_t n = 0; n < 300; n++)
			assert_true(is_in_pack(f->index, n, 1, 0));
		assert_false(is_in_pack(f->index, 300, 1, 0));
		assert_count(f->index, 300, 1);
		reopen(f);
	}
	assert_false(tusk_index_is_stale(f->index));
	assert_false(exists(f, TUSK_INDEX_DAMAGED));
}

static void many_are_found_at_once(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_location locations[4];
	struct tusk_id ids[4] = {test_id(2), test_id(900), test_id(12), test_id(0)}, pack = test_pack_id(2);
	bool found[4];
	struct tusk_err err = {0};

	test_add(f->index, 1, 0, 10);
	test_add(f->index, 2, 10, 10);
	tusk_test_ok(tusk_index_find_many(f->index, ids, 4, locations, found, &err), &err);
	assert_true(found[0] && !found[1] && found[2] && found[3]);
	assert_true(tusk_id_equal(&locations[2].pack, &pack));
	assert_int_equal(locations[2].record.offset, 280);
}

static void an_id_keeps_the_place_it_came_with(void **state)
{
	struct index_fixture *f = *state;

	test_add(f->index, 1, 0, 10);
	test_add(f->index, 2, 5, 10); /* 5..9 again, in another place */
	assert_true(is_in_pack(f->index, 7, 1, 0));
	assert_true(is_in_pack(f->index, 12, 2, 5));
	assert_count(f->index, 15, 2);
	test_add(f->index, 2, 5, 10);
	assert_count(f->index, 15, 2);
}

static void a_dropped_entry_is_absent_and_can_come_again(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_id id = test_id(3);
	struct tusk_err err = {0};

	test_add(f->index, 1, 0, 10);
	tusk_test_ok(tusk_index_drop(f->index, &id, &err), &err);
	tusk_test_ok(tusk_index_drop(f->index, &id, &err), &err);
	assert_false(is_in_pack(f->index, 3, 1, 0));
	assert_count(f->index, 9, 1);
	test_add(f->index, 1, 0, 10);
	assert_true(is_in_pack(f->index, 3, 1, 0));
	assert_count(f->index, 10, 1);
}

static void the_map_grows_under_readers(void **state)
{
	struct index_fixture *f = *state;

	f->tuning.map_size = 256 << 10;
	reopen(f);
	test_add(f->index, 1, 0, 100);
	assert_true(is_in_pack(f->index, 50, 1, 0));
	for (uint64_t n = 2; n < 32; n++) {
		test_add(f->index, n, n * 1000, 1000);
		assert_true(is_in_pack(f->index, n * 1000 + 999, n, n * 1000));
	}
	assert_count(f->index, 30100, 31);
	MDB_envinfo info;
	assert_int_equal(mdb_env_info(f->index->db.env, &info), 0);
	assert_true(info.me_mapsize > 1 << 20);
}

static void manifests_are_cached_and_verified(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	struct tusk_id id = test_id(1);
	uint8_t data[10000];
	struct tusk_err err = {0};

	fill_random(data, sizeof(data), 1);
	assert_int_equal(tusk_index_snapshot_get(f->index, &id, &body, &err), TUSK_INDEX_ABSENT);
	tusk_test_ok(tusk_index_snapshot_put(f->index, &id, data, sizeof(data), &err), &err);
	reopen(f);
	assert_int_equal(tusk_index_snapshot_get(f->index, &id, &body, &err), TUSK_INDEX_FOUND);
	assert_int_equal(body.len, sizeof(data));
	assert_memory_equal(body.data, data, sizeof(data));
	tusk_test_ok(tusk_index_snapshot_drop(f->index, &id, &err), &err);
	assert_int_equal(tusk_index_snapshot_get(f->index, &id, &body, &err), TUSK_INDEX_ABSENT);
}

/* Writes raw bytes into a table, past all checks. */
struct poke {
	enum tusk_table table;
	const void *key, *value;
	size_t key_len, len;
};

static int poke_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	const struct poke *poke = context;
	MDB_val key = tusk_db_val(poke->key, poke->key_len), value = tusk_db_val(poke->value, poke->len);

	return mdb_put(txn, db->tables[poke->table], &key, &value, 0);
}

static void poke(struct tusk_index *index, struct poke what)
{
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_write(index, poke_work, &what, &err), &err);
}

static void an_entry_with_a_wrong_tag_counts_as_absent(void **state)
{
	struct index_fixture *f = *state;
	const struct tusk_entry entry = {1, 80, 100, 84, 1, 0};
	struct tusk_id id = test_id(3);
	uint8_t value[TUSK_ENTRY_SIZE];

	test_add(f->index, 1, 0, 10);
	tusk_entry_encode(tusk_load_u64(f->keys.index) + 1, &id, &entry, value);
	poke(f->index, (struct poke){TUSK_TABLE_CHUNK, id.bytes, value, sizeof(id), sizeof(value)});
	assert_false(is_in_pack(f->index, 3, 1, 0));
	test_add(f->index, 1, 0, 10);
	assert_true(is_in_pack(f->index, 3, 1, 0));
}

static void a_sync_repairs_an_entry_with_a_wrong_tag(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc toc TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 10);
	const uint8_t wrong[TUSK_ENTRY_SIZE] = {0};

	assert_int_equal(sync_index(f).entries_added, 10);
	poke(f->index, (struct poke){TUSK_TABLE_CHUNK, toc.records[4].id.bytes, wrong, TUSK_ID_SIZE, sizeof(wrong)});
	assert_false(is_found(f->index, 4, &toc.pack, toc.records[4].offset));
	sync_index(f);
	assert_true(is_found(f->index, 4, &toc.pack, toc.records[4].offset));
}

static void an_index_of_another_version_is_moved_aside(void **state)
{
	struct index_fixture *f = *state;
	const uint8_t version[4] = {2};

	test_add(f->index, 1, 0, 10);
	poke(f->index, (struct poke){TUSK_TABLE_META, "version", version, 7, sizeof(version)});
	reopen(f);
	assert_false(is_in_pack(f->index, 3, 1, 0));
	assert_true(tusk_index_is_stale(f->index));
	assert_true(exists(f, TUSK_INDEX_DAMAGED));
	assert_count(f->index, 0, 0);
}

static void an_index_of_another_repository_is_moved_aside(void **state)
{
	struct index_fixture *f = *state;

	test_add(f->index, 1, 0, 10);
	test_keys(8, &f->keys);
	reopen(f);
	assert_false(is_in_pack(f->index, 3, 1, 0));
	assert_true(exists(f, TUSK_INDEX_DAMAGED));
	test_add(f->index, 1, 0, 10);
	assert_true(is_in_pack(f->index, 3, 1, 0));
}

static void a_sync_follows_the_node(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc a TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 10);
	struct tusk_toc b TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 10, 10);
	char name[80];
	struct tusk_err err = {0};

	struct tusk_index_sync_result result = sync_index(f);
	assert_int_equal(result.packs_added, 2);
	assert_int_equal(result.entries_added, 20);
	result = sync_index(f);
	assert_int_equal(result.packs_added + result.packs_dropped + result.entries_added + result.damaged, 0);
	tusk_toc_name(&a.pack, name);
	tusk_test_ok(tusk_node_remove(f->node, name, &err), &err);
	assert_int_equal(sync_index(f).packs_dropped, 0); /* the pack is still there */
	tusk_pack_name(&a.pack, name);
	tusk_test_ok(tusk_node_remove(f->node, name, &err), &err);
	assert_int_equal(sync_index(f).packs_dropped, 1);
	assert_false(is_found(f->index, 3, &a.pack, a.records[3].offset));
	assert_true(is_found(f->index, 13, &b.pack, b.records[3].offset));
	assert_count(f->index, 10, 1);
}

static void an_object_hidden_by_a_vanished_pack_is_found_again(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc a TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 10);
	char name[80];
	struct tusk_err err = {0};

	sync_index(f);
	struct tusk_toc b TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 5, 10);
	sync_index(f);
	assert_true(is_found(f->index, 7, &a.pack, a.records[7].offset));
	tusk_pack_name(&a.pack, name);
	tusk_test_ok(tusk_node_remove(f->node, name, &err), &err);
	tusk_toc_name(&a.pack, name);
	tusk_test_ok(tusk_node_remove(f->node, name, &err), &err);
	sync_index(f);
	assert_true(is_found(f->index, 7, &b.pack, b.records[2].offset));
	assert_false(is_found(f->index, 3, &a.pack, a.records[3].offset));
	assert_count(f->index, 10, 1);
}

static void a_damaged_toc_is_counted_and_costs_nothing_else(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc a TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 10);
	struct tusk_toc b TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 10, 10);
	char names[2][80], folder[128];

	tusk_toc_name(&a.pack, names[0]);
	tusk_pack_name(&a.pack, names[1]);
	snprintf(folder, sizeof(folder), "%s/node", f->path);
	tusk_test_write(folder, names[0], "junk", 4);
	tusk_test_write(folder, names[1], "junk", 4);
	struct tusk_index_sync_result result = sync_index(f);
	assert_int_equal(result.damaged, 1);
	assert_int_equal(result.packs_added, 1);
	assert_true(is_found(f->index, 13, &b.pack, b.records[3].offset));
}

static void rebuild_and_assert(struct index_fixture *f, const struct tusk_toc *tocs, size_t count, uint64_t entries)
{
	struct tusk_index_sync_result result;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_rebuild(f->index, f->node, &result, &err), &err);
	assert_int_equal(result.packs_added, count);
	assert_int_equal(result.entries_added, entries);
	for (size_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < tocs[i].count; k++) {
			struct tusk_location location;

			assert_int_equal(tusk_index_find(f->index, &tocs[i].records[k].id, &location, &err),
					 TUSK_INDEX_FOUND);
			assert_true(tusk_id_equal(&location.record.id, &tocs[i].records[k].id));
		}
	}
	assert_true(tusk_probe_walk(&f->index->db));
	assert_false(exists(f, TUSK_INDEX_DAMAGED));
}

static void a_rebuild_finds_everything_in_memory_and_through_a_file(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc tocs[8];
	char name[80];
	struct tusk_err err = {0};

	for (size_t i = 0; i < 8; i++)
		tocs[i] = test_pack_write(f->node, &f->keys, i * 90, 100); /* ten of each again in the next */
	tusk_toc_name(&tocs[3].pack, name);
	tusk_test_ok(tusk_node_remove(f->node, name, &err), &err); /* the pack's own copy serves */
	rebuild_and_assert(f, tocs, 8, 730);
	f->tuning.rebuild_count = 150;
	f->tuning.map_size = 64 << 10;
	reopen(f);
	rebuild_and_assert(f, tocs, 8, 730);
	test_add(f->index, 1, 5000, 10);
	assert_true(is_in_pack(f->index, 5003, 1, 5000));
	assert_count(f->index, 740, 9);
	for (size_t i = 0; i < 8; i++)
		tusk_toc_release(&tocs[i]);
}

static void the_first_sync_of_a_large_node_is_a_rebuild(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc a TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 200);

	f->tuning.rebuild_from_count = 100;
	reopen(f);
	assert_int_equal(sync_index(f).entries_added, 200);
	assert_false(tusk_index_is_stale(f->index));
	assert_true(is_found(f->index, 150, &a.pack, a.records[150].offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_is_laid_out_as_the_format_page_says),
	    cmocka_unit_test(every_changed_bit_of_an_entry_is_seen),
	    TEST(what_was_added_is_found_also_after_reopening),
	    TEST(many_are_found_at_once),
	    TEST(an_id_keeps_the_place_it_came_with),
	    TEST(a_dropped_entry_is_absent_and_can_come_again),
	    TEST(the_map_grows_under_readers),
	    TEST(manifests_are_cached_and_verified),
	    TEST(an_entry_with_a_wrong_tag_counts_as_absent),
	    TEST(a_sync_repairs_an_entry_with_a_wrong_tag),
	    TEST(an_index_of_another_version_is_moved_aside),
	    TEST(an_index_of_another_repository_is_moved_aside),
	    TEST(a_sync_follows_the_node),
	    TEST(an_object_hidden_by_a_vanished_pack_is_found_again),
	    TEST(a_damaged_toc_is_counted_and_costs_nothing_else),
	    TEST(a_rebuild_finds_everything_in_memory_and_through_a_file),
	    TEST(the_first_sync_of_a_large_node_is_a_rebuild),
	};
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
