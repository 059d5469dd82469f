#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define QUEUE_SIZE  64u
#define THREADS_MAX 64u

struct tusk_pool {
	struct tusk_pool_work work;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *queue[QUEUE_SIZE]; /* a ring */
	unsigned first, count;
	bool ends, failed;
	struct tusk_err err; /* of the first failure */
	unsigned thread_count;
	pthread_t threads[THREADS_MAX];
};

static bool take_job(struct tusk_pool *pool, void **ret_job, bool *ret_drops)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->count == 0 && !pool->ends)
		pthread_cond_wait(&pool->changed, &pool->lock);
	bool got = pool->count > 0;
	if (got) {
		*ret_job = pool->queue[pool->first];
		*ret_drops = pool->failed;
		pool->first = (pool->first + 1) % QUEUE_SIZE;
		pool->count--;
		pthread_cond_broadcast(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	return got;
}

static void note_failure(struct tusk_pool *pool, const struct tusk_err *err)
{
	pthread_mutex_lock(&pool->lock);
	if (!pool->failed)
		pool->err = *err;
	pool->failed = true;
	pthread_mutex_unlock(&pool->lock);
}

static void *run(void *context)
{
	struct tusk_pool *pool = context;
	void *job;
	bool drops;
	while (take_job(pool, &job, &drops)) {
		struct tusk_err err = {0};
		if (!drops && pool->work.run(pool->work.context, job, &err) != 0)
			note_failure(pool, &err);
		if (drops && pool->work.drop)
			pool->work.drop(pool->work.context, job);
	}
	return NULL;
}

int tusk_pool_new(const struct tusk_pool_work *work, unsigned threads, struct tusk_pool **ret_pool,
		  struct tusk_err *err)
{
	struct tusk_pool *pool = calloc(1, sizeof(*pool));
	sigset_t all, before;
	if (!pool)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	pool->work = *work;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	sigfillset(&all); /* signals are for the program's own threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->thread_count < threads && pool->thread_count < THREADS_MAX &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, run, pool) == 0)
		pool->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pool->thread_count == 0) {
		(void)tusk_pool_finish(pool, NULL);
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "cannot start a thread");
	}
	*ret_pool = pool;
	return 0;
}

void tusk_pool_add(struct tusk_pool *pool, void *job)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->count == QUEUE_SIZE)
		pthread_cond_wait(&pool->changed, &pool->lock);
	pool->queue[(pool->first + pool->count++) % QUEUE_SIZE] = job;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

int tusk_pool_finish(struct tusk_pool *pool, struct tusk_err *err)
{
	pthread_mutex_lock(&pool->lock);
	pool->ends = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	int status = pool->failed ? -1 : 0;
	if (pool->failed && err)
		*err = pool->err;
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return status;
}
