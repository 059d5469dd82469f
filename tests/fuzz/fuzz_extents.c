/* Extent lists: u64 size, u64 data bytes, the list. What decodes is within the size and encodes to the same bytes. */
#include "tree.h"
#include "wire.h"

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
	struct tusk_extent *extents;
	struct tusk_buf out = {0};
	struct tusk_err err;
	uint64_t file_size, data_bytes, end = 0, sum = 0;
	size_t count;

	if (size < 16)
		return 0;
	/* The caller has checked these two: FORMAT.md, Leaf entry. */
	file_size = tusk_load_u64(data) & INT64_MAX;
	data_bytes = tusk_load_u64(data + 8);
	data += 16;
	size -= 16;
	if (tusk_extents_decode(data, size, file_size, data_bytes, &extents, &count, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		require(extents[i].len > 0 && (i == 0 || extents[i].offset > end));
		require(extents[i].offset <= file_size && extents[i].len <= file_size - extents[i].offset);
		end = extents[i].offset + extents[i].len;
		sum += extents[i].len;
	}
	require(sum == data_bytes);
	require(tusk_extents_encode(&out, extents, count) == 0);
	require(out.len == size && memcmp(out.data, data, size) == 0);
	tusk_buf_release(&out);
	free(extents);
	return 0;
}
