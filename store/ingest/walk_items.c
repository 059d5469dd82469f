/* What the walker hands to the workers, and what it never looks into. */
#include "walk_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BATCH_FILES 32
#define BATCH_BYTES (1u << 20)

struct tusk_item *tusk_walk_take_item(struct walk *walk)
{
	struct tusk_items *items = walk->ingest->items;
	struct tusk_item *item = tusk_items_take(items);
	if (!item) {
		tusk_walk_flush(walk);
		tusk_items_wait(items, walk->ingest);
		item = tusk_items_take(items);
	}
	if (!item)
		tusk_err_set(&walk->err, TUSK_E_NOMEM, 0, "out of memory");
	return item;
}

void tusk_walk_flush(struct walk *walk)
{
	if (walk->batch)
		tusk_queue_push_batch(walk->ingest->queue, walk->batch);
	walk->batch = NULL;
	walk->batch_count = 0;
	walk->batch_bytes = 0;
}

void tusk_walk_batch(struct walk *walk, struct tusk_item *item)
{
	uint64_t size = S_ISREG(item->stat.st_mode) ? (uint64_t)item->stat.st_size : 0;
	if (walk->batch && walk->batch_bytes + size > BATCH_BYTES)
		tusk_walk_flush(walk);
	if (!walk->batch)
		walk->batch_end = &walk->batch;
	item->batch_next = NULL;
	*walk->batch_end = item;
	walk->batch_end = &item->batch_next;
	walk->batch_bytes += size;
	if (++walk->batch_count == BATCH_FILES || walk->batch_bytes >= BATCH_BYTES)
		tusk_walk_flush(walk);
}

/* ---- what is never backed up ---- */

bool tusk_walk_skips(const struct walk *walk, const struct tusk_dirjob *above, const struct stat *stat)
{
	for (size_t i = 0; i < walk->skip_count; i++)
		if (walk->skip[i].device == stat->st_dev && walk->skip[i].inode == stat->st_ino)
			return true;
	if (above->item.stat.st_dev == stat->st_dev)
		return false;
	for (size_t i = 0; i < walk->mount_count; i++)
		if (walk->mounts[i] == stat->st_dev)
			return true;
	return false;
}

static void skip(struct walk *walk, const char *path)
{
	struct stat info;
	if (stat(path, &info) == 0)
		walk->skip[walk->skip_count++] = (struct tusk_place){info.st_dev, info.st_ino};
}

/* One line of /proc/self/mountinfo (proc(5)): "36 35 98:0 /root /mount options optional... - type source ..." */
static bool is_tusk_mount(const char *line, dev_t *ret_device)
{
	unsigned major, minor;
	const char *type = strstr(line, " - ");
	/* The kernel writes no numbers that overflow. NOLINTNEXTLINE(cert-err34-c) */
	if (!type || strncmp(type + 3, "fuse.tusk", 9) != 0 || sscanf(line, "%*u %*u %u:%u", &major, &minor) != 2)
		return false;
	*ret_device = makedev(major, minor);
	return true;
}

static int find_mounts(struct walk *walk)
{
	TUSK_AUTO_STREAM FILE *stream = fopen("/proc/self/mountinfo", "re");
	TUSK_AUTO_FREE char *line = NULL;
	size_t capacity = 0;
	dev_t device;
	while (stream && getline(&line, &capacity, stream) > 0) {
		if (!is_tusk_mount(line, &device))
			continue;
		dev_t *mounts = realloc(walk->mounts, (walk->mount_count + 1) * sizeof *mounts);
		if (!mounts)
			return tusk_err_set(&walk->err, TUSK_E_NOMEM, 0, "out of memory");
		walk->mounts = mounts;
		mounts[walk->mount_count++] = device;
	}
	return 0;
}

int tusk_walk_find_skips(struct walk *walk)
{
	const struct tusk_repository *repository = walk->ingest->repository;
	const char *url = tusk_node_url(repository->node);
	skip(walk, strncmp(url, "file://", 7) == 0 ? url + 7 : url);
	skip(walk, repository->state_dir);
	return find_mounts(walk);
}

/* ---- beginning and end ---- */

int tusk_walk_begin(struct walk *walk, const struct tusk_plan *plan)
{
	struct tusk_dirjob *root;
	struct tusk_ingest *ingest = walk->ingest;
	if (tusk_walk_find_skips(walk) < 0 || tusk_dirjob_new(ingest, NULL, "", &root, &walk->err) < 0)
		return -1;
	root->plan = plan;
	if (stat("/", &root->item.stat) < 0)
		return tusk_err_set(&walk->err, TUSK_E_SOURCE, errno, "cannot look at /");
	if (ingest->parent) {
		struct tusk_entry old;
		struct tusk_err ignored = {0};
		if (tusk_view_entry(ingest->parent, 0, &old, &ignored) == 0) {
			root->has_old = true;
			root->old = old;
			walk->root_entry = old;
		}
	}
	if (tusk_walk_open(walk, root))
		return tusk_err_set(&walk->err, TUSK_E_SOURCE, 0, "cannot open /");
	return tusk_walk_enter(walk, root);
}

void tusk_walk_release(struct walk *walk)
{
	tusk_entry_release(&walk->root_entry);
	tusk_lane_release(&walk->lane);
	tusk_buf_release(&walk->path);
	free(walk->mounts);
}
