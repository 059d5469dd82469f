/* What comes back: the magic after the shell's noise, answers, the standard error of ssh. All of it is hostile. */
#include "ssh_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FAILURE_BODY_MAX (TUSK_PROTOCOL_MESSAGE_MAX + 16)

/* ---- standard error ---- */

/* Keeps the last line that is not empty. */
static void add_to_line(struct tusk_ssh_session *session, char byte)
{
	size_t len = strlen(session->last_line);

	if (byte == '\n' || byte == '\r') {
		session->line_is_over = true;
		return;
	}
	if (session->line_is_over)
		len = 0;
	session->line_is_over = false;
	if (byte && len + 1 < sizeof(session->last_line)) {
		session->last_line[len] = byte;
		session->last_line[len + 1] = '\0';
	}
}

void tusk_ssh_read_errors(struct tusk_ssh_session *session)
{
	char bytes[1024];
	ssize_t n = 0;

	while (session->child.error_fd >= 0 &&
	       ((n = read(session->child.error_fd, bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))) {
		for (ssize_t i = 0; i < n; i++)
			add_to_line(session, bytes[i]);
	}
	if (session->child.error_fd >= 0 && (n == 0 || errno != EAGAIN)) {
		close(session->child.error_fd);
		session->child.error_fd = -1; /* poll() passes over it */
	}
}

/* ---- answers ---- */

static struct tusk_ssh_call *find_call(const struct tusk_ssh_session *session, uint32_t id)
{
	struct tusk_ssh_call *call = session->calls;

	while (call && (call->id != id || call->is_done))
		call = call->next;
	return call;
}

static bool take_bytes(struct tusk_ssh_session *session, const uint8_t *bytes, size_t len)
{
	struct tusk_ssh_call *call = session->target;

	if (session->frame.kind == TUSK_ANSWER_FAILED)
		return tusk_buf_append(&session->body, bytes, len) == 0;
	if (call->into) {
		if (bytes != call->into + call->got)
			memcpy(call->into + call->got, bytes, len);
	} else if (tusk_buf_append(&call->answer, bytes, len) < 0) {
		return false;
	}
	call->got += len;
	return true;
}

static void finish_call(struct tusk_ssh_session *session, struct tusk_ssh_call *call, int outcome)
{
	call->outcome = outcome;
	call->is_done = true;
	session->target = NULL;
	if (call->is_orphan) {
		struct tusk_ssh_call **place = &session->calls;

		while (*place != call)
			place = &(*place)->next;
		*place = call->next;
		tusk_ssh_call_release(call);
		free(call);
	}
	pthread_cond_broadcast(&session->changed);
}

/* The body of the frame is complete. */
static void end_frame(struct tusk_ssh_session *session)
{
	struct tusk_ssh_call *call = session->target;

	session->in_body = false;
	session->header_len = 0;
	switch (session->frame.kind) {
	case TUSK_ANSWER_DONE:
		if (call->into && call->got != call->room)
			tusk_ssh_session_spoilt(session, "an answer is too short");
		else
			finish_call(session, call, TUSK_NODE_FOUND);
		break;
	case TUSK_ANSWER_ABSENT:
		finish_call(session, call, TUSK_NODE_ABSENT);
		break;
	case TUSK_ANSWER_FAILED:
		if (tusk_failure_decode(session->body.data, session->body.len, &call->failure, NULL) < 0)
			tusk_ssh_session_spoilt(session, "a failure makes no sense");
		else
			finish_call(session, call, -1);
		break;
	default:
		break;
	}
}

/* A header is complete: whether such a frame may come now. */
static const char *begin_frame(struct tusk_ssh_session *session)
{
	struct tusk_frame *frame = &session->frame;

	if (!tusk_frame_decode(session->header, frame))
		return "a frame is too long";
	if (frame->kind < TUSK_ANSWER_MORE || frame->kind > TUSK_ANSWER_ALIVE)
		return "a frame is of an unknown kind";
	if (frame->kind == TUSK_ANSWER_ALIVE) {
		session->header_len = 0;
		return frame->id || frame->body_len ? "a sign of life makes no sense" : NULL;
	}
	session->target = find_call(session, frame->id);
	if (!session->target)
		return "an answer to nothing";
	if ((frame->kind == TUSK_ANSWER_ABSENT && frame->body_len) ||
	    (frame->kind == TUSK_ANSWER_FAILED && frame->body_len > FAILURE_BODY_MAX))
		return "a frame is too long";
	if (frame->kind <= TUSK_ANSWER_DONE && frame->body_len > session->target->room - session->target->got)
		return "an answer is too long";
	session->body.len = 0;
	session->body_left = frame->body_len;
	session->in_body = frame->body_len > 0;
	if (!session->in_body)
		end_frame(session);
	return NULL;
}

/* Looks for the magic; bytes before it are noise. Its first byte occurs in it again only at the end, so after a
 * mismatch the search starts anew with the byte that did not match. */
static size_t skip_noise(struct tusk_ssh_session *session, const uint8_t *bytes, size_t len)
{
	static const char magic[] = TUSK_PROTOCOL_MAGIC;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != (uint8_t)magic[session->magic]) {
			session->noise += session->magic + 1;
			session->magic = 0;
			if (bytes[i] == (uint8_t)magic[0]) {
				session->noise--;
				session->magic = 1;
			}
		} else if (++session->magic == TUSK_PROTOCOL_MAGIC_SIZE) {
			session->is_greeted = true;
			return i + 1;
		}
		if (session->noise > TUSK_PROTOCOL_NOISE_MAX) {
			tusk_ssh_session_spoilt(session, "it says something else than tusk serve does");
			return len;
		}
	}
	return len;
}

static size_t take_header(struct tusk_ssh_session *session, const uint8_t *bytes, size_t len)
{
	size_t want = TUSK_FRAME_HEADER_SIZE - session->header_len, taken = len < want ? len : want;
	const char *wrong = NULL;

	memcpy(session->header + session->header_len, bytes, taken);
	session->header_len += taken;
	if (session->header_len == TUSK_FRAME_HEADER_SIZE)
		wrong = begin_frame(session);
	if (wrong)
		tusk_ssh_session_spoilt(session, wrong);
	return taken;
}

static size_t take_body(struct tusk_ssh_session *session, const uint8_t *bytes, size_t len)
{
	size_t taken = len < session->body_left ? len : session->body_left;

	if (!take_bytes(session, bytes, taken)) {
		tusk_ssh_session_spoilt(session, "an answer does not fit into memory");
		return len;
	}
	session->body_left -= (uint32_t)taken;
	if (!session->body_left)
		end_frame(session);
	return taken;
}

static void take(struct tusk_ssh_session *session, const uint8_t *bytes, size_t len)
{
	while (len && !session->is_broken) {
		size_t taken;

		if (!session->is_greeted)
			taken = skip_noise(session, bytes, len);
		else if (session->in_body)
			taken = take_body(session, bytes, len);
		else
			taken = take_header(session, bytes, len);
		bytes += taken;
		len -= taken;
	}
}

/* Large ranges are received where they are wanted. */
static uint8_t *choose_place(struct tusk_ssh_session *session, size_t *ret_room)
{
	const struct tusk_ssh_call *call = session->target;

	*ret_room = sizeof(session->received);
	if (!session->in_body || session->frame.kind > TUSK_ANSWER_DONE || !call->into ||
	    session->body_left < sizeof(session->received))
		return session->received;
	*ret_room = session->body_left;
	return call->into + call->got;
}

void tusk_ssh_receive(struct tusk_ssh_session *session)
{
	while (!session->is_broken) {
		size_t room;
		uint8_t *place = choose_place(session, &room);
		ssize_t n = recv(session->child.fd, place, room, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			tusk_ssh_session_ended(session);
			return;
		}
		take(session, place, (size_t)n);
		if ((size_t)n < room)
			return;
	}
}
