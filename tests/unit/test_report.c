/* Errors for people and programs, exit statuses, JSON lines. */
#include "json.h"
#include "mounts.h"
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What action prints with a report. */
static char *printed(bool as_json, const struct tusk_err *err, const char *const *hints, int *ret_status)
{
	char *text;
	size_t size;
	FILE *log = open_memstream(&text, &size);
	struct tusk_report report = {.log = log, .json = as_json};
	*ret_status = tusk_report_error(&report, err, hints);
	fclose(log);
	return text;
}

static void an_error_is_one_line_and_its_hints(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	int status;
	tusk_err_set(&err, TUSK_E_NO_REPOSITORY, 0, "cannot open repository /srv: there is no repository here");
	const char *hints[TUSK_HINTS_MAX] = {NULL, "create one with   tusk init /srv"};
	char *text = printed(false, &err, hints, &status);
	assert_string_equal(text, "tusk: cannot open repository /srv: there is no repository here\n"
				  "  hint: create one with   tusk init /srv\n");
	assert_int_equal(status, 10);
	free(text);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	int status;
	tusk_err_set(&err, TUSK_E_IO, EACCES, "cannot open /a\033[2J\n\x7f");
	char *text = printed(false, &err, NULL, &status);
	assert_string_equal(text, "tusk: cannot open /a?[2J??: Permission denied\n");
	free(text);
}

static void a_json_error_has_code_and_exit(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	int status;
	tusk_err_set(&err, TUSK_E_NO_REPOSITORY, 0, "nothing in \"\xff\"");
	const char *hints[TUSK_HINTS_MAX] = {"one", "two"};
	char *text = printed(true, &err, hints, &status);
	assert_string_equal(text,
			    "{\"v\":1,\"type\":\"error\",\"code\":\"no-repository\",\"exit\":10,"
			    "\"message\":\"nothing in \\\"\xef\xbf\xbd\\\"\",\"message_b64\":\"bm90aGluZyBpbiAi/yI=\","
			    "\"hints\":[\"one\",\"two\"]}\n");
	assert_int_equal(status, 10);
	free(text);
}

static void every_code_has_its_exit_status(void **state)
{
	(void)state;
	static const struct {
		enum tusk_code code;
		int status;
	} rows[] = {
	    {TUSK_OK, 0},        {TUSK_E_USAGE, 2},         {TUSK_E_NO_REPOSITORY, 10},
	    {TUSK_E_VERSION, 1}, {TUSK_E_PASSWORD, 12},     {TUSK_E_LOCKED, 11},
	    {TUSK_E_CORRUPT, 4}, {TUSK_E_ABSENT, 1},        {TUSK_E_EXISTS, 1},
	    {TUSK_E_FULL, 13},   {TUSK_E_NODE, 14},         {TUSK_E_IO, 1},
	    {TUSK_E_NOMEM, 1},   {TUSK_E_LIMIT, 1},         {TUSK_E_SOURCE, 1},
	    {TUSK_E_MOUNT, 32},  {TUSK_E_INTERRUPTED, 130}, {TUSK_E_INTERNAL, 1},
	};
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), TUSK_CODE_COUNT);
	for (size_t i = 0; i < TUSK_CODE_COUNT; i++) {
		assert_int_equal(rows[i].code, i);
		assert_int_equal(tusk_exit_status(rows[i].code), rows[i].status);
	}
	assert_int_equal(tusk_exit_status(TUSK_CODE_COUNT), 1);
}

static void bytes_that_are_no_text_are_kept_exactly(void **state)
{
	(void)state;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	char a[] = "gr\xc3\xbcn", b[] = "\xff\xfe";
	char *items[] = {a, b};
	struct tusk_strings strings = {.items = items, .count = 2};
	struct tusk_json *line = tusk_json_new("test");
	tusk_json_text(line, "path",
		       "/a\xff"
		       "b\n");
	tusk_json_text(line, "good", a);
	tusk_json_strings(line, "list", &strings);
	tusk_json_count(line, "large", UINT64_MAX);
	tusk_json_time(line, "time", (struct timespec){.tv_sec = 1795356442, .tv_nsec = 5});
	assert_int_equal(tusk_json_print(line, out), 0);
	fclose(out);
	assert_string_equal(text, "{\"v\":1,\"type\":\"test\",\"path\":\"/a\xef\xbf\xbd"
				  "b\\n\",\"path_b64\":\"L2H/Ygo=\","
				  "\"good\":\"gr\xc3\xbcn\",\"list\":[\"gr\xc3\xbcn\",\"\xef\xbf\xbd\xef\xbf\xbd\"],"
				  "\"list_b64\":[\"Z3LDvG4=\",\"//4=\"],\"large\":9223372036854775807,"
				  "\"time\":\"2026-11-22T14:07:22.000000005Z\"}\n");
	free(text);
	assert_int_equal(tusk_json_print(NULL, stderr), -1);
}

static void the_mount_table_is_unescaped(void **state)
{
	(void)state;
	char text[] = "/mnt/a\\040b\\134c\\9";
	tusk_mounts_unescape(text);
	assert_string_equal(text, "/mnt/a b\\c\\9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_error_is_one_line_and_its_hints),
	    cmocka_unit_test(control_characters_do_not_reach_the_terminal),
	    cmocka_unit_test(a_json_error_has_code_and_exit),
	    cmocka_unit_test(every_code_has_its_exit_status),
	    cmocka_unit_test(bytes_that_are_no_text_are_kept_exactly),
	    cmocka_unit_test(the_mount_table_is_unescaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
