/* What this machine remembers of a pipeline between runs: when nodes were last reached and proven. Losing it costs only
 * proofs that are made again. */
#ifndef TUSK_PIPELINE_STATE_H
#define TUSK_PIPELINE_STATE_H

#include "pipeline/pipeline.h"

#include <limits.h>

struct pipeline_node_state {
	/* seconds since 1970 of the last success; 0: never */
	uint64_t synced, structure, data, drill;
	uint64_t drill_files, drill_ms, drill_bytes;
};

/* nodes: as many as the pipeline has. */
struct pipeline_state {
	uint64_t run_began, run_ended, run_exit, failures;
	struct pipeline_node_state *nodes;
	char path[PATH_MAX];
	int lock_fd; /* held by a run; else -1 */
};
void pipeline_state_release(struct pipeline_state *state);
#define PIPELINE_AUTO_STATE TUSK_CLEANUP(pipeline_state_release)

/* Reads what there is about pipeline in folder; nothing, or nothing that can be read, is an empty state. lock: no other
 * run of it until release, TUSK_E_LOCKED. */
int pipeline_state_open(const struct pipeline *pipeline, const char *folder, bool lock,
			struct pipeline_state *ret_state, struct tusk_err *err);
/* Durable and whole on return. */
int pipeline_state_save(const struct pipeline *pipeline, const struct pipeline_state *state, struct tusk_err *err);

#endif
