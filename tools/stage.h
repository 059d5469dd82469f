/* Progress of work that goes through named stages: what the display shows of it. */
#ifndef TUSK_TOOLS_STAGE_H
#define TUSK_TOOLS_STAGE_H

#include "progress.h"

#include <pthread.h>

struct tusk_stage {
	const char *verb;     /* before the name: "checking "; "" */
	pthread_mutex_t lock; /* guards the rest: written by the work's threads, read by the display's */
	char name[64];
	uint64_t done, total; /* total 0: not known */
};
#define TUSK_STAGE(text)                                          \
	{                                                         \
		.verb = (text), .lock = PTHREAD_MUTEX_INITIALIZER \
	}

/* Any thread. */
void tusk_stage_set(struct tusk_stage *stage, const char *name, uint64_t done, uint64_t total);
/* For tusk_display_start; borrows stage. */
struct tusk_progress_source tusk_stage_source(struct tusk_stage *stage);

#endif
