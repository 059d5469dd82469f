/* What is on its way to one member: jobs, and the threads that do them. */
#include "nodeset_private.h"
#include "objects.h"
#include "tusk/clock.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MS     200     /* how soon a request to stop is seen */
#define BEHIND      2       /* jobs that wait: a pack and its toc, while all threads are busy */
#define WAITING_MAX 100000u /* jobs; beyond, the member is owed the rest */

/* Connections that are far away take more than one to be used well. */
static const unsigned threads_by_role[TUSK_ROLE_COUNT] = {1, 2, QUEUE_THREADS_MAX};

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

void queue_init(struct queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	tusk_cond_init(&queue->changed);
	queue->end = &queue->first;
}

struct job *job_new(const char *name, const void *data, size_t len, struct spooled *spooled)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	snprintf(job->name, sizeof(job->name), "%s", name);
	job->spooled = spooled;
	job->has_data = data != NULL;
	if (data && tusk_buf_append(&job->data, data, len) < 0) {
		free(job);
		return NULL;
	}
	job->last = strncmp(name, "snapshots/", 10) == 0;
	return job;
}

static void job_free(struct job *job, bool is_stored)
{
	if (!job)
		return;
	if (job->spooled)
		spool_done(job->spooled, is_stored);
	tusk_buf_release(&job->data);
	free(job);
}

/* ---- doing a job ---- */

static int send_pack(struct member *member, struct tusk_node *node, const struct job *job, struct tusk_err *err)
{
	struct tusk_copy copy = {.to = node, .name = job->name};
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;

	if (!job->spooled)
		return set_copy_to_member(member, &copy, err);
	object = spool_object(job->spooled);
	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot send %s: out of memory", job->name);
	return tusk_copy_from_object(&copy, object, err) == TUSK_NODE_FOUND ? 0 : -1;
}

static int run_job(struct member *member, const struct job *job, struct tusk_err *err)
{
	if (job->last)
		return set_publish(member->set, member, job->name, &job->data, err);
	struct tusk_node *node = member_node(member, -1, err);
	if (!node)
		return -1;
	int result = job->has_data ? tusk_node_put(node, job->name, job->data.data, job->data.len, err)
				   : send_pack(member, node, job, err);
	if (result < 0 && err)
		member_failed(member, node, err);
	return result;
}

/* ---- the threads ---- */

/* Nothing is on a node before what it refers to: a manifest waits for all, a toc for its pack. */
static bool may_begin(const struct queue *queue, const struct job *job)
{
	struct tusk_id id, other;

	if (job->last)
		return queue->running == 0;
	if (listing_id(job->name, &id) < 0)
		return true;
	for (size_t i = 0; i < QUEUE_THREADS_MAX; i++) {
		const struct job *before = queue->under_way[i];

		if (before && listing_id(before->name, &other) == 0 && tusk_id_equal(&id, &other))
			return false;
	}
	return true;
}

/* With the lock: the next job that may begin, or NULL. What follows a manifest does not overtake it. */
static struct job *take(struct queue *queue)
{
	struct job **place = &queue->first, *job;
	size_t slot = 0;

	while (*place && !(*place)->last && !may_begin(queue, *place))
		place = &(*place)->next;
	job = *place;
	if (!job || !may_begin(queue, job))
		return NULL;
	*place = job->next;
	if (!*place)
		queue->end = place;
	while (queue->under_way[slot])
		slot++;
	queue->under_way[slot] = job;
	queue->waiting--;
	queue->running++;
	return job;
}

/* With the lock. */
static void note_end(struct queue *queue, const struct job *job, int result, const struct tusk_err *why)
{
	if (result < 0 && !queue->failed) {
		queue->failed = true;
		queue->why = *why;
	}
	if (job->last)
		queue->delivery = result == 0 ? TUSK_DELIVERY_DONE : TUSK_DELIVERY_OWED;
	for (size_t i = 0; i < QUEUE_THREADS_MAX; i++)
		if (queue->under_way[i] == job)
			queue->under_way[i] = NULL;
	queue->running--;
	pthread_cond_broadcast(&queue->changed);
}

static void *queue_run(void *context)
{
	struct member *member = context;
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		struct job *job = take(queue);

		if (!job && queue->closed && !queue->first)
			break;
		if (!job) {
			pthread_cond_wait(&queue->changed, &queue->lock);
			continue;
		}
		struct tusk_err why = queue->why;
		bool skip = queue->failed;
		pthread_mutex_unlock(&queue->lock);
		int result = skip ? -1 : run_job(member, job, &why);
		pthread_mutex_lock(&queue->lock);
		note_end(queue, job, result, &why);
		pthread_mutex_unlock(&queue->lock);
		job_free(job, result == 0);
		pthread_mutex_lock(&queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* With the lock. */
static void start_threads(struct member *member)
{
	struct queue *queue = &member->queue;
	unsigned wanted = threads_by_role[tusk_role_of_url(member->info.url)];

	while (queue->threads_count < wanted &&
	       pthread_create(&queue->threads[queue->threads_count], NULL, queue_run, member) == 0)
		queue->threads_count++;
	if (queue->threads_count == 0 && !queue->failed) {
		queue->failed = true;
		tusk_err_set(&queue->why, TUSK_E_NOMEM, 0, "no thread can be started");
	}
}

void queue_push(struct member *member, struct job *job)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	if (!queue->failed)
		start_threads(member);
	if (!queue->failed && queue->waiting >= WAITING_MAX) {
		queue->failed = true;
		tusk_err_set(&queue->why, TUSK_E_NODE, 0, "it is too slow: more waits for it than can be kept");
	}
	if (job->last)
		queue->delivery = TUSK_DELIVERY_OWED;
	bool refused = queue->failed;
	if (!refused) {
		*queue->end = job;
		queue->end = &job->next;
		queue->waiting++;
		pthread_cond_broadcast(&queue->changed);
	}
	pthread_mutex_unlock(&queue->lock);
	if (refused)
		job_free(job, false);
}

void queue_settle(struct member *member, const atomic_bool *stop)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	while ((queue->first || queue->running) && !(stop && atomic_load(stop))) {
		struct timespec until = tusk_deadline(POLL_MS);

		pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
	}
	pthread_mutex_unlock(&queue->lock);
}

bool queue_redirect(struct member *member, struct spooled *spooled)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	struct job *job = queue->first;
	while (job && job->spooled != spooled)
		job = job->next;
	if (job)
		job->spooled = NULL;
	pthread_mutex_unlock(&queue->lock);
	if (job)
		spool_done(spooled, false);
	return job != NULL;
}

bool queue_is_behind(struct member *member)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	bool is_behind = !queue->failed && queue->waiting >= BEHIND;
	pthread_mutex_unlock(&queue->lock);
	return is_behind;
}

bool queue_has_failed(struct member *member, struct tusk_err *ret_why)
{
	struct queue *queue = &member->queue;

	pthread_mutex_lock(&queue->lock);
	bool failed = queue->failed;
	if (failed && ret_why)
		*ret_why = queue->why;
	pthread_mutex_unlock(&queue->lock);
	return failed;
}

void queue_close(struct member *member)
{
	struct queue *queue = &member->queue;
	struct job *dropped;

	pthread_mutex_lock(&queue->lock);
	dropped = queue->first;
	queue->first = NULL;
	queue->end = &queue->first;
	queue->waiting = 0;
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	while (dropped) {
		struct job *next = dropped->next;

		job_free(dropped, false);
		dropped = next;
	}
	for (unsigned i = 0; i < queue->threads_count; i++)
		pthread_join(queue->threads[i], NULL);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
}
