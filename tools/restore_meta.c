#include "restore_internal.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

/* The object itself, whatever happens to its name meanwhile: a file or folder by its descriptor; what cannot be opened
 * (FIFO, device, symlink) by a descriptor that only points at it, and that one's name in /proc. */
struct target {
	int fd;
	char path[32]; /* empty: fd is open */
};

static ssize_t list_names(const struct target *target, char *list, size_t size)
{
	return target->path[0] ? listxattr(target->path, list, size) : flistxattr(target->fd, list, size);
}

static int set_one(const struct target *target, const char *name, const struct tusk_bytes *value)
{
	return target->path[0] ? setxattr(target->path, name, value->data, value->len, 0)
			       : fsetxattr(target->fd, name, value->data, value->len, 0);
}

static bool wanted(const struct tusk_xattrs *xattrs, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < xattrs->count; i++)
		if (xattrs->items[i].name.len == len && memcmp(xattrs->items[i].name.data, name, len) == 0)
			return true;
	return false;
}

/* Attributes that the target has and the snapshot has not: an inherited ACL, or those of an older file. */
static void remove_others(const struct target *target, const struct tusk_xattrs *xattrs)
{
	ssize_t size = list_names(target, NULL, 0);
	TUSK_AUTO_FREE char *list = size > 0 ? malloc((size_t)size) : NULL;

	if (!list || (size = list_names(target, list, (size_t)size)) <= 0)
		return;
	for (const char *name = list; name < list + size; name += strlen(name) + 1) {
		if (wanted(xattrs, name) || strcmp(name, "security.selinux") == 0)
			continue;
		if (target->path[0])
			removexattr(target->path, name);
		else
			fremovexattr(target->fd, name);
	}
}

/* What only root may set, or what this file system does not have, is counted and said once, not once a file. */
static bool is_refusal(const struct restore *restore, int error)
{
	return error == ENOTSUP || (error == EPERM && !restore->root);
}

static int set_xattrs(struct restore *restore, const struct target *target, const struct tusk_entry *entry,
		      struct tusk_err *err)
{
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	char name[256];

	if (entry->has_xattrs && tusk_entry_xattrs(restore->view, entry, &xattrs, err))
		return -1;
	remove_others(target, &xattrs);
	for (size_t i = 0; i < xattrs.count; i++) {
		const struct tusk_xattr *item = &xattrs.items[i];
		if (item->name.len >= sizeof name)
			return tusk_err_set(err, TUSK_E_LIMIT, 0, "an extended attribute's name is too long");
		memcpy(name, item->name.data, item->name.len);
		name[item->name.len] = 0;
		if (set_one(target, name, &item->value) == 0)
			continue;
		if (!is_refusal(restore, errno))
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot set the attribute %s", name);
		atomic_fetch_add(&restore->counts->attributes_refused, 1);
	}
	return 0;
}

static int set_owner(struct restore *restore, const struct target *target, const struct tusk_entry *entry,
		     const struct stat *st, bool *ret_mine)
{
	*ret_mine = true;
	if (st->st_uid == entry->uid && st->st_gid == entry->gid)
		return 0;
	if (fchownat(target->fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) == 0)
		return 0;
	if (restore->root && errno != EINVAL)
		return -1;
	*ret_mine = false;
	atomic_fetch_add(&restore->counts->owners_refused, 1);
	return 0;
}

static int set_mode(const struct target *target, const struct tusk_entry *entry, bool mine)
{
	/* A file that could not be given to its owner must not run as whoever restores it. */
	mode_t mode = entry->mode & (mine ? 07777 : 01777);

	if (entry->type == TUSK_TYPE_SYMLINK)
		return 0;
	return target->path[0] ? chmod(target->path, mode) : fchmod(target->fd, mode);
}

static int set_all(struct restore *restore, const struct target *target, const struct tusk_entry *entry,
		   struct tusk_err *err)
{
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	struct stat st;
	bool mine;

	if (fstat(target->fd, &st))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot look at what was restored");
	if (target->path[0] && (st.st_mode & S_IFMT) != (entry->mode & S_IFMT))
		return tusk_err_set(err, TUSK_E_IO, 0, "something else was put in its place");
	if (set_owner(restore, target, entry, &st, &mine))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot set the owner");
	if (set_xattrs(restore, target, entry, err))
		return -1;
	if (set_mode(target, entry, mine))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot set the mode");
	if (target->path[0] ? utimensat(AT_FDCWD, target->path, times, 0) : futimens(target->fd, times))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot set the times");
	return 0;
}

int restore_metadata(struct restore *restore, int dirfd, const char *name, int fd, const struct tusk_entry *entry,
		     struct tusk_err *err)
{
	struct target target = {.fd = fd};

	if (fd >= 0)
		return set_all(restore, &target, entry, err);
	TUSK_AUTO_FD int pointer = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (pointer < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot look at what was restored");
	target.fd = pointer;
	snprintf(target.path, sizeof(target.path), "/proc/self/fd/%d", pointer);
	return set_all(restore, &target, entry, err);
}
