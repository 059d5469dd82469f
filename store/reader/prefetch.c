#include "prefetch.h"

#include "file_private.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define THREAD_COUNT 2u
#define QUEUE_SIZE   256u
#define PART_SIZE    ((uint64_t)256 << 10)

struct job {
	struct tusk_file *file;
	uint64_t offset, len;
	bool with_first;
};

struct tusk_prefetch {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job queue[QUEUE_SIZE]; /* a ring */
	unsigned first, count;
	bool stops;
	unsigned thread_count;
	pthread_t threads[THREAD_COUNT];
};

static bool take_job(struct tusk_prefetch *prefetch, struct job *ret_job)
{
	pthread_mutex_lock(&prefetch->lock);
	while (prefetch->count == 0 && !prefetch->stops)
		pthread_cond_wait(&prefetch->changed, &prefetch->lock);
	bool goes_on = !prefetch->stops;
	if (goes_on) {
		*ret_job = prefetch->queue[prefetch->first];
		prefetch->first = (prefetch->first + 1) % QUEUE_SIZE;
		prefetch->count--;
	}
	pthread_mutex_unlock(&prefetch->lock);
	return goes_on;
}

static void *run(void *context)
{
	struct tusk_prefetch *prefetch = context;
	struct job job;
	while (take_job(prefetch, &job)) {
		tusk_file_warm(job.file, job.offset, job.len, job.with_first);
		tusk_file_close(job.file);
	}
	return NULL;
}

/* Signals are for the program's own threads. */
static void start_threads(struct tusk_prefetch *prefetch)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (prefetch->thread_count < THREAD_COUNT &&
	       pthread_create(&prefetch->threads[prefetch->thread_count], NULL, run, prefetch) == 0)
		prefetch->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct tusk_prefetch *tusk_prefetch_new(void)
{
	struct tusk_prefetch *prefetch = calloc(1, sizeof(*prefetch));
	if (!prefetch)
		return NULL;
	pthread_mutex_init(&prefetch->lock, NULL);
	pthread_cond_init(&prefetch->changed, NULL);
	start_threads(prefetch);
	if (prefetch->thread_count == 0) {
		tusk_prefetch_free(prefetch);
		return NULL;
	}
	return prefetch;
}

void tusk_prefetch_free(struct tusk_prefetch *prefetch)
{
	if (!prefetch)
		return;
	pthread_mutex_lock(&prefetch->lock);
	prefetch->stops = true;
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
	for (unsigned i = 0; i < prefetch->thread_count; i++)
		pthread_join(prefetch->threads[i], NULL);
	for (; prefetch->count > 0; prefetch->count--) {
		tusk_file_close(prefetch->queue[prefetch->first].file);
		prefetch->first = (prefetch->first + 1) % QUEUE_SIZE;
	}
	pthread_cond_destroy(&prefetch->changed);
	pthread_mutex_destroy(&prefetch->lock);
	free(prefetch);
}

void tusk_prefetch_add(struct tusk_prefetch *prefetch, struct tusk_file *file, uint64_t offset, uint64_t len)
{
	bool is_first = true;
	pthread_mutex_lock(&prefetch->lock);
	while (len > 0 && prefetch->count < QUEUE_SIZE) {
		uint64_t part = len < PART_SIZE ? len : PART_SIZE;
		prefetch->queue[(prefetch->first + prefetch->count) % QUEUE_SIZE] =
		    (struct job){.file = tusk_file_retain(file), .offset = offset, .len = part, .with_first = is_first};
		prefetch->count++;
		is_first = false;
		offset += part;
		len -= part;
	}
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
}
