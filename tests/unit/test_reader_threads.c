/* Many threads on one view; small caches, so that they evict each other's blocks all the time. */
#include "handmade.h"
#include "tusk/reader.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS    6
#define FILE_COUNT 400u
#define FILE_SIZE  40000u
#define PIECE      3000u

static struct handmade made;
static struct tusk_view *view;
static const uint8_t *data;
static atomic_uint failures;

static const char *const names[] = {"big", "dir", "indirect"};

static int open_made(void **state)
{
	struct tusk_entry *entries;
	char name[32];
	(void)state;
	handmade_open(&made, TUSK_SUITE_AES256_GCM);
	data = handmade_bytes(&made, 100 * PIECE, 1);
	entries = handmade_take(&made, FILE_COUNT * sizeof(*entries));
	for (unsigned i = 0; i < FILE_COUNT; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		entries[i] = handmade_file(&made, name, data + i, i % 7 * 100 + 200, PIECE);
	}
	struct tusk_entry top[] = {handmade_file(&made, names[0], data, FILE_SIZE, PIECE),
				   handmade_directory(&made, names[1], entries, FILE_COUNT),
				   handmade_file(&made, names[2], data, 100 * PIECE, PIECE)};
	struct tusk_subtree root = handmade_tree(&made, top, 3);
	struct tusk_id id = handmade_snapshot(&made, &root, 1700000000);
	handmade_reopen(&made, true);
	made.repository->tree_cache = 64 << 10;
	made.repository->chunk_cache = 20 * PIECE;
	view = handmade_view(&made, &id);
	failures = 0;
	return 0;
}

static int close_made(void **state)
{
	(void)state;
	tusk_view_close(view);
	handmade_close(&made);
	return 0;
}

static void note(bool condition)
{
	if (!condition)
		atomic_fetch_add(&failures, 1);
}

static void read_part(struct tusk_file *file, uint64_t offset)
{
	uint8_t buffer[5000];
	size_t got = 0;
	note(tusk_file_pread(file, buffer, sizeof(buffer), offset, &got, NULL) == 0);
	note(got == sizeof(buffer) && memcmp(buffer, data + offset, got) == 0);
}

static void read_slices(struct tusk_file *file, uint64_t offset)
{
	struct tusk_slices slices;
	if (tusk_file_slices(file, offset, 9000, &slices, NULL) != 0) {
		note(false);
		return;
	}
	for (size_t i = 0; i < slices.count; offset += slices.iov[i++].iov_len)
		note(memcmp(slices.iov[i].iov_base, data + offset, slices.iov[i].iov_len) == 0);
	tusk_slices_release(&slices);
}

static void read_entry(unsigned i)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_ENTRY struct tusk_entry again = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	char name[40];
	snprintf(name, sizeof(name), "dir/file-%u", i % FILE_COUNT);
	if (tusk_view_path(view, name, &entry, NULL) != 0 || tusk_view_entry(view, entry.number, &again, NULL) != 0 ||
	    tusk_view_path_of(view, entry.number, &path, NULL) != 0) {
		note(false);
		return;
	}
	note(strcmp((char *)path.data + 1, name) == 0);
	note(again.number == entry.number);
}

static void *read_all(void *context)
{
	unsigned seed = (unsigned)(uintptr_t)context;
	struct tusk_file *files[2] = {NULL};
	for (unsigned i = 0; i < 2; i++) {
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		note(tusk_view_path(view, names[2 * i], &entry, NULL) == 0 &&
		     tusk_file_open(view, &entry, &files[i], NULL) == 0);
	}
	for (unsigned i = 0; i < 150; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned offset = seed / 8 % (FILE_SIZE - 9000);
		tusk_file_prefetch(files[i % 2], offset, 30000);
		read_part(files[i % 2], offset);
		read_slices(files[(i + 1) % 2], offset);
		read_entry(seed / 16);
	}
	tusk_file_close(files[0]);
	tusk_file_close(files[1]);
	return NULL;
}

static void readers_do_not_disturb_each_other(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failures, 0);
}

static void prefetched_chunks_are_in_the_cache(void **state)
{
	(void)state;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	struct tusk_fetcher *fetcher;
	size_t trees, chunks = 0;

	assert_int_equal(tusk_view_path(view, "big", &entry, NULL), 0);
	assert_int_equal(tusk_file_open(view, &entry, &file, NULL), 0);
	assert_int_equal(tusk_fetcher_get(made.repository, &fetcher, NULL), 0);
	tusk_fetcher_usage(fetcher, &trees, &chunks);
	assert_int_equal(chunks, 0);
	tusk_file_prefetch(file, 0, 10 * PIECE);
	while (chunks < 10 * PIECE) { /* a hang here is the failure */
		sched_yield();
		tusk_fetcher_usage(fetcher, &trees, &chunks);
	}
	/* The pack may now go: what is asked for is at hand. */
	for (size_t i = 0; i < made.toc_count; i++) {
		char name[80];
		tusk_pack_name(&made.tocs[i].pack, name);
		handmade_remove(&made, name);
	}
	read_part(file, 0);
	read_part(file, 5000);
	assert_int_equal(failures, 0);
}

static void a_small_file_read_whole_does_not_push_others_out_of_the_cache(void **state)
{
	(void)state;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	struct tusk_fetcher *fetcher;
	uint8_t whole[PIECE];
	size_t trees, chunks, got = 0;

	assert_int_equal(tusk_view_path(view, "dir/file-9", &entry, NULL), 0);
	assert_int_equal(tusk_file_open(view, &entry, &file, NULL), 0);
	assert_true(tusk_file_is_single(file));
	assert_int_equal(tusk_fetcher_get(made.repository, &fetcher, NULL), 0);
	assert_int_equal(tusk_file_pread(file, whole, sizeof(whole), 0, &got, NULL), 0);
	assert_int_equal(got, entry.size);
	assert_memory_equal(whole, data + 9, got);
	tusk_fetcher_usage(fetcher, &trees, &chunks);
	assert_int_equal(chunks, 0);
	/* A part of it is kept, and then serves the whole. */
	assert_int_equal(tusk_file_pread(file, whole, 10, 5, &got, NULL), 0);
	tusk_fetcher_usage(fetcher, &trees, &chunks);
	assert_in_range(chunks, entry.size, SIZE_MAX);
	assert_int_equal(tusk_file_pread(file, whole, sizeof(whole), 0, &got, NULL), 0);
	assert_int_equal(got, entry.size);
	assert_memory_equal(whole, data + 9, got);
}

static void closing_with_work_queued_is_fine(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		TUSK_AUTO_FILE struct tusk_file *file = NULL;
		assert_int_equal(tusk_view_path(view, "indirect", &entry, NULL), 0);
		assert_int_equal(tusk_file_open(view, &entry, &file, NULL), 0);
		tusk_file_prefetch(file, i * PIECE, UINT64_MAX);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_made, close_made)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(readers_do_not_disturb_each_other),
	    TEST(prefetched_chunks_are_in_the_cache),
	    TEST(a_small_file_read_whole_does_not_push_others_out_of_the_cache),
	    TEST(closing_with_work_queued_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
