/* Lists of snapshots, and the ways to name one. */
#include "handmade.h"
#include "snapfind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void count_damage(void *context, const struct tusk_id *id, const struct tusk_err *why)
{
	(void)id;
	assert_int_equal(why->code, TUSK_E_CORRUPT);
	++*(unsigned *)context;
}

static void snapshots_are_listed_oldest_first(void **state)
{
	(void)state;
	struct tusk_subtree root = handmade_tree(&made, NULL, 0);
	struct tusk_id ids[20];
	struct tusk_err err = {0};
	uint64_t before, after;

	for (unsigned i = 0; i < 20; i++) {
		tusk_test_ok(tusk_snapshot_generation(made.repository, &before, &err), &err);
		ids[i] = handmade_snapshot(&made, &root, 1700000000 + (i * 7 % 20) * 100);
		tusk_test_ok(tusk_snapshot_generation(made.repository, &after, &err), &err);
		assert_int_not_equal(before, after);
	}
	for (int round = 0; round < 2; round++) { /* from the node, then from the index */
		TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
		tusk_test_ok(tusk_snapshot_list_load(made.repository, NULL, NULL, &list, &err), &err);
		assert_int_equal(list.count, 20);
		assert_int_equal(list.damaged, 0);
		for (unsigned i = 0; i < 20; i++) {
			assert_true(tusk_id_equal(&list.items[i * 7 % 20].id, &ids[i]));
			assert_string_equal(list.items[i].host, "box");
		}
	}
}

static void a_damaged_manifest_is_counted_and_left_out(void **state)
{
	(void)state;
	struct tusk_subtree root = handmade_tree(&made, NULL, 0);
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	struct tusk_err err = {0};
	struct tusk_id good = handmade_snapshot(&made, &root, 1700000000);
	struct tusk_id bad = handmade_snapshot(&made, &root, 1700000001);
	char name[100] = "snapshots/";
	unsigned told = 0;

	tusk_id_text(&bad, name + strlen(name));
	handmade_flip(&made, name, 100);
	tusk_test_ok(tusk_snapshot_list_load(made.repository, count_damage, &told, &list, &err), &err);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.damaged, 1);
	assert_int_equal(told, 1);
	assert_true(tusk_id_equal(&list.items[0].id, &good));
}

static void a_repository_without_snapshots_has_an_empty_list(void **state)
{
	(void)state;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	const struct tusk_snapshot *found;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_snapshot_list_load(made.repository, NULL, NULL, &list, &err), &err);
	assert_int_equal(list.count, 0);
	assert_int_equal(tusk_snapshot_find(&list, "latest", &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
}

/* ---- names: a list made up, in a zone with summer time ---- */

static struct tusk_snapshot items[6];
static const struct tusk_snapshot_list fixed = {.items = items, .count = 6};
static time_t now;

static time_t local(int year, int month, int day, int hour, int minute, int second)
{
	struct tm tm = {.tm_year = year - 1900,
			.tm_mon = month - 1,
			.tm_mday = day,
			.tm_hour = hour,
			.tm_min = minute,
			.tm_sec = second,
			.tm_isdst = -1};
	return mktime(&tm);
}

static int make_list(void **state)
{
	static char home[] = "home", mail[] = "mail";
	const time_t times[] = {local(2026, 10, 25, 23, 30, 0),  local(2026, 11, 20, 9, 0, 0),
				local(2026, 11, 20, 23, 59, 59), local(2026, 11, 21, 0, 0, 0),
				local(2026, 11, 22, 14, 7, 22),  local(2026, 11, 22, 14, 8, 0)};
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		items[i].time.tv_sec = times[i];
		items[i].source = i % 2 ? mail : home;
		memset(items[i].id.bytes, 0x10 * (int)i + (int)i, TUSK_ID_SIZE);
	}
	items[5].id.bytes[0] = 0x44;
	items[5].id.bytes[1] = 0x45;
	now = local(2026, 11, 22, 15, 0, 0);
	return 0;
}

static void assert_finds(const char *name, unsigned expected)
{
	const struct tusk_snapshot *found = NULL;
	struct tusk_err err = {0};
	if (tusk_snapshot_find_at(&fixed, name, now, &found, &err) != 0)
		fail_msg("%s: %s", name, err.message);
	if (found != &items[expected])
		fail_msg("%s gives snapshot %td, not %u", name, found - items, expected);
}

static void assert_fails(const char *name, enum tusk_code code, const char *message)
{
	const struct tusk_snapshot *found = NULL;
	struct tusk_err err = {0};
	assert_int_equal(tusk_snapshot_find_at(&fixed, name, now, &found, &err), -1);
	if (err.code != code || !strstr(err.message, message))
		fail_msg("%s: code %d: %s", name, err.code, err.message);
}

static void an_id_can_be_cut_to_four_digits(void **state)
{
	(void)state;
	assert_finds("0000", 0);
	assert_finds("1111111", 1);
	assert_finds("4444", 4);
	assert_finds("4445", 5);
	assert_fails("444", TUSK_E_USAGE, "at least 4 digits");
	assert_fails("dead", TUSK_E_ABSENT, "snapshot \"dead\" not found; newest is 44455555 (2026-11-22 14:08)");
}

static void an_ambiguous_id_names_the_candidates(void **state)
{
	(void)state;
	items[5].id.bytes[1] = 0x44;
	items[5].id.bytes[2] = 0x46;
	assert_fails("4444", TUSK_E_USAGE, "44444655 (2026-11-22 14:08), 44444444 (2026-11-22 14:07)");
	assert_finds("444444", 4);
}

static void latest_counts_backwards(void **state)
{
	(void)state;
	assert_finds("latest", 5);
	assert_finds("latest~0", 5);
	assert_finds("latest~1", 4);
	assert_finds("latest~5", 0);
	assert_finds("@latest", 5);
	assert_fails("latest~6", TUSK_E_ABSENT, "newest is");
	assert_fails("latest~", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("latest~x", TUSK_E_USAGE, "does not name a snapshot");
}

static void a_day_means_its_end(void **state)
{
	(void)state;
	assert_finds("@2026-11-20", 2);
	assert_finds("@2026-11-21", 3);
	assert_finds("@2026-11-19", 0);
	assert_finds("@2026-10-25", 0); /* the day with 25 hours */
	assert_finds("@2026-11-22", 5);
	assert_finds("@2030-01-01", 5);
	assert_fails("@2026-10-24", TUSK_E_ABSENT, "not found");
	assert_fails("@2026-02-30", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("@2026-13-01", TUSK_E_USAGE, "does not name a snapshot");
}

static void a_time_means_its_minute_or_second(void **state)
{
	(void)state;
	assert_finds("@2026-11-22T14:07", 4);
	assert_finds("@2026-11-22T14:07:22", 4);
	assert_finds("@2026-11-22T14:07:21", 3);
	assert_finds("@2026-11-22T14:08", 5);
	assert_finds("@2026-11-20T08:59", 0);
	assert_fails("@2026-11-22T25:00", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("@2026-11-22T14", TUSK_E_USAGE, "does not name a snapshot");
}

static void days_can_be_named_from_today(void **state)
{
	(void)state;
	assert_finds("@today", 5);
	assert_finds("@yesterday", 3);
	assert_finds("@1d", 3);
	assert_finds("@2d", 1);
	assert_finds("@1h", 3);
	assert_finds("@52m", 5);
	assert_finds("@2w", 0);
	assert_fails("@9w", TUSK_E_ABSENT, "not found");
	assert_fails("@3y", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("@", TUSK_E_USAGE, "does not name a snapshot");
}

static void a_source_can_be_named(void **state)
{
	(void)state;
	assert_finds("home@latest", 4);
	assert_finds("mail@latest~1", 3);
	assert_finds("home@2026-11-21", 2);
	assert_finds("home@1d", 2);
	assert_fails("nobody@latest", TUSK_E_ABSENT, "not found");
	assert_fails("home@2026-01-01", TUSK_E_ABSENT, "newest is 44444444");
}

static void what_names_nothing_is_said_so(void **state)
{
	(void)state;
	assert_fails("", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("newest", TUSK_E_USAGE, "does not name a snapshot");
	assert_fails("7f3g", TUSK_E_USAGE, "does not name a snapshot");
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, open_made, close_made)
#define NAMES(name) cmocka_unit_test_setup(name, make_list)

int main(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	const struct CMUnitTest tests[] = {
	    TEST(snapshots_are_listed_oldest_first),
	    TEST(a_damaged_manifest_is_counted_and_left_out),
	    TEST(a_repository_without_snapshots_has_an_empty_list),
	    NAMES(an_id_can_be_cut_to_four_digits),
	    NAMES(an_ambiguous_id_names_the_candidates),
	    NAMES(latest_counts_backwards),
	    NAMES(a_day_means_its_end),
	    NAMES(a_time_means_its_minute_or_second),
	    NAMES(days_can_be_named_from_today),
	    NAMES(a_source_can_be_named),
	    NAMES(what_names_nothing_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
