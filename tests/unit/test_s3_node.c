/* The contract of node.h over a real service: tests/cli/s3_node.sh starts one and names the place in TUSK_TEST_S3. */
#include "fixture.h"
#include "node.h"
#include "tusk/hash.h"
#include "tusk/id.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define SNAPSHOT "snapshots/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEASE    "leases/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RACERS   8

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

static char url[300];
static unsigned many = 1105; /* more than a page */
static struct tusk_err err;

static struct tusk_node *open_node(void)
{
	struct tusk_node *node = NULL;

	tusk_test_ok(tusk_node_open(url, &node, &err), &err);
	return node;
}

static void expect_content(struct tusk_node *node, const char *name, const char *text)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	assert_int_equal(tusk_node_get(node, name, 100, &data, &err), TUSK_NODE_FOUND);
	assert_int_equal(data.len, strlen(text));
	assert_memory_equal(data.data, text, data.len);
}

static void a_place_is_made_once_and_only_where_nothing_is(void **state)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL, *second = NULL;

	(void)state;
	tusk_test_ok(tusk_node_create(url, &node, &err), &err);
	tusk_test_ok(tusk_node_put(node, "tusk.repository", "hello", 5, &err), &err);
	assert_int_equal(tusk_node_create(url, &second, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	tusk_err_clear(&err);
	/* The same again is an answer that got lost; something else is somebody else's. */
	tusk_test_ok(tusk_node_put(node, "tusk.repository", "hello", 5, &err), &err);
	assert_int_equal(tusk_node_put(node, "tusk.repository", "other", 5, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	tusk_err_clear(&err);
	expect_content(node, "tusk.repository", "hello");
}

static void what_is_absent_is_absent(void **state)
{
	struct tusk_node *node TUSK_AUTO_NODE = open_node();
	struct tusk_object *object = NULL;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	uint8_t hash[32];
	uint64_t size;

	(void)state;
	assert_int_equal(tusk_node_get(node, SNAPSHOT, 10, &data, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_node_stat(node, SNAPSHOT, &size, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_object_open(node, SNAPSHOT, &object, &err), TUSK_NODE_ABSENT);
	assert_int_equal(tusk_node_digest(node, SNAPSHOT, hash, &size, &err), TUSK_NODE_ABSENT);
	tusk_test_ok(tusk_node_remove(node, SNAPSHOT, &err), &err);
	tusk_test_ok(tusk_node_quarantine(node, SNAPSHOT, &err), &err);
}

static void small_objects_are_replaced_where_that_is_allowed(void **state)
{
	struct tusk_node *node TUSK_AUTO_NODE = open_node();
	struct tusk_node_lock *lock = NULL;

	(void)state;
	tusk_test_ok(tusk_node_replace(node, "epoch", "1", 1, &err), &err);
	tusk_test_ok(tusk_node_replace(node, "epoch", "22", 2, &err), &err);
	expect_content(node, "epoch", "22");
	tusk_test_ok(tusk_node_replace(node, LEASE, "", 0, &err), &err);
	expect_content(node, LEASE, "");
	assert_int_equal(tusk_node_replace(node, SNAPSHOT, "x", 1, &err), -1);
	tusk_err_clear(&err);
	assert_int_equal(tusk_node_lock(node, &lock, &err), TUSK_NODE_NO_LOCKS);
}

/* 5 MiB of a known pattern as a pack; its name. */
static void put_pack(struct tusk_node *node, char ret_name[80], uint8_t *data, size_t len)
{
	struct tusk_upload *upload = NULL;
	uint8_t hash[32];
	char digits[65];

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	tusk_sha256(data, len, hash);
	tusk_hex_encode(hash, 32, digits);
	snprintf(ret_name, 80, "packs/%.2s/%s", digits, digits);
	tusk_test_ok(tusk_upload_begin(node, &upload, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, data, len / 3, &err), &err);
	tusk_test_ok(tusk_upload_write(upload, data + len / 3, len - len / 3, &err), &err);
	tusk_test_ok(tusk_upload_commit(upload, ret_name, &err), &err);
}

static void a_pack_is_read_in_ranges_and_hashed(void **state)
{
	static const struct {
		uint64_t offset;
		size_t len;
	} ranges[] = {{0, 80}, {0, 5000}, {4000, 200}, {4096, 1}, {1000000, 2000000}, {(5 << 20) - 7, 7}, {5 << 20, 0}};
	struct tusk_node *node TUSK_AUTO_NODE = open_node();
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	size_t len = 5 << 20;
	uint8_t *data TUSK_AUTO_FREE = malloc(len), *got TUSK_AUTO_FREE = malloc(len), hash[32];
	char name[80], digits[65];
	uint64_t size = 0;

	(void)state;
	put_pack(node, name, data, len);
	assert_int_equal(tusk_object_open(node, name, &object, &err), TUSK_NODE_FOUND);
	assert_true(tusk_object_size(object) == len);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		tusk_test_ok(tusk_object_pread(object, got, ranges[i].len, ranges[i].offset, &err), &err);
		assert_memory_equal(got, data + ranges[i].offset, ranges[i].len);
	}
	assert_int_equal(tusk_object_pread(object, got, 8, len - 7, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	tusk_err_clear(&err);
	assert_int_equal(tusk_node_digest(node, name, hash, &size, &err), TUSK_NODE_FOUND);
	tusk_hex_encode(hash, 32, digits);
	assert_string_equal(digits, strrchr(name, '/') + 1);
	assert_true(size == len);
}

static void what_is_put_aside_is_gone_from_its_place(void **state)
{
	struct tusk_node *node TUSK_AUTO_NODE = open_node();
	uint64_t size;

	(void)state;
	for (int i = 0; i < 2; i++) {
		tusk_test_ok(tusk_node_put(node, SNAPSHOT, "bad", 3, &err), &err);
		tusk_test_ok(tusk_node_quarantine(node, SNAPSHOT, &err), &err);
		assert_int_equal(tusk_node_stat(node, SNAPSHOT, &size, &err), TUSK_NODE_ABSENT);
	}
}

static int count(void *context, const char *name, uint64_t size, struct tusk_err *why)
{
	unsigned *counts = context;

	(void)why;
	assert_int_equal(strncmp(name, "marks/", 6), 0);
	assert_true(size == 1);
	return ++counts[0] == counts[1] ? 5 : 0;
}

struct racer {
	pthread_t thread;
	struct tusk_node *node;
	unsigned number;
	int failures;
};

static void *put_many(void *context)
{
	struct racer *racer = context;
	char name[80];

	for (unsigned i = racer->number; i < many; i += RACERS) {
		snprintf(name, sizeof(name), "marks/%064x", i);
		racer->failures += tusk_node_put(racer->node, name, "x", 1, NULL) < 0;
	}
	return NULL;
}

/* Threads share the node; the listing has two pages; the generation sees what changes. */
static void a_listing_has_everything_whatever_its_pages(void **state)
{
	struct tusk_node *node TUSK_AUTO_NODE = open_node();
	struct racer racers[RACERS];
	uint64_t before, after;
	unsigned counts[2] = {0, 0};

	(void)state;
	tusk_test_ok(tusk_node_generation(node, "marks/", &before, &err), &err);
	for (unsigned i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){.node = node, .number = i};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, put_many, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].failures, 0);
	}
	tusk_test_ok(tusk_node_list(node, "marks/", count, counts, &err), &err);
	assert_int_equal(counts[0], many);
	counts[0] = 0;
	counts[1] = 3;
	assert_int_equal(tusk_node_list(node, "marks/", count, counts, &err), 5);
	tusk_test_ok(tusk_node_generation(node, "marks/", &after, &err), &err);
	assert_true(before != after);
}

static void two_who_make_the_same_repository_do_not_both_succeed(void **state)
{
	struct tusk_node *first TUSK_AUTO_NODE = NULL, *second TUSK_AUTO_NODE = NULL;
	char other[sizeof(url) + 8];

	(void)state;
	snprintf(other, sizeof(other), "%s-other", url);
	tusk_test_ok(tusk_node_create(other, &first, &err), &err);
	tusk_test_ok(tusk_node_create(other, &second, &err), &err);
	tusk_test_ok(tusk_node_put(first, "tusk.repository", "first", 5, &err), &err);
	assert_int_equal(tusk_node_put(second, "tusk.repository", "second", 6, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	tusk_err_clear(&err);
	expect_content(second, "tusk.repository", "first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_place_is_made_once_and_only_where_nothing_is),
	    cmocka_unit_test(what_is_absent_is_absent),
	    cmocka_unit_test(small_objects_are_replaced_where_that_is_allowed),
	    cmocka_unit_test(a_pack_is_read_in_ranges_and_hashed),
	    cmocka_unit_test(what_is_put_aside_is_gone_from_its_place),
	    cmocka_unit_test(a_listing_has_everything_whatever_its_pages),
	    cmocka_unit_test(two_who_make_the_same_repository_do_not_both_succeed),
	};
	const char *place = getenv("TUSK_TEST_S3");

	if (!place) {
		puts("SKIP: no service: tests/cli/s3_node.sh starts one");
		return 77;
	}
	snprintf(url, sizeof(url), "%s", place);
	if (getenv("TUSK_TEST_LIGHT"))
		many = 50;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
