/* Notes of what was read. No node has more than all together. */
#include "reads.h"

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
	static const struct tusk_nodes nodes = {.count = 3,
						.items = {{.name = "local"}, {.name = "nas"}, {.name = "s3"}}};
	uint64_t bytes[TUSK_NODES_MAX + 1], all;
	char *text = malloc(size + 1);

	require(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	tusk_reads_sum(text, &nodes, bytes, &all);
	for (size_t i = 0; i <= TUSK_NODES_MAX; i++)
		require(bytes[i] <= all && (i < nodes.count || bytes[i] == 0));
	free(text);
	return 0;
}
