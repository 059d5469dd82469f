/* A node behind ssh: opening, the session and its replacement, small requests. */
#include "node_ssh.h"

#include "tusk/clock.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GET_ROOM       ((size_t)64 << 20)
#define LIST_ROOM      ((size_t)128 << 20) /* three million objects */
#define AGAIN_AFTER_MS 500
#define SORRY_MS       5000 /* how long a failure to connect is remembered */

void tusk_ssh_request_name(struct tusk_request *request, const char *name)
{
	snprintf(request->name, sizeof(request->name), "%s", name);
}

/* ---- the session ---- */

/* What the far side says of itself. */
static int greet(struct tusk_node_ssh *node, struct tusk_ssh_session *session, bool is_first, struct tusk_err *err)
{
	const struct tusk_request request = {
	    .kind = TUSK_REQUEST_HELLO, .lowest = TUSK_PROTOCOL_LOWEST, .highest = TUSK_PROTOCOL_HIGHEST};
	struct tusk_ssh_call call TUSK_CLEANUP(tusk_ssh_call_release) = {.room = TUSK_PROTOCOL_MESSAGE_MAX + 64};
	struct tusk_hello hello;
	bool is_broken;

	if (tusk_ssh_send(session, 0, &request, &call, err) < 0)
		return -1;
	if (is_first)
		tusk_ssh_early_ask(node, session);
	if (tusk_ssh_wait(session, &call, &is_broken, err) != TUSK_NODE_FOUND ||
	    tusk_hello_decode(call.answer.data, call.answer.len, &hello, err) < 0)
		return -1;
	node->state = hello.state;
	return 0;
}

static int connect_session(struct tusk_node_ssh *node, bool is_first, struct tusk_ssh_session **ret_session,
			   struct tusk_err *err)
{
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
	struct tusk_ssh_child child;

	if (tusk_ssh_child_start(&node->place, &child, err) < 0 ||
	    tusk_ssh_session_new(&child, &node->place, &session, err) < 0 || greet(node, session, is_first, err) < 0)
		return -1;
	*ret_session = TUSK_STEAL(session);
	return 0;
}

static bool failed_just_now(const struct tusk_node_ssh *node)
{
	return node->failure.code != TUSK_OK && tusk_now_ms() - node->failed_at_ms < SORRY_MS;
}

/* With the node's lock held: many threads that see the connection break get one new connection. */
static int replace_session(struct tusk_node_ssh *node, struct tusk_err *err)
{
	const struct timespec pause = {.tv_nsec = AGAIN_AFTER_MS * 1000000L};
	struct tusk_err why = {0};
	bool is_first = !node->session;

	if (node->lock_count)
		return tusk_err_set(err, TUSK_E_NODE, 0, "the connection to %s broke while the node was locked",
				    node->place.host);
	if (failed_just_now(node)) {
		if (err)
			*err = node->failure;
		return -1;
	}
	if (node->session)
		tusk_ssh_session_unref(TUSK_STEAL(node->session));
	tusk_err_clear(&node->failure);
	if (!is_first)
		nanosleep(&pause, NULL);
	tusk_ssh_early_drop_locked(node);
	if (connect_session(node, is_first, &node->session, &why) == 0)
		return 0;
	node->failed_at_ms = tusk_now_ms();
	node->failure = why;
	if (err)
		*err = why;
	return -1;
}

int tusk_node_ssh_session(struct tusk_node_ssh *node, struct tusk_ssh_session **ret_session, struct tusk_err *err)
{
	int result = 0;

	pthread_mutex_lock(&node->lock);
	if (!node->session || tusk_ssh_session_is_broken(node->session))
		result = replace_session(node, err);
	if (result == 0)
		*ret_session = tusk_ssh_session_ref(node->session);
	pthread_mutex_unlock(&node->lock);
	return result;
}

int tusk_node_ssh_call(struct tusk_node_ssh *node, const struct tusk_request *request, struct tusk_ssh_call *call,
		       struct tusk_err *err)
{
	struct tusk_err why = {0};

	int early;

	if (tusk_ssh_early_take(node, request, call, &early))
		return early;
	for (unsigned tries = 0; tries < 2; tries++) {
		struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
		bool is_broken = true;

		tusk_err_clear(&why);
		if (tusk_node_ssh_session(node, &session, &why) < 0)
			break;
		if (tusk_ssh_send(session, 0, request, call, &why) == 0) {
			int outcome = tusk_ssh_wait(session, call, &is_broken, &why);

			if (outcome >= 0) {
				tusk_ssh_early_advance(node);
				return outcome;
			}
		}
		if (!is_broken)
			break;
	}
	if (err)
		*err = why;
	return -1;
}

/* A request whose answer has so many bytes. */
static int ask(struct tusk_node *node, struct tusk_request *request, const char *name, uint8_t *ret_answer,
	       size_t answer_len, struct tusk_err *err)
{
	struct tusk_ssh_call call = {.into = ret_answer, .room = answer_len};

	if (name)
		tusk_ssh_request_name(request, name);
	return tusk_node_ssh_call((struct tusk_node_ssh *)node, request, &call, err);
}

/* ---- the operations ---- */

static int ssh_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		   struct tusk_err *err)
{
	size_t room = max < GET_ROOM ? max : GET_ROOM;
	struct tusk_ssh_call call TUSK_CLEANUP(tusk_ssh_call_release) = {.room = room};
	struct tusk_request request = {.kind = TUSK_REQUEST_GET, .len = (uint32_t)room};

	tusk_ssh_request_name(&request, name);
	int found = tusk_node_ssh_call((struct tusk_node_ssh *)node, &request, &call, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	tusk_buf_release(ret_data);
	*ret_data = call.answer;
	call.answer = (struct tusk_buf){0};
	return TUSK_NODE_FOUND;
}

static int ssh_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_STAT};
	uint8_t answer[8];
	int found = ask(node, &request, name, answer, sizeof(answer), err);

	if (found == TUSK_NODE_FOUND)
		*ret_size = tusk_load_u64(answer);
	return found;
}

static int ssh_list(struct tusk_node *node, const char *prefix,
		    int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		    struct tusk_err *err)
{
	struct tusk_ssh_call call TUSK_CLEANUP(tusk_ssh_call_release) = {.room = LIST_ROOM};
	struct tusk_request request = {.kind = TUSK_REQUEST_LIST};
	char name[TUSK_NODE_NAME_SIZE];

	tusk_ssh_request_name(&request, prefix);
	int found = tusk_node_ssh_call((struct tusk_node_ssh *)node, &request, &call, err);
	if (found < 0)
		return -1;
	if (found == TUSK_NODE_ABSENT || call.answer.len % TUSK_LISTED_SIZE)
		return tusk_err_set(err, TUSK_E_NODE, 0, "cannot list %s: the answer makes no sense", prefix);
	for (size_t at = 0; at < call.answer.len; at += TUSK_LISTED_SIZE) {
		const uint8_t *entry = call.answer.data + at;

		tusk_listed_name(prefix, entry, name);
		int result = visit(context, name, tusk_load_u64(entry + 32), err);
		if (result != 0)
			return result;
	}
	return 0;
}

static int ssh_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_REMOVE};
	int outcome = ask(node, &request, name, NULL, 0, err);

	tusk_ssh_early_changed((struct tusk_node_ssh *)node, name);
	return outcome < 0 ? -1 : 0;
}

static int ssh_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_QUARANTINE};
	int outcome = ask(node, &request, name, NULL, 0, err);

	tusk_ssh_early_changed((struct tusk_node_ssh *)node, name);
	return outcome < 0 ? -1 : 0;
}

static int ssh_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		      struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_DIGEST};
	uint8_t answer[40];
	int found = ask(node, &request, name, answer, sizeof(answer), err);

	if (found == TUSK_NODE_FOUND) {
		memcpy(ret_sha256, answer, 32);
		*ret_size = tusk_load_u64(answer + 32);
	}
	return found;
}

static int ssh_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_GENERATION};
	uint8_t answer[8];

	if (ask(node, &request, prefix, answer, sizeof(answer), err) != TUSK_NODE_FOUND)
		return -1;
	*ret_generation = tusk_load_u64(answer);
	return 0;
}

static int ssh_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_SPACE};
	uint8_t answer[16];

	if (ask(node, &request, NULL, answer, sizeof(answer), err) != TUSK_NODE_FOUND)
		return -1;
	*ret_free = tusk_load_u64(answer);
	*ret_total = tusk_load_u64(answer + 8);
	return 0;
}

/* What cannot be swept now is swept another time: nobody waits for the answer. */
static void ssh_sweep(struct tusk_node *node)
{
	const struct tusk_request request = {.kind = TUSK_REQUEST_SWEEP};
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
	struct tusk_ssh_call *call = NULL;

	if (tusk_node_ssh_session((struct tusk_node_ssh *)node, &session, NULL) == 0)
		call = calloc(1, sizeof(*call));
	if (call && tusk_ssh_send(session, 0, &request, call, NULL) == 0)
		tusk_ssh_orphan(session, call);
	else
		free(call);
}

static void ssh_uncreate(struct tusk_node *node)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_UNCREATE};

	ask(node, &request, NULL, NULL, 0, NULL);
}

static void ssh_close(struct tusk_node *node)
{
	struct tusk_node_ssh *ssh = (struct tusk_node_ssh *)node;

	tusk_ssh_early_drop_locked(ssh);
	if (ssh->session)
		tusk_ssh_session_unref(ssh->session);
	pthread_mutex_destroy(&ssh->lock);
	tusk_limits_release(&ssh->limits);
	free(ssh->place.path);
	free(node->url);
	free(ssh);
}

static bool ssh_is_behind(struct tusk_node *base)
{
	struct tusk_node_ssh *node = (struct tusk_node_ssh *)base;

	if (tusk_limit_is_binding(&node->limits.up))
		return true;
	pthread_mutex_lock(&node->lock);
	bool is_full = node->session && tusk_ssh_session_is_full(node->session);
	pthread_mutex_unlock(&node->lock);
	return is_full;
}

static const struct tusk_node_ops node_ops = {
    .close = ssh_close,
    .uncreate = ssh_uncreate,
    .get = ssh_get,
    .put = tusk_node_ssh_put,
    .object_open = tusk_node_ssh_object_open,
    .is_behind = ssh_is_behind,
    .upload_begin = tusk_node_ssh_upload_begin,
    .list = ssh_list,
    .stat = ssh_stat,
    .remove = ssh_remove,
    .replace = tusk_node_ssh_replace,
    .lock = tusk_node_ssh_lock,
    .digest = ssh_digest,
    .quarantine = ssh_quarantine,
    .generation = ssh_generation,
    .sweep = ssh_sweep,
    .space = ssh_space,
    .foresee = tusk_node_ssh_foresee,
    .foreseen_drop = tusk_node_ssh_foreseen_drop,
};

/* ---- opening ---- */

/* A node with its first session; whether there is something at its place is seen from ->state. */
static int reach(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_node *base TUSK_AUTO_NODE = NULL;
	struct tusk_node_ssh *node = calloc(1, sizeof(*node));
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;

	if (!node)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_limits_init(&node->limits, err) < 0) {
		free(node);
		return -1;
	}
	node->base.ops = &node_ops;
	node->base.is_remote = true;
	pthread_mutex_init(&node->lock, NULL);
	base = &node->base;
	base->url = strdup(url);
	if (!base->url)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_ssh_place_parse(url, &node->place, err) < 0 || tusk_node_ssh_session(node, &session, err) < 0)
		return -1;
	*ret_node = TUSK_STEAL(base);
	return 0;
}

int tusk_node_ssh_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;

	if (reach(url, &node, err) < 0)
		return -1;
	const struct tusk_err *state = &((struct tusk_node_ssh *)node)->state;
	if (state->code != TUSK_OK) {
		if (err)
			*err = *state;
		return -1;
	}
	*ret_node = TUSK_STEAL(node);
	return 0;
}

int tusk_node_ssh_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_CREATE};
	struct tusk_node *node TUSK_AUTO_NODE = NULL;

	if (reach(url, &node, err) < 0 || ask(node, &request, NULL, NULL, 0, err) < 0)
		return -1;
	tusk_node_ssh_foreseen_drop(node); /* it was of what was there before */
	*ret_node = TUSK_STEAL(node);
	return 0;
}
