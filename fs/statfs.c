#define FUSE_USE_VERSION 314

#include "statfs.h"

#include "log.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <syslog.h>
#include <time.h>

#define BLOCK_SIZE    4096
#define AGE_SECONDS   10
#define WAITING_COUNT 32 /* more requests than that before the first figures get zeros */

struct tuskfs_statfs {
	struct tusk_repository *repository;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* wanted or stop was set */
	pthread_t thread;
	bool started, wanted, stop, known;
	struct timespec counted; /* monotonic */
	struct tusk_repository_stats stats;
	fuse_req_t waiting[WAITING_COUNT];
	size_t waiting_count;
};

int tuskfs_statfs_new(struct tusk_repository *repository, struct tuskfs_statfs **ret_statfs, struct tusk_err *err)
{
	struct tuskfs_statfs *statfs = calloc(1, sizeof(*statfs));
	if (!statfs)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep figures");
	statfs->repository = repository;
	pthread_mutex_init(&statfs->lock, NULL);
	pthread_cond_init(&statfs->changed, NULL);
	*ret_statfs = statfs;
	return 0;
}

static void reply(fuse_req_t req, const struct tusk_repository_stats *stats)
{
	struct statvfs figures = {.f_bsize = BLOCK_SIZE, .f_frsize = BLOCK_SIZE, .f_namemax = 255};
	figures.f_bfree = figures.f_bavail = stats->free_bytes / BLOCK_SIZE;
	figures.f_blocks =
	    stats->physical_bytes / BLOCK_SIZE + (stats->physical_bytes % BLOCK_SIZE != 0) + figures.f_bfree;
	fuse_reply_statfs(req, &figures);
}

static void answer_waiting(struct tuskfs_statfs *statfs)
{
	while (statfs->waiting_count)
		reply(statfs->waiting[--statfs->waiting_count], &statfs->stats);
}

void tuskfs_statfs_free(struct tuskfs_statfs *statfs)
{
	if (!statfs)
		return;
	pthread_mutex_lock(&statfs->lock);
	statfs->stop = true;
	pthread_cond_signal(&statfs->changed);
	pthread_mutex_unlock(&statfs->lock);
	if (statfs->started)
		pthread_join(statfs->thread, NULL);
	answer_waiting(statfs);
	pthread_cond_destroy(&statfs->changed);
	pthread_mutex_destroy(&statfs->lock);
	free(statfs);
}

static void *run(void *argument)
{
	struct tuskfs_statfs *statfs = argument;
	pthread_mutex_lock(&statfs->lock);
	while (!statfs->stop) {
		if (!statfs->wanted) {
			pthread_cond_wait(&statfs->changed, &statfs->lock);
			continue;
		}
		pthread_mutex_unlock(&statfs->lock);
		struct tusk_repository_stats stats = {0};
		struct tusk_err err = {0};
		int result = tusk_repository_weigh(statfs->repository, &stats, &err);
		pthread_mutex_lock(&statfs->lock);
		if (result == 0)
			statfs->stats = stats;
		else
			tuskfs_log(LOG_WARNING, "cannot count the repository's size: %s", err.message);
		statfs->known = true;
		statfs->wanted = false;
		clock_gettime(CLOCK_MONOTONIC, &statfs->counted);
		answer_waiting(statfs);
	}
	pthread_mutex_unlock(&statfs->lock);
	return NULL;
}

static bool is_old(const struct tuskfs_statfs *statfs)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return !statfs->known || now.tv_sec - statfs->counted.tv_sec >= AGE_SECONDS;
}

void tuskfs_statfs_answer(struct tuskfs_statfs *statfs, fuse_req_t req)
{
	pthread_mutex_lock(&statfs->lock);
	if (!statfs->started)
		statfs->started = pthread_create(&statfs->thread, NULL, run, statfs) == 0;
	if (statfs->started && is_old(statfs)) {
		statfs->wanted = true;
		pthread_cond_signal(&statfs->changed);
	}
	if (statfs->started && !statfs->known && statfs->waiting_count < WAITING_COUNT)
		statfs->waiting[statfs->waiting_count++] = req;
	else
		reply(req, &statfs->stats);
	pthread_mutex_unlock(&statfs->lock);
}
