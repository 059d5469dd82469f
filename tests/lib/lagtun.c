/* A far away place on this machine, as packets see it: two TUN devices, one in this network namespace and one in
 * another, and between them delay, loss and a rate. The kernel's own TCP runs over it, so retransmission, windows and
 * congestion are real. (For kernels without sch_netem; root only.) usage: lagtun NETNS DELAY-MS LOSS-PERCENT
 * MBIT-PER-SECOND This side is 10.99.0.1, the other one 10.99.0.2. Both delay and loss are those of one way. Says
 * "ready", ends with its parent or by a signal. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MTU         1500
#define QUEUE_BYTES (1u << 20) /* what waits for the rate; more is dropped, as by a router */
#define RING        65536u     /* packets on their way */
#define DEVICE      "lag0"
#define BATCH       64

struct packet {
	uint64_t due;
	size_t len;
	unsigned char data[MTU];
};

/* One direction. The delay is the same for all packets, so they arrive in the order in which they left. */
struct way {
	int from, to;
	struct packet *ring;
	uint64_t first, end; /* packets of the ring that are under way */
	uint64_t free_at;    /* when the rate lets the next one go */
};

struct line {
	uint64_t delay_ns, random;
	double loss, bytes_per_ns;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* From 0 to 1; xorshift64 (Marsaglia, 2003), the same sequence in every run. */
static double random_part(struct line *line)
{
	line->random ^= line->random << 13;
	line->random ^= line->random >> 7;
	line->random ^= line->random << 17;
	return (double)(line->random >> 11) / 9007199254740992.0;
}

static void set_address(struct ifreq *request, const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&request->ifr_addr, &address, sizeof(address));
}

/* A device in the namespace that the caller is in. */
static int make_device(const char *here, const char *there)
{
	struct ifreq request = {.ifr_name = DEVICE};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), control = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || control < 0)
		die("/dev/net/tun");
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		die(DEVICE);
	set_address(&request, here);
	if (ioctl(control, SIOCSIFADDR, &request) < 0)
		die(here);
	set_address(&request, there);
	if (ioctl(control, SIOCSIFDSTADDR, &request) < 0)
		die(there);
	request.ifr_qlen = 4096;
	(void)ioctl(control, SIOCSIFTXQLEN, &request);
	request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT;
	if (ioctl(control, SIOCSIFFLAGS, &request) < 0)
		die("cannot bring " DEVICE " up");
	close(control);
	return fd;
}

static void make_both(const char *name, struct way ways[2])
{
	char path[256];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), other;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	other = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || other < 0)
		die(path);
	ways[0].from = ways[1].to = make_device("10.99.0.1", "10.99.0.2");
	if (setns(other, CLONE_NEWNET) < 0)
		die("setns");
	ways[1].from = ways[0].to = make_device("10.99.0.2", "10.99.0.1");
	if (setns(home, CLONE_NEWNET) < 0)
		die("setns");
	for (int i = 0; i < 2; i++) {
		ways[i].ring = calloc(RING, sizeof(*ways[i].ring));
		if (!ways[i].ring)
			die("memory");
	}
}

/* Takes what has been sent into one end. */
static void take_in(struct line *line, struct way *way)
{
	for (int i = 0; i < BATCH && way->end - way->first < RING; i++) {
		struct packet *packet = &way->ring[way->end % RING];
		ssize_t len = read(way->from, packet->data, sizeof(packet->data));
		uint64_t now = now_ns(), start = way->free_at > now ? way->free_at : now;

		if (len <= 0)
			return;
		if (random_part(line) * 100 < line->loss)
			continue;
		if ((double)(start - now) * line->bytes_per_ns > QUEUE_BYTES)
			continue;
		way->free_at = start + (uint64_t)((double)len / line->bytes_per_ns);
		packet->due = way->free_at + line->delay_ns;
		packet->len = (size_t)len;
		way->end++;
	}
}

/* Hands out what has arrived; when the next one will, or UINT64_MAX. */
static uint64_t hand_out(struct way *way)
{
	for (; way->first < way->end; way->first++) {
		const struct packet *packet = &way->ring[way->first % RING];

		if (packet->due > now_ns())
			return packet->due;
		if (write(way->to, packet->data, packet->len) < 0 && errno != EAGAIN && errno != EINVAL)
			die("write");
	}
	return UINT64_MAX;
}

static void carry(struct line *line, struct way ways[2])
{
	struct pollfd wanted[2] = {{.fd = ways[0].from, .events = POLLIN}, {.fd = ways[1].from, .events = POLLIN}};

	for (;;) {
		uint64_t next = UINT64_MAX, now = now_ns();
		struct timespec left = {.tv_sec = 1};

		for (int i = 0; i < 2; i++) {
			uint64_t due = hand_out(&ways[i]);

			next = due < next ? due : next;
		}
		if (next < now + 1000000000u)
			left = (struct timespec){.tv_nsec = next > now ? (long)(next - now) : 0};
		if (ppoll(wanted, 2, &left, NULL) < 0 && errno != EINTR)
			die("ppoll");
		for (int i = 0; i < 2; i++)
			take_in(line, &ways[i]);
	}
}

int main(int argc, char **argv)
{
	struct line line = {.random = 88172645463325252u};
	struct way ways[2] = {{.from = -1}, {.from = -1}};

	if (argc != 5) {
		fprintf(stderr, "usage: lagtun NETNS DELAY-MS LOSS-PERCENT MBIT-PER-SECOND\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	line.delay_ns = (uint64_t)(atof(argv[2]) * 1e6);
	line.loss = atof(argv[3]);
	line.bytes_per_ns = atof(argv[4]) / 8e3;
	if (line.bytes_per_ns <= 0)
		die("the rate");
	make_both(argv[1], ways);
	puts("ready");
	fflush(stdout);
	carry(&line, ways);
	return 0;
}
