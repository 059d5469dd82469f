/* The inside of a server: one thread reads requests (and does what belongs to uploads, in order), a few do the rest. */
#ifndef TUSK_SERVE_PRIVATE_H
#define TUSK_SERVE_PRIVATE_H

#include "protocol.h"

#include "tusk/hash.h"
#include "tusk/serve.h"

#include <pthread.h>
#include <stdatomic.h>

#define TUSK_SERVE_THREADS     8u
#define TUSK_SERVE_JOBS_MAX    1024u
#define TUSK_SERVE_UPLOADS_MAX 64u
#define TUSK_SERVE_REPLACE_MAX 4u

struct tusk_serve_upload {
	uint32_t id;
	bool replace;
	struct tusk_upload *upload; /* NULL with replace: then data has the bytes */
	struct tusk_buf data;
	struct tusk_hasher *hasher;
	uint64_t size;
};

/* A request that waits for a thread or has one. */
struct tusk_serve_job {
	struct tusk_serve_job *next;
	uint32_t id;
	struct tusk_request request;
	struct tusk_node *node;
	struct tusk_serve_upload upload; /* of a commit */
};

struct tusk_serve {
	const struct tusk_serve_options *options;
	enum tusk_access role;
	/* of the reading thread */
	struct tusk_node *node;     /* NULL: there is none, and state says why */
	struct tusk_node *replaced; /* by create; jobs may still have it */
	bool is_greeted, is_created;
	struct tusk_err state;
	struct tusk_serve_upload uploads[TUSK_SERVE_UPLOADS_MAX];
	size_t upload_count;
	/* of all */
	pthread_mutex_t lock;
	pthread_cond_t has_work, has_room;
	struct tusk_serve_job *first, *last;
	size_t job_count; /* waiting and in work */
	bool is_stopping;
	bool has_lock; /* it is held, or a thread waits for it */
	uint32_t lock_id;
	struct tusk_node_lock *held;
	pthread_t threads[TUSK_SERVE_THREADS];
	size_t thread_count;
	pthread_mutex_t out_lock; /* held for one frame */
	atomic_bool is_dead;      /* out is broken */
	int wake_fd;              /* says so to the reading thread */
};

/* Answers (serve_answer.c). */
void tusk_serve_answer(struct tusk_serve *serve, uint32_t id, enum tusk_frame_kind kind, const void *body, size_t len);
void tusk_serve_answer_failed(struct tusk_serve *serve, uint32_t id, const struct tusk_err *failure);
/* What a node's function came to: TUSK_NODE_FOUND (then body), _ABSENT or -1. */
void tusk_serve_answer_outcome(struct tusk_serve *serve, uint32_t id, int outcome, const struct tusk_buf *body,
			       const struct tusk_err *failure);

/* What a role may do (serve_roles.c): 0 or TUSK_E_USAGE. */
int tusk_serve_access_from_name(const char *name, enum tusk_access *ret_role);
int tusk_serve_may(enum tusk_access role, const struct tusk_request *request, struct tusk_err *err);

/* Threads (serve_work.c). Takes job. Waits while there are too many. */
int tusk_serve_work_start(struct tusk_serve *serve, struct tusk_err *err);
void tusk_serve_work_add(struct tusk_serve *serve, struct tusk_serve_job *job);
/* Lets the threads finish what they have, then drops locks. */
void tusk_serve_work_stop(struct tusk_serve *serve);

/* Does a job and answers it (serve_handle.c). */
void tusk_serve_handle(struct tusk_serve *serve, struct tusk_serve_job *job);
/* Whether a lock may be asked for now: there is one at a time, so nobody waits for himself. */
bool tusk_serve_begin_lock(struct tusk_serve *serve, uint32_t id);
void tusk_serve_unlock(struct tusk_serve *serve, uint32_t id);

/* Uploads (serve_upload.c). -1: the other side broke the protocol. */
int tusk_serve_upload_begin(struct tusk_serve *serve, uint32_t id, bool replace, struct tusk_err *err);
void tusk_serve_upload_write(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request);
/* Takes the upload out of the table; false when it is over already. */
bool tusk_serve_upload_take(struct tusk_serve *serve, uint32_t id, struct tusk_serve_upload *ret_upload);
void tusk_serve_upload_drop(struct tusk_serve_upload *upload);

/* Publishes an upload under the name of the request if its bytes are what that says (serve_commit.c). Takes upload. */
int tusk_serve_commit(const struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_err *err);

#endif
