#define FUSE_USE_VERSION 314

#include "push.h"

#include "inode.h"
#include "scan.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <string.h>

#define QUEUE_SIZE    64
#define STAGING_SIZE  (1u << 20)
#define PAGE_BYTES    4096
#define SMALL_FILE    (256u << 10) /* a larger one is for read-ahead */
#define BATCH_BYTES   (4u << 20)   /* of siblings in one piece of work */
#define RECENT_AROUND 8            /* spans just pushed, not to be pushed again */

struct work {
	const struct tuskfs_slot *slot;
	bool is_around;
	uint64_t number, offset;    /* around: the file and a place in it */
	struct tuskfs_scan_run run; /* else */
};

struct span {
	uint64_t nodeid, start;
};

struct tuskfs_push {
	struct fuse_session *session;
	struct tuskfs_files *files;
	pthread_t thread;
	pthread_mutex_t lock; /* the queue, stop, scan */
	pthread_cond_t changed;
	struct work queue[QUEUE_SIZE]; /* a ring */
	unsigned first, count;
	bool stop, joined;
	struct tuskfs_scan scan;
	/* The thread's own: */
	uint8_t *staging;
	struct span recent[RECENT_AROUND];
	unsigned next_recent;
};

/* ---- the thread ---- */

/* Stores bytes of a file, from a page's start on, in whole pages but at the end of the file. The kernel answers ENOENT
 * for inodes it does not know: nothing lost. */
static int store(struct tuskfs_push *push, uint64_t nodeid, struct tusk_file *file, uint64_t start, uint64_t end)
{
	struct tusk_err ignored = {0};
	while (start < end) {
		size_t len = end - start < STAGING_SIZE ? (size_t)(end - start) : STAGING_SIZE;
		if (tusk_file_pread(file, push->staging, len, start, &len, &ignored) < 0 || len == 0)
			return -1;
		struct fuse_bufvec data = FUSE_BUFVEC_INIT(len);
		data.buf[0].mem = push->staging;
		if (fuse_lowlevel_notify_store(push->session, nodeid, (off_t)start, &data, 0) != 0)
			return -1;
		start += len;
	}
	return 0;
}

static void push_file(struct tuskfs_push *push, const struct tuskfs_slot *slot, const struct tusk_entry *entry)
{
	struct tusk_err ignored = {0};
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	if (tusk_file_open(slot->view, entry, &file, &ignored) == 0)
		store(push, tuskfs_inode_pack(slot->slot, entry->number), file, 0, entry->size);
}

static bool is_wanted(struct tuskfs_push *push, const struct tuskfs_slot *slot, const struct tusk_entry *entry)
{
	if (entry->type != TUSK_TYPE_FILE || entry->size == 0 || entry->size > SMALL_FILE)
		return false;
	pthread_mutex_lock(&push->lock);
	bool passed = tuskfs_scan_has_passed(&push->scan, slot, entry->number);
	pthread_mutex_unlock(&push->lock);
	return !passed;
}

static void push_siblings(struct tuskfs_push *push, const struct work *work)
{
	const struct tuskfs_scan_run *run = &work->run;
	struct tusk_err ignored = {0};
	TUSK_AUTO_ENTRY struct tusk_entry directory = {0};
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry = {0};
	if (tusk_view_entry(work->slot->view, run->directory, &directory, &ignored) < 0 ||
	    directory.type != TUSK_TYPE_DIRECTORY || run->from < directory.first_child ||
	    tusk_dir_open(work->slot->view, &directory, &dir, &ignored) < 0)
		return;
	tusk_dir_seek(dir, run->from - directory.first_child);
	uint64_t pushed = 0;
	while (tusk_dir_next(dir, &entry, &ignored) == 1 && entry.number < run->end && pushed < BATCH_BYTES) {
		if (!is_wanted(push, work->slot, &entry))
			continue;
		push_file(push, work->slot, &entry);
		pushed += entry.size;
	}
	pthread_mutex_lock(&push->lock);
	if (pushed >= BATCH_BYTES)
		tuskfs_scan_stopped_at(&push->scan, work->slot, entry.number);
	pthread_mutex_unlock(&push->lock);
}

static bool is_recent(struct tuskfs_push *push, uint64_t nodeid, uint64_t start)
{
	for (unsigned i = 0; i < RECENT_AROUND; i++) {
		if (push->recent[i].nodeid == nodeid && push->recent[i].start == start)
			return true;
	}
	push->recent[push->next_recent++ % RECENT_AROUND] = (struct span){nodeid, start};
	return false;
}

static void push_around(struct tuskfs_push *push, const struct work *work)
{
	struct tusk_err ignored = {0};
	TUSKFS_AUTO_OPEN_FILE struct tuskfs_open_file *open_file = NULL;
	uint64_t start, end, nodeid = tuskfs_inode_pack(work->slot->slot, work->number);
	if (tuskfs_files_hold(push->files, work->slot, work->number, &open_file, &ignored) < 0)
		return;
	struct tusk_file *file = tuskfs_open_file_get(open_file);
	if (tusk_file_span(file, work->offset, &start, &end, &ignored) != TUSK_FOUND)
		return;
	start = (start + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	if (end != tusk_file_size(file))
		end = end / PAGE_BYTES * PAGE_BYTES;
	if (start < end && !is_recent(push, nodeid, start))
		store(push, nodeid, file, start, end);
}

static bool take(struct tuskfs_push *push, struct work *ret_work)
{
	pthread_mutex_lock(&push->lock);
	while (!push->count && !push->stop)
		pthread_cond_wait(&push->changed, &push->lock);
	bool go_on = !push->stop;
	if (go_on) {
		*ret_work = push->queue[push->first];
		push->first = (push->first + 1) % QUEUE_SIZE;
		push->count--;
	}
	pthread_mutex_unlock(&push->lock);
	return go_on;
}

static void *run(void *argument)
{
	struct tuskfs_push *push = argument;
	struct work work;
	while (take(push, &work)) {
		if (work.is_around)
			push_around(push, &work);
		else
			push_siblings(push, &work);
	}
	return NULL;
}

/* ---- the request threads' side: never waits ---- */

static void add(struct tuskfs_push *push, const struct work *work)
{
	if (push->stop || push->count == QUEUE_SIZE)
		return;
	push->queue[(push->first + push->count++) % QUEUE_SIZE] = *work;
	pthread_cond_signal(&push->changed);
}

void tuskfs_push_listed(struct tuskfs_push *push, const struct tuskfs_slot *slot, const struct tusk_entry *directory,
			uint64_t end)
{
	struct work work = {.slot = slot};
	pthread_mutex_lock(&push->lock);
	if (tuskfs_scan_listed(&push->scan, slot, directory, end, &work.run))
		add(push, &work);
	pthread_mutex_unlock(&push->lock);
}

void tuskfs_push_read(struct tuskfs_push *push, const struct tuskfs_slot *slot, uint64_t number)
{
	struct work work = {.slot = slot};
	pthread_mutex_lock(&push->lock);
	if (tuskfs_scan_read(&push->scan, slot, number, &work.run))
		add(push, &work);
	pthread_mutex_unlock(&push->lock);
}

void tuskfs_push_around(struct tuskfs_push *push, const struct tuskfs_slot *slot, uint64_t number, uint64_t offset)
{
	struct work work = {.slot = slot, .is_around = true, .number = number, .offset = offset};
	pthread_mutex_lock(&push->lock);
	add(push, &work);
	pthread_mutex_unlock(&push->lock);
}

int tuskfs_push_new(struct fuse_session *session, struct tuskfs_files *files, struct tuskfs_push **ret_push,
		    struct tusk_err *err)
{
	struct tuskfs_push *push = calloc(1, sizeof(*push));
	uint8_t *staging = malloc(STAGING_SIZE);
	int error = ENOMEM;
	if (push && staging) {
		push->session = session;
		push->files = files;
		push->staging = staging;
		pthread_mutex_init(&push->lock, NULL);
		pthread_cond_init(&push->changed, NULL);
		error = pthread_create(&push->thread, NULL, run, push);
	}
	if (error) {
		free(staging);
		free(push);
		return tusk_err_set(err, TUSK_E_INTERNAL, error, "cannot start a thread");
	}
	*ret_push = push;
	return 0;
}

void tuskfs_push_stop(struct tuskfs_push *push)
{
	if (push->joined)
		return;
	pthread_mutex_lock(&push->lock);
	push->stop = true;
	pthread_cond_signal(&push->changed);
	pthread_mutex_unlock(&push->lock);
	pthread_join(push->thread, NULL);
	push->joined = true;
}

void tuskfs_push_free(struct tuskfs_push *push)
{
	if (!push)
		return;
	tuskfs_push_stop(push);
	pthread_cond_destroy(&push->changed);
	pthread_mutex_destroy(&push->lock);
	free(push->staging);
	free(push);
}
