/* A service as we talk to it: signed requests, tried again as long as it makes sense. Thread-safe. A
 * request may be carried out more than once: an answer that got lost is asked for again. */
#ifndef TUSK_S3_CLIENT_H
#define TUSK_S3_CLIENT_H

#include "http.h"
#include "sign.h"
#include "xml.h"

#include <pthread.h>

struct tusk_s3_client {
	struct tusk_s3_place place;
	struct tusk_s3_identity identity;
	struct tusk_s3_http *http;
	struct tusk_limits limits;
	unsigned patience_s;  /* 0: the usual */
	pthread_mutex_t lock; /* guards what follows */
	char region[TUSK_S3_REGION_SIZE];
	char host[TUSK_S3_HOST_SIZE], port[8]; /* where requests go: the place's, until the service says otherwise */
	time_t clock_offset;                   /* the service's clock less ours */
	bool has_answered;
};

/* Reads the credentials and the environment; makes no request. TUSK_E_USAGE. */
int tusk_s3_client_init(struct tusk_s3_client *client, const struct tusk_s3_place *place, struct tusk_err *err);
/* As tusk_s3_http_stop. */
void tusk_s3_client_stop(struct tusk_s3_client *client);
void tusk_s3_client_release(struct tusk_s3_client *client);

struct tusk_s3_request {
	const char *method;
	const char *key; /* below the bucket; NULL: the bucket itself */
	const struct tusk_s3_pair *query;
	size_t query_count;                 /* at most TUSK_S3_QUERY_MAX */
	const struct tusk_s3_pair *headers; /* besides those of the signature; names in lower case */
	size_t header_count;                /* at most 8 */
	const struct tusk_s3_body *body;    /* NULL for none */
	const char *body_hash;              /* SHA-256 of body in digits; NULL without body */
	const struct tusk_s3_sink *sink;
	void (*restart)(void *context); /* the sink starts over; may be NULL */
	bool is_write;                  /* it is worth more patience */
};

/* What came of it. The fault's code is "" when the answer brought none (HEAD never does). */
struct tusk_s3_result {
	struct tusk_s3_answer answer;
	struct tusk_s3_fault fault;
};

/* 0 with an answer that is the caller's to judge (2xx, 404, 409, 412, 416, 501); -1 with TUSK_E_NODE (unreachable or
 * refused) or TUSK_E_FULL. */
int tusk_s3_call(struct tusk_s3_client *client, const struct tusk_s3_request *request,
		 struct tusk_s3_result *ret_result, struct tusk_err *err);
static inline bool tusk_s3_is_success(const struct tusk_s3_result *result)
{
	return result->answer.status >= 200 && result->answer.status < 300;
}
/* Sets err to what an answer means that the caller did not expect. -1. */
int tusk_s3_unexpected(const struct tusk_s3_client *client, const struct tusk_s3_request *request,
		       const struct tusk_s3_result *result, struct tusk_err *err);

#endif
