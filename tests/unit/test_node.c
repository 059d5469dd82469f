#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "node.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DIGITS       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PACK         "packs/01/" DIGITS
#define TOC          "toc/" DIGITS
#define SNAPSHOT     "snapshots/" DIGITS
#define PATH_SIZE    300

struct place {
	char path[64], url[80];
	struct tusk_node *node;
};

static int make_place(void **state)
{
	static struct place place;
	struct tusk_err err = {0};

	memset(&place, 0, sizeof(place));
	tusk_test_directory(place.path);
	snprintf(place.url, sizeof(place.url), "%s/node", place.path);
	tusk_test_ok(tusk_node_create(place.url, &place.node, &err), &err);
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	tusk_node_close(place->node);
	tusk_test_remove(place->path);
	return 0;
}

static void in_place(const struct place *place, const char *name, char ret_path[PATH_SIZE])
{
	assert_in_range(snprintf(ret_path, PATH_SIZE, "%s/%s", place->url, name), 1, PATH_SIZE - 1);
}

static void put(const struct place *place, const char *name, const char *text)
{
	struct tusk_err err = {0};

	tusk_test_ok(tusk_node_put(place->node, name, text, strlen(text), &err), &err);
}

static void a_new_node_has_every_folder(void **state)
{
	const struct place *place = *state;
	static const char *const names[] = {"keys", "toc", "snapshots", "tmp", "packs/00", "packs/7f", "packs/ff"};
	char path[PATH_SIZE];
	struct stat status;

	for (size_t i = 0; i < COUNT(names); i++) {
		in_place(place, names[i], path);
		assert_int_equal(stat(path, &status), 0);
		assert_true(S_ISDIR(status.st_mode));
		assert_int_equal(status.st_mode & 0777, 0700);
	}
	assert_string_equal(tusk_node_url(place->node), place->url);
}

static void an_object_is_read_back_as_it_was_put(void **state)
{
	const struct place *place = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};
	uint64_t size = 0;

	put(place, TOC, "content");
	assert_int_equal(tusk_node_get(place->node, TOC, 7, &data, &err), TUSK_NODE_FOUND);
	assert_int_equal(data.len, 7);
	assert_memory_equal(data.data, "content", 7);
	assert_int_equal(tusk_node_stat(place->node, TOC, &size, &err), TUSK_NODE_FOUND);
	assert_int_equal(size, 7);
}

static void an_object_that_is_there_already_stays(void **state)
{
	const struct place *place = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};

	put(place, TOC, "first");
	put(place, TOC, "other");
	assert_int_equal(tusk_node_get(place->node, TOC, 100, &data, &err), TUSK_NODE_FOUND);
	assert_memory_equal(data.data, "first", 5);
}

static void a_missing_object_is_absent_and_no_error(void **state)
{
	const struct place *place = *state;
	struct tusk_object *object = NULL;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};
	uint64_t size = 0;

	assert_int_equal(tusk_node_get(place->node, PACK, 10, &data, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_object_open(place->node, PACK, &object, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_node_stat(place->node, PACK, &size, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_node_remove(place->node, PACK, &err), 0);
	assert_int_equal(err.code, TUSK_OK);
	assert_null(object);
}

static void an_object_beyond_the_limit_is_not_read(void **state)
{
	const struct place *place = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};

	put(place, TOC, "content");
	assert_int_equal(tusk_node_get(place->node, TOC, 6, &data, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
}

static void names_outside_the_format_are_refused(void **state)
{
	const struct place *place = *state;
	static const char *const names[] = {
	    "",
	    "..",
	    "/etc/passwd",
	    "tmp/x",
	    "tusk.repositor",
	    "tusk.repository/",
	    "toc/../../../etc/passwd",
	    "toc/" DIGITS "0",
	    "toc/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	    "toc//" DIGITS,
	    "packs/" DIGITS,
	    "packs/02/" DIGITS,
	    "packs/0/" DIGITS,
	    "packs/../" DIGITS,
	    "snapshots/",
	    "keys/a",
	};
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	uint64_t size;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct tusk_upload *upload = NULL;
		struct tusk_object *object = NULL;
		struct tusk_err err = {0};

		assert_int_equal(tusk_node_get(place->node, names[i], 100, &data, &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		assert_int_equal(tusk_node_put(place->node, names[i], "", 0, NULL), -1);
		assert_int_equal(tusk_node_stat(place->node, names[i], &size, NULL), -1);
		assert_int_equal(tusk_node_remove(place->node, names[i], NULL), -1);
		assert_int_equal(tusk_object_open(place->node, names[i], &object, NULL), -1);
		assert_int_equal(tusk_upload_begin(place->node, &upload, NULL), 0);
		assert_int_equal(tusk_upload_commit(upload, names[i], NULL), -1);
	}
}

static void folders_outside_the_format_are_refused(void **state)
{
	const struct place *place = *state;
	static const char *const names[] = {"", "tmp/", "packs", "packs/01/", "../", "/"};
	uint64_t generation;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct tusk_err err = {0};

		assert_int_equal(tusk_node_list(place->node, names[i], NULL, NULL, &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		assert_int_equal(tusk_node_generation(place->node, names[i], &generation, NULL), -1);
	}
}

static void links_and_special_files_are_refused_without_waiting(void **state)
{
	const struct place *place = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};
	char path[PATH_SIZE];
	uint64_t size;

	in_place(place, TOC, path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(tusk_node_get(place->node, TOC, 1 << 20, &data, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_node_stat(place->node, TOC, &size, &err), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(tusk_node_get(place->node, TOC, 1 << 20, &data, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void a_folder_that_is_a_link_is_refused(void **state)
{
	const struct place *place = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err err = {0};
	char path[PATH_SIZE], outside[100];

	snprintf(outside, sizeof(outside), "%s/outside", place->path);
	assert_int_equal(mkdir(outside, 0700), 0);
	tusk_test_write(outside, DIGITS, "secret", 6);
	in_place(place, "toc", path);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(tusk_node_get(place->node, TOC, 100, &data, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_node_list(place->node, "toc/", NULL, NULL, &err), -1);
}

struct seen {
	unsigned count, stop_after;
	uint64_t bytes;
	char last[80];
};

static int see(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct seen *seen = context;

	(void)err;
	seen->count++;
	seen->bytes += size;
	snprintf(seen->last, sizeof(seen->last), "%s", name);
	return seen->count == seen->stop_after ? 7 : 0;
}

static void a_list_has_the_objects_and_nothing_else(void **state)
{
	const struct place *place = *state;
	struct tusk_err err = {0};
	struct seen seen = {0};
	char path[PATH_SIZE];

	put(place, PACK, "12345");
	put(place,
	    "packs/ff/ff"
	    "23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    "123");
	in_place(place, "packs/01", path);
	tusk_test_write(path, "README", "x", 1);
	tusk_test_write(path,
			"02"
			"23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			"x", 1);
	assert_int_equal(tusk_node_list(place->node, "packs/", see, &seen, &err), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.bytes, 8);
	assert_int_equal(strncmp(seen.last, "packs/", 6), 0);
	seen = (struct seen){0};
	assert_int_equal(tusk_node_list(place->node, "toc/", see, &seen, &err), 0);
	assert_int_equal(seen.count, 0);
}

static void a_visitor_can_stop_the_list(void **state)
{
	const struct place *place = *state;
	struct seen seen = {.stop_after = 1};
	struct tusk_err err = {0};

	put(place, PACK, "1");
	put(place,
	    "packs/ff/ff"
	    "23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    "1");
	assert_int_equal(tusk_node_list(place->node, "packs/", see, &seen, &err), 7);
	assert_int_equal(seen.count, 1);
}

static void a_lost_folder_is_a_failure_and_no_empty_list(void **state)
{
	const struct place *place = *state;
	struct seen seen = {0};
	struct tusk_err err = {0};
	uint64_t generation;
	char path[PATH_SIZE];

	in_place(place, "packs/7f", path);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(tusk_node_list(place->node, "packs/", see, &seen, &err), 0);
	in_place(place, "snapshots", path);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(tusk_node_list(place->node, "snapshots/", see, &seen, &err), -1);
	assert_int_equal(err.code, TUSK_E_IO);
	assert_int_equal(tusk_node_generation(place->node, "snapshots/", &generation, &err), -1);
}

static void empty_folders_that_a_copy_lost_are_made_again(void **state)
{
	const struct place *place = *state;
	static const char *const names[] = {"tmp", "packs/01", "snapshots"};
	struct tusk_upload *upload = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	for (size_t i = 0; i < COUNT(names); i++) {
		in_place(place, names[i], path);
		assert_int_equal(rmdir(path), 0);
	}
	tusk_test_ok(tusk_upload_begin(place->node, &upload, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, "ab", 2, &err), &err);
	tusk_test_ok(tusk_upload_commit(upload, PACK, &err), &err);
	put(place, SNAPSHOT, "s");
}

static void an_upload_shows_only_when_it_is_committed(void **state)
{
	const struct place *place = *state;
	struct tusk_object *object = NULL;
	struct tusk_upload *upload = NULL;
	struct tusk_err err = {0};
	uint64_t size;
	char bytes[4];

	tusk_test_ok(tusk_upload_begin(place->node, &upload, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, "abc", 3, &err), &err);
	assert_int_equal(tusk_node_stat(place->node, PACK, &size, &err), TUSK_NODE_ABSENT);
	tusk_test_ok(tusk_upload_write(upload, "defg", 4, &err), &err);
	tusk_test_ok(tusk_upload_commit(upload, PACK, &err), &err);
	assert_int_equal(tusk_object_open(place->node, PACK, &object, &err), TUSK_NODE_FOUND);
	assert_int_equal(tusk_object_size(object), 7);
	tusk_test_ok(tusk_object_pread(object, bytes, 4, 2, &err), &err);
	assert_memory_equal(bytes, "cdef", 4);
	tusk_object_close(object);
}

static void an_aborted_upload_leaves_nothing(void **state)
{
	const struct place *place = *state;
	struct tusk_upload *upload = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	tusk_test_ok(tusk_upload_begin(place->node, &upload, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, "abc", 3, &err), &err);
	tusk_upload_abort(upload);
	in_place(place, "tmp", path);
	assert_int_equal(rmdir(path), 0); /* it is empty */
}

static void reading_beyond_the_end_says_truncated(void **state)
{
	const struct place *place = *state;
	static const struct {
		uint64_t offset;
		size_t len;
	} beyond[] = {{0, 8}, {7, 1}, {8, 0}, {UINT64_MAX, 2}, {6, SIZE_MAX}};
	struct tusk_object *object = NULL;
	struct tusk_err err = {0};
	char bytes[16], path[PATH_SIZE];

	put(place, TOC, "1234567");
	assert_int_equal(tusk_object_open(place->node, TOC, &object, &err), TUSK_NODE_FOUND);
	for (size_t i = 0; i < COUNT(beyond); i++) {
		assert_int_equal(tusk_object_pread(object, bytes, beyond[i].len, beyond[i].offset, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		assert_non_null(strstr(err.message, "is truncated"));
	}
	/* Shortened behind our back. */
	in_place(place, TOC, path);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(tusk_object_pread(object, bytes, 7, 0, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	tusk_object_close(object);
}

static uint64_t generation_of(const struct place *place, const char *prefix)
{
	struct tusk_err err = {0};
	uint64_t generation = 0;

	tusk_test_ok(tusk_node_generation(place->node, prefix, &generation, &err), &err);
	return generation;
}

/* Sets a folder's time stamp far enough back for the generation to rest. */
static void age(const struct place *place, const char *name)
{
	const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	char path[PATH_SIZE];

	in_place(place, name, path);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static bool is_there(const struct place *place, const char *name)
{
	char path[PATH_SIZE];

	in_place(place, name, path);
	return access(path, F_OK) == 0;
}

static void what_dead_writers_left_goes_after_a_day(void **state)
{
	const struct place *place = *state;
	struct tusk_upload *upload = NULL;
	struct tusk_err err = {0};
	char folder[PATH_SIZE], mine[PATH_SIZE] = "";
	const struct dirent *item;

	tusk_test_ok(tusk_upload_begin(place->node, &upload, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, "abc", 3, &err), &err);
	in_place(place, "tmp", folder);
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	while ((item = readdir(dir)))
		if (item->d_name[0] != '.')
			snprintf(mine, sizeof(mine), "tmp/%.64s", item->d_name);
	closedir(dir);
	age(place, mine);
	tusk_test_write(place->url, "tmp/0123456789abcdef", "old", 3);
	age(place, "tmp/0123456789abcdef");
	tusk_test_write(place->url, "tmp/fedcba9876543210", "new", 3);
	tusk_test_write(place->url, "tmp/notes.txt", "not ours", 8);
	age(place, "tmp/notes.txt");
	tusk_node_sweep(place->node);
	assert_false(is_there(place, "tmp/0123456789abcdef"));
	assert_true(is_there(place, "tmp/fedcba9876543210"));
	assert_true(is_there(place, "tmp/notes.txt"));
	assert_true(is_there(place, mine)); /* its writer lives */
	tusk_test_ok(tusk_upload_commit(upload, PACK, &err), &err);
}

static void the_generation_changes_with_the_objects_only(void **state)
{
	const struct place *place = *state;
	uint64_t before;
	char path[PATH_SIZE];

	age(place, "snapshots");
	before = generation_of(place, "snapshots/");
	assert_true(generation_of(place, "snapshots/") == before);
	put(place, SNAPSHOT, "s");
	assert_true(generation_of(place, "snapshots/") != before);
	age(place, "packs");
	for (unsigned i = 0; i < 256; i++) {
		snprintf(path, sizeof(path), "packs/%02x", i);
		age(place, path);
	}
	before = generation_of(place, "packs/");
	assert_true(generation_of(place, "packs/") == before);
	put(place, PACK, "p");
	assert_true(generation_of(place, "packs/") != before);
}

static void two_changes_within_one_time_stamp_are_told_apart(void **state)
{
	const struct place *place = *state;
	uint64_t before;
	struct timespec stamps[2];
	struct stat status;
	char path[PATH_SIZE];

	in_place(place, "snapshots", path);
	put(place, SNAPSHOT, "s");
	assert_int_equal(stat(path, &status), 0);
	before = generation_of(place, "snapshots/");
	put(place,
	    "snapshots/00"
	    "23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    "t");
	stamps[0] = stamps[1] = status.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, path, stamps, 0), 0);
	assert_true(generation_of(place, "snapshots/") != before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_node_has_every_folder),
	    TEST(an_object_is_read_back_as_it_was_put),
	    TEST(an_object_that_is_there_already_stays),
	    TEST(a_missing_object_is_absent_and_no_error),
	    TEST(an_object_beyond_the_limit_is_not_read),
	    TEST(names_outside_the_format_are_refused),
	    TEST(folders_outside_the_format_are_refused),
	    TEST(links_and_special_files_are_refused_without_waiting),
	    TEST(a_folder_that_is_a_link_is_refused),
	    TEST(a_list_has_the_objects_and_nothing_else),
	    TEST(a_visitor_can_stop_the_list),
	    TEST(a_lost_folder_is_a_failure_and_no_empty_list),
	    TEST(empty_folders_that_a_copy_lost_are_made_again),
	    TEST(an_upload_shows_only_when_it_is_committed),
	    TEST(an_aborted_upload_leaves_nothing),
	    TEST(reading_beyond_the_end_says_truncated),
	    TEST(what_dead_writers_left_goes_after_a_day),
	    TEST(the_generation_changes_with_the_objects_only),
	    TEST(two_changes_within_one_time_stamp_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
