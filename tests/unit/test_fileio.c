#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fileio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system calls that fileio.c makes go through here (linked with --wrap): they are logged, a letter each, and fail
 * or fall short when a test asks for it. */
static struct {
	int fdatasync_errno, fsync_errno, renameat2_errno;
	unsigned interruptions; /* so many reads and writes fail with EINTR first */
	size_t most;            /* bytes per read or write; 0: no limit */
	char log[64];
} calls;

static void note(char letter)
{
	size_t len = strlen(calls.log);

	if (len + 1 < sizeof(calls.log))
		calls.log[len] = letter;
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	note('D');
	return calls.fdatasync_errno ? fail_with(calls.fdatasync_errno) : __real_fdatasync(fd);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	note('F');
	return calls.fsync_errno ? fail_with(calls.fsync_errno) : __real_fsync(fd);
}

int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	note('R');
	if (calls.renameat2_errno)
		return fail_with(calls.renameat2_errno);
	return __real_renameat2(from_fd, from, to_fd, to, flags);
}

/* True when this call is to be interrupted; otherwise cuts len. */
static bool interrupt(size_t *len)
{
	if (calls.interruptions) {
		calls.interruptions--;
		return true;
	}
	if (calls.most && *len > calls.most)
		*len = calls.most;
	return false;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return interrupt(&len) ? fail_with(EINTR) : __real_write(fd, data, len);
}

ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len)
{
	return interrupt(&len) ? fail_with(EINTR) : __real_read(fd, data, len);
}

ssize_t __real_pread64(int fd, void *data, size_t len, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t len, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t len, off_t offset)
{
	return interrupt(&len) ? fail_with(EINTR) : __real_pread64(fd, data, len, offset);
}

/* A fresh root with tmp/ and packs/. */
struct fixture {
	char path[256];
	int root;
	struct tusk_err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memset(&calls, 0, sizeof(calls));
	if (!f)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/tusk-fileio-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(f->path))
		return -1;
	f->root = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return f->root < 0 || mkdirat(f->root, "tmp", 0700) || mkdirat(f->root, "packs", 0700) ? -1 : 0;
}

/* Removes everything below dirfd: two levels are all there is. */
static void empty_folder(int dirfd)
{
	DIR *folder = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		int fd;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd, entry->d_name, 0) == 0)
			continue;
		fd = openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY);
		assert_true(fd >= 0);
		empty_folder(fd);
		close(fd);
		assert_int_equal(unlinkat(dirfd, entry->d_name, AT_REMOVEDIR), 0);
	}
	closedir(folder);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	empty_folder(f->root);
	close(f->root);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static size_t entries_of(int root, const char *name)
{
	DIR *folder = fdopendir(openat(root, name, O_RDONLY | O_DIRECTORY));
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(folder);
	return count;
}

static void assert_content(struct fixture *f, const char *name, const char *text)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	assert_int_equal(tusk_read_file(f->root, name, 1000, &data, &f->err), 0);
	assert_int_equal(data.len, strlen(text));
	assert_memory_equal(data.data, text, data.len);
}

static void assert_absent(struct fixture *f, const char *name)
{
	assert_int_equal(faccessat(f->root, name, F_OK, 0), -1);
	assert_int_equal(errno, ENOENT);
}

static int put(struct fixture *f, const char *name, const char *text)
{
	return tusk_durable_put(f->root, name, text, strlen(text), &f->err);
}

static void an_object_is_synced_then_named_then_its_folder_synced(void **state)
{
	struct fixture *f = *state;
	struct stat status;

	assert_int_equal(put(f, "packs/one", "content"), 0);
	assert_string_equal(calls.log, "DRF");
	assert_content(f, "packs/one", "content");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
	assert_int_equal(fstatat(f->root, "packs/one", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(status.st_nlink, 1);
}

static void publishing_an_existing_name_keeps_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "packs/one", "first"), 0);
	memset(calls.log, 0, sizeof(calls.log));
	assert_int_equal(put(f, "packs/one", "second"), 0);
	assert_string_equal(calls.log, "DRF");
	assert_content(f, "packs/one", "first");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
}

static void a_file_system_without_exclusive_rename_gets_a_link(void **state)
{
	static const int errors[] = {EINVAL, ENOSYS};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "packs/two" : "packs/one";
		struct stat status;

		calls.renameat2_errno = errors[i];
		assert_int_equal(put(f, name, "first"), 0);
		assert_int_equal(put(f, name, "second"), 0);
		assert_content(f, name, "first");
		assert_int_equal(fstatat(f->root, name, &status, 0), 0);
		assert_int_equal(status.st_nlink, 1);
		assert_int_equal(entries_of(f->root, "tmp"), 0);
	}
	assert_string_equal(calls.log, "DRFDRFDRFDRF");
}

static void a_failed_sync_is_final(void **state)
{
	struct fixture *f = *state;

	calls.fdatasync_errno = EIO;
	assert_int_equal(put(f, "packs/one", "content"), -1);
	assert_int_equal(f->err.code, TUSK_E_IO);
	assert_int_equal(f->err.sys_errno, EIO);
	assert_string_equal(calls.log, "D");
	assert_absent(f, "packs/one");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
	calls.fdatasync_errno = ENOSPC;
	assert_int_equal(put(f, "packs/one", "content"), -1);
	assert_int_equal(f->err.code, TUSK_E_FULL);
}

static void a_failed_sync_of_the_folder_is_no_success(void **state)
{
	struct fixture *f = *state;

	calls.fsync_errno = EIO;
	assert_int_equal(put(f, "packs/one", "content"), -1);
	assert_int_equal(f->err.sys_errno, EIO);
	assert_string_equal(calls.log, "DRF");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
	/* A file system that cannot sync folders is no failure. */
	calls.fsync_errno = EINVAL;
	assert_int_equal(put(f, "packs/two", "content"), 0);
}

static void a_failed_rename_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "no-such-folder/one", "content"), -1);
	assert_int_equal(f->err.sys_errno, ENOENT);
	calls.renameat2_errno = EDQUOT;
	assert_int_equal(put(f, "packs/one", "content"), -1);
	assert_int_equal(f->err.code, TUSK_E_FULL);
	assert_absent(f, "packs/one");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
}

static void an_aborted_file_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct tusk_pending pending;

	assert_int_equal(tusk_pending_open(&pending, f->root, &f->err), 0);
	assert_int_equal(tusk_write_full(pending.fd, "abc", 3, "it", &f->err), 0);
	assert_int_equal(entries_of(f->root, "tmp"), 1);
	tusk_pending_abort(&pending);
	assert_int_equal(entries_of(f->root, "tmp"), 0);
	assert_int_equal(pending.fd, -1);
	tusk_pending_abort(&pending);
	assert_string_equal(calls.log, "");
}

static void aborting_after_publishing_has_no_effect(void **state)
{
	struct fixture *f = *state;
	struct tusk_pending pending;

	assert_int_equal(tusk_pending_open(&pending, f->root, &f->err), 0);
	assert_int_equal(tusk_pending_publish(&pending, "packs/one", &f->err), 0);
	tusk_pending_abort(&pending);
	assert_content(f, "packs/one", "");
}

static void many_pending_files_live_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct tusk_pending pending[20];

	for (size_t i = 0; i < 20; i++)
		assert_int_equal(tusk_pending_open(&pending[i], f->root, &f->err), 0);
	assert_int_equal(entries_of(f->root, "tmp"), 20);
	for (size_t i = 0; i < 20; i++)
		tusk_pending_abort(&pending[i]);
	assert_int_equal(entries_of(f->root, "tmp"), 0);
}

static void a_lost_folder_for_temporaries_is_made_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(unlinkat(f->root, "tmp", AT_REMOVEDIR), 0);
	assert_int_equal(put(f, "packs/one", "content"), 0);
	assert_content(f, "packs/one", "content");
}

static void a_file_in_the_root_can_be_replaced(void **state)
{
	struct fixture *f = *state;
	struct tusk_pending pending;

	for (unsigned i = 0; i < 2; i++) {
		memset(calls.log, 0, sizeof(calls.log));
		assert_int_equal(tusk_pending_open(&pending, f->root, &f->err), 0);
		assert_int_equal(tusk_write_full(pending.fd, i ? "new" : "old", 3, "state", &f->err), 0);
		assert_int_equal(tusk_pending_replace(&pending, "state", &f->err), 0);
		assert_string_equal(calls.log, "DF");
		assert_content(f, "state", i ? "new" : "old");
	}
	calls.fdatasync_errno = EIO;
	assert_int_equal(tusk_pending_open(&pending, f->root, &f->err), 0);
	assert_int_equal(tusk_pending_replace(&pending, "state", &f->err), -1);
	assert_content(f, "state", "new");
	assert_int_equal(entries_of(f->root, "tmp"), 0);
}

static void reads_and_writes_survive_interruptions_and_short_counts(void **state)
{
	struct fixture *f = *state;
	char back[16] = "";
	size_t len = 0;
	int fd;

	calls.most = 2;
	calls.interruptions = 3;
	assert_int_equal(put(f, "packs/one", "0123456789"), 0);
	calls.interruptions = 3;
	assert_content(f, "packs/one", "0123456789");
	calls.interruptions = 3;
	fd = openat(f->root, "packs/one", O_RDONLY);
	assert_int_equal(tusk_pread_full(fd, back, 5, 3, &len, "one", &f->err), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(back, "34567", 5);
	assert_int_equal(tusk_pread_full(fd, back, 10, 7, &len, "one", &f->err), 0);
	assert_int_equal(len, 3);
	assert_int_equal(tusk_pread_full(fd, back, 10, 100, &len, "one", &f->err), 0);
	assert_int_equal(len, 0);
	assert_int_equal(tusk_pread_full(fd, back, 10, UINT64_MAX - 2, &len, "one", &f->err), -1);
	assert_int_equal(f->err.sys_errno, EOVERFLOW);
	close(fd);
	assert_int_equal(tusk_pread_full(-1, back, 1, 0, &len, "one", &f->err), -1);
	assert_string_equal(f->err.message, "cannot read one: Bad file descriptor");
}

static void a_full_device_is_reported_as_full(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/full", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(tusk_write_full(fd, "abc", 3, "packs/one", &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_FULL);
	close(fd);
}

static void a_file_up_to_the_limit_is_read_and_not_one_byte_more(void **state)
{
	struct fixture *f = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	char *large TUSK_AUTO_FREE = calloc(1, 20001);

	assert_non_null(large);
	memset(large, 'x', 20000);
	assert_int_equal(put(f, "large", large), 0);
	assert_int_equal(tusk_buf_append(&data, "old", 3), 0);
	assert_int_equal(tusk_read_file(f->root, "large", 19999, &data, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_LIMIT);
	assert_int_equal(tusk_read_file(f->root, "large", 10, &data, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_LIMIT);
	assert_memory_equal(data.data, "old", 3);
	assert_int_equal(tusk_read_file(f->root, "large", 20000, &data, &f->err), 0);
	assert_int_equal(data.len, 20000);
	assert_memory_equal(data.data, large, 20000);
}

static void absent_and_unreadable_files_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	assert_int_equal(tusk_read_file(f->root, "packs/none", 10, &data, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_ABSENT);
	assert_int_equal(tusk_read_file(f->root, "packs", 10, &data, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_IO);
	assert_int_equal(f->err.sys_errno, EISDIR);
	assert_null(data.data);
}

static void a_pipe_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	char path[32];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "secret", 6), 6);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(tusk_read_file(AT_FDCWD, path, 100, &data, &f->err), 0);
	assert_int_equal(data.len, 6);
	close(ends[0]);
}

static void folders_are_made_durably_and_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tusk_durable_mkdir(f->root, "packs/ab", 0700, &f->err), 0);
	assert_int_equal(tusk_durable_mkdir(f->root, "packs/ab", 0700, &f->err), 0);
	assert_string_equal(calls.log, "FF");
	assert_int_equal(put(f, "file", ""), 0);
	assert_int_equal(tusk_durable_mkdir(f->root, "file", 0700, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_EXISTS);
	assert_int_equal(tusk_durable_mkdir(f->root, "none/ab", 0700, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_IO);
}

static void an_object_is_removed_durably_and_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "packs/one", "content"), 0);
	memset(calls.log, 0, sizeof(calls.log));
	assert_int_equal(tusk_durable_unlink(f->root, "packs/one", &f->err), 0);
	assert_string_equal(calls.log, "F");
	assert_absent(f, "packs/one");
	assert_int_equal(tusk_durable_unlink(f->root, "packs/one", &f->err), 0);
	assert_int_equal(tusk_durable_unlink(f->root, "packs", &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_IO);
}

static void missing_parents_are_made(void **state)
{
	struct fixture *f = *state;
	char path[300];

	snprintf(path, sizeof(path), "%s//a/b///c/", f->path);
	assert_int_equal(tusk_make_directories(path, 0700, &f->err), 0);
	assert_int_equal(tusk_make_directories(path, 0700, &f->err), 0);
	assert_int_equal(faccessat(f->root, "a/b/c", X_OK, 0), 0);
	assert_int_equal(unlinkat(f->root, "a/b/c", AT_REMOVEDIR), 0);
	assert_int_equal(put(f, "file", ""), 0);
	snprintf(path, sizeof(path), "%s/file/x", f->path);
	assert_int_equal(tusk_make_directories(path, 0700, &f->err), -1);
	assert_int_equal(f->err.code, TUSK_E_EXISTS);
	assert_int_equal(tusk_make_directories("", 0700, &f->err), -1);
	assert_int_equal(tusk_make_directories("/", 0700, &f->err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_synced_then_named_then_its_folder_synced),
	    TEST(publishing_an_existing_name_keeps_it),
	    TEST(a_file_system_without_exclusive_rename_gets_a_link),
	    TEST(a_failed_sync_is_final),
	    TEST(a_failed_sync_of_the_folder_is_no_success),
	    TEST(a_failed_rename_leaves_nothing),
	    TEST(an_aborted_file_leaves_nothing),
	    TEST(aborting_after_publishing_has_no_effect),
	    TEST(many_pending_files_live_side_by_side),
	    TEST(a_lost_folder_for_temporaries_is_made_again),
	    TEST(a_file_in_the_root_can_be_replaced),
	    TEST(reads_and_writes_survive_interruptions_and_short_counts),
	    TEST(a_full_device_is_reported_as_full),
	    TEST(a_file_up_to_the_limit_is_read_and_not_one_byte_more),
	    TEST(absent_and_unreadable_files_are_told_apart),
	    TEST(a_pipe_is_read_to_its_end),
	    TEST(folders_are_made_durably_and_again),
	    TEST(an_object_is_removed_durably_and_again),
	    TEST(missing_parents_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
