/* What the headers of an answer say. */
#ifndef TUSK_S3_ANSWER_H
#define TUSK_S3_ANSWER_H

#include "place.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TUSK_S3_RETRY_AFTER_MAX 3600

/* Zeroed before the first header; what was not said, or not said well, stays 0, false or "". */
struct tusk_s3_answer {
	int status;
	time_t date;
	bool has_length, has_range;
	uint64_t length;                             /* of the body */
	uint64_t range_first, range_last, range_all; /* first <= last < all */
	unsigned retry_after_s;                      /* at most TUSK_S3_RETRY_AFTER_MAX */
	char etag[72];                               /* without quotes */
	char region[TUSK_S3_REGION_SIZE];
	char location_host[TUSK_S3_HOST_SIZE], location_port[8];
	bool location_tls;
};

/* Takes one line: a status line (which forgets what came before: a server may answer 100 first) or a header. */
void tusk_s3_answer_line(struct tusk_s3_answer *answer, const char *line, size_t len);
/* Whether text is a region's name, as one may come in headers and documents. */
bool tusk_s3_region_valid(const char *text, size_t len);

#endif
