/* How fast a node may send or receive: a token bucket, shared by the threads that use the node. */
#ifndef TUSK_LIMIT_H
#define TUSK_LIMIT_H

#include "tusk/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tusk_limit {
	uint64_t rate; /* bytes per second; 0: none. Constant */
	pthread_mutex_t lock;
	uint64_t paid_until_ns; /* what was taken so far lasts until then */
};

void tusk_limit_init(struct tusk_limit *limit, uint64_t rate);
void tusk_limit_release(struct tusk_limit *limit);
/* Waits until count more bytes may pass. */
void tusk_limit_take(struct tusk_limit *limit, uint64_t count);
/* Whether more is wanted than the rate: what was taken lately lasts beyond now. */
bool tusk_limit_is_binding(struct tusk_limit *limit);
/* The arithmetic of taking: how long to wait at the time now_ns. */
uint64_t tusk_limit_delay_ns(struct tusk_limit *limit, uint64_t count, uint64_t now_ns);

/* Both limits of a node, as the environment says: TUSK_LIMIT_UPLOAD and TUSK_LIMIT_DOWNLOAD, sizes ("20M") per second.
 * TUSK_E_USAGE. */
struct tusk_limits {
	struct tusk_limit up, down;
};
int tusk_limits_init(struct tusk_limits *limits, struct tusk_err *err);
void tusk_limits_release(struct tusk_limits *limits);

#endif
