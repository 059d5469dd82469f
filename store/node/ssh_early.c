/* What every opening of a repository asks for first, asked together with the greeting: two round trips less. */
#include "node_ssh.h"

#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)64 << 10)

/* An answer is taken once, and only by the opening: later questions want a new answer. */
static const struct {
	enum tusk_frame_kind kind;
	const char *name;
} questions[TUSK_SSH_EARLY] = {{TUSK_REQUEST_GET, "tusk.repository"}, {TUSK_REQUEST_LIST, "keys/"}};

void tusk_ssh_early_ask(struct tusk_node_ssh *node, struct tusk_ssh_session *session)
{
	node->early_session = tusk_ssh_session_ref(session);
	for (size_t i = 0; i < TUSK_SSH_EARLY; i++) {
		struct tusk_request request = {.kind = questions[i].kind, .len = (uint32_t)ROOM};
		struct tusk_ssh_call *call TUSK_AUTO_FREE = calloc(1, sizeof(*call));

		if (!call)
			return;
		call->room = ROOM;
		tusk_ssh_request_name(&request, questions[i].name);
		if (tusk_ssh_send(session, 0, &request, call, NULL) < 0)
			return;
		node->early[i] = TUSK_STEAL(call);
	}
}

static struct tusk_ssh_call *find(struct tusk_node_ssh *node, const struct tusk_request *request,
				  struct tusk_ssh_session **ret_session)
{
	struct tusk_ssh_call *call = NULL;

	pthread_mutex_lock(&node->lock);
	for (size_t i = 0; i < TUSK_SSH_EARLY; i++) {
		if (!node->early[i] || questions[i].kind != request->kind ||
		    strcmp(questions[i].name, request->name) != 0)
			continue;
		call = TUSK_STEAL(node->early[i]);
		*ret_session = tusk_ssh_session_ref(node->early_session);
	}
	pthread_mutex_unlock(&node->lock);
	return call;
}

bool tusk_ssh_early_take(struct tusk_node_ssh *node, const struct tusk_request *request, struct tusk_ssh_call *call)
{
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
	struct tusk_ssh_call *early TUSK_AUTO_FREE = find(node, request, &session);
	bool is_broken, is_good = false;

	if (!early)
		return false;
	if (tusk_ssh_wait(session, early, &is_broken, NULL) == TUSK_NODE_FOUND && early->got <= call->room) {
		tusk_buf_release(&call->answer);
		call->answer = early->answer;
		call->got = early->got;
		early->answer = (struct tusk_buf){0};
		is_good = true;
	}
	tusk_ssh_call_release(early);
	return is_good;
}

void tusk_ssh_early_drop(struct tusk_node_ssh *node)
{
	for (size_t i = 0; i < TUSK_SSH_EARLY; i++) {
		if (node->early[i])
			tusk_ssh_orphan(node->early_session, TUSK_STEAL(node->early[i]));
	}
	if (node->early_session)
		tusk_ssh_session_unref(TUSK_STEAL(node->early_session));
}
