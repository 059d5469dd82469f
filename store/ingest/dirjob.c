#include "dirjob.h"

#include <stdlib.h>
#include <string.h>

static void link_job(struct tusk_dirjob *job)
{
	struct tusk_ingest *ingest = job->ingest;
	pthread_mutex_lock(&ingest->jobs_lock);
	job->all_next = ingest->jobs;
	if (ingest->jobs)
		ingest->jobs->all_previous = job;
	ingest->jobs = job;
	pthread_mutex_unlock(&ingest->jobs_lock);
}

static void unlink_job(struct tusk_dirjob *job)
{
	struct tusk_ingest *ingest = job->ingest;
	pthread_mutex_lock(&ingest->jobs_lock);
	if (job->all_previous)
		job->all_previous->all_next = job->all_next;
	else
		ingest->jobs = job->all_next;
	if (job->all_next)
		job->all_next->all_previous = job->all_previous;
	pthread_mutex_unlock(&ingest->jobs_lock);
}

int tusk_dirjob_new(struct tusk_ingest *ingest, struct tusk_dirjob *parent, const char *name,
		    struct tusk_dirjob **ret_job, struct tusk_err *err)
{
	struct tusk_dirjob *job = calloc(1, sizeof *job);
	if (!job)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	size_t len = strlen(name);
	memcpy(job->item.name, name, len + 1);
	job->item.entry.name = (struct tusk_bytes){(const uint8_t *)job->item.name, len};
	job->item.dir = parent;
	job->item.is_dirjob = true;
	job->ingest = ingest;
	job->fd = -1;
	job->depth = parent ? parent->depth + 1 : 0;
	job->tail = &job->head;
	pthread_mutex_init(&job->lock, NULL);
	link_job(job);
	*ret_job = job;
	return 0;
}

/* What only the walker needs. */
static void release_walk(struct tusk_dirjob *job)
{
	if (job->old_dir)
		tusk_dir_close(TUSK_STEAL(job->old_dir));
	job->has_old = job->has_old_child = false;
	tusk_names_release(&job->names);
}

static void close_fd(struct tusk_dirjob *job)
{
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
}

/* The walker has left: only the entries in flight still need it. */
static void leave(struct tusk_dirjob *job)
{
	release_walk(job);
	job->counted = true;
	tusk_items_count_dir(job->ingest->items, 1);
}

void tusk_dirjob_close(struct tusk_dirjob *job)
{
	leave(job);
	close_fd(job);
}

void tusk_dirjob_forget_old(struct tusk_dirjob *job)
{
	if (job->old_dir)
		tusk_dir_close(TUSK_STEAL(job->old_dir));
	job->has_old = job->has_old_child = job->old_failed = false;
	job->same_count = 0;
}

void tusk_dirjob_free(struct tusk_dirjob *job)
{
	release_walk(job);
	close_fd(job);
	unlink_job(job);
	if (job->counted)
		tusk_items_count_dir(job->ingest->items, -1);
	tusk_box_free(job->box);
	tusk_buf_release(&job->item.content);
	tusk_buf_release(&job->item.xattrs);
	tusk_buf_release(&job->item.extents);
	free(job->item.flat);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

void tusk_dirjob_free_all(struct tusk_ingest *ingest)
{
	while (ingest->jobs)
		tusk_dirjob_free(ingest->jobs);
}

int tusk_dirjob_build(struct tusk_dirjob *job, struct tusk_err *err)
{
	if (tusk_boxes_take(job->ingest->boxes, &job->box, err) < 0)
		return -1;
	job->building = true;
	return 0;
}

static int add_to_builder(struct tusk_lane *lane, struct tusk_dirjob *job, const struct tusk_entry *entry,
			  struct tusk_err *err)
{
	if (entry->has_xattrs)
		atomic_store_explicit(&job->ingest->has_xattrs, true, memory_order_relaxed);
	job->box->lane = lane;
	return tusk_tree_builder_add(job->box->builder, entry, err);
}

bool tusk_dirjob_needs_item(struct tusk_dirjob *job)
{
	pthread_mutex_lock(&job->lock);
	bool busy = job->head || job->draining;
	pthread_mutex_unlock(&job->lock);
	return busy;
}

void tusk_dirjob_append(struct tusk_dirjob *job, struct tusk_item *item)
{
	item->dir = job;
	item->next = NULL;
	pthread_mutex_lock(&job->lock);
	*job->tail = item;
	job->tail = &item->next;
	pthread_mutex_unlock(&job->lock);
}

int tusk_dirjob_add_ready(struct tusk_dirjob *job, struct tusk_lane *lane, const struct tusk_entry *entry,
			  struct tusk_item *spare, struct tusk_err *err)
{
	/* Only the walker appends, so that an empty list stays empty and the builder is nobody else's. */
	if (!spare)
		return add_to_builder(lane, job, entry, err);
	if (tusk_entry_flatten(entry, &spare->entry, &spare->flat, err) < 0) {
		tusk_items_give(job->ingest->items, spare);
		return -1;
	}
	memcpy(spare->name, entry->name.data, entry->name.len);
	spare->name[entry->name.len] = 0;
	spare->entry.name.data = (const uint8_t *)spare->name;
	spare->fate = 'U';
	tusk_dirjob_append(job, spare);
	return tusk_dirjob_complete(lane, spare, TUSK_ITEM_READY, err);
}

/* Takes the items at the head that are complete out of the list. */
static struct tusk_item *pop_complete(struct tusk_dirjob *job)
{
	struct tusk_item *first = job->head, **end = &first;
	if (!first || first->state == TUSK_ITEM_PENDING)
		return NULL;
	while (*end && (*end)->state != TUSK_ITEM_PENDING)
		end = &(*end)->next;
	job->head = *end;
	*end = NULL;
	if (!job->head)
		job->tail = &job->head;
	return first;
}

static void give_item(struct tusk_ingest *ingest, struct tusk_item *item)
{
	if (item->is_dirjob)
		tusk_dirjob_free((struct tusk_dirjob *)item);
	else
		tusk_items_give(ingest->items, item);
}

static int add_items(struct tusk_lane *lane, struct tusk_dirjob *job, struct tusk_item *items, struct tusk_err *err)
{
	int result = 0;
	while (items) {
		struct tusk_item *item = items;
		items = item->next;
		if (result == 0 && item->state == TUSK_ITEM_READY)
			result = add_to_builder(lane, job, &item->entry, err);
		give_item(job->ingest, item);
	}
	return result;
}

/* Adds what is complete. One thread at a time does this for a directory; the others leave their item to it.
 * *ret_finished: that was the last. */
static int drain(struct tusk_lane *lane, struct tusk_dirjob *job, bool *ret_finished, struct tusk_err *err)
{
	struct tusk_item *items;
	int result = 0;
	*ret_finished = false;
	if (job->draining)
		return 0;
	job->draining = true;
	while (result == 0 && (items = pop_complete(job)) != NULL) {
		pthread_mutex_unlock(&job->lock);
		result = add_items(lane, job, items, err);
		pthread_mutex_lock(&job->lock);
	}
	job->draining = false;
	*ret_finished = result == 0 && job->walked && !job->head;
	return result;
}

int tusk_dirjob_finish_root(struct tusk_dirjob *job, struct tusk_err *err)
{
	struct tusk_ingest *ingest = job->ingest;
	struct tusk_entry *entry = &job->item.entry;
	if (entry->has_xattrs)
		atomic_store(&ingest->has_xattrs, true);
	ingest->root = entry->subtree;
	entry->name = (struct tusk_bytes){(const uint8_t *)"root", 4};
	int result = tusk_tree_encode_root(&ingest->root_entry, entry, err);
	ingest->root_done = result == 0;
	tusk_dirjob_free(job);
	return result;
}

/* All entries are in the builder. *ret_item: the directory as an entry that is now complete, or NULL for the root. */
static int finish(struct tusk_lane *lane, struct tusk_dirjob *job, struct tusk_item **ret_item, struct tusk_err *err)
{
	*ret_item = NULL;
	job->box->lane = lane;
	if (tusk_tree_builder_finish(job->box->builder, &job->item.entry.subtree, err) < 0)
		return -1;
	tusk_boxes_give(job->ingest->boxes, TUSK_STEAL(job->box));
	close_fd(job);
	if (!job->item.dir)
		return tusk_dirjob_finish_root(job, err);
	*ret_item = &job->item;
	return 0;
}

/* Drains job; then, while that completes a directory, the one above it. Called with job->lock held, returns without. */
static int drain_upwards(struct tusk_lane *lane, struct tusk_dirjob *job, struct tusk_err *err)
{
	for (;;) {
		bool finished;
		struct tusk_item *item = NULL;
		int result = drain(lane, job, &finished, err);
		pthread_mutex_unlock(&job->lock);
		if (result == 0 && finished)
			result = finish(lane, job, &item, err);
		if (result < 0 || !item)
			return result;
		job = item->dir;
		pthread_mutex_lock(&job->lock);
		item->state = TUSK_ITEM_READY;
	}
}

int tusk_dirjob_complete(struct tusk_lane *lane, struct tusk_item *item, enum tusk_item_state state,
			 struct tusk_err *err)
{
	struct tusk_dirjob *job = item->dir;
	pthread_mutex_lock(&job->lock);
	item->state = state;
	return drain_upwards(lane, job, err);
}

int tusk_dirjob_walked(struct tusk_lane *lane, struct tusk_dirjob *job, struct tusk_err *err)
{
	leave(job);
	pthread_mutex_lock(&job->lock);
	job->walked = true;
	return drain_upwards(lane, job, err);
}

int tusk_dirjob_path(const struct tusk_dirjob *job, const char *name, struct tusk_buf *ret_path)
{
	size_t len = name ? strlen(name) + 1 : 0;
	for (const struct tusk_dirjob *at = job; at && at->item.dir; at = at->item.dir)
		len += at->item.entry.name.len + 1;
	if (tusk_buf_reserve(ret_path, len + 2) < 0)
		return -1;
	uint8_t *start = ret_path->data + ret_path->len, *end = start + len;
	*end = 0;
	ret_path->len += len ? len : 1;
	if (len == 0)
		memcpy(start, "/", 2);
	if (name) {
		end -= strlen(name);
		memcpy(end, name, strlen(name));
		*--end = '/';
	}
	for (const struct tusk_dirjob *at = job; at && at->item.dir; at = at->item.dir) {
		end -= at->item.entry.name.len;
		memcpy(end, at->item.entry.name.data, at->item.entry.name.len);
		*--end = '/';
	}
	return 0;
}
