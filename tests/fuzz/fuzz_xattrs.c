/* Lists of extended attributes: what decodes encodes to the same bytes. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_xattrs xattrs;
	struct tusk_buf out = {0};
	struct tusk_err err;

	if (tusk_xattrs_decode(data, size, &xattrs, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return 0;
	}
	require(tusk_xattrs_encode(&out, xattrs.items, xattrs.count) == 0);
	require(out.len == size && memcmp(out.data, data, size) == 0);
	tusk_buf_release(&out);
	tusk_xattrs_release(&xattrs);
	return 0;
}
