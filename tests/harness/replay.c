/* harness_replay LOG TABLE SCRATCH ROOT-INODE STATES SEED [POSITION:SEED]
 * Draws STATES crash states over the log of a recorded workload and asks the oracle about each. With POSITION:SEED only
 * that state, which is left in SCRATCH. STATES 0: what the whole log comes to is left there. */
#include "model.h"
#include "story.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_MAX 10

struct replay {
	struct story story;
	const char *scratch;
	struct model *model;
	unsigned judged, failed;
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	return place->level ? remove(path) : 0;
}

static void empty(const char *path)
{
	if (mkdir(path, 0700) < 0 && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		err(2, "%s", path);
}

static bool next(struct replay *replay)
{
	struct log_record record;
	const char *name;
	const uint8_t *data;

	if (!story_next(&replay->story, &record, &name, &data))
		return false;
	if (record.op != LOG_MARK)
		model_apply(replay->model, &record, name, data);
	return true;
}

static void judge_state(struct replay *replay, uint64_t seed)
{
	struct oracle_want want = story_want(&replay->story, seed);
	char prefix[64];

	empty(replay->scratch);
	state_write(replay->model, STATE_RANDOM, seed, replay->scratch);
	snprintf(prefix, sizeof(prefix), "state %zu:%llu", replay->story.records, (unsigned long long)seed);
	if (replay->failed >= SHOWN_MAX && !freopen("/dev/null", "w", stderr))
		exit(2);
	replay->judged++;
	replay->failed += !oracle_judge(replay->scratch, &want, prefix);
}

static void replay_random(struct replay *replay, unsigned states, uint64_t seed)
{
	unsigned *counts = story_draw(&replay->story, states, seed);

	do {
		size_t at = replay->story.records;

		for (unsigned i = 0; i < counts[at]; i++)
			judge_state(replay, seed ^ (at * 1000003 + i * 7919));
	} while (next(replay));
	free(counts);
}

static void replay_one(struct replay *replay, const char *which)
{
	char *rest;
	size_t position = strtoull(which, &rest, 10);

	while (replay->story.records < position && next(replay))
		;
	if (*rest != ':')
		errx(2, "%s is not POSITION:SEED", which);
	judge_state(replay, strtoull(rest + 1, NULL, 10));
}

/* Everything kept at the end: must be what the workload left. */
static void write_end(struct replay *replay)
{
	while (next(replay))
		;
	empty(replay->scratch);
	state_write(replay->model, STATE_EVERYTHING, 0, replay->scratch);
}

/* The model of the file system lives until the end, on purpose: LeakSanitizer shall look at tusk, not at this. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int main(int argc, char *argv[])
{
	static struct replay replay;

	if (argc < 7)
		errx(2, "usage: harness_replay LOG TABLE SCRATCH ROOT-INODE STATES SEED [POSITION:SEED]");
	story_load(&replay.story, argv[1], argv[2]);
	replay.scratch = argv[3];
	replay.model = model_new(strtoull(argv[4], NULL, 10));
	unsigned states = (unsigned)strtoul(argv[5], NULL, 10);
	if (argc > 7)
		replay_one(&replay, argv[7]);
	else if (states == 0)
		write_end(&replay);
	else
		replay_random(&replay, states, strtoull(argv[6], NULL, 10));
	printf("%u states, %u failed, %zu records, seed %s\n", replay.judged, replay.failed, replay.story.records,
	       argv[6]);
	return replay.failed ? 1 : 0;
}
