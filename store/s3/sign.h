/* AWS Signature Version 4 (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). libcurl's own
 * (7.88) leaves out x-amz-content-sha256, does not sort the query and does not encode the path. */
#ifndef TUSK_S3_SIGN_H
#define TUSK_S3_SIGN_H

#include "credentials.h"
#include "tusk/buf.h"

#include <time.h>

struct tusk_s3_pair {
	const char *name, *value;
};

struct tusk_s3_signing {
	const char *method, *path, *query;  /* path and query as they go over the wire, see below */
	const struct tusk_s3_pair *headers; /* those to be signed: names in lower case, in any order */
	size_t header_count;                /* at most TUSK_S3_HEADERS_MAX */
	const char *payload_hash;           /* 64 digits */
	const char *region, *service;
	time_t time;
};
#define TUSK_S3_HEADERS_MAX 16
#define TUSK_S3_QUERY_MAX   8
#define TUSK_S3_STAMP_SIZE  17

/* SHA-256 of nothing. */
extern const char tusk_s3_empty_hash[];

/* "20130524T000000Z", the value of x-amz-date. */
void tusk_s3_stamp(time_t time, char ret_stamp[TUSK_S3_STAMP_SIZE]);
/* Appends the query, encoded and sorted: "a=b&c=". At most TUSK_S3_QUERY_MAX pairs. 0 or -1 (memory). */
int tusk_s3_query(struct tusk_buf *out, const struct tusk_s3_pair *pairs, size_t count);
/* Appends the value of the header Authorization. 0 or -1 (memory). */
int tusk_s3_sign(const struct tusk_s3_identity *identity, const struct tusk_s3_signing *signing,
		 struct tusk_buf *ret_authorization);

#endif
