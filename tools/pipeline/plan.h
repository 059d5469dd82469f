/* What one run of a pipeline has to do, as jobs. */
#ifndef TUSK_PIPELINE_PLAN_H
#define TUSK_PIPELINE_PLAN_H

#include "pipeline/jobs.h"
#include "pipeline/state.h"

struct pipeline_plan {
	const struct pipeline *pipeline;
	const struct pipeline_state *state;
	const char *program;       /* ourselves */
	const char *secret_option; /* "--key-file=..."; "" when none is needed */
	const bool *usable;        /* of each node: it is there */
	uint64_t now;              /* seconds since 1970 */
	struct pipeline_jobs *jobs;
};

/* The head of a node: the node with sources that it is, or that its inputs lead to. */
size_t pipeline_head(const struct pipeline *pipeline, size_t node);
/* Whether something that was last done then is due again: a twentieth of the period early, so that a run which begins a
 * little sooner than the one before still does it. */
bool pipeline_is_due(enum pipeline_period period, uint64_t last, uint64_t now);

/* Adds all jobs of a run. 0 or -1 (memory). */
int pipeline_plan_make(struct pipeline_plan *plan, struct tusk_err *err);

#endif
