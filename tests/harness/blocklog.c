/* harness_blocklog MOUNTPOINT IMAGE LOG: shows the file system image IMAGE as MOUNTPOINT/disk.img, for a loop device,
 * and appends to LOG (log.h) each write and each flush that reaches it, in their order; what is written to
 * MOUNTPOINT/mark becomes a mark. Returns when mounted, ends when unmounted. One thread: a flush in the log comes after
 * all the writes that were answered before it was asked for. */
#define FUSE_USE_VERSION 35
#include "log.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK     2
#define MARK     3
#define READ_MAX (1u << 20)

static int image, output;
static uint8_t buffer[READ_MAX];

static void append(enum log_op op, uint64_t offset, const void *data, size_t len)
{
	struct log_record record = {.magic = LOG_MAGIC, .op = op, .offset = offset, .data_len = len};
	struct iovec parts[2] = {{&record, sizeof(record)}, {(void *)(uintptr_t)data, len}};

	if (writev(output, parts, 2) != (ssize_t)(sizeof(record) + len))
		err(2, "the log");
}

static struct stat attributes(fuse_ino_t number)
{
	struct stat disk = {0}, status = {.st_ino = number, .st_nlink = 1, .st_mode = S_IFREG | 0600};

	if (number == FUSE_ROOT_ID)
		status.st_mode = S_IFDIR | 0700;
	if (number == DISK && fstat(image, &disk) == 0)
		status.st_size = disk.st_size;
	return status;
}

static void on_init(void *context, struct fuse_conn_info *connection)
{
	(void)context;
	connection->max_write = READ_MAX;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {.attr_timeout = 1000, .entry_timeout = 1000};

	(void)parent;
	entry.ino = strcmp(name, "disk.img") == 0 ? DISK : strcmp(name, "mark") == 0 ? MARK : 0;
	if (!entry.ino) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	entry.attr = attributes(entry.ino);
	fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	struct stat status = attributes(number);

	(void)file;
	fuse_reply_attr(request, &status, 1000);
}

/* Somebody opens the mark with O_TRUNC. */
static void on_setattr(fuse_req_t request, fuse_ino_t number, struct stat *wanted, int what,
		       struct fuse_file_info *file)
{
	(void)wanted;
	(void)what;
	on_getattr(request, number, file);
}

static void on_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)number;
	file->direct_io = 1;
	fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *file)
{
	ssize_t got = number == DISK ? pread(image, buffer, size < READ_MAX ? size : READ_MAX, offset) : 0;

	(void)file;
	if (got < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_buf(request, (const char *)buffer, (size_t)got);
}

static void on_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *file)
{
	(void)file;
	if (number == DISK && pwrite(image, data, size, offset) != (ssize_t)size) {
		fuse_reply_err(request, EIO);
		return;
	}
	append(number == DISK ? LOG_WRITE : LOG_MARK, number == DISK ? (uint64_t)offset : 0, data, size);
	fuse_reply_write(request, size);
}

static void on_fsync(fuse_req_t request, fuse_ino_t number, int data_only, struct fuse_file_info *file)
{
	(void)data_only;
	(void)file;
	if (number == DISK)
		append(LOG_SYNC, 0, NULL, 0);
	fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {.init = on_init,
						    .lookup = on_lookup,
						    .getattr = on_getattr,
						    .setattr = on_setattr,
						    .open = on_open,
						    .read = on_read,
						    .write = on_write,
						    .fsync = on_fsync};

int main(int argc, char *argv[])
{
	struct fuse_args arguments = FUSE_ARGS_INIT(1, argv);

	if (argc != 4)
		errx(2, "usage: harness_blocklog MOUNTPOINT IMAGE LOG");
	image = open(argv[2], O_RDWR | O_CLOEXEC);
	output = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (image < 0 || output < 0)
		err(2, "%s", image < 0 ? argv[2] : argv[3]);
	struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof(operations), NULL);
	if (!session || fuse_session_mount(session, argv[1]) != 0 || fuse_daemonize(0) != 0)
		errx(2, "cannot mount at %s", argv[1]);
	int status = fuse_session_loop(session);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	return status != 0;
}
