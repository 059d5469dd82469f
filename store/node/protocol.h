/* The frames of PROTOCOL.md, for both ends. Whatever is decoded here is hostile. */
#ifndef TUSK_PROTOCOL_H
#define TUSK_PROTOCOL_H

#include "node_ops.h"

#define TUSK_PROTOCOL_MAGIC       "\0tusk serve\2\r\n\x1a" /* and the NUL that C adds: 16 bytes */
#define TUSK_PROTOCOL_MAGIC_SIZE  16u
#define TUSK_PROTOCOL_NOISE_MAX   (64u << 10) /* what a remote shell may print before */
#define TUSK_PROTOCOL_LOWEST      1u
#define TUSK_PROTOCOL_HIGHEST     1u
#define TUSK_PROTOCOL_DATA_MAX    (1u << 20) /* of one write, of one range */
#define TUSK_PROTOCOL_BODY_MAX    (TUSK_PROTOCOL_DATA_MAX + 256)
#define TUSK_PROTOCOL_MESSAGE_MAX 1000u
#define TUSK_FRAME_HEADER_SIZE    9u
#define TUSK_LISTED_SIZE          40u /* of an entry of a listing: id, size */

enum tusk_frame_kind {
	TUSK_REQUEST_HELLO = 1,
	TUSK_REQUEST_CREATE,
	TUSK_REQUEST_UNCREATE,
	TUSK_REQUEST_GET,
	TUSK_REQUEST_READ,
	TUSK_REQUEST_STAT,
	TUSK_REQUEST_LIST,
	TUSK_REQUEST_DIGEST,
	TUSK_REQUEST_UPLOAD,
	TUSK_REQUEST_WRITE,
	TUSK_REQUEST_COMMIT,
	TUSK_REQUEST_ABORT,
	TUSK_REQUEST_REMOVE,
	TUSK_REQUEST_QUARANTINE,
	TUSK_REQUEST_LOCK,
	TUSK_REQUEST_UNLOCK,
	TUSK_REQUEST_GENERATION,
	TUSK_REQUEST_SPACE,
	TUSK_REQUEST_SWEEP,
	TUSK_REQUEST_COUNT,
	TUSK_ANSWER_MORE = 64,
	TUSK_ANSWER_DONE,
	TUSK_ANSWER_ABSENT,
	TUSK_ANSWER_FAILED,
	TUSK_ANSWER_ALIVE
};

enum tusk_access { TUSK_ACCESS_READ_ONLY, TUSK_ACCESS_APPEND_ONLY, TUSK_ACCESS_FULL };

struct tusk_frame {
	uint32_t body_len;
	uint32_t id;
	uint8_t kind;
};
void tusk_frame_encode(const struct tusk_frame *frame, uint8_t ret_header[TUSK_FRAME_HEADER_SIZE]);
/* False when no frame can begin so. */
bool tusk_frame_decode(const uint8_t header[TUSK_FRAME_HEADER_SIZE], struct tusk_frame *ret_frame);

/* A request; which members count depends on the kind. */
struct tusk_request {
	enum tusk_frame_kind kind;
	uint16_t lowest, highest;       /* hello */
	char name[TUSK_NODE_NAME_SIZE]; /* an object or a prefix */
	uint64_t offset;                /* read */
	uint32_t len;                   /* read; get: the most that is wanted */
	bool replace;                   /* upload */
	const uint8_t *data;            /* write; borrowed */
	size_t data_len;
};
/* The body without data, which follows it. */
#define TUSK_REQUEST_SIZE_MAX 112u
size_t tusk_request_encode(const struct tusk_request *request, uint8_t ret_body[TUSK_REQUEST_SIZE_MAX]);
/* -1 with TUSK_E_CORRUPT. Names are not judged here. */
int tusk_request_decode(uint8_t kind, const void *body, size_t len, struct tusk_request *ret_request,
			struct tusk_err *err);

struct tusk_hello {
	uint16_t version;
	enum tusk_access role;
	struct tusk_err state; /* TUSK_OK: there is a node */
};
/* Appends to body; 0 or -1 (memory). */
int tusk_hello_encode(const struct tusk_hello *hello, struct tusk_buf *body);
int tusk_hello_decode(const void *body, size_t len, struct tusk_hello *ret_hello, struct tusk_err *err);
int tusk_failure_encode(const struct tusk_err *failure, struct tusk_buf *body);
/* The text is made safe for terminals. */
int tusk_failure_decode(const void *body, size_t len, struct tusk_err *ret_failure, struct tusk_err *err);

/* The name of an entry of a listing. */
void tusk_listed_name(const char *prefix, const uint8_t id[32], char ret_name[TUSK_NODE_NAME_SIZE]);

const char *tusk_access_name(enum tusk_access role);

#endif
