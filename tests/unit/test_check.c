/* What check finds, and what it says suffers from it. */
#include "manifest.h"
#include "wire.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"

static void an_intact_repository_is_clean(void **state)
{
	(void)state;
	assert_clean(false);
	assert_int_equal(result.snapshots, 2);
	assert_int_equal(result.packs, 4);
	assert_true(result.objects > 120);
	uint64_t structure = result.bytes_read;
	assert_clean(true);
	assert_true(result.bytes_read > structure + 118 * PIECE);
}

static void an_intact_repository_without_encryption_is_clean(void **state)
{
	(void)state;
	struct handmade encrypted = made;
	handmade_open(&made, TUSK_SUITE_NONE);
	all.data = handmade_bytes(&made, 400 * PIECE, 3);
	struct tusk_entry directory = shared_directory();
	struct tusk_subtree root = handmade_tree(&made, &directory, 1);
	handmade_snapshot(&made, &root, 1700000000);
	assert_clean(true);
	handmade_close(&made);
	made = encrypted;
}

static void an_empty_repository_is_clean(void **state)
{
	(void)state;
	struct handmade full = made;
	handmade_open(&made, TUSK_SUITE_AES256_GCM);
	assert_clean(true);
	handmade_close(&made);
	made = full;
}

static void check_finds_the_same_without_an_index(void **state)
{
	(void)state;
	handmade_reopen(&made, true);
	assert_clean(true);
	handmade_damage(&made, &all.shared_tree, NULL);
	handmade_reopen(&made, true);
	check(false);
	assert_int_equal(count_path("/shared"), 2);
}

static void a_damaged_chunk_is_found_by_its_bytes_and_named_with_its_files(void **state)
{
	(void)state;
	char pack[80];
	handmade_damage(&made, &all.list_chunk, pack);
	check(false);
	assert_int_equal(line_count, 0); /* structure reads no chunks */
	check(true);
	find_line(pack, "do not hash to the name", "");
	const struct line *line = find_line(pack, "record at offset", "/shared/listed");
	assert_int_equal(line->offset, 3 * PIECE);
	assert_int_equal(line->len, PIECE);
	assert_int_equal(count_path("/shared/listed"), 2); /* both snapshots */
	assert_int_equal(count_paths(), 2);
	assert_int_equal(result.damaged_objects, 1);
	assert_int_equal(result.affected_paths, 2);
}

static void a_damaged_chunk_of_a_file_with_holes_is_placed_in_the_file(void **state)
{
	(void)state;
	struct tusk_id id = chunk_id(all.data + 300 * PIECE + PIECE + 1000, PIECE - 1000);
	handmade_damage(&made, &id, NULL);
	check(true);
	const struct line *line = find_line("packs/", "does not verify", "/shared/holed");
	assert_int_equal(line->offset, 5 * PIECE + 1000);
	assert_int_equal(line->len, PIECE - 1000);
}

static void a_damaged_chunk_nobody_needs_has_no_paths(void **state)
{
	(void)state;
	char pack[80];
	handmade_damage(&made, &all.orphan, pack);
	check(true);
	find_line(pack, "do not hash to the name", "");
	assert_int_equal(count_paths(), 0);
	assert_int_equal(result.damaged_objects, 1);
}

static void a_damaged_chunk_with_another_copy_harms_no_file(void **state)
{
	(void)state;
	handmade_damage(&made, &all.single_chunk, NULL);
	handmade_put(&made, TUSK_OBJECT_CHUNK, all.data + 290 * PIECE, PIECE);
	check(true);
	find_line("packs/", "do not hash to the name", "");
	assert_int_equal(count_paths(), 0);
}

static void a_damaged_tree_is_found_and_named_with_its_directory(void **state)
{
	(void)state;
	char pack[80];
	handmade_damage(&made, &all.only_tree, pack);
	check(false);
	const struct line *line = find_line(pack, "does not verify", "/other");
	assert_int_equal(line->len, 0);
	assert_int_equal(count_paths(), 1);
	assert_int_equal(result.affected_paths, 1);
}

static void a_damaged_list_is_found_and_named_with_its_file(void **state)
{
	(void)state;
	handmade_damage(&made, &all.list, NULL);
	check(false);
	const struct line *line = find_line("packs/", "does not verify", "/shared/huge");
	assert_int_equal(line->offset, 0);
	assert_int_equal(line->len, 100 * PIECE);
	assert_int_equal(count_paths(), 2);
}

static void damaged_blobs_are_found_and_named_with_their_entries(void **state)
{
	(void)state;
	handmade_damage(&made, &all.xattr_blob, NULL);
	handmade_damage(&made, &all.extent_blob, NULL);
	check(false);
	find_line("packs/", "does not verify", "/shared/attributes");
	find_line("packs/", "does not verify", "/shared/holed");
	assert_int_equal(count_paths(), 4);
	assert_int_equal(result.damaged_objects, 1);
	assert_int_equal(result.affected_paths, 4);
}

static void a_missing_pack_is_found_and_named_with_its_files(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	check(false);
	find_line(name, "is missing", "");
	find_line(name, "its pack is missing", "/shared/single");
	const struct line *line = find_line(name, "its pack is missing", "/shared/huge");
	assert_int_equal(line->len, 100 * PIECE); /* one line for what follows each other */
	assert_int_equal(count_path("/shared/listed"), 2);
	assert_int_equal(result.damaged_objects, 1);
	assert_int_equal(result.affected_paths, 8);
	check(true);
	assert_int_equal(result.affected_paths, 8);
}

static void a_missing_pack_with_its_toc_is_found_by_what_is_in_no_pack(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.only_tree, &pack);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	tusk_toc_name(&pack, name);
	handmade_remove(&made, name);
	check(false);
	find_line("", "is not stored anywhere", "/"); /* the second snapshot's root was there too */
}

static void a_truncated_pack_is_found_without_reading_it(void **state)
{
	(void)state;
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	char folder[100], name[80];
	struct tusk_id pack;
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_pack_name(&pack, name);
	snprintf(folder, sizeof(folder), "%s/repository", made.path);
	tusk_test_read(folder, name, &data);
	handmade_remove(&made, name);
	tusk_test_write(folder, name, data.data, data.len - 4096);
	check(false);
	find_line(name, "", "");
	assert_int_equal(result.damaged_objects, 1);
}

static void a_lost_toc_that_is_needed_is_found_and_harms_no_file(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_toc_name(&pack, name);
	handmade_remove(&made, name);
	handmade_reopen(&made, true);
	check(true);
	find_line(name, "is lost", "");
	assert_int_equal(line_count, 1);
	assert_int_equal(result.affected_paths, 0);
}

static void a_pack_that_a_crash_left_without_its_toc_is_not_damage(void **state)
{
	(void)state;
	struct tusk_id id = handmade_put(&made, TUSK_OBJECT_CHUNK, "left over", 9), pack;
	char name[80];
	handmade_seal(&made);
	handmade_where(&made, &id, &pack);
	tusk_toc_name(&pack, name);
	handmade_remove(&made, name);
	assert_clean(true);
}

static void a_damaged_toc_is_found_and_the_pack_speaks_for_itself(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_toc_name(&pack, name);
	handmade_flip(&made, name, 200);
	handmade_reopen(&made, true);
	check(true);
	find_line(name, "does not hash", "");
	assert_int_equal(line_count, 1);
}

static void a_damaged_table_inside_a_pack_is_found_by_its_bytes(void **state)
{
	(void)state;
	struct tusk_id pack;
	uint64_t size;
	struct tusk_err err = {0};
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_pack_name(&pack, name);
	tusk_test_ok(tusk_node_stat(made.repository->node, name, &size, &err), &err);
	handmade_flip(&made, name, size - 100);
	check(true);
	find_line(name, "do not hash to the name", "");
	find_line(name, "its table of contents differs", "");
	assert_int_equal(count_paths(), 0);
	assert_int_equal(result.damaged_objects, 1);
}

static void a_damaged_pack_header_is_found(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_pack_name(&pack, name);
	handmade_flip(&made, name, 20);
	check(false);
	find_line(name, "key commitment differs", "");
	find_line(name, "its pack cannot be opened", "/shared/single");
	assert_int_equal(result.damaged_objects, 1);
}

static void a_damaged_manifest_is_found(void **state)
{
	(void)state;
	char name[100] = "snapshots/";
	tusk_id_text(&all.second, name + strlen(name));
	handmade_flip(&made, name, 120);
	check(false);
	find_line(name, "does not match its name", "");
	assert_int_equal(line_count, 1);
	assert_int_equal(result.snapshots, 2);
	assert_int_equal(result.damaged_objects, 1);
}

static int remember_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	(void)err;
	snprintf(context, 100, "%s", name);
	return 0;
}

static void a_damaged_key_slot_is_found(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	char name[100];
	tusk_test_ok(tusk_node_list(made.repository->node, "keys/", remember_name, name, &err), &err);
	handmade_flip(&made, name, 60);
	check(false);
	find_line(name, "", "");
	assert_int_equal(line_count, 1);
}

static void damaged_parameters_are_found(void **state)
{
	(void)state;
	handmade_flip(&made, "tusk.repository", 50);
	check(false);
	find_line("tusk.repository", "", "");
	assert_int_equal(line_count, 1);
	handmade_remove(&made, "tusk.repository");
	check(false);
	find_line("tusk.repository", "is missing", "");
}

static void what_lies_in_tmp_is_not_damage(void **state)
{
	(void)state;
	char folder[100];
	snprintf(folder, sizeof(folder), "%s/repository", made.path);
	tusk_test_write(folder, "tmp/0123456789abcdef", "half", 4);
	tusk_test_write(folder, "packs/00/note.txt", "foreign", 7);
	assert_clean(true);
}

static void a_wrong_hash_of_a_file_is_found(void **state)
{
	(void)state;
	struct tusk_entry entry = handmade_file(&made, "wrong", all.data, 10 * PIECE, PIECE);
	entry.sha256[0] ^= 1;
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	handmade_snapshot(&made, &root, 1700000200);
	assert_clean(false);
	check(true);
	find_line("", "does not hash to the SHA-256", "/wrong");
	assert_int_equal(line_count, 1);
	assert_int_equal(result.damaged_objects, 1);
	assert_int_equal(result.affected_paths, 1);
}

static void a_manifest_that_lies_about_its_root_is_found(void **state)
{
	(void)state;
	struct tusk_entry entry = handmade_file(&made, "file", "x", 1, 1);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	root.bytes += 5;
	handmade_snapshot(&made, &root, 1700000200);
	check(false);
	find_line("", "is not what its parent says", "/");
	assert_int_equal(line_count, 1); /* the pack is as it was written */
	assert_int_equal(result.affected_paths, 1);
}

static void a_file_that_lies_about_its_list_is_found(void **state)
{
	(void)state;
	struct tusk_entry honest = handmade_file(&made, "honest", all.data, 70 * PIECE, PIECE);
	struct tusk_entry entries[] = {honest, handmade_file(&made, "lying", all.data, 70 * PIECE, PIECE)};
	entries[1].size = entries[1].data_bytes = 70 * PIECE + 1;
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	handmade_snapshot(&made, &root, 1700000200);
	check(true);
	find_line("", "a chunk list is not what its parent says", "/lying");
	assert_int_equal(count_paths(), line_count);
	assert_int_equal(result.affected_paths, 1);
}

static void a_file_of_a_chunk_that_was_never_stored_is_found(void **state)
{
	(void)state;
	struct tusk_entry entry = handmade_file(&made, "file", all.data, PIECE, PIECE);
	memset(entry.sha256, 7, sizeof(entry.sha256));
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	handmade_snapshot(&made, &root, 1700000200);
	check(false);
	const struct line *line = find_line("", "is in no pack", "/file");
	assert_int_equal(line->len, PIECE);
	assert_int_equal(line_count, 1);
}

static void a_record_that_is_not_what_its_id_says_is_found(void **state)
{
	(void)state;
	struct tusk_pack_writer *writer;
	struct tusk_toc toc TUSK_AUTO_TOC;
	struct tusk_err err = {0};
	struct tusk_id id = chunk_id((const uint8_t *)"right", 5);
	uint64_t size;
	tusk_test_ok(
	    tusk_pack_writer_open(made.repository->node, &made.repository->keys, TUSK_PACK_CHUNKS, &writer, &err),
	    &err);
	tusk_test_ok(tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, 0, &id, "wrong", 5, 5, NULL, &err), &err);
	tusk_test_ok(tusk_pack_writer_finish(writer, &toc, &size, &err), &err);
	check(true);
	find_line("packs/", "is not what its id says", "");
}

static void a_thousand_lines_for_a_pack_are_enough(void **state)
{
	(void)state;
	struct tusk_entry *entries = handmade_take(&made, 1500 * sizeof(*entries));
	const uint8_t *data = handmade_bytes(&made, 300, 77);
	struct tusk_id id = chunk_id(data, 300), pack;
	char name[80];
	for (unsigned i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "file-%04u", i);
		entries[i] = handmade_file(&made, name, data, 300, 300);
	}
	struct tusk_subtree root = handmade_tree(&made, entries, 1500);
	handmade_snapshot(&made, &root, 1700000200);
	handmade_where(&made, &id, &pack);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	check(false);
	assert_int_equal(count_paths(), 1000);
	find_line(name, "and 500 more", "");
	assert_int_equal(result.affected_paths, 1500);
}

/* Sets the flag when the check comes to a stage. */
struct interruption {
	const char *stage;
	atomic_bool stop;
};

static void interrupt_stage(void *context, const char *stage, uint64_t done, uint64_t total)
{
	struct interruption *interruption = context;
	(void)done;
	(void)total;
	if (strcmp(stage, interruption->stage) == 0)
		atomic_store(&interruption->stop, true);
}

static void a_check_can_be_interrupted_at_every_stage(void **state)
{
	static const char *const stages[] = {"snapshots", "packs", "data", "trees", "affected files"};
	(void)state;
	handmade_damage(&made, &all.list_chunk, NULL);
	handmade_seal(&made);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct interruption interruption = {.stage = stages[i]};
		struct tusk_check_options options = {.data = true,
						     .threads = 2,
						     .on_stage = interrupt_stage,
						     .context = &interruption,
						     .stop = &interruption.stop};
		struct tusk_err err = {0};

		assert_int_equal(tusk_check_run(made.repository, &options, &result, &err), -1);
		assert_int_equal(err.code, TUSK_E_INTERRUPTED);
		assert_true(atomic_load(&interruption.stop));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_made, close_made)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_intact_repository_is_clean),
	    TEST(an_intact_repository_without_encryption_is_clean),
	    TEST(an_empty_repository_is_clean),
	    TEST(check_finds_the_same_without_an_index),
	    TEST(a_damaged_chunk_is_found_by_its_bytes_and_named_with_its_files),
	    TEST(a_damaged_chunk_of_a_file_with_holes_is_placed_in_the_file),
	    TEST(a_damaged_chunk_nobody_needs_has_no_paths),
	    TEST(a_damaged_chunk_with_another_copy_harms_no_file),
	    TEST(a_damaged_tree_is_found_and_named_with_its_directory),
	    TEST(a_damaged_list_is_found_and_named_with_its_file),
	    TEST(damaged_blobs_are_found_and_named_with_their_entries),
	    TEST(a_missing_pack_is_found_and_named_with_its_files),
	    TEST(a_missing_pack_with_its_toc_is_found_by_what_is_in_no_pack),
	    TEST(a_truncated_pack_is_found_without_reading_it),
	    TEST(a_lost_toc_that_is_needed_is_found_and_harms_no_file),
	    TEST(a_pack_that_a_crash_left_without_its_toc_is_not_damage),
	    TEST(a_damaged_toc_is_found_and_the_pack_speaks_for_itself),
	    TEST(a_damaged_table_inside_a_pack_is_found_by_its_bytes),
	    TEST(a_damaged_pack_header_is_found),
	    TEST(a_damaged_manifest_is_found),
	    TEST(a_damaged_key_slot_is_found),
	    TEST(damaged_parameters_are_found),
	    TEST(what_lies_in_tmp_is_not_damage),
	    TEST(a_wrong_hash_of_a_file_is_found),
	    TEST(a_manifest_that_lies_about_its_root_is_found),
	    TEST(a_file_that_lies_about_its_list_is_found),
	    TEST(a_file_of_a_chunk_that_was_never_stored_is_found),
	    TEST(a_record_that_is_not_what_its_id_says_is_found),
	    TEST(a_thousand_lines_for_a_pack_are_enough),
	    TEST(a_check_can_be_interrupted_at_every_stage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
