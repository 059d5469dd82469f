/* What an answer means for the request: which ones are tried again, and after how long. Pure. */
#ifndef TUSK_S3_RETRY_H
#define TUSK_S3_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum tusk_s3_verdict {
	TUSK_S3_ANSWERED,  /* the caller's business: 2xx, 404, 409, 412, 416 */
	TUSK_S3_AGAIN,     /* throttled, or the service has trouble */
	TUSK_S3_GARBLED,   /* it did not get what was sent: a few times more */
	TUSK_S3_CLOCK,     /* our clock is wrong: once more by the service's */
	TUSK_S3_ELSEWHERE, /* another region or host */
	TUSK_S3_REFUSED,
};

/* code: of the error document, "" when there was none. */
enum tusk_s3_verdict tusk_s3_judge(int status, const char *code);
/* Full jitter: a random time up to 0.1 s * 2^attempt, at most 32 s; and not before the service wants it. attempt counts
 * from 0. */
uint64_t tusk_s3_pause_ms(unsigned attempt, unsigned retry_after_s, uint32_t random);

#endif
