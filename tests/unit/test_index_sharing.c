/* An index that other processes, other threads and other users have to do with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* Runs what in a child and returns its wait status. */
static int in_child(void (*what)(struct index_fixture *f), struct index_fixture *f)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		what(f);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void open_own(struct index_fixture *f)
{
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_open_tuned(f->state, &f->keys, &f->tuning, &f->index, &err), &err);
}

static void child_adds(struct index_fixture *f)
{
	open_own(f);
	for (uint64_t n = 100; n < 140; n++)
		test_add(f->index, n, n * 1000, 500);
	tusk_index_close(f->index);
}

static void two_processes_share_an_index_that_grows(void **state)
{
	struct index_fixture *f = *state;

	f->tuning.map_size = 256 << 10;
	reopen(f);
	test_add(f->index, 1, 0, 10);
	assert_true(is_in_pack(f->index, 5, 1, 0));
	assert_int_equal(in_child(child_adds, f), 0);
	for (uint64_t n = 100; n < 140; n++)
		assert_true(is_in_pack(f->index, n * 1000 + 499, n, n * 1000));
	assert_count(f->index, 10 + 40 * 500, 41);
	assert_false(exists(f, TUSK_INDEX_DAMAGED));
}

static int die_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	MDB_val key = tusk_db_val("garbage", 7), value = tusk_db_val("garbage", 7);

	(void)context;
	mdb_put(txn, db->tables[TUSK_TABLE_META], &key, &value, 0);
	raise(SIGKILL);
	return 0;
}

static void child_dies_writing(struct index_fixture *f)
{
	open_own(f);
	test_add(f->index, 2, 1000, 10);
	(void)tusk_index_write(f->index, die_work, NULL, NULL);
}

static void a_writer_killed_in_a_transaction_stops_nobody(void **state)
{
	struct index_fixture *f = *state;

	test_add(f->index, 1, 0, 10);
	assert_true(WIFSIGNALED(in_child(child_dies_writing, f)));
	test_add(f->index, 3, 2000, 10);
	assert_true(is_in_pack(f->index, 1005, 2, 1000));
	assert_true(is_in_pack(f->index, 2005, 3, 2000));
	tusk_index_close(f->index);
	f->index = NULL;
	assert_true(WIFSIGNALED(in_child(child_dies_writing, f)));
	reopen(f); /* probes: somebody died */
	assert_true(is_in_pack(f->index, 5, 1, 0));
	assert_false(exists(f, TUSK_INDEX_DAMAGED));
	assert_false(tusk_index_is_stale(f->index));
}

static int stop_work(const struct tusk_db *db, MDB_txn *txn, void *context)
{
	(void)db;
	(void)txn;
	(void)context;
	raise(SIGSTOP);
	return 0;
}

static void a_stopped_writer_is_named_and_not_waited_for_without_end(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc toc TUSK_AUTO_TOC = test_toc(1, 0, 10);
	const uint64_t size = 1080;
	struct tusk_err err = {0};
	char wanted[32];
	int status;

	test_add(f->index, 9, 900, 10);
	pid_t child = fork();
	if (child == 0) {
		open_own(f);
		(void)tusk_index_write(f->index, stop_work, NULL, NULL);
		tusk_index_close(f->index);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	f->index->tuning.lock_wait_ms = 50;
	assert_int_equal(tusk_index_add(f->index, &toc, &size, 1, &err), -1);
	assert_int_equal(err.code, TUSK_E_LOCKED);
	snprintf(wanted, sizeof(wanted), "process %ld ", (long)child);
	assert_non_null(strstr(err.message, wanted));
	assert_true(is_in_pack(f->index, 905, 9, 900)); /* readers go on */
	kill(child, SIGCONT);
	assert_int_equal(waitpid(child, &status, 0), child);
	f->index->tuning.lock_wait_ms = 30000;
	test_add(f->index, 1, 0, 10);
	assert_true(is_in_pack(f->index, 5, 1, 0));
}

static void child_rebuilds(struct index_fixture *f)
{
	struct tusk_index_sync_result result;
	struct tusk_err err = {0};

	open_own(f);
	tusk_test_ok(tusk_index_rebuild(f->index, f->node, &result, &err), &err);
	tusk_index_close(f->index);
}

static void another_process_notices_a_rebuild(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_toc a TUSK_AUTO_TOC = test_pack_write(f->node, &f->keys, 0, 10);

	test_add(f->index, 1, 1000, 10); /* not on the node: the rebuild loses it */
	assert_true(is_in_pack(f->index, 1005, 1, 1000));
	assert_int_equal(in_child(child_rebuilds, f), 0);
	assert_true(is_in_pack(f->index, 1005, 1, 1000)); /* still the old file */
	test_add(f->index, 2, 2000, 10);
	assert_true(is_found(f->index, 5, &a.pack, a.records[5].offset));
	assert_false(is_in_pack(f->index, 1005, 1, 1000));
	reopen(f);
	assert_true(is_in_pack(f->index, 2005, 2, 2000));
	assert_count(f->index, 20, 2);
}

static void a_file_removed_under_us_is_made_anew(void **state)
{
	struct index_fixture *f = *state;
	char path[160];

	test_add(f->index, 1, 0, 10);
	snprintf(path, sizeof(path), "%s/%s", f->state, TUSK_INDEX_FILE);
	assert_int_equal(unlink(path), 0); /* its lock file stays */
	test_add(f->index, 2, 1000, 10);
	assert_true(is_in_pack(f->index, 1005, 2, 1000));
	assert_false(is_in_pack(f->index, 5, 1, 0));
	reopen(f);
	assert_true(is_in_pack(f->index, 1005, 2, 1000));
}

static void a_lock_file_is_never_shared_by_two_data_files(void **state)
{
	struct index_fixture *f = *state;
	struct stat before, after;
	char path[160], lock[160];

	test_add(f->index, 1, 0, 10);
	snprintf(path, sizeof(path), "%s/%s", f->state, TUSK_INDEX_FILE);
	snprintf(lock, sizeof(lock), "%s/%s", f->state, TUSK_INDEX_LOCK);
	assert_int_equal(stat(lock, &before), 0);
	/* As if a process that replaced the index had died half-way: a new data file beside our lock file. */
	assert_int_equal(unlink(path), 0);
	tusk_test_write(f->state, TUSK_INDEX_FILE, "", 0);
	assert_int_equal(in_child(child_adds, f), 0);
	assert_int_equal(stat(lock, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	test_add(f->index, 2, 1000, 10);
	assert_count(f->index, 10 + 40 * 500, 41);
}

static void one_process_opens_an_index_once(void **state)
{
	struct index_fixture *f = *state;
	struct tusk_index *second;
	struct tusk_id id = test_id(1);
	struct tusk_location location;
	struct tusk_err err = {0};

	test_add(f->index, 1, 0, 10);
	tusk_test_ok(tusk_index_open(f->state, &f->keys, &second, &err), &err);
	assert_int_equal(tusk_index_find(second, &id, &location, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	tusk_index_close(second);
	assert_true(is_in_pack(f->index, 5, 1, 0));
}

static void child_reads_only(struct index_fixture *f)
{
	char temporary[128];

	if (geteuid() != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(77);
	snprintf(temporary, sizeof(temporary), "%s/tmp", f->path);
	setenv("TMPDIR", temporary, 1);
	open_own(f);
	bool readable = access(f->state, R_OK | X_OK) == 0;
	if (is_in_pack(f->index, 5, 1, 0) != readable)
		_exit(1);
	test_add(f->index, 2, 1000, 10);
	if (!is_in_pack(f->index, 1005, 2, 1000) || f->index->mode != TUSK_MODE_TEMPORARY)
		_exit(2);
	tusk_index_close(f->index);
	_exit(rmdir(temporary) == 0 ? 0 : 3);
}

/* mode: of the folder, for somebody else than its owner. */
static void read_as_nobody(struct index_fixture *f, mode_t mode)
{
	char path[160];

	test_add(f->index, 1, 0, 10);
	tusk_index_close(f->index);
	f->index = NULL;
	snprintf(path, sizeof(path), "%s/%s", f->state, TUSK_INDEX_FILE);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(f->state, mode), 0);
	assert_int_equal(chmod(f->path, 0777), 0);
	snprintf(path, sizeof(path), "%s/tmp", f->path);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(chmod(path, 0777), 0);
	int status = in_child(child_reads_only, f);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* only root can become somebody else */
	assert_int_equal(status, 0);
	reopen(f);
	assert_true(is_in_pack(f->index, 5, 1, 0));
	assert_count(f->index, 10, 1);
}

static void a_folder_that_cannot_be_written_is_read(void **state)
{
	read_as_nobody(*state, 0755);
}

static void a_folder_that_cannot_be_read_gives_a_temporary_index(void **state)
{
	read_as_nobody(*state, 0700);
}

/* A program that we start must not keep the index open. */
static void no_descriptor_outlives_an_exec(void **state)
{
	struct index_fixture *f = *state;
	size_t len = strlen(f->state);
	unsigned count = 0;

	test_add(f->index, 1, 0, 10);
	for (int fd = 0; fd < 256; fd++) {
		char link[32], target[128] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) < 0 || strncmp(target, f->state, len) != 0)
			continue;
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		count++;
	}
	assert_true(count >= 4);
}

struct thread {
	struct index_fixture *f;
	uint64_t first;
	bool failed;
};

static void *read_and_write(void *context)
{
	struct thread *thread = context;
	struct tusk_location location;
	struct tusk_err err = {0};

	for (uint64_t n = thread->first; n < thread->first + 20; n++) {
		struct tusk_toc toc = test_toc(n, n * 1000, 50);
		const uint64_t size = 5080;

		thread->failed |= tusk_index_add(thread->f->index, &toc, &size, 1, &err) != 0;
		for (uint32_t i = 0; i < toc.count; i++)
			thread->failed |= tusk_index_find(thread->f->index, &toc.records[i].id, &location, &err) !=
					      TUSK_INDEX_FOUND ||
					  !tusk_id_equal(&location.pack, &toc.pack);
		tusk_toc_release(&toc);
	}
	return NULL;
}

static void threads_share_an_index_that_grows(void **state)
{
	struct index_fixture *f = *state;
	struct thread threads[4];
	pthread_t ids[4];

	f->tuning.map_size = 128 << 10;
	reopen(f);
	for (size_t i = 0; i < 4; i++) {
		threads[i] = (struct thread){.f = f, .first = 100 * (i + 1)};
		assert_int_equal(pthread_create(&ids[i], NULL, read_and_write, &threads[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(ids[i], NULL), 0);
		assert_false(threads[i].failed);
	}
	assert_count(f->index, 4 * 20 * 50, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(two_processes_share_an_index_that_grows),
	    TEST(a_writer_killed_in_a_transaction_stops_nobody),
	    TEST(a_stopped_writer_is_named_and_not_waited_for_without_end),
	    TEST(another_process_notices_a_rebuild),
	    TEST(a_file_removed_under_us_is_made_anew),
	    TEST(a_lock_file_is_never_shared_by_two_data_files),
	    TEST(one_process_opens_an_index_once),
	    TEST(a_folder_that_cannot_be_written_is_read),
	    TEST(a_folder_that_cannot_be_read_gives_a_temporary_index),
	    TEST(no_descriptor_outlives_an_exec),
	    TEST(threads_share_an_index_that_grows),
	};
	return cmocka_run_group_tests_name("index sharing", tests, NULL, NULL);
}
