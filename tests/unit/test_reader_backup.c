/* A real backup, read back and checked: what ingest writes is what the reader and check expect. */
#include "fixture_repository.h"
#include "handle.h"
#include "tusk/backup.h"
#include "tusk/check.h"
#include "tusk/reader.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"

static struct {
	char path[64], source[100];
	struct tusk_repository *repository;
} world;

static int open_world(void **state)
{
	(void)state;
	tusk_test_directory(world.path);
	tusk_test_repository(world.path, TUSK_SUITE_AES256_GCM, &world.repository);
	snprintf(world.source, sizeof(world.source), "%s/source", world.path);
	return mkdir(world.source, 0755);
}

static int close_world(void **state)
{
	(void)state;
	tusk_repository_close(world.repository);
	tusk_test_remove(world.path);
	return 0;
}

static void back_up(struct tusk_snapshot_list *ret_list)
{
	const char *paths[] = {world.source};
	struct tusk_backup_options options = {.paths = paths, .path_count = 1, .stream_fd = -1};
	struct tusk_backup_result result;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_backup_run(world.repository, &options, &result, &err), &err);
	assert_int_equal(result.counters.errors, 0);
	tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, ret_list, &err), &err);
}

static void no_damage(void *context, const struct tusk_damage *damage)
{
	(void)context;
	fail_msg("%s: %s: %s", damage->object, damage->what, damage->path);
}

static void assert_clean(void)
{
	struct tusk_check_options options = {.data = true, .on_damage = no_damage};
	struct tusk_check_result result;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_check_run(world.repository, &options, &result, &err), &err);
}

/* What the snapshot says of a file is what the file is: bytes, size and hash. */
static void assert_same(struct tusk_view *view, const char *name)
{
	TUSK_AUTO_BUF struct tusk_buf bytes = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	struct tusk_err err = {0};
	uint8_t expected[32], recorded[32];
	char inside[200];
	size_t got;

	snprintf(inside, sizeof(inside), "%s/%s", world.source, name);
	tusk_test_read(world.source, name, &bytes);
	tusk_test_ok(tusk_view_path(view, inside, &entry, &err), &err);
	tusk_test_ok(tusk_file_open(view, &entry, &file, &err), &err);
	assert_int_equal(tusk_file_size(file), bytes.len);
	uint8_t *data = malloc(bytes.len + 1);
	tusk_test_ok(tusk_file_pread(file, data, bytes.len + 1, 0, &got, &err), &err);
	assert_int_equal(got, bytes.len);
	assert_int_equal(got ? memcmp(data, bytes.data, got) : 0, 0);
	free(data);
	tusk_sha256(bytes.data, bytes.len, expected);
	tusk_test_ok(tusk_entry_sha256(&entry, recorded, &err), &err);
	assert_memory_equal(expected, recorded, sizeof(expected));
	tusk_test_ok(tusk_view_path_of(view, entry.number, &path, &err), &err);
	assert_string_equal((char *)path.data, inside);
}

static void write_file(const char *name, size_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 1);
	fill_random(data, len, seed);
	tusk_test_write(world.source, name, data, len);
	free(data);
}

/* extents: offset and length in pages, ended by a length of 0. */
static void write_sparse(const char *name, off_t size, const unsigned (*extents)[2])
{
	char path[200], page[4096];
	snprintf(path, sizeof(path), "%s/%s", world.source, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	for (; (*extents)[1]; extents++) {
		for (unsigned i = 0; i < (*extents)[1]; i++) {
			unsigned number = (*extents)[0] + i;
			fill_random((uint8_t *)page, sizeof(page), number + 1);
			assert_int_equal(pwrite(fd, page, sizeof(page), (off_t)number * 4096), sizeof(page));
		}
	}
	close(fd);
}

static void every_kind_of_file_is_read_back_as_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t len;
	} files[] = {{"empty", 0},   {"one", 1},       {"inline", 256},    {"chunk", 257},
		     {"page", 4096}, {"some", 100000}, {"many", 3u << 20}, {"most", (9u << 20) + 1}};
	static const unsigned none[][2] = {{0, 0}}, few[][2] = {{3, 2}, {70, 90}, {400, 1}, {0, 0}};
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	struct tusk_err err = {0};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i].name, files[i].len, i + 1);
	write_sparse("hole", 1 << 20, none);
	write_sparse("large-hole", 40 << 20, none);
	write_sparse("sparse", 5000000, few);
	back_up(&list);
	assert_clean();
	tusk_test_ok(tusk_view_open(world.repository, &list.items[0], &view, &err), &err);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_same(view, files[i].name);
	assert_same(view, "hole");
	assert_same(view, "large-hole");
	assert_same(view, "sparse");
}

static void a_directory_of_many_blocks_is_read_back_in_order(void **state)
{
	(void)state;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry top = {0};
	struct tusk_entry entry;
	struct tusk_err err = {0};
	char name[32];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file-%05u", i);
		write_file(name, 200, i);
	}
	back_up(&list);
	assert_clean();
	tusk_test_ok(tusk_view_open(world.repository, &list.items[0], &view, &err), &err);
	tusk_test_ok(tusk_view_path(view, world.source, &top, &err), &err);
	assert_true(top.subtree.level > 0);
	tusk_test_ok(tusk_dir_open(view, &top, &dir, &err), &err);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file-%05u", i);
		assert_int_equal(tusk_dir_next(dir, &entry, &err), 1);
		assert_memory_equal(entry.name.data, name, entry.name.len);
		assert_int_equal(entry.number, top.first_child + i);
	}
	assert_int_equal(tusk_dir_next(dir, &entry, &err), 0);
}

/* Changes a byte in the middle of every pack of chunks (byte 11 says what it holds). */
static int spoil(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf bytes = {0};
	char folder[100], path[200];
	(void)context;
	(void)err;
	snprintf(folder, sizeof(folder), "%s/repository", world.path);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	tusk_test_read(folder, name, &bytes);
	if (bytes.data[11] != 1)
		return 0;
	bytes.data[80 + 1000] ^= 1;
	assert_true(size > 5000);
	assert_int_equal(unlink(path), 0);
	tusk_test_write(folder, name, bytes.data, bytes.len);
	return 0;
}

static void a_backup_after_the_damage_was_met_heals_the_snapshots_before(void **state)
{
	(void)state;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list later = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	struct tusk_err err = {0};
	char path[200];
	uint8_t byte;
	size_t got;

	write_file("file", 5000, 1);
	back_up(&list);
	tusk_test_ok(tusk_node_list(world.repository->node, "packs/", spoil, NULL, &err), &err);
	tusk_test_ok(tusk_view_open(world.repository, &list.items[0], &view, &err), &err);
	snprintf(path, sizeof(path), "%s/file", world.source);
	tusk_test_ok(tusk_view_path(view, path, &entry, &err), &err);
	tusk_test_ok(tusk_file_open(view, &entry, &file, &err), &err);
	assert_int_equal(tusk_file_pread(file, &byte, 1, 0, &got, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	write_file("copy", 5000, 1); /* the same bytes, in a file that has to be read */
	back_up(&later);
	assert_int_equal(later.count, 2);
	assert_same(view, "file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_kind_of_file_is_read_back_as_it_is),
	    TEST(a_directory_of_many_blocks_is_read_back_in_order),
	    TEST(a_backup_after_the_damage_was_met_heals_the_snapshots_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
