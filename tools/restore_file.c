#include "hash_range.h"
#include "restore_internal.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Where the bytes come from: the mount, or the reader. */
struct source {
	int fd;
	struct tusk_file *file;
};

static int read_source(const struct source *source, void *data, size_t len, uint64_t offset, size_t *ret_len,
		       struct tusk_err *err)
{
	if (source->fd < 0)
		return tusk_file_pread(source->file, data, len, offset, ret_len, err);
	ssize_t n;
	do
		n = pread(source->fd, data, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return tusk_err_set(err, errno == EIO ? TUSK_E_CORRUPT : TUSK_E_IO, errno,
				    "cannot be read from the mount at byte %llu", (unsigned long long)offset);
	*ret_len = (size_t)n;
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tusk_err_set(err, TUSK_E_IO, n < 0 ? errno : ENOSPC, "cannot be written");
		data += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int copy_range(struct restore_worker *worker, const struct source *source, int fd, uint64_t offset, uint64_t end,
		      struct tusk_err *err)
{
	while (offset < end) {
		size_t want = end - offset < RESTORE_BUFFER_SIZE ? (size_t)(end - offset) : RESTORE_BUFFER_SIZE, got;
		if (restore_stopped(worker->restore))
			return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
		if (read_source(source, worker->buffer, want, offset, &got, err))
			return -1;
		if (got == 0)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "ends at byte %llu instead of %llu",
					    (unsigned long long)offset, (unsigned long long)end);
		if (write_all(fd, worker->buffer, got, offset, err))
			return -1;
		offset += got;
		if (worker->proof)
			restore_proof_written(worker->proof, offset);
		atomic_fetch_add(&worker->restore->counts->copied, got);
	}
	return 0;
}

static int copy_data(struct restore_worker *worker, const struct tusk_entry *entry, const struct source *source, int fd,
		     struct tusk_err *err)
{
	uint64_t position = 0;

	if (!entry->has_holes)
		return copy_range(worker, source, fd, 0, entry->size, err);
	/* Its size first: what reads behind the writer meets the holes as they will be. */
	if (ftruncate(fd, (off_t)entry->size))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot be extended to its size");
	while (position < entry->size) {
		uint64_t start, end;
		int state = tusk_file_seek(source->file, position, true, &start, err);
		if (state == TUSK_ABSENT)
			break;
		if (state < 0 || tusk_file_seek(source->file, start, false, &end, err) != TUSK_FOUND)
			return -1;
		if (copy_range(worker, source, fd, start, end, err))
			return -1;
		position = end;
	}
	return 0;
}

static int write_content(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry, int fd,
			 struct tusk_err *err)
{
	TUSK_AUTO_FD int source_fd = -1;
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	char name[256];

	memcpy(name, entry->name.data, entry->name.len);
	name[entry->name.len] = 0;
	if (dir->source_fd >= 0 && entry->size > 0) {
		source_fd = openat(dir->source_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		/* A file whose mode forbids it to us in the mount is still ours to restore. */
		if (source_fd < 0 && errno != EACCES)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot be opened in the mount");
	}
	if ((source_fd < 0 || entry->has_holes) && tusk_file_open(worker->restore->view, entry, &file, err))
		return -1;
	struct source source = {source_fd, file};
	return copy_data(worker, entry, &source, fd, err);
}

/* ---- proof: 1: the file is the snapshot's; 0: it differs; -1: it cannot be read ---- */

static int size_matches(const struct tusk_entry *entry, int fd, struct tusk_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot be read back");
	return (uint64_t)st.st_size == entry->size;
}

static int hash_matches(const struct tusk_entry *entry, const uint8_t actual[TUSK_SHA256_SIZE], struct tusk_err *err)
{
	uint8_t expected[TUSK_SHA256_SIZE];

	if (tusk_entry_sha256(entry, expected, err))
		return -1;
	return memcmp(expected, actual, sizeof expected) == 0;
}

static int content_matches(struct restore_worker *worker, const struct tusk_entry *entry, int fd, struct tusk_err *err)
{
	uint8_t actual[TUSK_SHA256_SIZE];
	int same = size_matches(entry, fd, err);

	if (same != 1)
		return same;
	/* Nothing but a hole: there is no need to hash gigabytes of zeros when the file system says so. */
	if (entry->size > 0 && entry->data_bytes == 0 && lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO)
		return 1;
	tusk_hasher_reset(worker->hasher);
	int rc = tusk_hash_range(worker->hasher, fd, 0, entry->size, worker->buffer, RESTORE_BUFFER_SIZE);
	if (rc)
		return rc > 0 ? 0 : tusk_err_set(err, TUSK_E_IO, errno, "cannot be read back");
	tusk_hasher_final(worker->hasher, actual);
	return hash_matches(entry, actual, err);
}

/* What the thread behind the writer says. */
static int proof_matches(struct restore_worker *worker, const struct tusk_entry *entry, int fd, bool give_up,
			 struct tusk_err *err)
{
	uint8_t actual[TUSK_SHA256_SIZE];
	int failed = restore_proof_finish(worker->proof, give_up, actual, err);

	worker->proof = NULL;
	if (failed || give_up)
		return -1;
	int same = size_matches(entry, fd, err);
	return same == 1 ? hash_matches(entry, actual, err) : same;
}

/* Writes the content and proves it: on the way when it is much, else afterwards. */
static int write_proven(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry, int fd,
			struct tusk_err *err)
{
	if (entry->data_bytes >= RESTORE_PROOF_MIN)
		worker->proof = restore_proof_start(fd, entry->size);
	int same = write_content(worker, dir, entry, fd, err) ? -1 : 1;
	if (worker->proof)
		same = proof_matches(worker, entry, fd, same < 0, err);
	else if (same > 0)
		same = content_matches(worker, entry, fd, err);
	if (same == 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0,
				    "its SHA-256 or size after writing is not the recorded one");
	return same < 0 ? -1 : 0;
}

/* Writes a new file under name, proves it, sets its metadata. On failure nothing is left under that name. */
static int write_new(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
		     const char *name, struct stat *ret_st, struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot be created");
	int failed = write_proven(worker, dir, entry, fd, err);
	failed = failed || restore_metadata(worker->restore, dir->fd, name, fd, entry, err);
	if (!failed && fstat(fd, ret_st))
		failed = tusk_err_set(err, TUSK_E_IO, errno, "cannot look at what was restored");
	int to_close = tusk_steal_fd(&fd);
	if (close(to_close) && !failed)
		failed = tusk_err_set(err, TUSK_E_IO, errno, "cannot be written");
	if (failed) {
		unlinkat(dir->fd, name, 0);
		return -1;
	}
	atomic_fetch_add(&worker->restore->counts->written, 1);
	atomic_fetch_add(&worker->restore->counts->verified, 1);
	return 0;
}

/* Replaces what is there in one step: either the old or the new file has the name, at any moment. */
static int replace(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
		   const char *name, struct stat *st, struct tusk_err *err)
{
	char temporary[64];

	snprintf(temporary, sizeof temporary, ".tusk-restore-%ld-%llx", (long)getpid(),
		 (unsigned long long)entry->number);
	unlinkat(dir->fd, temporary, 0);
	if (write_new(worker, dir, entry, temporary, st, err))
		return -1;
	if (renameat(dir->fd, temporary, dir->fd, name) == 0)
		return 0;
	int failed = errno != EISDIR ? tusk_err_set(err, TUSK_E_IO, errno, "cannot replace what is there")
				     : restore_make_way(worker->restore, dir->fd, name, err);
	if (!failed && renameat(dir->fd, temporary, dir->fd, name) < 0)
		failed = tusk_err_set(err, TUSK_E_IO, errno, "cannot replace what is there");
	if (failed)
		unlinkat(dir->fd, temporary, 0);
	return failed;
}

static bool policy_keeps(const struct restore *restore, const struct tusk_entry *entry, const struct stat *st)
{
	switch (restore->options->overwrite) {
	case RESTORE_NEVER:
		return true;
	case RESTORE_IF_NEWER:
		return S_ISREG(st->st_mode) &&
		       (st->st_mtim.tv_sec > entry->mtime.tv_sec ||
			(st->st_mtim.tv_sec == entry->mtime.tv_sec && st->st_mtim.tv_nsec >= entry->mtime.tv_nsec));
	case RESTORE_IF_CHANGED:
		return S_ISREG(st->st_mode) && (uint64_t)st->st_size == entry->size &&
		       st->st_mtim.tv_sec == entry->mtime.tv_sec && st->st_mtim.tv_nsec == entry->mtime.tv_nsec;
	case RESTORE_ALWAYS:
		break;
	}
	return false;
}

/* 1: the existing file already had the right content, and now has the metadata; 0: it must be replaced. */
static int adopt_existing(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
			  const char *name, struct stat *st, struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || !S_ISREG(st->st_mode) || (uint64_t)st->st_size != entry->size)
		return 0;
	/* A file that other names share is not ours to change, unless the snapshot says that they share it. */
	if (st->st_nlink > 1 && !entry->link_id)
		return 0;
	if (content_matches(worker, entry, fd, err) != 1) {
		tusk_err_clear(err);
		return 0;
	}
	if (restore_metadata(worker->restore, dir->fd, name, fd, entry, err))
		return -1;
	atomic_fetch_add(&worker->restore->counts->verified, 1);
	return 1;
}

static int restore_content(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
			   const char *name, struct stat *st, struct tusk_err *err)
{
	if (worker->restore->options->dry_run || dir->fd < 0)
		return 0;
	if (fstatat(dir->fd, name, st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? write_new(worker, dir, entry, name, st, err)
				       : tusk_err_set(err, TUSK_E_IO, errno, "cannot look at the target");
	if (policy_keeps(worker->restore, entry, st)) {
		atomic_fetch_add(&worker->restore->counts->kept, 1);
		return 0;
	}
	int adopted = adopt_existing(worker, dir, entry, name, st, err);
	return adopted == 0 ? replace(worker, dir, entry, name, st, err) : adopted < 0 ? -1 : 0;
}

int restore_file(struct restore_worker *worker, struct restore_dir *dir, const struct tusk_entry *entry,
		 const char *name, struct tusk_err *err)
{
	struct stat st = {0};
	int failed = restore_content(worker, dir, entry, name, &st, err);

	if (entry->link_id)
		restore_links_done(worker->restore->links, entry->link_id, entry->number, &st, !failed);
	if (!failed)
		atomic_fetch_add(&worker->restore->counts->bytes, entry->size);
	return failed;
}
