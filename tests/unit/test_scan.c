#include "scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct tuskfs_slot slot = {.slot = 1}, other_slot = {.slot = 2};

static bool list(struct tuskfs_scan *scan, uint64_t directory, uint64_t first, uint64_t end,
		 struct tuskfs_scan_run *ret_run)
{
	struct tusk_entry entry = {.number = directory, .type = TUSK_TYPE_DIRECTORY, .first_child = first};
	return tuskfs_scan_listed(scan, &slot, &entry, end, ret_run);
}

static void listing_alone_pushes_nothing(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	for (uint64_t i = 0; i < 100; i++)
		assert_false(list(&scan, i, 1000 * i + 1, 1000 * i + 900, &run));
}

static void one_file_alone_pushes_nothing(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 100, &run);
	assert_false(tuskfs_scan_read(&scan, &slot, 7, &run));
}

static void a_file_of_a_folder_never_listed_pushes_nothing(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 100, &run);
	for (uint64_t number = 1; number < 20; number++)
		assert_false(tuskfs_scan_read(&scan, &other_slot, number, &run));
	assert_false(tuskfs_scan_read(&scan, &slot, 100, &run));
}

static void the_second_file_in_order_pushes_the_next_ones_and_more_each_time(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 5000, &run);
	assert_false(tuskfs_scan_read(&scan, &slot, 1, &run));
	uint64_t window = 0;
	for (uint64_t number = 2; number < 2000; number = run.end) {
		assert_true(tuskfs_scan_read(&scan, &slot, number, &run));
		assert_true(run.from > number);
		assert_true(run.end > run.from && run.end <= 5000);
		assert_true(run.end - run.from >= window && run.end - run.from <= 256);
		window = run.end - run.from;
	}
	assert_int_equal(window, 256);
}

static void a_run_ends_where_the_kernels_knowledge_ends(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 5, &run);
	tuskfs_scan_read(&scan, &slot, 1, &run);
	assert_true(tuskfs_scan_read(&scan, &slot, 2, &run));
	assert_int_equal(run.end, 5);
	assert_false(tuskfs_scan_read(&scan, &slot, 4, &run));
}

static void jumping_about_pushes_nothing(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 100000, &run);
	for (uint64_t i = 1; i < 50; i++)
		assert_false(tuskfs_scan_read(&scan, &slot, 1 + i * 7919 % 99991, &run));
}

static void reading_tree_after_tree_lets_a_listing_push(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 10, &run);
	tuskfs_scan_read(&scan, &slot, 1, &run);
	tuskfs_scan_read(&scan, &slot, 2, &run);
	assert_true(list(&scan, 5, 100, 120, &run));
	assert_int_equal(run.directory, 5);
	assert_int_equal(run.from, 100);

	/* Folders listed and not read: somebody runs find now. */
	bool pushes = true;
	for (uint64_t i = 0; i < 100; i++)
		pushes = list(&scan, 10 + i, 1000 * (i + 1), 1000 * (i + 1) + 900, &run);
	assert_false(pushes);
}

/* Pushed files are read unseen: a reader shows only where nothing was pushed. */
static void a_reader_that_is_heard_of_now_and_then_keeps_the_scan_alive(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 10, &run);
	tuskfs_scan_read(&scan, &slot, 1, &run);
	tuskfs_scan_read(&scan, &slot, 2, &run);
	unsigned pushed = 0;
	for (uint64_t i = 1; i <= 200; i++) {
		bool pushes = list(&scan, i, 1000 * i, 1000 * i + 3, &run);
		pushed += pushes;
		if (!pushes)
			tuskfs_scan_read(&scan, &slot, 1000 * i, &run);
	}
	assert_true(pushed > 180);
}

static void what_the_reader_has_passed_is_not_pushed(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 100, &run);
	tuskfs_scan_read(&scan, &slot, 10, &run);
	assert_true(tuskfs_scan_has_passed(&scan, &slot, 10));
	assert_true(tuskfs_scan_has_passed(&scan, &slot, 11)); /* asked for next: too late as well */
	assert_false(tuskfs_scan_has_passed(&scan, &slot, 12));
	assert_false(tuskfs_scan_has_passed(&scan, &other_slot, 5));
}

static void a_run_that_stopped_early_is_taken_up_again(void **state)
{
	(void)state;
	struct tuskfs_scan scan = {0};
	struct tuskfs_scan_run run;
	list(&scan, 0, 1, 1000, &run);
	tuskfs_scan_read(&scan, &slot, 1, &run);
	assert_true(tuskfs_scan_read(&scan, &slot, 2, &run));
	tuskfs_scan_stopped_at(&scan, &slot, 4);
	assert_true(tuskfs_scan_read(&scan, &slot, 4, &run));
	assert_int_equal(run.from, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(listing_alone_pushes_nothing),
	    cmocka_unit_test(one_file_alone_pushes_nothing),
	    cmocka_unit_test(a_file_of_a_folder_never_listed_pushes_nothing),
	    cmocka_unit_test(the_second_file_in_order_pushes_the_next_ones_and_more_each_time),
	    cmocka_unit_test(a_run_ends_where_the_kernels_knowledge_ends),
	    cmocka_unit_test(jumping_about_pushes_nothing),
	    cmocka_unit_test(reading_tree_after_tree_lets_a_listing_push),
	    cmocka_unit_test(a_reader_that_is_heard_of_now_and_then_keeps_the_scan_alive),
	    cmocka_unit_test(what_the_reader_has_passed_is_not_pushed),
	    cmocka_unit_test(a_run_that_stopped_early_is_taken_up_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
