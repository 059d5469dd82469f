/* Notes of what was read from which node, added up. */
#include "reads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static const struct tusk_nodes nodes = {.count = 2, .items = {{.name = "home"}, {.name = "cloud"}}};

static void expect(const char *text, uint64_t home, uint64_t cloud, uint64_t all)
{
	uint64_t bytes[TUSK_NODES_MAX + 1], sum;

	memset(bytes, 0xff, sizeof(bytes));
	tusk_reads_sum(text, &nodes, bytes, &sum);
	assert_int_equal(bytes[0], home);
	assert_int_equal(bytes[1], cloud);
	assert_int_equal(bytes[2], 0);
	assert_int_equal(sum, all);
}

static void notes_add_up_by_node(void **state)
{
	(void)state;
	expect("", 0, 0, 0);
	expect("2026-01-01T00:00:00Z restore home=10 cloud=5\n2026-01-02T00:00:00Z cat home=1\n", 11, 5, 16);
}

static void a_node_that_left_counts_in_the_sum(void **state)
{
	(void)state;
	expect("2026-01-01T00:00:00Z restore gone=7 home=1\n", 1, 0, 8);
}

static void what_is_no_note_is_passed_over(void **state)
{
	(void)state;
	expect("home= home=x =5x home home=-5 \n\n  home", 0, 0, 5);
	expect("home=3", 3, 0, 3); /* a write that was cut off */
	expect("a-name-that-is-longer-than-any-of-a-node=9 cloud=2\n", 0, 2, 2);
}

static void numbers_without_end_stay_at_the_largest(void **state)
{
	(void)state;
	expect("home=99999999999999999999999 cloud=1\nhome=5\n", UINT64_MAX, 1, UINT64_MAX);
	expect("home=18446744073709551615 home=2", UINT64_MAX, 0, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notes_add_up_by_node),
	    cmocka_unit_test(a_node_that_left_counts_in_the_sum),
	    cmocka_unit_test(what_is_no_note_is_passed_over),
	    cmocka_unit_test(numbers_without_end_stay_at_the_largest),
	};

	return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
