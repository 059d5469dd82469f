/* Telling a monitor how a run goes. */
#ifndef TUSK_PIPELINE_PING_H
#define TUSK_PIPELINE_PING_H

#include "globals.h"
#include "pipeline/pipeline.h"

/* Posts text to the ping-url, if the pipeline has one, with part ("/start", "/14"; "" for all is well) after its path.
 * A failure is a warning: a monitor that hears nothing raises the alarm itself. */
void pipeline_ping(struct tusk_cli *cli, const struct pipeline *pipeline, const char *part, const char *text);

#endif
