#include "node_local.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEAD_AFTER_S (24 * 3600)

/* A writer that lives holds a lock (tusk_pending_open). Where locks do not reach it, on a network file system, the last
 * write is at least not a day ago; and if it was after all, its rename fails and so does that backup: nothing worse. */
static bool is_dead(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && time(NULL) - status.st_mtime > DEAD_AFTER_S &&
	       flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void sweep_one(int folder, const char *name)
{
	int fd TUSK_AUTO_FD = -1;

	if (name[strspn(name, "0123456789abcdef")] != '\0')
		return;
	fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && is_dead(fd))
		unlinkat(folder, name, 0);
}

void tusk_node_local_sweep(struct tusk_node *node)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	int fd = openat(local->root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((item = readdir(dir)))
		sweep_one(fd, item->d_name);
	closedir(dir);
}
