/* The body of a ledger note. */
#include "ledger.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct tusk_buf body;

static int empty(void **state)
{
	(void)state;
	tusk_buf_release(&body);
	return 0;
}

static void put_head(const char *member, uint64_t count)
{
	assert_int_equal(tusk_put_bytes(&body, member, strlen(member)), 0);
	assert_int_equal(tusk_put_varint(&body, count), 0);
}

static void put_proof(uint8_t first, uint64_t time_ms, bool is_bad)
{
	struct tusk_id id = {{first}};
	assert_int_equal(tusk_put_raw(&body, id.bytes, TUSK_ID_SIZE), 0);
	assert_int_equal(tusk_put_varint(&body, time_ms << 1 | is_bad), 0);
}

static int decode(struct tusk_ledger *ledger, const char **member, size_t *len)
{
	struct tusk_err err = {0};
	int status = tusk_ledger_decode(body.data, body.len, member, len, ledger, &err);
	assert_int_equal(err.code, status == 0 ? TUSK_OK : TUSK_E_CORRUPT);
	return status;
}

static void refused(void)
{
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	const char *member = "untouched";
	size_t len = 99;
	assert_int_equal(decode(&ledger, &member, &len), -1);
	assert_int_equal(ledger.count, 0);
	assert_string_equal(member, "untouched");
	assert_int_equal(len, 99);
}

static void a_note_is_what_the_format_says(void **state)
{
	(void)state;
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	const char *member;
	size_t len;
	put_head("nas", 2);
	put_proof(1, 1700000000000, false);
	put_proof(2, 1700000000001, true);
	assert_int_equal(decode(&ledger, &member, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(member, "nas", 3);
	assert_int_equal(ledger.count, 2);
	assert_int_equal(ledger.proofs[0].time_ms, 1700000000000);
	assert_true(ledger.proofs[1].is_bad);
	tusk_ledger_merge(&ledger, NULL, NULL);
	assert_true(tusk_ledger_find(&ledger, &(struct tusk_id){{2}})->is_bad);
	assert_null(tusk_ledger_find(&ledger, &(struct tusk_id){{3}}));
}

static void every_truncation_and_addition_is_refused(void **state)
{
	(void)state;
	put_head("", 2);
	put_proof(1, 5, false);
	put_proof(2, 5, false);
	size_t whole = body.len;
	for (body.len = 0; body.len < whole; body.len++)
		refused();
	assert_int_equal(tusk_put_u8(&body, 0), 0);
	refused();
}

static void a_count_that_lies_is_refused_before_memory_is_taken(void **state)
{
	(void)state;
	put_head("", UINT64_MAX);
	put_proof(1, 5, false);
	refused();
	empty(NULL);
	put_head("", TUSK_LEDGER_NOTE_MAX + 1);
	refused();
}

static void order_is_required(void **state)
{
	(void)state;
	put_head("", 2);
	put_proof(2, 5, false);
	put_proof(1, 5, false);
	refused();
	empty(NULL);
	put_head("", 2);
	put_proof(2, 5, false);
	put_proof(2, 6, false);
	refused();
}

static void a_long_name_is_refused(void **state)
{
	(void)state;
	char name[TUSK_LEDGER_NAME_MAX + 2];
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	put_head(name, 0);
	refused();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, NULL, empty)
	    LEDGER_TEST(a_note_is_what_the_format_says),
	    LEDGER_TEST(every_truncation_and_addition_is_refused),
	    LEDGER_TEST(a_count_that_lies_is_refused_before_memory_is_taken),
	    LEDGER_TEST(order_is_required),
	    LEDGER_TEST(a_long_name_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
