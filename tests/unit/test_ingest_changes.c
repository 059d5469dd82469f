/* Backups after the first one: what is seen as changed, and what that costs. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct world world;

static int open_world(void **state)
{
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static void make_files(unsigned count, size_t len)
{
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		if (i % 100 == 0) {
			snprintf(name, sizeof(name), "d%u", i / 100);
			world_mkdir(&world, name);
		}
		snprintf(name, sizeof(name), "d%u/f%u", i / 100, i);
		world_random_file(&world, name, len, i);
	}
}

static bool same_tree(const struct tusk_subtree *a, const struct tusk_subtree *b)
{
	return tusk_id_equal(&a->id, &b->id) && a->descendants == b->descendants && a->bytes == b->bytes;
}

/* Whatever lies above the source may be changed by others at any time (the folder of all scratch folders is): only the
 * few blocks of those folders may be written. */
#define ABOVE_MAX 4096

static void an_unchanged_backup_reads_and_writes_nothing(void **state)
{
	(void)state;
	struct tusk_progress progress = {0};
	make_files(500, 1000);
	world_settle(&world);
	world_backup(&world, 0);
	struct tusk_subtree before = world_subtree(&world);
	uint64_t bytes = world_packs(&world).bytes;
	world.options.progress = &progress;
	world_reopen(&world, false);
	world_backup(&world, 0);
	struct tusk_subtree after = world_subtree(&world);
	assert_true(same_tree(&before, &after));
	assert_int_equal(atomic_load(&progress.bytes_read), 0);
	assert_int_equal(atomic_load(&progress.files_expected), 500);
	assert_int_equal(world.result.counters.unchanged_files, 500);
	assert_int_equal(world.result.counters.new_files + world.result.counters.changed_files, 0);
	assert_int_equal(world.result.counters.files, 500);
	assert_in_range(world_packs(&world).bytes - bytes, 0, ABOVE_MAX);
	assert_true(world.result.has_parent);
	world_assert_same(&world);
}

/* Somebody else may have changed a folder above the source meanwhile: then again. */
static void the_root_is_reused_when_nothing_at_all_changed(void **state)
{
	(void)state;
	world_text(&world, "file", "text");
	world_settle(&world);
	for (unsigned attempt = 0;; attempt++) {
		world_backup(&world, 0);
		TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list first = {0};
		TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list second = {0};
		tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, &first, &world.err), &world.err);
		struct world_packs before = world_packs(&world);
		world_backup(&world, 0);
		struct world_packs after = world_packs(&world);
		tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, &second, &world.err), &world.err);
		const struct tusk_snapshot *a = &first.items[first.count - 1], *b = &second.items[second.count - 1];
		if (tusk_id_equal(&a->root.id, &b->root.id)) {
			assert_int_equal(before.count, after.count);
			assert_int_equal(before.bytes, after.bytes);
			assert_int_equal(world.result.counters.stored_bytes, 0);
			return;
		}
		assert_in_range(attempt, 0, 1000);
	}
}

static void one_changed_file_of_10000_rewrites_few_blocks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		char name[32];
		snprintf(name, sizeof(name), "file-%u", i);
		world_text(&world, name, name);
	}
	world_settle(&world);
	world_backup(&world, 0);
	uint64_t bytes = world_packs(&world).bytes;
	world_text(&world, "file-7777", "changed");
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.changed_files, 1);
	assert_int_equal(world.result.counters.unchanged_files, 9999);
	assert_in_range(world_packs(&world).bytes - bytes, 1, 200000);
	world_assert_same(&world);
}

static void every_kind_of_change_is_seen(void **state)
{
	(void)state;
	char path[512];
	make_files(300, 400);
	world_settle(&world);
	world_backup(&world, 0);
	world_text(&world, "d0/f5", "other content");
	world_text(&world, "d0/f50a", "new");
	world_remove(&world, "d1/f150");
	snprintf(path, sizeof(path), "%s/d2/f250", world.source);
	assert_int_equal(chmod(path, 0644), 0);
	world_remove(&world, "d2/f251");
	world_mkdir(&world, "d2/f251");
	world_mkdir(&world, "d2/a-new-one");
	world_text(&world, "d2/a-new-one/file", "x");
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world.result.counters.new_files, 2);
	assert_int_equal(world.result.counters.changed_files, 2);
	assert_int_equal(world.result.counters.unchanged_files, 296);
	assert_int_equal(world.result.removed_files, 2);
}

static void changes_at_the_ends_of_directories_are_seen(void **state)
{
	(void)state;
	make_files(200, 10);
	world_settle(&world);
	world_backup(&world, 0);
	world_text(&world, "d0/a", "first");
	world_text(&world, "d1/z", "last");
	world_backup(&world, 0);
	world_assert_same(&world);
	world_settle(&world);
	world_remove(&world, "d0/a");
	world_remove(&world, "d1/z");
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world.result.removed_files, 2);
	assert_int_equal(world.result.counters.unchanged_files, 200);
}

static void a_rewrite_that_keeps_size_and_mtime_is_seen(void **state)
{
	(void)state;
	char path[512];
	struct stat stat;
	world_text(&world, "file", "one");
	world_settle(&world);
	world_backup(&world, 0);
	snprintf(path, sizeof(path), "%s/file", world.source);
	assert_int_equal(lstat(path, &stat), 0);
	world_text(&world, "file", "two");
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){stat.st_atim, stat.st_mtim}, 0), 0);
	world_backup(&world, 0);
	world_assert_content(&world, "file", "two", 3);
}

static void force_reads_everything_and_finds_the_same(void **state)
{
	(void)state;
	struct tusk_progress progress = {0};
	make_files(100, 5000);
	world_settle(&world);
	world_backup(&world, 0);
	struct tusk_subtree before = world_subtree(&world);
	uint64_t bytes = world_packs(&world).bytes;
	world.options.force = true;
	world.options.progress = &progress;
	world_backup(&world, 0);
	struct tusk_subtree after = world_subtree(&world);
	assert_true(same_tree(&before, &after));
	assert_int_equal(atomic_load(&progress.bytes_read), 500000);
	assert_int_equal(world.result.counters.unchanged_files, 100);
	assert_int_equal(world.result.counters.changed_files, 0);
	assert_in_range(world_packs(&world).bytes - bytes, 0, ABOVE_MAX);
}

/* A file written within the tick of its ctime, after it was read, has the same metadata. */
static void files_as_young_as_the_parent_are_read_again(void **state)
{
	(void)state;
	struct tusk_progress progress = {0};
	char path[512];
	struct stat stat;
	world_text(&world, "file", "some text");
	snprintf(path, sizeof(path), "%s/file", world.source);
	assert_int_equal(lstat(path, &stat), 0);
	world.options.time = stat.st_ctim; /* however long the backup takes to begin */
	world_backup(&world, 0);
	world.options.time = (struct timespec){0};
	world.options.progress = &progress;
	world_backup(&world, 0);
	assert_int_equal(atomic_load(&progress.bytes_read), 9);
	assert_int_equal(world.result.counters.unchanged_files, 1);
}

static void the_parent_can_be_named_or_refused(void **state)
{
	(void)state;
	char id[TUSK_ID_TEXT_SIZE];
	world_text(&world, "a", "text");
	world_settle(&world);
	world_backup(&world, 0);
	struct tusk_id first = world.result.id;
	world_text(&world, "b", "text");
	world_backup(&world, 0);
	assert_true(tusk_id_equal(&world.result.parent, &first));
	tusk_id_text(&first, id);
	world.options.parent = id;
	world_backup(&world, 0);
	assert_true(tusk_id_equal(&world.result.parent, &first));
	assert_int_equal(world.result.counters.unchanged_files, 1);
	assert_int_equal(world.result.counters.new_files, 1);
	world.options.parent = "";
	world_backup(&world, 0);
	assert_false(world.result.has_parent);
	assert_int_equal(world.result.counters.new_files, 2);
	world.options.parent = "0123456789abcdef";
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_ABSENT);
	world.options.parent = NULL;
	world.options.host = "another";
	world_backup(&world, 0);
	assert_false(world.result.has_parent);
}

/* All files below a folder of the node. */
static void remove_objects(const char *folder)
{
	char command[256];
	snprintf(command, sizeof(command), "find %.64s/repository/%s -type f -delete", world.path, folder);
	assert_int_equal(system(command), 0);
}

static void a_parent_whose_trees_are_lost_is_done_without(void **state)
{
	(void)state;
	make_files(300, 3000);
	world_settle(&world);
	world_backup(&world, 0);
	remove_objects("packs");
	remove_objects("toc");
	world_reopen(&world, true);
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world.result.counters.files, 300);
	assert_int_equal(world.result.counters.new_files, 300);
}

static void hard_links_stay_the_same_when_nothing_changes(void **state)
{
	(void)state;
	char a[512], b[512];
	world_mkdir(&world, "d");
	world_random_file(&world, "a", 5000, 1);
	snprintf(a, sizeof(a), "%s/a", world.source);
	snprintf(b, sizeof(b), "%s/d/b", world.source);
	assert_int_equal(link(a, b), 0);
	world_settle(&world);
	world_backup(&world, 0);
	struct tusk_subtree before = world_subtree(&world);
	world.options.parent = "";
	world_backup(&world, 0);
	struct tusk_subtree after = world_subtree(&world);
	assert_true(same_tree(&before, &after));
	world.options.parent = NULL;
	world_backup(&world, 0);
	after = world_subtree(&world);
	assert_true(same_tree(&before, &after));
	world_assert_same(&world);
}

static void snapshots_of_a_writer_are_numbered_and_chained(void **state)
{
	(void)state;
	struct tusk_id ids[3];
	world_text(&world, "a", "text");
	for (unsigned i = 0; i < 3; i++) {
		world_backup(&world, 0);
		ids[i] = world.result.id;
		world_reopen(&world, false);
	}
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, &list, &world.err), &world.err);
	assert_int_equal(list.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(tusk_id_equal(&list.items[i].id, &ids[i]));
		assert_int_equal(list.items[i].writer_counter, i + 1);
		assert_memory_equal(list.items[i].writer, list.items[0].writer, 16);
		if (i > 0)
			assert_true(tusk_id_equal(&list.items[i].writer_previous, &ids[i - 1]));
	}
	assert_true(tusk_id_is_zero(&list.items[0].writer_previous));
}

static void the_manifest_says_what_was_asked(void **state)
{
	(void)state;
	const char *tags[] = {"one", "two"}, *command[] = {"tusk", "backup", NULL};
	world_text(&world, "a", "text");
	world.options.tags = tags;
	world.options.tag_count = 2;
	world.options.command_line = command;
	world.options.host = "host";
	world.options.source = "home";
	world.options.comment = "a comment";
	world.options.time = (struct timespec){1000000000, 5};
	world_backup(&world, 0);
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, &list, &world.err), &world.err);
	const struct tusk_snapshot *snapshot = &list.items[0];
	assert_string_equal(snapshot->host, "host");
	assert_string_equal(snapshot->source, "home");
	assert_string_equal(snapshot->comment, "a comment");
	assert_int_equal(snapshot->time.tv_sec, 1000000000);
	assert_int_equal(snapshot->time.tv_nsec, 5);
	assert_int_equal(snapshot->tags.count, 2);
	assert_string_equal(snapshot->tags.items[1], "two");
	assert_int_equal(snapshot->command.count, 2);
	assert_string_equal(snapshot->command.items[1], "backup");
	assert_int_equal(snapshot->paths.count, 1);
	assert_string_equal(snapshot->paths.items[0], world.source);
	assert_int_equal(snapshot->counters.files, 1);
	assert_true(snapshot->counters.stored_bytes > 0);
}

static void a_dry_run_counts_and_leaves_the_node_alone(void **state)
{
	(void)state;
	make_files(200, 3000);
	world_random_file(&world, "large", 5000000, 1);
	uint64_t before = world_node_state(&world);
	world.options.dry_run = true;
	world_backup(&world, 0);
	assert_int_equal(world_node_state(&world), before);
	assert_true(tusk_id_is_zero(&world.result.id));
	assert_int_equal(world.result.counters.new_files, 201);
	uint64_t counted = world.result.counters.new_bytes;
	assert_in_range(counted, 5600000, 5800000);
	world.options.dry_run = false;
	world_settle(&world);
	world_backup(&world, 0);
	assert_in_range(world.result.counters.new_bytes, counted - ABOVE_MAX, counted + ABOVE_MAX);
	world.options.dry_run = true;
	before = world_node_state(&world);
	world_backup(&world, 0);
	assert_int_equal(world_node_state(&world), before);
	assert_int_equal(world.result.counters.unchanged_files, 201);
	assert_in_range(world.result.counters.new_bytes, 0, ABOVE_MAX);
}

static void a_small_backup_makes_one_pack_of_each_kind(void **state)
{
	(void)state;
	world_random_file(&world, "a", 2000, 1);
	world_random_file(&world, "b", 2000, 2);
	world_backup(&world, 0);
	assert_int_equal(world_packs(&world).count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_unchanged_backup_reads_and_writes_nothing),
	    TEST(the_root_is_reused_when_nothing_at_all_changed),
	    TEST(one_changed_file_of_10000_rewrites_few_blocks),
	    TEST(every_kind_of_change_is_seen),
	    TEST(changes_at_the_ends_of_directories_are_seen),
	    TEST(a_rewrite_that_keeps_size_and_mtime_is_seen),
	    TEST(force_reads_everything_and_finds_the_same),
	    TEST(files_as_young_as_the_parent_are_read_again),
	    TEST(the_parent_can_be_named_or_refused),
	    TEST(a_parent_whose_trees_are_lost_is_done_without),
	    TEST(hard_links_stay_the_same_when_nothing_changes),
	    TEST(snapshots_of_a_writer_are_numbered_and_chained),
	    TEST(the_manifest_says_what_was_asked),
	    TEST(a_dry_run_counts_and_leaves_the_node_alone),
	    TEST(a_small_backup_makes_one_pack_of_each_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
