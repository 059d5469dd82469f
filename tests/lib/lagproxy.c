/* A far away place on this machine: a TCP proxy on 127.0.0.1 that delivers everything DELAY ms later.
 * usage: lagproxy LISTEN-PORT TARGET-PORT DELAY-MS [KIB-PER-SECOND [CUT-AFTER-BYTES]]
 * It writes a line when it listens. With a rate, each direction of a connection has it. With CUT-AFTER-BYTES the first
 * connection that has sent so much is reset, once. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE_SIZE  16384
#define QUEUED_MAX  (16u << 20) /* in flight in one direction, like a large TCP window */
#define SECOND_NS   1000000000u
#define BACKLOG     64
#define STACK_BYTES (256u << 10)

static uint64_t delay_ns, rate;
static long cut_after;
static atomic_bool is_cut;
static struct sockaddr_in target;

struct piece {
	struct piece *next;
	uint64_t due_ns;
	size_t len;
	char bytes[PIECE_SIZE];
};

/* One direction of a connection. */
struct way {
	int from, to;
	bool is_up;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct piece *first, *last;
	size_t queued;
	bool is_over;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void wait_until(uint64_t when_ns)
{
	struct timespec when = {(time_t)(when_ns / SECOND_NS), (long)(when_ns % SECOND_NS)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

/* Both ends see a reset. */
static void cut(struct way *way)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(way->from, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	setsockopt(way->to, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	shutdown(way->from, SHUT_RDWR);
	shutdown(way->to, SHUT_RDWR);
}

static bool send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void *deliver(void *context)
{
	struct way *way = context;
	bool is_good = true;

	for (;;) {
		pthread_mutex_lock(&way->lock);
		while (!way->first && !way->is_over)
			pthread_cond_wait(&way->changed, &way->lock);
		struct piece *piece = way->first;
		if (piece)
			way->first = piece->next;
		if (!way->first)
			way->last = NULL;
		pthread_mutex_unlock(&way->lock);
		if (!piece)
			break;
		wait_until(piece->due_ns);
		is_good = is_good && send_all(way->to, piece->bytes, piece->len);
		pthread_mutex_lock(&way->lock);
		way->queued -= piece->len;
		pthread_cond_broadcast(&way->changed);
		pthread_mutex_unlock(&way->lock);
		free(piece);
	}
	shutdown(way->to, is_good ? SHUT_WR : SHUT_RDWR);
	return NULL;
}

static void queue_piece(struct way *way, struct piece *piece)
{
	pthread_mutex_lock(&way->lock);
	while (way->queued > QUEUED_MAX)
		pthread_cond_wait(&way->changed, &way->lock);
	piece->next = NULL;
	if (way->last)
		way->last->next = piece;
	else
		way->first = piece;
	way->last = piece;
	way->queued += piece->len;
	pthread_cond_broadcast(&way->changed);
	pthread_mutex_unlock(&way->lock);
}

static void collect(struct way *way)
{
	uint64_t free_ns = 0;
	long total = 0;

	for (;;) {
		struct piece *piece = malloc(sizeof(*piece));
		ssize_t n = piece ? recv(way->from, piece->bytes, sizeof(piece->bytes), 0) : -1;

		if (n <= 0) {
			free(piece);
			return;
		}
		total += n;
		if (way->is_up && cut_after && total > cut_after && !atomic_exchange(&is_cut, true))
			cut(way);
		uint64_t now = now_ns();
		if (free_ns < now)
			free_ns = now;
		if (rate)
			free_ns += (uint64_t)n * SECOND_NS / rate;
		piece->len = (size_t)n;
		piece->due_ns = free_ns + delay_ns;
		queue_piece(way, piece);
	}
}

static void *run_way(void *context)
{
	struct way *way = context;
	pthread_t thread;

	pthread_mutex_init(&way->lock, NULL);
	pthread_cond_init(&way->changed, NULL);
	if (pthread_create(&thread, NULL, deliver, way) != 0)
		abort();
	collect(way);
	pthread_mutex_lock(&way->lock);
	way->is_over = true;
	pthread_cond_broadcast(&way->changed);
	pthread_mutex_unlock(&way->lock);
	pthread_join(thread, NULL);
	free(way);
	return NULL;
}

static void start_way(int from, int to, bool is_up)
{
	struct way *way = calloc(1, sizeof(*way));
	pthread_attr_t attributes;
	pthread_t thread;

	if (!way)
		abort();
	way->from = from;
	way->to = to;
	way->is_up = is_up;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (pthread_create(&thread, &attributes, run_way, way) != 0)
		abort();
}

/* The descriptors of a connection stay open until the program ends: it is a tool of tests. */
static void take_connection(int client)
{
	const int one = 1;
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(server, (struct sockaddr *)&target, sizeof(target)) < 0) {
		close(server);
		close(client);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	start_way(client, server, true);
	start_way(server, client, false);
}

int main(int argc, char **argv)
{
	const int one = 1;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc < 4 || argc > 6) {
		fprintf(stderr,
			"usage: lagproxy LISTEN-PORT TARGET-PORT DELAY-MS [KIB-PER-SECOND [CUT-AFTER-BYTES]]\n");
		return 2;
	}
	target = here;
	here.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	target.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	delay_ns = strtoul(argv[3], NULL, 10) * 1000000;
	rate = argc > 4 ? strtoul(argv[4], NULL, 10) << 10 : 0;
	cut_after = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, BACKLOG) < 0) {
		perror("lagproxy");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0)
			take_connection(client);
	}
}
