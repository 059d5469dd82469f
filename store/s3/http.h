/* One request over HTTP: the only file with libcurl. Connections are kept and shared by threads. */
#ifndef TUSK_S3_HTTP_H
#define TUSK_S3_HTTP_H

#include "answer.h"
#include "limit.h"
#include "tusk/buf.h"

struct tusk_s3_http;

struct tusk_s3_http_settings {
	const char *ca_file; /* NULL: the system's */
	bool is_local;       /* no proxy for it */
	unsigned stall_s;    /* a transfer that stands still for so long is given up */
	/* For all requests together; borrowed until free. NULL: none. */
	struct tusk_limits *limits;
};
int tusk_s3_http_new(const struct tusk_s3_http_settings *settings, struct tusk_s3_http **ret_http,
		     struct tusk_err *err);
void tusk_s3_http_free(struct tusk_s3_http *http);
/* What is under way ends soon, as lost; nothing is tried again. For closing. */
void tusk_s3_http_stop(struct tusk_s3_http *http);
bool tusk_s3_http_is_stopped(struct tusk_s3_http *http);
/* The service is overtaxed: half as many requests at a time from now on. Successes let the number creep up again. */
void tusk_s3_http_slow_down(struct tusk_s3_http *http);

/* What is sent: data, or len bytes of the file fd from its beginning when data is NULL. */
struct tusk_s3_body {
	const void *data;
	int fd;
	uint64_t len;
	struct tusk_s3_pace *pace; /* is told what was sent; may be NULL */
};

/* Who takes the body of an answer 2xx. take: false when it wants no more (then the rest is not read). */
struct tusk_s3_sink {
	bool (*take)(void *context, const void *data, size_t len);
	void *context;
};

struct tusk_s3_exchange {
	const char *method, *url;
	const struct tusk_buf *headers;  /* lines, each ended by a NUL */
	const struct tusk_s3_body *body; /* NULL for none */
	const struct tusk_s3_sink *sink; /* NULL: the body goes nowhere */
	bool fresh;                      /* on a new connection */
};

enum tusk_s3_transport {
	TUSK_S3_ARRIVED,  /* there is an answer */
	TUSK_S3_LOST,     /* no whole answer; whether the request was carried out is not known */
	TUSK_S3_STALE,    /* the same, and the connection was a kept one: likely the server had closed it */
	TUSK_S3_HOPELESS, /* trying again will not help (certificate) */
};
struct tusk_s3_outcome {
	enum tusk_s3_transport transport;
	char message[256];       /* why, unless it arrived */
	struct tusk_buf problem; /* the body of an answer that is not 2xx, its first 64 KiB; the caller's to release */
};

/* Waits its turn, sends, receives. ret_answer is zeroed first. */
void tusk_s3_http_perform(struct tusk_s3_http *http, const struct tusk_s3_exchange *exchange,
			  struct tusk_s3_answer *ret_answer, struct tusk_s3_outcome *ret_outcome);

#endif
