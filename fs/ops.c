/* The table of operations, and the ones that would change something. The mount is read-only, so the kernel refuses
 * them before we are asked; unless root has remounted it read-write. */
#include "tuskfs.h"

#include <errno.h>

static void refuse_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *file)
{
	(void)ino, (void)attr, (void)to_set, (void)file;
	fuse_reply_err(req, EROFS);
}

static void refuse_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)parent, (void)name, (void)mode, (void)rdev;
	fuse_reply_err(req, EROFS);
}

static void refuse_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	fuse_reply_err(req, EROFS);
}

static void refuse_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent, (void)name;
	fuse_reply_err(req, EROFS);
}

static void refuse_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link, (void)parent, (void)name;
	fuse_reply_err(req, EROFS);
}

static void refuse_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
			  const char *newname, unsigned int flags)
{
	(void)parent, (void)name, (void)newparent, (void)newname, (void)flags;
	fuse_reply_err(req, EROFS);
}

static void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	(void)ino, (void)newparent, (void)newname;
	fuse_reply_err(req, EROFS);
}

static void refuse_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
			 struct fuse_file_info *file)
{
	(void)ino, (void)buf, (void)size, (void)off, (void)file;
	fuse_reply_err(req, EROFS);
}

static void refuse_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	(void)ino, (void)name, (void)value, (void)size, (void)flags;
	fuse_reply_err(req, EROFS);
}

static void refuse_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file)
{
	(void)parent, (void)name, (void)mode, (void)file;
	fuse_reply_err(req, EROFS);
}

static void refuse_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			     struct fuse_file_info *file)
{
	(void)ino, (void)mode, (void)offset, (void)length, (void)file;
	fuse_reply_err(req, EROFS);
}

const struct fuse_lowlevel_ops *tuskfs_operations(void)
{
	static const struct fuse_lowlevel_ops operations = {
	    .init = tuskfs_op_init,
	    .lookup = tuskfs_op_lookup,
	    .forget = tuskfs_op_forget,
	    .forget_multi = tuskfs_op_forget_multi,
	    .getattr = tuskfs_op_getattr,
	    .readlink = tuskfs_op_readlink,
	    .statfs = tuskfs_op_statfs,
	    .opendir = tuskfs_op_opendir,
	    .readdir = tuskfs_op_readdir,
	    .readdirplus = tuskfs_op_readdirplus,
	    .open = tuskfs_op_open,
	    .read = tuskfs_op_read,
	    .lseek = tuskfs_op_lseek,
	    .getxattr = tuskfs_op_getxattr,
	    .listxattr = tuskfs_op_listxattr,
	    .setattr = refuse_setattr,
	    .mknod = refuse_mknod,
	    .mkdir = refuse_mkdir,
	    .unlink = refuse_remove,
	    .rmdir = refuse_remove,
	    .symlink = refuse_symlink,
	    .rename = refuse_rename,
	    .link = refuse_link,
	    .write = refuse_write,
	    .setxattr = refuse_setxattr,
	    .removexattr = refuse_remove,
	    .create = refuse_create,
	    .fallocate = refuse_fallocate,
	};
	return &operations;
}
