/* Content. Nothing is copied here: slices of decoded chunks go straight to the kernel. */
#include "tuskfs.h"

#include "inode.h"

#include <errno.h>
#include <string.h>

#define READ_MAX   (8u << 20) /* the kernel asks for 1 MiB at most */
#define SLICES_MAX 512        /* below IOV_MAX with what libfuse adds; a file of many tiny extents is copied */
#define SMALL_READ (64u << 10)
#define WHOLE_MAX  (128u << 10)

void tuskfs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	(void)file;
	fuse_reply_err(req, ENOSYS);
}

static void reply_text(fuse_req_t req, const struct tuskfs_node *node, size_t size, off_t offset)
{
	const char *text;
	if (node->kind != TUSKFS_TEXT && node->kind != TUSKFS_REPORT) {
		fuse_reply_err(req, node->kind == TUSKFS_LINK ? EINVAL : EISDIR);
		return;
	}
	int error = tuskfs_node_text(fuse_req_userdata(req), node, &text);
	if (error) {
		fuse_reply_err(req, error);
		return;
	}
	size_t len = strlen(text);
	size_t from = (uint64_t)offset < len ? (size_t)offset : len;
	fuse_reply_buf(req, text + from, len - from < size ? len - from : size);
}

static void read_again(const struct tuskfs_late *late)
{
	tuskfs_op_read(late->req, late->ino, late->size, late->offset, NULL);
}

static void reply_sums(fuse_req_t req, const struct tuskfs_node *node, size_t size, off_t offset)
{
	struct tuskfs *fs = fuse_req_userdata(req);
	struct tuskfs_late late = {
	    .req = req, .ino = node->nodeid, .size = size, .offset = offset, .answer = read_again};
	struct tusk_err err = {0};
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	if (tuskfs_node_is_late(fs, node, &late))
		return;
	if (tuskfs_sums_read(fs->sums, node->slot, (uint64_t)offset, size, &text, &err) < 0)
		fuse_reply_err(req, tuskfs_report(node->slot, 0, &err));
	else
		fuse_reply_buf(req, (const char *)text.data, text.len);
}

static int reply_copy(fuse_req_t req, struct tusk_file *file, size_t size, off_t offset, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *data = malloc(size);
	size_t len = 0;
	if (!data)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot read %zu bytes", size);
	if (tusk_file_pread(file, data, size, (uint64_t)offset, &len, err) < 0)
		return -1;
	fuse_reply_buf(req, data, len);
	return 0;
}

/* 0: replied. */
static int reply_data(fuse_req_t req, struct tusk_file *file, size_t size, off_t offset, struct tusk_err *err)
{
	struct tusk_slices slices = {0};
	if (tusk_file_slices(file, (uint64_t)offset, size, &slices, err) < 0)
		return -1;
	int result = 0;
	if (slices.count <= SLICES_MAX)
		fuse_reply_iov(req, slices.iov, (int)slices.count);
	else
		result = reply_copy(req, file, size, offset, err);
	tusk_slices_release(&slices);
	return result;
}

/* A small file as a whole: on the stack, which is in the processor's cache already. */
static int reply_whole(fuse_req_t req, struct tusk_file *file, struct tusk_err *err)
{
	uint8_t data[WHOLE_MAX];
	size_t len = 0;
	if (tusk_file_pread(file, data, sizeof(data), 0, &len, err) < 0)
		return -1;
	fuse_reply_buf(req, (const char *)data, len);
	return 0;
}

static bool is_whole(const struct tusk_file *file, size_t size, off_t offset)
{
	uint64_t all = tusk_file_size(file);
	return offset == 0 && all <= size && all <= WHOLE_MAX && tusk_file_is_single(file);
}

static void read_file(fuse_req_t req, const struct tuskfs_place *place, size_t size, off_t offset)
{
	const struct tuskfs *fs = fuse_req_userdata(req);
	struct tusk_err err = {0};
	TUSKFS_AUTO_OPEN_FILE struct tuskfs_open_file *file = NULL;
	if (tuskfs_files_hold(fs->files, place->slot, place->number, &file, &err) < 0) {
		fuse_reply_err(req,
			       err.code == TUSK_E_USAGE ? EINVAL : tuskfs_report(place->slot, place->number, &err));
		return;
	}
	bool sequential = tuskfs_open_file_advance(file, (uint64_t)offset, size);
	struct tusk_file *content = tuskfs_open_file_get(file);
	if ((is_whole(content, size, offset) ? reply_whole(req, content, &err)
					     : reply_data(req, content, size, offset, &err)) < 0) {
		fuse_reply_err(req, tuskfs_report(place->slot, place->number, &err));
		return;
	}
	if (!fs->push)
		return;
	if (offset == 0)
		tuskfs_push_read(fs->push, place->slot, place->number);
	else if (!sequential && size <= SMALL_READ)
		tuskfs_push_around(fs->push, place->slot, place->number, (uint64_t)offset);
}

void tuskfs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)file;
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	int error = offset < 0 ? EINVAL : tuskfs_resolve(fuse_req_userdata(req), ino, &place);
	if (size > READ_MAX)
		size = READ_MAX;
	if (error || place.versions)
		fuse_reply_err(req, error ? error : EISDIR);
	else if (place.node && place.node->kind == TUSKFS_SUMS)
		reply_sums(req, place.node, size, offset);
	else if (place.node)
		reply_text(req, place.node, size, offset);
	else
		read_file(req, &place, size, offset);
}

static int seek_file(const struct tuskfs *fs, const struct tuskfs_place *place, uint64_t offset, bool data,
		     uint64_t *ret_offset)
{
	struct tusk_err err = {0};
	TUSKFS_AUTO_OPEN_FILE struct tuskfs_open_file *file = NULL;
	if (tuskfs_files_hold(fs->files, place->slot, place->number, &file, &err) < 0)
		return err.code == TUSK_E_USAGE ? EINVAL : tuskfs_report(place->slot, place->number, &err);
	int found = tusk_file_seek(tuskfs_open_file_get(file), offset, data, ret_offset, &err);
	if (found == TUSK_ABSENT)
		return ENXIO;
	return found == TUSK_FOUND ? 0 : tuskfs_report(place->slot, place->number, &err);
}

static void lseek_again(const struct tuskfs_late *late)
{
	tuskfs_op_lseek(late->req, late->ino, late->offset, late->whence, NULL);
}

void tuskfs_op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *file)
{
	(void)file;
	struct tuskfs *fs = fuse_req_userdata(req);
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	uint64_t found = 0;
	int error = tuskfs_resolve(fs, ino, &place);
	if (!error && (whence != SEEK_DATA && whence != SEEK_HOLE))
		error = EINVAL;
	if (!error && (offset < 0 || place.versions))
		error = ENXIO;
	if (!error && place.view) {
		error = seek_file(fs, &place, (uint64_t)offset, whence == SEEK_DATA, &found);
	} else if (!error) {
		struct tuskfs_late late = {
		    .req = req, .ino = ino, .offset = offset, .whence = whence, .answer = lseek_again};
		struct stat stat = {0};
		if (tuskfs_node_is_late(fs, place.node, &late))
			return;
		error = tuskfs_stat_node(fs, place.node, &stat);
		found = whence == SEEK_DATA ? (uint64_t)offset : (uint64_t)stat.st_size;
		error = error || offset < stat.st_size ? error : ENXIO;
	}
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_lseek(req, (off_t)found);
}
