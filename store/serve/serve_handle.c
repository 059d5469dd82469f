/* One request of each kind, done on the node. */
#include "serve_private.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define LIST_FRAME_SIZE (256u << 10)

static void object_cleanup(struct tusk_object **object)
{
	tusk_object_close(*object);
}

static int no_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

/* ---- reading ---- */

/* All but the last piece are sent; that one stays in body. */
static int send_object(struct tusk_serve *serve, uint32_t id, struct tusk_object *object, struct tusk_buf *body,
		       struct tusk_err *err)
{
	uint64_t left = tusk_object_size(object), offset = 0;

	while (left) {
		size_t piece = left < TUSK_PROTOCOL_DATA_MAX ? (size_t)left : TUSK_PROTOCOL_DATA_MAX;

		if (offset)
			tusk_serve_answer(serve, id, TUSK_ANSWER_MORE, body->data, body->len);
		body->len = 0;
		if (tusk_buf_reserve(body, piece) < 0)
			return no_memory(err);
		if (tusk_object_pread(object, body->data, piece, offset, err) < 0)
			return -1;
		body->len = piece;
		offset += piece;
		left -= piece;
	}
	return 0;
}

static int handle_get(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body, struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	const struct tusk_request *request = &job->request;
	int found = tusk_object_open(job->node, request->name, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (tusk_object_size(object) > request->len)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is too large: %llu bytes, at most %lu are allowed",
				    request->name, (unsigned long long)tusk_object_size(object),
				    (unsigned long)request->len);
	return send_object(serve, job->id, object, body, err);
}

static int handle_read(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
		       struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	const struct tusk_request *request = &job->request;
	int found = tusk_object_open(job->node, request->name, &object, err);

	(void)serve;
	if (found != TUSK_NODE_FOUND)
		return found;
	if (tusk_buf_reserve(body, request->len) < 0)
		return no_memory(err);
	if (tusk_object_pread(object, body->data, request->len, request->offset, err) < 0)
		return -1;
	body->len = request->len;
	return TUSK_NODE_FOUND;
}

static int handle_stat(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
		       struct tusk_err *err)
{
	uint64_t size = 0;
	int found = tusk_node_stat(job->node, job->request.name, &size, err);

	(void)serve;
	if (found != TUSK_NODE_FOUND)
		return found;
	return tusk_put_u64(body, size) < 0 ? no_memory(err) : found;
}

struct listing {
	struct tusk_serve *serve;
	uint32_t id;
	struct tusk_buf *body;
};

static int list_one(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct listing *listing = context;
	size_t digits = 2 * (size_t)TUSK_ID_SIZE, len = strlen(name);
	uint8_t id[TUSK_ID_SIZE];

	if (len < digits || tusk_hex_decode(name + len - digits, digits, id, sizeof(id)) < 0)
		return 0;
	if (listing->body->len + TUSK_LISTED_SIZE > LIST_FRAME_SIZE) {
		tusk_serve_answer(listing->serve, listing->id, TUSK_ANSWER_MORE, listing->body->data,
				  listing->body->len);
		listing->body->len = 0;
	}
	if (tusk_put_raw(listing->body, id, sizeof(id)) < 0 || tusk_put_u64(listing->body, size) < 0)
		return no_memory(err);
	return 0;
}

static int handle_list(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
		       struct tusk_err *err)
{
	struct listing listing = {.serve = serve, .id = job->id, .body = body};

	return tusk_node_list(job->node, job->request.name, list_one, &listing, err) == 0 ? TUSK_NODE_FOUND : -1;
}

static int handle_digest(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			 struct tusk_err *err)
{
	uint8_t hash[TUSK_SHA256_SIZE];
	uint64_t size = 0;
	int found = tusk_node_digest(job->node, job->request.name, hash, &size, err);

	(void)serve;
	if (found != TUSK_NODE_FOUND)
		return found;
	return tusk_put_raw(body, hash, sizeof(hash)) < 0 || tusk_put_u64(body, size) < 0 ? no_memory(err) : found;
}

static int handle_generation(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			     struct tusk_err *err)
{
	uint64_t generation = 0;

	(void)serve;
	if (tusk_node_generation(job->node, job->request.name, &generation, err) < 0)
		return -1;
	return tusk_put_u64(body, generation) < 0 ? no_memory(err) : TUSK_NODE_FOUND;
}

static int handle_space(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			struct tusk_err *err)
{
	uint64_t free_bytes = 0, total = 0;

	(void)serve;
	if (tusk_node_space(job->node, &free_bytes, &total, err) < 0)
		return -1;
	return tusk_put_u64(body, free_bytes) < 0 || tusk_put_u64(body, total) < 0 ? no_memory(err) : TUSK_NODE_FOUND;
}

/* ---- changing ---- */

static int handle_commit(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			 struct tusk_err *err)
{
	(void)body;
	return tusk_serve_commit(serve, job, err);
}

static int handle_remove(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			 struct tusk_err *err)
{
	(void)serve;
	(void)body;
	return tusk_node_remove(job->node, job->request.name, err);
}

static int handle_quarantine(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			     struct tusk_err *err)
{
	(void)serve;
	(void)body;
	return tusk_node_quarantine(job->node, job->request.name, err);
}

static int handle_sweep(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
			struct tusk_err *err)
{
	(void)serve;
	(void)body;
	(void)err;
	tusk_node_sweep(job->node);
	return TUSK_NODE_FOUND;
}

bool tusk_serve_begin_lock(struct tusk_serve *serve, uint32_t id)
{
	bool is_first;

	pthread_mutex_lock(&serve->lock);
	is_first = !serve->has_lock;
	if (is_first) {
		serve->has_lock = true;
		serve->lock_id = id;
	}
	pthread_mutex_unlock(&serve->lock);
	return is_first;
}

/* lock: NULL when there is none after all. */
static void end_lock(struct tusk_serve *serve, struct tusk_node_lock *lock)
{
	pthread_mutex_lock(&serve->lock);
	serve->held = lock;
	serve->has_lock = lock != NULL;
	pthread_mutex_unlock(&serve->lock);
}

static int handle_lock(struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_buf *body,
		       struct tusk_err *err)
{
	struct tusk_node_lock *lock = NULL;
	int locked = tusk_node_lock(job->node, &lock, err);

	if (locked >= 0 && tusk_put_u8(body, lock ? 1 : 0) < 0) {
		tusk_node_unlock(TUSK_STEAL(lock));
		locked = no_memory(err);
	}
	end_lock(serve, lock);
	return locked < 0 ? -1 : TUSK_NODE_FOUND;
}

void tusk_serve_unlock(struct tusk_serve *serve, uint32_t id)
{
	struct tusk_node_lock *lock = NULL;

	pthread_mutex_lock(&serve->lock);
	if (serve->held && serve->lock_id == id) {
		lock = TUSK_STEAL(serve->held);
		serve->has_lock = false;
	}
	pthread_mutex_unlock(&serve->lock);
	tusk_node_unlock(lock);
}

/* Each fills body, or sends it in pieces, and returns TUSK_NODE_FOUND, _ABSENT or -1. */
static int (*const handlers[TUSK_REQUEST_COUNT])(struct tusk_serve *serve, struct tusk_serve_job *job,
						 struct tusk_buf *body, struct tusk_err *err) = {
    [TUSK_REQUEST_GET] = handle_get,       [TUSK_REQUEST_READ] = handle_read,
    [TUSK_REQUEST_STAT] = handle_stat,     [TUSK_REQUEST_LIST] = handle_list,
    [TUSK_REQUEST_DIGEST] = handle_digest, [TUSK_REQUEST_COMMIT] = handle_commit,
    [TUSK_REQUEST_REMOVE] = handle_remove, [TUSK_REQUEST_QUARANTINE] = handle_quarantine,
    [TUSK_REQUEST_LOCK] = handle_lock,     [TUSK_REQUEST_GENERATION] = handle_generation,
    [TUSK_REQUEST_SPACE] = handle_space,   [TUSK_REQUEST_SWEEP] = handle_sweep,
};

void tusk_serve_handle(struct tusk_serve *serve, struct tusk_serve_job *job)
{
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	struct tusk_err failure = {0};
	int outcome = handlers[job->request.kind](serve, job, &body, &failure);

	tusk_serve_answer_outcome(serve, job->id, outcome, &body, &failure);
}
