/* Reading snapshots that are intact: entries, names, numbers, content, holes, attributes. */
#include "handmade.h"
#include "tusk/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

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

static struct tusk_entry at_path(struct tusk_view *view, const char *path)
{
	struct tusk_entry entry = {0};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_view_path(view, path, &entry, &err), &err);
	return entry;
}

static struct tusk_file *open_path(struct tusk_view *view, const char *path)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = at_path(view, path);
	struct tusk_file *file = NULL;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_file_open(view, &entry, &file, &err), &err);
	return file; /* keeps its own pin */
}

/* Reads the file in every way and compares. */
static void assert_content(struct tusk_view *view, const char *path, const uint8_t *expected, size_t len)
{
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, path);
	TUSK_AUTO_FREE uint8_t *data = malloc(len + 10);
	size_t steps[] = {len + 10, 4096, 1000};
	struct tusk_err err = {0};
	size_t got;

	assert_int_equal(tusk_file_size(file), len);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		memset(data, 0xee, len + 10);
		for (size_t offset = 0; offset < len || offset == 0; offset += steps[i]) {
			size_t room = len + 10 - offset < steps[i] ? len + 10 - offset : steps[i];
			tusk_test_ok(tusk_file_pread(file, data + offset, room, offset, &got, &err), &err);
			assert_int_equal(got, len - offset < room ? len - offset : room);
		}
		assert_memory_equal(data, expected, len);
		assert_int_equal(data[len], 0xee);
	}
	for (size_t offset = 0; offset < len; offset += len / 7 + 1) {
		struct tusk_slices slices;
		size_t at = offset;
		tusk_test_ok(tusk_file_slices(file, offset, len, &slices, &err), &err);
		assert_int_equal(slices.len, len - offset);
		for (size_t i = 0; i < slices.count; at += slices.iov[i++].iov_len)
			assert_memory_equal(slices.iov[i].iov_base, expected + at, slices.iov[i].iov_len);
		assert_int_equal(at, len);
		tusk_slices_release(&slices);
	}
	tusk_test_ok(tusk_file_pread(file, data, 1, len, &got, &err), &err);
	assert_int_equal(got, 0);
}

static void assert_sha256(struct tusk_view *view, const char *path, const uint8_t *data, size_t len)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = at_path(view, path);
	uint8_t expected[32], got[32];
	struct tusk_err err = {0};
	tusk_sha256(data, len, expected);
	tusk_test_ok(tusk_entry_sha256(&entry, got, &err), &err);
	assert_memory_equal(expected, got, sizeof(got));
}

static void every_type_of_entry_comes_back(void **state)
{
	(void)state;
	struct tusk_entry entries[8];
	entries[0] = handmade_entry(&made, "block", TUSK_TYPE_BLOCK_DEVICE);
	entries[0].device_major = 8;
	entries[0].device_minor = 17;
	entries[1] = handmade_entry(&made, "char", TUSK_TYPE_CHARACTER_DEVICE);
	entries[1].device_major = 1;
	entries[1].device_minor = 3;
	entries[2] = handmade_directory(&made, "dir", NULL, 0);
	entries[3] = handmade_entry(&made, "fifo", TUSK_TYPE_FIFO);
	entries[4] = handmade_file(&made, "file", "hello", 5, 100);
	entries[4].nlink = 3;
	entries[4].link_id = 99;
	entries[5] = handmade_entry(&made, "link", TUSK_TYPE_SYMLINK);
	entries[5].target = (struct tusk_bytes){.data = (const uint8_t *)"../x", .len = 4};
	entries[6] = handmade_entry(&made, "sock", TUSK_TYPE_SOCKET);
	entries[7] = handmade_entry(&made, "z\xff\n", TUSK_TYPE_FILE);
	struct tusk_subtree root = handmade_tree(&made, entries, 8);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	struct tusk_err err = {0};

	assert_int_equal(tusk_view_entry_count(view), 9);
	for (unsigned i = 0; i < 8; i++) {
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		tusk_test_ok(tusk_view_entry(view, i + 1, &entry, &err), &err);
		assert_int_equal(entry.type, entries[i].type);
		assert_int_equal(entry.mode, entries[i].mode);
		assert_int_equal(entry.number, i + 1);
		assert_int_equal(entry.name.len, entries[i].name.len);
		assert_memory_equal(entry.name.data, entries[i].name.data, entry.name.len);
		assert_int_equal(entry.device_major, entries[i].device_major);
		assert_int_equal(entry.device_minor, entries[i].device_minor);
		assert_int_equal(entry.nlink, entries[i].nlink);
		assert_int_equal(entry.link_id, entries[i].link_id);
		assert_int_equal(entry.mtime.tv_nsec, 123456789);
		assert_int_equal(entry.ctime.tv_sec, 1700000001);
		assert_memory_equal(entry.user.data, "anna", 4);
		assert_int_equal(entry.target.len, entries[i].target.len);
	}
}

static void the_root_is_entry_zero(void **state)
{
	(void)state;
	struct tusk_entry inner = handmade_file(&made, "a", "x", 1, 1);
	struct tusk_entry entries[] = {handmade_directory(&made, "d", &inner, 1)};
	struct tusk_subtree root = handmade_tree(&made, entries, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry entry = at_path(view, "//");
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	struct tusk_err err = {0};

	assert_int_equal(entry.number, 0);
	assert_int_equal(entry.name.len, 0);
	assert_int_equal(entry.type, TUSK_TYPE_DIRECTORY);
	assert_int_equal(entry.nlink, 3);
	assert_int_equal(entry.first_child, 1);
	tusk_test_ok(tusk_view_path_of(view, 0, &path, &err), &err);
	assert_string_equal((char *)path.data, "/");
	path.len = 0;
	tusk_test_ok(tusk_view_path_of(view, 2, &path, &err), &err);
	assert_string_equal((char *)path.data, "/d/a");
	assert_int_equal(path.len, 4);
}

static void an_empty_snapshot_has_one_entry(void **state)
{
	(void)state;
	struct tusk_subtree root = handmade_tree(&made, NULL, 0);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry entry = at_path(view, "");
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry child;
	struct tusk_err err = {0};

	assert_int_equal(tusk_view_entry_count(view), 1);
	assert_int_equal(tusk_view_lookup(view, &entry, "a", 1, &child, &err), TUSK_ABSENT);
	tusk_test_ok(tusk_dir_open(view, &entry, &dir, &err), &err);
	assert_int_equal(tusk_dir_next(dir, &child, &err), 0);
	assert_int_equal(tusk_view_entry(view, 1, &child, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
}

static void a_path_that_is_missing_names_its_component(void **state)
{
	(void)state;
	struct tusk_entry inner = handmade_file(&made, "file", "x", 1, 1);
	struct tusk_entry entries[] = {handmade_directory(&made, "dir", &inner, 1)};
	struct tusk_subtree root = handmade_tree(&made, entries, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	struct tusk_entry entry;
	struct tusk_err err = {0};

	assert_int_equal(tusk_view_path(view, "dir/nothing/x", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	assert_non_null(strstr(err.message, "\"nothing\""));
	assert_int_equal(tusk_view_path(view, "/dir/file/x", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	assert_int_equal(tusk_view_path(view, "dir/../dir", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(tusk_view_path(view, "./dir", &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	tusk_test_ok(tusk_view_path(view, "//dir///file//", &entry, &err), &err);
	assert_int_equal(entry.number, 2);
	tusk_entry_release(&entry);
}

static void content_of_every_form_comes_back(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t len, piece;
		enum tusk_content content;
	} files[] = {{"empty", 0, 1, TUSK_CONTENT_EMPTY},
		     {"one", 1, 1, TUSK_CONTENT_INLINE},
		     {"inline", 256, 100, TUSK_CONTENT_INLINE},
		     {"chunk", 257, 100000, TUSK_CONTENT_CHUNK},
		     {"large", 60000, 100000, TUSK_CONTENT_CHUNK},
		     {"two", 60000, 50000, TUSK_CONTENT_LIST},
		     {"list", 64 * 1000, 1000, TUSK_CONTENT_LIST},
		     {"indirect", 64 * 1000 + 1, 1000, TUSK_CONTENT_INDIRECT},
		     {"deep", 5000 * 60 + 13, 60, TUSK_CONTENT_INDIRECT}};
	enum { COUNT = sizeof(files) / sizeof(files[0]) };
	struct tusk_entry entries[COUNT];
	const uint8_t *data[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		data[i] = handmade_bytes(&made, files[i].len, i + 1);
		entries[i] = handmade_file(&made, files[i].name, data[i], files[i].len, files[i].piece);
		assert_int_equal(entries[i].content, files[i].content);
		if (i == COUNT - 1)
			assert_true(entries[i].list_level > 0);
	}
	struct tusk_subtree root = handmade_tree(&made, entries, COUNT);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_content(view, files[i].name, data[i], files[i].len);
		assert_sha256(view, files[i].name, data[i], files[i].len);
	}
}

#define HOLED_SIZE 300000u
static const struct tusk_extent holed_extents[] = {{4096, 8192}, {65536, 100}, {70000, 130000}, {250000, 1}};
#define HOLED_DATA (8192u + 100 + 130000 + 1)

static const uint8_t *holed_whole(const uint8_t *data)
{
	uint8_t *whole = handmade_take(&made, HOLED_SIZE);
	for (size_t i = 0; i < 4; data += holed_extents[i++].len)
		memcpy(whole + holed_extents[i].offset, data, holed_extents[i].len);
	return whole;
}

static void assert_seek(struct tusk_file *file, uint64_t offset, bool data, int expected, uint64_t expected_offset)
{
	struct tusk_err err = {0};
	uint64_t got = UINT64_MAX;
	assert_int_equal(tusk_file_seek(file, offset, data, &got, &err), expected);
	if (expected == TUSK_FOUND)
		assert_int_equal(got, expected_offset);
}

static void holes_read_as_zeros_and_can_be_sought(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, HOLED_DATA, 5);
	struct handmade_holes holes = {HOLED_SIZE, holed_extents, 4, data, HOLED_DATA, 10000};
	struct tusk_entry entries[] = {handmade_holed(&made, "holed", &holes), handmade_holed(&made, "blob", &holes)};
	handmade_move_extents(&made, &entries[1]);
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	const uint8_t *whole = holed_whole(data);

	assert_content(view, "holed", whole, HOLED_SIZE);
	assert_content(view, "blob", whole, HOLED_SIZE);
	assert_sha256(view, "holed", whole, HOLED_SIZE);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "blob");
	assert_seek(file, 0, true, TUSK_FOUND, 4096);
	assert_seek(file, 0, false, TUSK_FOUND, 0);
	assert_seek(file, 4096, true, TUSK_FOUND, 4096);
	assert_seek(file, 5000, false, TUSK_FOUND, 4096 + 8192);
	assert_seek(file, 4096 + 8192, true, TUSK_FOUND, 65536);
	assert_seek(file, 250000, false, TUSK_FOUND, 250001);
	assert_seek(file, 250001, true, TUSK_ABSENT, 0);
	assert_seek(file, 250001, false, TUSK_FOUND, 250001);
	assert_seek(file, HOLED_SIZE, false, TUSK_ABSENT, 0);
	assert_seek(file, HOLED_SIZE, true, TUSK_ABSENT, 0);
}

static void a_file_without_holes_ends_in_one(void **state)
{
	(void)state;
	struct tusk_entry entries[] = {handmade_file(&made, "file", handmade_bytes(&made, 1000, 1), 1000, 300)};
	struct tusk_subtree root = handmade_tree(&made, entries, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_FILE struct tusk_file *file = open_path(view, "file");
	assert_seek(file, 500, true, TUSK_FOUND, 500);
	assert_seek(file, 500, false, TUSK_FOUND, 1000);
	assert_seek(file, 1000, true, TUSK_ABSENT, 0);
}

static void small_files_with_holes_have_the_hash_of_all_their_bytes(void **state)
{
	(void)state;
	static const struct tusk_extent extents[] = {{10, 3}, {1000, 2}};
	struct handmade_holes inline_holes = {5000, extents, 2, (const uint8_t *)"abcde", 5, 100};
	struct handmade_holes all_hole = {100000, NULL, 0, NULL, 0, 1};
	struct tusk_entry entries[] = {handmade_holed(&made, "all", &all_hole),
				       handmade_file(&made, "empty", NULL, 0, 1),
				       handmade_holed(&made, "inline", &inline_holes)};
	struct tusk_subtree root = handmade_tree(&made, entries, 3);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	uint8_t *whole = handmade_take(&made, 100000);

	assert_content(view, "all", whole, 100000);
	assert_sha256(view, "all", whole, 100000);
	assert_sha256(view, "empty", whole, 0);
	memcpy(whole + 10, "abc", 3);
	memcpy(whole + 1000, "de", 2);
	assert_content(view, "inline", whole, 5000);
	assert_sha256(view, "inline", whole, 5000);
}

static int count_chunk(void *context, const struct tusk_id *id, uint64_t data_offset, uint32_t len,
		       struct tusk_err *err)
{
	uint64_t *sum = context;
	(void)id;
	(void)err;
	assert_int_equal(data_offset, *sum);
	*sum += len;
	return *sum == 130000 ? 7 : 0;
}

static void chunks_are_visited_in_order_until_told_to_stop(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 200000, 9);
	struct tusk_entry entries[] = {handmade_file(&made, "a", data, 200000, 10000),
				       handmade_file(&made, "b", data, 120000, 1000)};
	struct tusk_subtree root = handmade_tree(&made, entries, 2);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_FILE struct tusk_file *first = open_path(view, "a");
	TUSK_AUTO_FILE struct tusk_file *second = open_path(view, "b");
	struct tusk_err err = {0};
	uint64_t sum = 0;
	assert_int_equal(tusk_file_chunks(first, count_chunk, &sum, &err), 7);
	sum = 0;
	assert_int_equal(tusk_file_chunks(second, count_chunk, &sum, &err), 0);
	assert_int_equal(sum, 120000);
}

static void extended_attributes_come_back(void **state)
{
	(void)state;
	struct tusk_xattr items[] = {{{(const uint8_t *)"user.a", 6}, {(const uint8_t *)"1\0002", 3}},
				     {{(const uint8_t *)"user.b", 6}, {handmade_bytes(&made, 3000, 1), 3000}}};
	struct tusk_entry entries[] = {handmade_file(&made, "blob", "x", 1, 1),
				       handmade_file(&made, "inline", "x", 1, 1),
				       handmade_file(&made, "none", "x", 1, 1)};
	handmade_set_xattrs(&made, &entries[0], items, 2, true);
	handmade_set_xattrs(&made, &entries[1], items, 1, false);
	struct tusk_subtree root = handmade_tree(&made, entries, 3);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	static const char *const names[] = {"blob", "inline", "none"};
	static const size_t counts[] = {2, 1, 0};
	struct tusk_err err = {0};

	for (size_t i = 0; i < 3; i++) {
		TUSK_AUTO_ENTRY struct tusk_entry entry = at_path(view, names[i]);
		TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
		tusk_test_ok(tusk_entry_xattrs(view, &entry, &xattrs, &err), &err);
		assert_int_equal(xattrs.count, counts[i]);
		for (size_t j = 0; j < xattrs.count; j++) {
			assert_int_equal(xattrs.items[j].value.len, items[j].value.len);
			assert_memory_equal(xattrs.items[j].value.data, items[j].value.data, items[j].value.len);
		}
	}
}

/* ---- large directories ---- */

#define MANY 100000u

/* Every 1,000th of the many is a directory with five files. */
static struct tusk_subtree many(void)
{
	struct tusk_entry *entries = handmade_take(&made, MANY * sizeof(*entries));
	char name[32];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "entry-%07u", i);
		if (i % 1000 != 500) {
			entries[i] = handmade_file(&made, name, &i, sizeof(i), 10);
			continue;
		}
		struct tusk_entry inner[5];
		for (unsigned j = 0; j < 5; j++) {
			char inner_name[8];
			snprintf(inner_name, sizeof(inner_name), "%u", j);
			inner[j] = handmade_file(&made, inner_name, &j, sizeof(j), 10);
		}
		entries[i] = handmade_directory(&made, name, inner, 5);
	}
	struct tusk_entry top[] = {handmade_file(&made, "a", "1", 1, 1),
				   handmade_directory(&made, "big", entries, MANY),
				   handmade_file(&made, "c", "1", 1, 1), handmade_directory(&made, "d", entries, 3)};
	return handmade_tree(&made, top, 4);
}

static void assert_same_by_number_name_and_path(struct tusk_view *view, const struct tusk_entry *directory,
						const struct tusk_entry *entry)
{
	TUSK_AUTO_ENTRY struct tusk_entry by_number = {0};
	TUSK_AUTO_ENTRY struct tusk_entry by_name = {0};
	TUSK_AUTO_ENTRY struct tusk_entry by_path = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	struct tusk_err err = {0};

	tusk_test_ok(tusk_view_entry(view, entry->number, &by_number, &err), &err);
	assert_int_equal(tusk_view_lookup(view, directory, entry->name.data, entry->name.len, &by_name, &err),
			 TUSK_FOUND);
	tusk_test_ok(tusk_view_path_of(view, entry->number, &path, &err), &err);
	tusk_test_ok(tusk_view_path(view, (char *)path.data, &by_path, &err), &err);
	assert_int_equal(by_number.number, entry->number);
	assert_int_equal(by_name.number, entry->number);
	assert_int_equal(by_path.number, entry->number);
	assert_int_equal(by_number.first_child, entry->first_child);
	assert_int_equal(by_name.first_child, entry->first_child);
	assert_memory_equal(by_number.name.data, entry->name.data, entry->name.len);
}

/* Numbers below a directory are contiguous and rise with readdir; gives the number after the last. */
static void walk(struct tusk_view *view, const struct tusk_entry *directory, unsigned stride, uint64_t *next)
{
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry;
	struct tusk_err err = {0};
	uint64_t count = 0;
	int got;

	assert_int_equal(directory->first_child, *next);
	*next += directory->subtree.entries;
	tusk_test_ok(tusk_dir_open(view, directory, &dir, &err), &err);
	while ((got = tusk_dir_next(dir, &entry, &err)) == 1) {
		assert_int_equal(entry.number, directory->first_child + count);
		if (count++ % stride == 0 || entry.type == TUSK_TYPE_DIRECTORY)
			assert_same_by_number_name_and_path(view, directory, &entry);
		if (entry.type == TUSK_TYPE_DIRECTORY)
			walk(view, &entry, stride, next);
	}
	tusk_test_ok(got, &err);
	assert_int_equal(count, directory->subtree.entries);
}

static void numbers_and_names_agree_in_a_directory_of_100000(void **state)
{
	(void)state;
	struct tusk_subtree root = many();
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry top = at_path(view, "/");
	TUSK_AUTO_ENTRY struct tusk_entry big = at_path(view, "/big");
	uint64_t next = 1;

	assert_true(big.subtree.level > 0);
	assert_int_equal(big.nlink, 2 + MANY / 1000);
	walk(view, &top, 61, &next);
	assert_int_equal(next, tusk_view_entry_count(view));
}

static void a_directory_can_be_read_from_any_position(void **state)
{
	(void)state;
	struct tusk_subtree root = many();
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry big = at_path(view, "big");
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry;
	struct tusk_err err = {0};
	char name[32];

	tusk_test_ok(tusk_dir_open(view, &big, &dir, &err), &err);
	for (unsigned i = 0; i < 300; i++) {
		unsigned position = i * 7919 % MANY;
		tusk_dir_seek(dir, position);
		assert_int_equal(tusk_dir_next(dir, &entry, &err), 1);
		snprintf(name, sizeof(name), "entry-%07u", position);
		assert_memory_equal(entry.name.data, name, entry.name.len);
	}
	tusk_dir_seek(dir, MANY - 1);
	assert_int_equal(tusk_dir_next(dir, &entry, &err), 1);
	assert_int_equal(tusk_dir_next(dir, &entry, &err), 0);
	tusk_dir_seek(dir, MANY + 5);
	assert_int_equal(tusk_dir_next(dir, &entry, &err), 0);
}

static void names_that_are_absent_are_absent_anywhere_in_a_large_directory(void **state)
{
	(void)state;
	struct tusk_subtree root = many();
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry big = at_path(view, "big");
	static const char *const names[] = {"", "a", "entry-", "entry-0000500x", "entry-0099999x", "zzz", "entry-01"};
	struct tusk_entry entry;
	struct tusk_err err = {0};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(tusk_view_lookup(view, &big, names[i], strlen(names[i]), &entry, &err), TUSK_ABSENT);
}

static void directories_1000_deep_are_found(void **state)
{
	(void)state;
	struct tusk_entry entry = handmade_file(&made, "bottom", "x", 1, 1);
	for (unsigned i = 0; i < 1000; i++)
		entry = handmade_directory(&made, "d", &entry, 1);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	TUSK_AUTO_ENTRY struct tusk_entry bottom = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_view_entry(view, 1001, &bottom, &err), &err);
	assert_memory_equal(bottom.name.data, "bottom", 6);
	tusk_test_ok(tusk_view_path_of(view, 1001, &path, &err), &err);
	assert_int_equal(path.len, 2 * 1000 + 7);
}

static void directories_deeper_than_the_limit_are_refused(void **state)
{
	(void)state;
	struct tusk_entry entry = handmade_file(&made, "bottom", "x", 1, 1);
	for (unsigned i = 0; i < 1100; i++)
		entry = handmade_directory(&made, "d", &entry, 1);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
	struct tusk_err err = {0};
	assert_int_equal(tusk_view_entry(view, 1101, &entry, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void a_repository_without_encryption_reads_the_same(void **state)
{
	(void)state;
	struct handmade plain;
	handmade_open(&plain, TUSK_SUITE_NONE);
	const uint8_t *data = handmade_bytes(&plain, 50000, 1);
	struct tusk_entry entry = handmade_file(&plain, "file", data, 50000, 7000);
	struct tusk_subtree root = handmade_tree(&plain, &entry, 1);
	struct tusk_view *view = handmade_view_tree(&plain, &root);
	assert_content(view, "file", data, 50000);
	tusk_view_close(view);
	handmade_close(&plain);
}

static void a_new_client_without_an_index_reads_at_once(void **state)
{
	(void)state;
	const uint8_t *data = handmade_bytes(&made, 50000, 1);
	struct tusk_entry entry = handmade_file(&made, "file", data, 50000, 7000);
	struct tusk_subtree root = handmade_tree(&made, &entry, 1);
	struct tusk_id id = handmade_snapshot(&made, &root, 1700000000);
	handmade_reopen(&made, true);
	TUSK_AUTO_VIEW struct tusk_view *view = handmade_view(&made, &id);
	assert_content(view, "file", data, 50000);
}

static void what_was_stored_after_the_first_read_is_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *data = handmade_bytes(&made, 50000, i + 1);
		struct tusk_entry entry = handmade_file(&made, "file", data, 50000, 7000);
		struct tusk_subtree root = handmade_tree(&made, &entry, 1);
		TUSK_AUTO_VIEW struct tusk_view *view = handmade_view_tree(&made, &root);
		assert_content(view, "file", data, 50000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_made, close_made)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_type_of_entry_comes_back),
	    TEST(the_root_is_entry_zero),
	    TEST(an_empty_snapshot_has_one_entry),
	    TEST(a_path_that_is_missing_names_its_component),
	    TEST(content_of_every_form_comes_back),
	    TEST(holes_read_as_zeros_and_can_be_sought),
	    TEST(a_file_without_holes_ends_in_one),
	    TEST(small_files_with_holes_have_the_hash_of_all_their_bytes),
	    TEST(chunks_are_visited_in_order_until_told_to_stop),
	    TEST(extended_attributes_come_back),
	    TEST(numbers_and_names_agree_in_a_directory_of_100000),
	    TEST(a_directory_can_be_read_from_any_position),
	    TEST(names_that_are_absent_are_absent_anywhere_in_a_large_directory),
	    TEST(directories_1000_deep_are_found),
	    TEST(directories_deeper_than_the_limit_are_refused),
	    TEST(a_repository_without_encryption_reads_the_same),
	    TEST(a_new_client_without_an_index_reads_at_once),
	    TEST(what_was_stored_after_the_first_read_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
