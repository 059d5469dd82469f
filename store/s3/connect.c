#include "connect.h"
#include "tusk/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#define TRIES    4
#define PATIENCE 250 /* ms, after each try; a round trip around the world takes about that long */

static int begin(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, address, len) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The number of a socket that is connected; -1: one has failed; count: none yet. */
static int await(struct pollfd *fds, int count)
{
	int64_t until = tusk_now_ms() + PATIENCE, left;

	while ((left = until - tusk_now_ms()) > 0) {
		if (poll(fds, (nfds_t)count, (int)left) < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < count; i++) {
			int failure = 0;
			socklen_t size = sizeof(failure);

			if (!fds[i].revents)
				continue;
			if (getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0 || failure)
				return -1;
			return i;
		}
	}
	return count;
}

int tusk_s3_connect(const struct sockaddr *address, socklen_t len)
{
	struct pollfd fds[TRIES];
	int count = 0, which = 0, connected = -1;

	while (which == count && count < TRIES) {
		int fd = begin(address, len);

		if (fd < 0)
			break;
		fds[count++] = (struct pollfd){.fd = fd, .events = POLLOUT};
		which = await(fds, count);
	}
	if (which >= 0 && which < count)
		connected = fds[which].fd;
	for (int i = 0; i < count; i++)
		if (fds[i].fd != connected)
			close(fds[i].fd);
	return connected;
}
