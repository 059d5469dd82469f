/* A document of an S3 service: taken as an error, and as a page of a listing. */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(void *context, const char *key, uint64_t size, struct tusk_err *err)
{
	uint64_t *count = context;

	(void)size;
	(void)err;
	if (strlen(key) >= TUSK_S3_KEY_SIZE)
		abort();
	++*count;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_s3_page *page = calloc(1, sizeof(*page));
	struct tusk_err err = {0};
	struct tusk_s3_fault fault;
	uint64_t count = 0;

	if (!page)
		return 0;
	if (tusk_s3_xml_fault(data, size, &fault) == 0 && strpbrk(fault.message, "\n\r\033"))
		abort();
	if (tusk_s3_xml_page(data, size, visit, &count, page, &err) == 0) {
		if (err.code || page->count != count)
			abort();
	} else if (!err.code) {
		abort();
	}
	free(page);
	return 0;
}
