#include "links.h"

#include "metadata.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define BUCKETS     4096
#define REMEMBERED  32768 /* inodes with links outside of the source never become complete: forget the oldest */
#define INODE_BITS  46
#define DEVICES_MAX 1024

/* Invariant: in the list of done links iff item is NULL. */
struct tusk_link {
	struct tusk_link *next;          /* of the bucket */
	struct tusk_link *newer, *older; /* among those that are done */
	struct stat stat;
	uint64_t seen;
	struct tusk_item *item; /* being read; NULL: done */
	struct tusk_item *waiting, **waiting_end;
	struct tusk_entry entry;
	void *flat;
};

struct device {
	dev_t device;
	uint16_t tag;
};

struct tusk_links {
	pthread_mutex_t lock;
	struct tusk_link *buckets[BUCKETS];
	struct tusk_link *oldest, *newest;
	size_t done_count;
	/* The walker's. */
	struct device devices[DEVICES_MAX];
	size_t device_count;
};

struct tusk_links *tusk_links_new(void)
{
	struct tusk_links *links = calloc(1, sizeof *links);
	if (links)
		pthread_mutex_init(&links->lock, NULL);
	return links;
}

void tusk_links_free(struct tusk_links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (links->buckets[i]) {
			struct tusk_link *link = links->buckets[i];
			links->buckets[i] = link->next;
			free(link->flat);
			free(link);
		}
	pthread_mutex_destroy(&links->lock);
	free(links);
}

/* ---- ids ---- */

static uint64_t hash(const void *a, size_t a_len, uint64_t b)
{
	uint8_t bytes[64] = {0}, digest[32];
	memcpy(bytes, a, a_len);
	tusk_store_u64(bytes + 32, b);
	tusk_sha256(bytes, sizeof bytes, digest);
	return tusk_load_u64(digest);
}

static bool tag_is_used(const struct tusk_links *links, uint16_t tag)
{
	for (size_t i = 0; i < links->device_count; i++)
		if (links->devices[i].tag == tag)
			return true;
	return false;
}

/* From the identity of the file system rather than st_dev, which changes from boot to boot. */
static uint16_t device_tag(struct tusk_links *links, dev_t device, int fd)
{
	for (size_t i = 0; i < links->device_count; i++)
		if (links->devices[i].device == device)
			return links->devices[i].tag;
	struct statfs info;
	uint64_t identity[2] = {0, 0};
	if (fstatfs(fd, &info) == 0) {
		memcpy(identity, &info.f_fsid, sizeof info.f_fsid);
		identity[1] = (uint64_t)info.f_type;
	}
	if (identity[0] == 0)
		identity[0] = device;
	uint16_t tag = (uint16_t)hash(identity, sizeof identity, 0);
	while (tag == 0 || (tag_is_used(links, tag) && links->device_count < DEVICES_MAX))
		tag++;
	if (links->device_count < DEVICES_MAX)
		links->devices[links->device_count++] = (struct device){device, tag};
	return tag;
}

uint64_t tusk_links_id(struct tusk_links *links, const struct stat *stat, int fd)
{
	uint64_t tag = device_tag(links, stat->st_dev, fd), inode = stat->st_ino;
	if (inode < (uint64_t)1 << INODE_BITS)
		return tag << INODE_BITS | inode;
	uint64_t id = hash(&tag, sizeof tag, inode) >> 2;
	return id ? id : 1;
}

/* ---- the table ---- */

static struct tusk_link **find(struct tusk_links *links, const struct stat *stat)
{
	struct tusk_link **at = &links->buckets[(stat->st_ino ^ stat->st_dev) % BUCKETS];
	while (*at && ((*at)->stat.st_ino != stat->st_ino || (*at)->stat.st_dev != stat->st_dev))
		at = &(*at)->next;
	return at;
}

static void leave_done(struct tusk_links *links, struct tusk_link *link)
{
	*(link->older ? &link->older->newer : &links->oldest) = link->newer;
	*(link->newer ? &link->newer->older : &links->newest) = link->older;
	link->older = link->newer = NULL;
	links->done_count--;
}

static void enter_done(struct tusk_links *links, struct tusk_link *link)
{
	link->item = NULL;
	link->older = links->newest;
	link->newer = NULL;
	*(links->newest ? &links->newest->newer : &links->oldest) = link;
	links->newest = link;
	links->done_count++;
}

static void forget(struct tusk_links *links, struct tusk_link *link)
{
	struct tusk_link **at = find(links, &link->stat);
	*at = link->next;
	if (!link->item)
		leave_done(links, link);
	free(link->flat);
	free(link);
}

static void set_reading(struct tusk_link *link, struct tusk_item *item)
{
	link->item = item;
	link->stat = item->stat;
	link->waiting = NULL;
	link->waiting_end = &link->waiting;
	item->link = link;
}

static int begin_reading(struct tusk_links *links, struct tusk_item *item)
{
	struct tusk_link **at = find(links, &item->stat);
	struct tusk_link *link = *at;
	if (!link) {
		link = calloc(1, sizeof *link);
		if (!link)
			return -1;
		*at = link;
	} else {
		leave_done(links, link);
		free(TUSK_STEAL(link->flat));
	}
	link->seen++;
	set_reading(link, item);
	return 0;
}

/* Copies the entry of another link; the name stays. */
static int fill(struct tusk_item *item, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_bytes name = item->entry.name;
	if (tusk_entry_flatten(entry, &item->entry, &item->flat, err) < 0)
		return -1;
	item->entry.name = name;
	return 0;
}

static int join_locked(struct tusk_links *links, struct tusk_item *item, enum tusk_link_role *ret_role,
		       struct tusk_err *err)
{
	struct tusk_link *link = *find(links, &item->stat);
	if (link && link->item) {
		link->seen++;
		item->batch_next = NULL;
		*link->waiting_end = item;
		link->waiting_end = &item->batch_next;
		*ret_role = TUSK_LINK_WAITS;
		return 0;
	}
	if (!link || !tusk_same_file_state(&link->stat, &item->stat)) {
		*ret_role = TUSK_LINK_READS;
		if (begin_reading(links, item) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		return 0;
	}
	*ret_role = TUSK_LINK_READY;
	if (fill(item, &link->entry, err) < 0)
		return -1;
	if (++link->seen >= item->stat.st_nlink)
		forget(links, link);
	return 0;
}

int tusk_links_join(struct tusk_links *links, struct tusk_item *item, enum tusk_link_role *ret_role,
		    struct tusk_err *err)
{
	pthread_mutex_lock(&links->lock);
	int result = join_locked(links, item, ret_role, err);
	pthread_mutex_unlock(&links->lock);
	return result;
}

static int finish_locked(struct tusk_links *links, struct tusk_item *item, bool is_ready, struct tusk_err *err)
{
	struct tusk_link *link = TUSK_STEAL(item->link);
	if (!is_ready || link->seen >= item->stat.st_nlink) {
		forget(links, link);
		return 0;
	}
	if (tusk_entry_flatten(&item->entry, &link->entry, &link->flat, err) < 0)
		return -1;
	/* As it was when it was read: a link found later may show that it has changed. */
	link->stat = item->stat;
	enter_done(links, link);
	if (links->done_count > REMEMBERED)
		forget(links, links->oldest);
	return 0;
}

int tusk_links_finish(struct tusk_links *links, struct tusk_item *item, bool is_ready, struct tusk_item **ret_waiting,
		      struct tusk_err *err)
{
	pthread_mutex_lock(&links->lock);
	struct tusk_item *waiting = item->link->waiting;
	int result = finish_locked(links, item, is_ready, err);
	pthread_mutex_unlock(&links->lock);
	for (struct tusk_item *at = waiting; at && is_ready && result == 0; at = at->batch_next)
		result = fill(at, &item->entry, err);
	*ret_waiting = waiting;
	return result;
}
