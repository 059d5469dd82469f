/* The head of an answer, line by line. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_s3_answer answer = {0};
	const char *text = (const char *)data;

	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size, used = end ? len + 1 : len;
		char *line = malloc(len ? len : 1);

		if (!line)
			return 0;
		if (len)
			memcpy(line, text, len);
		tusk_s3_answer_line(&answer, line, len);
		free(line);
		text += used;
		size -= used;
		if (answer.retry_after_s > TUSK_S3_RETRY_AFTER_MAX || answer.date < 0 || answer.status < 0 ||
		    answer.status > 999 ||
		    (answer.has_range &&
		     (answer.range_first > answer.range_last || answer.range_last >= answer.range_all)) ||
		    (answer.region[0] && !tusk_s3_region_valid(answer.region, strlen(answer.region))))
			abort();
	}
	return 0;
}
