#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tusk/buf.h"
#include "tusk/err.h"
#include "tusk/id.h"

#include <errno.h>
#include <string.h>

static void an_error_carries_code_errno_and_text(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	assert_int_equal(tusk_err_set(&err, TUSK_E_CORRUPT, EIO, "pack %d", 7), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(err.sys_errno, EIO);
	assert_string_equal(err.message, "pack 7: Input/output error");
}

static void an_unknown_errno_is_shown_as_a_number(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	tusk_err_set(&err, TUSK_E_IO, 9999, "read");
	assert_string_equal(err.message, "read: errno 9999");
}

static void only_io_errors_become_full(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	tusk_err_set(&err, TUSK_E_IO, ENOSPC, "write");
	assert_int_equal(err.code, TUSK_E_FULL);
	tusk_err_set(&err, TUSK_E_IO, EDQUOT, "write");
	assert_int_equal(err.code, TUSK_E_FULL);
	tusk_err_set(&err, TUSK_E_SOURCE, ENOSPC, "write");
	assert_int_equal(err.code, TUSK_E_SOURCE);
	tusk_err_set(&err, TUSK_E_IO, EIO, "write");
	assert_int_equal(err.code, TUSK_E_IO);
}

static void an_error_may_quote_its_own_message(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	tusk_err_set(&err, TUSK_E_ABSENT, 0, "no such thing");
	tusk_err_set(&err, TUSK_E_CORRUPT, 0, "again: %s", err.message);
	assert_string_equal(err.message, "again: no such thing");
}

static void a_prefix_keeps_the_class(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	tusk_err_set(&err, TUSK_E_CORRUPT, EIO, "cannot read");
	assert_int_equal(tusk_err_prefix(&err, "pack %s", "ab"), -1);
	assert_string_equal(err.message, "pack ab: cannot read: Input/output error");
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(err.sys_errno, EIO);
}

static void a_clear_error_takes_no_prefix(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	assert_int_equal(tusk_err_prefix(&err, "x"), -1);
	assert_string_equal(err.message, "");
	tusk_err_set(&err, TUSK_E_IO, 0, "x");
	tusk_err_clear(&err);
	assert_int_equal(err.code, TUSK_OK);
	assert_string_equal(err.message, "");
}

static void too_long_a_message_is_cut(void **state)
{
	struct tusk_err err = {0};
	char text[2 * TUSK_ERR_MESSAGE_SIZE];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	tusk_err_set(&err, TUSK_E_IO, EIO, "%s", text);
	assert_int_equal(strlen(err.message), TUSK_ERR_MESSAGE_SIZE - 1);
	tusk_err_prefix(&err, "b");
	assert_int_equal(strlen(err.message), TUSK_ERR_MESSAGE_SIZE - 1);
	assert_memory_equal(err.message, "b: aaa", 6);
	tusk_err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.message), TUSK_ERR_MESSAGE_SIZE - 1);
}

static void an_empty_message_names_the_class(void **state)
{
	struct tusk_err err = {0};

	(void)state;
	tusk_err_set(&err, TUSK_E_NOMEM, 0, "%s", "");
	assert_string_equal(err.message, "no-memory");
	tusk_err_set(&err, TUSK_E_IO, EIO, "%s", "");
	assert_string_equal(err.message, "Input/output error");
}

static void nobody_has_to_want_the_error(void **state)
{
	(void)state;
	assert_int_equal(tusk_err_set(NULL, TUSK_E_IO, EIO, "x"), -1);
	assert_int_equal(tusk_err_prefix(NULL, "x"), -1);
	tusk_err_clear(NULL);
}

static void every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = TUSK_OK; a < TUSK_CODE_COUNT; a++) {
		assert_non_null(tusk_code_name((enum tusk_code)a));
		for (int b = TUSK_OK; b < a; b++)
			assert_string_not_equal(tusk_code_name((enum tusk_code)a), tusk_code_name((enum tusk_code)b));
	}
	assert_string_equal(tusk_code_name(TUSK_E_NO_REPOSITORY), "no-repository");
	assert_string_equal(tusk_code_name((enum tusk_code)99), "internal");
}

static void a_buffer_grows_by_doubling(void **state)
{
	struct tusk_buf buf = {0};
	size_t growths = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		size_t before = buf.capacity;
		uint8_t byte = (uint8_t)i;

		assert_int_equal(tusk_buf_append(&buf, &byte, 1), 0);
		growths += buf.capacity != before;
		assert_true(buf.len <= buf.capacity);
	}
	assert_true(growths < 15);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], (uint8_t)i);
	tusk_buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len + buf.capacity, 0);
}

static void an_impossible_reservation_changes_nothing(void **state)
{
	struct tusk_buf buf = {0};

	(void)state;
	assert_int_equal(tusk_buf_append(&buf, "abc", 3), 0);
	assert_int_equal(tusk_buf_reserve(&buf, SIZE_MAX), -1);
	assert_int_equal(tusk_buf_reserve(&buf, SIZE_MAX - 3), -1);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "abc", 3);
	tusk_buf_wipe(&buf);
	assert_null(buf.data);
}

static void nothing_may_be_appended_from_nowhere(void **state)
{
	struct tusk_buf buf = {0};

	(void)state;
	assert_int_equal(tusk_buf_append(&buf, NULL, 0), 0);
	assert_null(buf.data);
	tusk_buf_wipe(&buf);
	tusk_buf_release(&buf);
}

static void hex_text_goes_both_ways(void **state)
{
	const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t back[4] = {1, 1, 1, 1};
	char text[9];

	(void)state;
	tusk_hex_encode(bytes, sizeof(bytes), text);
	assert_string_equal(text, "009fa0ff");
	assert_int_equal(tusk_hex_decode(text, 8, back, 4), 0);
	assert_memory_equal(back, bytes, 4);
	assert_int_equal(tusk_hex_decode("009FA0fF", 8, back, 4), 0);
	assert_memory_equal(back, bytes, 4);
}

static void hex_text_of_another_length_or_alphabet_is_refused(void **state)
{
	static const char *const bad[] = {"0011223",  "001122334", "0011223g", "00112 33",
					  "0x112233", "001122/:",  "00@`aabb"};
	uint8_t back[4] = {9, 9, 9, 9};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tusk_hex_decode(bad[i], strlen(bad[i]), back, 4), -1);
	assert_int_equal(tusk_hex_decode("001122", 6, back, 4), -1);
	assert_memory_equal(back, "\x09\x09\x09\x09", 4);
}

static void ids_compare_as_unsigned_bytes(void **state)
{
	struct tusk_id a = {{0}}, b = {{0}};
	char text[TUSK_ID_TEXT_SIZE];

	(void)state;
	assert_true(tusk_id_is_zero(&a));
	assert_true(tusk_id_equal(&a, &b));
	b.bytes[31] = 1;
	assert_false(tusk_id_is_zero(&b));
	assert_false(tusk_id_equal(&a, &b));
	assert_true(tusk_id_compare(&a, &b) < 0);
	a.bytes[0] = 0x80;
	b.bytes[0] = 0x7f;
	assert_true(tusk_id_compare(&a, &b) > 0);
	tusk_id_text(&a, text);
	assert_string_equal(text, "8000000000000000000000000000000000000000000000000000000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_error_carries_code_errno_and_text),
	    cmocka_unit_test(an_unknown_errno_is_shown_as_a_number),
	    cmocka_unit_test(only_io_errors_become_full),
	    cmocka_unit_test(an_error_may_quote_its_own_message),
	    cmocka_unit_test(a_prefix_keeps_the_class),
	    cmocka_unit_test(a_clear_error_takes_no_prefix),
	    cmocka_unit_test(too_long_a_message_is_cut),
	    cmocka_unit_test(an_empty_message_names_the_class),
	    cmocka_unit_test(nobody_has_to_want_the_error),
	    cmocka_unit_test(every_code_has_a_name_of_its_own),
	    cmocka_unit_test(a_buffer_grows_by_doubling),
	    cmocka_unit_test(an_impossible_reservation_changes_nothing),
	    cmocka_unit_test(nothing_may_be_appended_from_nowhere),
	    cmocka_unit_test(hex_text_goes_both_ways),
	    cmocka_unit_test(hex_text_of_another_length_or_alphabet_is_refused),
	    cmocka_unit_test(ids_compare_as_unsigned_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
