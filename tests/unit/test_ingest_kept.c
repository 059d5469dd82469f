/* What the parent snapshot has is taken over only while it is still stored. */
#include "handle.h"
#include "tusk/check.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define CONTENT (5000 + 200000 + 3000000)

static struct world world;

static int open_world(void **state)
{
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	world_random_file(&world, "one", 5000, 1); /* one chunk */
	world_mkdir(&world, "sub");
	world_random_file(&world, "sub/few", 200000, 2);   /* a list in the entry */
	world_random_file(&world, "sub/many", 3000000, 3); /* lists of their own */
	world_text(&world, "sub/tiny", "inline");
	world_mkdir(&world, "marked");
	char path[256], value[2000];
	memset(value, 'v', sizeof(value));
	snprintf(path, sizeof(path), "%s/marked", world.source);
	assert_int_equal(setxattr(path, "user.long", value, sizeof(value), 0), 0);
	world_settle(&world);
	world_backup(&world, 0);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static char newest[TUSK_ID_TEXT_SIZE];
static unsigned newest_suffers; /* lines about that snapshot */

static void note(void *context, const struct tusk_damage *damage)
{
	(void)context;
	newest_suffers += damage->snapshot && strcmp(damage->snapshot, newest) == 0;
	print_message("  %s: %s: %s\n", damage->object ? damage->object : "", damage->what,
		      damage->path ? damage->path : "");
}

static struct tusk_check_result check(bool tells)
{
	struct tusk_check_options options = {.data = true, .threads = 1, .on_damage = tells ? note : NULL};
	struct tusk_check_result result = {0};
	struct tusk_err err = {0};
	world_reopen(&world, false); /* nothing in caches */
	tusk_test_ok(tusk_check_run(world.repository, &options, &result, &err), &err);
	return result;
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	(void)err;
	return tusk_buf_append(context, name, strlen(name) + 1);
}

/* Removes each pack of a kind with its table of contents. */
static unsigned remove_packs(enum tusk_pack_kind kind)
{
	struct tusk_node *node = world.repository->node;
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct tusk_err err = {0};
	unsigned removed = 0;
	tusk_test_ok(tusk_node_list(node, "packs/", collect, &names, &err), &err);
	for (const char *name = (const char *)names.data; name < (const char *)names.data + names.len;
	     name += strlen(name) + 1) {
		TUSK_AUTO_TOC struct tusk_toc toc = {0};
		struct tusk_id id;
		char toc_name[80];
		assert_int_equal(tusk_hex_decode(strrchr(name, '/') + 1, 64, id.bytes, TUSK_ID_SIZE), 0);
		tusk_test_ok(tusk_toc_load(node, &world.repository->keys, aead, &id, &toc, &err), &err);
		if (toc.kind != kind)
			continue;
		tusk_toc_name(&id, toc_name);
		tusk_test_ok(tusk_node_remove(node, toc_name, &err), &err);
		tusk_test_ok(tusk_node_remove(node, name, &err), &err);
		removed++;
	}
	return removed;
}

static void content_that_is_gone_is_stored_again(void **state)
{
	(void)state;
	assert_true(remove_packs(TUSK_PACK_CHUNKS) > 0);
	assert_true(check(false).damaged_objects > 0);
	world_backup(&world, 0);
	assert_true(world.result.counters.new_bytes >= CONTENT);
	struct tusk_check_result result = check(true);
	assert_int_equal(result.snapshots, 2);
	assert_int_equal(result.damaged_objects, 0);
	assert_int_equal(result.affected_paths, 0);
	world_assert_same(&world);
}

static void trees_lists_and_attributes_that_are_gone_are_stored_again(void **state)
{
	(void)state;
	assert_true(remove_packs(TUSK_PACK_TREES) > 0);
	assert_true(check(false).damaged_objects > 0);
	world_backup(&world, 0);
	/* The folders above the source may have changed since the first snapshot, so that one may stay lost. */
	tusk_id_text(&world.result.id, newest);
	newest_suffers = 0;
	check(true);
	assert_int_equal(newest_suffers, 0);
	world_assert_same(&world);
}

static void the_backup_after_that_trusts_again(void **state)
{
	(void)state;
	uint64_t doubt;
	bool is_settled;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_index_doubt(world.repository->index, &world.result.id, &doubt, &is_settled, &err), &err);
	assert_true(is_settled);
	struct tusk_id first = world.result.id;
	world_backup(&world, 0);
	assert_true(world.result.counters.new_bytes < CONTENT / 10);
	tusk_test_ok(tusk_index_doubt(world.repository->index, &world.result.id, &doubt, &is_settled, &err), &err);
	assert_true(is_settled);
	tusk_test_ok(tusk_index_doubt(world.repository->index, &first, &doubt, &is_settled, &err), &err);
	assert_false(is_settled); /* only the newest of a line is remembered */
	remove_packs(TUSK_PACK_CHUNKS);
	world_backup(&world, 0);
	world_backup(&world, 0);
	assert_true(world.result.counters.new_bytes < CONTENT / 10);
	assert_int_equal(check(true).damaged_objects, 0);
}

static void a_new_client_looks_before_it_trusts(void **state)
{
	(void)state;
	remove_packs(TUSK_PACK_CHUNKS);
	world_reopen(&world, true);
	world_backup(&world, 0);
	assert_true(world.result.counters.new_bytes >= CONTENT);
	assert_int_equal(check(true).damaged_objects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define KEPT_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
	    KEPT_TEST(content_that_is_gone_is_stored_again),
	    KEPT_TEST(trees_lists_and_attributes_that_are_gone_are_stored_again),
	    KEPT_TEST(the_backup_after_that_trusts_again),
	    KEPT_TEST(a_new_client_looks_before_it_trusts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
