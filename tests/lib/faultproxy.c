/* A proxy for HTTP on 127.0.0.1 that delays, breaks and lies as it is told.   faultproxy SERVER-PORT CONTROL-FILE
 * It prints its own port first, then a line for each request: METHOD PATH ACTION. The control file is read before each
 * request (write it elsewhere and rename it); a missing one asks for nothing. Its lines:
 *   delay MS                    on every way, both ways: MS milliseconds
 *   METHOD TEXT COUNT ACTION [N]  for the next COUNT requests (-1: all) with METHOD (*: any) and TEXT in the path (*:
 * any) The first rule that matches and is not used up holds; counts start again when the file changes. Actions: status
 * N    an error of that status instead of asking the server; 503 with Retry-After: 1 lie N       the answer N without
 * storing anything rstup N     the connection is reset when N bytes of the request went through; rstdown N: of the
 * answer endup N     the connection ends there in order; enddown N likewise flipup N    bit 0 of byte N (from 1) of the
 * request's body is wrong; flipdown N: of the answer, head included hang        nothing comes back Requests are not
 * pipelined (curl does not), so an answer of our own cannot meet one of the server's. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK      65536
#define HEAD_MAX   65536
#define RULES_MAX  16
#define QUEUE_MAX  ((size_t)8 << 20) /* bytes on their way, one way of one connection */
#define STACK_SIZE (256 << 10)

enum action { PASS, STATUS, LIE, RSTUP, RSTDOWN, ENDUP, ENDDOWN, FLIPUP, FLIPDOWN, HANG, ACTIONS };
static const char *const names[ACTIONS] = {"pass",  "status",  "lie",    "rstup",    "rstdown",
					   "endup", "enddown", "flipup", "flipdown", "hang"};

struct rule {
	char method[16], text[128];
	long left;
	enum action action;
	uint64_t n;
};

static struct {
	pthread_mutex_t lock;
	char text[4096]; /* of the control file */
	struct rule rules[RULES_MAX];
	unsigned count;
	double delay_s;
} control = {.lock = PTHREAD_MUTEX_INITIALIZER};
static const char *control_file;
static uint16_t server_port;

struct chunk {
	struct chunk *next;
	double due;
	size_t len;
	char data[BLOCK];
};

/* One way of a connection: bytes that arrive at fd when they are due. */
struct way {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct chunk *first, **last;
	size_t queued;
	bool closed;
	int fd;
};

/* Threads that use it: two readers, two writers. */
struct connection {
	pthread_mutex_t lock;
	unsigned users;
	int client, server;
	struct way up, down;
	struct rule fault; /* of the request now on its way */
	uint64_t answered; /* bytes of its answer */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- rules ---- */

static void parse_line(const char *line)
{
	struct rule rule = {0};
	char word[16] = "";
	unsigned long long n = 0;

	if (sscanf(line, "delay %lf", &control.delay_s) == 1) {
		control.delay_s /= 1000;
		return;
	}
	if (control.count == RULES_MAX ||
	    sscanf(line, "%15s %127s %ld %15s %llu", rule.method, rule.text, &rule.left, word, &n) < 4)
		return;
	rule.n = n;
	for (unsigned i = 0; i < ACTIONS; i++) {
		if (strcmp(word, names[i]) == 0)
			rule.action = (enum action)i;
	}
	control.rules[control.count++] = rule;
}

static void load_locked(void)
{
	char text[sizeof(control.text)] = "";
	FILE *file = fopen(control_file, "r");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	if (strcmp(text, control.text) == 0)
		return;
	memcpy(control.text, text, sizeof(text));
	control.count = 0;
	control.delay_s = 0;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		parse_line(line);
}

static struct rule rule_for(const char *method, const char *path)
{
	struct rule found = {.action = PASS};

	pthread_mutex_lock(&control.lock);
	load_locked();
	for (unsigned i = 0; i < control.count; i++) {
		struct rule *rule = &control.rules[i];

		if (rule->left == 0 || (strcmp(rule->method, "*") != 0 && strcmp(rule->method, method) != 0) ||
		    (strcmp(rule->text, "*") != 0 && !strstr(path, rule->text)))
			continue;
		if (rule->left > 0)
			rule->left--;
		found = *rule;
		break;
	}
	printf("%s %s %s\n", method, path, names[found.action]);
	fflush(stdout);
	pthread_mutex_unlock(&control.lock);
	return found;
}

static double delay(void)
{
	double result;

	pthread_mutex_lock(&control.lock);
	result = control.delay_s;
	pthread_mutex_unlock(&control.lock);
	return result;
}

/* ---- ways ---- */

static void way_init(struct way *way, int fd)
{
	pthread_mutex_init(&way->lock, NULL);
	pthread_cond_init(&way->changed, NULL);
	way->last = &way->first;
	way->fd = fd;
}

static void way_send(struct way *way, const char *data, size_t len, double due)
{
	while (len) {
		struct chunk *chunk = malloc(sizeof(*chunk));

		if (!chunk)
			abort();
		chunk->len = len < BLOCK ? len : BLOCK;
		memcpy(chunk->data, data, chunk->len);
		chunk->due = due;
		chunk->next = NULL;
		data += chunk->len;
		len -= chunk->len;
		pthread_mutex_lock(&way->lock);
		while (way->queued > QUEUE_MAX && !way->closed)
			pthread_cond_wait(&way->changed, &way->lock);
		*way->last = chunk;
		way->last = &chunk->next;
		way->queued += chunk->len;
		pthread_cond_broadcast(&way->changed);
		pthread_mutex_unlock(&way->lock);
	}
}

static void way_close(struct way *way)
{
	pthread_mutex_lock(&way->lock);
	way->closed = true;
	pthread_cond_broadcast(&way->changed);
	pthread_mutex_unlock(&way->lock);
}

static void connection_leave(struct connection *connection)
{
	bool last;

	pthread_mutex_lock(&connection->lock);
	last = --connection->users == 0;
	pthread_mutex_unlock(&connection->lock);
	if (!last)
		return;
	close(connection->client);
	close(connection->server);
	free(connection);
}

/* Both ends see a reset, or an end in order. */
static void connection_end(struct connection *connection, bool reset)
{
	const struct linger at_once = {.l_onoff = 1};

	if (reset) {
		setsockopt(connection->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		setsockopt(connection->server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		/* The last one who leaves closes; a reset must not wait for that. */
		connect(connection->client, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr));
		connect(connection->server, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr));
	}
	shutdown(connection->client, SHUT_RDWR);
	shutdown(connection->server, SHUT_RDWR);
	way_close(&connection->up);
	way_close(&connection->down);
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static void write_way(struct way *way)
{
	bool alive = true;

	for (;;) {
		struct chunk *chunk;

		pthread_mutex_lock(&way->lock);
		while (!way->first && !way->closed)
			pthread_cond_wait(&way->changed, &way->lock);
		chunk = way->first;
		if (chunk) {
			way->first = chunk->next;
			if (!way->first)
				way->last = &way->first;
			way->queued -= chunk->len;
			pthread_cond_broadcast(&way->changed);
		}
		pthread_mutex_unlock(&way->lock);
		if (!chunk)
			break;
		for (double left; alive && (left = chunk->due - now()) > 0;)
			usleep((useconds_t)(left * 1e6) + 1);
		alive = alive && send_all(way->fd, chunk->data, chunk->len);
		free(chunk);
	}
	shutdown(way->fd, SHUT_WR);
}

static void *up_writer(void *context)
{
	struct connection *connection = context;

	write_way(&connection->up);
	connection_leave(connection);
	return NULL;
}

static void *down_writer(void *context)
{
	struct connection *connection = context;

	write_way(&connection->down);
	connection_leave(connection);
	return NULL;
}

/* ---- answers ---- */

/* What the fault of this request does to the next len bytes of the answer. How many of them go on; ret_end: then no
 * more. */
static size_t break_answer(struct connection *connection, char *data, size_t len, bool *ret_end, bool *ret_reset)
{
	uint64_t before;
	struct rule fault;

	pthread_mutex_lock(&connection->lock);
	before = connection->answered;
	connection->answered += len;
	fault = connection->fault;
	pthread_mutex_unlock(&connection->lock);
	*ret_reset = fault.action == RSTDOWN;
	*ret_end = (fault.action == RSTDOWN || fault.action == ENDDOWN) && before + len >= fault.n;
	if (fault.action == HANG)
		return 0;
	if (*ret_end)
		return fault.n > before ? (size_t)(fault.n - before) : 0;
	if (fault.action == FLIPDOWN && fault.n > before && fault.n <= before + len)
		data[fault.n - before - 1] ^= 1;
	return len;
}

static void *down_reader(void *context)
{
	struct connection *connection = context;
	char data[BLOCK];
	bool end = false, reset = false;
	ssize_t got;

	while (!end && (got = recv(connection->server, data, sizeof(data), 0)) > 0) {
		size_t len = break_answer(connection, data, (size_t)got, &end, &reset);

		way_send(&connection->down, data, len, now() + delay());
	}
	if (end) {
		struct timespec pause = {.tv_nsec = 50000000};

		nanosleep(&pause, NULL); /* what was let through shall arrive */
		connection_end(connection, reset);
	}
	way_close(&connection->down);
	connection_leave(connection);
	return NULL;
}

/* ---- requests ---- */

/* Our own answer; it takes as long as one of the server's. */
static void answer(struct connection *connection, const struct rule *rule)
{
	const char *code = rule->n == 503 ? "SlowDown" : "InternalError";
	char body[256] = "", text[640];
	int len;

	if (rule->action == STATUS)
		snprintf(body, sizeof(body),
			 "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>on request</Message></Error>", code);
	len = snprintf(text, sizeof(text), "HTTP/1.1 %llu Made Up\r\n%sContent-Length: %zu\r\n\r\n%s",
		       (unsigned long long)rule->n, rule->n == 503 ? "Retry-After: 1\r\n" : "", strlen(body), body);
	way_send(&connection->down, text, (size_t)len, now() + 2 * delay());
}

struct request {
	struct rule rule;
	uint64_t passed; /* bytes of head and body */
	uint64_t body;   /* bytes of the body that went through */
};

/* Bytes of a request, body or not. False when the connection ended at them. */
static bool pass(struct connection *connection, struct request *request, char *data, size_t len, bool is_body)
{
	const struct rule *rule = &request->rule;
	bool end = (rule->action == RSTUP || rule->action == ENDUP) && request->passed + len >= rule->n;
	size_t part = end ? (rule->n > request->passed ? (size_t)(rule->n - request->passed) : 0) : len;

	if (is_body && rule->action == FLIPUP && rule->n > request->body && rule->n <= request->body + len)
		data[rule->n - request->body - 1] ^= 1;
	request->passed += len;
	request->body += is_body ? len : 0;
	if (rule->action != STATUS && rule->action != LIE)
		way_send(&connection->up, data, part, now() + delay());
	if (end) {
		usleep(50000);
		connection_end(connection, rule->action == RSTUP);
	}
	return !end;
}

static void begin_request(struct connection *connection, struct request *request, const char *head)
{
	char method[16] = "", path[1024] = "";

	sscanf(head, "%15s %1023s", method, path);
	request->rule = rule_for(method, path);
	request->passed = request->body = 0;
	pthread_mutex_lock(&connection->lock);
	connection->fault = request->rule;
	connection->answered = 0;
	pthread_mutex_unlock(&connection->lock);
}

static uint64_t body_length(const char *head)
{
	const char *found = strcasestr(head, "\r\ncontent-length:");

	return found ? strtoull(found + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

/* Reads requests: a head up to its empty line, then as many bytes as it says. */
static void *up_reader(void *context)
{
	struct connection *connection = context;
	struct request request = {0};
	char data[HEAD_MAX + 1];
	size_t len = 0;
	uint64_t left = 0;
	bool alive = true;

	while (alive) {
		ssize_t got = recv(connection->client, data + len, HEAD_MAX - len, 0);
		char *end;

		if (got <= 0)
			break;
		len += (size_t)got;
		data[len] = '\0';
		if (!left && (end = memmem(data, len, "\r\n\r\n", 4))) {
			size_t head = (size_t)(end - data) + 4;

			end[2] = '\0';
			begin_request(connection, &request, data);
			left = body_length(data);
			end[2] = '\r';
			alive = pass(connection, &request, data, head, false);
			len -= head;
			memmove(data, data + head, len);
			if (!left && alive && (request.rule.action == STATUS || request.rule.action == LIE))
				answer(connection, &request.rule);
		}
		if (left && len && alive) {
			size_t part = len < left ? len : (size_t)left;

			alive = pass(connection, &request, data, part, true);
			left -= part;
			len -= part;
			memmove(data, data + part, len);
			if (!left && alive && (request.rule.action == STATUS || request.rule.action == LIE))
				answer(connection, &request.rule);
		}
	}
	way_close(&connection->up);
	connection_leave(connection);
	return NULL;
}

/* ---- connections ---- */

static void serve(int client)
{
	static void *(*const mains[])(void *) = {up_reader, up_writer, down_reader, down_writer};
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int one = 1;
	struct connection *connection = calloc(1, sizeof(*connection));
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_attr_t attributes;

	if (!connection || server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)) < 0) {
		free(connection);
		close(server);
		close(client);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	pthread_mutex_init(&connection->lock, NULL);
	connection->client = client;
	connection->server = server;
	connection->users = 4;
	way_init(&connection->up, server);
	way_init(&connection->down, client);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (unsigned i = 0; i < 4; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &attributes, mains[i], connection) != 0)
			abort();
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
	    listen(listener, 128) < 0 || getsockname(listener, (struct sockaddr *)&address, &len) < 0) {
		perror("faultproxy SERVER-PORT CONTROL-FILE");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	server_port = (uint16_t)atoi(argv[1]);
	control_file = argv[2];
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0)
			serve(client);
	}
}
