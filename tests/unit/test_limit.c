#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"

#include <stdlib.h>
#include <time.h>

#define SECOND_NS 1000000000u

static void without_a_limit_nothing_waits(void **state)
{
	struct tusk_limit limit;

	(void)state;
	tusk_limit_init(&limit, 0);
	assert_int_equal(tusk_limit_delay_ns(&limit, UINT64_MAX, 5), 0);
	tusk_limit_take(&limit, UINT64_MAX);
	tusk_limit_release(&limit);
}

static void many_small_pieces_take_as_long_as_their_sum(void **state)
{
	struct tusk_limit limit;
	uint64_t now = 77 * (uint64_t)SECOND_NS, start = now;

	(void)state;
	tusk_limit_init(&limit, 1000000);
	for (unsigned i = 0; i < 1000; i++)
		now += tusk_limit_delay_ns(&limit, 10000, now);
	/* 10 MB at 1 MB/s, less what may pass at once */
	assert_in_range(now - start, 9 * (uint64_t)SECOND_NS, 10 * (uint64_t)SECOND_NS);
	tusk_limit_release(&limit);
}

static void a_pause_does_not_save_up_more_than_a_burst(void **state)
{
	struct tusk_limit limit;
	uint64_t now = SECOND_NS;

	(void)state;
	tusk_limit_init(&limit, 1000000);
	tusk_limit_delay_ns(&limit, 1, now);
	now += 3600 * (uint64_t)SECOND_NS;
	assert_int_equal(tusk_limit_delay_ns(&limit, 250000, now), 0);
	assert_in_range(tusk_limit_delay_ns(&limit, 1000000, now), SECOND_NS - 1000, SECOND_NS + 1000);
	tusk_limit_release(&limit);
}

static void threads_share_one_limit(void **state)
{
	struct tusk_limit limit;
	uint64_t first, second;

	(void)state;
	tusk_limit_init(&limit, 1000000);
	first = tusk_limit_delay_ns(&limit, 1000000, SECOND_NS);
	second = tusk_limit_delay_ns(&limit, 1000000, SECOND_NS);
	assert_in_range(second - first, SECOND_NS - 1000, SECOND_NS + 1000);
	tusk_limit_release(&limit);
}

static void a_limit_binds_while_more_is_wanted(void **state)
{
	struct tusk_limit limit;

	(void)state;
	tusk_limit_init(&limit, 0);
	tusk_limit_take(&limit, UINT64_MAX);
	assert_false(tusk_limit_is_binding(&limit));
	tusk_limit_release(&limit);
	tusk_limit_init(&limit, 1000);
	assert_false(tusk_limit_is_binding(&limit));
	tusk_limit_delay_ns(&limit, 1, 0); /* long ago */
	assert_false(tusk_limit_is_binding(&limit));
	/* ten days' worth, now */
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	tusk_limit_delay_ns(&limit, 864000000, (uint64_t)now.tv_sec * SECOND_NS);
	assert_true(tusk_limit_is_binding(&limit));
	tusk_limit_release(&limit);
}

static void the_environment_sets_both_limits(void **state)
{
	struct tusk_limits limits;
	struct tusk_err err = {0};

	(void)state;
	setenv("TUSK_LIMIT_UPLOAD", "20M", 1);
	setenv("TUSK_LIMIT_DOWNLOAD", "", 1);
	assert_int_equal(tusk_limits_init(&limits, &err), 0);
	assert_int_equal(limits.up.rate, 20 << 20);
	assert_int_equal(limits.down.rate, 0);
	tusk_limits_release(&limits);
	setenv("TUSK_LIMIT_DOWNLOAD", "fast", 1);
	assert_int_equal(tusk_limits_init(&limits, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_limit_nothing_waits),
	    cmocka_unit_test(many_small_pieces_take_as_long_as_their_sum),
	    cmocka_unit_test(a_pause_does_not_save_up_more_than_a_burst),
	    cmocka_unit_test(threads_share_one_limit),
	    cmocka_unit_test(a_limit_binds_while_more_is_wanted),
	    cmocka_unit_test(the_environment_sets_both_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
