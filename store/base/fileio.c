#include "fileio.h"

#include "tusk/id.h"
#include "tusk/sabotage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_FOLDER "tmp"
#define RANDOM_BYTES     16
/* Key and password files may be pipes: read in one piece, they leave no copy behind in a grown buffer. */
#define FIRST_READ 4096

int tusk_pread_full(int fd, void *data, size_t len, uint64_t offset, size_t *ret_len, const char *object,
		    struct tusk_err *err)
{
	uint8_t *bytes = data;
	size_t done = 0;

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return tusk_err_set(err, TUSK_E_IO, EOVERFLOW, "cannot read %s", object);
	while (done < len) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot read %s", object);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

int tusk_write_full(int fd, const void *data, size_t len, const char *object, struct tusk_err *err)
{
	const uint8_t *bytes = data;

	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && TUSK_SABOTAGED(write_errors))
			return 0;
		if (n <= 0)
			return tusk_err_set(err, TUSK_E_IO, n < 0 ? errno : EIO, "cannot write %s", object);
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The space to begin with: one byte more than the file has, so that its end is seen without growing. */
static size_t first_reservation(int fd, size_t max)
{
	struct stat status;
	size_t want = FIRST_READ;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= FIRST_READ)
		want = (size_t)status.st_size < max ? (size_t)status.st_size + 1 : max;
	return want;
}

static int read_to_end(int fd, size_t max, struct tusk_buf *data, const char *name, struct tusk_err *err)
{
	if (tusk_buf_reserve(data, first_reservation(fd, max)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", name);
	for (;;) {
		ssize_t n;

		if (data->len > max)
			return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is larger than %zu bytes", name, max);
		if (tusk_buf_reserve(data, 1) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", name);
		n = read(fd, data->data + data->len, data->capacity - data->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot read %s", name);
		if (n == 0)
			return 0;
		data->len += (size_t)n;
	}
}

int tusk_read_file(int dirfd, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err)
{
	int fd TUSK_AUTO_FD = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct tusk_buf data TUSK_AUTO_SECRET_BUF = {0};

	if (fd < 0)
		return tusk_err_set(err, errno == ENOENT ? TUSK_E_ABSENT : TUSK_E_IO, errno, "cannot open %s", name);
	if (read_to_end(fd, max, &data, name, err) < 0)
		return -1;
	tusk_buf_release(ret_data);
	*ret_data = data;
	data = (struct tusk_buf){0};
	return 0;
}

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool skips_file(const char *name)
{
	return (TUSK_SABOTAGED(pack_fsync) && begins(name, "packs/")) ||
	       (TUSK_SABOTAGED(toc_fsync) && begins(name, "toc/")) ||
	       (TUSK_SABOTAGED(key_fsync) && begins(name, "keys/")) ||
	       (TUSK_SABOTAGED(snapshot_fsync) && begins(name, "snapshots/"));
}

static bool skips_folder(const char *name)
{
	return (TUSK_SABOTAGED(pack_folder_fsync) && begins(name, "packs/")) ||
	       (TUSK_SABOTAGED(toc_folder_fsync) && begins(name, "toc/")) ||
	       (TUSK_SABOTAGED(key_folder_fsync) && begins(name, "keys/")) ||
	       (TUSK_SABOTAGED(snapshot_folder_fsync) && begins(name, "snapshots/"));
}

/* Syncs the folder that holds name. */
static int sync_folder_of(int root_fd, const char *name, struct tusk_err *err)
{
	const char *slash = strrchr(name, '/');
	char folder[PATH_MAX] = ".";
	size_t len = slash ? (size_t)(slash - name) : 0;
	int fd TUSK_AUTO_FD = -1;

	if (skips_folder(name))
		return 0;
	if (len >= sizeof(folder))
		return tusk_err_set(err, TUSK_E_IO, ENAMETOOLONG, "cannot sync the folder of %.64s...", name);
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", len ? (int)len : 1, name);
	fd = openat(root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open folder %s to sync it", folder);
	/* EINVAL: this kind of file system cannot sync folders; nothing better exists there. */
	if (fsync(fd) < 0 && errno != EINVAL)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot sync folder %s", folder);
	return 0;
}

static int random_name(char *ret_name, size_t size, struct tusk_err *err)
{
	uint8_t random[RANDOM_BYTES];
	char digits[2 * RANDOM_BYTES + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return tusk_err_set(err, TUSK_E_IO, errno, "no random bytes from the kernel");
	tusk_hex_encode(random, sizeof(random), digits);
	snprintf(ret_name, size, TEMPORARY_FOLDER "/%s", digits);
	return 0;
}

int tusk_pending_open(struct tusk_pending *pending, int root_fd, struct tusk_err *err)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	char name[sizeof(pending->temporary)];
	int fd;

	*pending = (struct tusk_pending){.root_fd = root_fd, .fd = -1};
	if (random_name(name, sizeof(name), err) < 0)
		return -1;
	fd = openat(root_fd, name, flags, 0600);
	/* Empty folders get lost when a node is copied by other tools. */
	if (fd < 0 && errno == ENOENT && mkdirat(root_fd, TEMPORARY_FOLDER, 0700) == 0)
		fd = openat(root_fd, name, flags, 0600);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot create %s", name);
	(void)flock(fd, LOCK_SH | LOCK_NB); /* there are file systems without */
	pending->fd = fd;
	memcpy(pending->temporary, name, sizeof(name));
	return 0;
}

void tusk_pending_abort(struct tusk_pending *pending)
{
	if (!pending->temporary[0])
		return;
	if (pending->fd >= 0)
		close(pending->fd);
	unlinkat(pending->root_fd, pending->temporary, 0);
	pending->fd = -1;
	pending->temporary[0] = '\0';
}

/* Makes the bytes durable and closes the file. The first failure is final: after a failed fsync the kernel may drop the
 * dirty pages and answer the next one with success. */
static int pending_sync(struct tusk_pending *pending, const char *name, struct tusk_err *err)
{
	int fd = pending->fd;

	if (!skips_file(name) && fdatasync(fd) < 0 && !TUSK_SABOTAGED(sync_errors))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot sync %s", name);
	pending->fd = -1;
	if (close(fd) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot close %s", name);
	return 0;
}

/* Gives the file its name. 0: done; 1: the name exists; -1: errno. */
static int rename_without_replacing(int root_fd, const char *temporary, const char *name)
{
	if (renameat2(root_fd, temporary, root_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS) {
		/* Such as NFS: a link does not replace either. */
		if (linkat(root_fd, temporary, root_fd, name, 0) == 0)
			return unlinkat(root_fd, temporary, 0);
	}
	return errno == EEXIST ? 1 : -1;
}

int tusk_pending_publish(struct tusk_pending *pending, const char *name, struct tusk_err *err)
{
	struct tusk_pending mine TUSK_AUTO_PENDING = *pending;
	int outcome;

	*pending = (struct tusk_pending){.root_fd = mine.root_fd, .fd = -1};
	if (pending_sync(&mine, name, err) < 0)
		return -1;
	outcome = rename_without_replacing(mine.root_fd, mine.temporary, name);
	if (outcome < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot publish %s", name);
	if (outcome == 0)
		mine.temporary[0] = '\0';
	/* Also when the name was there: whoever made it may not have come to this point yet. */
	return sync_folder_of(mine.root_fd, name, err);
}

int tusk_pending_replace(struct tusk_pending *pending, const char *name, struct tusk_err *err)
{
	struct tusk_pending mine TUSK_AUTO_PENDING = *pending;

	*pending = (struct tusk_pending){.root_fd = mine.root_fd, .fd = -1};
	if (pending_sync(&mine, name, err) < 0)
		return -1;
	if (renameat(mine.root_fd, mine.temporary, mine.root_fd, name) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot replace %s", name);
	mine.temporary[0] = '\0';
	return sync_folder_of(mine.root_fd, name, err);
}

/* Without a temporary: a death in the middle leaves half an object under its name. */
static int put_in_place(int root_fd, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	int fd TUSK_AUTO_FD = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || tusk_write_full(fd, data, len, name, err) < 0 || fdatasync(fd) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot write %s", name);
	return sync_folder_of(root_fd, name, err);
}

int tusk_durable_put(int root_fd, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	struct tusk_pending pending TUSK_AUTO_PENDING = {.fd = -1};

	if (TUSK_SABOTAGED(no_temporary))
		return put_in_place(root_fd, name, data, len, err);
	if (tusk_pending_open(&pending, root_fd, err) < 0)
		return -1;
	if (tusk_write_full(pending.fd, data, len, name, err) < 0)
		return -1;
	return tusk_pending_publish(&pending, name, err);
}

static bool is_directory(int root_fd, const char *name)
{
	struct stat status;

	return fstatat(root_fd, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/* mkdirat; an existing directory is fine. */
static int make_one(int root_fd, const char *name, mode_t mode, struct tusk_err *err)
{
	int failure;

	if (mkdirat(root_fd, name, mode) == 0)
		return 0;
	failure = errno;
	if (failure == EEXIST && is_directory(root_fd, name))
		return 0;
	return tusk_err_set(err, failure == EEXIST ? TUSK_E_EXISTS : TUSK_E_IO, failure, "cannot create folder %s",
			    name);
}

int tusk_durable_mkdir(int root_fd, const char *name, mode_t mode, struct tusk_err *err)
{
	if (make_one(root_fd, name, mode, err) < 0)
		return -1;
	return sync_folder_of(root_fd, name, err);
}

int tusk_durable_unlink(int root_fd, const char *name, struct tusk_err *err)
{
	if (unlinkat(root_fd, name, 0) == 0)
		return sync_folder_of(root_fd, name, err);
	if (errno == ENOENT)
		return 0;
	return tusk_err_set(err, TUSK_E_IO, errno, "cannot remove %s", name);
}

int tusk_durable_move(int root_fd, const char *from, const char *to, struct tusk_err *err)
{
	int outcome = rename_without_replacing(root_fd, from, to);

	if (outcome < 0 && errno == ENOENT && faccessat(root_fd, from, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (outcome < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot move %s to %s", from, to);
	if (outcome == 1)
		return 1;
	if (sync_folder_of(root_fd, to, err) < 0)
		return -1;
	return sync_folder_of(root_fd, from, err);
}

int tusk_make_directories(const char *path, mode_t mode, struct tusk_err *err)
{
	char partial[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(partial))
		return tusk_err_set(err, TUSK_E_IO, len ? ENAMETOOLONG : ENOENT, "cannot create folder %.64s", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (path[i - 1] == '/')
			continue;
		memcpy(partial, path, i);
		partial[i] = '\0';
		if (make_one(AT_FDCWD, partial, mode, err) < 0)
			return -1;
	}
	return 0;
}
