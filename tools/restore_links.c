#include "restore_internal.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

enum link_state { LINK_EMPTY, LINK_PENDING, LINK_DONE, LINK_FAILED };

struct link_slot {
	uint64_t link_id, number;
	dev_t dev;
	ino_t ino;
	enum link_state state;
};

/* Open addressing, doubled at three quarters. */
struct restore_links {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct link_slot *slots;
	size_t capacity, used;
};

struct restore_links *restore_links_new(void)
{
	struct restore_links *links = calloc(1, sizeof *links);

	if (!links)
		return NULL;
	links->capacity = 64;
	links->slots = calloc(links->capacity, sizeof *links->slots);
	if (!links->slots) {
		free(links);
		return NULL;
	}
	pthread_mutex_init(&links->lock, NULL);
	pthread_cond_init(&links->changed, NULL);
	return links;
}

void restore_links_free(struct restore_links *links)
{
	pthread_mutex_destroy(&links->lock);
	pthread_cond_destroy(&links->changed);
	free(links->slots);
	free(links);
}

static struct link_slot *find(struct link_slot *slots, size_t capacity, uint64_t link_id)
{
	size_t i = (link_id * 0x9E3779B97F4A7C15u) >> 20 & (capacity - 1);

	while (slots[i].state != LINK_EMPTY && slots[i].link_id != link_id)
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

static void grow(struct restore_links *links)
{
	size_t capacity = links->capacity * 2;
	struct link_slot *slots = calloc(capacity, sizeof *slots);

	if (!slots)
		return; /* fuller, slower, still right until it is full */
	for (size_t i = 0; i < links->capacity; i++)
		if (links->slots[i].state != LINK_EMPTY)
			*find(slots, capacity, links->slots[i].link_id) = links->slots[i];
	free(links->slots);
	links->slots = slots;
	links->capacity = capacity;
}

bool restore_links_first(struct restore_links *links, uint64_t link_id)
{
	pthread_mutex_lock(&links->lock);
	if (links->used * 4 >= links->capacity * 3)
		grow(links);
	struct link_slot *slot = find(links->slots, links->capacity, link_id);
	bool first = slot->state == LINK_EMPTY && links->used + 1 < links->capacity;
	if (first) {
		*slot = (struct link_slot){.link_id = link_id, .state = LINK_PENDING};
		links->used++;
	}
	pthread_mutex_unlock(&links->lock);
	return first;
}

void restore_links_done(struct restore_links *links, uint64_t link_id, uint64_t number, const struct stat *st, bool ok)
{
	pthread_mutex_lock(&links->lock);
	struct link_slot *slot = find(links->slots, links->capacity, link_id);
	if (slot->state == LINK_PENDING) {
		slot->number = number;
		slot->state = ok ? LINK_DONE : LINK_FAILED;
		if (ok) {
			slot->dev = st->st_dev;
			slot->ino = st->st_ino;
		}
		pthread_cond_broadcast(&links->changed);
	}
	pthread_mutex_unlock(&links->lock);
}

/* An O_PATH descriptor of the first link, by its path below the target; -1 when what is there is not what this run
 * made. */
static int open_first(struct restore *restore, int dest_fd, const struct link_slot *first)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0}, top = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	struct stat st;

	if (tusk_view_path_of(restore->view, first->number, &path, NULL) ||
	    tusk_view_path(restore->view, restore->options->path, &entry, NULL) ||
	    tusk_view_path_of(restore->view, entry.number, &top, NULL))
		return -1;
	const char *below = (const char *)path.data + (top.len > 1 ? top.len : 0);
	while (*below == '/')
		below++;
	int fd = (int)syscall(SYS_openat2, dest_fd, below, &how, sizeof how);
	if (fd >= 0 && (fstat(fd, &st) || st.st_dev != first->dev || st.st_ino != first->ino)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int link_to(int first_fd, int dirfd, const char *name)
{
	char magic[32];

	snprintf(magic, sizeof magic, "/proc/self/fd/%d", first_fd);
	return linkat(AT_FDCWD, magic, dirfd, name, AT_SYMLINK_FOLLOW);
}

static int target_root(const struct restore_dir *dir)
{
	while (dir->parent)
		dir = dir->parent;
	return dir->fd;
}

int restore_links_join(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *entry,
		       const char *name, struct tusk_err *err)
{
	struct restore_links *links = restore->links;
	struct stat st;

	pthread_mutex_lock(&links->lock);
	struct link_slot first = *find(links->slots, links->capacity, entry->link_id);
	while (first.state == LINK_PENDING && !restore_stopped(restore)) {
		pthread_cond_wait(&links->changed, &links->lock);
		first = *find(links->slots, links->capacity, entry->link_id);
	}
	pthread_mutex_unlock(&links->lock);
	if (first.state != LINK_DONE)
		return 0;
	atomic_fetch_add(&restore->counts->links, 1);
	if (restore->options->dry_run || dir->fd < 0)
		return 1;
	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_dev == first.dev && st.st_ino == first.ino)
			return 1;
		if (restore->options->overwrite == RESTORE_NEVER) {
			atomic_fetch_add(&restore->counts->kept, 1);
			return 1;
		}
		if (restore_remove(dir->fd, name, err))
			return -1;
	}
	TUSK_AUTO_FD int first_fd = open_first(restore, target_root(dir), &first);
	/* Too many links, another file system, or not allowed: a copy is better than nothing. */
	return first_fd >= 0 && link_to(first_fd, dir->fd, name) == 0;
}
