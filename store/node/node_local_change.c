/* What changes on a local node: small objects that are replaced, the lock, what is put into quarantine. */
#include "node_local.h"

#include "fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME       "lock"
#define LOCK_WAIT_S     30
#define LOCK_TRY_MS     20
#define RESERVE         "reserve"
#define RESERVE_SIZE    (1 << 20) /* for some thousand condemned packs at a time */
#define RESERVE_SMALL   (1 << 17) /* on a disk with little space */
#define RESERVE_FLOOR   (1 << 15) /* enough to forget and to prune: half a dozen blocks */
#define RESERVE_STEP    (1 << 12)
#define QUARANTINE      "quarantine"
#define QUARANTINE_MAX  1000
#define QUARANTINE_SIZE (sizeof(QUARANTINE) + TUSK_NODE_NAME_SIZE + 8)

struct local_lock {
	struct tusk_node_lock base;
	int fd;
};

int tusk_node_local_replace(struct tusk_node *node, const char *name, const void *data, size_t len,
			    struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	struct tusk_pending pending TUSK_AUTO_PENDING = {.fd = -1};

	if (tusk_node_local_ensure_folder(local, name, err) < 0 ||
	    tusk_pending_open(&pending, local->root_fd, err) < 0 ||
	    tusk_write_full(pending.fd, data, len, name, err) < 0)
		return -1;
	return tusk_pending_replace(&pending, name, err);
}

static void local_unlock(struct tusk_node_lock *lock)
{
	struct local_lock *local = (struct local_lock *)lock;

	close(local->fd);
	free(local);
}

static int locked_by_other(int fd, struct tusk_err *err)
{
	char pid[16] = "";
	ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

	if (len <= 0 || strspn(pid, "0123456789") != (size_t)len)
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "another process keeps the node locked");
	return tusk_err_set(err, TUSK_E_LOCKED, 0, "process %s keeps the node locked", pid);
}

/* TUSK_NODE_LOCKED, TUSK_NODE_NO_LOCKS or -1. */
static int wait_for_lock(int fd, struct tusk_err *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_TRY_MS * 1000000L};

	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK || errno == EINVAL)
			return TUSK_NODE_NO_LOCKS;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot lock the node");
		if (tries >= LOCK_WAIT_S * 1000 / LOCK_TRY_MS)
			return locked_by_other(fd, err);
		nanosleep(&pause, NULL);
	}
	return TUSK_NODE_LOCKED;
}

int tusk_node_local_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	int fd TUSK_AUTO_FD = openat(local->root_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct local_lock *lock TUSK_AUTO_FREE = calloc(1, sizeof(*lock));
	char pid[16];
	int result;

	if (!lock)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot lock the node: out of memory");
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open %s", LOCK_NAME);
	result = wait_for_lock(fd, err);
	if (result != TUSK_NODE_LOCKED)
		return result;
	/* For messages only: a full disk shall not keep us from going on. */
	int len = snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
		int ignored = ftruncate(fd, 0);
		(void)ignored;
	}
	lock->base.release = local_unlock;
	lock->fd = tusk_steal_fd(&fd);
	*ret_lock = &TUSK_STEAL(lock)->base;
	return TUSK_NODE_LOCKED;
}

int tusk_node_local_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	char flat[TUSK_NODE_NAME_SIZE], target[QUARANTINE_SIZE];

	snprintf(flat, sizeof(flat), "%s", name);
	for (char *slash = strchr(flat, '/'); slash; slash = strchr(slash, '/'))
		*slash = '_';
	if (tusk_durable_mkdir(local->root_fd, QUARANTINE, TUSK_FOLDER_MODE, err) < 0)
		return -1;
	for (unsigned i = 1; i <= QUARANTINE_MAX; i++) {
		int result;

		snprintf(target, sizeof(target), QUARANTINE "/%s.%u", flat, i);
		result = tusk_durable_move(local->root_fd, name, target, err);
		if (result <= 0)
			return result;
	}
	return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s has %d damaged copies in quarantine", name, QUARANTINE_MAX);
}

/* A crash may lose it; the next backup makes it again. */
void tusk_node_local_reserve(struct tusk_node *node, bool keep)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	struct statvfs space;

	if (!keep) {
		unlinkat(local->root_fd, RESERVE, 0);
		return;
	}
	int fd TUSK_AUTO_FD =
	    openat(local->root_fd, RESERVE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstatvfs(fd, &space) < 0)
		return;
	bool is_small = (uint64_t)space.f_bavail * space.f_frsize < 16u * RESERVE_SIZE;
	uint64_t total = (uint64_t)space.f_blocks * space.f_frsize;
	/* On a full disk as much as is left of the last one, less what forget has just written. */
	for (off_t size = is_small ? RESERVE_SMALL : RESERVE_SIZE; size > 0;
	     size = size > RESERVE_FLOOR ? size / 2 : size - RESERVE_STEP)
		if ((size <= RESERVE_FLOOR || (uint64_t)size <= total / 8) && fallocate(fd, 0, 0, size) == 0)
			return;
	unlinkat(local->root_fd, RESERVE, 0);
}
