/* The near side of ssh: the input is all that the far side ever says, shell's noise and magic included; with its first
 * byte odd, what it says after the magic. */
#include "node_ssh.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char magic[] = TUSK_PROTOCOL_MAGIC;

/* ret_far: the other end, which is kept open: what we send must find a place. */
static struct tusk_ssh_session *connect_to(const uint8_t *data, size_t size, int *ret_far)
{
	static const struct tusk_ssh_place place = {.host = "far"};
	struct tusk_ssh_child child = {.error_fd = -1};
	struct tusk_ssh_session *session = NULL;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	if (size && (data[0] & 1) && write(ends[1], magic, sizeof(magic)) != sizeof(magic))
		abort();
	/* What does not fit into the socket is cut off. */
	if (size > 1 && write(ends[1], data + 1, size - 1) < 0)
		abort();
	shutdown(ends[1], SHUT_WR);
	*ret_far = ends[1];
	child.fd = ends[0];
	if (tusk_ssh_session_new(&child, &place, &session, NULL) < 0)
		abort();
	return session;
}

/* One call with a fixed place for its answer, one with a bound only. */
static void ask(struct tusk_ssh_session *session, enum tusk_frame_kind kind, size_t room, bool is_fixed)
{
	struct tusk_ssh_call call TUSK_CLEANUP(tusk_ssh_call_release) = {.room = room};
	struct tusk_request request = {.kind = kind, .name = "snapshots/", .len = 1};
	uint8_t fixed[64];
	struct tusk_hello hello;
	struct tusk_err err = {0};
	bool is_broken;

	call.into = is_fixed ? fixed : NULL;
	if (tusk_ssh_send(session, 0, &request, &call, &err) < 0)
		return;
	int outcome = tusk_ssh_wait(session, &call, &is_broken, &err);
	if (outcome < 0 && err.code == TUSK_OK)
		abort();
	if (outcome == TUSK_NODE_FOUND && (call.got > room || (is_fixed && call.got != room)))
		abort();
	if (outcome == TUSK_NODE_FOUND && kind == TUSK_REQUEST_HELLO)
		(void)tusk_hello_decode(call.answer.data, call.answer.len, &hello, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int far TUSK_AUTO_FD = -1;
	struct tusk_ssh_session *session = connect_to(data, size, &far);

	ask(session, TUSK_REQUEST_HELLO, 2000, false);
	ask(session, TUSK_REQUEST_STAT, 8, true);
	ask(session, TUSK_REQUEST_LIST, 4000, false);
	ask(session, TUSK_REQUEST_DIGEST, 40, true);
	struct tusk_ssh_call *orphan = calloc(1, sizeof(*orphan));
	const struct tusk_request request = {.kind = TUSK_REQUEST_UPLOAD};
	if (orphan && tusk_ssh_send(session, 0, &request, orphan, NULL) == 0)
		tusk_ssh_orphan(session, orphan);
	else
		free(orphan);
	ask(session, TUSK_REQUEST_SPACE, 16, true);
	tusk_ssh_session_unref(session);
	return 0;
}
