#include "index_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	char line[256], *at = line;
	unsigned long pages = 0;

	if (!stream || !fgets(line, sizeof line, stream))
		return 0;
	for (int field = 0; field <= STATM_SHARED; field++)
		pages = strtoul(at, &at, 10);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The number at *at in that base, which sep must follow; *at moves behind sep. */
static unsigned long take_number(char **at, int base, char sep)
{
	unsigned long number = strtoul(*at, at, base);

	if (**at == sep)
		++*at;
	return number;
}

/* One line of /proc/self/maps (proc(5)): "start-end perms offset major:minor inode path". */
static void release_line(char *line, const struct stat *file)
{
	char *at = line;
	unsigned long start = take_number(&at, 16, '-');
	unsigned long end = take_number(&at, 16, ' ');

	at += strcspn(at, " "); /* perms */
	(void)take_number(&at, 16, ' ');
	unsigned device_major = (unsigned)take_number(&at, 16, ':');
	unsigned device_minor = (unsigned)take_number(&at, 16, ' ');
	unsigned long inode = take_number(&at, 10, ' ');
	if (end > start && inode == file->st_ino && makedev(device_major, device_minor) == file->st_dev)
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
