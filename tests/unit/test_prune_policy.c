/* Which snapshots a policy keeps. */
#include "tusk/forget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX 400

static struct tusk_snapshot snapshots[MAX];
static const struct tusk_snapshot *items[MAX];

static time_t utc(int year, int month, int day, int hour)
{
	struct tm when = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour};
	return timegm(&when);
}

static void put(size_t i, const char *host, time_t time)
{
	snapshots[i] = (struct tusk_snapshot){.host = (char *)(uintptr_t)host, .time.tv_sec = time};
	snapshots[i].id.bytes[0] = (uint8_t)i;
	snapshots[i].id.bytes[1] = (uint8_t)(i >> 8);
	items[i] = &snapshots[i];
}

/* One a day at noon, the first on 2024-01-01. */
static void put_days(size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(i, "host", utc(2024, 1, 1, 12) + (time_t)i * 86400);
}

static struct tusk_verdict *apply(const struct tusk_policy *policy, size_t count)
{
	struct tusk_verdict *verdicts = NULL;
	struct tusk_err err = {0};
	assert_int_equal(tusk_policy_apply(policy, items, count, &verdicts, &err), 0);
	return verdicts;
}

static size_t kept(const struct tusk_policy *policy, size_t count)
{
	struct tusk_verdict *verdicts = apply(policy, count);
	size_t stay = 0;
	for (size_t i = 0; i < count; i++)
		stay += verdicts[i].reasons != 0;
	free(verdicts);
	return stay;
}

static void each_rule_keeps_so_many_periods(void **state)
{
	(void)state;
	put_days(366);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_LAST] = 5}, 366), 5);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_HOURLY] = 5}, 366), 5);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_DAILY] = 7}, 366), 7);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_WEEKLY] = 4}, 366), 4);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_WEEKLY] = TUSK_KEEP_ALL}, 366), 53);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_MONTHLY] = 99}, 366), 12);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_YEARLY] = 3}, 366), 1);
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_LAST] = TUSK_KEEP_ALL}, 366), 366);
}

static void the_newest_of_a_period_stays(void **state)
{
	(void)state;
	put_days(60); /* the last is 2024-02-29 */
	struct tusk_verdict *verdicts = apply(&(struct tusk_policy){.keep[TUSK_KEEP_MONTHLY] = 2}, 60);
	assert_ptr_equal(verdicts[0].snapshot, &snapshots[59]);
	assert_int_equal(verdicts[0].reasons, 1u << TUSK_KEEP_MONTHLY);
	assert_int_equal(verdicts[1].reasons, 0);
	assert_ptr_equal(verdicts[29].snapshot, &snapshots[30]); /* 31 January */
	assert_int_equal(verdicts[29].reasons, 1u << TUSK_KEEP_MONTHLY);
	free(verdicts);
}

static void two_in_one_second_are_two(void **state)
{
	(void)state;
	put(0, "host", utc(2026, 1, 1, 0));
	put(1, "host", utc(2026, 1, 1, 0));
	put(2, "host", utc(2026, 1, 1, 0));
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_LAST] = 2}, 3), 2);
}

static void a_week_is_that_of_iso_8601(void **state)
{
	(void)state;
	put(0, "host", utc(2024, 12, 29, 12)); /* Sunday of week 52 */
	put(1, "host", utc(2024, 12, 30, 12)); /* Monday of 2025-W01 */
	put(2, "host", utc(2025, 1, 5, 12));   /* Sunday of 2025-W01 */
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_WEEKLY] = 9}, 3), 2);
}

static void groups_are_judged_apart(void **state)
{
	(void)state;
	put(0, "a", utc(2026, 1, 1, 0));
	put(1, "b", utc(2026, 1, 2, 0));
	put(2, "a", utc(2026, 1, 3, 0));
	struct tusk_verdict *verdicts = apply(&(struct tusk_policy){.keep[TUSK_KEEP_LAST] = 1}, 3);
	assert_ptr_equal(verdicts[0].snapshot, &snapshots[2]);
	assert_int_not_equal(verdicts[0].reasons, 0);
	assert_ptr_equal(verdicts[1].snapshot, &snapshots[0]);
	assert_int_equal(verdicts[1].reasons, 0);
	assert_int_equal(verdicts[2].group, 1);
	assert_int_not_equal(verdicts[2].reasons, 0);
	free(verdicts);
}

static void within_counts_from_the_newest(void **state)
{
	(void)state;
	put_days(100);
	struct tusk_policy policy = {.has_within = true, .within = {.days = 7}};
	assert_int_equal(kept(&policy, 100), 7);
	policy.within = (struct tusk_span){.months = 1};
	assert_int_equal(kept(&policy, 100), 31); /* from 9 March to 9 April */
}

static void pins_and_tags_stay_under_any_policy(void **state)
{
	char *tags[] = {(char *)(uintptr_t) "x"};
	const char *const wanted[] = {"x"}, *const any[] = {""};
	(void)state;
	put_days(10);
	snapshots[3].pinned = true;
	snapshots[4].tags = (struct tusk_strings){tags, 1};
	assert_int_equal(kept(&(struct tusk_policy){.keep[TUSK_KEEP_LAST] = 1}, 10), 2);
	assert_int_equal(kept(&(struct tusk_policy){.tags = wanted, .tag_count = 1}, 10), 2);
	assert_int_equal(kept(&(struct tusk_policy){.tags = any, .tag_count = 1}, 10), 2);
}

static void spans_are_read(void **state)
{
	struct tusk_span span;
	(void)state;
	assert_int_equal(tusk_span_parse("1y6m2w3d4h", &span), 0);
	assert_int_equal(span.years, 1);
	assert_int_equal(span.months, 6);
	assert_int_equal(span.days, 17);
	assert_int_equal(span.hours, 4);
	static const char *const bad[] = {"", "7", "d", "7x", "1d1d", "-1d", "9999999d", "7d ", "1.5d"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(tusk_span_parse(bad[i], &span), -1);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_rule_keeps_so_many_periods),
	    cmocka_unit_test(the_newest_of_a_period_stays),
	    cmocka_unit_test(two_in_one_second_are_two),
	    cmocka_unit_test(a_week_is_that_of_iso_8601),
	    cmocka_unit_test(groups_are_judged_apart),
	    cmocka_unit_test(within_counts_from_the_newest),
	    cmocka_unit_test(pins_and_tags_stay_under_any_policy),
	    cmocka_unit_test(spans_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
