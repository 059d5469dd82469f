/* Whether a service keeps up with what it is given. Uploads run side by side, each as fast as its connection; so long
 * as not all of them run, nobody waits, yet it is known early whether all would suffice. */
#ifndef TUSK_S3_PACE_H
#define TUSK_S3_PACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Times are tusk_now_ms. Invariant: all sums end at at_ms, and begin when the first upload was made ready or later. */
struct tusk_s3_pace {
	pthread_mutex_t lock;
	int64_t at_ms;          /* 0: nothing was made ready yet */
	unsigned running;       /* uploads */
	double given, sent;     /* bytes: of uploads that began; of those what is on its way */
	double elapsed, active; /* milliseconds; the same summed over uploads */
};

void tusk_s3_pace_init(struct tusk_s3_pace *pace);
void tusk_s3_pace_release(struct tusk_s3_pace *pace);
/* An upload is being made ready (any number of times); it begins; so many bytes of it were sent; it has ended. */
void tusk_s3_pace_ready(struct tusk_s3_pace *pace, int64_t now_ms);
void tusk_s3_pace_begin(struct tusk_s3_pace *pace, uint64_t bytes, int64_t now_ms);
void tusk_s3_pace_sent(struct tusk_s3_pace *pace, uint64_t bytes, int64_t now_ms);
void tusk_s3_pace_end(struct tusk_s3_pace *pace, int64_t now_ms);
/* Whether that many uploads at a time would take less than is given. False until enough was seen. */
bool tusk_s3_pace_is_behind(struct tusk_s3_pace *pace, unsigned uploads, int64_t now_ms);

#endif
