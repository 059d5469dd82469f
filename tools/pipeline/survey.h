/* Reality: what the nodes of a pipeline hold. */
#ifndef TUSK_PIPELINE_SURVEY_H
#define TUSK_PIPELINE_SURVEY_H

#include "pipeline/access.h"
#include "pipeline/graph.h"
#include "pipeline/state.h"

struct pipeline_node_facts {
	bool reached, away; /* away: it comes and goes, and is not there */
	char why[256];      /* it was not reached: the cause */
	struct tusk_snapshot_list list;
	uint64_t behind;                  /* snapshots that its head has and it has not */
	uint64_t free_bytes, total_bytes; /* local nodes; else 0 */
	uint64_t physical_bytes;          /* heads; else 0 */
};

struct pipeline_source_facts {
	bool found;
	struct timespec newest; /* of the source's newest snapshot anywhere */
	struct tusk_id id;
	uint64_t copies;                /* nodes that have it */
	uint64_t roles[PIPELINE_ROLES]; /* of these, by role */
};

struct pipeline_survey {
	uint64_t now;
	struct pipeline_node_facts *nodes;
	struct pipeline_source_facts *sources;
	size_t node_count;
};
void pipeline_survey_release(struct pipeline_survey *survey);
#define PIPELINE_AUTO_SURVEY TUSK_CLEANUP(pipeline_survey_release)

/* Asks every node. One that cannot be reached is a fact, not a failure; -1: no secret, no memory. */
int pipeline_survey_make(struct pipeline_access *access, struct pipeline_survey *ret_survey, struct tusk_err *err);
/* Whether a snapshot is one of that source of this pipeline. */
bool pipeline_is_of(const struct pipeline *pipeline, size_t source, const struct tusk_snapshot *snapshot);

/* A goal of the pipeline and whether it is met. */
struct pipeline_goal {
	enum pipeline_health health;
	char what[24], text[200];
};
struct pipeline_goals {
	struct pipeline_goal *items;
	size_t count;
	size_t bad, warnings;
};
void pipeline_goals_release(struct pipeline_goals *goals);
#define PIPELINE_AUTO_GOALS TUSK_CLEANUP(pipeline_goals_release)
int pipeline_goals_judge(const struct pipeline *pipeline, const struct pipeline_state *state,
			 const struct pipeline_survey *survey, struct pipeline_goals *ret_goals, struct tusk_err *err);
/* For the picture: sources, then nodes. ret_badges: source_count + node_count. */
void pipeline_badges(const struct pipeline *pipeline, const struct pipeline_state *state,
		     const struct pipeline_survey *survey, struct pipeline_badge *ret_badges);

#endif
