/* A few threads that take numbered or pointed-to jobs from a short queue. */
#ifndef TUSK_POOL_H
#define TUSK_POOL_H

#include "tusk/err.h"

struct tusk_pool;

/* run does one job; its failure ends the pool: later jobs are passed to drop (which may be NULL) and the first error is
 * kept. threads: at least 1. */
struct tusk_pool_work {
	int (*run)(void *context, void *job, struct tusk_err *err);
	void (*drop)(void *context, void *job);
	void *context;
};
int tusk_pool_new(const struct tusk_pool_work *work, unsigned threads, struct tusk_pool **ret_pool,
		  struct tusk_err *err);
/* Waits while the queue is full. Always takes job. */
void tusk_pool_add(struct tusk_pool *pool, void *job);
/* Waits for all jobs, frees pool; the first error if there was one. */
int tusk_pool_finish(struct tusk_pool *pool, struct tusk_err *err);

#endif
