/* systemd units for a pipeline (systemd.service(5), systemd.timer(5)). */
#ifndef TUSK_PIPELINE_UNITS_H
#define TUSK_PIPELINE_UNITS_H

#include "pipeline/pipeline.h"

/* program and file: absolute paths. */
void pipeline_service_unit(FILE *out, const struct pipeline *pipeline, const char *program, const char *file);
/* Nothing without a schedule. */
void pipeline_timer_unit(FILE *out, const struct pipeline *pipeline);

#endif
