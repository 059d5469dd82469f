/* Ranges of an object on a node behind ssh: large ones as several requests at once. */
#include "node_ssh.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 8u /* in flight for one range */

struct ssh_object {
	struct tusk_object base;
	struct tusk_node_ssh *node;
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
	struct tusk_node_ssh *node = ((struct ssh_object *)object)->node;
	struct range *range TUSK_AUTO_FREE = malloc(sizeof(*range));
	struct tusk_err why = {0};

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

int tusk_node_ssh_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			      struct tusk_err *err)
{
	uint64_t size = 0;
	int found = node->ops->stat(node, name, &size, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	struct ssh_object *object = calloc(1, sizeof(*object));
	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	object->base.ops = &object_ops;
	object->base.size = size;
	object->node = (struct tusk_node_ssh *)node;
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	*ret_object = &object->base;
	return TUSK_NODE_FOUND;
}
