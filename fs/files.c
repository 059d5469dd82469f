#include "files.h"

#include "inode.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FILE_COUNT 128 /* kept open */
#define SET_SIZE   8   /* a node id can be in one of 8 places; the least recently used of them gives way */
#define SET_COUNT  (FILE_COUNT / SET_SIZE)

#define WINDOW_BYTES (2u << 20) /* decoded ahead of a sequential reader; refilled when half is used */
/* Reads of one stream arrive out of order (the kernel's read-ahead on two threads): this far off is still in line. */
#define SLACK_BYTES (2u << 20)

struct tuskfs_open_file {
	atomic_uint references; /* the set counts as one */
	uint64_t nodeid, used;
	struct tusk_file *file;
	pthread_mutex_t lock; /* the fields below */
	uint64_t next;        /* where a sequential reader goes on */
	uint64_t ahead;       /* asked for up to here */
	unsigned streak;      /* sequential reads in a row */
};

struct tuskfs_files {
	pthread_mutex_t lock;
	uint64_t clock;
	struct tuskfs_open_file *sets[SET_COUNT][SET_SIZE];
};

int tuskfs_files_new(struct tuskfs_files **ret_files, struct tusk_err *err)
{
	struct tuskfs_files *files = calloc(1, sizeof(*files));
	if (!files)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep files open");
	pthread_mutex_init(&files->lock, NULL);
	*ret_files = files;
	return 0;
}

void tuskfs_files_free(struct tuskfs_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < SET_COUNT; i++) {
		for (size_t j = 0; j < SET_SIZE; j++)
			tuskfs_files_drop(files->sets[i][j]);
	}
	pthread_mutex_destroy(&files->lock);
	free(files);
}

void tuskfs_files_drop(struct tuskfs_open_file *file)
{
	if (!file || atomic_fetch_sub(&file->references, 1) != 1)
		return;
	tusk_file_close(file->file);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

static struct tuskfs_open_file **set_of(struct tuskfs_files *files, uint64_t nodeid)
{
	uint64_t hash = nodeid * UINT64_C(0x9e3779b97f4a7c15);
	return files->sets[(hash >> 40) % SET_COUNT];
}

static struct tuskfs_open_file *find(struct tuskfs_files *files, uint64_t nodeid)
{
	struct tuskfs_open_file *found = NULL;
	pthread_mutex_lock(&files->lock);
	struct tuskfs_open_file **set = set_of(files, nodeid);
	for (size_t i = 0; i < SET_SIZE && !found; i++) {
		if (set[i] && set[i]->nodeid == nodeid)
			found = set[i];
	}
	if (found) {
		atomic_fetch_add(&found->references, 1);
		found->used = ++files->clock;
	}
	pthread_mutex_unlock(&files->lock);
	return found;
}

/* Two threads may have opened the same file at once: the set then has it twice for a while, which is harmless. */
static void keep(struct tuskfs_files *files, struct tuskfs_open_file *file)
{
	pthread_mutex_lock(&files->lock);
	struct tuskfs_open_file **set = set_of(files, file->nodeid), **oldest = &set[0];
	for (size_t i = 1; i < SET_SIZE && *oldest; i++) {
		if (!set[i] || set[i]->used < (*oldest)->used)
			oldest = &set[i];
	}
	struct tuskfs_open_file *evicted = *oldest;
	file->used = ++files->clock;
	*oldest = file;
	pthread_mutex_unlock(&files->lock);
	tuskfs_files_drop(evicted);
}

static int open_file(const struct tuskfs_slot *slot, uint64_t number, struct tusk_file **ret_file, struct tusk_err *err)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	if (tusk_view_entry(slot->view, number, &entry, err) < 0)
		return -1;
	if (entry.type != TUSK_TYPE_FILE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "not a regular file");
	return tusk_file_open(slot->view, &entry, ret_file, err);
}

int tuskfs_files_hold(struct tuskfs_files *files, const struct tuskfs_slot *slot, uint64_t number,
		      struct tuskfs_open_file **ret_file, struct tusk_err *err)
{
	uint64_t nodeid = tuskfs_inode_pack(slot->slot, number);
	struct tuskfs_open_file *file = find(files, nodeid);
	if (file) {
		*ret_file = file;
		return 0;
	}
	TUSK_AUTO_FILE struct tusk_file *opened = NULL;
	if (open_file(slot, number, &opened, err) < 0)
		return -1;
	file = calloc(1, sizeof(*file));
	if (!file)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot open a file");
	atomic_init(&file->references, 2); /* the set's and the caller's */
	file->nodeid = nodeid;
	file->file = TUSK_STEAL(opened);
	pthread_mutex_init(&file->lock, NULL);
	keep(files, file);
	*ret_file = file;
	return 0;
}

struct tusk_file *tuskfs_open_file_get(struct tuskfs_open_file *file)
{
	return file->file;
}

static bool in_line(const struct tuskfs_open_file *file, uint64_t offset)
{
	uint64_t low = file->next > SLACK_BYTES ? file->next - SLACK_BYTES : 0;
	return offset == file->next || (file->streak && offset >= low && offset <= file->next + SLACK_BYTES);
}

bool tuskfs_open_file_advance(struct tuskfs_open_file *file, uint64_t offset, uint64_t len)
{
	uint64_t from = 0, to = 0, size = tusk_file_size(file->file);
	pthread_mutex_lock(&file->lock);
	bool sequential = in_line(file, offset);
	if (!sequential) {
		file->streak = 0;
		file->ahead = 0;
		file->next = offset + len;
	} else {
		file->streak++;
		if (offset + len > file->next)
			file->next = offset + len;
		if (file->ahead < file->next + WINDOW_BYTES / 2) {
			from = file->ahead > file->next ? file->ahead : file->next;
			to = file->next + WINDOW_BYTES;
			file->ahead = to;
		}
	}
	pthread_mutex_unlock(&file->lock);
	if (to > size)
		to = size;
	if (from < to)
		tusk_file_prefetch(file->file, from, to - from);
	return sequential;
}
