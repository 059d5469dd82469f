/* What changes on a node: replaced objects, the lock, digests, quarantine, sealed notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sealed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PACK   "packs/01/" DIGITS
#define LEASE  "leases/" DIGITS

struct place {
	char path[64], url[80];
	struct tusk_node *node;
	struct tusk_keys keys;
	struct tusk_err err;
};

static int make_place(void **state)
{
	static const uint8_t repository[16] = {1}, root[32] = {2};
	static struct place place;

	memset(&place, 0, sizeof(place));
	tusk_test_directory(place.path);
	snprintf(place.url, sizeof(place.url), "%s/node", place.path);
	tusk_test_ok(tusk_node_create(place.url, &place.node, &place.err), &place.err);
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_AES256_GCM, repository, root, &place.keys, &place.err), &place.err);
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	tusk_node_close(place->node);
	tusk_test_remove(place->path);
	return 0;
}

static void a_replaced_object_is_the_last_one(void **state)
{
	struct place *place = *state;
	TUSK_AUTO_BUF struct tusk_buf data = {0};

	for (int i = 0; i < 3; i++)
		tusk_test_ok(tusk_node_replace(place->node, LEASE, &i, sizeof(i), &place->err), &place->err);
	assert_int_equal(tusk_node_get(place->node, LEASE, 100, &data, &place->err), TUSK_NODE_FOUND);
	assert_int_equal(data.len, sizeof(int));
	assert_int_equal(*(int *)data.data, 2);
	tusk_test_ok(tusk_node_replace(place->node, "epoch", "1", 1, &place->err), &place->err);
	assert_int_equal(tusk_node_remove(place->node, LEASE, &place->err), 0);
	assert_int_equal(tusk_node_get(place->node, LEASE, 100, &data, &place->err), TUSK_NODE_ABSENT);
}

static void what_is_named_by_its_content_is_never_replaced(void **state)
{
	struct place *place = *state;

	assert_int_equal(tusk_node_replace(place->node, PACK, "p", 1, &place->err), -1);
	assert_int_equal(place->err.code, TUSK_E_USAGE);
}

static void the_lock_has_one_holder_and_ends_with_it(void **state)
{
	struct place *place = *state;
	struct tusk_node_lock *lock;
	int from_child[2], to_child[2], status;
	char byte;

	assert_int_equal(pipe(from_child) | pipe(to_child), 0);
	pid_t child = fork();
	if (child == 0) {
		bool held = tusk_node_lock(place->node, &lock, NULL) == TUSK_NODE_LOCKED;
		if (write(from_child[1], held ? "y" : "n", 1) != 1 || read(to_child[0], &byte, 1) != 1)
			_exit(1);
		_exit(0); /* without unlocking: the lock dies with its holder */
	}
	assert_int_equal(read(from_child[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(write(to_child[1], "x", 1), 1);
	assert_int_equal(tusk_node_lock(place->node, &lock, &place->err), TUSK_NODE_LOCKED);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tusk_node_unlock(lock);
	for (size_t i = 0; i < 2; i++) {
		close(from_child[i]);
		close(to_child[i]);
	}
}

static void a_digest_is_that_of_the_bytes(void **state)
{
	struct place *place = *state;
	uint8_t wanted[32], got[32];
	uint64_t size = 0;
	size_t len = (3u << 20) + 5;
	uint8_t *data = malloc(len);

	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 >> 3);
	tusk_sha256(data, len, wanted);
	tusk_test_ok(tusk_node_put(place->node, PACK, data, len, &place->err), &place->err);
	assert_int_equal(tusk_node_digest(place->node, PACK, got, &size, &place->err), TUSK_NODE_FOUND);
	assert_int_equal(size, len);
	assert_memory_equal(got, wanted, sizeof(wanted));
	assert_int_equal(tusk_node_digest(place->node, "toc/" DIGITS, got, &size, &place->err), TUSK_NODE_ABSENT);
	free(data);
}

static void quarantine_keeps_every_damaged_copy(void **state)
{
	struct place *place = *state;
	static const char *const kept[] = {"quarantine/packs_01_" DIGITS ".1", "quarantine/packs_01_" DIGITS ".2"};
	uint64_t size;

	for (size_t i = 0; i < 2; i++) {
		TUSK_AUTO_BUF struct tusk_buf data = {0};

		tusk_test_ok(tusk_node_put(place->node, PACK, i ? "second" : "first", i ? 6 : 5, &place->err),
			     &place->err);
		tusk_test_ok(tusk_node_quarantine(place->node, PACK, &place->err), &place->err);
		assert_int_equal(tusk_node_stat(place->node, PACK, &size, &place->err), TUSK_NODE_ABSENT);
		tusk_test_read(place->url, kept[i], &data);
		assert_int_equal(data.len, i ? 6 : 5);
	}
	tusk_test_ok(tusk_node_quarantine(place->node, PACK, &place->err), &place->err);
}

static void a_sealed_note_opens_with_its_scope_and_key_only(void **state)
{
	struct place *place = *state;
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	struct tusk_keys *keys = &place->keys;

	tusk_test_ok(tusk_sealed_make(keys, TUSK_SEALED_EPOCH, "epoch", "17", 2, &object, &place->err), &place->err);
	tusk_test_ok(
	    tusk_sealed_open(keys, TUSK_SEALED_EPOCH, "epoch", "epoch", object.data, object.len, &body, &place->err),
	    &place->err);
	assert_int_equal(body.len, 2);
	assert_memory_equal(body.data, "17", 2);
	assert_int_equal(
	    tusk_sealed_open(keys, TUSK_SEALED_EPOCH, "condemned", "x", object.data, object.len, &body, NULL), -1);
	assert_int_equal(tusk_sealed_open(keys, TUSK_SEALED_LEASE, "epoch", "x", object.data, object.len, &body, NULL),
			 -1);
	for (size_t i = 0; i < object.len; i++) {
		object.data[i] ^= 0x10;
		assert_int_equal(
		    tusk_sealed_open(keys, TUSK_SEALED_EPOCH, "epoch", "epoch", object.data, object.len, &body, NULL),
		    -1);
		object.data[i] ^= 0x10;
		assert_int_equal(
		    tusk_sealed_open(keys, TUSK_SEALED_EPOCH, "epoch", "epoch", object.data, i, &body, NULL), -1);
	}
}

static void a_note_is_found_by_its_hash(void **state)
{
	struct place *place = *state;
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	char name[100], text[TUSK_ID_TEXT_SIZE];
	struct tusk_id id;

	tusk_test_ok(tusk_sealed_put(place->node, &place->keys, TUSK_SEALED_MARK, "marks/", "pin", 3, &id, &place->err),
		     &place->err);
	tusk_id_text(&id, text);
	snprintf(name, sizeof(name), "marks/%s", text);
	assert_int_equal(
	    tusk_sealed_get(place->node, &place->keys, TUSK_SEALED_MARK, "marks/", name, &body, &place->err),
	    TUSK_NODE_FOUND);
	assert_memory_equal(body.data, "pin", 3);
	assert_int_equal(
	    tusk_sealed_get(place->node, &place->keys, TUSK_SEALED_MARK, "marks/", "marks/" DIGITS, &body, &place->err),
	    TUSK_NODE_ABSENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_replaced_object_is_the_last_one),
	    TEST(what_is_named_by_its_content_is_never_replaced),
	    TEST(the_lock_has_one_holder_and_ends_with_it),
	    TEST(a_digest_is_that_of_the_bytes),
	    TEST(quarantine_keeps_every_damaged_copy),
	    TEST(a_sealed_note_opens_with_its_scope_and_key_only),
	    TEST(a_note_is_found_by_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
