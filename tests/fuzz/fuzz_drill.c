/* Notes about drills: what decodes encodes to the same bytes. */
#include "drill.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_drill drill;
	struct tusk_err err = {0};
	TUSK_AUTO_BUF struct tusk_buf again = {0};
	if (tusk_drill_decode(data, size, &drill, &err) < 0) {
		if (err.code != TUSK_E_CORRUPT)
			abort();
		return 0;
	}
	if (tusk_drill_encode(&drill, &again) < 0 || again.len != size || memcmp(again.data, data, size) != 0)
		abort();
	return 0;
}
