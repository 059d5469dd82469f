/* The URL of a node in a bucket. */
#include "place.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_s3_place *place = calloc(1, sizeof(*place));
	struct tusk_err err = {0};
	char *url = malloc(size + 1);

	if (!url || !place)
		abort();
	if (size)
		memcpy(url, data, size);
	url[size] = '\0';
	if (tusk_s3_place_parse(url, place, &err) < 0) {
		if (err.code != TUSK_E_USAGE || !err.message[0])
			abort();
	} else {
		size_t len = strlen(place->prefix);

		if (!place->host[0] || strpbrk(place->host, "/@? \r\n") || strlen(place->bucket) < 3 ||
		    strpbrk(place->bucket, "/%? \r\n") || (len && place->prefix[len - 1] != '/') ||
		    strstr(place->prefix, "/../"))
			abort();
		(void)tusk_s3_place_is_dns(place);
		(void)tusk_s3_host_is_local(place->host);
	}
	free(url);
	free(place);
	return 0;
}
