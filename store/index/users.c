#include "index_env.h"

#include "fileio.h"
#include "tusk/clock.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define POLL_FIRST_NS 1000000L
#define POLL_MAX_NS   50000000L
#define TOLD_SIZE     16

/* 0, or the errno: EWOULDBLOCK when the time is over. */
static int lock_within(int fd, unsigned wait_ms)
{
	int64_t end = tusk_now_ms() + wait_ms;
	struct timespec pause = {.tv_nsec = POLL_FIRST_NS};

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		if (tusk_now_ms() >= end)
			return EWOULDBLOCK;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < POLL_MAX_NS)
			pause.tv_nsec *= 2;
	}
	return 0;
}

static int locked_by_another(const struct tusk_place *place, const char *name, int fd, struct tusk_err *err)
{
	char pid[16] = "";
	ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

	if (len <= 0 || strspn(pid, "0123456789") != (size_t)len)
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "another process keeps the index in %s locked (%s)",
				    place->path, name);
	return tusk_err_set(err, TUSK_E_LOCKED, 0, "process %s keeps the index in %s locked (%s)", pid, place->path,
			    name);
}

int tusk_index_lock(const struct tusk_index *index, const char *name, int *ret_fd, struct tusk_err *err)
{
	const struct tusk_place *place = &index->home;
	int fd TUSK_AUTO_FD = openat(place->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char pid[16];

	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open %s/%s", place->path, name);
	int rc = lock_within(fd, index->tuning.lock_wait_ms);
	if (rc == EWOULDBLOCK)
		return locked_by_another(place, name, fd, err);
	if (rc != 0)
		return tusk_err_set(err, TUSK_E_IO, rc, "cannot lock %s/%s", place->path, name);
	/* The pid is for messages only: a full disk shall not keep us from reading. */
	int len = snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	bool is_told = ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)len, 0) == len;
	(void)is_told;
	*ret_fd = tusk_steal_fd(&fd);
	return 0;
}

/* Unlocks by name of the act, not by close: a child that was just forked may still hold a copy of the descriptor. */
void tusk_index_unlock(const int *fd)
{
	if (*fd < 0)
		return;
	flock(*fd, LOCK_UN);
	close(*fd);
}

int tusk_users_join(struct tusk_index *index, struct tusk_err *err)
{
	const struct tusk_place *place = tusk_index_place(index);
	uint8_t random[8];
	char text[2 * sizeof(random) + 1];

	if (mkdirat(place->fd, TUSK_INDEX_USERS, 0700) < 0 && errno != EEXIST)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make %s/%s", place->path, TUSK_INDEX_USERS);
	if (tusk_random(random, sizeof(random), err) < 0)
		return -1;
	tusk_hex_encode(random, sizeof(random), text);
	snprintf(index->user_name, sizeof(index->user_name), "%s/%ld-%s", TUSK_INDEX_USERS, (long)getpid(), text);
	int fd TUSK_AUTO_FD =
	    openat(place->fd, index->user_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make %s/%s", place->path, index->user_name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int saved = errno;

		unlinkat(place->fd, index->user_name, 0);
		return tusk_err_set(err, TUSK_E_IO, saved, "cannot lock %s/%s", place->path, index->user_name);
	}
	index->user_fd = tusk_steal_fd(&fd);
	return 0;
}

int tusk_users_tell(const struct tusk_index *index, const struct tusk_file_pair *pair, struct tusk_err *err)
{
	uint8_t told[TOLD_SIZE];

	tusk_store_u64(told, pair->data);
	tusk_store_u64(told + 8, pair->lock);
	if (pwrite(index->user_fd, told, sizeof(told), 0) != (ssize_t)sizeof(told))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot write %s/%s", tusk_index_place(index)->path,
				    index->user_name);
	return 0;
}

void tusk_users_leave(struct tusk_index *index)
{
	if (index->user_fd < 0)
		return;
	unlinkat(tusk_index_place(index)->fd, index->user_name, 0);
	tusk_index_unlock(&index->user_fd);
	index->user_fd = -1;
}

enum user_state { USER_GONE, USER_DEAD, USER_ALIVE };

/* A file whose lock can be had belongs to nobody who lives; a file without a name belongs to somebody who has just
 * closed. */
static enum user_state look_at_user(int dir, const char *name, struct tusk_file_pair *ret_pair)
{
	int fd TUSK_AUTO_FD = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	uint8_t told[TOLD_SIZE];
	struct stat status;

	*ret_pair = (struct tusk_file_pair){0};
	if (fd < 0)
		return errno == ENOENT ? USER_GONE : USER_DEAD;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		bool named = fstat(fd, &status) == 0 && status.st_nlink > 0;

		flock(fd, LOCK_UN);
		return named ? USER_DEAD : USER_GONE;
	}
	if (pread(fd, told, sizeof(told), 0) == (ssize_t)sizeof(told))
		*ret_pair = (struct tusk_file_pair){.data = tusk_load_u64(told), .lock = tusk_load_u64(told + 8)};
	return USER_ALIVE;
}

/* LMDB keeps its locks by process: a second environment on the same files would undo those of the first. */
static bool is_ours(const struct tusk_index *index, const char *name)
{
	char prefix[24];
	int len = snprintf(prefix, sizeof(prefix), "%ld-", (long)getpid());
	bool same_process = strncmp(name, prefix, (size_t)len) == 0;

	return same_process && strcmp(name, index->user_name + strlen(TUSK_INDEX_USERS "/")) != 0;
}

static DIR *open_users(const struct tusk_place *place)
{
	int fd = openat(place->fd, TUSK_INDEX_USERS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

int tusk_users_inspect(const struct tusk_index *index, const struct tusk_file_pair *pair, bool *ret_died,
		       bool *ret_mixed, struct tusk_err *err)
{
	const struct tusk_place *place = tusk_index_place(index);
	DIR *dir = open_users(place);
	const struct dirent *item;
	bool died = false, mixed = false, twice = false;

	if (!dir)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot list %s/%s", place->path, TUSK_INDEX_USERS);
	while ((item = readdir(dir))) {
		struct tusk_file_pair theirs;

		if (item->d_name[0] == '.' ||
		    strcmp(item->d_name, index->user_name + strlen(TUSK_INDEX_USERS "/")) == 0)
			continue;
		enum user_state state = look_at_user(dirfd(dir), item->d_name, &theirs);
		died = died || state == USER_DEAD;
		twice = twice || (state == USER_ALIVE && is_ours(index, item->d_name));
		mixed = mixed || (state == USER_ALIVE && (theirs.data == pair->data) != (theirs.lock == pair->lock));
	}
	closedir(dir);
	if (twice)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the index in %s is already open in this process",
				    place->path);
	*ret_died = died;
	*ret_mixed = mixed;
	return 0;
}

void tusk_users_sweep(const struct tusk_index *index)
{
	DIR *dir = open_users(tusk_index_place(index));
	const struct dirent *item;
	struct tusk_file_pair pair;

	if (!dir)
		return;
	while ((item = readdir(dir)))
		if (item->d_name[0] != '.' && look_at_user(dirfd(dir), item->d_name, &pair) == USER_DEAD)
			unlinkat(dirfd(dir), item->d_name, 0);
	closedir(dir);
}
