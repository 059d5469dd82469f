#include "ready.h"

#include "dirjob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ARENA_SIZE ((size_t)2 << 20)

struct tusk_ready_set {
	struct tusk_ready items[TUSK_READY_MAX];
	size_t count;
	uint8_t *arena;
	size_t used;
};

int tusk_open_source(const struct tusk_item *item)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(item->dir->fd, item->name, flags | O_NOATIME);
	/* Only the owner may leave the access time alone. */
	if (fd < 0 && errno == EPERM)
		fd = openat(item->dir->fd, item->name, flags);
	return fd;
}

int tusk_ready_new(const struct tusk_ingest *ingest, struct tusk_ready_set **ret_set)
{
	*ret_set = NULL;
	if (tusk_sha256_lanes() == 1 || ingest->chunker.min > ARENA_SIZE)
		return 0;
	struct tusk_ready_set *set = calloc(1, sizeof *set);
	if (!set)
		return -1;
	set->arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (set->arena == MAP_FAILED) {
		free(set);
		return -1;
	}
	*ret_set = set;
	return 0;
}

void tusk_ready_free(struct tusk_ready_set *set)
{
	if (!set)
		return;
	tusk_ready_clear(set);
	munmap(set->arena, ARENA_SIZE);
	free(set);
}

static bool is_suitable(const struct tusk_ready_set *set, const struct tusk_ingest *ingest,
			const struct tusk_item *item)
{
	const struct stat *stat = &item->stat;
	uint64_t size = (uint64_t)stat->st_size;
	if (!S_ISREG(stat->st_mode) || set->count == TUSK_READY_MAX)
		return false;
	/* A smaller file lives in the tree and is not hashed; a larger one may have several chunks. */
	if (size <= TUSK_INLINE_MAX || size > ingest->chunker.min || (uint64_t)stat->st_blocks * 512 < size)
		return false;
	return set->used + size + 1 <= ARENA_SIZE;
}

static void prepare(struct tusk_ready_set *set, const struct tusk_item *item)
{
	size_t size = (size_t)item->stat.st_size;
	struct tusk_ready *ready = &set->items[set->count];
	uint8_t *data = set->arena + set->used;
	int fd = tusk_open_source(item);
	if (fd < 0)
		return;
	/* One byte more, to see that the file has not grown. */
	if (pread(fd, data, size + 1, 0) != (ssize_t)size) {
		close(fd);
		return;
	}
	*ready = (struct tusk_ready){.item = item, .fd = fd, .data = data, .len = size};
	set->count++;
	set->used += size;
}

void tusk_ready_fill(struct tusk_ready_set *set, const struct tusk_ingest *ingest, struct tusk_item *first)
{
	struct tusk_message messages[TUSK_READY_MAX];
	if (!set || ingest->stream_fd >= 0)
		return;
	set->used = 0;
	for (const struct tusk_item *item = first; item; item = item->batch_next)
		if (is_suitable(set, ingest, item))
			prepare(set, item);
	for (size_t i = 0; i < set->count; i++)
		messages[i] = (struct tusk_message){set->items[i].data, set->items[i].len, set->items[i].hash};
	tusk_sha256_many(messages, set->count);
}

struct tusk_ready *tusk_ready_find(struct tusk_ready_set *set, const struct tusk_item *item)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (set->items[i].item == item)
			return &set->items[i];
	return NULL;
}

void tusk_ready_clear(struct tusk_ready_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].fd >= 0)
			close(set->items[i].fd);
	set->count = 0;
}
