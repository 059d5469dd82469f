/* Which file is the index, and when it is given up. The only file beside base/fileio.c that renames: LMDB makes and
 * syncs its own files, and nothing here needs to survive a crash, since any outcome is an index that can be used or one
 * that is made anew. */
#include "index_env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_FACTOR 4

static uint64_t inode_of(const struct tusk_place *place, const char *name)
{
	struct stat status;

	return fstatat(place->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
}

static struct tusk_file_pair pair_of(const struct tusk_place *place)
{
	return (struct tusk_file_pair){.data = inode_of(place, TUSK_INDEX_FILE),
				       .lock = inode_of(place, TUSK_INDEX_LOCK)};
}

/* The lock file belongs to one data file: whoever still has both open goes on with them, nobody new gets that lock file
 * with another data file. A death between the two calls leaves a mixed pair, which tusk_users_inspect sees. */
static void put_aside(const struct tusk_place *place)
{
	(void)renameat(place->fd, TUSK_INDEX_FILE, place->fd, TUSK_INDEX_DAMAGED);
	unlinkat(place->fd, TUSK_INDEX_LOCK, 0);
}

static int open_file(struct tusk_index *index, enum tusk_db_open how)
{
	const struct tusk_place *place = tusk_index_place(index);
	size_t map_size = index->tuning.map_size;
	char path[PATH_MAX];
	struct stat status;

	if (snprintf(path, sizeof(path), "%s/%s", place->path, TUSK_INDEX_FILE) >= (int)sizeof(path))
		return ENAMETOOLONG;
	if (fstatat(place->fd, TUSK_INDEX_FILE, &status, 0) == 0 && (size_t)status.st_size > map_size / MAP_FACTOR)
		map_size = (size_t)status.st_size * MAP_FACTOR;
	int rc = tusk_db_open(&index->db, path, &index->keys, how, map_size);
	int fd;
	if (rc == 0 && mdb_env_get_fd(index->db.env, &fd) == 0 && fstat(fd, &status) == 0)
		index->inode = status.st_ino;
	if (rc == 0)
		index->generation++;
	return rc;
}

/* Under the guard: nobody else opens or replaces meanwhile, though others may read and write. */
static int open_guarded(struct tusk_index *index, struct tusk_err *err)
{
	const struct tusk_place *place = tusk_index_place(index);
	struct tusk_file_pair pair = pair_of(place);
	bool died = false, mixed = false;

	if (tusk_users_inspect(index, &pair, &died, &mixed, err) < 0)
		return -1;
	bool usable = pair.data != 0 && !mixed && tusk_probe_header(place) && (!died || tusk_probe_run(index));
	int rc = 0;
	if (usable)
		rc = open_file(index, TUSK_DB_EXISTING);
	if (!usable || tusk_db_is_damage(rc)) {
		put_aside(place);
		rc = open_file(index, TUSK_DB_CREATE);
		atomic_store(&index->stale, true);
	}
	if (rc != 0)
		return tusk_db_error(rc, place, "open", err);
	tusk_users_sweep(index);
	pair = pair_of(place);
	return tusk_users_tell(index, &pair, err);
}

static int open_shared(struct tusk_index *index, struct tusk_err *err)
{
	int guard TUSK_AUTO_INDEX_LOCK = -1;

	if (tusk_index_lock(index, TUSK_INDEX_GUARD, &guard, err) < 0 || tusk_users_join(index, err) < 0)
		return -1;
	if (open_guarded(index, err) < 0) {
		tusk_index_env_close(index);
		return -1;
	}
	return 0;
}

/* No trace of a death can be left here, so the file is always probed. A full disk has no space for a lock file. */
static bool open_read_only(struct tusk_index *index)
{
	const struct tusk_place *place = tusk_index_place(index);

	if (index->is_full && pair_of(place).lock == 0)
		return false;
	return tusk_probe_header(place) && tusk_probe_run(index) && open_file(index, TUSK_DB_READ_ONLY) == 0;
}

static int make_temporary_place(struct tusk_place *place, struct tusk_err *err)
{
	const char *parent = getenv("TMPDIR");
	char path[PATH_MAX];

	if (place->path)
		return 0;
	snprintf(path, sizeof(path), "%s/tusk-index-XXXXXX", parent && *parent == '/' ? parent : "/tmp");
	if (!mkdtemp(path))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make a folder for a temporary index (%s)", path);
	place->path = strdup(path);
	place->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->path && place->fd >= 0)
		return 0;
	int saved = errno;
	rmdir(path);
	free(place->path);
	place->path = NULL;
	return tusk_err_set(err, TUSK_E_IO, saved, "cannot open %s", path);
}

static int open_temporary(struct tusk_index *index, struct tusk_err *err)
{
	if (make_temporary_place(&index->temporary, err) < 0)
		return -1;
	bool exists = tusk_probe_header(&index->temporary);
	int rc = exists ? open_file(index, TUSK_DB_EXISTING) : 0;
	if (!exists || tusk_db_is_damage(rc)) {
		put_aside(&index->temporary);
		rc = open_file(index, TUSK_DB_CREATE);
		atomic_store(&index->stale, true);
	}
	return rc == 0 ? 0 : tusk_db_error(rc, &index->temporary, "make", err);
}

/* The folder cannot be written, or is gone. */
static bool is_denied(const struct tusk_err *err)
{
	return err->code == TUSK_E_FULL || err->sys_errno == EACCES || err->sys_errno == EROFS ||
	       err->sys_errno == EPERM || err->sys_errno == ENOENT;
}

int tusk_index_env_open(struct tusk_index *index, struct tusk_err *err)
{
	struct tusk_err why = {0};

	atomic_store(&index->suspect, false);
	atomic_store(&index->probed, false);
	if (index->mode == TUSK_MODE_SHARED) {
		if (open_shared(index, &why) == 0)
			return 0;
		if (!is_denied(&why)) {
			if (err)
				*err = why;
			return -1;
		}
		index->mode = TUSK_MODE_READ_ONLY;
		index->is_full = why.code == TUSK_E_FULL;
	}
	if (index->mode == TUSK_MODE_READ_ONLY) {
		if (open_read_only(index))
			return 0;
		index->mode = TUSK_MODE_TEMPORARY;
	}
	return open_temporary(index, err);
}

void tusk_index_env_close(struct tusk_index *index)
{
	tusk_index_readers_clear(index);
	tusk_db_close(&index->db);
	tusk_users_leave(index);
}

bool tusk_index_env_current(const struct tusk_index *index)
{
	return index->mode != TUSK_MODE_SHARED || inode_of(&index->home, TUSK_INDEX_FILE) == index->inode;
}

int tusk_index_env_leave(struct tusk_index *index, struct tusk_err *err)
{
	tusk_index_env_close(index);
	index->mode = TUSK_MODE_TEMPORARY;
	index->is_full = false;
	return tusk_index_env_open(index, err);
}

int tusk_index_env_make_writable(struct tusk_index *index, struct tusk_err *err)
{
	if (index->is_full)
		return tusk_err_set(err, TUSK_E_IO, ENOSPC, "cannot write the index in %s", index->home.path);
	return tusk_index_env_leave(index, err);
}

int tusk_index_env_discard(struct tusk_index *index, struct tusk_err *err)
{
	if (index->mode == TUSK_MODE_READ_ONLY)
		return tusk_index_env_leave(index, err);
	{
		int guard TUSK_AUTO_INDEX_LOCK = -1;

		if (index->mode == TUSK_MODE_SHARED && tusk_index_lock(index, TUSK_INDEX_GUARD, &guard, err) < 0)
			return -1;
		bool is_ours = tusk_index_env_current(index);
		tusk_index_env_close(index);
		if (is_ours)
			put_aside(tusk_index_place(index));
	}
	return tusk_index_env_open(index, err);
}

int tusk_index_env_replace(struct tusk_index *index, const char *file, struct tusk_err *err)
{
	const struct tusk_place *place = tusk_index_place(index);

	{
		int guard TUSK_AUTO_INDEX_LOCK = -1;

		if (index->mode == TUSK_MODE_SHARED && tusk_index_lock(index, TUSK_INDEX_GUARD, &guard, err) < 0)
			return -1;
		tusk_index_env_close(index);
		if (renameat(place->fd, file, place->fd, TUSK_INDEX_FILE) < 0)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot replace the index in %s", place->path);
		unlinkat(place->fd, TUSK_INDEX_LOCK, 0);
	}
	return tusk_index_env_open(index, err);
}
