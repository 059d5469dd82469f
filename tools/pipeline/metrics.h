/* The figures of a pipeline in the text format of Prometheus. */
#ifndef TUSK_PIPELINE_METRICS_H
#define TUSK_PIPELINE_METRICS_H

#include "pipeline/survey.h"

void pipeline_metrics_write(FILE *out, const struct pipeline *pipeline, const struct pipeline_state *state,
			    const struct pipeline_survey *survey);

#endif
