/* The documents of a service (the only file with expat). Bytes from the network: elements are bounded, and a document
 * type, with which entities could be made, is refused. */
#ifndef TUSK_S3_XML_H
#define TUSK_S3_XML_H

#include "place.h"

#include <stdint.h>

#define TUSK_S3_KEY_SIZE   1025
#define TUSK_S3_TOKEN_SIZE 4096
#define TUSK_S3_PAGE_MAX   ((size_t)8 << 20) /* bytes of a page of a listing */

/* <Error>, or another document (a copy's answer). What is not there is empty. */
struct tusk_s3_fault {
	char root[40];
	char code[64], message[256];
	char region[TUSK_S3_REGION_SIZE];
	char endpoint[TUSK_S3_HOST_SIZE + 64]; /* it may begin with the bucket */
};
/* 0; or -1 when it is no document. */
int tusk_s3_xml_fault(const void *data, size_t len, struct tusk_s3_fault *ret_fault);

/* One page of ListObjects (V2 or V1), asked for with encoding-type=url. */
struct tusk_s3_page {
	bool truncated;
	char token[TUSK_S3_TOKEN_SIZE]; /* verbatim; "" when there is none */
	char last_key[TUSK_S3_KEY_SIZE];
	uint64_t count;
};
/* Calls visit for every key; stops at a non-zero answer and returns it. -1: TUSK_E_NODE when it is no listing. */
int tusk_s3_xml_page(const void *data, size_t len,
		     int (*visit)(void *context, const char *key, uint64_t size, struct tusk_err *err), void *context,
		     struct tusk_s3_page *ret_page, struct tusk_err *err);

#endif
