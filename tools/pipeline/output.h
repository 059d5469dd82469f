/* Results that go to a file as a whole or to standard output, and how a bad pipeline file is told. */
#ifndef TUSK_PIPELINE_OUTPUT_H
#define TUSK_PIPELINE_OUTPUT_H

#include "globals.h"
#include "tusk/cleanup.h"

#include <limits.h>

/* Zero-initialised is none. */
struct pipeline_output {
	FILE *stream; /* where to write */
	char path[PATH_MAX], temporary[PATH_MAX];
};

/* NULL or "-": standard output. */
int pipeline_output_open(const char *path, struct pipeline_output *output, struct tusk_err *err);
/* The file appears under its name, complete, or not at all. */
int pipeline_output_close(struct pipeline_output *output, struct tusk_err *err);
/* Removes what was not closed. */
void pipeline_output_drop(struct pipeline_output *output);
#define PIPELINE_AUTO_OUTPUT TUSK_CLEANUP(pipeline_output_drop)

/* As tusk_cli_fail; but a line that begins with "FILE:LINE:COLUMN:" is printed as compilers do, without "tusk: ". */
int pipeline_fail(struct tusk_cli *cli, const struct tusk_err *err);

#endif
