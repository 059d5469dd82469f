/* Frames to the client: one at a time, whichever thread has one. */
#include "serve_private.h"

#include <errno.h>
#include <sys/uio.h>

static int write_all(int fd, struct iovec parts[2])
{
	while (parts[0].iov_len || parts[1].iov_len) {
		ssize_t n = writev(fd, parts, 2);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		for (unsigned i = 0; i < 2; i++) {
			size_t done = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;

			parts[i].iov_base = (uint8_t *)parts[i].iov_base + done;
			parts[i].iov_len -= done;
			n -= (ssize_t)done;
		}
	}
	return 0;
}

void tusk_serve_answer(struct tusk_serve *serve, uint32_t id, enum tusk_frame_kind kind, const void *body, size_t len)
{
	const uint64_t one = 1;
	uint8_t header[TUSK_FRAME_HEADER_SIZE];
	struct iovec parts[2] = {{header, sizeof(header)}, {(void *)(uintptr_t)(len ? body : header), len}};

	tusk_frame_encode(&(struct tusk_frame){.body_len = (uint32_t)len, .id = id, .kind = (uint8_t)kind}, header);
	pthread_mutex_lock(&serve->out_lock);
	if (!atomic_load(&serve->is_dead) && write_all(serve->options->out, parts) < 0) {
		atomic_store(&serve->is_dead, true);
		ssize_t ignored = write(serve->wake_fd, &one, sizeof(one));
		(void)ignored;
	}
	pthread_mutex_unlock(&serve->out_lock);
}

void tusk_serve_answer_failed(struct tusk_serve *serve, uint32_t id, const struct tusk_err *failure)
{
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	static const uint8_t no_memory[] = {TUSK_E_NOMEM, 0};

	if (tusk_failure_encode(failure, &body) < 0)
		tusk_serve_answer(serve, id, TUSK_ANSWER_FAILED, no_memory, sizeof(no_memory));
	else
		tusk_serve_answer(serve, id, TUSK_ANSWER_FAILED, body.data, body.len);
}

void tusk_serve_answer_outcome(struct tusk_serve *serve, uint32_t id, int outcome, const struct tusk_buf *body,
			       const struct tusk_err *failure)
{
	if (outcome < 0)
		tusk_serve_answer_failed(serve, id, failure);
	else if (outcome == TUSK_NODE_ABSENT)
		tusk_serve_answer(serve, id, TUSK_ANSWER_ABSENT, NULL, 0);
	else
		tusk_serve_answer(serve, id, TUSK_ANSWER_DONE, body->data, body->len);
}
