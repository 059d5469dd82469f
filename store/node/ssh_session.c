/* One connection: requests out, answers in, by whichever thread waits (see node_ssh.h). */
#include "ssh_session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

/* Without a byte for that long, somebody waiting: the far side hangs. A lock may take 30 s there, a digest a few. */
#define STALL_S 180

int tusk_ssh_session_new(const struct tusk_ssh_child *child, const struct tusk_ssh_place *place,
			 struct tusk_ssh_session **ret_session, struct tusk_err *err)
{
	struct tusk_ssh_session *session = calloc(1, sizeof(*session));
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (!session || wake_fd < 0) {
		struct tusk_ssh_child lost = *child;

		tusk_ssh_child_end(&lost, false);
		free(session);
		if (wake_fd >= 0)
			close(wake_fd);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot start ssh: out of memory");
	}
	session->child = *child;
	session->place = place;
	session->wake_fd = wake_fd;
	session->users = 1;
	pthread_mutex_init(&session->lock, NULL);
	pthread_cond_init(&session->changed, NULL);
	*ret_session = session;
	return 0;
}

struct tusk_ssh_session *tusk_ssh_session_ref(struct tusk_ssh_session *session)
{
	pthread_mutex_lock(&session->lock);
	session->users++;
	pthread_mutex_unlock(&session->lock);
	return session;
}

void tusk_ssh_call_release(struct tusk_ssh_call *call)
{
	tusk_buf_release(&call->answer);
}

void tusk_ssh_session_unref(struct tusk_ssh_session *session)
{
	pthread_mutex_lock(&session->lock);
	bool is_last = --session->users == 0;
	pthread_mutex_unlock(&session->lock);
	if (!is_last)
		return;
	tusk_ssh_child_end(&session->child, session->is_killed);
	while (session->calls) { /* orphans */
		struct tusk_ssh_call *call = session->calls;

		session->calls = call->next;
		tusk_ssh_call_release(call);
		free(call);
	}
	close(session->wake_fd);
	tusk_buf_release(&session->body);
	pthread_mutex_destroy(&session->lock);
	pthread_cond_destroy(&session->changed);
	free(session);
}

bool tusk_ssh_session_is_broken(struct tusk_ssh_session *session)
{
	pthread_mutex_lock(&session->lock);
	bool is_broken = session->is_broken;
	pthread_mutex_unlock(&session->lock);
	return is_broken;
}

bool tusk_ssh_session_is_full(struct tusk_ssh_session *session)
{
	pthread_mutex_lock(&session->lock);
	bool is_full = session->is_full;
	pthread_mutex_unlock(&session->lock);
	return is_full;
}

/* The functions below are called with the lock held. */

void tusk_ssh_session_break(struct tusk_ssh_session *session, const struct tusk_err *why)
{
	if (session->is_broken)
		return;
	session->is_broken = true;
	session->failure = *why;
	shutdown(session->child.fd, SHUT_RDWR);
	pthread_cond_broadcast(&session->changed);
}

/* The other side ended it: why is seen from how its program ended, once its standard error is read to the end. */
void tusk_ssh_session_ended(struct tusk_ssh_session *session)
{
	struct tusk_err why = {0};

	tusk_ssh_read_errors(session);
	if (session->is_greeted)
		tusk_err_set(&why, TUSK_E_NODE, 0, "the connection to %s broke%s%s", session->place->host,
			     session->last_line[0] ? ": " : "", session->last_line);
	else
		tusk_ssh_child_explain(&session->child, session->place, session->last_line, &why);
	tusk_ssh_session_break(session, &why);
}

void tusk_ssh_session_spoilt(struct tusk_ssh_session *session, const char *what)
{
	struct tusk_err why = {0};

	session->is_killed = true;
	tusk_err_set(&why, TUSK_E_NODE, 0, "%s does not keep to the protocol: %s", session->place->host, what);
	tusk_ssh_session_break(session, &why);
}

/* ---- out ---- */

/* Sends what the socket takes. */
static void flush(struct tusk_ssh_session *session)
{
	while (session->first && !session->is_broken) {
		struct tusk_ssh_outgoing *frame = session->first;
		struct iovec parts[2] = {{frame->head, frame->head_len},
					 {(void *)(uintptr_t)frame->data, frame->data_len}};
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
		size_t of_head = frame->sent < frame->head_len ? frame->sent : frame->head_len;
		size_t of_data = frame->sent - of_head;
		ssize_t n;

		parts[0] = (struct iovec){frame->head + of_head, frame->head_len - of_head};
		if (frame->data_len)
			parts[1] =
			    (struct iovec){(void *)(uintptr_t)(frame->data + of_data), frame->data_len - of_data};
		n = sendmsg(session->child.fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			tusk_ssh_session_ended(session);
			return;
		}
		frame->sent += (size_t)n;
		if (frame->sent < frame->head_len + frame->data_len)
			continue;
		session->first = frame->next;
		if (!session->first)
			session->last = NULL;
		frame->is_done = true;
		pthread_cond_broadcast(&session->changed);
	}
}

/* ---- the pump ---- */

static void stalled(struct tusk_ssh_session *session)
{
	struct tusk_err why = {0};

	session->is_killed = true;
	tusk_err_set(&why, TUSK_E_NODE, 0, "%s has not answered for %d seconds", session->place->host, STALL_S);
	tusk_ssh_session_break(session, &why);
}

static void pump_once(struct tusk_ssh_session *session)
{
	struct pollfd fds[] = {{.fd = session->child.fd, .events = POLLIN},
			       {.fd = session->child.error_fd, .events = POLLIN},
			       {.fd = session->wake_fd, .events = POLLIN}};
	uint64_t count;
	int ready;

	if (session->first)
		fds[0].events |= POLLOUT;
	pthread_mutex_unlock(&session->lock);
	ready = poll(fds, 3, STALL_S * 1000);
	pthread_mutex_lock(&session->lock);
	if (ready == 0)
		stalled(session);
	if (ready <= 0)
		return;
	if (fds[2].revents) {
		ssize_t ignored = read(session->wake_fd, &count, sizeof(count));
		(void)ignored;
	}
	if (fds[1].revents)
		tusk_ssh_read_errors(session);
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		tusk_ssh_receive(session);
	flush(session);
}

/* Until *is_done or the session is broken. */
static void wait_until(struct tusk_ssh_session *session, const bool *is_done)
{
	while (!*is_done && !session->is_broken) {
		if (session->is_pumping) {
			pthread_cond_wait(&session->changed, &session->lock);
			continue;
		}
		session->is_pumping = true;
		while (!*is_done && !session->is_broken)
			pump_once(session);
		session->is_pumping = false;
		pthread_cond_broadcast(&session->changed);
	}
}

static int fail_broken(const struct tusk_ssh_session *session, struct tusk_err *err)
{
	if (err)
		*err = session->failure;
	return -1;
}

static void unlink_call(struct tusk_ssh_session *session, struct tusk_ssh_call *call)
{
	struct tusk_ssh_call **place = &session->calls;

	while (*place && *place != call)
		place = &(*place)->next;
	if (*place)
		*place = call->next;
}

static void register_call(struct tusk_ssh_session *session, struct tusk_ssh_call *call)
{
	if (++session->last_id == 0)
		session->last_id = 1;
	call->id = session->last_id;
	call->got = 0;
	call->answer.len = 0;
	call->is_done = false;
	call->next = session->calls;
	session->calls = call;
}

static int send_locked(struct tusk_ssh_session *session, struct tusk_ssh_outgoing *frame, struct tusk_err *err)
{
	bool is_idle = !session->first;

	if (session->last)
		session->last->next = frame;
	else
		session->first = frame;
	session->last = frame;
	if (is_idle)
		flush(session);
	session->is_full = !frame->is_done;
	if (!frame->is_done && session->is_pumping) {
		const uint64_t one = 1;
		ssize_t ignored = write(session->wake_fd, &one, sizeof(one));

		(void)ignored; /* it is full: then the pump is being woken anyway */
	}
	wait_until(session, &frame->is_done);
	return frame->is_done ? 0 : fail_broken(session, err);
}

int tusk_ssh_send(struct tusk_ssh_session *session, uint32_t id, const struct tusk_request *request,
		  struct tusk_ssh_call *call, struct tusk_err *err)
{
	struct tusk_ssh_outgoing frame = {.data = request->data, .data_len = request->data_len};
	size_t body_len = tusk_request_encode(request, frame.head + TUSK_FRAME_HEADER_SIZE);
	int result = -1;

	frame.head_len = TUSK_FRAME_HEADER_SIZE + body_len;
	pthread_mutex_lock(&session->lock);
	if (session->is_broken) {
		fail_broken(session, err);
	} else {
		if (call)
			register_call(session, call);
		tusk_frame_encode(&(struct tusk_frame){.body_len = (uint32_t)(body_len + request->data_len),
						       .id = call ? call->id : id,
						       .kind = (uint8_t)request->kind},
				  frame.head);
		result = send_locked(session, &frame, err);
		if (result < 0 && call)
			unlink_call(session, call);
	}
	pthread_mutex_unlock(&session->lock);
	return result;
}

int tusk_ssh_wait(struct tusk_ssh_session *session, struct tusk_ssh_call *call, bool *ret_broken, struct tusk_err *err)
{
	int outcome = -1;

	pthread_mutex_lock(&session->lock);
	wait_until(session, &call->is_done);
	*ret_broken = !call->is_done;
	if (call->is_done)
		outcome = call->outcome;
	else
		fail_broken(session, err);
	unlink_call(session, call);
	pthread_mutex_unlock(&session->lock);
	if (outcome < 0 && !*ret_broken && err)
		*err = call->failure;
	return outcome;
}

bool tusk_ssh_call_is_done(struct tusk_ssh_session *session, const struct tusk_ssh_call *call)
{
	pthread_mutex_lock(&session->lock);
	bool is_done = call->is_done;
	pthread_mutex_unlock(&session->lock);
	return is_done;
}

void tusk_ssh_orphan(struct tusk_ssh_session *session, struct tusk_ssh_call *call)
{
	pthread_mutex_lock(&session->lock);
	call->is_orphan = true;
	bool is_over = call->is_done || session->is_broken;
	if (is_over)
		unlink_call(session, call);
	pthread_mutex_unlock(&session->lock);
	if (!is_over)
		return;
	tusk_ssh_call_release(call);
	free(call);
}
