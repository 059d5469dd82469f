/* Preloaded: appends every call that changes a file or a folder of one file system to a log. TUSK_RECORD_LOG names the
 * log, TUSK_RECORD_ROOT a folder on the file system that is meant. */
#undef _FILE_OFFSET_BITS /* open and open64 are two names here */
#include "log.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static dev_t device;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("TUSK_RECORD_LOG"), *root = getenv("TUSK_RECORD_ROOT");
	struct stat status;
	int fd;

	if (!path || !root || stat(root, &status) < 0)
		return;
	device = status.st_dev;
	fd = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	/* High, so that the program's own descriptors keep their numbers. */
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
	close(fd);
	pthread_atfork(before_fork, after_fork, after_fork);
}

/* What happens between enter and leave is in the log in the same order as on disk, whichever process does it. */
static bool enter(void)
{
	int saved = errno;

	if (log_fd < 0)
		return false;
	pthread_mutex_lock(&lock);
	while (flock(log_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	errno = saved;
	return true;
}

static void leave(void)
{
	int saved = errno;

	flock(log_fd, LOCK_UN);
	pthread_mutex_unlock(&lock);
	errno = saved;
}

static void append(struct log_record *record, const char *name, const struct iovec *data, int count)
{
	struct iovec parts[64] = {{record, sizeof(*record)}, {(void *)(uintptr_t)name, name ? strlen(name) : 0}};
	size_t want = sizeof(*record) + parts[1].iov_len;
	int saved = errno;

	record->magic = LOG_MAGIC;
	record->name_len = (uint32_t)parts[1].iov_len;
	if (count > 62)
		abort();
	for (int i = 0; i < count; i++) {
		parts[2 + i] = data[i];
		record->data_len += data[i].iov_len;
	}
	want += record->data_len;
	if (REAL(writev)(log_fd, parts, 2 + count) != (ssize_t)want)
		abort();
	errno = saved;
}

static bool ours(int fd, struct stat *ret_status)
{
	return fstat(fd, ret_status) == 0 && ret_status->st_dev == device &&
	       (S_ISREG(ret_status->st_mode) || S_ISDIR(ret_status->st_mode));
}

/* The folder that holds path, and the last component (in ret_name). False when it is elsewhere. */
static bool split(int dirfd, const char *path, uint64_t *ret_folder, char ret_name[256])
{
	char parent[4096];
	struct stat status;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	size_t start = len;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (len - start > 255 || start >= sizeof(parent))
		return false;
	snprintf(ret_name, 256, "%.*s", (int)(len - start), path + start);
	snprintf(parent, sizeof(parent), "%.*s", (int)start, start ? path : ".");
	if (!start)
		strcpy(parent, ".");
	if (fstatat(dirfd, parent, &status, 0) < 0 || status.st_dev != device)
		return false;
	*ret_folder = status.st_ino;
	return true;
}

static void note_name(enum log_op op, int dirfd, const char *path, uint64_t inode)
{
	struct log_record record = {.op = op, .inode = inode};
	char name[256];
	int saved = errno;

	if (split(dirfd, path, &record.folder, name))
		append(&record, name, NULL, 0);
	errno = saved;
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	struct stat status;
	bool existed;
	int fd;

	if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !enter())
		return REAL(openat)(dirfd, path, flags, mode);
	int saved = errno;
	existed = fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
	errno = saved;
	fd = REAL(openat)(dirfd, path, flags, mode);
	saved = errno;
	if (fd >= 0 && ours(fd, &status)) {
		struct log_record record = {.op = LOG_TRUNCATE, .inode = status.st_ino};

		if (!existed)
			note_name(LOG_CREATE, dirfd, path, status.st_ino);
		else if (flags & O_TRUNC)
			append(&record, NULL, NULL, 0);
	}
	errno = saved;
	leave();
	return fd;
}

#define MODE_OF(flags)                                   \
	__extension__({                                  \
		mode_t mode_ = 0;                        \
		if ((flags) & (O_CREAT | O_TMPFILE)) {   \
			va_list list_;                   \
			va_start(list_, flags);          \
			mode_ = va_arg(list_, unsigned); \
			va_end(list_);                   \
		}                                        \
		mode_;                                   \
	})

#undef open
#undef openat
#undef creat
int open(const char *path, int flags, ...)
{
	return open_any(AT_FDCWD, path, flags, MODE_OF(flags));
}
int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	return open_any(AT_FDCWD, path, flags, MODE_OF(flags));
}
int openat(int dirfd, const char *path, int flags, ...)
{
	return open_any(dirfd, path, flags, MODE_OF(flags));
}
int openat64(int dirfd, const char *path, int flags, ...);
int openat64(int dirfd, const char *path, int flags, ...)
{
	return open_any(dirfd, path, flags, MODE_OF(flags));
}

static void note_write(int fd, const struct iovec *data, int count, int64_t offset, ssize_t done)
{
	struct stat status;
	struct iovec parts[62];
	struct log_record record = {.op = LOG_WRITE};
	int used = 0, saved = errno;

	if (done > 0 && ours(fd, &status)) {
		record.inode = status.st_ino;
		record.offset = (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - done);
		record.flags = fcntl(fd, F_GETFL) & O_DSYNC ? LOG_DSYNC : 0;
		for (size_t left = (size_t)done; left && used < count && used < 62; used++) {
			parts[used] = data[used];
			if (parts[used].iov_len > left)
				parts[used].iov_len = left;
			left -= parts[used].iov_len;
		}
		append(&record, NULL, parts, used);
	}
	errno = saved;
}

static ssize_t write_any(int fd, const struct iovec *data, int count, int64_t offset)
{
	struct stat status;
	bool inside = log_fd >= 0 && fd != log_fd && ours(fd, &status) && enter();
	ssize_t done = offset >= 0 ? REAL(pwritev)(fd, data, count > 62 ? 62 : count, offset)
				   : REAL(writev)(fd, data, count > 62 ? 62 : count);

	if (inside) {
		note_write(fd, data, count, offset, done);
		leave();
	}
	return done;
}

ssize_t write(int fd, const void *data, size_t len)
{
	return write_any(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1, -1);
}
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return write_any(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return write_any(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1, offset);
}
ssize_t writev(int fd, const struct iovec *data, int count)
{
	return write_any(fd, data, count, -1);
}
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t offset)
{
	return write_any(fd, data, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *data, int count, off_t offset);
ssize_t pwritev64(int fd, const struct iovec *data, int count, off_t offset)
{
	return write_any(fd, data, count, offset);
}

static int truncate_any(int fd, off_t size)
{
	struct stat status;
	bool inside = log_fd >= 0 && ours(fd, &status) && enter();
	int result = REAL(ftruncate)(fd, size);

	if (inside) {
		struct log_record record = {.op = LOG_TRUNCATE, .inode = status.st_ino, .offset = (uint64_t)size};

		if (result == 0)
			append(&record, NULL, NULL, 0);
		leave();
	}
	return result;
}
int ftruncate(int fd, off_t size)
{
	return truncate_any(fd, size);
}
int ftruncate64(int fd, off_t size);
int ftruncate64(int fd, off_t size)
{
	return truncate_any(fd, size);
}

static int sync_any(int fd, int (*call)(int))
{
	struct stat status;
	bool inside = log_fd >= 0 && ours(fd, &status) && enter();
	int result = call(fd);

	if (inside) {
		struct log_record record = {.op = LOG_SYNC, .inode = status.st_ino};

		if (result == 0)
			append(&record, NULL, NULL, 0);
		leave();
	}
	return result;
}
int fsync(int fd)
{
	return sync_any(fd, REAL(fsync));
}
int fdatasync(int fd)
{
	return sync_any(fd, REAL(fdatasync));
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	struct log_record record = {.op = LOG_RENAME};
	char name[256], new_name[256];

	if (!enter())
		return REAL(renameat2)(from_fd, from, to_fd, to, flags);
	int saved = errno;
	bool known = split(from_fd, from, &record.folder, name) && split(to_fd, to, &record.folder2, new_name);
	errno = saved;
	int result = REAL(renameat2)(from_fd, from, to_fd, to, flags);
	if (result == 0 && known)
		append(&record, name, &(struct iovec){new_name, strlen(new_name)}, 1);
	leave();
	return result;
}
int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}
int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	struct stat status;
	bool inside = enter();
	int result = REAL(linkat)(from_fd, from, to_fd, to, flags);

	if (inside) {
		if (result == 0 && fstatat(to_fd, to, &status, AT_SYMLINK_NOFOLLOW) == 0)
			note_name(LOG_LINK, to_fd, to, status.st_ino);
		leave();
	}
	return result;
}
int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	bool inside = enter();
	int result = REAL(unlinkat)(dirfd, path, flags);

	if (inside) {
		if (result == 0)
			note_name(LOG_UNLINK, dirfd, path, 0);
		leave();
	}
	return result;
}
int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}
int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct stat status;
	bool inside = enter();
	int result = REAL(mkdirat)(dirfd, path, mode);

	if (inside) {
		if (result == 0 && fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
			note_name(LOG_MKDIR, dirfd, path, status.st_ino);
		leave();
	}
	return result;
}
int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}
