/* What is written to a node behind ssh: uploads, objects that are put or replaced, the lock. */
#include "node_ssh.h"

#include <stdlib.h>
#include <string.h>

struct ssh_upload {
	struct tusk_upload base;
	struct tusk_node_ssh *node;
	struct tusk_ssh_session *session;
	struct tusk_ssh_call *call; /* answered by the commit, or when the far side cannot go on */
};

struct ssh_lock {
	struct tusk_node_lock base;
	struct tusk_node_ssh *node;
	struct tusk_ssh_session *session;
	uint32_t id;
};

/* ---- uploads ---- */

static void upload_free(struct ssh_upload *upload)
{
	if (upload->call)
		tusk_ssh_orphan(upload->session, upload->call);
	tusk_ssh_session_unref(upload->session);
	free(upload);
}

/* Takes the answer, which ends the call. */
static int end_call(struct ssh_upload *upload, bool *ret_broken, struct tusk_err *err)
{
	struct tusk_ssh_call *call = TUSK_STEAL(upload->call);
	int outcome = tusk_ssh_wait(upload->session, call, ret_broken, err);

	tusk_ssh_call_release(call);
	free(call);
	return outcome < 0 ? -1 : 0;
}

static int already_over(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NODE, 0, "the upload was given up before");
}

static int write_piece(struct ssh_upload *upload, const uint8_t *data, size_t len, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_WRITE, .data = data, .data_len = len};
	bool is_broken;

	if (!upload->call)
		return already_over(err);
	if (tusk_ssh_call_is_done(upload->session, upload->call)) /* it failed: why send the rest */
		return end_call(upload, &is_broken, err) < 0 ? -1 : already_over(err);
	return tusk_ssh_send(upload->session, upload->call->id, &request, NULL, err);
}

static int ssh_upload_write(struct tusk_upload *base, const void *data, size_t len, struct tusk_err *err)
{
	const uint8_t *bytes = data;

	while (len) {
		size_t piece = len < TUSK_PROTOCOL_DATA_MAX ? len : TUSK_PROTOCOL_DATA_MAX;

		tusk_limit_take(&((struct ssh_upload *)base)->node->limits.up, piece);
		if (write_piece((struct ssh_upload *)base, bytes, piece, err) < 0)
			return -1;
		bytes += piece;
		len -= piece;
	}
	return 0;
}

static int commit(struct ssh_upload *upload, const char *name, bool *ret_broken, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_COMMIT};

	*ret_broken = true;
	tusk_ssh_request_name(&request, name);
	if (!upload->call) {
		*ret_broken = false;
		return already_over(err);
	}
	if (tusk_ssh_send(upload->session, upload->call->id, &request, NULL, err) < 0)
		return -1;
	int result = end_call(upload, ret_broken, err);
	tusk_ssh_early_changed(upload->node, name);
	return result;
}

static int ssh_upload_commit(struct tusk_upload *base, const char *name, struct tusk_err *err)
{
	struct ssh_upload *upload = (struct ssh_upload *)base;
	bool is_broken;
	int result = commit(upload, name, &is_broken, err);

	upload_free(upload);
	return result;
}

static void ssh_upload_abort(struct tusk_upload *base)
{
	struct ssh_upload *upload = (struct ssh_upload *)base;
	const struct tusk_request request = {.kind = TUSK_REQUEST_ABORT};

	if (upload->call)
		tusk_ssh_send(upload->session, upload->call->id, &request, NULL, NULL);
	upload_free(upload);
}

static const struct tusk_upload_ops upload_ops = {
    .write = ssh_upload_write, .commit = ssh_upload_commit, .abort = ssh_upload_abort};

static int begin(struct tusk_node_ssh *node, bool replace, struct ssh_upload **ret_upload, struct tusk_err *err)
{
	const struct tusk_request request = {.kind = TUSK_REQUEST_UPLOAD, .replace = replace};
	struct ssh_upload *upload TUSK_AUTO_FREE = calloc(1, sizeof(*upload));
	struct tusk_ssh_call *call TUSK_AUTO_FREE = calloc(1, sizeof(*call));

	if (!upload || !call)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot begin to write an object: out of memory");
	upload->base.ops = &upload_ops;
	upload->node = node;
	if (tusk_node_ssh_session(node, &upload->session, err) < 0)
		return -1;
	if (tusk_ssh_send(upload->session, 0, &request, call, err) < 0) {
		tusk_ssh_session_unref(upload->session);
		return -1;
	}
	upload->call = TUSK_STEAL(call);
	*ret_upload = TUSK_STEAL(upload);
	return 0;
}

int tusk_node_ssh_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	struct ssh_upload *upload;

	/* Once more when the connection proves dead. */
	if (begin((struct tusk_node_ssh *)node, false, &upload, NULL) < 0 &&
	    begin((struct tusk_node_ssh *)node, false, &upload, err) < 0)
		return -1;
	*ret_upload = &upload->base;
	return 0;
}

/* ---- whole objects: an upload in one go, one round trip ---- */

static int store_once(struct tusk_node *node, const struct tusk_request *what, bool *ret_broken, struct tusk_err *err)
{
	struct ssh_upload *upload;
	int result;

	*ret_broken = true;
	if (begin((struct tusk_node_ssh *)node, what->replace, &upload, err) < 0)
		return -1;
	result = ssh_upload_write(&upload->base, what->data, what->data_len, err);
	/* After a failed write only a broken connection leaves the call open. */
	if (result < 0)
		*ret_broken = upload->call != NULL;
	else
		result = commit(upload, what->name, ret_broken, err);
	upload_free(upload);
	return result;
}

static int store(struct tusk_node *node, const struct tusk_request *what, struct tusk_err *err)
{
	struct tusk_err why = {0};
	bool is_broken;
	int result = store_once(node, what, &is_broken, &why);

	if (result < 0 && is_broken) {
		tusk_err_clear(&why);
		result = store_once(node, what, &is_broken, &why);
	}
	if (result < 0 && err)
		*err = why;
	return result;
}

int tusk_node_ssh_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	struct tusk_request what = {.data = data, .data_len = len};

	tusk_ssh_request_name(&what, name);
	return store(node, &what, err);
}

int tusk_node_ssh_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	struct tusk_request what = {.data = data, .data_len = len, .replace = true};

	tusk_ssh_request_name(&what, name);
	return store(node, &what, err);
}

/* ---- the lock ---- */

static void ssh_unlock(struct tusk_node_lock *base)
{
	struct ssh_lock *lock = (struct ssh_lock *)base;
	const struct tusk_request request = {.kind = TUSK_REQUEST_UNLOCK};

	tusk_ssh_send(lock->session, lock->id, &request, NULL, NULL);
	pthread_mutex_lock(&lock->node->lock);
	lock->node->lock_count--;
	pthread_mutex_unlock(&lock->node->lock);
	tusk_ssh_session_unref(lock->session);
	free(lock);
}

/* The count goes up before the lock is there: a connection that breaks after that is not replaced in silence. */
static void count_lock(struct tusk_node_ssh *node, int change)
{
	pthread_mutex_lock(&node->lock);
	node->lock_count += (unsigned)change;
	pthread_mutex_unlock(&node->lock);
}

static int lock_once(struct tusk_node_ssh *node, struct ssh_lock *lock, bool *ret_broken, struct tusk_err *err)
{
	const struct tusk_request request = {.kind = TUSK_REQUEST_LOCK};
	uint8_t is_locked = 0;
	struct tusk_ssh_call call = {.into = &is_locked, .room = sizeof(is_locked)};

	*ret_broken = true;
	if (tusk_node_ssh_session(node, &lock->session, err) < 0)
		return -1;
	count_lock(node, 1);
	if (tusk_ssh_send(lock->session, 0, &request, &call, err) == 0 &&
	    tusk_ssh_wait(lock->session, &call, ret_broken, err) == TUSK_NODE_FOUND && is_locked) {
		lock->id = call.id;
		return TUSK_NODE_LOCKED;
	}
	count_lock(node, -1);
	tusk_ssh_session_unref(TUSK_STEAL(lock->session));
	return call.is_done && call.outcome == TUSK_NODE_FOUND ? TUSK_NODE_NO_LOCKS : -1;
}

int tusk_node_ssh_lock(struct tusk_node *base, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	struct tusk_node_ssh *node = (struct tusk_node_ssh *)base;
	struct ssh_lock *lock TUSK_AUTO_FREE = calloc(1, sizeof(*lock));
	bool is_broken;

	if (!lock)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot lock the node: out of memory");
	lock->base.release = ssh_unlock;
	lock->node = node;
	int result = lock_once(node, lock, &is_broken, err);
	if (result < 0 && is_broken) {
		tusk_err_clear(err);
		result = lock_once(node, lock, &is_broken, err);
	}
	if (result == TUSK_NODE_LOCKED)
		*ret_lock = &TUSK_STEAL(lock)->base;
	return result;
}
