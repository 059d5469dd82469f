/* Ranges of an object on a node behind ssh: large ones as several requests at once. */
#include "node_ssh.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 8u /* in flight for one range */

/* What is read when an object is opened: the header of a pack is in it. */
#define HEAD_SIZE 256u

struct ssh_object {
	struct tusk_object base;
	struct tusk_node_ssh *node;
	uint8_t head[HEAD_SIZE];
	size_t head_len;
};

static void ssh_object_close(struct tusk_object *object)
{
	free(object);
}

/* A range as parts; those sent are waited for even after a failure, since their bytes arrive in the caller's memory. */
struct range {
	struct tusk_limit *down;
	struct tusk_request request;
	uint8_t *data;
	size_t left;
	struct tusk_ssh_call calls[PARTS_MAX];
	size_t first, sent; /* parts: the first unanswered one, and how many were sent */
	int outcome;        /* the worst so far */
	bool is_broken;
};

static void note_outcome(struct range *range, int outcome, bool is_broken, const struct tusk_err *why,
			 struct tusk_err *ret_first)
{
	range->is_broken = range->is_broken || is_broken;
	if (outcome == TUSK_NODE_FOUND || range->outcome != TUSK_NODE_FOUND)
		return;
	range->outcome = outcome;
	*ret_first = *why;
}

static void send_part(struct tusk_ssh_session *session, struct range *range, struct tusk_err *ret_why)
{
	struct tusk_ssh_call *call = &range->calls[range->sent % PARTS_MAX];
	size_t part = range->left < TUSK_PROTOCOL_DATA_MAX ? range->left : TUSK_PROTOCOL_DATA_MAX;
	struct tusk_err why = {0};

	tusk_limit_take(range->down, part);
	range->request.len = (uint32_t)part;
	*call = (struct tusk_ssh_call){.into = range->data, .room = part};
	if (tusk_ssh_send(session, 0, &range->request, call, &why) < 0) {
		note_outcome(range, -1, true, &why, ret_why);
		return;
	}
	range->sent++;
	range->data += part;
	range->left -= part;
	range->request.offset += part;
}

static void read_range(struct tusk_ssh_session *session, struct range *range, struct tusk_err *ret_why)
{
	while ((range->left && range->outcome == TUSK_NODE_FOUND) || range->first < range->sent) {
		struct tusk_err why = {0};
		bool is_broken;

		if (range->left && range->outcome == TUSK_NODE_FOUND && range->sent - range->first < PARTS_MAX) {
			send_part(session, range, ret_why);
			continue;
		}
		int outcome = tusk_ssh_wait(session, &range->calls[range->first++ % PARTS_MAX], &is_broken, &why);
		note_outcome(range, outcome, is_broken, &why, ret_why);
	}
}

static int ssh_object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	const struct ssh_object *ssh = (const struct ssh_object *)object;
	struct tusk_node_ssh *node = ssh->node;
	struct range *range TUSK_AUTO_FREE = NULL;
	struct tusk_err why = {0};

	if (offset <= ssh->head_len && len <= ssh->head_len - offset) {
		memcpy(data, ssh->head + offset, len);
		return 0;
	}
	range = malloc(sizeof(*range));
	if (!range)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", object->name);
	for (unsigned tries = 0; tries < 2; tries++) {
		struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;

		tusk_err_clear(&why);
		*range = (struct range){.data = data, .left = len, .down = &node->limits.down};
		range->request = (struct tusk_request){.kind = TUSK_REQUEST_READ, .offset = offset};
		tusk_ssh_request_name(&range->request, object->name);
		if (tusk_node_ssh_session(node, &session, &why) < 0) {
			range->outcome = -1;
			break;
		}
		read_range(session, range, &why);
		if (!range->is_broken)
			break;
	}
	if (range->outcome == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is missing", object->name);
	if (range->outcome < 0 && err)
		*err = why;
	return range->outcome;
}

static const struct tusk_object_ops object_ops = {.close = ssh_object_close, .pread = ssh_object_pread};

/* Asks for the size and for the first bytes at once. An object with fewer has no head: that request fails. */
static int open_with_head(struct ssh_object *object, struct tusk_err *err)
{
	struct tusk_request request = {.kind = TUSK_REQUEST_READ, .len = HEAD_SIZE};
	struct tusk_ssh_call call = {.into = object->head, .room = HEAD_SIZE};
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
	struct tusk_node *node = &object->node->base;
	bool is_broken, is_sent;
	int found;

	tusk_ssh_request_name(&request, object->base.name);
	if (tusk_node_ssh_session(object->node, &session, err) < 0)
		return -1;
	is_sent = tusk_ssh_send(session, 0, &request, &call, NULL) == 0;
	found = node->ops->stat(node, object->base.name, &object->base.size, err);
	if (is_sent && tusk_ssh_wait(session, &call, &is_broken, NULL) == TUSK_NODE_FOUND)
		object->head_len = HEAD_SIZE;
	return found;
}

int tusk_node_ssh_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			      struct tusk_err *err)
{
	struct ssh_object *object TUSK_AUTO_FREE = calloc(1, sizeof(*object));
	int found;

	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	object->base.ops = &object_ops;
	object->node = (struct tusk_node_ssh *)node;
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	found = open_with_head(object, err);
	if (found == TUSK_NODE_FOUND)
		*ret_object = &TUSK_STEAL(object)->base;
	return found;
}
