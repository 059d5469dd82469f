#include "dirjob.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX  4096
#define SLAB_ITEMS 64
#define KEEP_MAX   8192 /* bytes of a buffer that a free item keeps */

struct slab {
	struct slab *next;
	struct tusk_item items[SLAB_ITEMS];
};

struct tusk_items {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slab *slabs;
	struct tusk_item *idle;
	size_t taken, made;
	size_t dirs, max_dirs;
	bool waiting;
};

struct tusk_items *tusk_items_new(size_t max_dirs)
{
	struct tusk_items *items = calloc(1, sizeof *items);
	if (!items)
		return NULL;
	pthread_mutex_init(&items->lock, NULL);
	pthread_cond_init(&items->changed, NULL);
	items->max_dirs = max_dirs;
	return items;
}

static void release_item(struct tusk_item *item)
{
	tusk_buf_release(&item->content);
	tusk_buf_release(&item->xattrs);
	tusk_buf_release(&item->extents);
	free(item->flat);
}

void tusk_items_free(struct tusk_items *items)
{
	if (!items)
		return;
	while (items->slabs) {
		struct slab *slab = items->slabs;
		items->slabs = slab->next;
		for (size_t i = 0; i < SLAB_ITEMS; i++)
			release_item(&slab->items[i]);
		free(slab);
	}
	pthread_mutex_destroy(&items->lock);
	pthread_cond_destroy(&items->changed);
	free(items);
}

static void add_slab(struct tusk_items *items)
{
	struct slab *slab = calloc(1, sizeof *slab);
	if (!slab)
		return;
	slab->next = items->slabs;
	items->slabs = slab;
	for (size_t i = 0; i < SLAB_ITEMS; i++) {
		slab->items[i].next = items->idle;
		items->idle = &slab->items[i];
	}
	items->made += SLAB_ITEMS;
}

struct tusk_item *tusk_items_take(struct tusk_items *items)
{
	pthread_mutex_lock(&items->lock);
	if (!items->idle && items->made < ITEMS_MAX)
		add_slab(items);
	struct tusk_item *item = items->idle;
	if (item) {
		items->idle = item->next;
		items->taken++;
	}
	pthread_mutex_unlock(&items->lock);
	if (!item)
		return NULL;
	item->next = item->batch_next = item->queue_next = NULL;
	item->dir = NULL;
	item->state = TUSK_ITEM_PENDING;
	item->link = NULL;
	item->entry = (struct tusk_entry){0};
	return item;
}

static void trim(struct tusk_buf *buf)
{
	if (buf->capacity > KEEP_MAX)
		tusk_buf_release(buf);
	buf->len = 0;
}

/* There is room again; with some slack, so that the walker does not wake up for every item. */
static bool has_room(const struct tusk_items *items)
{
	return items->taken <= ITEMS_MAX / 4 * 3 && items->dirs < items->max_dirs;
}

static void signal_room(struct tusk_items *items)
{
	if (items->waiting && has_room(items))
		pthread_cond_signal(&items->changed);
}

void tusk_items_give(struct tusk_items *items, struct tusk_item *item)
{
	trim(&item->content);
	trim(&item->xattrs);
	trim(&item->extents);
	free(item->flat);
	item->flat = NULL;
	pthread_mutex_lock(&items->lock);
	item->next = items->idle;
	items->idle = item;
	items->taken--;
	signal_room(items);
	pthread_mutex_unlock(&items->lock);
}

void tusk_items_wait(struct tusk_items *items, struct tusk_ingest *ingest)
{
	pthread_mutex_lock(&items->lock);
	items->waiting = true;
	while (!has_room(items) && !atomic_load(&ingest->failed))
		pthread_cond_wait(&items->changed, &items->lock);
	items->waiting = false;
	pthread_mutex_unlock(&items->lock);
}

bool tusk_items_crowded(struct tusk_items *items)
{
	pthread_mutex_lock(&items->lock);
	bool crowded = items->dirs >= items->max_dirs;
	pthread_mutex_unlock(&items->lock);
	return crowded;
}

void tusk_items_count_dir(struct tusk_items *items, int change)
{
	pthread_mutex_lock(&items->lock);
	if (change > 0)
		items->dirs++;
	else
		items->dirs--;
	signal_room(items);
	pthread_mutex_unlock(&items->lock);
}

void tusk_items_wake(struct tusk_items *items)
{
	pthread_mutex_lock(&items->lock);
	pthread_cond_signal(&items->changed);
	pthread_mutex_unlock(&items->lock);
}

static struct tusk_bytes move_bytes(uint8_t **to, struct tusk_bytes from)
{
	struct tusk_bytes moved = {*to, from.len};
	if (from.len)
		memcpy(*to, from.data, from.len);
	*to += from.len;
	return moved;
}

int tusk_entry_flatten(const struct tusk_entry *entry, struct tusk_entry *ret_entry, void **ret_flat,
		       struct tusk_err *err)
{
	size_t len = entry->user.len + entry->group.len + entry->target.len + entry->content_bytes.len +
		     entry->extent_bytes.len + entry->xattr_bytes.len;
	uint8_t *flat = malloc(len ? len : 1);
	if (!flat)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_flat = flat;
	*ret_entry = *entry;
	ret_entry->pin = NULL;
	ret_entry->user = move_bytes(&flat, entry->user);
	ret_entry->group = move_bytes(&flat, entry->group);
	ret_entry->target = move_bytes(&flat, entry->target);
	ret_entry->content_bytes = move_bytes(&flat, entry->content_bytes);
	ret_entry->extent_bytes = move_bytes(&flat, entry->extent_bytes);
	ret_entry->xattr_bytes = move_bytes(&flat, entry->xattr_bytes);
	return 0;
}
