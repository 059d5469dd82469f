#include "serve_private.h"

#include "fileio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ALIVE_EVERY_MS (60 * 1000)

/* ---- bytes in ---- */

static bool holds_lock(struct tusk_serve *serve)
{
	pthread_mutex_lock(&serve->lock);
	bool holds = serve->held != NULL;
	pthread_mutex_unlock(&serve->lock);
	return holds;
}

/* Until there is something to read; false when out is broken. */
static bool wait_for_input(struct tusk_serve *serve)
{
	struct pollfd fds[] = {{.fd = serve->options->in, .events = POLLIN}, {.fd = serve->wake_fd, .events = POLLIN}};

	for (;;) {
		int ready = poll(fds, 2, ALIVE_EVERY_MS);

		if (atomic_load(&serve->is_dead))
			return false;
		if (ready == 0 && holds_lock(serve))
			tusk_serve_answer(serve, 0, TUSK_ANSWER_ALIVE, NULL, 0);
		if (ready > 0 || (ready < 0 && errno != EINTR))
			return true;
	}
}

/* All of len bytes; false at the end. */
static bool read_all(struct tusk_serve *serve, uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n;

		if (!wait_for_input(serve))
			return false;
		n = read(serve->options->in, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- what the reading thread does itself ---- */

static int answer_hello(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request, struct tusk_err *err)
{
	struct tusk_hello hello = {.role = serve->role, .state = serve->state};
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	struct tusk_err why = {0};

	if (serve->is_greeted)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a second hello");
	if (request->lowest > TUSK_PROTOCOL_HIGHEST || request->highest < TUSK_PROTOCOL_LOWEST) {
		tusk_err_set(&why, TUSK_E_VERSION, 0,
			     "the client speaks versions %u to %u of the protocol, not %u to %u", request->lowest,
			     request->highest, TUSK_PROTOCOL_LOWEST, TUSK_PROTOCOL_HIGHEST);
		tusk_serve_answer_failed(serve, id, &why);
		return 0;
	}
	hello.version = request->highest < TUSK_PROTOCOL_HIGHEST ? request->highest : TUSK_PROTOCOL_HIGHEST;
	if (tusk_hello_encode(&hello, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	serve->is_greeted = true;
	tusk_serve_answer(serve, id, TUSK_ANSWER_DONE, body.data, body.len);
	return 0;
}

/* Jobs of before may still have the node that was there: it stays open. */
static void create(struct tusk_serve *serve, uint32_t id)
{
	struct tusk_node *node = NULL;
	struct tusk_err failure = {0};
	const struct tusk_buf nothing = {0};
	int result = -1;

	if (serve->is_created)
		tusk_err_set(&failure, TUSK_E_EXISTS, 0, "it was created by this connection already");
	else
		result = tusk_node_create(serve->options->path, &node, &failure);
	if (result == 0) {
		serve->replaced = serve->node;
		serve->node = node;
		serve->is_created = true;
	}
	tusk_serve_answer_outcome(serve, id, result, &nothing, &failure);
}

static void uncreate(struct tusk_serve *serve, uint32_t id)
{
	if (serve->is_created)
		tusk_node_uncreate(serve->node);
	tusk_serve_answer(serve, id, TUSK_ANSWER_DONE, NULL, 0);
}

static int add_job(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request,
		   const struct tusk_serve_upload *upload, struct tusk_err *err)
{
	struct tusk_serve_job *job = calloc(1, sizeof(*job));

	if (!job)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	job->id = id;
	job->request = *request;
	job->node = serve->node;
	if (upload)
		job->upload = *upload;
	tusk_serve_work_add(serve, job);
	return 0;
}

static int commit(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request, struct tusk_err *err)
{
	struct tusk_serve_upload upload;

	if (!tusk_serve_upload_take(serve, id, &upload))
		return 0;
	if (add_job(serve, id, request, &upload, err) == 0)
		return 0;
	tusk_serve_upload_drop(&upload);
	return -1;
}

static int lock(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request, struct tusk_err *err)
{
	struct tusk_err why = {0};

	if (tusk_serve_begin_lock(serve, id))
		return add_job(serve, id, request, NULL, err);
	tusk_err_set(&why, TUSK_E_LOCKED, 0, "this client keeps the node locked");
	tusk_serve_answer_failed(serve, id, &why);
	return 0;
}

static int drop(struct tusk_serve *serve, uint32_t id)
{
	struct tusk_serve_upload upload;

	if (!tusk_serve_upload_take(serve, id, &upload))
		return 0;
	tusk_serve_upload_drop(&upload);
	tusk_serve_answer(serve, id, TUSK_ANSWER_DONE, NULL, 0);
	return 0;
}

/* Whether the frame is of those that have no answer of their own. */
static bool is_sequel(enum tusk_frame_kind kind)
{
	return kind == TUSK_REQUEST_WRITE || kind == TUSK_REQUEST_COMMIT || kind == TUSK_REQUEST_ABORT ||
	       kind == TUSK_REQUEST_UNLOCK;
}

/* Whether the request may be done now; if not, it is answered. What a commit may do is judged with its bytes. */
static bool admit(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request)
{
	struct tusk_err why = {0};

	if (is_sequel(request->kind))
		return true;
	if (tusk_serve_may(serve->role, request, &why) < 0) {
		tusk_serve_answer_failed(serve, id, &why);
		return false;
	}
	if (serve->node || request->kind == TUSK_REQUEST_CREATE)
		return true;
	tusk_serve_answer_failed(serve, id, &serve->state);
	return false;
}

static int dispatch(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request, struct tusk_err *err)
{
	if (request->kind == TUSK_REQUEST_HELLO)
		return answer_hello(serve, id, request, err);
	if (!serve->is_greeted)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a request before hello");
	if (!admit(serve, id, request))
		return 0;
	switch (request->kind) {
	case TUSK_REQUEST_CREATE:
		create(serve, id);
		return 0;
	case TUSK_REQUEST_UNCREATE:
		uncreate(serve, id);
		return 0;
	case TUSK_REQUEST_UPLOAD:
		return tusk_serve_upload_begin(serve, id, request->replace, err);
	case TUSK_REQUEST_WRITE:
		tusk_serve_upload_write(serve, id, request);
		return 0;
	case TUSK_REQUEST_COMMIT:
		return commit(serve, id, request, err);
	case TUSK_REQUEST_ABORT:
		return drop(serve, id);
	case TUSK_REQUEST_LOCK:
		return lock(serve, id, request, err);
	case TUSK_REQUEST_UNLOCK:
		tusk_serve_unlock(serve, id);
		return 0;
	default:
		return add_job(serve, id, request, NULL, err);
	}
}

/* ---- the run ---- */

/* 1: done; 0: at the end; -1. */
static int serve_one(struct tusk_serve *serve, uint8_t *body, struct tusk_err *err)
{
	uint8_t header[TUSK_FRAME_HEADER_SIZE];
	struct tusk_request request;
	struct tusk_frame frame;

	if (!read_all(serve, header, sizeof(header)))
		return 0;
	if (!tusk_frame_decode(header, &frame) || frame.id == 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a frame that cannot be");
	if (!read_all(serve, body, frame.body_len))
		return 0;
	if (tusk_request_decode(frame.kind, body, frame.body_len, &request, err) < 0)
		return -1;
	return dispatch(serve, frame.id, &request, err) < 0 ? -1 : 1;
}

static int run(struct tusk_serve *serve, struct tusk_err *err)
{
	static const char magic[] = TUSK_PROTOCOL_MAGIC;
	uint8_t *body TUSK_AUTO_FREE = malloc(TUSK_PROTOCOL_BODY_MAX);
	int result = 1;

	if (!body)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_serve_work_start(serve, err) < 0 ||
	    tusk_write_full(serve->options->out, magic, sizeof(magic), "standard output", err) < 0)
		return -1;
	while (result > 0)
		result = serve_one(serve, body, err);
	return result;
}

static void release(struct tusk_serve *serve)
{
	tusk_serve_work_stop(serve);
	while (serve->upload_count)
		tusk_serve_upload_drop(&serve->uploads[--serve->upload_count]);
	tusk_node_close(serve->node);
	tusk_node_close(serve->replaced);
	if (serve->wake_fd >= 0)
		close(serve->wake_fd);
	pthread_mutex_destroy(&serve->lock);
	pthread_mutex_destroy(&serve->out_lock);
	pthread_cond_destroy(&serve->has_work);
	pthread_cond_destroy(&serve->has_room);
	free(serve);
}

int tusk_serve_run(const struct tusk_serve_options *options, struct tusk_err *err)
{
	struct tusk_serve *serve = calloc(1, sizeof(*serve));
	int result;

	if (!serve)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	serve->options = options;
	serve->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&serve->lock, NULL);
	pthread_mutex_init(&serve->out_lock, NULL);
	pthread_cond_init(&serve->has_work, NULL);
	pthread_cond_init(&serve->has_room, NULL);
	if (tusk_serve_access_from_name(options->role, &serve->role) < 0)
		result = tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.40s\" is not a role: full, append-only or read-only",
				      options->role);
	else if (strstr(options->path, "://"))
		result = tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.100s\" is not a local path", options->path);
	else if (serve->wake_fd < 0)
		result = tusk_err_set(err, TUSK_E_IO, errno, "cannot start to serve");
	else {
		/* That there is none is told to the client. */
		if (tusk_node_open(options->path, &serve->node, &serve->state) < 0)
			serve->node = NULL;
		result = run(serve, err);
	}
	release(serve);
	return result;
}
