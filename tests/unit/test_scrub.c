/* A node looked through without a key. */
#include "scrub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "check_fixture.h"
#include "sealed.h"

static struct tusk_scrub_result seen;
static struct {
	char name[80], what[200];
	enum tusk_scrub_state state;
} bad[16];
static size_t bad_count;
static const char *only; /* a beginning of names; NULL: all */

static int on_object(void *context, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	(void)context;
	(void)err;
	assert_true((object->state == TUSK_SCRUB_INTACT) == !object->what);
	if (object->state == TUSK_SCRUB_INTACT)
		return 0;
	assert_true(bad_count < sizeof(bad) / sizeof(bad[0]));
	snprintf(bad[bad_count].name, sizeof(bad[0].name), "%s", object->name);
	snprintf(bad[bad_count].what, sizeof(bad[0].what), "%s", object->what);
	bad[bad_count++].state = object->state;
	return 0;
}

static bool wants(void *context, const char *name, uint64_t size)
{
	(void)context;
	(void)size;
	return !only || strncmp(name, only, strlen(only)) == 0;
}

static void scrub(void)
{
	struct tusk_scrub_options options = {.wants = wants, .on_object = on_object};
	struct tusk_err err = {0};
	bad_count = 0;
	handmade_seal(&made);
	tusk_test_ok(tusk_scrub_run(made.repository->node, &options, &seen, &err), &err);
}

static void assert_bad(const char *name, enum tusk_scrub_state state)
{
	assert_int_equal(bad_count, 1);
	assert_string_equal(bad[0].name, name);
	assert_int_equal(bad[0].state, state);
	assert_int_equal(seen.damaged, state == TUSK_SCRUB_DAMAGED);
	assert_int_equal(seen.missing, state == TUSK_SCRUB_MISSING);
}

static int open_all(void **state)
{
	only = NULL;
	return open_made(state);
}

static void an_intact_node_is_read_completely(void **state)
{
	(void)state;
	scrub();
	assert_int_equal(bad_count, 0);
	assert_int_equal(seen.packs, 4);
	assert_int_equal(seen.objects, 1 + 1 + 2 + 4 + 4); /* parameters, key, manifests, tocs, packs */
	assert_true(seen.bytes > 118 * PIECE);
}

/* The first object below a folder. */
static int first_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	(void)err;
	snprintf(context, 100, "%s", name);
	return 1;
}

static void a_flipped_byte_is_found_in_every_kind_of_object(void **state)
{
	(void)state;
	static const char *const folders[] = {"keys/", "snapshots/", "toc/", "packs/", "ledger/", "nodes/"};
	struct tusk_node *node = made.repository->node;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_sealed_put(node, &made.repository->keys, TUSK_SEALED_LEDGER, "ledger/", "x", 1, NULL, &err),
		     &err);
	tusk_test_ok(tusk_sealed_put(node, &made.repository->keys, TUSK_SEALED_NODES, "nodes/", "x", 1, NULL, &err),
		     &err);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char name[100];
		uint64_t size;
		assert_int_equal(tusk_node_list(node, folders[i], first_name, name, &err), 1);
		tusk_test_ok(tusk_node_stat(node, name, &size, &err), &err);
		for (unsigned at = 0; at < 3; at++) {
			size_t offset = (size_t)(at * (size - 1) / 2);
			handmade_flip(&made, name, offset);
			scrub();
			assert_bad(name, TUSK_SCRUB_DAMAGED);
			handmade_flip(&made, name, offset);
		}
	}
	handmade_flip(&made, "tusk.repository", 60);
	scrub();
	assert_bad("tusk.repository", TUSK_SCRUB_DAMAGED);
	handmade_flip(&made, "tusk.repository", 60);
	scrub();
	assert_int_equal(bad_count, 0);
}

static void a_missing_pack_is_found_by_its_table_of_contents(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	scrub();
	assert_bad(name, TUSK_SCRUB_MISSING);
	tusk_toc_name(&pack, name);
	handmade_remove(&made, name);
	scrub();
	assert_int_equal(bad_count, 0); /* who has no key cannot know that it is needed */
}

static void missing_parameters_are_found(void **state)
{
	(void)state;
	handmade_remove(&made, "tusk.repository");
	scrub();
	assert_bad("tusk.repository", TUSK_SCRUB_MISSING);
}

static void a_pack_without_a_table_of_contents_is_looked_at(void **state)
{
	(void)state;
	struct tusk_id pack;
	char name[80];
	handmade_where(&made, &all.single_chunk, &pack);
	tusk_toc_name(&pack, name);
	handmade_remove(&made, name);
	scrub();
	assert_int_equal(bad_count, 0);
	assert_int_equal(seen.packs, 4);
	tusk_pack_name(&pack, name);
	handmade_flip(&made, name, 500);
	scrub();
	assert_bad(name, TUSK_SCRUB_DAMAGED);
}

static void empty_and_truncated_objects_are_damaged(void **state)
{
	(void)state;
	char folder[100], name[100];
	struct tusk_err err = {0};
	snprintf(folder, sizeof(folder), "%s/repository", made.path);
	static const char *const folders[] = {"keys/", "snapshots/", "toc/", "packs/"};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		TUSK_AUTO_BUF struct tusk_buf data = {0};
		assert_int_equal(tusk_node_list(made.repository->node, folders[i], first_name, name, &err), 1);
		tusk_test_read(folder, name, &data);
		for (unsigned part = 0; part < 3; part++) {
			handmade_remove(&made, name);
			tusk_test_write(folder, name, data.data, part * (data.len - 1) / 2);
			scrub();
			assert_bad(name, TUSK_SCRUB_DAMAGED);
		}
		handmade_remove(&made, name);
		tusk_test_write(folder, name, data.data, data.len);
	}
}

static void only_what_is_wanted_is_looked_at(void **state)
{
	(void)state;
	handmade_damage(&made, &all.single_chunk, NULL);
	only = "toc/";
	scrub();
	assert_int_equal(bad_count, 0);
	assert_int_equal(seen.objects, 4);
	assert_int_equal(seen.packs, 0);
}

static int refuse(void *context, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	(void)context;
	(void)object;
	return tusk_err_set(err, TUSK_E_FULL, 0, "the caller's own reason");
}

static void the_caller_and_a_signal_end_a_scrub(void **state)
{
	(void)state;
	atomic_bool stop = true;
	struct tusk_scrub_options stopped = {.stop = &stop}, refused = {.on_object = refuse};
	struct tusk_err err = {0};
	handmade_seal(&made);
	assert_int_equal(tusk_scrub_run(made.repository->node, &stopped, &seen, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERRUPTED);
	tusk_err_clear(&err);
	assert_int_equal(tusk_scrub_run(made.repository->node, &refused, &seen, &err), -1);
	assert_int_equal(err.code, TUSK_E_FULL);
	assert_string_equal(err.message, "the caller's own reason");
}

static void one_object_can_be_looked_at(void **state)
{
	(void)state;
	struct tusk_err err = {0}, why = {0};
	enum tusk_scrub_state object;
	uint64_t size;
	char name[80];
	handmade_seal(&made);
	handmade_damage(&made, &all.single_chunk, name);
	assert_int_equal(tusk_scrub_object(made.repository->node, name, &object, &size, &why, &err), TUSK_NODE_FOUND);
	assert_int_equal(object, TUSK_SCRUB_DAMAGED);
	assert_true(size > PIECE);
	assert_int_equal(why.code, TUSK_E_CORRUPT);
	handmade_remove(&made, name);
	assert_int_equal(tusk_scrub_object(made.repository->node, name, &object, &size, &why, &err), TUSK_NODE_ABSENT);
}

static void a_check_without_a_key_counts_and_names(void **state)
{
	(void)state;
	struct tusk_check_options options = {.on_damage = note};
	struct tusk_err err = {0};
	char url[100], name[80];
	handmade_seal(&made);
	handmade_damage(&made, &all.single_chunk, name);
	snprintf(url, sizeof(url), "%s/repository", made.path);
	line_count = 0;
	tusk_test_ok(tusk_check_keyless(url, &options, &result, &err), &err);
	assert_int_equal(line_count, 1);
	find_line(name, "do not hash to the name", "");
	assert_int_equal(result.damaged_objects, 1);
	assert_int_equal(result.packs_read, 4);
	assert_int_equal(tusk_check_keyless(made.path, &options, &result, &err), -1);
	assert_int_equal(err.code, TUSK_E_NO_REPOSITORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define SCRUB_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_made)
	    SCRUB_TEST(an_intact_node_is_read_completely),
	    SCRUB_TEST(a_flipped_byte_is_found_in_every_kind_of_object),
	    SCRUB_TEST(a_missing_pack_is_found_by_its_table_of_contents),
	    SCRUB_TEST(missing_parameters_are_found),
	    SCRUB_TEST(a_pack_without_a_table_of_contents_is_looked_at),
	    SCRUB_TEST(empty_and_truncated_objects_are_damaged),
	    SCRUB_TEST(only_what_is_wanted_is_looked_at),
	    SCRUB_TEST(the_caller_and_a_signal_end_a_scrub),
	    SCRUB_TEST(one_object_can_be_looked_at),
	    SCRUB_TEST(a_check_without_a_key_counts_and_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
