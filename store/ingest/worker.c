#include "content.h"
#include "links.h"
#include "metadata.h"
#include "ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define READINGS_MAX 3

struct tusk_workers {
	struct worker {
		struct tusk_lane lane;
		pthread_t thread;
	} * items;
	size_t count;
};

/* ---- one entry ---- */

static void report(struct tusk_lane *lane, const struct tusk_item *item, enum tusk_problem problem, int sys_errno)
{
	tusk_ingest_problem(lane->ingest, problem, item->dir, item->name, sys_errno);
}

/* What a failed open means. A name that now is something else (ELOOP: a symlink) counts as gone. */
static int drop(struct tusk_lane *lane, const struct tusk_item *item, enum tusk_item_state *ret_state, int sys_errno)
{
	bool gone = sys_errno == ENOENT || sys_errno == ESTALE || sys_errno == ELOOP || sys_errno == ENOTDIR;
	report(lane, item, gone ? TUSK_PROBLEM_VANISHED : TUSK_PROBLEM_UNREADABLE, sys_errno);
	*ret_state = TUSK_ITEM_DROPPED;
	return 0;
}

/* Content, holes, attributes, as they are now. */
static int read_once(struct tusk_lane *lane, struct tusk_item *item, struct tusk_source *source, struct tusk_err *err)
{
	struct tusk_entry *entry = &item->entry;
	entry->extent_bytes = (struct tusk_bytes){NULL, 0};
	entry->extents_in_blob = false;
	int result = tusk_content_store(lane, source, item, err);
	if (result == TUSK_READING_DONE && source->has_holes)
		result = tusk_holes_store(lane, item, err);
	if (result == TUSK_READING_DONE)
		result = tusk_store_xattrs(lane, source->fd, false, item, err);
	return result;
}

static void prepare_source(struct tusk_lane *lane, const struct tusk_item *item, int fd, int reading,
			   struct tusk_source *ret_source)
{
	uint64_t size = (uint64_t)item->stat.st_size;
	*ret_source = (struct tusk_source){.fd = fd, .size = size};
	/* The last reading takes a file that keeps changing as plain bytes: extents would no longer fit. */
	if (reading == READINGS_MAX || (uint64_t)item->stat.st_blocks * 512 >= size)
		return;
	ret_source->has_holes = tusk_holes_find(lane, fd, size);
	ret_source->extents = (const struct tusk_extent *)(const void *)lane->extents.data;
	ret_source->extent_count = lane->extents.len / sizeof(struct tusk_extent);
}

/* Reads until nothing changed meanwhile. *ret_state: dropped, when it cannot be read. */
static int read_stable(struct tusk_lane *lane, struct tusk_item *item, int fd, enum tusk_item_state *ret_state,
		       struct tusk_err *err)
{
	for (int reading = 1;; reading++) {
		struct tusk_source source;
		struct stat after;
		prepare_source(lane, item, fd, reading, &source);
		if (reading == 1)
			source.ready = tusk_ready_find(lane->ready, item);
		int result = read_once(lane, item, &source, err);
		if (result < 0)
			return -1;
		if (result == TUSK_READING_FAILED)
			return drop(lane, item, ret_state, source.sys_errno);
		if (fstat(fd, &after) < 0)
			return drop(lane, item, ret_state, errno);
		if (result == TUSK_READING_DONE && tusk_same_file_state(&item->stat, &after))
			return 0;
		if (!S_ISREG(after.st_mode))
			return drop(lane, item, ret_state, ENOENT);
		if (reading == READINGS_MAX) {
			report(lane, item, TUSK_PROBLEM_CHANGED, 0);
			return 0;
		}
		item->stat = after;
	}
}

static int store_file(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state *ret_state,
		      struct tusk_err *err)
{
	struct tusk_ready *ready = tusk_ready_find(lane->ready, item);
	TUSK_AUTO_FD int fd = ready ? tusk_steal_fd(&ready->fd) : tusk_open_source(item);
	if (fd < 0)
		return drop(lane, item, ret_state, errno);
	if (read_stable(lane, item, fd, ret_state, err) < 0)
		return -1;
	tusk_describe(lane, &item->stat, &item->entry);
	return 0;
}

static int store_stream(struct tusk_lane *lane, struct tusk_item *item, struct tusk_err *err)
{
	struct tusk_source source = {.fd = lane->ingest->stream_fd, .is_stream = true};
	int result = tusk_content_store(lane, &source, item, err);
	if (result == TUSK_READING_FAILED)
		return tusk_err_set(err, TUSK_E_SOURCE, source.sys_errno, "cannot read the input");
	if (result == 0)
		tusk_describe(lane, &item->stat, &item->entry);
	return result;
}

/* Symlinks, devices, FIFOs, sockets. */
static int store_other(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state *ret_state,
		       struct tusk_err *err)
{
	struct tusk_entry *entry = &item->entry;
	TUSK_AUTO_FD int fd = openat(item->dir->fd, item->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &item->stat) < 0)
		return drop(lane, item, ret_state, errno);
	if (S_ISREG(item->stat.st_mode) || S_ISDIR(item->stat.st_mode))
		return drop(lane, item, ret_state, ENOENT);
	if (S_ISLNK(item->stat.st_mode)) {
		item->content.len = 0;
		if (tusk_buf_reserve(&item->content, 4096) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		ssize_t len = readlinkat(fd, "", (char *)item->content.data, 4096);
		if (len <= 0 || len == 4096)
			return drop(lane, item, ret_state, len < 0 ? errno : ENAMETOOLONG);
		entry->target = (struct tusk_bytes){item->content.data, (size_t)len};
		entry->size = (uint64_t)len;
	}
	tusk_describe(lane, &item->stat, entry);
	return tusk_store_xattrs(lane, fd, true, item, err);
}

static int store_item(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state *ret_state,
		      struct tusk_err *err)
{
	if (lane->ingest->stream_fd >= 0)
		return store_stream(lane, item, err);
	if (S_ISREG(item->stat.st_mode))
		return store_file(lane, item, ret_state, err);
	return store_other(lane, item, ret_state, err);
}

/* ---- a batch ---- */

/* item is a hard link that others wait for. */
static int release_links(struct tusk_lane *lane, struct tusk_item *item, bool is_ready, struct tusk_err *err)
{
	struct tusk_item *waiting = NULL;
	if (tusk_links_finish(lane->ingest->links, item, is_ready, &waiting, err) < 0)
		return -1;
	if (waiting && !is_ready) {
		tusk_queue_push_batch(lane->ingest->queue, waiting);
		return 0;
	}
	while (waiting) {
		struct tusk_item *link = waiting;
		waiting = link->batch_next;
		if (tusk_item_complete(lane, link, TUSK_ITEM_READY, err) < 0)
			return -1;
	}
	return 0;
}

static int run_item(struct tusk_lane *lane, struct tusk_item *item, struct tusk_err *err)
{
	enum tusk_item_state state = TUSK_ITEM_READY;
	if (store_item(lane, item, &state, err) < 0)
		return -1;
	if (item->link && release_links(lane, item, state == TUSK_ITEM_READY, err) < 0)
		return -1;
	return tusk_item_complete(lane, item, state, err);
}

static int run_batch(struct tusk_lane *lane, struct tusk_item *first, struct tusk_err *err)
{
	int result = 0;
	tusk_ready_fill(lane->ready, lane->ingest, first);
	while (first && result == 0 && !tusk_ingest_stopped(lane->ingest)) {
		struct tusk_item *item = first;
		first = item->batch_next;
		result = run_item(lane, item, err);
	}
	tusk_ready_clear(lane->ready);
	return result;
}

static void *worker_main(void *context)
{
	struct tusk_lane *lane = context;
	struct tusk_queue *queue = lane->ingest->queue;
	struct tusk_chunk_task task;
	struct tusk_item *batch;
	struct tusk_err err = {0};
	for (;;) {
		enum tusk_work work = tusk_queue_next(queue, &task, &batch);
		if (work == TUSK_WORK_END)
			break;
		if (work == TUSK_WORK_CHUNK) {
			tusk_content_run(lane, &task);
		} else {
			if (run_batch(lane, batch, &err) < 0)
				tusk_ingest_fail(lane->ingest, &err);
			tusk_queue_batch_done(queue);
		}
		tusk_lane_rest(lane);
	}
	return NULL;
}

int tusk_workers_start(struct tusk_ingest *ingest, unsigned count, struct tusk_workers **ret_workers,
		       struct tusk_err *err)
{
	struct tusk_workers *workers = calloc(1, sizeof *workers);
	if (workers)
		workers->items = calloc(count, sizeof *workers->items);
	if (!workers || !workers->items) {
		free(workers);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	*ret_workers = workers;
	for (; workers->count < count; workers->count++) {
		struct worker *worker = &workers->items[workers->count];
		if (tusk_lane_init(&worker->lane, ingest, true, err) < 0)
			return -1;
		int result = pthread_create(&worker->thread, NULL, worker_main, &worker->lane);
		if (result != 0) {
			tusk_lane_release(&worker->lane);
			return tusk_err_set(err, TUSK_E_INTERNAL, result, "cannot start a thread");
		}
	}
	return 0;
}

void tusk_workers_join(struct tusk_workers *workers)
{
	if (!workers)
		return;
	for (size_t i = 0; i < workers->count; i++)
		pthread_join(workers->items[i].thread, NULL);
	/* After all have ended: a chunk task writes its result into another worker's lane. */
	for (size_t i = 0; i < workers->count; i++)
		tusk_lane_release(&workers->items[i].lane);
	free(workers->items);
	free(workers);
}
