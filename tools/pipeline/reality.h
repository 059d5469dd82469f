/* A pipeline together with what is known about it: for status, pictures and reports. */
#ifndef TUSK_PIPELINE_REALITY_H
#define TUSK_PIPELINE_REALITY_H

#include "pipeline/survey.h"

struct pipeline_reality {
	struct pipeline pipeline;
	struct pipeline_access access;
	struct pipeline_state state;
	struct pipeline_survey survey;
};
/* Zero-initialise; release in every case. */
int pipeline_reality_make(struct tusk_cli *cli, const char *file, struct pipeline_reality *reality,
			  struct tusk_err *err);
void pipeline_reality_release(struct pipeline_reality *reality);
#define PIPELINE_AUTO_REALITY TUSK_CLEANUP(pipeline_reality_release)

/* The folder of this machine's memory of a pipeline; made if it is missing. */
int pipeline_state_folder(char *ret_path, size_t size, struct tusk_err *err);

#endif
