/* What a backup stores comes back the same. */
#include "crypto.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

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

static void path_of(const char *name, char ret_path[512])
{
	snprintf(ret_path, 512, "%s/%s", world.source, name);
}

static void files_of_every_length_come_back(void **state)
{
	(void)state;
	/* The fixture's chunks: 4 KiB at least, 64 KiB at most; a worker's buffer is 2 MiB. */
	const size_t lengths[] = {0,     1,     255,   256,     257,     4095,    4096,    4097,   16384,
				  65535, 65536, 65537, 1000000, 2097151, 2097152, 2097153, 7000000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char name[32];
		snprintf(name, sizeof(name), "file-%zu", lengths[i]);
		world_random_file(&world, name, lengths[i], i);
	}
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world.result.counters.files, 17);
	assert_int_equal(world.result.counters.new_files, 17);
}

static void the_sha256_of_every_file_is_recorded(void **state)
{
	(void)state;
	const size_t lengths[] = {300, 4000, 300000, 5000000};
	for (size_t i = 0; i < 4; i++)
		world_random_file(&world, (const char *const[]){"a", "b", "c", "d"}[i], lengths[i], i + 7);
	world_backup(&world, 0);
	for (size_t i = 0; i < 4; i++) {
		TUSK_AUTO_VIEW struct tusk_view *view = NULL;
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		TUSK_AUTO_FREE uint8_t *data = malloc(lengths[i]);
		uint8_t expected[32];
		world_random_bytes(data, lengths[i], i + 7);
		tusk_sha256(data, lengths[i], expected);
		world_entry(&world, (const char *const[]){"a", "b", "c", "d"}[i], &entry, &view);
		assert_true(entry.has_sha256);
		assert_memory_equal(entry.sha256, expected, 32);
	}
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd TUSK_AUTO_FD = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void every_type_of_entry_comes_back(void **state)
{
	(void)state;
	char path[512];
	world_mkdir(&world, "directory");
	world_mkdir(&world, "directory/empty");
	world_text(&world, "directory/file", "text");
	path_of("directory/file", path);
	assert_int_equal(chmod(path, 06751), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){{1, 2}, {-5, 999999999}}, 0), 0);
	path_of("symlink", path);
	assert_int_equal(symlink("no/such/\xff place", path), 0);
	path_of("fifo", path);
	assert_int_equal(mkfifo(path, 0640), 0);
	path_of("socket", path);
	make_socket(path);
	path_of("odd \n\x01\xfe name", path);
	assert_int_equal(mkdir(path, 01777), 0);
	size_t others = 3;
	path_of("null", path);
	if (mknod(path, S_IFCHR | 0666, makedev(1, 3)) == 0)
		others++;
	path_of("loop", path);
	if (mknod(path, S_IFBLK | 0600, makedev(7, 300)) == 0)
		others++;
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(world.result.counters.others, others);
}

static void set_xattr(const char *name, const char *xattr, const void *value, size_t len)
{
	char path[512];
	path_of(name, path);
	if (lsetxattr(path, xattr, value, len, 0) == 0)
		return;
	if (errno == ENOTSUP)
		skip();
	fail_msg("%s: %s", xattr, strerror(errno));
}

static void extended_attributes_come_back(void **state)
{
	(void)state;
	char large[3000];
	world_mkdir(&world, "directory");
	world_text(&world, "small", "x");
	world_text(&world, "large", "y");
	world_text(&world, "none", "z");
	set_xattr("directory", "user.of", "a directory", 11);
	set_xattr("small", "user.b", "two", 3);
	set_xattr("small", "user.a", "", 0);
	world_random_bytes(large, sizeof(large), 3);
	set_xattr("large", "user.large", large, sizeof(large));
	if (geteuid() == 0) {
		char path[512];
		path_of("symlink", path);
		assert_int_equal(symlink("small", path), 0);
		set_xattr("symlink", "trusted.of", "a symlink", 9);
	}
	world_backup(&world, 0);
	world_assert_same(&world);
}

static void make_sparse(const char *name, uint64_t size, const uint64_t *offsets, size_t count)
{
	char path[512], data[8192];
	path_of(name, path);
	int fd TUSK_AUTO_FD = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	for (size_t i = 0; i < count; i++) {
		world_random_bytes(data, sizeof(data), offsets[i] + 1);
		assert_int_equal(pwrite(fd, data, sizeof(data), (off_t)offsets[i]), (ssize_t)sizeof(data));
	}
}

static bool holes_exist(const char *name)
{
	char path[512];
	path_of(name, path);
	int fd TUSK_AUTO_FD = open(path, O_RDONLY | O_CLOEXEC);
	return lseek(fd, 0, SEEK_HOLE) < lseek(fd, 0, SEEK_END);
}

static void holes_come_back(void **state)
{
	(void)state;
	uint64_t many[400];
	for (size_t i = 0; i < 400; i++)
		many[i] = (uint64_t)i * 65536;
	make_sparse("start", 1 << 20, (uint64_t[]){(1 << 20) - 8192}, 1);
	make_sparse("end", 1 << 20, (uint64_t[]){0}, 1);
	make_sparse("middle", 100000, (uint64_t[]){0, 81920}, 2);
	make_sparse("many", (uint64_t)400 * 65536, many, 400); /* the list of extents goes into a blob */
	make_sparse("only", 50 << 20, NULL, 0);                /* its data is nothing, its hash that of the zeros */
	if (!holes_exist("only"))
		skip();
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.files, 5);
	world_assert_same(&world);
}

static void the_hash_of_a_file_with_holes_is_that_of_its_zeros_too(void **state)
{
	(void)state;
	const char *names[] = {"holes", "only"};
	make_sparse("holes", 3 << 20, (uint64_t[]){1 << 20, 2 << 20}, 2);
	make_sparse("only", 3 << 20, NULL, 0);
	world_backup(&world, 0);
	for (size_t i = 0; i < 2; i++) {
		TUSK_AUTO_VIEW struct tusk_view *view = NULL;
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		TUSK_AUTO_BUF struct tusk_buf data = {0};
		uint8_t expected[32], recorded[32];
		tusk_test_read(world.source, names[i], &data);
		tusk_sha256(data.data, data.len, expected);
		world_entry(&world, names[i], &entry, &view);
		tusk_test_ok(tusk_entry_sha256(&entry, recorded, &world.err), &world.err);
		assert_memory_equal(recorded, expected, 32);
	}
}

static void a_file_that_is_all_data_has_no_holes(void **state)
{
	(void)state;
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	world_random_file(&world, "full", 100000, 1);
	world_backup(&world, 0);
	world_entry(&world, "full", &entry, &view);
	assert_false(entry.has_holes);
	assert_int_equal(entry.data_bytes, 100000);
}

static void make_link(const char *from, const char *to)
{
	char a[512], b[512];
	path_of(from, a);
	path_of(to, b);
	assert_int_equal(linkat(AT_FDCWD, a, AT_FDCWD, b, 0), 0); /* of a symlink itself */
}

static uint64_t link_id(const char *name)
{
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	world_entry(&world, name, &entry, &view);
	return entry.link_id;
}

static void hard_links_are_read_once_and_keep_their_identity(void **state)
{
	(void)state;
	world_mkdir(&world, "d");
	world_random_file(&world, "a", 100000, 1);
	world_random_file(&world, "other", 5000, 2);
	make_link("a", "d/b");
	make_link("a", "z");
	make_link("other", "d/other");
	world_backup(&world, 0);
	world_assert_same(&world);
	uint64_t id = link_id("a");
	assert_in_range(id, 1, ((uint64_t)1 << 62) - 1);
	assert_int_equal(link_id("d/b"), id);
	assert_int_equal(link_id("z"), id);
	assert_true(link_id("other") != id);
	assert_int_equal(link_id("other"), link_id("d/other"));
	assert_int_equal(world.result.counters.bytes, 3 * 100000 + 2 * 5000);
	world_remove(&world, "z");
	make_link("a", "d/c");
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(link_id("d/c"), id);
}

static void links_of_symlinks_and_fifos_are_links_too(void **state)
{
	(void)state;
	char path[512];
	path_of("symlink", path);
	assert_int_equal(symlink("target", path), 0);
	make_link("symlink", "symlink2");
	path_of("fifo", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	make_link("fifo", "fifo2");
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_true(link_id("symlink") != 0);
	assert_int_equal(link_id("symlink"), link_id("symlink2"));
	assert_int_equal(link_id("fifo"), link_id("fifo2"));
}

static void hard_links_are_read_only_once(void **state)
{
	(void)state;
	struct tusk_progress progress = {0};
	world_random_file(&world, "a", 3000000, 1);
	for (unsigned i = 0; i < 40; i++) {
		char name[16];
		snprintf(name, sizeof(name), "link%u", i);
		make_link("a", name);
	}
	world.options.progress = &progress;
	world_backup(&world, 0);
	world_assert_same(&world);
	assert_int_equal(atomic_load(&progress.bytes_read), 3000000);
	assert_int_equal(atomic_load(&progress.bytes_done), 41 * 3000000);
}

static void equal_content_is_stored_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		char name[16];
		snprintf(name, sizeof(name), "copy%u", i);
		world_random_file(&world, name, 3000000, 1);
	}
	world_backup(&world, 0);
	assert_in_range(world.result.counters.new_bytes, 3000000, 3200000);
	assert_in_range(world_packs(&world).bytes, 3000000, 3500000);
	world_random_file(&world, "copy-later", 3000000, 1);
	world_reopen(&world, true); /* another client learns from the node what is there */
	world_backup(&world, 0);
	assert_in_range(world.result.counters.new_bytes, 1, 100000);
	world_assert_same(&world);
}

static void an_insertion_stores_only_its_surroundings(void **state)
{
	(void)state;
	TUSK_AUTO_FREE uint8_t *data = malloc(4000001);
	world_random_bytes(data + 1, 4000000, 5);
	world_file(&world, "file", data + 1, 4000000);
	world_backup(&world, 0);
	memmove(data, data + 1, 2000000);
	world_file(&world, "file", data, 4000001);
	world_backup(&world, 0);
	assert_in_range(world.result.counters.new_bytes, 1, 300000);
	world_assert_content(&world, "file", data, 4000001);
}

static void a_repository_without_encryption_holds_the_same(void **state)
{
	(void)state;
	world_close(&world);
	world_open(&world, TUSK_SUITE_NONE);
	world_random_file(&world, "large", 5000000, 1);
	world_text(&world, "small", "text");
	world_backup(&world, 0);
	world_assert_same(&world);
}

static void one_thread_and_many_store_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "f%u", i);
		world_random_file(&world, name, (size_t)i * i * 7, i);
	}
	world_random_file(&world, "large", 20000000, 1000);
	world.options.parent = "";
	world.options.threads = 1;
	world_backup(&world, 0);
	struct tusk_subtree one = world_subtree(&world);
	world_assert_same(&world);
	world.options.threads = 7;
	world_backup(&world, 0);
	struct tusk_subtree many = world_subtree(&world);
	assert_true(tusk_id_equal(&one.id, &many.id));
	assert_int_equal(world.result.counters.new_files, 201);
}

static void directories_nest_deeply(void **state)
{
	(void)state;
	char path[512];
	path_of(".", path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < 900; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		int below = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = below;
	}
	int file = openat(fd, "leaf", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	close(file);
	close(fd);
	world_backup(&world, 0);
	assert_int_equal(world.result.counters.files, 1);
	assert_in_range(world.result.counters.dirs, 902, 910);
	struct tusk_subtree first = world_subtree(&world);
	world_backup(&world, 0);
	struct tusk_subtree second = world_subtree(&world);
	assert_true(tusk_id_equal(&first.id, &second.id));
}

static void input_from_a_pipe_becomes_a_file(void **state)
{
	(void)state;
	static uint8_t data[5000000];
	int ends[2];
	world_random_bytes(data, sizeof(data), 9);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		size_t done = 0;
		while (done < sizeof(data)) {
			ssize_t put = write(ends[1], data + done, sizeof(data) - done);
			if (put <= 0)
				_exit(1);
			done += (size_t)put;
		}
		_exit(0);
	}
	close(ends[1]);
	world.options.path_count = 0;
	world.options.stream_name = "dump.sql";
	world.options.stream_fd = ends[0];
	world_backup(&world, 0);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	snprintf(world.source, sizeof(world.source), "/"); /* where the file is */
	world_assert_content(&world, "dump.sql", data, sizeof(data));
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	world_entry(&world, "dump.sql", &entry, &view);
	assert_int_equal(entry.mode, S_IFREG | 0600);
	assert_int_equal(entry.uid, geteuid());
	assert_int_equal(world.result.counters.files, 1);
}

static void the_output_of_a_command_becomes_a_file(void **state)
{
	(void)state;
	const char *command[] = {"sh", "-c", "printf 'hello, '; printf world", NULL};
	world.options.stream_name = "greeting";
	world.options.stream_command = command;
	world_backup(&world, 0);
	snprintf(world.source, sizeof(world.source), "/");
	world_assert_content(&world, "greeting", "hello, world", 12);
	command[2] = ":";
	world_backup(&world, 0);
	world_assert_content(&world, "greeting", "", 0);
}

static void a_command_that_fails_makes_no_snapshot(void **state)
{
	(void)state;
	const char *command[] = {"sh", "-c", "echo some; exit 7", NULL};
	world.options.stream_name = "dump";
	world.options.stream_command = command;
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_SOURCE);
	assert_non_null(strstr(world.err.message, "status 7"));
	command[2] = "kill -9 $$";
	assert_int_equal(world_try(&world), -1);
	assert_non_null(strstr(world.err.message, "signal 9"));
	command[0] = "/no/such/program";
	assert_int_equal(world_try(&world), -1);
	assert_int_equal(world.err.code, TUSK_E_SOURCE);
	assert_int_equal(world_snapshot_count(&world), 0);
}

/* TUSK_TEST_LIGHT: fewer files, and room for a sanitizer's shadow memory, which is not what is measured. */
static void a_directory_of_100000_files_fits_128_mib(void **state)
{
	(void)state;
	bool light = getenv("TUSK_TEST_LIGHT") != NULL;
	unsigned file_count = light ? 20000 : 100000;
	struct rusage usage;
	int status;
	for (unsigned i = 0; i < file_count; i++) {
		char name[32], text[16];
		snprintf(name, sizeof(name), "some-file-number-%u", i);
		snprintf(text, sizeof(text), "%u", i);
		world_text(&world, name, text);
	}
	pid_t pid = fork();
	if (pid == 0)
		_exit(world_try(&world) == 0 && world.result.counters.files == file_count ? 0 : 1);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_int_equal(status, 0);
	assert_in_range(usage.ru_maxrss, 1, light ? 1 << 20 : 128 << 10); /* KiB */
	world_text(&world, "some-file-number-15000", "changed");
	struct world_packs before = world_packs(&world);
	world_backup(&world, 0);
	struct world_packs after = world_packs(&world);
	assert_int_equal(world.result.counters.changed_files, 1);
	assert_in_range(after.bytes - before.bytes, 1, 200000); /* of about 10 MB of tree blocks */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_of_every_length_come_back),
	    TEST(the_sha256_of_every_file_is_recorded),
	    TEST(every_type_of_entry_comes_back),
	    TEST(extended_attributes_come_back),
	    TEST(holes_come_back),
	    TEST(the_hash_of_a_file_with_holes_is_that_of_its_zeros_too),
	    TEST(a_file_that_is_all_data_has_no_holes),
	    TEST(hard_links_are_read_once_and_keep_their_identity),
	    TEST(links_of_symlinks_and_fifos_are_links_too),
	    TEST(hard_links_are_read_only_once),
	    TEST(equal_content_is_stored_once),
	    TEST(an_insertion_stores_only_its_surroundings),
	    TEST(a_repository_without_encryption_holds_the_same),
	    TEST(one_thread_and_many_store_the_same),
	    TEST(directories_nest_deeply),
	    TEST(input_from_a_pipe_becomes_a_file),
	    TEST(the_output_of_a_command_becomes_a_file),
	    TEST(a_command_that_fails_makes_no_snapshot),
	    TEST(a_directory_of_100000_files_fits_128_mib),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
