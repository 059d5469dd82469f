/* Backups when something goes wrong: with the source, with the node, with the process. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
		snprintf(name, sizeof(name), "f%03u", i);
		world_random_file(&world, name, len, i);
	}
}

/* ---- the source ---- */

static void remove_the_next(struct world *w, char fate, const char *path)
{
	if (fate == 'N' && strstr(path, "/f005"))
		world_remove(w, "f006");
}

static void a_file_that_vanishes_is_reported_and_left_out(void **state)
{
	(void)state;
	make_files(20, 100);
	world.options.threads = 1; /* files are read in the order of names */
	world.on_entry = remove_the_next;
	world_backup(&world, 1);
	assert_int_equal(world.problems[0].kind, TUSK_PROBLEM_VANISHED);
	assert_int_equal(world.problems[0].sys_errno, ENOENT);
	assert_non_null(strstr(world.problems[0].path, "/f006"));
	assert_false(world_has(&world, "f006"));
	assert_int_equal(world.result.counters.files, 19);
}

static unsigned changes; /* how often fstat shall still show a change */
static off_t changing_size;

int __real_fstat64(int fd, struct stat64 *stat);
int __wrap_fstat64(int fd, struct stat64 *stat);
int __wrap_fstat64(int fd, struct stat64 *stat)
{
	static long moment;
	int result = __real_fstat64(fd, stat);
	if (result == 0 && changes > 0 && S_ISREG(stat->st_mode) && stat->st_size == changing_size) {
		changes--;
		stat->st_ctim.tv_nsec = ++moment;
	}
	return result;
}

static void a_file_that_changes_while_it_is_read_is_read_again(void **state)
{
	(void)state;
	struct tusk_progress progress = {0};
	world_random_file(&world, "file", 12345, 1);
	changing_size = 12345;
	changes = 1;
	world.options.progress = &progress;
	world_backup(&world, 0);
	/* The change, and then that it was undone; the third reading was quiet. */
	assert_int_equal(atomic_load(&progress.bytes_read), 3 * 12345);
	world_assert_same(&world);
}

static void a_file_that_keeps_changing_is_stored_as_last_read(void **state)
{
	(void)state;
	uint8_t data[54321];
	world_random_bytes(data, sizeof(data), 1);
	world_file(&world, "file", data, sizeof(data));
	changing_size = sizeof(data);
	changes = 1000;
	world_backup(&world, 1);
	changes = 0;
	assert_int_equal(world.problems[0].kind, TUSK_PROBLEM_CHANGED);
	assert_int_equal(world.result.counters.files, 1);
	world_assert_content(&world, "file", data, sizeof(data));
	world_backup(&world, 0); /* is not taken for unchanged */
	assert_int_equal(world.result.counters.changed_files, 1);
	world_assert_same(&world);
}

/* Gives the scratch folder to another user and runs body as that user; root can read everything. */
static void as_nobody(void (*body)(void))
{
	int status;
	if (geteuid() == 0) {
		char command[200];
		snprintf(command, sizeof(command), "chown -R 65534:65534 %s", world.path);
		assert_int_equal(system(command), 0);
	}
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
			_exit(1);
		world_reopen(&world, false);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void change_mode(const char *name, mode_t mode)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", world.source, name);
	require(chmod(path, mode) == 0);
}

static void backup_unreadable(void)
{
	change_mode("secret", 0);
	change_mode("closed", 0);
	world_backup(&world, 2);
	change_mode("closed", 0700);
	require(world.problems[0].kind == TUSK_PROBLEM_UNREADABLE && world.problems[0].sys_errno == EACCES);
	require(world.problems[1].kind == TUSK_PROBLEM_UNREADABLE && world.problems[1].sys_errno == EACCES);
	require(!world_has(&world, "secret") && world_has(&world, "open"));
	require(world_has(&world, "closed") && !world_has(&world, "closed/file"));
	require(world.result.counters.files == 1);
	change_mode("secret", 0600);
}

static void what_cannot_be_read_is_reported_and_left_out(void **state)
{
	(void)state;
	world_mkdir(&world, "closed");
	world_text(&world, "closed/file", "x");
	world_text(&world, "secret", "x");
	world_text(&world, "open", "x");
	as_nobody(backup_unreadable);
}

/* Files of /proc tell no size: what they would give is not content. */
static void a_file_without_a_size_is_stored_empty(void **state)
{
	(void)state;
	world.paths[0] = "/proc/self/status";
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.files, 1);
	assert_int_equal(world.result.counters.bytes, 0);
}

/* ---- stopping ---- */

static atomic_bool stop;

static void stop_at_ten(struct world *w, char fate, const char *path)
{
	(void)fate;
	(void)path;
	if (++w->entry_count == 10)
		atomic_store(&stop, true);
}

static void a_backup_that_is_stopped_writes_no_snapshot(void **state)
{
	(void)state;
	make_files(400, 20000);
	atomic_store(&stop, false);
	world.options.stop = &stop;
	world.on_entry = stop_at_ten;
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_INTERRUPTED);
	assert_int_equal(world_snapshot_count(&world), 0);
	atomic_store(&stop, false);
	world.on_entry = NULL;
	world_backup(&world, 0);
	world_assert_same(&world);
}

static void a_stream_that_says_nothing_can_be_stopped(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	atomic_store(&stop, true);
	world.options.stop = &stop;
	world.options.stream_name = "silence";
	world.options.stream_fd = ends[0];
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_INTERRUPTED);
	close(ends[0]);
	close(ends[1]);
}

/* ---- the node ---- */

/* A command whose working directory is the scratch folder. */
static void run(const char *text)
{
	char command[256];
	snprintf(command, sizeof(command), "cd %s && %s", world.path, text);
	assert_int_equal(system(command), 0);
}

static void break_the_node(struct world *w, char fate, const char *path)
{
	(void)fate;
	(void)path;
	if (++w->entry_count == 5) {
		char from[128], to[128];
		snprintf(from, sizeof(from), "%.64s/repository/tmp", w->path);
		snprintf(to, sizeof(to), "%.64s/repository/away", w->path);
		assert_int_equal(rename(from, to), 0);
		/* A folder that is only missing would be made again. */
		int fd = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
}

static void a_node_that_fails_ends_the_backup_and_harms_nothing(void **state)
{
	(void)state;
	world_text(&world, "first", "x");
	world_backup(&world, 0);
	struct tusk_backup_result first = world.result;
	make_files(300, 60000);
	world.on_entry = break_the_node;
	assert_int_equal(world_try(&world), -1);
	assert_true(world.err.code != TUSK_E_SOURCE && world.err.code != TUSK_OK);
	run("rm repository/tmp && mv repository/away repository/tmp");
	world.on_entry = NULL;
	assert_int_equal(world_snapshot_count(&world), 1);
	world.result = first;
	world_assert_content(&world, "first", "x", 1);
	world_reopen(&world, false);
	world_backup(&world, 0);
	world_assert_same(&world);
}

static void a_lost_index_costs_no_second_copy(void **state)
{
	(void)state;
	make_files(50, 30000);
	world_backup(&world, 0);
	uint64_t bytes = world_packs(&world).bytes;
	world_reopen(&world, true);
	world.options.force = true;
	world_backup(&world, 0);
	assert_in_range(world_packs(&world).bytes - bytes, 0, 4096);
}

static void chunks_that_the_node_has_lost_are_stored_again(void **state)
{
	(void)state;
	make_files(50, 30000);
	world_backup(&world, 0);
	run("find repository/packs -type f -size +200k -delete -print | sed 's,packs/..,toc,' | xargs rm");
	world_reopen(&world, false);
	world.options.force = true;
	world_backup(&world, 0);
	world_assert_same(&world);
}

/* The parent snapshot's blocks fail one after another while they are walked: what was passed over has to be walked
 * again. */
static void damage_at_2000(struct world *w, char fate, const char *path)
{
	(void)path;
	if (fate == 'U' && ++w->entry_count == 2000) {
		char command[256];
		snprintf(command, sizeof(command), "find %.64s/repository/packs -type f -exec truncate -s 0 {} +",
			 w->path);
		require(system(command) == 0);
	}
}

static void a_parent_that_is_damaged_meanwhile_is_done_without(void **state)
{
	(void)state;
	char state_dir[128], url[128];
	for (unsigned i = 0; i < 6000; i++) {
		char name[100];
		snprintf(name, sizeof(name), "a-name-that-is-long-enough-for-several-blocks-%u", i);
		world_text(&world, name, "x");
	}
	world_settle(&world);
	world_backup(&world, 0);
	tusk_repository_close(world.repository);
	struct tusk_open_options options = tusk_test_options(world.path, state_dir);
	options.tree_cache = 1; /* blocks are not remembered */
	snprintf(url, sizeof(url), "%.64s/repository", world.path);
	tusk_test_ok(tusk_repository_open(url, &options, &world.repository, &world.err), &world.err);
	world.entry_count = 0;
	world.on_entry = damage_at_2000;
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.files, 6000);
	assert_int_equal(world.result.counters.new_files, 6000);
	assert_int_equal(world.result.counters.unchanged_files, 0);
	assert_int_equal(world.result.counters.bytes, 6000);
}

/* ---- the process ---- */

static size_t die_at;

static void die(struct world *w, char fate, const char *path)
{
	(void)fate;
	(void)path;
	if (++w->entry_count == die_at)
		kill(getpid(), SIGKILL);
}

static void a_backup_that_is_killed_leaves_earlier_snapshots_intact(void **state)
{
	(void)state;
	world_random_file(&world, "first", 100000, 99);
	world_backup(&world, 0);
	struct tusk_backup_result first = world.result;
	make_files(200, 50000);
	for (die_at = 1; die_at < 200; die_at += 31) {
		int status;
		tusk_repository_close(world.repository);
		pid_t pid = fork();
		if (pid == 0) {
			tusk_test_repository_open(world.path, &world.repository);
			world.entry_count = 0;
			world.on_entry = die;
			world_try(&world);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		tusk_test_repository_open(world.path, &world.repository);
		assert_int_equal(world_snapshot_count(&world), 1);
		uint8_t data[100000];
		world_random_bytes(data, sizeof(data), 99);
		world.result = first;
		world_assert_content(&world, "first", data, sizeof(data));
	}
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world_snapshot_count(&world), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_that_vanishes_is_reported_and_left_out),
	    TEST(a_file_that_changes_while_it_is_read_is_read_again),
	    TEST(a_file_that_keeps_changing_is_stored_as_last_read),
	    TEST(what_cannot_be_read_is_reported_and_left_out),
	    TEST(a_file_without_a_size_is_stored_empty),
	    TEST(a_backup_that_is_stopped_writes_no_snapshot),
	    TEST(a_stream_that_says_nothing_can_be_stopped),
	    TEST(a_node_that_fails_ends_the_backup_and_harms_nothing),
	    TEST(a_lost_index_costs_no_second_copy),
	    TEST(chunks_that_the_node_has_lost_are_stored_again),
	    TEST(a_parent_that_is_damaged_meanwhile_is_done_without),
	    TEST(a_backup_that_is_killed_leaves_earlier_snapshots_intact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
