#include "restore_internal.h"

#include "tusk/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

static int remove_tree(int dirfd, const char *name, unsigned depth, struct tusk_err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;
	int result = 0;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot remove what is in the way");
	}
	while (result == 0 && (item = readdir(stream))) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, item->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM)
			result = tusk_err_set(err, TUSK_E_IO, errno, "cannot remove what is in the way");
		else if (depth > 1000)
			result =
			    tusk_err_set(err, TUSK_E_LIMIT, 0, "what is in the way is nested too deeply to be removed");
		else
			result = remove_tree(fd, item->d_name, depth + 1, err);
	}
	closedir(stream);
	if (result == 0 && unlinkat(dirfd, name, AT_REMOVEDIR))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot remove what is in the way");
	return result;
}

int restore_remove(int dirfd, const char *name, struct tusk_err *err)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot remove what is in the way");
	return remove_tree(dirfd, name, 0, err);
}

int restore_make_way(const struct restore *restore, int dirfd, const char *name, struct tusk_err *err)
{
	if (!restore->options->delete_extra && unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (!restore->options->delete_extra && (errno == ENOTEMPTY || errno == EEXIST))
		return tusk_err_set(err, TUSK_E_EXISTS, 0,
				    "a folder that is not empty is in its place; --delete removes it");
	return restore_remove(dirfd, name, err);
}

/* Whether what is there already is what the snapshot has, but for metadata. */
static bool is_same(int dirfd, const char *name, const struct tusk_entry *entry, const struct stat *st)
{
	char target[4096];

	if ((st->st_mode & S_IFMT) != (entry->mode & S_IFMT))
		return false;
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE)
		return st->st_rdev == makedev(entry->device_major, entry->device_minor);
	if (entry->type != TUSK_TYPE_SYMLINK)
		return true;
	ssize_t len = readlinkat(dirfd, name, target, sizeof target);
	return len >= 0 && (size_t)len == entry->target.len && memcmp(target, entry->target.data, (size_t)len) == 0;
}

static int create(int dirfd, const char *name, const struct tusk_entry *entry)
{
	char target[4096];

	if (entry->type != TUSK_TYPE_SYMLINK)
		return mknodat(dirfd, name, (entry->mode & S_IFMT) | 0600,
			       makedev(entry->device_major, entry->device_minor));
	if (entry->target.len >= sizeof target) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(target, entry->target.data, entry->target.len);
	target[entry->target.len] = 0;
	return symlinkat(target, dirfd, name);
}

static int make(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry, const char *name,
		struct tusk_err *err)
{
	struct stat st;
	bool exists = dir->fd >= 0 && fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (exists && restore->options->overwrite == RESTORE_NEVER) {
		atomic_fetch_add(&restore->counts->kept, 1);
		return 0;
	}
	if (restore->options->dry_run || dir->fd < 0)
		return 0;
	if (exists && !is_same(dir->fd, name, entry, &st)) {
		if (restore_make_way(restore, dir->fd, name, err))
			return -1;
		exists = false;
	}
	if (!exists && create(dir->fd, name, entry))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make it");
	return restore_metadata(restore, dir->fd, name, -1, entry, err);
}

int restore_special(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry, const char *name,
		    struct tusk_err *err)
{
	struct stat st = {0};
	int failed = make(restore, dir, entry, name, err);

	if (entry->link_id) {
		bool there =
		    !failed && (restore->options->dry_run || fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		restore_links_done(restore->links, entry->link_id, entry->number, &st, there);
	}
	if (!failed)
		atomic_fetch_add(&restore->counts->others, 1);
	return failed;
}
