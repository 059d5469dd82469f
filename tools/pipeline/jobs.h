/* Steps with an order between them, run as child processes, independent ones at the same time. */
#ifndef TUSK_PIPELINE_JOBS_H
#define TUSK_PIPELINE_JOBS_H

#include "pipeline/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define PIPELINE_PARALLEL_MAX 8u
#define PIPELINE_SKIPPED      (-1) /* as a status: it was not started, since what it needs failed */

enum pipeline_job_kind {
	PIPELINE_JOB_HOOK,
	PIPELINE_JOB_BACKUP,
	PIPELINE_JOB_FORGET,
	PIPELINE_JOB_SYNC,
	PIPELINE_JOB_CHECK,
	PIPELINE_JOB_DRILL
};

enum pipeline_when {
	PIPELINE_AFTER_SUCCESS, /* of all that it needs: exit 0, or 3 (saved, but something could not be read) */
	PIPELINE_UNLESS_AWAY,   /* whatever became of them, unless one found that a node cannot be reached */
	PIPELINE_AFTER_FAILURE, /* if one of them failed */
	PIPELINE_AFTER_ALL      /* whatever became of them */
};

/* A job that must have ended before. order_only: whatever became of it. */
struct pipeline_need {
	size_t number;
	bool order_only;
};

struct pipeline_job {
	enum pipeline_job_kind kind;
	size_t source, node; /* PIPELINE_NONE where it has none */
	char title[96];      /* "back up home" */
	char **argv;         /* ends with NULL; owned, as its texts */
	char **environment;  /* "NAME=VALUE" to add; ends with NULL; owned; may be NULL */
	enum pipeline_when when;
	struct pipeline_need *needs;
	size_t need_count;
	/* what became of it */
	bool started, done;
	int status; /* exit status, 128 + signal, or PIPELINE_SKIPPED */
	pid_t pid;
	int out_fd, err_fd; /* what it printed, in memory; -1 before */
	uint64_t elapsed_ms;
};

/* Owns its jobs. */
struct pipeline_jobs {
	struct pipeline_job *items;
	size_t count, capacity;
};
void pipeline_jobs_release(struct pipeline_jobs *jobs);
#define PIPELINE_AUTO_JOBS TUSK_CLEANUP(pipeline_jobs_release)

/* Adds a job without arguments; NULL when out of memory. The pointer holds until the next call. */
struct pipeline_job *pipeline_jobs_add(struct pipeline_jobs *jobs, enum pipeline_job_kind kind,
				       enum pipeline_when when);
/* Appends words to argv, or to the environment. 0 or -1 (memory). */
int pipeline_job_argue(struct pipeline_job *job, const char *word);
int pipeline_job_env(struct pipeline_job *job, const char *name, const char *value);
int pipeline_job_need(struct pipeline_job *job, size_t number, bool order_only);
bool pipeline_job_succeeded(const struct pipeline_job *job);

struct pipeline_jobs_watch {
	/* Called when a job begins and when it has ended or was skipped; may then change its status. */
	void (*on_change)(void *context, struct pipeline_job *job);
	void *context;
	const atomic_bool *stop; /* the jobs that run are asked to end, no other one is started */
	int keep_fd;             /* stays open in the jobs; -1: none */
};
/* Runs all. A job gets SIGTERM when this process dies. 0 when all have ended, whatever became of them; -1 when it could
 * not go on (memory). */
int pipeline_jobs_run(struct pipeline_jobs *jobs, const struct pipeline_jobs_watch *watch, struct tusk_err *err);

/* What a job printed, at most max bytes from the end, with a NUL. 0 or -1. */
int pipeline_job_output(int fd, size_t max, struct tusk_buf *ret_text);

#endif
