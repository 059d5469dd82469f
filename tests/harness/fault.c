/* Preloaded: makes the n-th call of a class fail, or the process die there.
 *   TUSK_FAULT=CLASS:N:ERRNO[:sticky]   fails with that errno, once or from then on ("short": writes half)
 *   TUSK_FAULT=CLASS:N:kill             SIGKILL before the call
 *   TUSK_FAULT_COUNT=FILE               appends "CLASS COUNT" lines when the process ends
 * Classes: open create write sync rename mkdir unlink truncate mmap read malloc random fork lock; change is all that
 * changes files. */
#undef _FILE_OFFSET_BITS /* open and open64 are two names here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class {
	OPEN,
	CREATE,
	WRITE,
	SYNC,
	RENAME,
	MKDIR,
	UNLINK,
	TRUNCATE,
	MMAP,
	READ,
	MALLOC,
	RANDOM,
	FORK,
	LOCK,
	CHANGE,
	CLASSES
};
static const char *const names[CLASSES] = {"open",   "create", "write",    "sync", "rename",
					   "mkdir",  "unlink", "truncate", "mmap", "read",
					   "malloc", "random", "fork",     "lock", "change"};

static atomic_ulong counts[CLASSES];
static enum class chosen = CLASSES;
static unsigned long chosen_at;
static int chosen_errno;
static bool sticky, shortens, kills, counting;
static pid_t first_process;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *data, size_t size);

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

static int errno_of(const char *text)
{
	static const struct {
		const char *text;
		int value;
	} known[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EMFILE", EMFILE},
		     {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EROFS", EROFS}, {"EAGAIN", EAGAIN},
		     {"EDQUOT", EDQUOT}, {"ENOSYS", ENOSYS}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(text, known[i].text) == 0)
			return known[i].value;
	return EIO;
}

__attribute__((constructor)) static void start(void)
{
	const char *plan = getenv("TUSK_FAULT");
	char class[16], what[16], more[16] = "";
	unsigned long at;

	counting = getenv("TUSK_FAULT_COUNT") != NULL;
	first_process = getpid();
	if (!plan || sscanf(plan, "%15[^:]:%lu:%15[^:]:%15s", class, &at, what, more) < 3)
		return;
	sticky = strcmp(more, "sticky") == 0;
	kills = strcmp(what, "kill") == 0;
	shortens = strcmp(what, "short") == 0;
	chosen_errno = errno_of(what);
	chosen_at = at;
	for (enum class i = 0; i < CLASSES; i++)
		if (strcmp(class, names[i]) == 0)
			chosen = i;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("TUSK_FAULT_COUNT");
	char text[512];
	size_t len = 0;

	/* The programs that we start have calls of their own. */
	if (!counting || getpid() != first_process)
		return;
	chosen = CLASSES;
	for (enum class i = 0; i < CLASSES; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %lu\n", names[i], atomic_load(&counts[i]));
	int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || REAL(write)(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Counts the call. True when it has to fail; errno is set then. */
static bool fails(enum class class)
{
	unsigned long number = atomic_fetch_add(&counts[class], 1) + 1;

	if (class != chosen || (sticky ? number < chosen_at : number != chosen_at))
		return false;
	if (kills)
		kill(getpid(), SIGKILL);
	errno = chosen_errno;
	return true;
}

static bool changing_fails(enum class class)
{
	bool first = fails(CHANGE);

	return fails(class) || first;
}

static bool is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
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

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	if (flags & O_CREAT ? changing_fails(CREATE) : fails(OPEN))
		return -1;
	return REAL(openat)(dirfd, path, flags, mode);
}

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
long syscall(long number, ...)
{
	long (*call)(long, ...) = REAL(syscall);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_openat2 && fails(OPEN))
		return -1;
	return call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static ssize_t write_any(int fd, const struct iovec *data, int count, int64_t offset)
{
	if (is_file(fd) && changing_fails(WRITE)) {
		/* Half of it is written, as of a disk that is full within a block. */
		if (!shortens || data[0].iov_len < 2)
			return -1;
		return offset >= 0 ? REAL(pwrite)(fd, data[0].iov_base, data[0].iov_len / 2, offset)
				   : REAL(write)(fd, data[0].iov_base, data[0].iov_len / 2);
	}
	return offset >= 0 ? REAL(pwritev)(fd, data, count, offset) : REAL(writev)(fd, data, count);
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

ssize_t read(int fd, void *data, size_t len)
{
	if (is_file(fd) && fails(READ))
		return -1;
	return REAL(read)(fd, data, len);
}
ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	if (is_file(fd) && fails(READ))
		return -1;
	return REAL(pread)(fd, data, len, offset);
}
ssize_t pread64(int fd, void *data, size_t len, off_t offset);
ssize_t pread64(int fd, void *data, size_t len, off_t offset)
{
	return pread(fd, data, len, offset);
}

int fsync(int fd)
{
	return changing_fails(SYNC) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd)
{
	return changing_fails(SYNC) ? -1 : REAL(fdatasync)(fd);
}
int ftruncate(int fd, off_t size)
{
	return changing_fails(TRUNCATE) ? -1 : REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off_t size);
int ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return changing_fails(RENAME) ? -1 : REAL(renameat2)(from_fd, from, to_fd, to, flags);
}
int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return changing_fails(RENAME) ? -1 : REAL(renameat)(from_fd, from, to_fd, to);
}
int rename(const char *from, const char *to)
{
	return changing_fails(RENAME) ? -1 : REAL(rename)(from, to);
}
int unlinkat(int dirfd, const char *path, int flags)
{
	return changing_fails(UNLINK) ? -1 : REAL(unlinkat)(dirfd, path, flags);
}
int unlink(const char *path)
{
	return changing_fails(UNLINK) ? -1 : REAL(unlink)(path);
}
int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return changing_fails(MKDIR) ? -1 : REAL(mkdirat)(dirfd, path, mode);
}
int mkdir(const char *path, mode_t mode)
{
	return changing_fails(MKDIR) ? -1 : REAL(mkdir)(path, mode);
}
int flock(int fd, int operation)
{
	return fails(LOCK) ? -1 : REAL(flock)(fd, operation);
}
void *mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	return fails(MMAP) ? MAP_FAILED : REAL(mmap)(address, len, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t len, int protection, int flags, int fd, off_t offset);
void *mmap64(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	return mmap(address, len, protection, flags, fd, offset);
}
ssize_t getrandom(void *data, size_t len, unsigned flags)
{
	return fails(RANDOM) ? -1 : REAL(getrandom)(data, len, flags);
}
pid_t fork(void)
{
	return fails(FORK) ? -1 : REAL(fork)();
}

#ifndef FAULT_NO_MALLOC
void *malloc(size_t size)
{
	return fails(MALLOC) ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
	return fails(MALLOC) ? NULL : __libc_calloc(count, size);
}
void *realloc(void *data, size_t size)
{
	return fails(MALLOC) ? NULL : __libc_realloc(data, size);
}
#endif
