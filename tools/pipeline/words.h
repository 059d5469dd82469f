/* Parts of a pipeline in words. */
#ifndef TUSK_PIPELINE_WORDS_H
#define TUSK_PIPELINE_WORDS_H

#include "pipeline/pipeline.h"

/* "3 last, 7 daily, 5 weekly"; "all" when nothing is ever removed. */
void pipeline_words_keep(const struct pipeline_keep *keep, char *ret_text, size_t size);
/* "every day 02:30"; "when it is run" without a schedule. */
void pipeline_words_schedule(const struct pipeline_schedule *schedule, char *ret_text, size_t size);
/* "36 h", "7 days", "90 min": the largest unit that is exact. */
void pipeline_words_duration(uint64_t seconds, char *ret_text, size_t size);
/* "9 h", "3 days": one figure, rounded down, for ages. */
void pipeline_words_age(uint64_t seconds, char *ret_text, size_t size);
/* The keep that holds for a node: its own, or the pipeline's. */
const struct pipeline_keep *pipeline_keep_of(const struct pipeline *pipeline, const struct pipeline_node *node);

/* What will happen and when, as a user would say it. */
void pipeline_explain(FILE *out, const struct pipeline *pipeline);

#endif
