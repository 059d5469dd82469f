/* harness_blocks LOG TABLE IMAGE MOUNT NAME FILESYSTEM STATES SEED [POSITION:SEED]
 * Power cuts below a real file system: LOG has every write and flush of a device (harness_blocklog) that held IMAGE at
 * first. STATES states that a device with a volatile cache may be in are drawn, mounted at MOUNT as FILESYSTEM, and the
 * oracle is asked about MOUNT/NAME. All up to the last flush is there; of what was written since: nothing, all, each
 * with even odds, or all with the last one torn at 512 bytes. With POSITION:SEED only that state; its image is left as
 * IMAGE.state. */
#include "model.h"
#include "story.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u
/* ext4 looks at its superblock's checksum before it replays its journal: it does not survive it torn, whatever tusk
 * does. */
#define SUPERBLOCK_END 4096u
#define TAIL_MAX       65536u
#define SHOWN_MAX      10u

struct pending {
	uint64_t offset, len;
	const uint8_t *data;
};

struct blocks {
	struct story story;
	const char *mount, *name, *filesystem;
	char state[512];
	int durable;
	struct pending tail[TAIL_MAX];
	size_t tail_count;
	unsigned judged, failed;
};

static void put(int fd, const struct pending *write, uint64_t len)
{
	if (pwrite(fd, write->data, len, (off_t)write->offset) != (ssize_t)len)
		err(2, "an image");
}

/* Sparse: what was never written is a hole in both. */
static int copy_image(int from, const char *path)
{
	struct stat status;
	int fd;

	if ((unlink(path) < 0 && errno != ENOENT) ||
	    (fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0 || fstat(from, &status) < 0 ||
	    ftruncate(fd, status.st_size) < 0)
		err(2, "%s", path);
	for (off_t data = 0, hole; (data = lseek(from, data, SEEK_DATA)) >= 0; data = hole) {
		static uint8_t part[1 << 20];

		hole = lseek(from, data, SEEK_HOLE);
		for (off_t at = data; at < hole; at += (off_t)sizeof(part)) {
			size_t len = hole - at < (off_t)sizeof(part) ? (size_t)(hole - at) : sizeof(part);

			if (pread(from, part, len, at) != (ssize_t)len || pwrite(fd, part, len, at) != (ssize_t)len)
				err(2, "%s", path);
		}
	}
	return fd;
}

static void draw_tail(const struct blocks *blocks, int fd, uint64_t seed)
{
	uint64_t kind = random_next(&seed) % 4;

	for (size_t i = 0; i < blocks->tail_count && kind != 0; i++) {
		const struct pending *write = &blocks->tail[i];
		bool is_last = i + 1 == blocks->tail_count;
		uint64_t random = random_next(&seed), sectors = write->len / SECTOR;

		if (kind == 3 && is_last && write->offset >= SUPERBLOCK_END)
			put(fd, write, sectors ? random % sectors * SECTOR : 0);
		else if (kind != 2 || random % 2)
			put(fd, write, write->len);
	}
}

/* The device goes when it is unmounted. */
static int attach(int image, char *device, size_t size)
{
	struct loop_config config = {.fd = (uint32_t)image, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd = -1;

	for (unsigned i = 0; i < 100 && fd < 0; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		snprintf(device, size, "/dev/loop%d", number);
		fd = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			err(2, "a loop device");
		if (ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
			close(fd);
			fd = -1; /* somebody was faster */
		}
	}
	close(control);
	return fd;
}

static bool judge_mounted(struct blocks *blocks, const char *prefix, uint64_t seed)
{
	struct oracle_want want = story_want(&blocks->story, seed);
	char root[512];

	snprintf(root, sizeof(root), "%s/%s", blocks->mount, blocks->name);
	if (access(root, F_OK) < 0) {
		fprintf(stderr, "%s: all is gone\n", prefix);
		return false;
	}
	return oracle_judge(root, &want, prefix);
}

static void judge_state(struct blocks *blocks, uint64_t seed)
{
	const char *options = strcmp(blocks->filesystem, "xfs") == 0 ? "nouuid" : "";
	char device[64] = "", prefix[64];
	int image = copy_image(blocks->durable, blocks->state);

	draw_tail(blocks, image, seed);
	snprintf(prefix, sizeof(prefix), "state %zu:%llu", blocks->story.records, (unsigned long long)seed);
	if (blocks->failed >= SHOWN_MAX && !freopen("/dev/null", "w", stderr))
		exit(2);
	int fd = attach(image, device, sizeof(device));
	close(image);
	blocks->judged++;
	if (fd < 0 || mount(device, blocks->mount, blocks->filesystem, 0, options) < 0) {
		fprintf(stderr, "%s: cannot be mounted: %s\n", prefix, strerror(errno));
		blocks->failed++;
	} else {
		blocks->failed += !judge_mounted(blocks, prefix, seed);
		if (umount(blocks->mount) < 0)
			err(2, "umount %s", blocks->mount);
	}
	close(fd);
}

static bool next(struct blocks *blocks)
{
	struct log_record record;
	const char *name;
	const uint8_t *data;

	if (!story_next(&blocks->story, &record, &name, &data))
		return false;
	if (record.op == LOG_WRITE && blocks->tail_count == TAIL_MAX)
		errx(2, "too many writes without a flush");
	if (record.op == LOG_WRITE)
		blocks->tail[blocks->tail_count++] = (struct pending){record.offset, record.data_len, data};
	for (size_t i = 0; i < blocks->tail_count && record.op == LOG_SYNC; i++)
		put(blocks->durable, &blocks->tail[i], blocks->tail[i].len);
	if (record.op == LOG_SYNC)
		blocks->tail_count = 0;
	return true;
}

static void replay_random(struct blocks *blocks, unsigned states, uint64_t seed)
{
	unsigned *counts = story_draw(&blocks->story, states, seed);

	do {
		size_t at = blocks->story.records;

		for (unsigned i = 0; i < counts[at]; i++)
			judge_state(blocks, seed ^ (at * 1000003 + i * 7919));
	} while (next(blocks));
	free(counts);
	unlink(blocks->state);
}

static void replay_one(struct blocks *blocks, const char *which)
{
	char *rest;
	size_t position = strtoull(which, &rest, 10);

	while (blocks->story.records < position && next(blocks))
		;
	if (*rest != ':')
		errx(2, "%s is not POSITION:SEED", which);
	judge_state(blocks, strtoull(rest + 1, NULL, 10));
}

int main(int argc, char *argv[])
{
	static struct blocks blocks;
	char durable[512];

	if (argc < 9)
		errx(2, "usage: harness_blocks LOG TABLE IMAGE MOUNT NAME FILESYSTEM STATES SEED [POSITION:SEED]");
	story_load(&blocks.story, argv[1], argv[2]);
	blocks.mount = argv[4];
	blocks.name = argv[5];
	blocks.filesystem = argv[6];
	snprintf(blocks.state, sizeof(blocks.state), "%s.state", argv[3]);
	snprintf(durable, sizeof(durable), "%s.durable", argv[3]);
	int base = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (base < 0)
		err(2, "%s", argv[3]);
	blocks.durable = copy_image(base, durable);
	unlink(durable);
	if (argc > 9)
		replay_one(&blocks, argv[9]);
	else
		replay_random(&blocks, (unsigned)strtoul(argv[7], NULL, 10), strtoull(argv[8], NULL, 10));
	printf("%u states, %u failed, %zu records, seed %s\n", blocks.judged, blocks.failed, blocks.story.records,
	       argv[8]);
	return blocks.failed ? 1 : 0;
}
