#include "index_env.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MAPPED_MAX   ((size_t)32 << 20) /* bytes of files mapped into this process before pages are given back */
#define ASK_EVERY    128                /* uses between two looks at how much is mapped: each maps up to 64 KiB */
#define STATM_SHARED 2                  /* proc(5): size resident shared text lib data dt, in pages */

/* Each page that LMDB touches, with those around it that the kernel maps along, stays in the process until it is asked
 * to go. With millions of entries that soon is the whole index. Nothing is lost by giving pages back: they stay in the
 * page cache. */

static size_t mapped_bytes(void)
{
	TUSK_AUTO_STREAM FILE *stream = fopen("/proc/self/statm", "re");
	unsigned long fields[STATM_SHARED + 1] = {0};

	if (!stream || fscanf(stream, "%lu %lu %lu", &fields[0], &fields[1], &fields[2]) != STATM_SHARED + 1)
		return 0;
	return fields[STATM_SHARED] * (size_t)sysconf(_SC_PAGESIZE);
}

/* One line of /proc/self/maps (proc(5)): "start-end perms offset major:minor inode path". */
static void release_line(const char *line, const struct stat *file)
{
	unsigned long start, end, inode;
	unsigned device_major, device_minor;

	if (sscanf(line, "%lx-%lx %*s %*x %x:%x %lu", &start, &end, &device_major, &device_minor, &inode) != 5)
		return;
	if (inode == file->st_ino && makedev(device_major, device_minor) == file->st_dev)
		(void)madvise((void *)start, end - start, MADV_DONTNEED);
}

void tusk_db_shed(const struct tusk_db *db)
{
	static _Thread_local unsigned uses; /* only paces the question */
	TUSK_AUTO_STREAM FILE *stream = NULL;
	TUSK_AUTO_FREE char *line = NULL;
	size_t capacity = 0;
	struct stat file;
	int fd;

	if (uses++ % ASK_EVERY != 0 || mapped_bytes() <= MAPPED_MAX)
		return;
	if (mdb_env_get_fd(db->env, &fd) != 0 || fstat(fd, &file) < 0)
		return;
	stream = fopen("/proc/self/maps", "re");
	while (stream && getline(&line, &capacity, stream) > 0)
		release_line(line, &file);
}
