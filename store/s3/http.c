#include "http.h"

#include "connect.h"
#include "curl_functions.h"
#include "pace.h"
#include "tusk/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 24
#define CONNECT_S       10L
#define IDLE_S          15L /* services drop connections that were idle for longer */
#define TRANSFER_BUFFER (256L << 10)
#define SLOW_BUFFER     (16L << 10) /* under a limit: nobody waits long for a turn, and transfers do not stand still */
#define PROBLEM_MAX     (64u << 10)
#define PROBLEM_DRAINED (1u << 20) /* of a longer body no more is read */

/* A handle with its connection. */
struct line {
	struct line *next;
	CURL *curl;
	int fd;
	int connected; /* a socket of ours that curl has not seen yet; -1 */
	char message[CURL_ERROR_SIZE];
};

struct tusk_s3_http {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct line *idle;
	struct line *foreign; /* those of the process that forked: the connections are its own */
	pid_t owner;
	unsigned in_use;
	double limit; /* requests at a time */
	char *ca_file;
	bool is_local;
	long stall_s;
	atomic_bool is_stopped;
	struct tusk_limits *limits; /* may be NULL */
};

/* One request on its way. */
struct transfer {
	const struct tusk_s3_exchange *exchange;
	struct tusk_limits *limits; /* may be NULL */
	struct tusk_s3_answer *answer;
	struct tusk_buf *problem;
	const struct line *line;
	uint64_t sent, drained;
	bool enough;  /* the sink wants no more */
	bool no_body; /* a part of the body could not be read */
};

static pthread_once_t started = PTHREAD_ONCE_INIT;
static struct tusk_curl lib;
static struct tusk_err not_started;

static void start_library(void)
{
	static const char *const names[] = {TUSK_CURL_FUNCTIONS(TUSK_LIBRARY_NAME)};

	if (tusk_library_load("libcurl.so.4", names, sizeof(names) / sizeof(*names), &lib, &not_started) == 0)
		lib.curl_global_init(CURL_GLOBAL_DEFAULT);
}

int tusk_s3_http_new(const struct tusk_s3_http_settings *settings, struct tusk_s3_http **ret_http, struct tusk_err *err)
{
	pthread_once(&started, start_library);
	if (not_started.code) {
		*err = not_started;
		return -1;
	}
	struct tusk_s3_http *http = calloc(1, sizeof(*http));
	char *ca_file = settings->ca_file ? strdup(settings->ca_file) : NULL;
	if (!http || (settings->ca_file && !ca_file)) {
		free(http);
		free(ca_file);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	pthread_mutex_init(&http->lock, NULL);
	pthread_cond_init(&http->changed, NULL);
	http->owner = getpid();
	http->limit = CONNECTIONS_MAX;
	http->ca_file = ca_file;
	http->is_local = settings->is_local;
	http->stall_s = (long)settings->stall_s;
	http->limits = settings->limits;
	*ret_http = http;
	return 0;
}

static void line_free(struct line *line)
{
	lib.curl_easy_cleanup(line->curl);
	free(line);
}

static void lines_free(struct line *line)
{
	while (line) {
		struct line *next = line->next;

		line_free(line);
		line = next;
	}
}

void tusk_s3_http_free(struct tusk_s3_http *http)
{
	if (!http)
		return;
	lines_free(http->idle);
	lines_free(http->foreign);
	pthread_mutex_destroy(&http->lock);
	pthread_cond_destroy(&http->changed);
	free(http->ca_file);
	free(http);
}

/* ---- whose turn it is ---- */

void tusk_s3_http_slow_down(struct tusk_s3_http *http)
{
	pthread_mutex_lock(&http->lock);
	http->limit = http->limit > 2 ? http->limit / 2 : 1;
	pthread_mutex_unlock(&http->lock);
}

static struct line *line_new(void)
{
	struct line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->curl = lib.curl_easy_init();
	if (!line->curl) {
		free(line);
		return NULL;
	}
	line->connected = -1;
	return line;
}

/* NULL without memory. */
static struct line *line_take(struct tusk_s3_http *http)
{
	struct line *line;

	pthread_mutex_lock(&http->lock);
	if (http->owner != getpid()) {
		/* Only the driver forks, before it has threads; what it leaves behind stays with its parent. */
		http->foreign = http->idle;
		http->idle = NULL;
		http->in_use = 0;
		http->owner = getpid();
	}
	while (http->in_use >= (unsigned)http->limit)
		pthread_cond_wait(&http->changed, &http->lock);
	http->in_use++;
	line = http->idle;
	if (line)
		http->idle = line->next;
	pthread_mutex_unlock(&http->lock);
	return line ? line : line_new();
}

/* keep: the connection can be used again. */
static void line_give(struct tusk_s3_http *http, struct line *line, bool keep, bool success)
{
	if (line && !keep)
		line_free(TUSK_STEAL(line));
	pthread_mutex_lock(&http->lock);
	if (line) {
		line->next = http->idle;
		http->idle = line;
	}
	if (success && http->limit < CONNECTIONS_MAX)
		http->limit += 1 / http->limit;
	http->in_use--;
	pthread_cond_broadcast(&http->changed);
	pthread_mutex_unlock(&http->lock);
}

void tusk_s3_http_stop(struct tusk_s3_http *http)
{
	atomic_store(&http->is_stopped, true);
}

bool tusk_s3_http_is_stopped(struct tusk_s3_http *http)
{
	return atomic_load(&http->is_stopped);
}

/* ---- what curl calls ---- */

/* Some services send an answer's body in a piece of its own, once its head is acknowledged (Nagle's algorithm), and
 * Linux takes 40 ms for that unless it is told to hurry. */
static void acknowledge_at_once(const struct line *line)
{
	int on = 1;

	(void)setsockopt(line->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* The connection that the line uses from now on. */
static int on_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
	struct line *line = context;
	bool is_connected = fd == line->connected;

	(void)purpose;
	line->fd = fd;
	line->connected = -1;
	return is_connected ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct line *line = context;

	(void)purpose;
	line->connected = tusk_s3_connect(&address->addr, address->addrlen);
	if (line->connected >= 0)
		return line->connected;
	/* curl tries it in its own way, and knows what to say of it. */
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_progress(void *context, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
	(void)down;
	(void)down_now;
	(void)up;
	(void)up_now;
	return tusk_s3_http_is_stopped(context);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	const struct transfer *transfer = context;
	size_t len = size * count;

	while (len && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	tusk_s3_answer_line(transfer->answer, data, len);
	if (!len)
		acknowledge_at_once(transfer->line);
	return size * count;
}

static bool is_success(int status)
{
	return status >= 200 && status < 300;
}

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count, room;

	if (transfer->limits)
		tusk_limit_take(&transfer->limits->down, len);
	if (is_success(transfer->answer->status)) {
		const struct tusk_s3_sink *sink = transfer->exchange->sink;

		if (!sink || sink->take(sink->context, data, len))
			return len;
		transfer->enough = true;
		return 0;
	}
	room = PROBLEM_MAX - transfer->problem->len;
	if (tusk_buf_append(transfer->problem, data, len < room ? len : room) < 0)
		return 0;
	transfer->drained += len;
	return transfer->drained <= PROBLEM_DRAINED ? len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct tusk_s3_body *body = transfer->exchange->body;
	size_t len = size * count;
	ssize_t got;

	if (len > body->len - transfer->sent)
		len = (size_t)(body->len - transfer->sent);
	if (transfer->limits)
		tusk_limit_take(&transfer->limits->up, len);
	if (body->data) {
		memcpy(data, (const char *)body->data + transfer->sent, len);
		transfer->sent += len;
		return len;
	}
	got = len ? pread(body->fd, data, len, (off_t)transfer->sent) : 0;
	if (len && got <= 0) {
		transfer->no_body = true;
		return CURL_READFUNC_ABORT;
	}
	transfer->sent += (size_t)got;
	if (body->pace)
		tusk_s3_pace_sent(body->pace, (uint64_t)got, tusk_now_ms());
	return (size_t)got;
}

static int on_rewind(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->exchange->body->len)
		return CURL_SEEKFUNC_CANTSEEK;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- one request ---- */

/* "Expect:" keeps curl from asking first, which costs a round trip. NULL without memory. */
static struct curl_slist *make_headers(const struct tusk_buf *lines)
{
	struct curl_slist *list = lib.curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; list && i < lines->len; i += strlen((const char *)lines->data + i) + 1) {
		struct curl_slist *longer = lib.curl_slist_append(list, (const char *)lines->data + i);

		if (!longer)
			lib.curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

static void set_connection(struct tusk_s3_http *http, struct line *line, const struct tusk_s3_exchange *exchange)
{
	CURL *curl = line->curl;

	lib.curl_easy_reset(curl);
	line->message[0] = '\0';
	lib.curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, line->message);
	lib.curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	lib.curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
	lib.curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, line);
	lib.curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
	lib.curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, line);
	lib.curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	lib.curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	lib.curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	lib.curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	lib.curl_easy_setopt(curl, CURLOPT_USERAGENT, "tusk/" TUSK_VERSION);
	lib.curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	lib.curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	lib.curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, http->stall_s);
	lib.curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_S);
	lib.curl_easy_setopt(curl, CURLOPT_BUFFERSIZE,
			     http->limits && http->limits->down.rate ? SLOW_BUFFER : TRANSFER_BUFFER);
	lib.curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE,
			     http->limits && http->limits->up.rate ? SLOW_BUFFER : TRANSFER_BUFFER);
	if (http->is_local)
		lib.curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (http->ca_file)
		lib.curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
	if (exchange->fresh)
		lib.curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_request(CURL *curl, struct transfer *transfer, const struct curl_slist *headers)
{
	const struct tusk_s3_exchange *exchange = transfer->exchange;

	lib.curl_easy_setopt(curl, CURLOPT_URL, exchange->url);
	lib.curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	lib.curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	lib.curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	lib.curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	lib.curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	if (strcmp(exchange->method, "HEAD") == 0)
		lib.curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		lib.curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
	if (!exchange->body)
		return;
	lib.curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	lib.curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->body->len);
	lib.curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_body);
	lib.curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	lib.curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_rewind);
	lib.curl_easy_setopt(curl, CURLOPT_SEEKDATA, transfer);
}

static bool is_hopeless(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return true;
	default:
		return false;
	}
}

static void judge(const struct line *line, const struct transfer *transfer, CURLcode code,
		  struct tusk_s3_outcome *outcome)
{
	long connections = 0;

	if (code == CURLE_OK || (transfer->enough && code == CURLE_WRITE_ERROR)) {
		outcome->transport = transfer->answer->status ? TUSK_S3_ARRIVED : TUSK_S3_LOST;
		snprintf(outcome->message, sizeof(outcome->message), "its answer is not HTTP");
		return;
	}
	lib.curl_easy_getinfo(line->curl, CURLINFO_NUM_CONNECTS, &connections);
	snprintf(outcome->message, sizeof(outcome->message), "%s",
		 line->message[0] ? line->message : lib.curl_easy_strerror(code));
	if (transfer->no_body || is_hopeless(code))
		outcome->transport = TUSK_S3_HOPELESS;
	else if (connections == 0 &&
		 (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING))
		outcome->transport = TUSK_S3_STALE;
	else
		outcome->transport = TUSK_S3_LOST;
}

void tusk_s3_http_perform(struct tusk_s3_http *http, const struct tusk_s3_exchange *exchange,
			  struct tusk_s3_answer *ret_answer, struct tusk_s3_outcome *ret_outcome)
{
	struct transfer transfer = {
	    .exchange = exchange, .limits = http->limits, .answer = ret_answer, .problem = &ret_outcome->problem};
	struct line *line = line_take(http);
	struct curl_slist *headers = line ? make_headers(exchange->headers) : NULL;
	bool arrived, success;
	CURLcode code;

	*ret_answer = (struct tusk_s3_answer){0};
	*ret_outcome = (struct tusk_s3_outcome){.transport = TUSK_S3_HOPELESS, .message = "out of memory"};
	if (!headers) {
		line_give(http, line, false, false);
		return;
	}
	set_connection(http, line, exchange);
	transfer.line = line;
	set_request(line->curl, &transfer, headers);
	code = lib.curl_easy_perform(line->curl);
	judge(line, &transfer, code, ret_outcome);
	if (transfer.no_body)
		snprintf(ret_outcome->message, sizeof(ret_outcome->message), "the temporary file cannot be read back");
	lib.curl_slist_free_all(headers);
	arrived = ret_outcome->transport == TUSK_S3_ARRIVED;
	success = arrived && is_success(ret_answer->status);
	/* After an error that met a body, parts of it may still be on the connection (reference/nodes.md, 1.4). */
	line_give(http, line, code == CURLE_OK && (success || !exchange->body), success);
}
