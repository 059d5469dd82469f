#include "errmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

static void every_error_has_an_errno(void **state)
{
	(void)state;
	assert_int_equal(tuskfs_errno(TUSK_OK), 0);
	for (int code = TUSK_OK + 1; code < TUSK_CODE_COUNT; code++)
		assert_int_not_equal(tuskfs_errno((enum tusk_code)code), 0);
}

static void every_error_has_an_exit_status(void **state)
{
	(void)state;
	assert_int_equal(tuskfs_exit_status(TUSK_OK, false), 0);
	assert_int_equal(tuskfs_exit_status(TUSK_OK, true), 0);
	for (int code = TUSK_OK + 1; code < TUSK_CODE_COUNT; code++) {
		assert_int_not_equal(tuskfs_exit_status((enum tusk_code)code, false), 0);
		int helper = tuskfs_exit_status((enum tusk_code)code, true);
		assert_true(helper == 1 || helper == 2 || helper == 32);
	}
}

/* ENOSYS would end all reading for ever; ENOENT would turn damage into absence. */
static void no_error_looks_like_absence_or_as_not_supported(void **state)
{
	(void)state;
	for (int code = 0; code < TUSK_CODE_COUNT; code++) {
		assert_int_not_equal(tuskfs_errno((enum tusk_code)code), ENOSYS);
		assert_int_not_equal(tuskfs_errno((enum tusk_code)code), ENOENT);
	}
}

static void damage_is_an_input_output_error_and_interruption_is_not(void **state)
{
	(void)state;
	assert_int_equal(tuskfs_errno(TUSK_E_CORRUPT), EIO);
	assert_int_equal(tuskfs_errno(TUSK_E_ABSENT), ESTALE);
	assert_int_equal(tuskfs_errno(TUSK_E_INTERRUPTED), EINTR);
}

static void the_documented_exit_statuses_hold(void **state)
{
	(void)state;
	assert_int_equal(tuskfs_exit_status(TUSK_E_USAGE, false), 2);
	assert_int_equal(tuskfs_exit_status(TUSK_E_NO_REPOSITORY, false), 10);
	assert_int_equal(tuskfs_exit_status(TUSK_E_PASSWORD, false), 12);
	assert_int_equal(tuskfs_exit_status(TUSK_E_MOUNT, false), 32);
	/* README.md: the same numbers as tusk, which becomes tuskfs to mount. */
	assert_int_equal(tuskfs_exit_status(TUSK_E_CORRUPT, false), 4);
	assert_int_equal(tuskfs_exit_status(TUSK_E_LOCKED, false), 11);
	assert_int_equal(tuskfs_exit_status(TUSK_E_FULL, false), 13);
	assert_int_equal(tuskfs_exit_status(TUSK_E_INTERRUPTED, false), 130);
	assert_int_equal(tuskfs_exit_status(TUSK_E_USAGE, true), 1);
	assert_int_equal(tuskfs_exit_status(TUSK_E_NOMEM, true), 2);
	assert_int_equal(tuskfs_exit_status(TUSK_E_NO_REPOSITORY, true), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_error_has_an_errno),
	    cmocka_unit_test(every_error_has_an_exit_status),
	    cmocka_unit_test(no_error_looks_like_absence_or_as_not_supported),
	    cmocka_unit_test(damage_is_an_input_output_error_and_interruption_is_not),
	    cmocka_unit_test(the_documented_exit_statuses_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
