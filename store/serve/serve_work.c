/* The threads that do the jobs. */
#include "serve_private.h"

#include <stdlib.h>

static struct tusk_serve_job *take_job(struct tusk_serve *serve)
{
	struct tusk_serve_job *job;

	pthread_mutex_lock(&serve->lock);
	while (!serve->first && !serve->is_stopping)
		pthread_cond_wait(&serve->has_work, &serve->lock);
	job = serve->first;
	if (job) {
		serve->first = job->next;
		serve->last = serve->first ? serve->last : NULL;
	}
	pthread_mutex_unlock(&serve->lock);
	return job;
}

static void *work(void *context)
{
	struct tusk_serve *serve = context;
	struct tusk_serve_job *job;

	while ((job = take_job(serve))) {
		if (!atomic_load(&serve->is_dead))
			tusk_serve_handle(serve, job);
		tusk_serve_upload_drop(&job->upload);
		free(job);
		pthread_mutex_lock(&serve->lock);
		serve->job_count--;
		pthread_cond_signal(&serve->has_room);
		pthread_mutex_unlock(&serve->lock);
	}
	return NULL;
}

int tusk_serve_work_start(struct tusk_serve *serve, struct tusk_err *err)
{
	while (serve->thread_count < TUSK_SERVE_THREADS) {
		int failure = pthread_create(&serve->threads[serve->thread_count], NULL, work, serve);

		if (failure)
			return tusk_err_set(err, TUSK_E_NOMEM, failure, "cannot start a thread");
		serve->thread_count++;
	}
	return 0;
}

void tusk_serve_work_add(struct tusk_serve *serve, struct tusk_serve_job *job)
{
	pthread_mutex_lock(&serve->lock);
	while (serve->job_count == TUSK_SERVE_JOBS_MAX)
		pthread_cond_wait(&serve->has_room, &serve->lock);
	serve->job_count++;
	if (serve->last)
		serve->last->next = job;
	else
		serve->first = job;
	serve->last = job;
	pthread_cond_signal(&serve->has_work);
	pthread_mutex_unlock(&serve->lock);
}

void tusk_serve_work_stop(struct tusk_serve *serve)
{
	pthread_mutex_lock(&serve->lock);
	serve->is_stopping = true;
	pthread_cond_broadcast(&serve->has_work);
	pthread_mutex_unlock(&serve->lock);
	for (size_t i = 0; i < serve->thread_count; i++)
		pthread_join(serve->threads[i], NULL);
	tusk_node_unlock(serve->held);
}
