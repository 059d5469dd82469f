#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tusk/library.h"

#include <math.h>
#include <string.h>

#define FUNCTIONS(X) X(cos) X(ldexp)

struct functions {
	FUNCTIONS(TUSK_LIBRARY_POINTER)
};
static const char *const names[] = {FUNCTIONS(TUSK_LIBRARY_NAME)};

static void functions_of_a_loaded_library_can_be_called(void **state)
{
	struct tusk_err err = {0};
	struct functions lib = {0};
	(void)state;

	assert_int_equal(tusk_library_load("libm.so.6", names, 2, &lib, &err), 0);
	assert_true(lib.cos(0) == 1.0);
	assert_true(lib.ldexp(3, 4) == 48.0);
}

static void a_library_that_is_not_there_is_named(void **state)
{
	struct tusk_err err = {0};
	struct functions lib = {0};
	(void)state;

	assert_int_equal(tusk_library_load("libnosuch.so.9", names, 2, &lib, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	assert_non_null(strstr(err.message, "libnosuch.so.9"));
}

static void a_function_that_is_not_there_is_named(void **state)
{
	static const char *const missing[] = {"cos", "no_such_function"};
	struct tusk_err err = {0};
	struct functions lib = {0};
	(void)state;

	assert_int_equal(tusk_library_load("libm.so.6", missing, 2, &lib, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	assert_string_equal(err.message, "libm.so.6 has no function no_such_function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(functions_of_a_loaded_library_can_be_called),
	    cmocka_unit_test(a_library_that_is_not_there_is_named),
	    cmocka_unit_test(a_function_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
