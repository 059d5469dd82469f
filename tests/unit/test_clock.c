#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tusk/clock.h"

#include <errno.h>

static int64_t ms_of(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static void a_deadline_is_that_far_away_and_normal(void **state)
{
	(void)state;
	/* Every remainder of a second, so that some of them carry. */
	for (int64_t ms = 0; ms < 3000; ms++) {
		int64_t before = tusk_now_ms();
		struct timespec until = tusk_deadline(ms);
		int64_t after = tusk_now_ms();

		assert_true(until.tv_nsec >= 0 && until.tv_nsec < 1000000000);
		assert_true(ms_of(&until) >= before + ms && ms_of(&until) <= after + ms);
	}
}

static void a_condition_waits_by_the_same_clock(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond;
	int64_t begun = tusk_now_ms();
	struct timespec until = tusk_deadline(50);
	int rc;

	(void)state;
	tusk_cond_init(&cond);
	pthread_mutex_lock(&lock);
	while ((rc = pthread_cond_timedwait(&cond, &lock, &until)) == 0)
		;
	pthread_mutex_unlock(&lock);
	assert_int_equal(rc, ETIMEDOUT);
	/* By the time of day, which is decades ahead, it would have returned at once. */
	assert_true(tusk_now_ms() - begun >= 50);
	pthread_cond_destroy(&cond);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadline_is_that_far_away_and_normal),
	    cmocka_unit_test(a_condition_waits_by_the_same_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
