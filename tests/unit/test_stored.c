/* The table of what is stored. */
#include "crypto.h"
#include "stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 20000u

/* As evenly spread as real ids. */
static struct tusk_id make_id(uint32_t i)
{
	struct tusk_id id;
	tusk_sha256((const uint8_t *)&i, sizeof(i), id.bytes);
	return id;
}

static void the_table_finds_every_id_and_no_other(void **state)
{
	struct tusk_stored stored = {0};
	size_t count;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		struct tusk_id id = make_id(i);
		for (uint32_t j = 0; j <= i % 3; j++)
			assert_int_equal(tusk_stored_add(&stored, &id, 10 * i + j, NULL), 0);
	}
	tusk_stored_sort(&stored);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t sum = 0;
		struct tusk_id id = make_id(i);
		const struct tusk_stored_item *items = tusk_stored_find(&stored, &id, &count);
		assert_int_equal(count, i % 3 + 1);
		for (size_t j = 0; j < count; j++)
			sum += items[j].pack - 10 * i;
		assert_int_equal(sum, i % 3 == 2 ? 3 : i % 3);
		id.bytes[5] ^= 1;
		assert_null(tusk_stored_find(&stored, &id, &count));
		assert_int_equal(count, 0);
	}
	tusk_stored_release(&stored);
}

static void an_empty_table_finds_nothing(void **state)
{
	struct tusk_stored stored = {0};
	struct tusk_id id = make_id(0);
	size_t count = 1;

	(void)state;
	tusk_stored_sort(&stored);
	assert_null(tusk_stored_find(&stored, &id, &count));
	assert_int_equal(count, 0);
	tusk_stored_release(&stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_finds_every_id_and_no_other),
	    cmocka_unit_test(an_empty_table_finds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
