#include "retry.h"

#include <stddef.h>
#include <string.h>

#define FIRST_PAUSE_MS 100u
#define LONGEST_MS     32000u

struct rule {
	int status;
	const char *code; /* NULL: any */
	enum tusk_s3_verdict verdict;
};

/* The first that matches holds. */
static const struct rule rules[] = {
    {409, "ConditionalRequestConflict", TUSK_S3_AGAIN},
    {409, "OperationAborted", TUSK_S3_AGAIN},
    {404, NULL, TUSK_S3_ANSWERED},
    {409, NULL, TUSK_S3_ANSWERED},
    {412, NULL, TUSK_S3_ANSWERED},
    {416, NULL, TUSK_S3_ANSWERED},
    {501, NULL, TUSK_S3_ANSWERED},
    {301, NULL, TUSK_S3_ELSEWHERE},
    {302, NULL, TUSK_S3_ELSEWHERE},
    {307, NULL, TUSK_S3_ELSEWHERE},
    {308, NULL, TUSK_S3_ELSEWHERE},
    {400, "AuthorizationHeaderMalformed", TUSK_S3_ELSEWHERE},
    {400, "RequestTimeout", TUSK_S3_AGAIN},
    {400, "BadDigest", TUSK_S3_GARBLED},
    {400, "XAmzContentSHA256Mismatch", TUSK_S3_GARBLED},
    {400, "", TUSK_S3_GARBLED},
    {403, "RequestTimeTooSkewed", TUSK_S3_CLOCK},
    {403, "SignatureDoesNotMatch", TUSK_S3_GARBLED},
    {408, NULL, TUSK_S3_AGAIN},
    {429, NULL, TUSK_S3_AGAIN},
    {507, NULL, TUSK_S3_REFUSED},
};

enum tusk_s3_verdict tusk_s3_judge(int status, const char *code)
{
	if (status >= 200 && status < 300)
		return TUSK_S3_ANSWERED;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].status == status && (!rules[i].code || strcmp(rules[i].code, code) == 0))
			return rules[i].verdict;
	}
	return status >= 500 ? TUSK_S3_AGAIN : TUSK_S3_REFUSED;
}

uint64_t tusk_s3_pause_ms(unsigned attempt, unsigned retry_after_s, uint32_t random)
{
	uint64_t most = attempt < 9 ? (uint64_t)FIRST_PAUSE_MS << attempt : LONGEST_MS;
	uint64_t pause;

	if (most > LONGEST_MS)
		most = LONGEST_MS;
	pause = (most * random) >> 32;
	return pause + (uint64_t)retry_after_s * 1000;
}
