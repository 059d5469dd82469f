#include "stage.h"

#include "tusk/text.h"

#include <stdio.h>

void tusk_stage_set(struct tusk_stage *stage, const char *name, uint64_t done, uint64_t total)
{
	pthread_mutex_lock(&stage->lock);
	snprintf(stage->name, sizeof(stage->name), "%s", name);
	stage->done = done;
	stage->total = total;
	pthread_mutex_unlock(&stage->lock);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct tusk_stage *stage = context;
	char done[32], total[32], time[16];

	pthread_mutex_lock(&stage->lock);
	tusk_text_count(stage->done, done);
	tusk_text_count(stage->total, total);
	tusk_text_duration(elapsed_ms / 1000, time);
	if (stage->name[0] && stage->total)
		snprintf(ret_text, size, "%s  %s%s: %s/%s", time, stage->verb, stage->name, done, total);
	else if (stage->name[0])
		snprintf(ret_text, size, "%s  %s%s: %s", time, stage->verb, stage->name, done);
	pthread_mutex_unlock(&stage->lock);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	struct tusk_stage *stage = context;

	(void)elapsed_ms;
	pthread_mutex_lock(&stage->lock);
	tusk_json_text(json, "stage", stage->name);
	tusk_json_count(json, "done", stage->done);
	tusk_json_count(json, "total", stage->total);
	pthread_mutex_unlock(&stage->lock);
}

struct tusk_progress_source tusk_stage_source(struct tusk_stage *stage)
{
	return (struct tusk_progress_source){.line = line, .status = status, .context = stage};
}
