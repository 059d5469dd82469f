/* How a run of a pipeline went. */
#ifndef TUSK_PIPELINE_SUMMARY_H
#define TUSK_PIPELINE_SUMMARY_H

#include "globals.h"
#include "pipeline/jobs.h"

/* The graver of two exit statuses: damage before a full disk, before what else went wrong, before a node that is not
 * there, before a goal that is missed, before something that could not be read. */
int pipeline_graver(int a, int b);
/* Whether the snapshot that a backup has written has what its source requires. */
bool pipeline_is_believed(const struct pipeline_source *source, const struct pipeline_job *job);
/* One line for each step, then one for all. */
void pipeline_summary(struct tusk_cli *cli, const struct pipeline *pipeline, const struct pipeline_jobs *jobs,
		      const bool *usable, int status);

#endif
