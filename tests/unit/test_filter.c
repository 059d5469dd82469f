/* Exclude patterns: what they match, and that the quick matcher agrees with a plain one. */
#include "filter_match.h"
#include "fixture.h"
#include "globbing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tusk_filter *make(const char *const *patterns)
{
	struct tusk_filter *filter = NULL;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_filter_new(&filter, &err), &err);
	for (; *patterns; patterns++)
		tusk_test_ok(tusk_filter_exclude(filter, *patterns, &err), &err);
	return filter;
}

static bool leaves_out(const char *const *patterns, const char *path)
{
	struct tusk_filter *filter = make(patterns);
	size_t len = strlen(path);
	bool is_directory = path[len - 1] == '/';
	bool answer = tusk_filter_leaves_out(filter, path, is_directory ? len - 1 : len, is_directory);
	tusk_filter_free(filter);
	return answer;
}

#define PATTERNS(...)          ((const char *const[]){__VA_ARGS__, NULL})
#define assert_out(path, ...)  assert_true(leaves_out(PATTERNS(__VA_ARGS__), path))
#define assert_kept(path, ...) assert_false(leaves_out(PATTERNS(__VA_ARGS__), path))

static void a_pattern_without_a_slash_matches_a_name_at_any_depth(void **state)
{
	(void)state;
	assert_out("/a", "a");
	assert_out("/x/y/a", "a");
	assert_kept("/x/ya", "a");
	assert_kept("/a/b", "a"); /* by not entering /a */
	assert_out("/x/y.o", "*.o");
	assert_out("/x/.o", "*.o");
	assert_kept("/x/y.oo", "*.o");
	assert_kept("/x.o/y", "*.o");
	assert_out("/x/core", "c?re");
	assert_out("/x/foobar", "foo**");
}

static void a_pattern_that_begins_with_a_slash_matches_from_the_root(void **state)
{
	(void)state;
	assert_out("/a", "/a");
	assert_kept("/x/a", "/a");
	assert_out("/a/b", "/a/b");
	assert_kept("/x/a/b", "/a/b");
	assert_out("/a/b", "/a/*");
	assert_kept("/a/b/c", "/a/*");
	assert_out("/home/u/.cache", "/home/*/.cache");
	assert_kept("/home/u/v/.cache", "/home/*/.cache");
}

static void a_pattern_with_a_slash_inside_matches_at_any_directory(void **state)
{
	(void)state;
	assert_out("/a/b", "a/b");
	assert_out("/x/a/b", "a/b");
	assert_kept("/xa/b", "a/b");
	assert_kept("/a/bx", "a/b");
	assert_out("/x/a/b.o", "a/*.o");
	assert_kept("/x/a/y/b.o", "a/*.o");
}

static void stars_stop_at_slashes_unless_they_are_two(void **state)
{
	(void)state;
	assert_out("/a/x/y/b", "/a/**/b");
	assert_out("/a/b", "/a/**/b");
	assert_kept("/a/xb", "/a/**/b");
	assert_kept("/ab", "/a/**/b");
	assert_out("/a/x/y", "/a/**");
	assert_kept("/a", "/a/**");
	assert_out("/x/y/z", "**/z");
	assert_out("/z", "**/z");
	assert_out("/axyz/b/cd", "/a**d");
	assert_kept("/a/b", "/a?b");
	assert_kept("/a/b", "/a[/]b");
	assert_out("/a/q/b/q/c/d", "/a/**/b/**/c/*");
	assert_kept("/a/q/b/q/c/d/e", "/a/**/b/**/c/*");
}

static void classes_match_one_byte(void **state)
{
	(void)state;
	assert_out("/b", "[abc]");
	assert_kept("/d", "[abc]");
	assert_out("/m", "[a-z]");
	assert_kept("/M", "[a-z]");
	assert_out("/d", "[!abc]");
	assert_out("/d", "[^abc]");
	assert_kept("/a", "[!abc]");
	assert_out("/]", "[]]");
	assert_out("/-", "[a-]");
	assert_out("/]", "[a\\]]");
	assert_out("/[a", "[a"); /* not closed: literal */
	assert_out("/\xff", "[\x80-\xff]");
}

static void a_backslash_takes_the_next_byte_literally(void **state)
{
	(void)state;
	assert_out("/*", "\\*");
	assert_kept("/a", "\\*");
	assert_out("/!a", "\\!a");
	assert_out("/a\\", "a\\");
}

static void a_slash_at_the_end_wants_a_directory(void **state)
{
	(void)state;
	assert_out("/x/a/", "a/");
	assert_kept("/x/a", "a/");
	assert_out("/x/a/", "x/a/");
	assert_kept("/x/a", "/x/a/");
}

static void the_last_pattern_that_matches_wins(void **state)
{
	(void)state;
	assert_kept("/keep.o", "*.o", "!keep.o");
	assert_out("/other.o", "*.o", "!keep.o");
	assert_out("/keep.o", "!keep.o", "*.o");
	assert_out("/keep.o", "*.o", "!keep.o", "keep.*");
	assert_kept("/a", "!a");
}

static void the_root_is_never_left_out(void **state)
{
	(void)state;
	struct tusk_filter *filter = make(PATTERNS("*", "**", "/**"));
	assert_false(tusk_filter_leaves_out(filter, "/", 1, true));
	assert_true(tusk_filter_leaves_out(filter, "/a", 2, true));
	tusk_filter_free(filter);
}

static void empty_patterns_are_refused(void **state)
{
	(void)state;
	struct tusk_filter *filter = make(PATTERNS("x"));
	const char *const empty[] = {"", "/", "!", "!/", "//"};
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		struct tusk_err err = {0};
		assert_int_equal(tusk_filter_exclude(filter, empty[i], &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
	}
	tusk_filter_free(filter);
}

static void a_file_of_patterns_has_comments_and_blanks(void **state)
{
	(void)state;
	char path[64], name[128];
	struct tusk_filter *filter = make(PATTERNS("unused"));
	struct tusk_err err = {0};
	const char text[] = "# comment\n\n*.o  \t\r\n   \n!keep.o\n\\#x\nlast";
	tusk_test_directory(path);
	tusk_test_write(path, "list", text, strlen(text));
	snprintf(name, sizeof(name), "%s/list", path);
	tusk_test_ok(tusk_filter_exclude_file(filter, name, &err), &err);
	assert_true(tusk_filter_leaves_out(filter, "/a.o", 4, false));
	assert_false(tusk_filter_leaves_out(filter, "/keep.o", 7, false));
	assert_true(tusk_filter_leaves_out(filter, "/#x", 3, false));
	assert_true(tusk_filter_leaves_out(filter, "/last", 5, false));
	assert_false(tusk_filter_leaves_out(filter, "/comment", 8, false));
	tusk_test_write(path, "list", "a\0b", 3);
	assert_int_equal(tusk_filter_exclude_file(filter, name, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	snprintf(name, sizeof(name), "%s/none", path);
	tusk_err_clear(&err);
	assert_int_equal(tusk_filter_exclude_file(filter, name, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	tusk_filter_free(filter);
	tusk_test_remove(path);
}

static void tags_are_listed_with_their_headers(void **state)
{
	(void)state;
	struct tusk_filter *filter = make(PATTERNS("x"));
	struct tusk_err err = {0};
	const char *header;
	assert_null(tusk_filter_tag(filter, 0, &header));
	tusk_test_ok(tusk_filter_exclude_if_present(filter, ".nobackup", &err), &err);
	tusk_test_ok(tusk_filter_exclude_if_present(filter, "TAG:head:er", &err), &err);
	tusk_filter_exclude_caches(filter);
	assert_string_equal(tusk_filter_tag(filter, 0, &header), ".nobackup");
	assert_string_equal(header, "");
	assert_string_equal(tusk_filter_tag(filter, 1, &header), "TAG");
	assert_string_equal(header, "head:er");
	assert_string_equal(tusk_filter_tag(filter, 2, &header), "CACHEDIR.TAG");
	assert_null(tusk_filter_tag(filter, 3, &header));
	assert_int_equal(tusk_filter_exclude_if_present(filter, ":x", &err), -1);
	assert_int_equal(tusk_filter_exclude_if_present(filter, "a/b", &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	tusk_filter_free(filter);
}

/* ---- the same by definition: every star tries every length ---- */

static bool plain_match(const char *p, const char *t, const char *start, const char *text);

static bool plain_stars(const char *p, const char *t, const char *start, const char *text)
{
	size_t stars = strspn(p, "*");
	if (stars == 1) {
		for (;; t++) {
			if (plain_match(p + 1, t, start, text))
				return true;
			if (!*t || *t == '/')
				return false;
		}
	}
	bool component = (p == start || p[-1] == '/') && p[stars] == '/' && (t == text || t[-1] == '/');
	p += stars;
	if (component)
		p++;
	for (;; t++) {
		if ((!component || t == text || t[-1] == '/') && plain_match(p, t, start, text))
			return true;
		if (!*t)
			return false;
	}
}

static bool plain_match(const char *p, const char *t, const char *start, const char *text)
{
	if (*p == '*')
		return plain_stars(p, t, start, text);
	if (!*p || !*t)
		return !*p && !*t;
	if (*p == '?' ? *t == '/' : *p != *t)
		return false;
	return plain_match(p + 1, t + 1, start, text);
}

static void the_matcher_agrees_with_the_definition(void **state)
{
	(void)state;
	uint64_t x = 88172645463325252u;
	unsigned matched = 0;
	for (unsigned i = 0; i < 400000; i++) {
		char pattern[12] = {0}, text[12] = {0};
		for (size_t k = 0; k < 22; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (k < 11)
				pattern[k] = "ab/**/*?a\0\0"[(x >> 33) % 11];
			else
				text[k - 11] = "ab/a/b\0"[(x >> 33) % 7];
		}
		bool expected = plain_match(pattern, text, pattern, text);
		matched += expected;
		if (tusk_glob_match(pattern, strlen(pattern), text, strlen(text)) != expected)
			fail_msg("pattern \"%s\", text \"%s\": not %d", pattern, text, expected);
	}
	assert_in_range(matched, 1000, 399000);
}

static void a_hostile_pattern_takes_no_time(void **state)
{
	(void)state;
	char pattern[2001], text[4001];
	for (size_t i = 0; i < 2000; i += 4)
		memcpy(pattern + i, i % 8 ? "a**b" : "*a*b", 4);
	pattern[2000] = 0;
	memset(text, 'a', 4000);
	text[4000] = 0;
	assert_false(tusk_glob_match(pattern, 2000, text, 4000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pattern_without_a_slash_matches_a_name_at_any_depth),
	    cmocka_unit_test(a_pattern_that_begins_with_a_slash_matches_from_the_root),
	    cmocka_unit_test(a_pattern_with_a_slash_inside_matches_at_any_directory),
	    cmocka_unit_test(stars_stop_at_slashes_unless_they_are_two),
	    cmocka_unit_test(classes_match_one_byte),
	    cmocka_unit_test(a_backslash_takes_the_next_byte_literally),
	    cmocka_unit_test(a_slash_at_the_end_wants_a_directory),
	    cmocka_unit_test(the_last_pattern_that_matches_wins),
	    cmocka_unit_test(the_root_is_never_left_out),
	    cmocka_unit_test(empty_patterns_are_refused),
	    cmocka_unit_test(a_file_of_patterns_has_comments_and_blanks),
	    cmocka_unit_test(tags_are_listed_with_their_headers),
	    cmocka_unit_test(the_matcher_agrees_with_the_definition),
	    cmocka_unit_test(a_hostile_pattern_takes_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
