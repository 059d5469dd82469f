/* Chunk lists: what decodes is within the limits, and a list of level 0 is built again from its parts. */
#include "crypto.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int put(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	struct tusk_chunk_ref *refs;
	uint8_t level;
	size_t count;

	require(tusk_list_decode(block, len, &level, &refs, &count, err) == 0);
	if (level == 0)
		*(size_t *)context += count;
	free(refs);
	tusk_sha256(block, len, ret_id->bytes);
	return 0;
}

static void build_again(const struct tusk_chunk_ref *refs, size_t count)
{
	size_t put_count = 0;
	struct tusk_tree_sink sink = {put, &put_count};
	struct tusk_list_builder *builder;
	struct tusk_err err;
	struct tusk_id id;
	uint8_t level;

	require(tusk_list_builder_new(&sink, &builder, &err) == 0);
	for (size_t i = 0; i < count; i++)
		require(tusk_list_builder_add(builder, &refs[i], &err) == 0);
	require(tusk_list_builder_finish(builder, &id, &level, &err) == 0);
	require(put_count == count);
	tusk_list_builder_free(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_chunk_ref *refs;
	struct tusk_err err;
	uint64_t sum = 0;
	uint8_t level;
	size_t count;

	if (tusk_list_decode(data, size, &level, &refs, &count, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return 0;
	}
	require(count > 0 && level < 4);
	for (size_t i = 0; i < count; i++) {
		require(refs[i].len > 0 && refs[i].len <= INT64_MAX - sum);
		sum += refs[i].len;
	}
	if (level == 0)
		build_again(refs, count);
	free(refs);
	return 0;
}
