#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tusk/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
	const char *in, *out;
};

static void names_become_safe_for_a_terminal(void **state)
{
	static const struct pair cases[] = {
	    {"", ""},
	    {"plain name.txt", "plain name.txt"},
	    {"back\\slash", "back\\\\slash"},
	    {"new\nline\ttab", "new\\012line\\011tab"},
	    {"\x1b[2J\x7f", "\\033[2J\\177"},
	    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	    {"\xf0\x9f\x90\x98 \xe2\x82\xac", "\xf0\x9f\x90\x98 \xe2\x82\xac"},
	    {"c1 \xc2\x9b", "c1 \\302\\233"},
	    {"nbsp \xc2\xa0", "nbsp \xc2\xa0"},
	    {"latin1 \xfc!", "latin1 \\374!"},
	    {"cut \xe2\x82", "cut \\342\\202"},
	    {"overlong \xc0\xaf", "overlong \\300\\257"},
	    {"surrogate \xed\xa0\x80", "surrogate \\355\\240\\200"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_buf out TUSK_AUTO_BUF = {0};

		assert_int_equal(tusk_text_escape(&out, cases[i].in, strlen(cases[i].in)), 0);
		assert_string_equal((char *)out.data, cases[i].out);
		assert_int_equal(out.len, strlen(cases[i].out));
	}
}

static void escaping_appends_and_counts_no_terminator(void **state)
{
	struct tusk_buf out TUSK_AUTO_BUF = {0};

	(void)state;
	assert_int_equal(tusk_text_escape(&out, "a\0b", 3), 0);
	assert_int_equal(tusk_text_escape(&out, "/c", 2), 0);
	assert_string_equal((char *)out.data, "a\\000b/c");
	assert_int_equal(out.len, 8);
}

static void all_bytes_escape_within_the_reserved_room(void **state)
{
	uint8_t all[256];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	/* Every start, so that each byte is once the first and once the last one. */
	for (unsigned from = 0; from < 256; from++) {
		struct tusk_buf out TUSK_AUTO_BUF = {0};

		assert_int_equal(tusk_text_escape(&out, all + from, 256 - from), 0);
		assert_true(tusk_text_is_utf8(out.data, out.len));
		assert_null(memchr(out.data, '\n', out.len));
		assert_null(memchr(out.data, 0x1b, out.len));
	}
}

static void utf8_is_judged_as_rfc_3629_does(void **state)
{
	static const char *const good[] = {"",
					   "a",
					   "\x7f",
					   "\xc2\x80",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
					  "\xc1\xbf",
					  "\xc2",
					  "\xc2\x41",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xe2\x82",
					  "\xe2\x82\x41",
					  "\xf0\x9f\x90",
					  "\xf0\x9f\x90\x41"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(tusk_text_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(tusk_text_is_utf8(bad[i], strlen(bad[i])));
}

static void sizes_are_shown_with_a_sensible_precision(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
	    {0, "0 B"},
	    {512, "512 B"},
	    {1023, "1023 B"},
	    {1024, "1.0 KiB"},
	    {1536, "1.5 KiB"},
	    {10 * 1024, "10.0 KiB"},
	    {102348, "99.9 KiB"},
	    {102399, "100 KiB"},
	    {1023 * 1024, "1023 KiB"},
	    {1024 * 1024 - 1, "1.0 MiB"},
	    {(uint64_t)640 << 20, "640 MiB"},
	    {1319413953331, "1.2 TiB"},
	    {(uint64_t)1 << 50, "1.0 PiB"},
	    {UINT64_MAX, "16.0 EiB"},
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		tusk_text_bytes(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void counts_have_commas(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {{0, "0"},        {999, "999"},           {1000, "1,000"},
		     {4761, "4,761"}, {1234567, "1,234,567"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
	char text[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		tusk_text_count(cases[i].count, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void durations_show_hours_when_there_are_any(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {{0, "0:00"},       {42, "0:42"},      {3599, "59:59"},
		     {3600, "1:00:00"}, {3723, "1:02:03"}, {100 * 3600 + 61, "100:01:01"}};
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		tusk_text_duration(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
	tusk_text_duration(UINT64_MAX, text);
	assert_memory_equal(text, "999999999:", 10);
}

static void times_are_shown_in_utc_or_local_time(void **state)
{
	const struct timespec time = {1795356442, 123456789}; /* 2026-11-22 14:07:22 UTC */
	char text[40];

	(void)state;
	tusk_text_time_rfc3339(time, text);
	assert_string_equal(text, "2026-11-22T14:07:22.123456789Z");
	tusk_text_time_name(time, text);
	assert_string_equal(text, "2026-11-22T14-07-22Z");
	assert_int_equal(setenv("TZ", "XXX-05:30", 1), 0);
	tzset();
	tusk_text_time_local(time, text);
	assert_string_equal(text, "2026-11-22 19:37:22");
}

static void strange_times_stay_within_the_buffers(void **state)
{
	static const struct {
		struct timespec time;
		const char *rfc3339, *name;
	} cases[] = {
	    {{0, 0}, "1970-01-01T00:00:00.000000000Z", "1970-01-01T00-00-00Z"},
	    {{-1, 999999999}, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23-59-59Z"},
	    {{-62135596800, 1}, "0001-01-01T00:00:00.000000001Z", "0001-01-01T00-00-00Z"},
	    {{5, 1000000000}, "1970-01-01T00:00:05.000000000Z", "1970-01-01T00-00-05Z"},
	    {{5, -1}, "1970-01-01T00:00:05.000000000Z", "1970-01-01T00-00-05Z"},
	    {{67768036191676799, 0}, "2147485547-12-31T23:59:59.000000000Z", "2147485547-12-31T23-59-59Z"},
	    {{INT64_MAX, 7}, "@9223372036854775807.000000007Z", "@9223372036854775807"},
	    {{INT64_MIN, 7}, "@-9223372036854775808.000000007Z", "@-9223372036854775808"},
	};
	char text[40];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		tusk_text_time_rfc3339(cases[i].time, text);
		assert_string_equal(text, cases[i].rfc3339);
		tusk_text_time_name(cases[i].time, text);
		assert_string_equal(text, cases[i].name);
	}
}

static void sizes_are_read_with_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"0", 0},
		    {"512", 512},
		    {"128K", 131072},
		    {"128k", 131072},
		    {"20M", 20971520},
		    {"1G", 1073741824},
		    {"3T", 3298534883328},
		    {"18446744073709551615", UINT64_MAX},
		    {"16777215T", 16777215ULL << 40}};
	static const char *const bad[] = {
	    "", "K", "-1", "+1", " 1", "1 ", "1KB", "1.5G", "0x10", "12Q", "1KK", "16777216T", "18446744073709551616"};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(tusk_text_parse_size(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	bytes = 5;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(tusk_text_parse_size(bad[i], &bytes), -1);
	assert_int_equal(bytes, 5);
}

static void distances_count_single_edits_and_swaps(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {{"", "", 0},
		     {"", "abc", 3},
		     {"abc", "", 3},
		     {"backup", "backup", 0},
		     {"backup", "bakcup", 1},
		     {"backup", "bckup", 1},
		     {"backup", "backups", 1},
		     {"backup", "packup", 1},
		     {"kitten", "sitting", 3},
		     {"ab", "ba", 1},
		     {"abcd", "badc", 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(tusk_text_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(tusk_text_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static void the_nearest_word_is_suggested_only_when_near(void **state)
{
	static const char *const words[] = {"backup", "check", "forget", "restore", "snapshots", NULL};
	static const char *const none[] = {NULL};

	(void)state;
	assert_string_equal(tusk_text_nearest("bakcup", words), "backup");
	assert_string_equal(tusk_text_nearest("snapshot", words), "snapshots");
	assert_string_equal(tusk_text_nearest("resotre", words), "restore");
	assert_string_equal(tusk_text_nearest("chekc", words), "check");
	assert_null(tusk_text_nearest("bakcp", words)); /* two edits in five letters */
	assert_null(tusk_text_nearest("prune", words));
	assert_null(tusk_text_nearest("ck", words));
	assert_null(tusk_text_nearest("", words));
	assert_null(tusk_text_nearest("backup", none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_become_safe_for_a_terminal),
	    cmocka_unit_test(escaping_appends_and_counts_no_terminator),
	    cmocka_unit_test(all_bytes_escape_within_the_reserved_room),
	    cmocka_unit_test(utf8_is_judged_as_rfc_3629_does),
	    cmocka_unit_test(sizes_are_shown_with_a_sensible_precision),
	    cmocka_unit_test(counts_have_commas),
	    cmocka_unit_test(durations_show_hours_when_there_are_any),
	    cmocka_unit_test(times_are_shown_in_utc_or_local_time),
	    cmocka_unit_test(strange_times_stay_within_the_buffers),
	    cmocka_unit_test(sizes_are_read_with_units),
	    cmocka_unit_test(distances_count_single_edits_and_swaps),
	    cmocka_unit_test(the_nearest_word_is_suggested_only_when_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
