#include "later.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct item {
	struct tuskfs_late late;
	struct item *next;
};

struct tuskfs_later {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	struct item *first, **last;
	bool started, stop; /* the thread starts with the first request */
};

int tuskfs_later_new(struct tuskfs_later **ret_later, struct tusk_err *err)
{
	struct tuskfs_later *later = calloc(1, sizeof(*later));
	if (!later)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep requests");
	pthread_mutex_init(&later->lock, NULL);
	pthread_cond_init(&later->changed, NULL);
	later->last = &later->first;
	*ret_later = later;
	return 0;
}

/* NULL: stopped. */
static struct item *next_item(struct tuskfs_later *later)
{
	pthread_mutex_lock(&later->lock);
	while (!later->first && !later->stop)
		pthread_cond_wait(&later->changed, &later->lock);
	struct item *item = later->stop ? NULL : later->first;
	if (item) {
		later->first = item->next;
		if (!later->first)
			later->last = &later->first;
	}
	pthread_mutex_unlock(&later->lock);
	return item;
}

static void *run(void *argument)
{
	struct tuskfs_later *later = argument;
	struct item *item;
	while ((item = next_item(later))) {
		item->late.answer(&item->late);
		free(item);
	}
	return NULL;
}

void tuskfs_later_stop(struct tuskfs_later *later)
{
	pthread_mutex_lock(&later->lock);
	later->stop = true;
	bool started = later->started;
	later->started = false;
	pthread_cond_signal(&later->changed);
	pthread_mutex_unlock(&later->lock);
	if (started)
		pthread_join(later->thread, NULL);
	while (later->first) {
		struct item *item = later->first;
		later->first = item->next;
		fuse_reply_err(item->late.req, EINTR);
		free(item);
	}
	later->last = &later->first;
}

void tuskfs_later_free(struct tuskfs_later *later)
{
	if (!later)
		return;
	tuskfs_later_stop(later);
	pthread_cond_destroy(&later->changed);
	pthread_mutex_destroy(&later->lock);
	free(later);
}

bool tuskfs_later_take(struct tuskfs_later *later, const struct tuskfs_late *late)
{
	if (!later)
		return false;
	pthread_mutex_lock(&later->lock);
	bool here = later->started && pthread_equal(pthread_self(), later->thread);
	struct item *item = here || later->stop ? NULL : malloc(sizeof(*item));
	if (item && !later->started)
		later->started = pthread_create(&later->thread, NULL, run, later) == 0;
	bool taken = item && later->started;
	if (taken) {
		*item = (struct item){.late = *late};
		*later->last = item;
		later->last = &item->next;
		pthread_cond_signal(&later->changed);
	}
	bool refused = !taken && later->stop && !here;
	pthread_mutex_unlock(&later->lock);
	if (refused)
		fuse_reply_err(late->req, EINTR);
	else if (!taken)
		free(item);
	return taken || refused;
}
