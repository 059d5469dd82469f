#include "fixture.h"

#include "fileio.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "test fixture: %s: %s\n", what, why);
	abort();
}

void tusk_test_directory(char ret_path[64])
{
	const char *base = getenv("TMPDIR");
	int len = snprintf(ret_path, 64, "%s/tusk-test-XXXXXX", base && base[0] == '/' ? base : "/tmp");

	if (len >= 64)
		snprintf(ret_path, 64, "/tmp/tusk-test-XXXXXX");
	if (!mkdtemp(ret_path))
		fail(ret_path, "cannot be made");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void tusk_test_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fail(path, "cannot be removed");
}

static int open_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail(folder, "cannot be opened");
	return fd;
}

void tusk_test_read(const char *folder, const char *name, struct tusk_buf *ret_data)
{
	int fd TUSK_AUTO_FD = open_folder(folder);
	struct tusk_err err = {0};

	tusk_test_ok(tusk_read_file(fd, name, (size_t)1 << 30, ret_data, &err), &err);
}

void tusk_test_write(const char *folder, const char *name, const void *data, size_t len)
{
	int fd TUSK_AUTO_FD = open_folder(folder), file TUSK_AUTO_FD = -1;
	struct tusk_err err = {0};

	file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		fail(name, "cannot be made");
	tusk_test_ok(tusk_write_full(file, data, len, name, &err), &err);
}

void tusk_test_ok(int result, const struct tusk_err *err)
{
	if (result != 0)
		fail(tusk_code_name(err->code), err->message);
}
