/* Input: a pipeline file. Whatever it is, it is refused with a message that has a place, or loads into a model whose
 * invariants hold. */
#include "pipeline/pipeline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_model(const struct pipeline *p)
{
	require(p->source_count > 0 && p->source_count <= PIPELINE_ITEMS_MAX);
	require(p->node_count > 0 && p->node_count <= PIPELINE_ITEMS_MAX + 1);
	for (size_t i = 0; i < p->source_count; i++) {
		size_t first = pipeline_first_node(p, i);
		require(first < p->node_count && pipeline_reaches(p, i, first));
		require((p->sources[i].paths.count > 0) != (p->sources[i].command.count > 0));
	}
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node *node = &p->nodes[p->order[i]];
		require(pipeline_find_node(p, node->name) == node);
		require(node->upstream != PIPELINE_NONE ? node->upstream < p->node_count : node->sources.count > 0);
		bool before = node->upstream == PIPELINE_NONE;
		for (size_t j = 0; j < i; j++)
			before = before || p->order[j] == node->upstream;
		require(before);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline pipeline;
	struct tusk_err err = {0};
	if (pipeline_parse("f", data, size, &pipeline, &err) < 0) {
		require(err.code == TUSK_E_USAGE && strncmp(err.message, "f:", 2) == 0);
		return 0;
	}
	check_model(&pipeline);
	pipeline_release(&pipeline);
	return 0;
}
