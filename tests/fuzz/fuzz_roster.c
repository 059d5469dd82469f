/* Lists of nodes. What decodes encodes to a body that decodes to the same. */
#include "roster.h"

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
	struct tusk_buf first = {0}, second = {0};
	struct tusk_nodes nodes, again;
	struct tusk_err err = {0};

	if (tusk_roster_decode(data, size, &nodes, &err) < 0) {
		require(err.code == TUSK_E_CORRUPT);
		return 0;
	}
	require(nodes.count >= 1 && nodes.count <= TUSK_NODES_MAX && nodes.counter > 0);
	require(tusk_roster_encode(&nodes, &first, &err) == 0);
	require(tusk_roster_decode(first.data, first.len, &again, &err) == 0);
	require(tusk_roster_encode(&again, &second, &err) == 0);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	tusk_buf_release(&first);
	tusk_buf_release(&second);
	return 0;
}
