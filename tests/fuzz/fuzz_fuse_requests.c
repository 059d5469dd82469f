/* Requests as the kernel would send them, without a mount: libfuse reads and writes through functions of ours.
 *
 * The input is a row of requests of 16 bytes: which operation, which node, offset, size, a name. Their framing is built
 * here, because libfuse trusts the kernel with it; what they ask for is up to the fuzzer. Every reply is looked at. */
#include "fixture_repository.h"
#include "log.h"
#include "mounting.h"
#include "tuskfs.h"

#include "tusk/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_SIZE  16
#define MESSAGE_SIZE  8192
#define NODES_MAX     64
#define MOST_REQUESTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	char path[64];
	struct tusk_repository *repository;
	struct tuskfs_options options;
	struct tuskfs fs;
	uint64_t nodes[NODES_MAX]; /* node ids seen in replies: the next requests are about them */
	unsigned node_count;
	uint32_t opcode; /* of the request that is being answered */
	uint32_t wanted; /* bytes at most */
	unsigned replies;
} world;

static void remember(uint64_t nodeid)
{
	if (nodeid)
		world.nodes[world.node_count++ % NODES_MAX] = nodeid;
}

static void check_listing(const uint8_t *data, size_t len)
{
	while (len) {
		struct fuse_direntplus entry;
		if (len < sizeof(entry))
			abort();
		memcpy(&entry, data, sizeof(entry));
		size_t used = FUSE_DIRENT_ALIGN(sizeof(entry) + entry.dirent.namelen);
		if (used > len || entry.dirent.namelen == 0 || entry.dirent.namelen > 255 || entry.dirent.ino == 0)
			abort();
		remember(entry.entry_out.nodeid);
		data += used;
		len -= used;
	}
}

static void check_reply(const struct fuse_out_header *header, const uint8_t *body, size_t len)
{
	bool may_be_unsupported =
	    world.opcode == FUSE_OPEN || world.opcode == FUSE_OPENDIR || world.opcode == FUSE_FLUSH;
	if (header->len != sizeof(*header) + len || header->error > 0 || header->error < -4095)
		abort();
	if (header->error == -ENOSYS && !may_be_unsupported)
		abort();
	if (world.opcode == FUSE_READ || world.opcode == FUSE_READDIRPLUS || world.opcode == FUSE_READDIR) {
		if (len > world.wanted)
			abort();
	}
	if (header->error == 0 && world.opcode == FUSE_READDIRPLUS)
		check_listing(body, len);
	if (header->error == 0 && world.opcode == FUSE_LOOKUP && len >= sizeof(uint64_t)) {
		uint64_t nodeid;
		memcpy(&nodeid, body, sizeof(nodeid));
		remember(nodeid);
	}
	world.replies++;
}

static ssize_t write_reply(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)fd;
	(void)userdata;
	struct fuse_out_header header;
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	memcpy(&header, iov[0].iov_base, sizeof(header));
	for (int i = 1; i < count; i++) {
		if (iov[i].iov_len && tusk_buf_append(&body, iov[i].iov_base, iov[i].iov_len) < 0)
			abort();
	}
	if (world.opcode != FUSE_INIT)
		check_reply(&header, body.data, body.len);
	return (ssize_t)(sizeof(header) + body.len);
}

static ssize_t read_nothing(int fd, void *buf, size_t len, void *userdata)
{
	(void)fd;
	(void)buf;
	(void)len;
	(void)userdata;
	return -1;
}

static void send_request(uint32_t opcode, uint64_t nodeid, const void *body, size_t len)
{
	static uint64_t unique = 2;
	static uint8_t message[MESSAGE_SIZE];
	struct fuse_in_header header = {
	    .len = (uint32_t)(sizeof(header) + len), .opcode = opcode, .nodeid = nodeid, .unique = unique += 2};
	memset(message, 0, sizeof(message));
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), body, len);
	struct fuse_buf buf = {.mem = message, .size = sizeof(header) + len};
	world.opcode = opcode;
	fuse_session_process_buf(world.fs.session, &buf);
}

/* ---- the world: one repository with a small tree in it ---- */

static void make_tree(const char *path)
{
	char name[256];
	static uint8_t content[200000];
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * i >> 7);
	tusk_test_write(path, "big", content, sizeof(content));
	tusk_test_write(path, "small", "hello\n", 6);
	tusk_test_write(path, "empty", "", 0);
	snprintf(name, sizeof(name), "%s/link", path);
	if (symlink("small", name) < 0)
		abort();
	snprintf(name, sizeof(name), "%s/folder", path);
	if (mkdir(name, 0755) < 0)
		abort();
	for (unsigned i = 0; i < 40; i++) {
		char file[32];
		snprintf(file, sizeof(file), "folder/file-%02u", i);
		tusk_test_write(path, file, content + i, 100 * i);
	}
	snprintf(name, sizeof(name), "%s/holes", path);
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || pwrite(fd, content, 5000, 1 << 20) != 5000 || ftruncate(fd, 4 << 20) < 0)
		abort();
	close(fd);
}

static void make_snapshot(void)
{
	char source[128];
	struct tusk_err err = {0};
	struct tusk_backup_result result;
	snprintf(source, sizeof(source), "%s/source", world.path);
	if (mkdir(source, 0755) < 0)
		abort();
	make_tree(source);
	const char *paths[] = {source}, *tags[] = {"a/b"};
	struct tusk_backup_options options = {.paths = paths, .path_count = 1, .tags = tags, .tag_count = 1};
	options.host = "..";
	options.source = "home";
	options.stream_fd = -1;
	options.threads = 1;
	tusk_test_ok(tusk_backup_run(world.repository, &options, &result, &err), &err);
}

static void make_session(void)
{
	static const struct fuse_custom_io io = {.writev = write_reply, .read = read_nothing};
	struct tusk_err err = {0};
	struct tuskfs *fs = &world.fs;
	fs->options = &world.options;
	fs->repository = world.repository;
	fs->repository_name = "fuzz";
	tusk_test_ok(tuskfs_slots_new(&fs->slots, &err), &err);
	tusk_test_ok(tuskfs_files_new(&fs->files, &err), &err);
	tusk_test_ok(tuskfs_statfs_new(fs->repository, &fs->statfs, &err), &err);
	tusk_test_ok(tuskfs_sums_new(&fs->sums, &err), &err);
	tusk_test_ok(tuskfs_refresh_new(fs->repository, fs->slots, "read me\n", &fs->refresh, &err), &err);
	tusk_test_ok(tuskfs_mounting_session(&world.options, "fuzz", fs, &fs->session, &err), &err);
	if (fuse_session_custom_io(fs->session, &io, open("/dev/null", O_RDWR | O_CLOEXEC)) != 0)
		abort();
	struct fuse_init_in init = {.major = FUSE_KERNEL_VERSION, .minor = 36, .max_readahead = 1 << 20, .flags = ~0u};
	init.flags &= ~(uint32_t)FUSE_INIT_EXT;
	send_request(FUSE_INIT, 0, &init, sizeof(init));
}

static void take_down(void)
{
	fuse_session_destroy(world.fs.session);
	tuskfs_refresh_free(world.fs.refresh);
	tuskfs_statfs_free(world.fs.statfs);
	tuskfs_sums_free(world.fs.sums);
	tuskfs_files_free(world.fs.files);
	tuskfs_slots_free(world.fs.slots);
	tusk_repository_close(world.repository);
	tusk_test_remove(world.path);
}

static void set_up(void)
{
	tusk_test_directory(world.path);
	tusk_test_repository(world.path, TUSK_SUITE_NONE, &world.repository);
	make_snapshot();
	tuskfs_log_catch_fuse(false);
	make_session();
	atexit(take_down);
}

/* ---- one request ---- */

static uint64_t choose_node(const uint8_t *bytes)
{
	uint64_t nodeid;
	switch (bytes[1] % 4) {
	case 0:
		return 1 + bytes[2] % 16;
	case 1: /* anything at all */
		memcpy(&nodeid, bytes + 2, sizeof(nodeid));
		return nodeid;
	default:
		return world.node_count ? world.nodes[bytes[2] % NODES_MAX] : 1;
	}
}

static void send_named(uint32_t opcode, uint64_t nodeid, const uint8_t *bytes)
{
	static const char *const names[] = {
	    "snapshots", "latest",  "hosts", "ids",   "__",      "folder", "big",      "small", "holes",
	    "link",      "empty",   "..",    ".",     "file-07", "tags",   "a_b",      "tmp",   "nope",
	    "source",    "sources", "at",    "today", "sums",    "shadow", "versions", ".tusk", "status.json"};
	char name[300] = {0};
	size_t choice = bytes[3] % (sizeof(names) / sizeof(names[0]) + 2);
	if (choice < sizeof(names) / sizeof(names[0]))
		snprintf(name, sizeof(name), "%s", names[choice]);
	else
		memcpy(name, bytes + 4, 12);
	send_request(opcode, nodeid, name, strlen(name) + 1);
}

static void send_read(uint32_t opcode, uint64_t nodeid, const uint8_t *bytes)
{
	struct fuse_read_in in = {0};
	uint32_t offset;
	memcpy(&offset, bytes + 4, sizeof(offset));
	in.offset = bytes[3] % 2 ? offset : offset % (8u << 20);
	if (bytes[3] % 7 == 3)
		in.offset = in.offset << 32;
	memcpy(&in.size, bytes + 8, 4);
	in.size %= 1u << 21;
	world.wanted = in.size;
	send_request(opcode, nodeid, &in, sizeof(in));
}

static void send_xattr(uint64_t nodeid, const uint8_t *bytes)
{
	struct {
		struct fuse_getxattr_in in;
		char name[32];
	} message = {.in = {.size = bytes[4]}};
	snprintf(message.name, sizeof(message.name), "%s",
		 bytes[3] % 3 == 0   ? "user.tusk.sha256"
		 : bytes[3] % 3 == 1 ? "user.tusk.snapshot"
				     : "user.x");
	send_request(FUSE_GETXATTR, nodeid, &message, sizeof(message));
}

static void send_one(const uint8_t *bytes)
{
	uint64_t nodeid = choose_node(bytes);
	struct fuse_getattr_in getattr = {0};
	struct fuse_getxattr_in list = {.size = bytes[4]};
	struct fuse_lseek_in seek = {.offset = (uint64_t)bytes[5] << bytes[4] % 56, .whence = bytes[3] % 6};
	switch (bytes[0] % 11) {
	case 0:
	case 1:
		return send_named(FUSE_LOOKUP, nodeid, bytes);
	case 2:
		return send_request(FUSE_GETATTR, nodeid, &getattr, sizeof(getattr));
	case 3:
		return send_request(FUSE_READLINK, nodeid, "", 0);
	case 4:
	case 5:
		return send_read(FUSE_READ, nodeid, bytes);
	case 6:
		return send_read(FUSE_READDIRPLUS, nodeid, bytes);
	case 7:
		return send_read(FUSE_READDIR, nodeid, bytes);
	case 8:
		return send_request(FUSE_LSEEK, nodeid, &seek, sizeof(seek));
	case 9:
		return send_xattr(nodeid, bytes);
	default:
		return send_request(FUSE_LISTXATTR, nodeid, &list, sizeof(list));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!world.fs.session)
		set_up();
	world.node_count = 0;
	for (unsigned i = 0; i < MOST_REQUESTS && size >= REQUEST_SIZE;
	     i++, size -= REQUEST_SIZE, data += REQUEST_SIZE) {
		world.replies = 0;
		send_one(data);
		if (world.replies != 1)
			abort();
	}
	return 0;
}
