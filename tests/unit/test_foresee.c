/* What was foreseen is never older than it may be (node.h, tusk_node_foresee). Run over a real S3 service and over ssh
 * by cli/s3_node and cli/ssh_pipe, which name a place that is not there yet in TUSK_TEST_NODE. */
#include "fixture.h"
#include "node.h"
#include "tusk/hash.h"
#include "tusk/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static const char *url;
static struct tusk_err err;
/* One that foresees, and another client that changes things meanwhile. */
static struct tusk_node *node, *other;

static void expect(const char *name, const char *text)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found = tusk_node_get(node, name, 100, &data, &err);

	if (!text) {
		assert_int_equal(found, TUSK_NODE_ABSENT);
		return;
	}
	assert_int_equal(found, TUSK_NODE_FOUND);
	assert_int_equal(data.len, strlen(text));
	assert_memory_equal(data.data, text, data.len);
}

static void set(struct tusk_node *by, const char *name, const char *text)
{
	tusk_test_ok(tusk_node_replace(by, name, text, strlen(text), &err), &err);
}

/* Named by its content, as the far side of ssh wants it. */
static void put_mark(struct tusk_node *by, char which)
{
	const char mark[4] = {'m', 'r', 'k', which};
	char name[80] = "marks/";
	uint8_t hash[32];

	tusk_sha256(mark, sizeof(mark), hash);
	tusk_hex_encode(hash, sizeof(hash), name + strlen(name));
	tusk_test_ok(tusk_node_put(by, name, mark, sizeof(mark), &err), &err);
}

static int count(void *context, const char *name, uint64_t size, struct tusk_err *why)
{
	(void)why;
	assert_int_equal(strncmp(name, "marks/", strlen("marks/")), 0);
	assert_int_equal(size, 4);
	++*(int *)context;
	return 0;
}

static void expect_marks(int wanted)
{
	int got = 0;

	tusk_test_ok(tusk_node_list(node, "marks/", count, &got, &err), &err);
	assert_int_equal(got, wanted);
}

static void answers_are_those_of_the_node_and_used_once(void **state)
{
	static const char *const names[] = {"epoch", "condemned", "marks/"};

	(void)state;
	set(other, "epoch", "1");
	put_mark(other, '1');
	tusk_node_foresee(node, names, 3);
	expect("epoch", "1");
	expect("condemned", NULL);
	expect_marks(1);
	set(other, "epoch", "22");
	set(other, "condemned", "x");
	put_mark(other, '2');
	expect("epoch", "22");
	expect("condemned", "x");
	expect_marks(2);
}

static void what_we_change_ourselves_is_seen(void **state)
{
	static const char *const names[] = {"epoch", "marks/", "condemned"};

	(void)state;
	tusk_node_foresee(node, names, 3);
	set(node, "epoch", "333");
	put_mark(node, '3');
	tusk_test_ok(tusk_node_remove(node, "condemned", &err), &err);
	expect("epoch", "333");
	expect_marks(3);
	expect("condemned", NULL);
}

static void what_was_dropped_is_asked_anew(void **state)
{
	static const char *const names[] = {"epoch", NULL, "marks/"};

	(void)state;
	tusk_node_foresee(node, names, 3);
	set(other, "epoch", "4444");
	put_mark(other, '4');
	tusk_node_foreseen_drop(node);
	expect("epoch", "4444");
	expect_marks(4);
}

/* Its answer may be older than the one that replaces the first: epoch and condemned packs would be in the wrong order.
 */
static void a_wave_is_void_with_the_one_before_it(void **state)
{
	static const char *const names[] = {"epoch", NULL, "condemned"};

	(void)state;
	for (int i = 0; i < 20; i++) {
		char text[16];

		snprintf(text, sizeof(text), "c%d", i);
		tusk_node_foresee(node, names, 3);
		set(other, "condemned", text);
		set(node, "epoch", text);
		expect("condemned", text);
		expect("epoch", text);
	}
}

static void a_wave_comes_after_the_one_before_it(void **state)
{
	static const char *const names[] = {"epoch", NULL, "condemned"};

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct tusk_buf epoch TUSK_AUTO_BUF = {0}, condemned TUSK_AUTO_BUF = {0};
		char text[2] = {(char)('a' + i), 0};

		tusk_node_foresee(node, names, 3);
		/* As prune does it. */
		set(other, "condemned", text);
		set(other, "epoch", text);
		assert_int_equal(tusk_node_get(node, "epoch", 100, &epoch, &err), TUSK_NODE_FOUND);
		assert_int_equal(tusk_node_get(node, "condemned", 100, &condemned, &err), TUSK_NODE_FOUND);
		if (epoch.data[0] == text[0])
			assert_int_equal(condemned.data[0], text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_are_those_of_the_node_and_used_once),
	    cmocka_unit_test(what_we_change_ourselves_is_seen),
	    cmocka_unit_test(what_was_dropped_is_asked_anew),
	    cmocka_unit_test(a_wave_is_void_with_the_one_before_it),
	    cmocka_unit_test(a_wave_comes_after_the_one_before_it),
	};
	int failed;

	url = getenv("TUSK_TEST_NODE");
	if (!url) {
		puts("SKIP: no place: tests/cli/s3_node.sh and tests/cli/ssh_pipe.sh name one");
		return 77;
	}
	tusk_test_ok(tusk_node_create(url, &node, &err), &err);
	tusk_test_ok(tusk_node_put(node, "tusk.repository", "hello", 5, &err), &err);
	tusk_test_ok(tusk_node_open(url, &other, &err), &err);
	failed = cmocka_run_group_tests_name("foresee", tests, NULL, NULL);
	tusk_node_close(node);
	tusk_node_close(other);
	return failed;
}
