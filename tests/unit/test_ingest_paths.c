/* Which entries a backup takes: paths, filters, mounts. */
#include "world.h"

#include "paths.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct world world;
static struct tusk_filter *filter;

static int open_world(void **state)
{
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	return tusk_filter_new(&filter, &world.err);
}

static int close_world(void **state)
{
	(void)state;
	tusk_filter_free(filter);
	world_close(&world);
	return 0;
}

static void assert_clean(const char *cwd, const char *path, const char *expected)
{
	TUSK_AUTO_FREE char *cleaned = tusk_path_clean(cwd, path);
	assert_string_equal(cleaned, expected);
}

static void paths_are_made_absolute_and_clean(void **state)
{
	(void)state;
	assert_clean("/w", "/a/./b", "/a/b");
	assert_clean("/w", "/a//b/", "/a/b");
	assert_clean("/w", "/a/../b", "/b");
	assert_clean("/w", "/../../b", "/b");
	assert_clean("/w", "/", "/");
	assert_clean("/w", "//", "/");
	assert_clean("/w/x", "a", "/w/x/a");
	assert_clean("/w/x", ".", "/w/x");
	assert_clean("/w/x", "..", "/w");
	assert_clean("/w/x", "../../..", "/");
	assert_clean("/", "a", "/a");
	assert_clean("/w", "...", "/w/...");
	assert_clean("/w", "/a/..b/.c", "/a/..b/.c");
}

static void name_path(size_t i, const char *name)
{
	static char paths[4][512];
	snprintf(paths[i], sizeof(paths[i]), "%s/%s", world.source, name);
	world.paths[i] = paths[i];
	world.options.path_count = i + 1;
}

static void only_the_paths_that_were_named_are_stored(void **state)
{
	(void)state;
	world_mkdir(&world, "a");
	world_mkdir(&world, "a/b");
	world_mkdir(&world, "c");
	world_text(&world, "a/no", "x");
	world_text(&world, "a/b/yes", "x");
	world_text(&world, "c/yes", "x");
	world_text(&world, "c/no", "x");
	world_text(&world, "no", "x");
	name_path(0, "a/b");
	name_path(1, "c/yes");
	world_backup(&world, 0);
	assert_true(world_has(&world, "a/b/yes"));
	assert_true(world_has(&world, "c/yes"));
	assert_false(world_has(&world, "a/no"));
	assert_false(world_has(&world, "c/no"));
	assert_false(world_has(&world, "no"));
	assert_int_equal(world.result.counters.files, 2);
	/* The folders on the way have their own metadata. */
	struct stat stat;
	char path[512];
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	snprintf(path, sizeof(path), "%s/a", world.source);
	assert_int_equal(lstat(path, &stat), 0);
	world_entry(&world, "a", &entry, &view);
	assert_int_equal(entry.mtime.tv_nsec, stat.st_mtim.tv_nsec);
	assert_int_equal(entry.source_inode, stat.st_ino);
}

static void paths_below_others_and_doubles_are_taken_once(void **state)
{
	(void)state;
	world_mkdir(&world, "a");
	world_mkdir(&world, "a-b");
	world_mkdir(&world, "a/b");
	world_text(&world, "a/file", "x");
	world_text(&world, "a-b/file", "x");
	world_text(&world, "a/b/file", "x");
	name_path(0, "a/b");
	name_path(1, "a");
	name_path(2, "a/../a/");
	name_path(3, "a-b");
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.files, 3);
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	tusk_test_ok(tusk_snapshot_list_load(world.repository, NULL, NULL, &list, &world.err), &world.err);
	assert_int_equal(list.items[0].paths.count, 2);
}

static void a_path_that_is_a_symlink_is_followed_only_with_a_slash(void **state)
{
	(void)state;
	char target[512], link[512];
	world_mkdir(&world, "real");
	world_text(&world, "real/file", "x");
	snprintf(target, sizeof(target), "%s/real", world.source);
	snprintf(link, sizeof(link), "%s/link", world.source);
	assert_int_equal(symlink(target, link), 0);
	name_path(0, "link");
	world_backup(&world, 0);
	assert_true(world_has(&world, "link"));
	assert_false(world_has(&world, "link/file"));
	name_path(0, "link/");
	world_backup(&world, 0);
	assert_true(world_has(&world, "link/file"));
	name_path(0, "link/file"); /* a symlink on the way is followed in any case */
	world_backup(&world, 0);
	assert_true(world_has(&world, "link/file"));
	name_path(0, "link");
	name_path(1, "link/file");
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_USAGE);
}

static void a_missing_path_is_a_problem_beside_others_and_an_error_alone(void **state)
{
	(void)state;
	world_text(&world, "here", "x");
	name_path(0, "gone");
	name_path(1, "here");
	world_backup(&world, 1);
	assert_int_equal(world.problems[0].kind, TUSK_PROBLEM_VANISHED);
	assert_true(world_has(&world, "here"));
	name_path(0, "gone");
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_SOURCE);
	assert_non_null(strstr(world.err.message, "gone"));
	world.paths[0] = "";
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_USAGE);
	world.options.path_count = 0;
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_USAGE);
	assert_int_equal(world_snapshot_count(&world), 1);
}

static void exclude(const char *pattern)
{
	tusk_test_ok(tusk_filter_exclude(filter, pattern, &world.err), &world.err);
	world.options.filter = filter;
}

static void patterns_leave_entries_out(void **state)
{
	(void)state;
	char anchored[512];
	world_mkdir(&world, "d");
	world_mkdir(&world, "d/skip");
	world_mkdir(&world, "top");
	world_text(&world, "d/skip/file", "x");
	world_text(&world, "d/a.o", "x");
	world_text(&world, "d/keep.o", "x");
	world_text(&world, "d/a.c", "x");
	world_text(&world, "d/top", "x");
	world_text(&world, "top/file", "x");
	snprintf(anchored, sizeof(anchored), "%s/top", world.source);
	exclude("*.o");
	exclude("!keep.o");
	exclude("skip/");
	exclude(anchored);
	world_backup(&world, 0);
	assert_false(world_has(&world, "d/skip"));
	assert_false(world_has(&world, "d/a.o"));
	assert_true(world_has(&world, "d/keep.o"));
	assert_true(world_has(&world, "d/a.c"));
	assert_true(world_has(&world, "d/top"));
	assert_false(world_has(&world, "top"));
	assert_int_equal(world.result.counters.files, 3);
}

static void patterns_work_the_same_beside_a_parent(void **state)
{
	(void)state;
	world_mkdir(&world, "d");
	world_text(&world, "d/a.o", "x");
	world_text(&world, "d/a.c", "x");
	world_settle(&world);
	world_backup(&world, 0);
	exclude("*.o");
	world_backup(&world, 0);
	assert_false(world_has(&world, "d/a.o"));
	assert_true(world_has(&world, "d/a.c"));
	assert_int_equal(world.result.counters.unchanged_files, 1);
	assert_int_equal(world.result.removed_files, 1);
	world.options.filter = NULL;
	world_backup(&world, 0);
	assert_true(world_has(&world, "d/a.o"));
	assert_int_equal(world.result.counters.new_files, 1);
}

static void a_path_that_was_named_is_stored_whatever_the_patterns(void **state)
{
	(void)state;
	world_mkdir(&world, "d.o");
	world_text(&world, "d.o/x.o", "x");
	world_text(&world, "d.o/x.c", "x");
	exclude("*.o");
	name_path(0, "d.o");
	world_backup(&world, 0);
	assert_true(world_has(&world, "d.o/x.c"));
	assert_false(world_has(&world, "d.o/x.o"));
}

static void marked_directories_keep_only_their_mark(void **state)
{
	(void)state;
	world_mkdir(&world, "cache");
	world_mkdir(&world, "false-cache");
	world_mkdir(&world, "marked");
	world_mkdir(&world, "with-header");
	world_mkdir(&world, "other-header");
	world_text(&world, "cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\nmore");
	world_text(&world, "false-cache/CACHEDIR.TAG", "Signature: 8a477f59");
	world_text(&world, "marked/.nobackup", "");
	world_text(&world, "with-header/MARK", "no thanks");
	world_text(&world, "other-header/MARK", "yes please");
	const char *names[] = {"cache/x", "false-cache/x", "marked/x", "with-header/x", "other-header/x"};
	for (size_t i = 0; i < 5; i++)
		world_text(&world, names[i], "x");
	tusk_filter_exclude_caches(filter);
	tusk_test_ok(tusk_filter_exclude_if_present(filter, ".nobackup", &world.err), &world.err);
	tusk_test_ok(tusk_filter_exclude_if_present(filter, "MARK:no", &world.err), &world.err);
	world.options.filter = filter;
	world_backup(&world, 0);
	assert_true(world_has(&world, "cache/CACHEDIR.TAG"));
	assert_false(world_has(&world, "cache/x"));
	assert_true(world_has(&world, "false-cache/x"));
	assert_true(world_has(&world, "marked/.nobackup"));
	assert_false(world_has(&world, "marked/x"));
	assert_false(world_has(&world, "with-header/x"));
	assert_true(world_has(&world, "other-header/x"));
}

static void large_files_can_be_left_out(void **state)
{
	(void)state;
	world_random_file(&world, "1000", 1000, 1);
	world_random_file(&world, "1001", 1001, 1);
	tusk_filter_exclude_larger_than(filter, 1000);
	world.options.filter = filter;
	world_backup(&world, 0);
	assert_true(world_has(&world, "1000"));
	assert_false(world_has(&world, "1001"));
}

static void the_repository_and_the_state_are_never_stored(void **state)
{
	(void)state;
	world_text(&world, "file", "x");
	world.paths[0] = world.path;
	world_backup(&world, 0);
	assert_true(world_has(&world, "file"));
	snprintf(world.source, sizeof(world.source), "%s", world.path);
	assert_false(world_has(&world, "repository"));
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	world_entry(&world, "state", &entry, &view); /* of other repositories, if there were any */
	assert_int_equal(entry.subtree.entries, 0);
}

/* In a mount namespace of its own, so that nothing is left behind whatever happens. */
static int in_namespace(void (*body)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		char mounted[512];
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(77);
		snprintf(mounted, sizeof(mounted), "%s/mounted", world.source);
		if (mount("tmpfs", mounted, "tmpfs", 0, "size=1m") < 0)
			_exit(77);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void backup_across_mounts(void)
{
	char inner[512];
	world_mkdir(&world, "mounted/inner");
	world_text(&world, "mounted/file", "x");
	world_text(&world, "mounted/inner/file", "x");
	world_backup(&world, 0);
	require(world_has(&world, "mounted/inner/file"));
	tusk_filter_one_file_system(filter);
	world.options.filter = filter;
	world_backup(&world, 0);
	require(world_has(&world, "mounted") && !world_has(&world, "mounted/file") && world_has(&world, "file"));
	require(world.result.counters.errors == 0 && world.result.removed_files == 1);
	/* A mount that is named as well is stored. */
	snprintf(inner, sizeof(inner), "%s/mounted/inner", world.source);
	world.paths[1] = inner;
	world.options.path_count = 2;
	world_backup(&world, 0);
	require(world_has(&world, "mounted/inner/file") && !world_has(&world, "mounted/file"));
	require(world_has(&world, "file"));
}

static void one_file_system_stops_at_mounts(void **state)
{
	(void)state;
	world_mkdir(&world, "mounted");
	world_text(&world, "file", "x");
	int status = in_namespace(backup_across_mounts);
	if (status == 77)
		skip(); /* no privilege to mount */
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_made_absolute_and_clean),
	    TEST(only_the_paths_that_were_named_are_stored),
	    TEST(paths_below_others_and_doubles_are_taken_once),
	    TEST(a_path_that_is_a_symlink_is_followed_only_with_a_slash),
	    TEST(a_missing_path_is_a_problem_beside_others_and_an_error_alone),
	    TEST(patterns_leave_entries_out),
	    TEST(patterns_work_the_same_beside_a_parent),
	    TEST(a_path_that_was_named_is_stored_whatever_the_patterns),
	    TEST(marked_directories_keep_only_their_mark),
	    TEST(large_files_can_be_left_out),
	    TEST(the_repository_and_the_state_are_never_stored),
	    TEST(one_file_system_stops_at_mounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
