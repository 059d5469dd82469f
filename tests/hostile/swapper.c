/* swapper TARGET LINKS OUTSIDE COUNTER: until it is killed, exchanges the folders TARGET/d*, TARGET/d0/sub and the
 * FIFOs TARGET/d0/p* with symlinks that lead to OUTSIDE, or to OUTSIDE/file, and back. The symlinks are made in LINKS,
 * where what a restore has meanwhile made in their place ends as well. The number of exchanges is kept in the file
 * COUNTER, 8 bytes. With a fifth argument it also takes all rights from the folders. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 64

struct victim {
	char path[800];
	const char *leads_to;
};

static struct victim victims[NAMES_MAX];
static size_t count;
static char file[512];

static void add(const char *folder, const char *name, const char *leads_to)
{
	if (count == NAMES_MAX)
		errx(2, "too many names");
	snprintf(victims[count].path, sizeof(victims[count].path), "%s/%s", folder, name);
	victims[count++].leads_to = leads_to;
}

static void collect(const char *target, const char *outside)
{
	DIR *stream = opendir(target);
	struct dirent *item;
	char inner[500];

	if (!stream)
		err(2, "%s", target);
	while ((item = readdir(stream)))
		if (item->d_name[0] == 'd')
			add(target, item->d_name, outside);
	closedir(stream);
	if (strlen(target) > sizeof(inner) - 4 || strlen(outside) > sizeof(file) - 6)
		errx(2, "too long");
	snprintf(inner, sizeof(inner), "%s/d0", target);
	snprintf(file, sizeof(file), "%s/file", outside);
	add(inner, "sub", outside);
	for (char name[] = "p0"; name[1] <= '7'; name[1]++)
		add(inner, name, file);
}

/* Of a folder, never through a symlink. */
static void lock_out(const char *path)
{
	char magic[64];
	int fd = open(path, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	snprintf(magic, sizeof(magic), "/proc/self/fd/%d", fd);
	if (fd >= 0 && chmod(magic, 0) < 0)
		err(2, "%s", path);
	close(fd);
}

int main(int argc, char *argv[])
{
	char link[512], trash[600];
	uint64_t seed = 1, made = 0;

	if (argc < 5)
		errx(2, "usage: swapper TARGET LINKS OUTSIDE COUNTER [lock]");
	collect(argv[1], argv[3]);
	int fd = open(argv[4], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(uint64_t)) < 0)
		err(2, "%s", argv[4]);
	uint64_t *counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counter == MAP_FAILED)
		err(2, "%s", argv[4]);
	snprintf(link, sizeof(link), "%s/link", argv[2]);
	for (;;) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		const struct victim *victim = &victims[(seed >> 33) % count];

		if (symlink(victim->leads_to, link) < 0)
			err(2, "%s", link);
		for (unsigned i = 0; i < 2; i++)
			if (renameat2(AT_FDCWD, link, AT_FDCWD, victim->path, RENAME_EXCHANGE) == 0)
				++*counter;
		if (argc > 5 && (seed >> 60) == 0)
			lock_out(victim->path);
		/* Unless a restore came between, it is the symlink again. */
		snprintf(trash, sizeof(trash), "%s/%" PRIu64, argv[2], made);
		if (unlink(link) < 0 && errno == EISDIR && rename(link, trash) == 0)
			made++;
	}
}
