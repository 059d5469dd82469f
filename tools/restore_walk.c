#include "restore_internal.h"

#include "tusk/cleanup.h"
#include "tusk/sabotage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define DEPTH_LIMIT 1100 /* a little above the format's 1,024 */

struct restore_dir *restore_dir_new(struct restore_dir *parent, uint64_t number)
{
	struct restore_dir *dir = calloc(1, sizeof *dir);

	if (!dir)
		return NULL;
	dir->parent = parent;
	dir->number = number;
	dir->fd = dir->source_fd = -1;
	atomic_init(&dir->refs, 1);
	if (parent)
		atomic_fetch_add(&parent->refs, 1);
	return dir;
}

static void finish_dir(struct restore *restore, struct restore_dir *dir)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};

	if (dir->fd >= 0 && !dir->keep_metadata && !restore_stopped(restore)) {
		if (tusk_view_entry(restore->view, dir->number, &entry, &err) ||
		    restore_metadata(restore, -1, NULL, dir->fd, &entry, &err))
			restore_problem(restore, dir->number, &err);
	}
	if (dir->fd >= 0)
		close(dir->fd);
	if (dir->source_fd >= 0)
		close(dir->source_fd);
	free(dir);
}

void restore_dir_unref(struct restore *restore, struct restore_dir *dir)
{
	/* The last one out closes; its parent may end with it, and so on up. */
	while (dir && atomic_fetch_sub(&dir->refs, 1) == 1) {
		struct restore_dir *parent = dir->parent;
		finish_dir(restore, dir);
		dir = parent;
	}
}

/* Lists a folder of the mount once: the kernel then knows all its entries from one pass of readdirplus instead of one
 * look-up each. */
static void prime(int fd)
{
	TUSK_AUTO_FREE char *buffer = malloc(64 << 10);

	while (buffer && getdents64(fd, buffer, 64 << 10) > 0)
		;
}

static void open_source(struct restore *restore, struct restore_dir *dir, const char *name)
{
	if (dir->parent->source_fd < 0)
		return;
	/* When the mount fails here, the reader in this process takes over for what is below. */
	dir->source_fd = openat(dir->parent->source_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->source_fd >= 0 && !restore->options->dry_run)
		prime(dir->source_fd);
}

/* A directory of ours that denies us everything. Its name may lead elsewhere by now: what has been looked at is opened,
 * and nothing else. */
static int open_locked(int parent, const char *name)
{
	TUSK_AUTO_FD int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 || chmod(path, 0700) < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens or makes the directory name below dir->parent. What stands in its place and is no directory is replaced, as the
 * policy says. */
static int open_dir(struct restore *restore, struct restore_dir *dir, const char *name, struct tusk_err *err)
{
	const struct restore_options *options = restore->options;
	int parent = dir->parent->fd;
	struct stat st;

	if (parent < 0)
		return 0; /* dry run below a folder that is not there */
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(st.st_mode) && !TUSK_SABOTAGED(restore_follows)) {
			if (options->overwrite == RESTORE_NEVER)
				return tusk_err_set(err, TUSK_E_EXISTS, 0,
						    "something that is not a folder is there; kept");
			if (options->dry_run)
				return 0;
			if (restore_remove(parent, name, err))
				return -1;
		}
	} else if (errno != ENOENT) {
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot look at the target");
	} else if (options->dry_run) {
		return 0;
	}
	if (!options->dry_run && mkdirat(parent, name, 0700) && errno != EEXIST)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make the folder");
	dir->fd = openat(parent, name,
			 O_RDONLY | O_DIRECTORY | (TUSK_SABOTAGED(restore_follows) ? 0 : O_NOFOLLOW) | O_CLOEXEC);
	if (dir->fd < 0 && errno == EACCES)
		dir->fd = open_locked(parent, name);
	if (dir->fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open the folder");
	if (!restore->root && !options->dry_run && fstat(dir->fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		fchmod(dir->fd, (st.st_mode & 07777) | 0700); /* its own mode comes at the end */
	return 0;
}

/* Removes what the snapshot does not have. */
static int delete_extra(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *directory,
			struct tusk_err *err)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;
	int result = 0;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot list the folder");
	}
	while (result == 0 && (item = readdir(stream))) {
		TUSK_AUTO_ENTRY struct tusk_entry found = {0};
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		int state = tusk_view_lookup(restore->view, directory, item->d_name, strlen(item->d_name), &found, err);
		if (state < 0)
			result = -1;
		if (state == TUSK_ABSENT) {
			atomic_fetch_add(&restore->counts->deleted, 1);
			if (!restore->options->dry_run)
				result = restore_remove(dir->fd, item->d_name, err);
		}
	}
	closedir(stream);
	return result;
}

static int restore_subdir(struct restore *restore, struct restore_dir *parent, const struct tusk_entry *entry,
			  const char *name, unsigned depth)
{
	struct tusk_err err = {0};
	struct restore_dir *dir = restore_dir_new(parent, entry->number);
	TUSK_AUTO_ENTRY struct tusk_entry own = {0};

	if (!dir) {
		tusk_err_set(&err, TUSK_E_NOMEM, 0, "restore");
		return restore_problem(restore, entry->number, &err);
	}
	dir->keep_metadata = restore->options->dry_run;
	/* The caller's entry lives in its directory cursor; ours must outlast the walk below. */
	int failed = tusk_view_entry(restore->view, entry->number, &own, &err) || open_dir(restore, dir, name, &err);
	if (failed) {
		restore_problem(restore, entry->number, &err);
	} else {
		open_source(restore, dir, name);
		atomic_fetch_add(&restore->counts->dirs, 1);
		restore_walk(restore, dir, &own, depth + 1);
	}
	restore_dir_unref(restore, dir);
	return failed ? -1 : 0;
}

static void restore_other(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry,
			  const char *name)
{
	struct tusk_err err = {0};
	int joined = 0;

	if (entry->link_id && !restore_links_first(restore->links, entry->link_id)) {
		joined = restore_links_join(restore, dir, entry, name, &err);
		if (joined < 0)
			restore_problem(restore, entry->number, &err);
		if (joined != 0)
			return;
	}
	if (entry->type == TUSK_TYPE_FILE) {
		restore_put_task(restore, dir, entry->number);
		return;
	}
	int failed = restore_special(restore, dir, entry, name, &err);
	if (failed)
		restore_problem(restore, entry->number, &err);
}

int restore_walk(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *directory, unsigned depth)
{
	struct tusk_err err = {0};
	TUSK_AUTO_DIR struct tusk_dir *cursor = NULL;
	struct tusk_entry entry;
	char name[256];
	int state = 0;

	if (depth > DEPTH_LIMIT)
		tusk_err_set(&err, TUSK_E_LIMIT, 0, "folders are nested too deeply");
	if (err.code ||
	    (restore->options->delete_extra && dir->fd >= 0 && delete_extra(restore, dir, directory, &err)) ||
	    tusk_dir_open(restore->view, directory, &cursor, &err))
		return restore_problem(restore, directory->number, &err);
	while (!restore_stopped(restore) && (state = tusk_dir_next(cursor, &entry, &err)) == 1) {
		memcpy(name, entry.name.data, entry.name.len);
		name[entry.name.len] = 0;
		if (entry.type == TUSK_TYPE_DIRECTORY)
			restore_subdir(restore, dir, &entry, name, depth);
		else
			restore_other(restore, dir, &entry, name);
	}
	if (state < 0)
		return restore_problem(restore, directory->number, &err);
	return 0;
}
